"""Ids in an order that is kept while single ones come, move and leave.

Owns the order of one list. Places stand in blocks; whoever reads gets `Keys`, which share the blocks and never change: a
block is copied before it is changed under them. Pure.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain, islice
from operator import itemgetter
from typing import Any, TypeAlias, overload

Place: TypeAlias = tuple[Any, ...]
"""Where an id stands: what it is compared by, most pressing first, and the id itself last."""

BLOCK = 512
_last = itemgetter(-1)


class Keys(Sequence[str]):
    """The ids in their order at one instant."""

    __slots__ = ("_blocks", "_ends", "_places", "_ranking", "_stamp")

    def __init__(self, ranking: "Ranking", blocks: list[list[Place]], places: Mapping[str, Place], stamp: int) -> None:
        self._ranking = ranking
        self._blocks = blocks
        self._places = places
        self._stamp = stamp
        self._ends = list(accumulate(map(len, blocks)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> "str | list[str]":
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                return [self[at] for at in range(start, stop, step)]
            return list(islice(self._from(start), max(0, stop - start)))
        size = len(self)
        at = index + size if index < 0 else index
        if not 0 <= at < size:
            raise IndexError("no id has this index")
        block = bisect_left(self._ends, at + 1)
        id: str = self._blocks[block][at - (self._ends[block - 1] if block else 0)][-1]
        return id

    def __iter__(self) -> Iterator[str]:
        return map(_last, chain.from_iterable(self._blocks))

    def __contains__(self, id: object) -> bool:
        return isinstance(id, str) and self.find(id) >= 0

    def find(self, id: str) -> int:
        """The index of an id; -1 where it is not."""
        place = self._places.get(id)
        if place is not None:
            block = bisect_left(self._blocks, place, key=_last)
            if block < len(self._blocks):
                at = bisect_left(self._blocks[block], place)
                if at < len(self._blocks[block]) and self._blocks[block][at][-1] == id:
                    return at + (self._ends[block - 1] if block else 0)
        if self._stamp == self._ranking.stamp:
            return -1
        # The order has moved on since: only what was kept of it tells.
        return next((at for at, one in enumerate(self) if one == id), -1)

    def index(self, id: Any, start: int = 0, stop: int | None = None) -> int:
        """The index of an id. Raises ValueError where it is not between these two."""
        at = self.find(id)
        if at < 0 or at < start or (stop is not None and at >= stop):
            raise ValueError("the id is not there")
        return at

    def _from(self, start: int) -> Iterator[str]:
        block = bisect_left(self._ends, start + 1)
        if block >= len(self._blocks):
            return iter(())
        inside = start - (self._ends[block - 1] if block else 0)
        first = islice(self._blocks[block], inside, None)
        return map(_last, chain(first, chain.from_iterable(self._blocks[block + 1 :])))


class Ranking:
    """Ids by their places. No two places are equal, because each ends with its id."""

    __slots__ = ("_blocks", "_keys", "_mine", "places", "stamp")

    def __init__(self) -> None:
        self._blocks: list[list[Place]] = []
        self._mine: list[bool] = []
        self._keys: Keys | None = None
        self.places: dict[str, Place] = {}
        self.stamp = 0
        """Differs with every change."""

    def __len__(self) -> int:
        return len(self.places)

    def __contains__(self, id: str) -> bool:
        return id in self.places

    @property
    def keys(self) -> Keys:
        """The ids in their present order; the very same object while nothing changes."""
        if self._keys is None:
            self._keys = Keys(self, list(self._blocks), self.places, self.stamp)
            self._mine = [False] * len(self._blocks)
        return self._keys

    def append(self, ordered: list[Place]) -> None:
        """Let ids stand at places that are in order and behind all that are here; the list is kept as it is."""
        if ordered:
            self._blocks.append(ordered)
            self._mine.append(True)
            self.places.update((place[-1], place) for place in ordered)
            self._changed()

    def put(self, id: str, place: Place) -> bool:
        """Let an id stand at this place; whether that changed anything."""
        before = self.places.get(id)
        if before == place:
            return False
        if before is not None:
            self._remove(before)
        self.places[id] = place
        self._changed()
        if not self._blocks:
            self._blocks, self._mine = [[place]], [True]
            return True
        at = min(bisect_left(self._blocks, place, key=_last), len(self._blocks) - 1)
        block = self._own(at)
        insort(block, place)
        if len(block) > 2 * BLOCK:
            self._blocks[at : at + 1] = [block[:BLOCK], block[BLOCK:]]
            self._mine[at : at + 1] = [True, True]
        return True

    def drop(self, id: str) -> bool:
        """Let an id leave; whether it was there."""
        place = self.places.pop(id, None)
        if place is None:
            return False
        self._changed()
        self._remove(place)
        return True

    def after(self, place: Place) -> Place | None:
        """The first place that is not before this one; None where there is none."""
        at = bisect_left(self._blocks, place, key=_last)
        return self._blocks[at][bisect_left(self._blocks[at], place)] if at < len(self._blocks) else None

    def _remove(self, place: Place) -> None:
        at = bisect_left(self._blocks, place, key=_last)
        block = self._own(at)
        del block[bisect_left(block, place)]
        if not block:
            del self._blocks[at], self._mine[at]

    def _own(self, at: int) -> list[Place]:
        if not self._mine[at]:
            self._blocks[at] = list(self._blocks[at])
            self._mine[at] = True
        return self._blocks[at]

    def _changed(self) -> None:
        self._keys = None
        self.stamp += 1
