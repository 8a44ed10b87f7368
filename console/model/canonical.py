"""Canonical JSON (RFC 8785) and the digests that are taken over it. One way to hash a value, used by everybody.

`json.dumps` writes the very same bytes, many times faster, for values without awkward numbers and with ASCII keys; `_plain`
proves that of a value while it copies it, and what it cannot prove goes through the library.
"""

import hashlib
import json
from typing import Any, Final

import rfc8785
from pydantic import BaseModel

_LARGEST: Final = 2**53 - 1
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))


class _Awkward(Exception):
    """A value of which it is not proven that `json.dumps` writes it as RFC 8785 wants."""


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value or a model.

    Raises ValueError for what JSON cannot carry exactly: NaN, infinities, integers beyond 2^53.
    """
    return text_of(value.model_dump(mode="json") if isinstance(value, BaseModel) else value).encode()


def text_of(value: Any) -> str:
    """The RFC 8785 text of a plain JSON value. Raises ValueError for what JSON cannot carry exactly."""
    try:
        return _ENCODER.encode(_plain(value))
    except (_Awkward, TypeError):  # a name that is no text cannot be joined
        pass
    try:
        return rfc8785.dumps(value).decode()
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


def _plain(value: Any) -> Any:
    """A copy of a JSON value that `json.dumps` writes as RFC 8785 wants. Raises _Awkward where that is not certain.

    Whole floats become integers, as RFC 8785 writes them. Between 10^-4 and 10^16 both write the shortest decimal without
    an exponent. ASCII keys sort alike by code point and by UTF-16 unit.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is dict:
        if not "".join(value).isascii():
            raise _Awkward
        return {name: item if type(item) is str or item is None else _plain(item) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [item if type(item) is str else _plain(item) for item in value]
    if kind is int and -_LARGEST <= value <= _LARGEST:
        return value
    if kind is float:
        if value.is_integer():
            if -_LARGEST <= value <= _LARGEST:
                return int(value)
        elif 1e-4 <= abs(value) < 1e16:
            return value
    raise _Awkward
