"""The tables of the mirror: rows by id, indexes and counts over them, and the figures that the strip shows.

Owns which ended rows stay, and how rows are found. Made anew for each snapshot; only the mirror writes to them.
"""

import heapq
from collections import Counter, deque
from collections.abc import Callable, Mapping
from math import inf
from typing import Any, Generic, TypeVar

from console.tui.rows import (
    LIVE_LEASES,
    UNSETTLED_LEASES,
    AgentRow,
    ApprovalRow,
    BundleRow,
    ChainRow,
    DecisionRow,
    GrantRow,
    LeaseRow,
    LockRow,
    OperatorRow,
    Row,
    TaskRow,
)

R = TypeVar("R", bound=Row)

KEPT = {"leases": 20_000, "tasks": 10_000, "approvals": 2_000, "grants": 2_000, "locks": 5_000, "decisions": 5_000}
"""How many ended rows of a collection stay; the oldest leave first."""
PULSE_SECONDS = 900
NEAREST = 1_000
"""How many of the next expiries are kept."""


class Index(dict[str, dict[str, None]]):
    """Ids by a value of their rows, in the order in which they came."""

    def put(self, value: str | None, id: str) -> None:
        if value is not None:
            self.setdefault(value, {})[id] = None

    def drop(self, value: str | None, id: str) -> None:
        ids = self.get(value) if value is not None else None
        if ids is not None and value is not None:
            ids.pop(id, None)
            if not ids:
                del self[value]


class Table(Generic[R]):
    """The rows of one collection by id, with indexes by some of their fields."""

    def __init__(
        self,
        ended: Callable[[R], bool],
        kept: int,
        counted: Mapping[str, Callable[[R], str | None]] | None = None,
        **indexed: Callable[[R], str | None],
    ) -> None:
        self.rows: dict[str, R] = {}
        self.by: dict[str, Index] = {name: Index() for name in indexed}
        self._counted = {name: (value, Counter[str]()) for name, value in (counted or {}).items()}
        self._indexed = indexed
        self._ended = ended
        self._kept = kept
        self._gone: deque[str] = deque()

    def put(self, row: R) -> tuple[R | None, str | None]:
        """Keep a row. Returns the one that it replaces, and the id of an ended one that had to leave for it."""
        before = self.rows.get(row.id)
        self._count(before, row)
        for name, value in self._indexed.items():
            old, new = (None if before is None else value(before)), value(row)
            if old != new:
                self.by[name].drop(old, row.id)
                self.by[name].put(new, row.id)
        self.rows[row.id] = row
        left = None
        if self._ended(row) and (before is None or not self._ended(before)):
            self._gone.append(row.id)
            if len(self._gone) > self._kept:
                left = self._gone.popleft()
                self._remove(left)
        return before, left

    def swap(self, row: R) -> None:
        """Keep a row that stands in every index where the one before it stood."""
        self.rows[row.id] = row

    def _remove(self, id: str) -> None:
        row = self.rows.pop(id, None)
        if row is not None:
            self._count(row, None)
            for name, value in self._indexed.items():
                self.by[name].drop(value(row), id)

    def _count(self, before: R | None, after: R | None) -> None:
        for value, counts in self._counted.values():
            old, new = (None if before is None else value(before)), (None if after is None else value(after))
            if old != new:
                if old is not None:
                    counts[old] -= 1
                    if not counts[old]:
                        del counts[old]
                if new is not None:
                    counts[new] += 1

    def get(self, id: str) -> R | None:
        return self.rows.get(id)

    def of(self, index: str, value: str) -> list[R]:
        """The rows that an index finds."""
        return [self.rows[id] for id in self.by[index].get(value, ())]

    def last(self, index: str, value: str) -> R | None:
        """The row that came last of those that an index finds."""
        ids = self.by[index].get(value)
        return self.rows[next(reversed(ids))] if ids else None

    def count(self, index: str, *values: str) -> int:
        """How many rows have one of these values."""
        if index in self._counted:
            counts = self._counted[index][1]
            return sum(counts[value] for value in values if value in counts)
        return sum(len(self.by[index].get(value, ())) for value in values)

    def __len__(self) -> int:
        return len(self.rows)


class Expiries:
    """Which live lease expires next. Knows only the nearest ones, and looks again when they have gone."""

    def __init__(self, leases: Table[LeaseRow]) -> None:
        self._leases = leases
        self._nearest: list[tuple[float, str]] = []
        self._up_to = float("-inf")
        """Every live lease that expires up to here is known."""

    def put(self, before: LeaseRow | None, row: LeaseRow) -> None:
        """A lease has come or changed."""
        if row.expires_at > self._up_to or row.state not in LIVE_LEASES:
            return
        if before is None or before.state not in LIVE_LEASES or before.expires_at != row.expires_at:
            heapq.heappush(self._nearest, (row.expires_at, row.id))
            if len(self._nearest) > 4 * NEAREST:
                self._look()

    def next(self) -> float | None:
        """When the next live lease expires (seconds since the epoch); None where none is live."""
        while True:
            while self._nearest:
                at, id = self._nearest[0]
                row = self._leases.get(id)
                if row is not None and row.state in LIVE_LEASES and row.expires_at == at:
                    return at
                heapq.heappop(self._nearest)
            if self._up_to == inf or not self._leases.count("state", *LIVE_LEASES):
                return None
            self._look()

    def _look(self) -> None:
        live = (self._leases.rows[id] for state in LIVE_LEASES for id in self._leases.by["state"].get(state, ()))
        self._nearest = heapq.nsmallest(NEAREST, ((lease.expires_at, lease.id) for lease in live))
        self._up_to = self._nearest[-1][0] if len(self._nearest) == NEAREST else inf


class Tables:
    """One table a collection; made anew for each snapshot."""

    def __init__(self) -> None:
        self.agents = Table[AgentRow](lambda row: False, 0, name=lambda row: row.name, state=lambda row: row.state)
        self.tasks = Table[TaskRow](
            lambda row: row.state != "running",
            KEPT["tasks"],
            {"running of agent": lambda row: row.agent_id if row.state == "running" else None},
            agent=lambda row: row.agent_id,
            parent=lambda row: row.parent_id,
            root=lambda row: row.root_id,
            state=lambda row: row.state,
        )
        self.chains = Table[ChainRow](lambda row: True, KEPT["tasks"])
        self.leases = Table[LeaseRow](
            lambda row: row.state not in UNSETTLED_LEASES,
            KEPT["leases"],
            {
                "live of task": lambda row: row.task_id if row.state in LIVE_LEASES else None,
                "live of agent": lambda row: row.agent_id if row.state in LIVE_LEASES else None,
            },
            task=lambda row: row.task_id,
            agent=lambda row: row.agent_id,
            state=lambda row: row.state,
        )
        self.approvals = Table[ApprovalRow](
            lambda row: row.state not in ("pending", "approved"),
            KEPT["approvals"],
            state=lambda row: row.state,
            agent=lambda row: row.agent_id,
            task=lambda row: row.task_id,
        )
        self.grants = Table[GrantRow](
            lambda row: row.state not in ("requested", "scheduled", "active"),
            KEPT["grants"],
            agent=lambda row: row.agent_id,
            state=lambda row: row.state,
        )
        self.locks = Table[LockRow](
            lambda row: not row.active, KEPT["locks"], standing=lambda row: row.target_id if row.active else None
        )
        self.bundles = Table[BundleRow](lambda row: False, 0, state=lambda row: row.state)
        self.decisions = Table[DecisionRow](
            lambda row: True, KEPT["decisions"], task=lambda row: row.task_id, agent=lambda row: row.agent_id
        )
        self.operators = Table[OperatorRow](lambda row: False, 0)
        self.pulse: dict[int, list[int]] = {}
        self._expiries = Expiries(self.leases)

    def table(self, collection: str) -> Table[Any]:
        """The table of a collection by its name. Raises KeyError for one that is not kept."""
        table: Table[Any] = vars(self)[collection]
        return table

    def put(self, collection: str, row: Row) -> tuple[Row | None, str | None]:
        """Keep a row in its table, its indexes and the figures over it."""
        before, left = self.table(collection).put(row)
        if isinstance(row, LeaseRow):
            self._expiries.put(before, row)
        elif isinstance(row, DecisionRow) and before is None:
            second = self.pulse.setdefault(int(row.at), [0, 0, 0])
            second[("allow", "deny", "escalate").index(row.outcome) if row.outcome in ("allow", "deny") else 2] += 1
            while len(self.pulse) > PULSE_SECONDS:
                del self.pulse[min(self.pulse)]
        return before, left

    def next_expiry(self) -> float | None:
        """When the next live lease expires (seconds since the epoch); None where none is live."""
        return self._expiries.next()
