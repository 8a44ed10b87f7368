"""What a view is: its columns, how a row becomes cells and sentences, and in which order rows stand.

Owns the shape that all views share, and `ViewRows`, which feeds a table. Pure; time is handed in as seconds since the
epoch, by the plane's clock.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Generic, Protocol, TypeVar

from console.model.filters import Fields, Node, evaluate
from console.tui.present.cells import Cell, Column
from console.tui.present.spans import Line
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
    moment,
)

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


_KEPT = 1_000
_first = itemgetter(0)


class Book(Protocol[R_co]):
    """The rows of one collection, as the mirror's tables are read."""

    @property
    def rows(self) -> Mapping[str, R_co]: ...
    def get(self, id: str) -> R_co | None: ...
    def of(self, index: str, value: str) -> Sequence[R_co]: ...
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
    The place in the order comes from the row and not from the clock: it is kept while the row is the same.
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


def arrange(
    view: View[R],
    source: Source,
    now: float,
    filter: Node | None = None,
    sorting: tuple[str, bool] | None = None,
    placed: dict[str, tuple[R, Any]] | None = None,
) -> list[str]:
    """The ids to show, in their order. `sorting` is a column and whether it descends; None is the view's own order.

    Rows without the value that is sorted by stand last either way. `placed` keeps, from one call to the next, where each row
    stands for as long as it is the same row.
    """
    at = moment(now)
    every = view.book(source).rows
    if filter is None:
        rows = [(id, row) for id, row in every.items() if view.shown(row, now)]
    else:
        rows = [(id, row) for id, row in every.items() if evaluate(filter, row, view.fields, at)]
    held = {} if placed is None else placed
    if len(held) > 2 * len(every) + _KEPT:
        held.clear()
    keyed = []
    for id, row in rows:
        known = held.get(id)
        if known is None or known[0] is not row:
            known = held[id] = (row, view.order(row, now))
        keyed.append((known[1], id, row))
    keyed.sort(key=_first)
    rows = [(id, row) for _, id, row in keyed]
    if sorting is not None and sorting[0] in view.sort_keys:
        key, descending = view.sort_keys[sorting[0]], sorting[1]
        valued = [(key(source, row), (id, row)) for id, row in rows]
        present = sorted((one for one in valued if one[0] is not None), key=lambda one: one[0], reverse=descending)
        rows = [pair for _, pair in present] + [pair for value, pair in valued if value is None]
    return [id for id, _ in rows]


@dataclass(slots=True)
class ViewRows(Generic[R]):
    """What a table is fed with: a view over the source, in an order that was taken at an instant.

    `keys` is made anew by `rearrange` and never changed in place. `now` reads the plane's clock.
    """

    view: View[R]
    source: Source
    now: Callable[[], float]
    keys: Sequence[str] = field(default_factory=tuple)
    placed: dict[str, tuple[R, Any]] = field(default_factory=dict, repr=False)

    def rearrange(self, filter: Node | None = None, sorting: tuple[str, bool] | None = None) -> None:
        """Take the present order."""
        self.keys = arrange(self.view, self.source, self.now(), filter, sorting, self.placed)

    def row(self, key: str) -> R:
        """A row by its id. Raises KeyError when it has left."""
        return self.view.book(self.source).rows[key]

    def version(self, key: str) -> Hashable:
        """Differs whenever the cells would differ. Raises KeyError when the row has left."""
        row: Any = self.row(key)
        return (row.version, self.view.depends(self.source, row), int(self.now()) if self.view.ticks(row) else 0)

    def cells(self, key: str) -> Sequence[Cell]:
        """The cells of a row. Raises KeyError when it has left."""
        return self.view.cells(self.source, self.row(key), self.now())

    def detail(self, key: str) -> tuple[Line, ...]:
        """The sentences about a row. Raises KeyError when it has left."""
        return self.view.detail(self.source, self.row(key), self.now())
