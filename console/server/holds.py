"""Holds: power that was taken away in memory while the store could not, or could not yet, record it.

Owns the set of held agents, tasks and leases of this process. Decisions and introspection ask it beside the locks; it is
empty whenever every act that takes power away has been committed. It never gives anything: it can only refuse.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Holds:
    """Counted holds, so that two acts may hold the same thing and each lift only its own.

    Read from the writer's thread and changed on the event loop's; each change is one replacement of one entry.
    """

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    def hold(self, ids: Iterable[str]) -> None:
        """Refuse whatever stands under these agents, tasks or leases from now on."""
        for id in ids:
            self._held[id] += 1

    def lift(self, ids: Iterable[str]) -> None:
        """Undo one hold of each of these."""
        for id in ids:
            left = self._held[id] - 1
            if left > 0:
                self._held[id] = left
            else:
                self._held.pop(id, None)

    def held(self, agent_id: str, path: Iterable[str] = (), lease_id: str = "") -> bool:
        """Whether the agent, any task along `path` or the lease is held."""
        if not self._held:
            return False
        return agent_id in self._held or lease_id in self._held or any(id in self._held for id in path)

    @contextmanager
    def holding(self, ids: Iterable[str]) -> Iterator[None]:
        """Hold for as long as a piece of work takes."""
        taken = tuple(ids)
        self.hold(taken)
        try:
            yield
        finally:
            self.lift(taken)
