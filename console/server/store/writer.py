"""The one writer of a SQLite store: a thread that gathers verbs into batches and commits each batch once.

    verbs → queue → batch → BEGIN → SAVEPOINT, verb, RELEASE … → COMMIT (durable) → publish → answers

A verb that fails is undone alone. A commit that fails is undone whole: everybody in it hears that nothing was recorded,
and the next batch starts from what was committed before.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from console.model.base import Entity
from console.model.problems import ProblemError
from console.server.ports import Clock, Once, Repeated, StoredEvent, Transaction
from console.server.store import codec, head, reading
from console.server.store.cache import EntityCache, Key
from console.server.store.folder import Reserve
from console.server.store.head import Head
from console.server.store.transaction import SqliteTransaction, Tracer

BATCH: Final = 256
"""The most verbs of one commit."""

PURGE: Final = 512
"""How many old events one commit purges beyond those that it adds."""

STEPS: Final = (
    "before begin",
    "after begin",
    "before verb",
    "before state",
    "after state",
    "before audit",
    "after audit",
    "before event",
    "after event",
    "after verb",
    "before commit",
    "after commit",
    "before publish",
    "after publish",
)
"""What the tracer is told of, in this order; the steps of a verb repeat for each verb and put."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Job:
    """A verb on its way, and where its answer goes."""

    verb: Callable[[Transaction], Any]
    takes_power: bool
    once: Once | None
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class Batch:
    """What a batch has settled so far, to be taken over when it is committed."""

    head: Head
    changes: dict[Key, Entity | None] = field(default_factory=dict)
    events: list[StoredEvent] = field(default_factory=list)
    keys: list[Once] = field(default_factory=list)
    erased: bool = False


class _CommitFailed(Exception):
    """The database refused; nothing of the batch is kept."""


class Writer:
    """Owns the writing connection and the committed head."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        cache: EntityCache,
        clock: Clock,
        reserve: Reserve,
        keep_events: int,
        max_pages: int | None,
        reserve_pages: int,
        publish: Callable[[Sequence[Job], list[StoredEvent]], None],
        tracer: Tracer,
    ) -> None:
        self._connection = connection
        self._cache = cache
        self._clock = clock
        self._reserve = reserve
        self._keep_events = keep_events
        self._max_pages = max_pages
        self._reserve_pages = reserve_pages
        self._publish = publish
        self._trace = tracer
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self.head = head.read(connection)
        """The committed head. Replaced as a whole after each commit, so any thread may read it."""
        first = connection.execute("SELECT min(cursor) FROM events").fetchone()[0]
        self._first_event = self.head.cursor + 1 if first is None else first
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._hold_reserve()
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Put a verb in line."""
        self._jobs.put(job)

    def stop(self) -> None:
        """Commit what is in line, then end. Blocks until that is done."""
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            jobs: list[Job] = []
            job = self._jobs.get()
            try:
                while job is not None:
                    jobs.append(job)
                    if len(jobs) == BATCH:
                        break
                    job = self._jobs.get_nowait()
            except queue.Empty:
                pass
            going = job is not None
            if jobs:
                self._serve(jobs)

    def _serve(self, jobs: list[Job]) -> None:
        """Commit a batch and answer everybody in it."""
        events: list[StoredEvent] = []
        try:
            ready = jobs if self._hold_reserve() else [job for job in jobs if job.takes_power]
            for job in jobs:
                if not job.takes_power and len(ready) < len(jobs):
                    job.error = ProblemError("store_full")
            events = self._commit_or_fail(ready)
        except BaseException:  # a defect must neither end the writer nor leave callers waiting for ever
            _log.exception("the store's writer failed")
            self._undo()
            for job in jobs:
                job.error = job.error or ProblemError("store_unavailable")
        finally:
            self._trace("before publish")
            self._publish(jobs, events)
            self._trace("after publish")

    def _commit_or_fail(self, jobs: list[Job]) -> list[StoredEvent]:
        """Commit; on a full disk give the reserve up and try once more with the acts that take power away."""
        if not jobs:
            return []
        try:
            return self._commit(jobs)
        except _CommitFailed as failure:
            code = self._fail(jobs, failure)
        power = [job for job in jobs if job.takes_power]
        if code != "store_full" or not power:
            return []
        self._give_up_reserve()
        for job in power:
            job.error = None
        try:
            return self._commit(power)
        except _CommitFailed as failure:
            self._fail(power, failure)
            return []

    def _fail(self, jobs: Sequence[Job], failure: _CommitFailed) -> str:
        self._undo()
        error = failure.__cause__
        number = getattr(error, "sqlite_errorcode", None)
        code = "store_full" if number == sqlite3.SQLITE_FULL else "store_unavailable"
        _log.error("a commit failed: %s", error)
        for job in jobs:
            job.result, job.error = None, ProblemError(code)
        return code

    def _undo(self) -> None:
        """Go back to what is committed, and learn from the database what that is."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self.head = head.read(self._connection)
        except sqlite3.Error:
            _log.exception("the store could not roll back")
        self._cache.clear()

    def _commit(self, jobs: Sequence[Job]) -> list[StoredEvent]:
        batch = Batch(self.head)
        self._trace("before begin")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._trace("after begin")
            for job in jobs:
                self._trace("before verb")
                self._run_verb(job, batch)
                self._trace("after verb")
            first = self._purge(batch)
            head.write(self._connection, self.head, batch.head)
            self._trace("before commit")
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _CommitFailed from error
        self._trace("after commit")
        self._cache.publish(batch.changes)
        self.head, self._first_event = batch.head, first
        for once in batch.keys:
            once.used = True
        if batch.erased:
            self._scrub()
        return batch.events

    def _scrub(self) -> None:
        """Write erased text out of the write-ahead log as well, as far as no reader holds it back."""
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            _log.warning("the write-ahead log could not be cleared; it is at the next checkpoint")

    def _run_verb(self, job: Job, batch: Batch) -> None:
        """Run a verb within its savepoint. Its own failure is its answer; the database's goes up."""
        now = max(self._clock.now(), batch.head.at)
        transaction = SqliteTransaction(self._connection, self._cache, batch.head, batch.changes, now, self._trace)
        self._connection.execute("SAVEPOINT verb")
        try:
            key = _unused(job.once, batch)
            if key is not None:
                self._refuse_repeated(key, transaction)
            job.result = job.verb(transaction)
            if key is not None and transaction.wrote:
                self._keep_key(key, transaction)
                batch.keys.append(key)
        except BaseException as error:
            if type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError) or not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO verb")
            self._connection.execute("RELEASE verb")
            job.result, job.error = None, error
            return
        self._connection.execute("RELEASE verb")
        batch.head = transaction.head
        batch.changes.update(transaction.changes)
        batch.events.extend(transaction.stored)
        batch.erased = batch.erased or transaction.erased

    def _refuse_repeated(self, once: Once, transaction: SqliteTransaction) -> None:
        answered = reading.answered(self._connection, once.owner, once.key, transaction.now)
        if answered is not None:
            raise Repeated(answered)

    def _keep_key(self, once: Once, transaction: SqliteTransaction) -> None:
        collection, id = transaction.first or ("", "")
        now = codec.micros(transaction.now)
        self._connection.execute(
            "DELETE FROM idempotency WHERE (owner, key) IN"
            " (SELECT owner, key FROM idempotency WHERE at <= ? ORDER BY at LIMIT 16)",
            (now - reading.IDEMPOTENCY_MICROS,),
        )
        self._connection.execute(
            "INSERT OR REPLACE INTO idempotency (owner, key, at, request, collection, id) VALUES (?, ?, ?, ?, ?, ?)",
            (once.owner, once.key, now, once.request, collection, id),
        )

    def _purge(self, batch: Batch) -> int:
        """Drop events beyond those that are kept, a few at a time. Returns the first cursor that stays."""
        keep_from = batch.head.cursor - self._keep_events + 1
        if keep_from - self._first_event < PURGE // 2:
            return self._first_event
        first = min(keep_from, self._first_event + PURGE + len(batch.events))
        self._connection.execute("DELETE FROM events WHERE cursor < ?", (first,))
        return first

    def _hold_reserve(self) -> bool:
        """Whether the reserve stands; builds it again when there is room."""
        stands = self._reserve.stands() or self._reserve.build()
        if self._max_pages is not None and stands:
            allowed = max(1, self._max_pages - self._reserve_pages)
            used = self._pragma("page_count") - self._pragma("freelist_count")
            self._connection.execute(f"PRAGMA max_page_count = {allowed}")
            stands = used <= allowed
        return stands

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    def _give_up_reserve(self) -> None:
        if self._max_pages is not None:
            self._connection.execute(f"PRAGMA max_page_count = {self._max_pages}")
        self._reserve.give_up()


def resolve(jobs: Sequence[Job]) -> None:
    """Give each caller its answer. Runs on the event loop's thread."""
    for job in jobs:
        if job.future.done():
            continue
        if isinstance(job.error, StopIteration):  # which a future cannot carry
            job.future.set_exception(RuntimeError("the verb raised StopIteration"))
        elif job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _unused(once: Once | None, batch: Batch) -> Once | None:
    """The key that guards a verb: none when its own request has committed under it already, in this batch or before."""
    if once is None or once.used or any(once is key for key in batch.keys):
        return None
    return once
