"""The queries, each in one place: what a store and a transaction read with, over whichever connection is theirs.

A query opens no transaction of its own; each sees one state of the database.
"""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TypeVar

from console.model.audit import AuditRecord, Checkpoint
from console.model.base import Entity
from console.model.problems import ProblemError
from console.server.ports import Answered, StoredEvent, Value
from console.server.store import codec

E = TypeVar("E", bound=Entity)
Keep = Callable[[type[E], str, int, str], E]
"""Gives the entity for a row (kind, id, version, body): the one in memory where it is that very version."""

MOST: Final = 100_000
"""The most rows of one reading."""

IDEMPOTENCY_MICROS: Final = 86_400_000_000
"""For how long an idempotency key is kept: a day."""

_AUDIT_FIELDS: Final = frozenset({"kind", "object_id", "agent_id", "task_id"})


def _where(kind: type[Entity], equals: Mapping[str, Value]) -> tuple[list[str], list[Value]]:
    """Conditions and their values. Raises ValueError for a field that the kind is not found by."""
    for name in equals:
        if name not in kind.indexes:
            raise ValueError(f"{kind.__name__} is not found by {name}")
    return [f'"{name}" IS ?' for name in equals], [_plain(value) for value in equals.values()]


def _plain(value: Value) -> Value:
    """What SQLite keeps of a field: a StrEnum as its text, a bool as 0 or 1."""
    if isinstance(value, bool):
        return int(value)
    return str(value) if isinstance(value, str) else value


def column_values(entity: Entity) -> dict[str, Value]:
    """The projected columns of an entity's row."""
    return {name: _plain(getattr(entity, name)) for name in type(entity).indexes}


def row(connection: sqlite3.Connection, kind: type[Entity], id: str) -> tuple[int, str] | None:
    """Version and body of one entity."""
    found: tuple[int, str] | None = connection.execute(
        f"SELECT version, body FROM {kind.collection} WHERE id = ?",  # noqa: S608
        (id,),
    ).fetchone()
    return found


def find(
    connection: sqlite3.Connection,
    keep: Keep[E],
    kind: type[E],
    *,
    after: str,
    before: str,
    limit: int,
    newest: bool,
    equals: Mapping[str, Value],
) -> list[E]:
    """See `ports.Reader.find`; both bounds exclude the id that they name."""
    conditions, values = _where(kind, equals)
    if after:
        conditions.append("id > ?")
        values.append(after)
    if before:
        conditions.append("id < ?")
        values.append(before)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = "DESC" if newest else "ASC"
    rows = connection.execute(
        f"SELECT id, version, body FROM {kind.collection}{where} ORDER BY id {order} LIMIT ?",  # noqa: S608
        (*values, max(0, min(limit, MOST))),
    ).fetchall()
    return [keep(kind, id, version, body) for id, version, body in rows]


def count(connection: sqlite3.Connection, kind: type[Entity], equals: Mapping[str, Value]) -> int:
    """See `ports.Reader.count`."""
    conditions, values = _where(kind, equals)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return int(connection.execute(f"SELECT count(*) FROM {kind.collection}{where}", values).fetchone()[0])  # noqa: S608


def due(connection: sqlite3.Connection, keep: Keep[E], kind: type[E], at: datetime, limit: int) -> list[E]:
    """See `ports.Reader.due`."""
    rows = connection.execute(
        f"SELECT id, version, body FROM {kind.collection}"  # noqa: S608
        " WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at, id LIMIT ?",
        (codec.micros(at), max(0, min(limit, MOST))),
    ).fetchall()
    return [keep(kind, id, version, body) for id, version, body in rows]


def text(connection: sqlite3.Connection, digest: str) -> str | None:
    """See `ports.Reader.text`."""
    found = connection.execute("SELECT text FROM texts WHERE digest = ?", (digest,)).fetchone()
    return None if found is None else str(found[0])


def events(connection: sqlite3.Connection, after: int, limit: int, collections: frozenset[str] | None) -> list[StoredEvent]:
    """See `ports.Store.events`. The caller holds one reading transaction around it."""
    head = connection.execute("SELECT cursor FROM head").fetchone()[0]
    first = connection.execute("SELECT min(cursor) FROM events").fetchone()[0]
    kept_after = head if first is None else first - 1
    if not kept_after <= after <= head:
        raise ProblemError("resync", f"The events behind cursor {after} are not kept here.", cursor=head)
    chosen = "" if collections is None else f" AND e.collection IN ({', '.join('?' * len(collections))})"
    rows = connection.execute(
        "SELECT e.cursor, e.kind, e.collection, e.id,"  # noqa: S608
        " e.before || coalesce(substr(a.body, e.start, e.length), '') || e.after"
        " FROM events e LEFT JOIN audit a ON a.seq = e.audit_seq"
        f" WHERE e.cursor > ?{chosen} ORDER BY e.cursor LIMIT ?",
        (after, *sorted(collections or ()), max(0, min(limit, MOST))),
    ).fetchall()
    return [StoredEvent(*values) for values in rows]


def audit(
    connection: sqlite3.Connection,
    seq: int,
    limit: int,
    equals: Mapping[str, Value | tuple[str, ...]],
    *,
    back: bool = False,
) -> list[AuditRecord]:
    """See `ports.Store.audit` and `audit_before`. Raises ValueError for a field that records are not found by."""
    for name in equals:
        if name not in _AUDIT_FIELDS:
            raise ValueError(f"audit records are not found by {name}")
    chosen, wanted = "", list[Value]()
    for name, value in equals.items():
        several = value if isinstance(value, tuple) else (value,)
        chosen += f" AND {name} IN ({', '.join('?' * len(several))})" if isinstance(value, tuple) else f" AND {name} IS ?"
        wanted += several
    place, order = ("seq < ?", "seq DESC") if back else ("seq > ?", "seq")
    rows = connection.execute(
        f"SELECT body FROM audit WHERE {place}{chosen} ORDER BY {order} LIMIT ?",  # noqa: S608
        (seq, *wanted, max(0, min(limit, MOST))),
    ).fetchall()
    return [AuditRecord.model_validate_json(body) for (body,) in rows]


def leaves(connection: sqlite3.Connection, start: int, end: int) -> list[bytes]:
    """See `ports.Store.leaves`."""
    rows = connection.execute("SELECT leaf FROM audit WHERE seq >= ? AND seq < ? ORDER BY seq", (start, end))
    return [leaf for (leaf,) in rows]


def checkpoints(connection: sqlite3.Connection, limit: int) -> list[Checkpoint]:
    """See `ports.Store.checkpoints`."""
    rows = connection.execute("SELECT body FROM checkpoints ORDER BY size DESC LIMIT ?", (max(0, min(limit, MOST)),))
    return [Checkpoint.model_validate_json(body) for (body,) in rows]


def answered(connection: sqlite3.Connection, owner: str, key: str, now: datetime) -> Answered | None:
    """See `ports.Store.answered`."""
    found = connection.execute(
        "SELECT request, collection, id, status, body FROM idempotency WHERE owner = ? AND key = ? AND at > ?",
        (owner, key, codec.micros(now) - IDEMPOTENCY_MICROS),
    ).fetchone()
    return None if found is None else Answered(*found)
