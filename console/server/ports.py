"""What the services ask of the world around them: a store and a clock. Anyone in the server wing may import it.

A store runs *verbs*. A verb is a plain function over a `Transaction`; everything it puts, records and emits is committed
together or not at all, and it is answered only after the commit is durable. Verbs of one store never overlap, so what a
verb reads is what it commits against; `require` is the fence for what was read before the verb began.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from console.model.actors import Actor
from console.model.audit import AuditRecord, Checkpoint
from console.model.base import Entity, Json
from console.model.grants import Grant
from console.model.tasks import ObservationInput, Task

E = TypeVar("E", bound=Entity)
T = TypeVar("T")
Value = str | int | bool | None


class Clock(Protocol):
    """Time for the plane: aware UTC, never running backwards, and fresh ids."""

    def now(self) -> datetime: ...
    def new_id(self, prefix: str) -> str: ...


class Moved(Exception):
    """Something that was read before the verb began has changed since. Nothing was committed; read again and decide again."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the feed carries it: encoded once for all subscribers. `text` is the JSON of `model.events.Event`."""

    cursor: int
    kind: str
    collection: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Tree:
    """The audit log's Merkle tree at an instant: which log, how many records, and the peaks (`model.merkle`)."""

    log: str
    size: int
    peaks: tuple[bytes, ...]


@dataclass(slots=True)
class Once:
    """An idempotency key on its way into the transaction that it guards.

    `owner` is who sent it, `request` the digest of method, path and body. `used` becomes true when a verb committed under it.
    """

    owner: str
    key: str
    request: str
    used: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What is kept of a request that was committed under an idempotency key.

    `collection` and `id` name the first entity that it put; `status` and `body` are the answer, once it was given and
    unless it carried a secret.
    """

    request: str
    collection: str
    id: str
    status: int | None = None
    body: str | None = None


class Repeated(Exception):
    """A verb ran under an idempotency key that had been committed already. Nothing was committed again."""

    def __init__(self, answered: Answered) -> None:
        super().__init__("this idempotency key was committed already")
        self.answered = answered


once: ContextVar[Once | None] = ContextVar("once", default=None)
"""The idempotency key of the request being served. The first verb that the request writes is committed under it."""


class Reader(Protocol):
    """Reading. Entities are frozen, so they may be shared; None means that there is none."""

    def get(self, kind: type[E], id: str) -> E | None: ...

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
        """Entities whose indexed fields equal these values, by id (which is by time), from `after` on or back from `before`."""
        ...

    def count(self, kind: type[E], **equals: Value) -> int: ...

    def due(self, kind: type[E], at: datetime, limit: int = 1000) -> list[E]:
        """Entities whose `due_at` has come, earliest first."""
        ...

    def fence(self, name: str) -> int:
        """The present value of a named counter, 0 before it is first advanced."""
        ...

    def text(self, digest: str) -> str | None:
        """Free text by its digest; None when it was erased."""
        ...


class Transaction(Reader, Protocol):
    """What a verb works on. Its reads see its own writes."""

    @property
    def now(self) -> datetime:
        """The time of this transaction, never earlier than any committed one."""
        ...

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
        """Keep an entity under the next version, with its audit record and its event in the same commit.

        `kind` is what happened, such as `lease.active`. `extra` joins the record's body; `texts` maps names to digests that
        `keep_text` gave. Raises Moved when the entity's version is not the one that is kept (two verbs from one reading).
        """
        ...

    def drop(self, kind: type[Entity], id: str) -> None:
        """Forget an entity that is neither audited nor mirrored."""
        ...

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
        """Append an audit record that changes no entity. Returns its seq."""
        ...

    def keep_text(self, text: str) -> str:
        """Keep free text apart, under a salted digest, so that it can be erased. Returns the digest."""
        ...

    def erase_text(self, digest: str) -> bool:
        """Erase a free text and its salt. The digest stays in the log."""
        ...

    def require(self, *entities: Entity, fences: Mapping[str, int] | None = None) -> None:
        """The fence: raises Moved unless each entity is kept in this very version and each counter still has this value."""
        ...

    def advance(self, name: str) -> int:
        """Add one to a named counter (`locks`, `bundle`)."""
        ...

    def tree(self) -> Tree:
        """The audit log as it stands in this transaction."""
        ...

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a signed checkpoint of the log as it stands. Raises ValueError when it says another size or root."""
        ...


class Store(Reader, Protocol):
    """A store: SQLite for the embedded plane, PostgreSQL for many nodes."""

    async def write(self, verb: Callable[[Transaction], T], *, takes_power: bool = False) -> T:
        """Run a verb in the next commit and return its result once that commit is durable.

        What the verb raises is raised here, and nothing of it is committed. Raises ProblemError `store_full` or
        `store_unavailable` when the commit itself fails. `takes_power` may use the space reserved for such records.
        """
        ...

    def head(self) -> int:
        """The cursor of the last committed event."""
        ...

    def events(self, after: int, limit: int = 1000, collections: frozenset[str] | None = None) -> list[StoredEvent]:
        """Events behind a cursor, in order. Raises ProblemError `resync` when they are no longer kept."""
        ...

    def subscribe(self, listener: Callable[[list[StoredEvent]], None]) -> Callable[[], None]:
        """Hear of each commit's events, in cursor order, on the event loop's thread. Returns how to stop."""
        ...

    def snapshot(
        self, collections: Iterable[str], columns: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[int, dict[str, int], Iterator[tuple[str, str]]]:
        """A consistent reading: its cursor, rows per collection, and (collection, JSON) of each entity not ended long ago.

        Of the collections in `columns` the JSON is the list of the values at these paths (`id`, `audience.name`), two at least.
        """
        ...

    def audit(self, after: int = -1, limit: int = 1000, **equals: Value | tuple[str, ...]) -> list[AuditRecord]:
        """Audit records behind a seq, in order; `kind`, `object_id`, `agent_id`, `task_id` select, by one value or several."""
        ...

    def audit_before(self, before: int, limit: int = 1000, **equals: Value | tuple[str, ...]) -> list[AuditRecord]:
        """Audit records before a seq, the newest first, selected as by `audit`."""
        ...

    def audit_size(self) -> int: ...

    def leaves(self, start: int, end: int) -> list[bytes]:
        """The leaf hashes of the audit records from `start` to before `end`."""
        ...

    def checkpoints(self, limit: int = 100) -> list[Checkpoint]:
        """Signed checkpoints, newest first."""
        ...

    def answered(self, owner: str, key: str) -> Answered | None:
        """What is kept under an idempotency key, for a day."""
        ...

    async def answer(self, owner: str, key: str, status: int, body: str) -> None:
        """Keep the answer that was given under an idempotency key. Never called with a secret."""
        ...

    async def close(self) -> None: ...


@dataclass
class Hooks:
    """What higher floors add to a transaction of a lower one, so that both are committed together.

    `task_ended` runs for each task that ends, `grant_ended` for each grant that ends early, `observed` for each observation
    of a task (with whether it counts: true for reports of resource servers and enforcement points).
    """

    task_ended: list[Callable[[Transaction, Task, Actor], None]] = field(default_factory=list)
    grant_ended: list[Callable[[Transaction, Grant, Actor], None]] = field(default_factory=list)
    observed: list[Callable[[Transaction, Task, ObservationInput, bool], None]] = field(default_factory=list)
