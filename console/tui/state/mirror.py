"""The mirror: what the console believes about the plane, stamped with the cursor at which it is true.

Owns the rows and the indexes over them. `apply` takes events in the order of their cursors: an old one is ignored, a gap
asks for a resync. Only `state.sync` writes; everybody else reads.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from console.client.feed import Event, SnapshotHead, SnapshotRow, SnapshotValues
from console.tui.rows import (
    Row,
)
from console.tui.state.columns import row_of
from console.tui.state.ingest import Ingest, Unreadable
from console.tui.state.tables import KEPT, NEAREST, Tables

_USED = "lease.used"


class NeedsResync(Exception):
    """Events are missing between the mirror and this one; a new snapshot is needed."""

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(f"event {got} came where {expected} was expected")


@dataclass(slots=True)
class Changes:
    """What has changed since the last batch: ids by collection. After a `reset` everything may have."""

    reset: bool = False
    dirty: dict[str, set[str]] = field(default_factory=dict)
    kinds: list[tuple[str, str]] = field(default_factory=list)
    """Kind and id of the events that a person is told of: see `TOLD`."""

    def __bool__(self) -> bool:
        return self.reset or bool(self.dirty)


TOLD = frozenset({"approval.requested", "approval.revised", "lease.irrevocable", "agent.contained", "agent.released"})


class Loading:
    """A snapshot on its way in, row by row, beside the mirror that is still being read."""

    def __init__(self, head: SnapshotHead, ingest: Ingest) -> None:
        self.head = head
        self.tables = Tables()
        self.unreadable = 0
        self._ingest = ingest

    def add(self, line: SnapshotRow | SnapshotValues) -> None:
        """Take one line of the snapshot; a collection that is not known here is left out, an unreadable row is counted."""
        if isinstance(line, SnapshotRow):
            if self._ingest.knows(line.collection):
                self._keep(line.collection, self._ingest.row, line.body)
        else:
            for values in line.values:
                self._keep(line.collection, self._columns, values)

    def _columns(self, collection: str, values: Sequence[Any]) -> Row:
        return row_of(self._ingest, collection, values)

    def _keep(self, collection: str, read: Callable[[str, Any], Row], told: Any) -> None:
        try:
            self.tables.put(collection, read(collection, told))
        except Unreadable:
            self.unreadable += 1


class Mirror:
    """The console's belief. `cursor` is 0 before the first snapshot; `unreadable` counts entities that could not be read.

    Of several events about one entity only the last makes a row, when it is looked at: when changes are taken, or `tables`.
    """

    def __init__(self, inert: Callable[[str], str]) -> None:
        self._ingest = Ingest(inert)
        self._changes = Changes()
        self._tables = Tables()
        self._unreadable = 0
        self._waiting: dict[tuple[str, str], tuple[Mapping[str, Any], bool]] = {}
        """By collection and id the newest body, and whether nothing but uses of a lease lies between it and the row."""
        self.cursor = 0
        self.loaded = False
        self.events = 0

    @property
    def tables(self) -> Tables:
        """The rows, up to the cursor."""
        self._settle()
        return self._tables

    @property
    def unreadable(self) -> int:
        """How many entities could not be read."""
        self._settle()
        return self._unreadable

    def begin(self, head: SnapshotHead) -> Loading:
        """Start to take a snapshot in; the mirror is as it was until `finish`."""
        return Loading(head, self._ingest)

    def finish(self, loading: Loading) -> None:
        """Believe the snapshot, and it alone."""
        self._tables = loading.tables
        self._waiting = {}
        self.cursor = loading.head.cursor
        self._unreadable = loading.unreadable
        self.loaded = True
        self._changes = Changes(reset=True)

    def load(self, head: SnapshotHead, lines: Iterable[SnapshotRow]) -> None:
        """Believe a whole snapshot at once."""
        loading = self.begin(head)
        for line in lines:
            loading.add(line)
        self.finish(loading)

    def apply(self, event: Event) -> bool:
        """Take an event in. Returns whether it is news about something that is kept. Raises NeedsResync on a gap."""
        if event.cursor <= self.cursor:
            return False
        if event.cursor != self.cursor + 1 or not self.loaded:
            raise NeedsResync(self.cursor + 1, event.cursor)
        self.cursor = event.cursor
        self.events += 1
        if not self._ingest.knows(event.collection):
            return False
        key = (event.collection, event.id)
        waiting = self._waiting.get(key)
        self._waiting[key] = (event.body, event.kind == _USED and (waiting is None or waiting[1]))
        if event.kind in TOLD:
            self._tell(event)
        return True

    def take_changes(self) -> Changes:
        """What has changed since the last call; the next call starts from nothing."""
        self._settle()
        changes, self._changes = self._changes, Changes()
        return changes

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._waiting) or bool(self._changes)

    def _tell(self, event: Event) -> None:
        self._settle()
        id = self._ingest.text(event.id)
        if id in self._tables.table(event.collection).rows and len(self._changes.kinds) < 1000:
            self._changes.kinds.append((event.kind, id))

    def _settle(self) -> None:
        """Make rows of what has waited."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        for (collection, id), (body, used) in waiting.items():
            try:
                if not (used and self._use(id, body)):
                    self._put(collection, self._ingest.row(collection, body))
            except Unreadable:
                self._unreadable += 1

    def _put(self, collection: str, row: Row) -> None:
        _, left = self._tables.put(collection, row)
        dirty = self._changes.dirty.setdefault(collection, set())
        dirty.add(row.id)
        if left is not None:
            dirty.add(left)

    def _use(self, id: str, body: Mapping[str, Any]) -> bool:
        """Take over what uses change of a lease; whether that is all that there is to take over."""
        before = self._tables.leases.get(id)
        row = None if before is None else self._ingest.used(before, body)
        if row is None:
            return False
        self._tables.leases.swap(row)
        self._changes.dirty.setdefault("leases", set()).add(row.id)
        return True


__all__ = ["KEPT", "NEAREST", "TOLD", "Changes", "Loading", "Mirror", "NeedsResync", "Tables"]
