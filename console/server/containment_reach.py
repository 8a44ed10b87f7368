"""How far a containment reaches: the agent's running tasks, what was delegated from them, and the leases under both.

Pure over a reader; used by the preview, by the containment itself and by its tally.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.model.agents import Agent
from console.model.ids import make_id
from console.model.leases import Lease
from console.model.tasks import Task, TaskState
from console.server.broker.taking import live, pages
from console.server.ports import Reader

MANY = 100_000
LONGEST_LIFE = timedelta(hours=5)
"""Longer than any lease lives: older ones had ended before, whatever their history."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What stands under an agent: its running tasks, and every running task delegated from them, parents first."""

    agent: Agent
    own: tuple[Task, ...]
    delegated: tuple[Task, ...]

    @property
    def task_ids(self) -> tuple[str, ...]:
        """The ids of all of them, the agent's own first."""
        return tuple(task.id for task in (*self.own, *self.delegated))


def reach(reader: Reader, agent: Agent) -> Reach:
    """The reach of an agent as it stands."""
    own = tuple(reader.find(Task, agent_id=agent.id, state=TaskState.RUNNING, limit=MANY))
    seen = {task.id for task in own}
    delegated: list[Task] = []
    waiting = list(own)
    while waiting:
        parent = waiting.pop()
        for child in reader.find(Task, parent_id=parent.id, state=TaskState.RUNNING, limit=MANY):
            if child.id not in seen:
                seen.add(child.id)
                delegated.append(child)
                waiting.append(child)
    return Reach(agent, own, tuple(delegated))


def live_leases(reader: Reader, agent_id: str, task_ids: Iterable[str]) -> dict[str, Lease]:
    """The live leases of an agent and of tasks, by id."""
    found = {lease.id: lease for lease in live(reader, agent_id=agent_id)}
    for task_id in task_ids:
        found |= {lease.id: lease for lease in live(reader, task_id=task_id)}
    return found


def leases_then(reader: Reader, agent_id: str, task_ids: Iterable[str], at: datetime) -> dict[str, Lease]:
    """The leases of an agent and of tasks that had not ended at an instant, as they stand now."""
    begin = make_id("ls", at - LONGEST_LIFE, bytes(10))

    def all_leases() -> Iterator[Lease]:
        yield from pages(reader, begin=begin, agent_id=agent_id)
        for task_id in task_ids:
            yield from pages(reader, begin=begin, task_id=task_id)

    return {
        lease.id: lease
        for lease in all_leases()
        if lease.requested_at <= at and (lease.ended_at is None or lease.ended_at >= at)
    }
