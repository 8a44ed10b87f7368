"""The embedded store: one SQLite database, written by one thread and read on the event loop. Implements `ports.Store`.

Committed by the writer means durable: write-ahead log, `synchronous=FULL`, state, audit and event in one transaction.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, TypeVar, cast, runtime_checkable

from console.model.audit import AuditRecord, Checkpoint
from console.model.base import Entity
from console.model.problems import ProblemError
from console.server.ports import Answered, Clock, Once, StoredEvent, Transaction, Value, once
from console.server.store import codec, reading, schema
from console.server.store.cache import CAPACITY, EntityCache, ReadingCache
from console.server.store.folder import DATABASE, RESERVE_BYTES, FolderLock, Reserve, prepare
from console.server.store.snapshot import Snapshot, snapshot_queries
from console.server.store.transaction import Tracer
from console.server.store.writer import Job, Writer, resolve

E = TypeVar("E", bound=Entity)
T = TypeVar("T")
Listener = Callable[[list[StoredEvent]], None]

KEEP_EVENTS: Final = 200_000
_PAGE_BYTES: Final = 4096

_logger = logging.getLogger(__name__)


@runtime_checkable
class Raisable(Protocol):
    """A clock that can be told of a time below which it must not fall."""

    def raise_to(self, instant: datetime) -> None: ...


def _no_trace(step: str) -> None:
    """The tracer of a store that nobody traces."""


class SqliteStore:
    """Open it with `open`; close it with `close`. Writes are answered on the event loop that asked first."""

    def __init__(self, folder: Path, lock: FolderLock, reader: sqlite3.Connection, clock: Clock, cache: EntityCache) -> None:
        self._folder = folder
        self._lock = lock
        self._reader = reader
        self._reading = threading.RLock()
        self._clock = clock
        self._cache = cache
        self._readings = ReadingCache()
        self._listeners: list[Listener] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._writing: sqlite3.Connection
        self._writer: Writer

    @classmethod
    def open(
        cls,
        folder: Path,
        clock: Clock,
        *,
        keep_events: int = KEEP_EVENTS,
        cached: int = CAPACITY,
        max_bytes: int | None = None,
        reserve_bytes: int = RESERVE_BYTES,
        tracer: Tracer = _no_trace,
    ) -> "SqliteStore":
        """Open the store in a data folder, made when it is not there, and resume where it stopped.

        A clock with `raise_to` is raised to the latest committed time. `keep_events` is how many events the feed keeps;
        `cached` how many entities of a collection stay in memory; `max_bytes` bounds the database, `reserve_bytes` of it held
        for acts that take power away. `tracer` is told of each of `writer.STEPS`.
        Raises ProblemError `store_unavailable` when the folder is locked, unusable, damaged, or of a newer schema, and
        `store_full` when there is no room to open it.
        """
        prepare(folder)
        lock = FolderLock(folder)
        connections: list[sqlite3.Connection] = []
        try:
            writing = schema.connect(folder / DATABASE, writes=True)
            connections.append(writing)
            schema.migrate(writing)
            reader = schema.connect(folder / DATABASE, writes=False)
            connections.append(reader)
            cache = EntityCache(cached)
            store = cls(folder, lock, reader, clock, cache)
            store._writing = writing
            store._writer = Writer(
                writing,
                cache=cache,
                clock=clock,
                reserve=Reserve(folder, reserve_bytes),
                keep_events=max(1, keep_events),
                max_pages=None if max_bytes is None else max_bytes // _PAGE_BYTES,
                reserve_pages=reserve_bytes // _PAGE_BYTES,
                publish=store._publish,
                tracer=tracer,
            )
            if isinstance(clock, Raisable):
                clock.raise_to(store._writer.head.at)
            store._writer.start()
        except BaseException as error:
            for connection in connections:
                connection.close()
            lock.release()
            if isinstance(error, sqlite3.Error | OSError):
                full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
                code = "store_full" if full else "store_unavailable"
                raise ProblemError(code, f"The store in {folder} cannot be opened: {error}.") from error
            raise
        return store

    # Writing

    async def write(self, verb: Callable[[Transaction], T], *, takes_power: bool = False) -> T:
        """See `ports.Store.write`. A verb may run twice when the first commit fails; only one is kept."""
        return await self._submit(verb, takes_power=takes_power, key=once.get())

    async def _submit(self, verb: Callable[[Transaction], T], *, takes_power: bool, key: Once | None) -> T:
        if self._closed:
            raise ProblemError("store_unavailable", "The store is closed.")
        future: asyncio.Future[T] = self._bind().create_future()
        self._writer.submit(Job(verb, takes_power, key, future))
        return await future

    def _bind(self) -> asyncio.AbstractEventLoop:
        """The event loop that this store answers on: the first that asked."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise RuntimeError("a store answers on one event loop")
        return loop

    def _publish(self, jobs: Sequence[Job], events: list[StoredEvent]) -> None:
        """Runs in the writer: one call to the loop for each batch."""
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._deliver, jobs, events)
        except RuntimeError:
            _logger.warning("the event loop ended before its answers came")

    def _deliver(self, jobs: Sequence[Job], events: list[StoredEvent]) -> None:
        if events:
            for listener in tuple(self._listeners):
                try:
                    listener(events)
                except Exception:
                    _logger.exception("a listener to the store failed")
        resolve(jobs)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    # Reading entities

    def get(self, kind: type[E], id: str) -> E | None:
        key = (kind.collection, id)
        found = self._cache.get(key)
        if found is not None:
            return cast("E", found)
        with self._reading:
            generation = self._cache.generation
            row = reading.row(self._reader, kind, id)
        if row is None:
            return None
        entity = codec.entity_from(kind, row[1])
        self._cache.offer(key, entity, generation)
        return entity

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
        mark = self._cache.mark(kind.collection)
        lookup = (kind, after, before, limit, newest, tuple(equals.items()))
        kept = self._readings.get(lookup, mark)
        if kept is not None:
            return cast("list[E]", list(kept))
        with self._reading:
            found = reading.find(
                self._reader, self._keep, kind, after=after, before=before, limit=limit, newest=newest, equals=equals
            )
        self._readings.keep(lookup, mark, found)
        return found

    def count(self, kind: type[E], **equals: Value) -> int:
        with self._reading:
            return reading.count(self._reader, kind, equals)

    def due(self, kind: type[E], at: datetime, limit: int = 1000) -> list[E]:
        with self._reading:
            return reading.due(self._reader, self._keep, kind, at, limit)

    def _keep(self, kind: type[E], id: str, version: int, body: str) -> E:
        """The entity in memory where it is this very version; a reading stays one state of the database."""
        found = self._cache.get((kind.collection, id))
        if found is not None and found.version == version:
            return cast("E", found)
        return codec.entity_from(kind, body)

    def fence(self, name: str) -> int:
        return self._writer.head.fences.get(name, 0)

    def text(self, digest: str) -> str | None:
        with self._reading:
            return reading.text(self._reader, digest)

    # Reading the feed and the log

    def head(self) -> int:
        return self._writer.head.cursor

    def events(self, after: int, limit: int = 1000, collections: frozenset[str] | None = None) -> list[StoredEvent]:
        with self._reading:
            self._reader.execute("BEGIN")
            try:
                return reading.events(self._reader, after, limit, collections)
            finally:
                self._reader.execute("ROLLBACK")

    def snapshot(
        self, collections: Iterable[str], columns: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[int, dict[str, int], Iterator[tuple[str, str]]]:
        """See `ports.Store.snapshot`. It holds a connection until its rows are read to the end or let go."""
        queries = snapshot_queries(collections, self._clock.now())
        snapshot = Snapshot(self._folder / DATABASE, queries, columns or {})
        return snapshot.cursor, snapshot.counts, snapshot.rows()

    def audit(self, after: int = -1, limit: int = 1000, **equals: Value | tuple[str, ...]) -> list[AuditRecord]:
        with self._reading:
            return reading.audit(self._reader, after, limit, equals)

    def audit_before(self, before: int, limit: int = 1000, **equals: Value | tuple[str, ...]) -> list[AuditRecord]:
        with self._reading:
            return reading.audit(self._reader, before, limit, equals, back=True)

    def audit_size(self) -> int:
        return self._writer.head.size

    def leaves(self, start: int, end: int) -> list[bytes]:
        with self._reading:
            return reading.leaves(self._reader, start, end)

    def checkpoints(self, limit: int = 100) -> list[Checkpoint]:
        with self._reading:
            return reading.checkpoints(self._reader, limit)

    # Idempotency

    def answered(self, owner: str, key: str) -> Answered | None:
        with self._reading:
            return reading.answered(self._reader, owner, key, self._clock.now())

    async def answer(self, owner: str, key: str, status: int, body: str) -> None:
        def keep(transaction: Transaction) -> None:
            self._writing.execute(
                "UPDATE idempotency SET status = ?, body = ? WHERE owner = ? AND key = ?", (status, body, owner, key)
            )

        await self._submit(keep, takes_power=False, key=None)

    async def close(self) -> None:
        """Commit what is in line, and give the folder up. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._writer.stop)
        with self._reading:
            self._reader.close()
        self._writing.close()
        self._lock.release()
