"""Events: the one feed that tells what has changed, and the snapshot that it continues."""

from typing import Any

from pydantic import Field

from console.model.agents import Agent
from console.model.approvals import Approval
from console.model.base import Entity, Instant, Json, Shape
from console.model.bundles import Bundle
from console.model.decisions import Decision
from console.model.grants import Grant
from console.model.leases import Lease
from console.model.locks import Lock
from console.model.notices import WebhookPosition
from console.model.operators import Operator, OperatorToken
from console.model.tasks import Chain, Task

ENTITIES: tuple[type[Entity], ...] = (
    Agent,
    Task,
    Chain,
    Lease,
    Approval,
    Grant,
    Lock,
    Bundle,
    Decision,
    Operator,
    OperatorToken,
    WebhookPosition,
)
"""Every kind of entity that a store keeps."""

MIRRORED: dict[str, type[Entity]] = {
    kind.collection: kind for kind in (Agent, Task, Chain, Lease, Approval, Grant, Lock, Bundle, Decision, Operator)
}
"""The collections that events and snapshots carry, by name."""

BROKER_COLLECTIONS = frozenset({"leases"})
"""What the broker's own feed is limited to."""


class Event(Shape):
    """One change. `cursor` orders the feed, from 1, without gaps; `body` is the whole entity after the change.

    `kind` says what happened (`lease.active`, `task.expired`); `collection` and `id` say to what.
    """

    cursor: int = Field(ge=1)
    at: Instant
    kind: str
    collection: str
    id: str
    actor: str = ""
    audit_seq: int | None = None
    body: dict[str, Json]


class SnapshotHead(Shape):
    """The first line of a snapshot: the cursor that it is true at, the plane's clock, and how many rows follow.

    The rows of the collections in `columns` come as lists of these values, many a line: see `SnapshotValues`.
    """

    cursor: int
    at: Instant
    rows: dict[str, int]
    columns: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class SnapshotRow(Shape):
    """One further line of a snapshot."""

    collection: str
    body: dict[str, Any]


class SnapshotValues(Shape):
    """A further line of a snapshot that was asked for by columns: rows, each as its values in the order of the head."""

    collection: str
    values: tuple[tuple[Any, ...], ...]


class Page(Shape):
    """A page of a list: rows, where the next one begins, and the cursor that they are true at."""

    items: tuple[dict[str, Json], ...]
    next: str | None = None
    cursor: int
