"""A signer for the audit tests: a real ES256 key and a compact JWS (RFC 7515)."""

import jwt
from cryptography.hazmat.primitives.asymmetric import ec


class TestSigner:
    """Signs with a key made for the test."""

    __test__ = False

    def __init__(self, key_id: str = "key-1") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._key_id = key_id

    def sign(self, payload: bytes) -> tuple[str, str]:
        return self._key_id, jwt.PyJWS().encode(payload, self._key, algorithm="ES256")

    def verify(self, key_id: str, token: str) -> bytes | None:
        if key_id != self._key_id:
            return None
        try:
            payload: bytes = jwt.PyJWS().decode(token, self._key.public_key(), algorithms=["ES256"])
        except jwt.InvalidTokenError:
            return None
        return payload
