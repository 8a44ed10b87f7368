"""What a live table is fed with: rows by id, the condition they are in, and where a cursor goes when its row leaves.

Owns which cells have just changed. Pure but for the clock it is given, so that its rules are tested without a screen.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from time import monotonic
from typing import Protocol

from console.tui.present.cells import Cell, Column
from console.tui.present.spans import Span, Spans, Tone

CHANGE_SECONDS = 1.0
"""How long a changed cell is marked."""


class Rows(Protocol):
    """A view's rows in their order. Cells are asked for only when a row comes into sight.

    `keys` must not change in place: another order is another sequence.
    """

    @property
    def keys(self) -> Sequence[str]:
        """The ids in the order in which they are shown."""
        ...

    def version(self, key: str) -> Hashable:
        """Differs whenever the cells would differ; of a ticking row it holds the second. Raises KeyError when it is gone."""
        ...

    def cells(self, key: str) -> Sequence[Cell]:
        """One cell for every column of the table. Raises KeyError when the row is gone."""
        ...


class NoRows:
    """No row at all."""

    keys: Sequence[str] = ()

    def version(self, key: str) -> Hashable:
        """Raises KeyError."""
        raise KeyError(key)

    def cells(self, key: str) -> Sequence[Cell]:
        """Raises KeyError."""
        raise KeyError(key)


class Condition(StrEnum):
    """How rows stand; each but the first has a look of its own."""

    READY = "ready"
    LOADING = "loading"
    EMPTY = "empty"
    NOTHING_MATCHES = "nothing-matches"
    FAILED = "failed"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Notice:
    """The condition of a table, in words for the operator."""

    condition: Condition = Condition.READY
    words: str = ""
    hint: str = ""
    """What can be done about it."""


_SIGNS = {
    Condition.LOADING: ("○", Tone.MUTED),
    Condition.EMPTY: ("✓", Tone.OK),
    Condition.NOTHING_MATCHES: ("◆", Tone.INFO),
    Condition.FAILED: ("✗", Tone.DANGER),
    Condition.STALE: ("▲", Tone.WARN),
}
_WORDS = {
    Condition.LOADING: "no data yet",
    Condition.EMPTY: "nothing here",
    Condition.NOTHING_MATCHES: "nothing matches the filter",
    Condition.FAILED: "this could not be read",
    Condition.STALE: "not live: this is what was last known",
}


def notice_lines(notice: Notice) -> tuple[Spans, ...]:
    """The lines that say a condition: sign and words, then what can be done; none when the rows are ready."""
    sign = _SIGNS.get(notice.condition)
    if sign is None:
        return ()
    glyph, tone = sign
    loud = notice.condition in {Condition.FAILED, Condition.STALE}
    said = (Span(f"{glyph} ", tone, strong=loud), Span(notice.words or _WORDS[notice.condition], tone, strong=loud))
    if notice.condition is Condition.STALE:
        return ((*said, Span(f"   {notice.hint}", Tone.MUTED)) if notice.hint else said,)
    return (said, (Span(f"  {notice.hint}", Tone.MUTED),)) if notice.hint else (said,)


def place_of(keys: Sequence[str], key: str) -> int:
    """The index of an id; -1 where it is not. Sequences that can `find` are not searched through."""
    find = getattr(keys, "find", None)
    if find is not None:
        return int(find(key))
    try:
        return keys.index(key)
    except ValueError:
        return -1


def settle(before: Sequence[str], index: int, key: str | None, after: Sequence[str]) -> int:
    """Where the cursor that stood on `key` at `index` of `before` stands in `after`; -1 where there is no row.

    It stays with its id. When that has left it goes to the nearest row below that is still there, then to the
    nearest above.
    """
    if not after:
        return -1
    if key is None:
        return 0
    if 0 <= index < len(after) and after[index] == key:
        return index
    place = place_of(after, key)
    if place >= 0:
        return place
    places = None if hasattr(after, "find") else {one: at for at, one in enumerate(after)}
    for at in chain(range(index + 1, len(before)), range(min(index, len(before)) - 1, -1, -1)):
        place = place_of(after, before[at]) if places is None else places.get(before[at], -1)
        if place >= 0:
            return place
    return min(max(index, 0), len(after) - 1)


class Changes:
    """Which cells have changed within the last second. `now` is a monotonic clock in seconds."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._changed: dict[str, tuple[float, frozenset[int]]] = {}

    def note(self, key: str, before: Sequence[Cell], after: Sequence[Cell], columns: Sequence[Column]) -> bool:
        """Compare a row with what was painted; whether a cell changed that does not change with the clock alone."""
        moved = frozenset(
            index
            for index, (old, new) in enumerate(zip(before, after, strict=False))
            if old.text != new.text and not columns[index].ticking
        )
        if moved:
            self._changed[key] = (self._now() + CHANGE_SECONDS, moved)
        return bool(moved)

    def of(self, key: str) -> frozenset[int]:
        """The changed columns of a row."""
        return self._changed[key][1] if key in self._changed else frozenset()

    def rest(self) -> frozenset[str]:
        """Forget what is older than a second, and tell whose rows these were."""
        now = self._now()
        over = frozenset(key for key, (until, _) in self._changed.items() if until <= now)
        for key in over:
            del self._changed[key]
        return over

    def wait(self) -> float | None:
        """Seconds until the next cell comes to rest; None when all rest."""
        soonest = min((until for until, _ in self._changed.values()), default=None)
        return None if soonest is None else max(0.02, soonest - self._now())
