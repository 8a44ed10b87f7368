"""Approval requests: what a person is asked, who has reviewed it, and what became of it.

    pending  → approved | rejected | expired | cancelled | void
    approved → consumed | expired | void

The first transition wins. Drift is a new revision within `pending`: reviews are cleared and the difference is kept.
"""

from collections.abc import Mapping, Set
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from console.model.base import Digest, Entity, Identifier, Input, Instant, Name, Reason, ResourceName, Shape
from console.model.bundles import Bundle, PublicationDetail
from console.model.decisions import Ask, PolicyReason, QuorumPart, Risk
from console.model.machine import machine
from console.model.reviewing import AccessChange, PastRequests, ReviewerLoad
from console.model.scales import DataClass
from console.model.states import ApprovalKind, ApprovalState

__all__ = ["ApprovalKind", "ApprovalState"]


APPROVAL = machine(
    "approval request",
    {
        ApprovalState.PENDING: {
            ApprovalState.APPROVED,
            ApprovalState.REJECTED,
            ApprovalState.EXPIRED,
            ApprovalState.CANCELLED,
            ApprovalState.VOID,
        },
        ApprovalState.APPROVED: {ApprovalState.CONSUMED, ApprovalState.EXPIRED, ApprovalState.VOID},
        ApprovalState.REJECTED: set(),
        ApprovalState.EXPIRED: set(),
        ApprovalState.CANCELLED: set(),
        ApprovalState.VOID: set(),
        ApprovalState.CONSUMED: set(),
    },
)


class Narrowing(Input):
    """A smaller ask: only what is named here changes, and only downwards. `seconds`, `uses` and `rows` are maxima."""

    seconds: int | None = Field(default=None, ge=1)
    uses: int | None = Field(default=None, ge=1)
    rows: int | None = Field(default=None, ge=1)
    resource: ResourceName | None = None


class ReviewInput(Input):
    """What a reviewer sends: a verdict on exactly the digest and revision that were shown.

    `reading_seconds` is how long the card was open, for the measure of the reviewer's own load.
    """

    verdict: Literal["approve", "reject"]
    digest: Digest
    revision: int = Field(ge=1)
    reason: str = Field(default="", max_length=1024)
    narrowing: Narrowing | None = None
    reading_seconds: float | None = Field(default=None, ge=0, le=86_400)


class Review(Shape):
    """A review as it is kept. `groups` are the reviewer's groups when the review was made."""

    reviewer: Name
    verdict: Literal["approve", "reject"]
    at: Instant
    reason: str = ""
    revision: int
    digest: Digest
    groups: tuple[Name, ...] = ()
    reading_seconds: float | None = None
    single_operator: bool = False
    hurried: bool = False
    """Whether it came at the end of a streak of approvals that was too fast to have read them."""


class ChainGlance(Shape):
    """What the chain had done when the request was made: enough for the card, in one shape."""

    agents: tuple[Name, ...]
    on_behalf_of: Name
    purpose: Name
    highest_class: DataClass
    rows: dict[DataClass, int] = Field(default_factory=dict)
    sends: int = 0
    depth: int = 0


class Approval(Entity):
    """An approval request. `digest` is taken over `ask`, or over the grant or bundle that is asked for."""

    collection: ClassVar[str] = "approvals"
    indexes: ClassVar[tuple[str, ...]] = ("state", "agent_id", "task_id", "root_task_id", "digest", "original_digest")

    kind: ApprovalKind
    state: ApprovalState = ApprovalState.PENDING
    revision: int = 1
    digest: Digest
    original_digest: Digest
    """The digest that the agent first asked for; narrowing and drift change `digest` and never this."""
    ask: Ask | None = None
    grant_id: Identifier | None = None
    bundle_id: Identifier | None = None
    agent_id: Identifier | None = None
    agent_name: str = ""
    agent_owner: str = ""
    task_id: Identifier | None = None
    root_task_id: Identifier | None = None
    blocking: tuple[PolicyReason, ...] = ()
    quorum: tuple[QuorumPart, ...]
    risk: Risk
    chain: ChainGlance | None = None
    max_ttl_seconds: int | None = None
    decision_id: Identifier | None = None
    requested_at: Instant
    requested_by: str
    """An agent's name or, for a grant or publication, an operator's."""
    deadline_at: Instant
    approved_at: Instant | None = None
    use_until: Instant | None = None
    ended_at: Instant | None = None
    end_reason: str = ""
    reviews: tuple[Review, ...] = ()
    narrowed_from: Ask | None = None
    drift: tuple[str, ...] = ()
    """What changed since the last revision, in words."""
    text_digest: Digest | None = None
    """The agent's words, kept apart; fetched with the request, absent when erased."""
    consumed_by: Identifier | None = None

    def due_at(self) -> datetime | None:
        if self.state is ApprovalState.PENDING:
            return self.deadline_at
        return self.use_until if self.state is ApprovalState.APPROVED else None


class ApprovalDetail(Shape):
    """One approval request with what the card needs beside it."""

    approval: Approval
    agent_text: str | None = None
    eligible: tuple[Name, ...] = ()
    """Operators who may still review, by name."""
    excluded: dict[Name, str] = Field(default_factory=dict)
    """Operators who may not, and why."""
    holds: tuple[str, ...] = ()
    """What the task holds now, in words."""
    access: AccessChange | None = None
    past: PastRequests | None = None
    load: ReviewerLoad | None = None
    """The load of the operator who looks."""
    publication: PublicationDetail | None = None
    """Of a request for publication: what it would change."""


class Publication(Shape):
    """A bundle whose publication is asked for, and the request that another policy author reviews."""

    bundle: Bundle
    approval: Approval


class CancelInput(Input):
    """Why an approval request is withdrawn by its task's agent."""

    reason: Reason


class Withdrawal(Input):
    """Why an operator takes their own approval back."""

    reason: Reason


def reviewers_of(approval: Approval, removed: Set[str] = frozenset()) -> Mapping[str, Set[str]]:
    """Those who have approved the present revision and are not `removed`, with their groups at that time."""
    return {
        review.reviewer: frozenset(review.groups)
        for review in approval.reviews
        if review.verdict == "approve" and review.revision == approval.revision and review.reviewer not in removed
    }


def narrow(ask: Ask, smaller: Narrowing) -> Ask:
    """The narrowed ask. Raises ValueError, naming the field, where it is not smaller or where nothing changes.

    A bound that the ask does not name may be set; one that it names may only shrink. A resource may only become one that
    lies below the one asked for (`docs/contracts` → `docs/contracts/2026`).
    """
    changes: dict[str, object] = {}
    for field in ("seconds", "uses", "rows"):
        wanted = getattr(smaller, field)
        if wanted is None:
            continue
        current = getattr(ask, field)
        if current is not None and wanted > current:
            raise ValueError(f"{field}: {wanted} is more than the {current} asked for")
        changes[field] = wanted
    if smaller.resource is not None:
        if smaller.resource != ask.resource and not smaller.resource.startswith(ask.resource.rstrip("/") + "/"):
            raise ValueError(f"resource: {smaller.resource} does not lie within {ask.resource}")
        changes["resource"] = smaller.resource
    narrowed = ask.model_copy(update=changes)
    if narrowed == ask:
        raise ValueError("nothing is narrower than what was asked for")
    return narrowed


def is_narrower(inner: Ask, outer: Ask) -> bool:
    """Whether `inner` asks for no more than `outer`, of the same agent, task and action."""
    same = ("agent_id", "task_id", "action", "environment", "issuer")
    if any(getattr(inner, field) != getattr(outer, field) for field in same):
        return False
    for field in ("seconds", "uses", "rows"):
        most, wanted = getattr(outer, field), getattr(inner, field)
        if most is not None and (wanted is None or wanted > most):
            return False
    below = inner.resource == outer.resource or inner.resource.startswith(outer.resource.rstrip("/") + "/")
    return below and inner.data_class.rank <= outer.data_class.rank
