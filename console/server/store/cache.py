"""Committed entities and short readings in memory, so that hot reads parse no JSON. It owns no fact: the database does.

Entities are frozen, so one object is shared by all who read it. Each collection has a bounded place of its own, least
recently read out first. Any thread may use it.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from typing import Final

from console.model.base import Entity

Key = tuple[str, str]
"""An entity's collection and id."""

CAPACITY: Final = 20_000
_SMALLER: Final = {"decisions": 2_000, "bundles": 64}
"""Decisions are many and seldom read again; bundles are large."""

MOST_READINGS: Final = 20_000
LONGEST_READING: Final = 16
"""How many entities a reading that is kept has at most."""


class EntityCache:
    """A bounded cache of committed entities.

    `generation` counts publications. Who loads an entity notes it first and hands it to `offer`, so that what was loaded
    before a commit never replaces what the commit made of it.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._kept: dict[str, OrderedDict[str, Entity]] = {}
        self._guard = threading.Lock()
        self._marks: dict[str, int] = {}
        self._cleared = 0
        self.generation = 0

    def get(self, key: Key) -> Entity | None:
        """The committed entity, if it is here."""
        collection, id = key
        with self._guard:
            place = self._kept.get(collection)
            found = place.get(id) if place is not None else None
            if found is not None and place is not None:
                place.move_to_end(id)
            return found

    def offer(self, key: Key, entity: Entity, generation: int) -> None:
        """Keep an entity that was loaded, unless something was committed since."""
        with self._guard:
            if generation == self.generation:
                self._keep(key, entity)

    def publish(self, changes: Mapping[Key, Entity | None]) -> None:
        """Take over what a commit changed; None where it dropped."""
        with self._guard:
            self.generation += 1
            for collection in {key[0] for key in changes}:
                self._marks[collection] = self.generation
            for key, entity in changes.items():
                if entity is None:
                    self._kept.get(key[0], OrderedDict()).pop(key[1], None)
                else:
                    self._keep(key, entity)

    def clear(self) -> None:
        """Forget everything; it is loaded again when it is asked for."""
        with self._guard:
            self.generation += 1
            self._cleared = self.generation
            self._kept.clear()

    def mark(self, collection: str) -> int:
        """A number that grows with each publication that changes something of a collection."""
        with self._guard:
            return max(self._cleared, self._marks.get(collection, 0))

    def _keep(self, key: Key, entity: Entity) -> None:
        collection, id = key
        place = self._kept.setdefault(collection, OrderedDict())
        place[id] = entity
        place.move_to_end(id)
        if len(place) > min(self._capacity, _SMALLER.get(collection, self._capacity)):
            place.popitem(last=False)


class ReadingCache:
    """A bounded number of short readings: what a lookup found, for as long as nothing of its collection was committed.

    Whoever keeps a reading took its collection's mark before reading, so that a reading is never older than its mark.
    """

    def __init__(self, most: int = MOST_READINGS) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[int, Sequence[Entity]]] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, lookup: Hashable, mark: int) -> Sequence[Entity] | None:
        """What the lookup found under this mark, if it is here."""
        with self._guard:
            found = self._kept.get(lookup)
            if found is None or found[0] != mark:
                return None
            self._kept.move_to_end(lookup)
            return found[1]

    def keep(self, lookup: Hashable, mark: int, found: Sequence[Entity]) -> None:
        """Keep a reading, unless it is a long one."""
        if len(found) > LONGEST_READING:
            return
        with self._guard:
            self._kept[lookup] = mark, tuple(found)
            self._kept.move_to_end(lookup)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
