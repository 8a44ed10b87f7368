"""Decisions: what was answered, on which facts, and by which policies."""

from typing import Annotated, ClassVar

from pydantic import Field

from console.model.actors import Actor
from console.model.base import (
    ActionName,
    Digest,
    Entity,
    FreeText,
    Identifier,
    Input,
    Instant,
    Json,
    Name,
    ResourceName,
    Shape,
)
from console.model.scales import DataClass, RiskLevel
from console.model.states import Outcome

__all__ = ["Outcome"]


class QuorumPart(Shape):
    """One part of a quorum: how many different people of a group must agree.

    `group` is a group of operators, `resource-owner`, `agent-owner` or a role; `people` are those whom the last three stand
    for.
    """

    group: Name
    count: int = Field(ge=1, le=10)
    people: tuple[Name, ...] = ()


class PolicyReason(Shape):
    """A policy that determined a decision, in words. `quorum` is empty where nobody can lift it."""

    policy_id: str
    effect: str
    text: str = ""
    quorum: tuple[QuorumPart, ...] = ()


class Fact(Shape):
    """One fact that a decision stood on: its value, where it came from, and how old it was (seconds)."""

    name: str
    value: Json
    source: str
    age_seconds: float = Field(ge=0)


class RiskFactor(Shape):
    """What raised the risk, and by how many points."""

    points: int
    text: str


class Risk(Shape):
    """A score from 0 to 100, its level, and what it is made of."""

    score: int = Field(ge=0, le=100)
    level: RiskLevel
    factors: tuple[RiskFactor, ...] = ()


class Ask(Shape):
    """Exactly what is asked: the value over which the action digest is taken, and which an approval covers.

    `seconds`, `uses` and `rows` are the most that is asked for; None means that the ask names no bound.
    """

    agent_id: Identifier
    task_id: Identifier | None
    action: ActionName
    resource: ResourceName
    data_class: DataClass
    environment: Name
    issuer: Name | None = None
    seconds: int | None = None
    uses: int | None = None
    rows: int | None = None


DecisionKind = Annotated[str, Field(pattern=r"^(evaluation|lease|renewal|search)$")]


class Decision(Entity):
    """A decision as it was committed before it was answered."""

    collection: ClassVar[str] = "decisions"
    indexes: ClassVar[tuple[str, ...]] = ("agent_id", "task_id", "root_task_id", "outcome")

    kind: DecisionKind
    at: Instant
    outcome: Outcome
    agent_id: Identifier
    agent_name: Name
    task_id: Identifier | None
    root_task_id: Identifier | None
    purpose: str = ""
    asked_by: Actor
    ask: Ask
    digest: Digest
    tool: str = ""
    effect: str = ""
    """What the action does: read, write or send."""
    determining: tuple[PolicyReason, ...] = ()
    code: str
    """Why, for machines: `permitted`, `no_permit`, `forbidden`, `needs_approval`, `locked`, `beyond_rights` and the like."""
    text: str
    """Why, for people: one sentence."""
    bundle_id: Identifier | None
    bundle_revision: int
    facts: tuple[Fact, ...] = ()
    risk: Risk
    obligations: tuple[str, ...] = ()
    max_ttl_seconds: int | None = None
    approval_id: Identifier | None = None
    grant_ids: tuple[Identifier, ...] = ()
    lifted: tuple[str, ...] = ()
    """Ids of approvable policies that an approval or a grant had lifted."""
    valid_until: Instant | None = None
    latency_seconds: float = 0.0


class DecideInput(Input):
    """What a decision is asked about, inside the plane; AuthZEN's foreign shape is converted to this."""

    agent: str = Field(min_length=1, max_length=2048)
    """An agent's id, name or SPIFFE ID."""
    task_id: Identifier | None = None
    lease_id: Identifier | None = None
    """The lease under which the action is about to be done: what its issue had lifted counts as lifted for it."""
    action: ActionName
    resource: ResourceName
    seconds: int | None = Field(default=None, ge=1, le=14_400)
    uses: int | None = Field(default=None, ge=1)
    rows: int | None = Field(default=None, ge=1)
    issuer: Name | None = None
    reason: FreeText = ""
