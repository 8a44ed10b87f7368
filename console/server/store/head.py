"""The head of a store: what the next record, event and fence follow on. Kept in one row, committed with what it counts."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from console.server.store import codec

_HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Head:
    """The last cursor, the log's size and peaks, the latest committed time, and the named counters."""

    cursor: int
    size: int
    peaks: tuple[bytes, ...]
    at: datetime
    log: str
    fences: Mapping[str, int]


def read(connection: sqlite3.Connection) -> Head:
    """The committed head."""
    cursor, size, peaks, at, log = connection.execute("SELECT cursor, size, peaks, at, log FROM head").fetchone()
    fences = dict(connection.execute("SELECT name, value FROM fences").fetchall())
    split = tuple(peaks[start : start + _HASH_BYTES] for start in range(0, len(peaks), _HASH_BYTES))
    return Head(cursor, size, split, codec.instant(at), log, fences)


def write(connection: sqlite3.Connection, before: Head, after: Head) -> None:
    """Keep a head within the transaction that it belongs to."""
    connection.execute(
        "UPDATE head SET cursor = ?, size = ?, peaks = ?, at = ?",
        (after.cursor, after.size, b"".join(after.peaks), codec.micros(after.at)),
    )
    for name, value in after.fences.items():
        if before.fences.get(name) != value:
            connection.execute(
                "INSERT INTO fences VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
            )
