"""The entries of a chain and the signed heads of the log as plain values: of each only what is told of it.

Owns what of a record is kept. A record carries the whole entity that it is about; hundreds of them as models would cost more
than all rows that the table shows, and keep the screen waiting while they are made.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.client.errors import Garbled
from console.tui.rows import SignedHead, SignedHeads

_ENTITY = ("outcome", "action", "resource", "text", "revoke_reason", "end_reason", "release_reason")
_INSIDE = {"ask": ("action", "resource"), "intent": ("purpose",)}
_OBSERVATION = ("direction", "resource", "rows", "size_bytes", "data_class")


@dataclass(frozen=True, slots=True)
class Doer:
    """Who did something."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One audit record of a chain; `body` has what is told of its entity and of what was observed."""

    seq: int
    at: datetime
    kind: str
    actor: Doer
    object: str
    object_id: str
    agent_id: str | None
    task_id: str | None
    body: Mapping[str, Any]


def entries_of(listed: bytes) -> tuple[list[Entry], bool]:
    """The entries of a page of the audit log, and whether there are earlier ones. Raises Garbled."""
    try:
        told = json.loads(listed)
        return [_entry(one) for one in told["items"]], told.get("next") is not None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Garbled("The answer is not of the shape that this client knows.") from None


def heads_of(listed: bytes) -> SignedHeads:
    """The signed heads in an answer. Raises Garbled."""
    try:
        told = json.loads(listed)
        items = tuple(SignedHead(int(one["size"]), datetime.fromisoformat(one["at"])) for one in told["items"])
        return SignedHeads(items, int(told["size"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Garbled("The answer is not of the shape that this client knows.") from None


def _entry(record: Mapping[str, Any]) -> Entry:
    actor, agent_id, task_id = record["actor"], record.get("agent_id"), record.get("task_id")
    return Entry(
        int(record["seq"]),
        datetime.fromisoformat(record["at"]),
        str(record["kind"]),
        Doer(str(actor["kind"]), str(actor["id"]), str(actor.get("name", ""))),
        str(record["object"]),
        str(record["object_id"]),
        None if agent_id is None else str(agent_id),
        None if task_id is None else str(task_id),
        _told(record["body"]),
    )


def _told(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without what no story tells."""
    kept: dict[str, Any] = {}
    entity, seen = body.get("entity"), body.get("observation")
    if isinstance(entity, dict):
        kept["entity"] = _some(entity, _ENTITY)
        for name, inside in _INSIDE.items():
            if isinstance(entity.get(name), dict):
                kept["entity"][name] = _some(entity[name], inside)
    if isinstance(seen, dict):
        kept["observation"] = _some(seen, _OBSERVATION)
    return kept


def _some(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if values.get(name) is not None}
