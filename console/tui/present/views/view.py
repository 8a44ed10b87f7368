"""What a view is: its columns, how a row becomes cells and sentences, and in which order rows stand.

Owns the shape that all views share, and `ViewRows`, which feeds a table. Pure; time is handed in as seconds since the
epoch, by the plane's clock.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from console.model.filters import Fields, Node
from console.tui.present.cells import Cell, Column
from console.tui.present.spans import Line
from console.tui.present.times import STYLE
from console.tui.present.views.arrangement import Arrangement, Sorting
from console.tui.present.views.ranking import Keys
from console.tui.rows import (
    AgentRow,
    ApprovalRow,
    BundleRow,
    ChainRow,
    DecisionRow,
    GrantRow,
    LeaseRow,
    LockRow,
    TaskRow,
)

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_ALL = 10**9


class Book(Protocol[R_co]):
    """The rows of one collection, as the mirror's tables are read."""

    @property
    def rows(self) -> Mapping[str, R_co]: ...
    def get(self, id: str) -> R_co | None: ...
    def of(self, index: str, value: str) -> Sequence[R_co]: ...
    def last(self, index: str, value: str) -> R_co | None: ...
    def count(self, index: str, *values: str) -> int: ...
    def __len__(self) -> int: ...


class Source(Protocol):
    """What the views read: the mirror's tables fit."""

    @property
    def agents(self) -> Book[AgentRow]: ...
    @property
    def tasks(self) -> Book[TaskRow]: ...
    @property
    def chains(self) -> Book[ChainRow]: ...
    @property
    def leases(self) -> Book[LeaseRow]: ...
    @property
    def approvals(self) -> Book[ApprovalRow]: ...
    @property
    def grants(self) -> Book[GrantRow]: ...
    @property
    def locks(self) -> Book[LockRow]: ...
    @property
    def bundles(self) -> Book[BundleRow]: ...
    @property
    def decisions(self) -> Book[DecisionRow]: ...
    @property
    def pulse(self) -> Mapping[int, Sequence[int]]: ...
    def next_expiry(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class View(Generic[R]):
    """One view. `cells` gives one cell for every column; `order` is the default order, most pressing first.

    `shown` says which rows stand there while nothing is filtered. `ticks` says whether a row changes with the clock alone.
    `order` is a tuple that comes from the row and not from the clock: it is kept while the row is the same. A row leaves
    `shown` with time and never comes back by it.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    fields: Fields
    book: Callable[[Source], Book[R]]
    cells: Callable[[Source, R, float], tuple[Cell, ...]]
    detail: Callable[[Source, R, float], tuple[Line, ...]]
    order: Callable[[R, float], Any]
    shown: Callable[[R, float], bool]
    sort_keys: Mapping[str, Callable[[Source, R], Any]]
    depends: Callable[[Source, R], Hashable] = lambda source, row: ()
    """What else than the row itself its cells show."""
    ticks: Callable[[R], bool] = lambda row: True
    empty: str = "Nothing here."
    hint: str = ""


def arrange(view: View[R], source: Source, now: float, filter: Node | None = None, sorting: Sorting = None) -> Sequence[str]:
    """The ids to show, in their order. `sorting` is a column and whether it descends; None is the view's own order.

    Rows without the value that is sorted by stand last either way.
    """
    made = Arrangement(view, source, filter, sorting)
    while not made.step(now, _ALL):
        pass
    return list(made.keys)


@dataclass(slots=True)
class ViewRows(Generic[R]):
    """What a table is fed with: a view over the source, in an order that is kept from change to change.

    `keys` is another object whenever the order is another one and never changes in place. `now` reads the plane's clock.
    """

    view: View[R]
    source: Source
    now: Callable[[], float]
    keys: Sequence[str] = field(default_factory=tuple)
    _shown: Arrangement[R] | None = field(default=None, repr=False)
    _coming: Arrangement[R] | None = field(default=None, repr=False)
    _others: bool = field(default=False, repr=False)

    def rearrange(self, filter: Node | None = None, sorting: Sorting = None) -> None:
        """Take the present order, whole."""
        self._shown = self._coming = None
        self.arrange(filter, sorting)
        while not self.step(_ALL):
            pass

    def arrange(self, filter: Node | None, sorting: Sorting) -> None:
        """Ask for this filter and sorting. Until `step` has come through, `keys` are what they were."""
        wanted = self._coming or self._shown
        if wanted is None or wanted.filter != filter or wanted.asked != sorting:
            self._coming = Arrangement(self.view, self.source, filter, sorting)

    def hear(self, dirty: Mapping[str, Collection[str]]) -> None:
        """Rows have changed: ids by collection."""
        ids = dirty.get(self.view.name)
        if ids:
            for one in self._both():
                one.hear(ids)
        self._others = self._others or len(dirty) > (ids is not None)

    def pass_time(self, *, sweep: bool = False) -> None:
        """A second has passed. `sweep` looks at every row that time or another collection may have moved."""
        for one in self._both():
            one.pass_time(sweep=sweep and (self._others or one.timed))
        self._others = self._others and not sweep

    def step(self, count: int) -> bool:
        """Look at no more than so many rows. Returns whether `keys` are what was asked for, up to the last change heard of."""
        now = self.now()
        if self._coming is not None:
            self._coming.step(now, count)
            if self._coming.ready:
                self._shown, self._coming = self._coming, None
        if self._shown is not None:
            self._shown.step(now, count)
            self._take(self._shown.keys)
        return self.settled

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to look at."""
        return self._coming is None and (self._shown is None or self._shown.settled)

    @property
    def arranged(self) -> bool:
        """Whether an order was taken at all."""
        return self._shown is not None

    def _both(self) -> list[Arrangement[R]]:
        return [one for one in (self._shown, self._coming) if one is not None]

    def _take(self, keys: Keys) -> None:
        """The order is this one."""
        self.keys = keys

    def row(self, key: str) -> R:
        """A row by its id. Raises KeyError when it has left."""
        return self.view.book(self.source).rows[key]

    def version(self, key: str) -> Hashable:
        """Differs whenever the cells would differ. Raises KeyError when the row has left."""
        row: Any = self.row(key)
        second = int(self.now()) if self.view.ticks(row) else 0
        return (row.version, self.view.depends(self.source, row), second, STYLE.absolute)

    def cells(self, key: str) -> Sequence[Cell]:
        """The cells of a row. Raises KeyError when it has left."""
        return self.view.cells(self.source, self.row(key), self.now())

    def detail(self, key: str) -> tuple[Line, ...]:
        """The sentences about a row. Raises KeyError when it has left."""
        return self.view.detail(self.source, self.row(key), self.now())
