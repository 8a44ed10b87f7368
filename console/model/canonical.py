"""Canonical JSON (RFC 8785) and the digests that are taken over it. One way to hash a value, used by everybody."""

import hashlib
from typing import Any

import rfc8785
from pydantic import BaseModel


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value or a model.

    Raises ValueError for what JSON cannot carry exactly: NaN, infinities, integers beyond 2^53.
    """
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    try:
        return rfc8785.dumps(plain)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"not canonical JSON: {error}") from None


def digest(value: Any) -> str:
    """`sha256:` and the hex digest over the canonical form of a value."""
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"


def text_digest(salt: bytes, text: str) -> str:
    """The digest that stands in the audit log for free text kept elsewhere.

    The salt is kept with the text and erased with it, so that short texts cannot be guessed back from their digest.
    """
    return f"sha256:{hashlib.sha256(salt + text.encode()).hexdigest()}"
