"""Tokens: what is signed verifies, and each way of being wrong is refused under its own code."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from console.model.problems import ProblemError
from console.server.identity.keys import KeyRing
from console.server.identity.tokens import MAX_TOKEN_BYTES, Expected, OwnTokens, peek_header, peek_subject, sign, verify

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
RING = KeyRing.create(NOW)
EXPECTED = Expected(audience="crm", issuer="leasehold")
GOOD: dict[str, Any] = {"iss": "leasehold", "sub": "maya", "aud": "crm", "iat": AT, "exp": AT + 60}


def raw(claims: object, *, alg: str = "ES256", key: Any = None, **header: Any) -> str:
    """A token of any kind, made without the code under test."""
    headers = {"kid": RING.current.key_id, "typ": "at+jwt", **header}
    payload = json.dumps(claims).encode()
    return jwt.PyJWS().encode(payload, RING.current.private if key is None else key, algorithm=alg, headers=headers)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def code_of(token: str, expected: Expected = EXPECTED, now: datetime = NOW) -> str:
    with pytest.raises(ProblemError) as caught:
        verify(token, RING, expected, now)
    assert token not in caught.value.detail
    return caught.value.code


def test_what_is_signed_verifies() -> None:
    verified = verify(sign(GOOD, RING.current), RING, EXPECTED, NOW)
    assert verified.subject == "maya"
    assert verified.audiences == ("crm",)
    assert verified.key_id == RING.current.key_id
    assert (verified.issued_at, verified.expires_at) == (NOW, NOW + timedelta(seconds=60))


def test_the_audience_may_be_one_of_a_list() -> None:
    assert verify(raw({**GOOD, "aud": ["billing", "crm"]}), RING, EXPECTED, NOW).audiences == ("billing", "crm")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": None}, "not_signed_in"),
        ({"exp": str(AT + 60)}, "not_signed_in"),
        ({"exp": True}, "not_signed_in"),
        ({"exp": -5}, "not_signed_in"),
        ({"exp": 10**18}, "not_signed_in"),
        ({"exp": float("inf")}, "not_signed_in"),
        ({"exp": float("nan")}, "not_signed_in"),
        ({"exp": [AT + 60]}, "not_signed_in"),
        ({"iat": None}, "not_signed_in"),
        ({"iat": str(AT)}, "not_signed_in"),
        ({"nbf": "soon"}, "not_signed_in"),
        ({"sub": None}, "not_signed_in"),
        ({"sub": ""}, "not_signed_in"),
        ({"sub": 7}, "not_signed_in"),
        ({"aud": None}, "not_signed_in"),
        ({"aud": []}, "not_signed_in"),
        ({"aud": "billing"}, "wrong_audience"),
        ({"aud": ["billing", "mail"]}, "wrong_audience"),
        ({"aud": ["crm", 7]}, "wrong_audience"),
        ({"aud": {"crm": True}}, "wrong_audience"),
        ({"iss": "somebody"}, "not_signed_in"),
        ({"iss": None}, "not_signed_in"),
        ({"iat": AT + 31}, "clock_off"),
        ({"nbf": AT + 31}, "clock_off"),
        ({"exp": AT - 30}, "credential_expired"),
        ({"exp": 0}, "credential_expired"),
    ],
)
def test_a_wrong_claim_is_refused(changes: dict[str, Any], code: str) -> None:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    assert code_of(raw(claims)) == code


@pytest.mark.parametrize("changes", [{"iat": AT + 30}, {"nbf": AT + 30}, {"exp": AT - 29}])
def test_a_clock_within_the_leeway_is_borne(changes: dict[str, Any]) -> None:
    assert verify(raw({**GOOD, **changes}), RING, EXPECTED, NOW).subject == "maya"


def test_time_is_the_instant_that_is_handed_in() -> None:
    token = sign(GOOD, RING.current)
    assert verify(token, RING, EXPECTED, NOW + timedelta(seconds=89)).subject == "maya"
    assert code_of(token, now=NOW + timedelta(seconds=90)) == "credential_expired"
    assert code_of(token, now=NOW - timedelta(seconds=31)) == "clock_off"


def test_alg_none_is_refused() -> None:
    header = {"alg": "none", "kid": RING.current.key_id, "typ": "at+jwt"}
    assert code_of(f"{segment(header)}.{segment(GOOD)}.") == "not_signed_in"


def test_a_public_key_used_as_a_shared_secret_is_refused() -> None:
    key = RING.find(RING.current.key_id)
    assert key is not None
    pem = key.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signing_input = f"{segment({'alg': 'HS256', 'kid': key.key_id, 'typ': 'at+jwt'})}.{segment(GOOD)}"
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(algorithm.sign(signing_input.encode(), pem)).rstrip(b"=").decode()
    assert code_of(f"{signing_input}.{signature}") == "not_signed_in"


def test_another_key_under_a_known_id_is_refused() -> None:
    assert code_of(raw(GOOD, key=KeyRing.create(NOW).current.private)) == "not_signed_in"


@pytest.mark.parametrize("kid", ["unknown", "", None])
def test_an_unknown_key_id_is_refused(kid: str | None) -> None:
    header = {"alg": "ES256", "typ": "at+jwt"} | ({} if kid is None else {"kid": kid})
    assert code_of(f"{segment(header)}.{segment(GOOD)}.AAAA") == "not_signed_in"


@pytest.mark.parametrize("typ", ["JWT", "leasehold-task+jwt", "", None])
def test_another_type_of_token_is_refused(typ: str | None) -> None:
    assert code_of(raw(GOOD, typ=typ)) == "not_signed_in"


def test_a_changed_claim_is_refused() -> None:
    header, _, signature = sign(GOOD, RING.current).split(".")
    assert code_of(f"{header}.{segment({**GOOD, 'sub': 'eve'})}.{signature}") == "not_signed_in"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "..",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "é.b.c",
        "x" * (MAX_TOKEN_BYTES + 1),
        f"{segment([])}.{segment({})}.",
        "[" * 4000 + "..",
        "null.null.null",
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(ProblemError) as caught:
        verify(token, RING, EXPECTED, NOW)
    assert caught.value.code == "not_signed_in"
    with pytest.raises(ProblemError):
        peek_subject(token)
    if len(token) > 8:
        assert token not in caught.value.detail


def test_deeply_nested_json_is_refused() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 2900).rstrip(b"=").decode()
    with pytest.raises(ProblemError):
        peek_header(f"{deep}.e30.AAAA")
    with pytest.raises(ProblemError):
        peek_subject(f"e30.{deep}.AAAA")


def test_a_critical_header_that_is_not_understood_is_refused() -> None:
    header = {"alg": "ES256", "kid": RING.current.key_id, "typ": "at+jwt", "crit": ["b64"], "b64": False}
    assert code_of(f"{segment(header)}..AAAA") == "not_signed_in"


@pytest.mark.parametrize("missing", ["exp", "aud", "sub"])
def test_a_token_without_its_bounds_is_not_signed(missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        sign({name: value for name, value in GOOD.items() if name != missing}, RING.current)


def test_a_token_that_nobody_would_accept_is_not_signed() -> None:
    with pytest.raises(ValueError, match="8192"):
        sign({**GOOD, "note": "x" * MAX_TOKEN_BYTES}, RING.current)


def test_own_tokens_end_at_their_second_and_keep_their_types_apart() -> None:
    own = OwnTokens(RING)
    token = own.sign(GOOD, typ="leasehold-task+jwt")
    assert own.verify(token, audience="crm", typ="leasehold-task+jwt", now=NOW)["sub"] == "maya"
    with pytest.raises(ProblemError) as caught:
        own.verify(token, audience="crm", typ="leasehold-task+jwt", now=NOW + timedelta(seconds=60))
    assert caught.value.code == "credential_expired"
    with pytest.raises(ProblemError) as caught:
        own.verify(token, audience="crm", typ="at+jwt", now=NOW)
    assert caught.value.code == "not_signed_in"


@pytest.mark.parametrize(("audience", "leeway"), [("", 0), ("crm", -1), ("crm", 301)])
def test_a_verifier_without_bounds_cannot_be_made(audience: str, leeway: int) -> None:
    with pytest.raises(ValueError, match=r"audience|leeway"):
        Expected(audience=audience, leeway_seconds=leeway)
