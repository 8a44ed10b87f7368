"""What the plane tells over its feed, as plain values: events, signs of life, and the lines of a snapshot.

The same shapes as `model.events`, without the models: a console takes in tens of thousands of them and checks each text
once more where it keeps it. Owns the reading of their JSON.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from console.client.errors import Garbled


@dataclass(slots=True)
class Event:
    """One change. `cursor` orders the feed, from 1, without gaps; `body` is the whole entity after the change."""

    cursor: int
    at: datetime
    kind: str
    collection: str
    id: str
    body: Mapping[str, Any]


@dataclass(slots=True)
class Tick:
    """The plane's time, and the cursor up to which the stream has told everything."""

    cursor: int
    at: datetime


@dataclass(slots=True)
class SnapshotHead:
    """The first line of a snapshot: the cursor that it is true at, the plane's clock, and how many rows follow."""

    cursor: int
    at: datetime
    rows: Mapping[str, int]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By collection the columns in which its rows come, where they were asked for so."""


@dataclass(slots=True)
class SnapshotValues:
    """One further line of a snapshot that was asked for by columns: rows, each as its values in the order of the columns."""

    collection: str
    values: Sequence[Sequence[Any]]


@dataclass(slots=True)
class SnapshotRow:
    """One further line of a snapshot."""

    collection: str
    body: Mapping[str, Any]


def event_of(data: bytes | str) -> Event:
    """An event of the stream. Raises Garbled."""
    told = _object(data)
    return Event(
        _cursor(told, 1), _instant(told), _word(told, "kind"), _word(told, "collection"), _word(told, "id"), _body(told)
    )


def tick_of(data: bytes | str) -> Tick:
    """A tick of the stream. Raises Garbled."""
    told = _object(data)
    return Tick(_cursor(told, 0), _instant(told))


def head_of(line: bytes) -> SnapshotHead:
    """The first line of a snapshot. Raises Garbled."""
    told = _object(line)
    rows = told.get("rows")
    if not isinstance(rows, dict) or not all(type(count) is int and count >= 0 for count in rows.values()):
        raise _garbled()
    columns = told.get("columns") or {}
    if not isinstance(columns, dict) or not all(isinstance(one, list) for one in columns.values()):
        raise _garbled()
    return SnapshotHead(_cursor(told, 0), _instant(told), rows, columns)


def row_of(line: bytes) -> SnapshotRow | SnapshotValues:
    """A further line of a snapshot. Raises Garbled."""
    told = _object(line)
    values = told.get("values")
    if values is None:
        return SnapshotRow(_word(told, "collection"), _body(told))
    if not isinstance(values, list) or not all(isinstance(one, list) for one in values):
        raise _garbled()
    return SnapshotValues(_word(told, "collection"), values)


def _object(data: bytes | str) -> dict[str, Any]:
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        raise _garbled() from None
    if not isinstance(told, dict):
        raise _garbled()
    return told


def _cursor(told: Mapping[str, Any], least: int) -> int:
    cursor = told.get("cursor")
    if type(cursor) is not int or cursor < least:
        raise _garbled()
    return cursor


def _instant(told: Mapping[str, Any]) -> datetime:
    try:
        at = datetime.fromisoformat(told["at"])
    except (KeyError, TypeError, ValueError):
        raise _garbled() from None
    if at.tzinfo is None:
        raise _garbled()
    return at


def _word(told: Mapping[str, Any], name: str) -> str:
    word = told.get(name)
    if not isinstance(word, str):
        raise _garbled()
    return word


def _body(told: Mapping[str, Any]) -> Mapping[str, Any]:
    body = told.get("body")
    if not isinstance(body, dict):
        raise _garbled()
    return body


def _garbled() -> Garbled:
    return Garbled("What the plane told over its feed is not of the shape that this client knows.")
