"""Which rows a view shows and in which order: taken once, and from then on kept by looking only at the rows that changed.

Owns the order of one view under one filter and one sorting. It works in steps of so many rows, so that a long list never
keeps a key waiting. Pure; time is handed in as seconds since the epoch.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from console.model.filters import Comparison, Every, Match, Node, Not, Some, Word, evaluate
from console.tui.present.views.ranking import BLOCK, Keys, Place, Ranking
from console.tui.rows import moment

if TYPE_CHECKING:
    from console.tui.present.views.view import Source, View

R = TypeVar("R")
Sorting: TypeAlias = tuple[str, bool] | None
"""A column and whether it descends; None is the view's own order."""

_RUN = 4_000
_ASKED_FOR = frozenset({"id", "state", "ended"})
"""A filter that names one of these asks for rows that the view leaves out by itself: those that ended a while ago."""


class _Falling:
    """A value that is compared the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Falling") -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Falling) and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]  # it is only ever compared


def matches(node: Node) -> Iterator[Match | Word]:
    """The leaves of a filter."""
    if isinstance(node, Every | Some):
        for part in node.parts:
            yield from matches(part)
    elif isinstance(node, Not):
        yield from matches(node.inner)
    else:
        yield node


class Arrangement(Generic[R]):
    """The order of a view's rows. `hear` names rows that changed; `step` looks at them."""

    def __init__(self, view: "View[R]", source: "Source", filter: Node | None = None, sorting: Sorting = None) -> None:
        self.filter = filter
        self.asked = sorting
        self._sorting = sorting if sorting is not None and sorting[0] in view.sort_keys else None
        self._view = view
        self._source = source
        self._rows = view.book(source).rows
        leaves = [one for one in matches(filter) if isinstance(one, Match)] if filter is not None else []
        self._all_states = any(one.field in _ASKED_FOR for one in leaves)
        self.timed = any(isinstance(value, Comparison) and value.span for one in leaves for value in one.values)
        self._ranking = Ranking()
        self._moved: set[str] = set()
        self._passing: set[str] = set()
        self._coming: Iterator[str] | None = iter(list(self._rows))
        self._runs: list[list[Place]] = [[]]
        self._merging: Iterator[Place] | None = None

    @property
    def ready(self) -> bool:
        """Whether it has looked at every row at least once: before that it has no order to show."""
        return self._coming is None and self._merging is None

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to look at."""
        return self.ready and not self._moved

    @property
    def keys(self) -> Keys:
        """The ids in their order; the very same object while nothing in it changes."""
        return self._ranking.keys

    def hear(self, ids: Iterable[str]) -> None:
        """Rows have changed, come or left."""
        self._moved.update(ids)

    def pass_time(self, *, sweep: bool = False) -> None:
        """Time has passed, and some rows have been shown for long enough.

        `sweep` looks at every row where more than its own change can move it.
        """
        self._moved |= self._passing
        if sweep and self.ready and (self.timed or self._sorting is not None):
            self._moved.update(self._rows)

    def step(self, now: float, count: int) -> bool:
        """Look at no more than so many rows. Returns whether it is settled."""
        if self._coming is not None:
            self._collect(now, count)
        elif self._merging is not None:
            self._merge(count)
        else:
            shows = self._shows(now)
            for _ in range(min(count, len(self._moved))):
                self._consider(self._moved.pop(), now, shows)
        return self.settled

    def _collect(self, now: float, count: int) -> None:
        assert self._coming is not None
        shows = self._shows(now)
        taken = 0
        for id in islice(self._coming, count):
            taken += 1
            row = self._rows.get(id)
            if row is not None and shows(row):
                self._runs[-1].append(self._place(id, row, now))
                self._note(id, row)
        if len(self._runs[-1]) >= _RUN or taken < count:
            self._runs[-1].sort()
            self._runs.append([])
        if taken < count:
            self._coming = None
            self._merging = merge(*self._runs)
            self._runs = [[]]
            if count >= len(self._rows):
                self._merge(count)

    def _merge(self, count: int) -> None:
        assert self._merging is not None
        for _ in range(0, count, BLOCK):
            block = list(islice(self._merging, BLOCK))
            self._ranking.append(block)
            if len(block) < BLOCK:
                self._merging = None
                break

    def _consider(self, id: str, now: float, shows: Callable[[R], bool]) -> None:
        row = self._rows.get(id)
        if row is None or not shows(row):
            self._passing.discard(id)
            self._ranking.drop(id)
        else:
            self._note(id, row)
            self._ranking.put(id, self._place(id, row, now))

    def _note(self, id: str, row: R) -> None:
        if self._all_states or self._view.shown(row, inf):
            self._passing.discard(id)
        else:
            self._passing.add(id)

    def _shows(self, now: float) -> Callable[[R], bool]:
        node, shown, fields = self.filter, self._view.shown, self._view.fields
        if node is None:
            return lambda row: shown(row, now)
        at = moment(now)
        if self._all_states:
            return lambda row: evaluate(node, row, fields, at)
        return lambda row: shown(row, now) and evaluate(node, row, fields, at)

    def _place(self, id: str, row: R, now: float) -> Place:
        own: Place = self._view.order(row, now)
        if self._sorting is None:
            return (*own, id)
        value = self._view.sort_keys[self._sorting[0]](self._source, row)
        if value is None:
            return (1, *own, id)
        return (0, _Falling(value) if self._sorting[1] else value, *own, id)
