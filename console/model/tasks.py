"""Tasks: what an agent is trying to complete, and everything its chain has done on the way.

    running → completed | failed | cancelled | expired | contained

A task that is silent past its heartbeat is `expired`. The tasks delegated from one root form a chain; the chain's ledger
is kept once, under the root task's id.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from console.model.actors import Actor
from console.model.base import Digest, Entity, FreeText, Identifier, Input, Instant, Name, Reason, ResourceName, Shape
from console.model.machine import machine
from console.model.rights import Rights
from console.model.scales import DataClass, highest
from console.model.states import TaskState

__all__ = ["TaskState"]

MOST = 2**53 - 1
"""Where every count stops: the largest integer that JSON carries exactly. A ledger that is full still takes reports."""
Count = Annotated[int, Field(ge=0, le=MOST)]


TASK = machine(
    "task",
    {
        TaskState.RUNNING: {
            TaskState.COMPLETED,
            TaskState.FAILED,
            TaskState.CANCELLED,
            TaskState.EXPIRED,
            TaskState.CONTAINED,
        },
        TaskState.COMPLETED: set(),
        TaskState.FAILED: set(),
        TaskState.CANCELLED: set(),
        TaskState.EXPIRED: set(),
        TaskState.CONTAINED: set(),
    },
)


class IntentInput(Input):
    """A declared intent: one of the purposes that the bundle names, and the agent's own words."""

    purpose: Name
    text: FreeText = ""


class TaskOpening(Input):
    """What an agent sets when opening a task.

    `on_behalf_of` names the person or system for whom the work is done; `seconds` is how long the task may live;
    `heartbeat_seconds` is the longest silence. `rights` must lie within the agent's entitlement.
    """

    intent: IntentInput
    on_behalf_of: Name
    rights: Rights = Field(min_length=1)
    seconds: int = Field(default=900, ge=5, le=14_400)
    heartbeat_seconds: int = Field(default=30, ge=2, le=600)


class Delegation(Input):
    """What an agent sets when it delegates: to whom, for what, and which part of its own rights and time."""

    agent: Name
    intent: IntentInput
    rights: Rights = Field(min_length=1)
    seconds: int = Field(ge=2, le=14_400)
    heartbeat_seconds: int = Field(default=30, ge=2, le=600)


class TaskEnding(Input):
    """How a task's own agent ends it. The words are free text: kept apart, erasable."""

    note: FreeText = ""


class TaskStop(Input):
    """How an operator ends a task."""

    reason: Reason


class ObservationInput(Input):
    """What was read or sent under a task. Numbers add up and are never negative.

    A resource server names the lease that was presented; an agent need not. `data_class` may raise what the bundle says of
    the resource, never lower it. `rows` and `size_bytes` are counts.
    """

    direction: Literal["read", "sent"]
    resource: ResourceName
    action: str = Field(default="", max_length=128)
    lease_id: Identifier | None = None
    decision_id: Identifier | None = None
    data_class: DataClass | None = None
    rows: Count = 0
    size_bytes: Count = 0


class Intent(Shape):
    """The declared intent as it is kept: the agent's words stand under their digest, elsewhere."""

    purpose: Name
    text_digest: Digest | None = None


class Task(Entity):
    """A task. `path` holds the ids of its ancestors, root first, itself last."""

    collection: ClassVar[str] = "tasks"
    indexes: ClassVar[tuple[str, ...]] = ("agent_id", "parent_id", "root_id", "state")

    agent_id: Identifier
    agent_name: Name
    intent: Intent
    on_behalf_of: Name
    rights: Rights
    parent_id: Identifier | None = None
    root_id: Identifier
    path: tuple[Identifier, ...]
    agents: tuple[Name, ...]
    """The names of the agents along `path`: the delegation chain as people read it."""
    state: TaskState = TaskState.RUNNING
    opened_at: Instant
    deadline_at: Instant
    heartbeat_seconds: int
    heartbeat_due_at: Instant
    ended_at: Instant | None = None
    ended_by: Actor | None = None
    end_reason: str = ""
    end_text_digest: Digest | None = None

    @property
    def depth(self) -> int:
        """How many delegations lie between the root task and this one."""
        return len(self.path) - 1

    def due_at(self) -> datetime | None:
        return min(self.deadline_at, self.heartbeat_due_at) if self.state is TaskState.RUNNING else None


class TaskOpened(Shape):
    """The answer to opening or delegating. The task token is returned here, once, and stored nowhere."""

    task: Task
    task_token: str = Field(repr=False)


def _added(*counts: int) -> int:
    return min(MOST, sum(counts))


class Volume(Shape):
    """Rows and bytes."""

    rows: int = 0
    size_bytes: int = 0

    def plus(self, rows: int, size_bytes: int) -> "Volume":
        return Volume(rows=_added(self.rows, rows), size_bytes=_added(self.size_bytes, size_bytes))


_NOTHING = Volume()


class Chain(Entity):
    """The ledger of a whole delegation chain, under the id of its root task.

    It only ever grows. `counted` holds what resource servers and enforcement points reported, `claimed` what agents added.
    """

    collection: ClassVar[str] = "chains"

    highest_class: DataClass = DataClass.PUBLIC
    counted: dict[DataClass, Volume] = Field(default_factory=dict)
    claimed: dict[DataClass, Volume] = Field(default_factory=dict)
    sends: int = 0
    sent_bytes: int = 0
    reads: int = 0
    resources: tuple[str, ...] = ()
    """The first 256 resources touched, in order of first touch."""
    tools: tuple[str, ...] = ()
    last_observed_at: Instant | None = None

    def rows(self, data_class: DataClass) -> int:
        """Rows of a class that this chain has read, by all reports."""
        return _added(*(part.get(data_class, _NOTHING).rows for part in (self.counted, self.claimed)))

    def size_bytes(self, data_class: DataClass) -> int:
        """Bytes of a class that this chain has read, by all reports."""
        return _added(*(part.get(data_class, _NOTHING).size_bytes for part in (self.counted, self.claimed)))


def observe(chain: Chain, seen: ObservationInput, data_class: DataClass, *, counts: bool, tool: str, at: Instant) -> Chain:
    """The ledger after an observation. `counts` is true for reports of resource servers and enforcement points."""
    changes: dict[str, object] = {
        "highest_class": highest(chain.highest_class, data_class),
        "last_observed_at": at,
    }
    if seen.direction == "read":
        part = dict(chain.counted if counts else chain.claimed)
        part[data_class] = part.get(data_class, _NOTHING).plus(seen.rows, seen.size_bytes)
        changes["counted" if counts else "claimed"] = part
        changes["reads"] = chain.reads + 1
    else:
        changes["sends"] = chain.sends + 1
        changes["sent_bytes"] = _added(chain.sent_bytes, seen.size_bytes)
    if seen.resource not in chain.resources and len(chain.resources) < 256:
        changes["resources"] = (*chain.resources, seen.resource)
    if tool and tool not in chain.tools and len(chain.tools) < 64:
        changes["tools"] = (*chain.tools, tool)
    return chain.model_copy(update=changes)
