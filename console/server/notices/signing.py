"""Signatures of webhooks, after the Standard Webhooks specification. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Verifying webhook authenticity":
the headers `webhook-id`, `webhook-timestamp` (seconds since 1970) and `webhook-signature`, which is `v1,` and the base64 of
HMAC-SHA256 (RFC 2104, FIPS 180-4) over `id.timestamp.body`.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

PREFIX: Final = "whsec_"
FEWEST_BYTES: Final = 24
MOST_BYTES: Final = 64


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: `whsec_` and the base64 of 24 to 64 bytes.

    Raises ValueError, without the secret, for anything else.
    """
    encoded = secret.strip().removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a signing secret is whsec_ followed by base64") from None
    if not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError("a signing secret holds 24 to 64 bytes")
    return key


def signed_headers(key: bytes, id: str, seconds: int, body: bytes) -> dict[str, str]:
    """The three headers of a message. `seconds` since 1970 is when it is sent, and differs between attempts."""
    digest = hmac.new(key, f"{id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return unsigned_headers(id, seconds) | {"webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


def unsigned_headers(id: str, seconds: int) -> dict[str, str]:
    """What a message carries where there is no key to sign it with: who receives it twice still sees that."""
    return {"webhook-id": id, "webhook-timestamp": str(seconds)}
