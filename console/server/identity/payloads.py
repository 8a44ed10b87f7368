"""Signing of bare payloads, such as checkpoints of the audit log, with the plane's own keys (JWS, RFC 7515)."""

from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from console.server.identity.keys import KeyRing, KeySource

TYP = "leasehold-checkpoint"


class PayloadSigner:
    """Signs payloads with the current key of a ring and verifies them against all of its keys."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._jws = PyJWS(algorithms=["ES256"])

    def sign(self, payload: bytes) -> tuple[str, str]:
        """The key's id and the compact JWS over a payload."""
        key = self._ring.current
        return key.key_id, self._jws.encode(payload, key.private, "ES256", headers={"kid": key.key_id, "typ": TYP})

    def verify(self, key_id: str, signature: str) -> bytes | None:
        """The payload that a compact JWS signs, if one of the ring's keys signed it; otherwise None."""
        return verified(self._ring, key_id, signature)


def verified(keys: KeySource, key_id: str, signature: str) -> bytes | None:
    """The payload that a compact JWS signs, if it was signed with this key of a source; otherwise None."""
    key = keys.find(key_id)
    if key is None:
        return None
    try:
        signed = PyJWS(algorithms=["ES256"]).decode_complete(signature, key.public, algorithms=["ES256"])
    except PyJWTError:
        return None
    if signed["header"].get("kid") != key_id or signed["header"].get("typ") != TYP:
        return None
    payload = signed["payload"]
    return payload if isinstance(payload, bytes) else None
