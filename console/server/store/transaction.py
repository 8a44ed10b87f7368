"""What one verb works on inside the writer: reads that see its own writes, and puts that keep state, audit and event together.

The writer makes one for each verb, within a savepoint. What it changed in memory (`changes`, `head`, `stored`) is taken
over only when the verb succeeds.
"""

import secrets
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar, cast

from console.model import merkle
from console.model.actors import Actor
from console.model.agents import Agent
from console.model.audit import Checkpoint
from console.model.base import Entity, Json
from console.model.canonical import text_digest, text_of
from console.model.events import MIRRORED
from console.model.locks import Lock
from console.model.tasks import Chain, Task
from console.server.ports import Moved, StoredEvent, Tree, Value
from console.server.store import codec, reading
from console.server.store.cache import EntityCache, Key
from console.server.store.ended import ended_at
from console.server.store.head import Head

E = TypeVar("E", bound=Entity)
Tracer = Callable[[str], None]

_SALT_BYTES = 16


class SqliteTransaction:
    """Implements `ports.Transaction` over the writer's connection.

    `earlier` holds what the verbs before it in the same batch changed: not committed yet, but settled.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        cache: EntityCache,
        head: Head,
        earlier: Mapping[Key, Entity | None],
        now: datetime,
        tracer: Tracer,
    ) -> None:
        self._connection = connection
        self._cache = cache
        self._earlier = earlier
        self._now = now
        self._trace = tracer
        self._log = head.log
        self._cursor, self._size, self._peaks = head.cursor, head.size, head.peaks
        self._fences = head.fences
        self.changes: dict[Key, Entity | None] = {}
        self.stored: list[StoredEvent] = []
        self.first: Key | None = None
        self.wrote = False
        self.erased = False
        self._last_text = ""

    @property
    def now(self) -> datetime:
        return self._now

    @property
    def head(self) -> Head:
        """The head after this verb."""
        return Head(self._cursor, self._size, self._peaks, self._now, self._log, self._fences)

    # Reading

    def get(self, kind: type[E], id: str) -> E | None:
        key = (kind.collection, id)
        for place in (self.changes, self._earlier):
            if key in place:
                return cast("E | None", place[key])
        found = self._cache.get(key)
        if found is not None:
            return cast("E", found)
        row = reading.row(self._connection, kind, id)
        return None if row is None else self._keep(kind, id, *row)

    def find(
        self,
        kind: type[E],
        *,
        after: str = "",
        before: str = "",
        limit: int = 1000,
        newest: bool = False,
        **equals: Value,
    ) -> list[E]:
        return reading.find(
            self._connection, self._keep, kind, after=after, before=before, limit=limit, newest=newest, equals=equals
        )

    def count(self, kind: type[E], **equals: Value) -> int:
        return reading.count(self._connection, kind, equals)

    def due(self, kind: type[E], at: datetime, limit: int = 1000) -> list[E]:
        return reading.due(self._connection, self._keep, kind, at, limit)

    def fence(self, name: str) -> int:
        return self._fences.get(name, 0)

    def text(self, digest: str) -> str | None:
        return reading.text(self._connection, digest)

    def _keep(self, kind: type[E], id: str, version: int, body: str) -> E:
        key = (kind.collection, id)
        for place in (self.changes, self._earlier):
            if key in place:
                return cast("E", place[key])
        found = self._cache.get(key)
        if found is not None and found.version == version:
            return cast("E", found)
        entity = codec.entity_from(kind, body)
        self._cache.offer(key, entity, self._cache.generation)
        return entity

    # Writing

    def put(
        self,
        entity: E,
        kind: str,
        actor: Actor,
        *,
        audit: bool = True,
        event: bool = True,
        extra: Mapping[str, Json] | None = None,
        texts: Mapping[str, str] | None = None,
    ) -> E:
        collection = entity.collection
        if (audit or event) and collection not in MIRRORED:
            raise ValueError(f"{collection} are neither audited nor told")
        current = self.get(type(entity), entity.id)
        if (0 if current is None else current.version) != entity.version:
            raise Moved(f"{entity.id} has changed since it was read")
        kept = entity.model_copy(update={"version": entity.version + 1})
        text = codec.entity_text(kept)
        body = codec.body_text(text, extra) if audit else ""

        self.wrote = True
        self._trace("before state")
        self._save(kept, current, text)
        self._trace("after state")
        seq = None
        if audit:
            seq = self._append(
                kind,
                actor,
                object=type(kept).__name__.lower(),
                object_id=kept.id,
                agent_id=_agent_of(kept),
                task_id=_task_of(kept),
                body=body,
                texts=texts,
            )
        if event:
            self._tell(kept, kind, actor, seq, text)
        key = (collection, kept.id)
        self.changes[key] = kept
        self.first = self.first or key
        return kept

    def drop(self, kind: type[Entity], id: str) -> None:
        if kind.collection in MIRRORED:
            raise ValueError(f"{kind.collection} are never forgotten")
        self.wrote = True
        self._connection.execute(f"DELETE FROM {kind.collection} WHERE id = ?", (id,))  # noqa: S608
        self.changes[kind.collection, id] = None

    def record(
        self,
        kind: str,
        actor: Actor,
        *,
        object: str,
        object_id: str,
        agent_id: str | None = None,
        task_id: str | None = None,
        body: Mapping[str, Json],
        texts: Mapping[str, str] | None = None,
    ) -> int:
        text = text_of(dict(body))
        self.wrote = True
        return self._append(
            kind, actor, object=object, object_id=object_id, agent_id=agent_id, task_id=task_id, body=text, texts=texts
        )

    def keep_text(self, text: str) -> str:
        salt = secrets.token_bytes(_SALT_BYTES)
        digest = text_digest(salt, text)
        self.wrote = True
        self._connection.execute("INSERT INTO texts VALUES (?, ?, ?)", (digest, salt, text))
        return digest

    def erase_text(self, digest: str) -> bool:
        self._connection.execute("PRAGMA secure_delete = ON")
        try:
            gone = self._connection.execute("DELETE FROM texts WHERE digest = ?", (digest,)).rowcount > 0
        finally:
            self._connection.execute("PRAGMA secure_delete = OFF")
        self.wrote = self.wrote or gone
        self.erased = self.erased or gone
        return gone

    def require(self, *entities: Entity, fences: Mapping[str, int] | None = None) -> None:
        for entity in entities:
            current = self.get(type(entity), entity.id)
            if current is None or current.version != entity.version:
                raise Moved(f"{entity.id} has changed since it was read")
        for name, value in (fences or {}).items():
            if self.fence(name) != value:
                raise Moved(f"{name} have changed since they were read")

    def advance(self, name: str) -> int:
        value = self.fence(name) + 1
        self.wrote = True
        self._fences = {**self._fences, name: value}
        return value

    def tree(self) -> Tree:
        return Tree(self._log, self._size, self._peaks)

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        tree_root = merkle.root(self._peaks).hex()
        if (checkpoint.log, checkpoint.size, checkpoint.root) != (self._log, self._size, tree_root):
            raise ValueError("a checkpoint is of the log as it stands")
        self.wrote = True
        self._connection.execute(
            "INSERT OR REPLACE INTO checkpoints VALUES (?, ?)",
            (checkpoint.size, text_of(checkpoint.model_dump(mode="json"))),
        )

    def _save(self, entity: Entity, current: Entity | None, text: str) -> None:
        """Insert the row, or change of it only the columns that differ, so that only their indexes are touched."""
        table = entity.collection
        columns = self._columns(entity)
        if current is None:
            names = "".join(f', "{name}"' for name in columns)
            marks = ", ?" * len(columns)
            self._connection.execute(
                f"INSERT INTO {table} (id, version, body{names}) VALUES (?, ?, ?{marks})",  # noqa: S608
                (entity.id, entity.version, text, *columns.values()),
            )
            return
        before = self._columns(current)
        changed = {name: value for name, value in columns.items() if before[name] != value}
        settings = "".join(f', "{name}" = ?' for name in changed)
        self._connection.execute(
            f"UPDATE {table} SET version = ?, body = ?{settings} WHERE id = ?",  # noqa: S608
            (entity.version, text, *changed.values(), entity.id),
        )

    def _columns(self, entity: Entity) -> dict[str, Value]:
        due, ended = entity.due_at(), ended_at(entity, self._now)
        columns = reading.column_values(entity)
        columns["due_at"] = None if due is None else codec.micros(due)
        columns["ended_at"] = None if ended is None else codec.micros(ended)
        return columns

    def _append(
        self,
        kind: str,
        actor: Actor,
        *,
        object: str,
        object_id: str,
        agent_id: str | None,
        task_id: str | None,
        body: str,
        texts: Mapping[str, str] | None,
    ) -> int:
        seq = self._size
        text = codec.record_text(
            seq=seq,
            at=self._now,
            kind=kind,
            actor=actor,
            object=object,
            object_id=object_id,
            agent_id=agent_id,
            task_id=task_id,
            body=body,
            texts=texts,
        )
        self._last_text = text
        leaf = merkle.leaf_hash(text.encode())
        self._trace("before audit")
        self._connection.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, codec.micros(self._now), kind, actor.id, object, object_id, agent_id, task_id, text, leaf),
        )
        self._trace("after audit")
        self._peaks = merkle.append(seq, self._peaks, leaf)
        self._size = seq + 1
        return seq

    def _tell(self, entity: Entity, kind: str, actor: Actor, seq: int | None, body: str) -> None:
        cursor = self._cursor + 1
        before, after = codec.event_parts(
            cursor=cursor,
            at=self._now,
            kind=kind,
            collection=entity.collection,
            id=entity.id,
            actor=actor,
            audit_seq=seq,
        )
        text = f"{before}{body}{after}"
        kept = (0, 0, text, "") if seq is None else (self._last_text.index(body) + 1, len(body), before, after)
        self._trace("before event")
        self._connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (cursor, kind, entity.collection, entity.id, seq, *kept)
        )
        self._trace("after event")
        self._cursor = cursor
        self.stored.append(StoredEvent(cursor, kind, entity.collection, entity.id, text))


def _agent_of(entity: Entity) -> str | None:
    return entity.id if isinstance(entity, Agent) else getattr(entity, "agent_id", None)


def _task_of(entity: Entity) -> str | None:
    if isinstance(entity, Task | Chain):
        return entity.id
    if isinstance(entity, Lock):
        return entity.target_id if entity.target == "task" else None
    return getattr(entity, "task_id", None)
