"""JWT-SVIDs: minted and verified, and never across trust domains."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.model.problems import ProblemError
from console.server.identity.keys import BadKeys, KeyRing
from console.server.identity.svid import (
    MAX_PROVEN,
    DevelopmentRefused,
    DevelopmentTrustDomain,
    SpiffeId,
    TrustBundle,
    TrustDomains,
)
from console.server.identity.tokens import sign

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
API = "spiffe://dev.test/leasehold/authorization"
PLANNER = "spiffe://dev.test/agent/planner"
RING = KeyRing.create(NOW)
OTHER = KeyRing.create(NOW)
DEVELOPMENT = DevelopmentTrustDomain("dev.test", RING)
TRUST = TrustDomains(
    {"dev.test": DEVELOPMENT, "prod.test": TrustBundle.read("prod.test", json.dumps(OTHER.jwks(use="jwt-svid")))}
)


def code_of(token: str, audience: str = API, now: datetime = NOW) -> str:
    with pytest.raises(ProblemError) as caught:
        TRUST.verify(token, audience, now)
    return caught.value.code


def svid(ring: KeyRing = RING, typ: str = "JWT", **changes: Any) -> str:
    return sign({"sub": PLANNER, "aud": [API], "exp": AT + 60, **changes}, ring.current, typ)


def test_a_minted_svid_verifies() -> None:
    verified = TRUST.verify(DEVELOPMENT.mint(PLANNER, [API, "crm"], 300, NOW), API, NOW)
    assert str(verified.spiffe_id) == PLANNER
    assert verified.audiences == (API, "crm")
    assert verified.expires_at == NOW + timedelta(seconds=300)
    assert verified.issued_at == NOW


def test_the_development_bundle_verifies_what_the_domain_minted() -> None:
    bundle = TrustBundle.read("dev.test", json.dumps(DEVELOPMENT.bundle()))
    assert (
        TrustDomains({"dev.test": bundle}).verify(DEVELOPMENT.mint(PLANNER, [API], 60, NOW), API, NOW).spiffe_id.path
        == "/agent/planner"
    )


def test_an_svid_without_iat_verifies_as_the_standard_has_it() -> None:
    assert TRUST.verify(svid(), API, NOW).issued_at is None


def test_an_svid_of_a_configured_bundle_verifies() -> None:
    assert TRUST.verify(svid(OTHER, sub="spiffe://prod.test/agent/x"), API, NOW).spiffe_id.trust_domain == "prod.test"


def test_each_way_of_being_wrong_has_its_code() -> None:
    assert code_of(svid(sub="spiffe://else.test/agent/planner")) == "unknown_trust_domain"
    assert code_of(svid(OTHER)) == "not_signed_in"
    assert code_of(svid(RING, sub="spiffe://prod.test/agent/x")) == "not_signed_in"
    assert code_of(svid(), audience="spiffe://dev.test/leasehold/broker") == "wrong_audience"
    assert code_of(svid(), now=NOW + timedelta(seconds=90)) == "credential_expired"
    assert code_of(svid(iat=AT + 600)) == "clock_off"
    assert code_of(svid(typ="at+jwt")) == "not_signed_in"
    assert code_of(svid(sub="planner")) == "not_signed_in"
    assert code_of(svid(sub="spiffe://dev.test")) == "not_signed_in"
    assert code_of("lho_x") == "not_signed_in"


@pytest.mark.parametrize("text", ["spiffe://dev.test/agent/planner", "spiffe://a", "spiffe://a_b.c-d/A.b_c-9"])
def test_a_spiffe_id_reads_back(text: str) -> None:
    assert str(SpiffeId.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://dev.test/a",
        "SPIFFE://dev.test/a",
        "spiffe:///a",
        "spiffe://Dev.test/a",
        "spiffe://dev.test:80/a",
        "spiffe://me@dev.test/a",
        "spiffe://dev.test/",
        "spiffe://dev.test/a/",
        "spiffe://dev.test//a",
        "spiffe://dev.test/./a",
        "spiffe://dev.test/../a",
        "spiffe://dev.test/a?b",
        "spiffe://dev.test/a#b",
        "spiffe://dev.test/%61",
        "spiffe://dev.test/a\n",
        "spiffe://dev.test/" + "a" * 2048,
    ],
)
def test_what_is_no_spiffe_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"SPIFFE|trust domain|path"):
        SpiffeId.parse(text)


@pytest.mark.parametrize(
    ("spiffe_id", "audiences", "ttl"),
    [
        ("spiffe://prod.test/agent/x", [API], 60),
        ("spiffe://dev.test", [API], 60),
        (PLANNER, [], 60),
        (PLANNER, [""], 60),
        (PLANNER, [str(n) for n in range(17)], 60),
        (PLANNER, [API], 0),
        (PLANNER, [API], 3601),
    ],
)
def test_what_may_not_be_minted_is_refused(spiffe_id: str, audiences: list[str], ttl: int) -> None:
    with pytest.raises(ValueError, match=r"mints|audiences|lives"):
        DEVELOPMENT.mint(spiffe_id, audiences, ttl, NOW)


def test_no_development_identity_where_a_production_bundle_is_configured() -> None:
    with pytest.raises(DevelopmentRefused, match=r"prod\.test"):
        DevelopmentTrustDomain("prod.test", RING, production=["prod.test"])


def test_bundles_that_cannot_be_trusted_are_refused() -> None:
    keys = RING.jwks(use="jwt-svid")["keys"]
    for wrong in (
        [],
        [{**keys[0], "use": "x509-svid"}],
        [*keys, *keys],
        [{"kty": "oct", "k": "AA", "kid": "a", "use": "jwt-svid"}],
    ):
        with pytest.raises(BadKeys):
            TrustBundle.read("dev.test", json.dumps({"keys": wrong}))
    with pytest.raises(BadKeys):
        TrustBundle.read("Dev Test", json.dumps({"keys": keys}))


def test_keys_of_other_uses_are_passed_over() -> None:
    keys = RING.jwks(use="jwt-svid")["keys"]
    bundle = TrustBundle.read("dev.test", json.dumps({"keys": [{"use": "x509-svid", "kty": "EC", "x5c": ["…"]}, *keys]}))
    assert bundle.find(RING.current.key_id) is not None


def test_a_second_presentation_is_held_to_time_audience_and_key_as_the_first() -> None:
    ring = KeyRing.create(NOW)
    trust = TrustDomains({"dev.test": DevelopmentTrustDomain("dev.test", ring)}, leeway_seconds=0)
    token = svid(ring)

    def code(now: datetime, audience: str = API, presented: str = token) -> str:
        with pytest.raises(ProblemError) as caught:
            trust.verify(presented, audience, now)
        return caught.value.code

    first = trust.verify(token, API, NOW)
    assert trust.verify(token, API, NOW + timedelta(seconds=59)) is first
    assert code(NOW, "spiffe://dev.test/leasehold/broker") == "wrong_audience"
    assert code(NOW, presented=f"{token[:-2]}{'AA' if token[-2:] != 'AA' else 'BB'}") == "not_signed_in"
    assert code(NOW + timedelta(seconds=60)) == "credential_expired"
    ring.rotate(NOW, 10)
    assert trust.verify(token, API, NOW + timedelta(seconds=5)) is first
    ring.forget(NOW + timedelta(seconds=11))
    assert code(NOW + timedelta(seconds=12)) == "not_signed_in"


def test_a_presentation_before_the_first_is_verified_anew() -> None:
    trust = TrustDomains({"dev.test": DEVELOPMENT}, leeway_seconds=0)
    token = svid(nbf=AT)
    trust.verify(token, API, NOW)
    with pytest.raises(ProblemError) as caught:
        trust.verify(token, API, NOW - timedelta(seconds=5))
    assert caught.value.code == "clock_off"


def test_only_a_bounded_number_of_svids_is_remembered() -> None:
    trust = TrustDomains({"dev.test": DEVELOPMENT})
    tokens = [svid(jti=str(number)) for number in range(MAX_PROVEN + 8)]
    for token in tokens:
        trust.verify(token, API, NOW)
    assert len(trust._proven) == MAX_PROVEN
