"""Whether something is locked. Asked before every act that gives, and never cached."""

from collections.abc import Iterable

from console.model.locks import Lock
from console.server.ports import Reader

LOCKS = "locks"
"""The fence that every lock advances: what was decided before a lock does not commit after it."""


def locked_by(reader: Reader, agent_id: str, path: Iterable[str]) -> Lock | None:
    """The lock that stands on an agent or on any task of a path, root first; None when there is none."""
    for target in (agent_id, *path):
        found = reader.find(Lock, target_id=target, active=True, limit=1)
        if found:
            return found[0]
    return None
