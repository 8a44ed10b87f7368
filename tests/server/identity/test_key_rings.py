"""Key rings: rotation, export, and what is refused as a key."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from console.server.identity.keys import BadKeys, KeyRing, SigningKey, read_keys, read_public_key, thumbprint
from console.server.identity.tokens import Expected, sign, verify

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXPECTED = Expected(audience="crm", require=())
CLAIMS: dict[str, Any] = {"sub": "maya", "aud": "crm", "exp": int(NOW.timestamp()) + 7200}


def test_the_thumbprint_is_the_one_of_the_standard() -> None:
    """The example of RFC 7638, section 3.1."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
        "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr"
        "n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    assert (
        thumbprint({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "x"})
        == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    )


def test_an_old_key_verifies_until_its_tokens_are_gone() -> None:
    ring = KeyRing.create(NOW)
    first = ring.current
    token = sign(CLAIMS, first)
    ring.rotate(NOW, verify_seconds=3600)
    assert ring.current.key_id != first.key_id
    assert verify(token, ring, EXPECTED, NOW).key_id == first.key_id
    assert verify(sign(CLAIMS, ring.current), ring, EXPECTED, NOW).key_id == ring.current.key_id
    assert ring.forget(NOW + timedelta(seconds=3599)) == ()
    assert ring.forget(NOW + timedelta(seconds=3600)) == (first.key_id,)
    assert ring.find(first.key_id) is None
    assert [key["kid"] for key in ring.jwks()["keys"]] == [ring.current.key_id]


def test_a_ring_comes_back_as_it_was_exported() -> None:
    ring = KeyRing.create(NOW)
    first = ring.current
    ring.rotate(NOW, verify_seconds=3600)
    back = KeyRing.load(ring.export())
    assert back.jwks() == ring.jwks()
    assert back.current.created_at == NOW
    assert verify(sign(CLAIMS, back.current), ring, EXPECTED, NOW).subject == "maya"
    assert back.forget(NOW + timedelta(seconds=3600)) == (first.key_id,)


def test_private_parts_stay_where_they_belong() -> None:
    ring = KeyRing.create(NOW)
    secret = json.loads(ring.export())["current"]["d"]
    ring.rotate(NOW, verify_seconds=60)
    assert secret not in ring.export()
    secret = json.loads(ring.export())["current"]["d"]
    assert "d" not in {member for key in ring.jwks()["keys"] for member in key}
    for shown in (repr(ring), repr(ring.current), str(ring.current), repr(ring.current.verify_key()), json.dumps(ring.jwks())):
        assert secret not in shown
        assert "PrivateKey" not in shown


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"current": {}, "older": []}', "[" * 5000])
def test_a_damaged_ring_is_refused(text: str) -> None:
    with pytest.raises(BadKeys, match="key ring"):
        KeyRing.load(text)


def test_a_ring_without_its_private_key_is_refused() -> None:
    parsed = json.loads(KeyRing.create(NOW).export())
    del parsed["current"]["d"]
    with pytest.raises(BadKeys, match="no private key"):
        KeyRing.load(json.dumps(parsed))


def test_each_kind_of_key_has_its_own_algorithms() -> None:
    keys: list[tuple[dict[str, Any], tuple[str, ...]]] = [
        (ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True), ("ES256",)),
        (ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True), ("ES384",)),
        (OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True), ("EdDSA",)),
        (RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key(), as_dict=True), ("RS256", "PS256")),
    ]
    for jwk, algorithms in keys:
        assert read_public_key({**jwk, "kid": "one"}).algorithms == algorithms
        assert read_public_key({**jwk, "kid": "one", "alg": algorithms[0]}).algorithms == algorithms[:1]
        with pytest.raises(BadKeys, match="algorithm"):
            read_public_key({**jwk, "kid": "one", "alg": "HS256"})


def test_keys_that_may_not_be_used_are_refused() -> None:
    private = SigningKey.generate(NOW).private
    public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    wrong: list[dict[str, Any]] = [
        public,
        {**public, "kid": ""},
        {**public, "kid": 7},
        {**ECAlgorithm.to_jwk(private, as_dict=True), "kid": "one"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "one"},
        {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": "one"},
        {"kty": "EC", "crv": "P-256", "x": public["x"], "kid": "one"},
        {**ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256K1()).public_key(), as_dict=True), "kid": "one"},
        {**RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True), "kid": "one"},  # noqa: S505 - the weak key is what is refused
    ]
    for jwk in wrong:
        with pytest.raises(BadKeys):
            read_public_key(jwk)
    with pytest.raises(BadKeys):
        SigningKey.of(ec.generate_private_key(ec.SECP384R1()), NOW)


@pytest.mark.parametrize("text", ["", "[]", '{"keys": 1}', '{"keys": [1]}', " " * 300_000, json.dumps({"keys": [{}] * 65})])
def test_what_is_no_key_set_is_refused(text: str) -> None:
    with pytest.raises(BadKeys, match="key set"):
        read_keys(text)
