"""Identifiers: two letters that say the kind, then a UUIDv7 (RFC 9562, section 5.7) in Crockford base 32.

Sorting by id is sorting by time of creation. Clock and randomness are handed in, so this stays a pure function.
"""

from datetime import datetime
from typing import Final

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
PREFIXES: Final = {
    "agent": "ag",
    "task": "tk",
    "lease": "ls",
    "approval": "ap",
    "grant": "gr",
    "decision": "dc",
    "bundle": "pb",
    "lock": "lk",
}


def make_id(prefix: str, at: datetime, randomness: bytes) -> str:
    """The id of `prefix` for an instant and ten random bytes.

    Raises ValueError unless `randomness` has exactly ten bytes.
    """
    if len(randomness) != 10:
        raise ValueError("an id takes ten random bytes")
    milliseconds = int(at.timestamp() * 1000)
    random_bits = int.from_bytes(randomness, "big")
    value = (milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76
    value |= ((random_bits >> 62) & 0xFFF) << 64
    value |= 0b10 << 62
    value |= random_bits & (2**62 - 1)
    letters = [ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(letters)}"


def short_id(identifier: str) -> str:
    """How an id is written where there is little room: `tk_…42f`."""
    prefix, separator, rest = identifier.partition("_")
    return f"{prefix}_…{rest[-3:]}" if separator else identifier
