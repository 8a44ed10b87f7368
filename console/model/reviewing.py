"""What a reviewer is shown beside a request: their own load, what was asked before, what access grows by, what would follow.

Owns when a streak of approvals counts as hurried. Pure.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from console.model.base import ActionName, Digest, Instant, Name, ResourceName, Shape
from console.model.decisions import Ask, Outcome, PolicyReason, QuorumPart, Risk
from console.model.scales import DataClass

if TYPE_CHECKING:
    from console.model.approvals import Review

LOAD_SECONDS = 3600
"""Over how long a reviewer's load is counted: about as far back as tiredness at a queue reaches."""
HURRIED_STREAK = 5
"""So many fast approvals in a row are a habit; two or three alike can be one thought."""
HURRIED_WITHIN_SECONDS = 600.0
"""A streak ends with a pause: what lies longer ago is another sitting."""
LEAST_READING_SECONDS = 8.0
"""The lines of a card that decide are some forty words, and a practised reader takes about five of them a second."""


class ReviewerLoad(Shape):
    """What one reviewer has reviewed within the last `seconds`. `median_reading_seconds` is over what was measured.

    `streak` counts the approvals in a row, up to the last one, that were each read for less than `LEAST_READING_SECONDS`.
    """

    reviewer: Name
    seconds: int = LOAD_SECONDS
    approvals: int = 0
    rejections: int = 0
    median_reading_seconds: float | None = None
    share_approved: float | None = None
    streak: int = 0
    hurried: bool = False


class PastRequests(Shape):
    """How earlier requests of the same agent for the same scope ended. `last_by` are the reviewers of the last one."""

    approved: int = 0
    rejected: int = 0
    expired: int = 0
    other: int = 0
    last_state: str = ""
    last_at: Instant | None = None
    last_by: tuple[Name, ...] = ()


class Access(Shape):
    """Access as counts: how many leases (or grants), and how many different rights, actions and resources they make.

    `classes` counts the rights by the class of the data that they reach.
    """

    held: int = 0
    rights: int = 0
    actions: int = 0
    resources: int = 0
    classes: dict[DataClass, int] = Field(default_factory=dict)


class AccessChange(Shape):
    """What the task (or, for a grant, the agent by its grants) holds now, and what it would hold."""

    of: Literal["leases", "grants"] = "leases"
    now: Access
    then: Access


class ReviewPreview(Shape):
    """What approving a request, narrowed or as it stands, would come to. Nothing was written.

    `outcome` allow: nobody else must agree; escalate: `quorum` must; deny: it cannot be approved so. `digest` is what the
    review would stand on; `shown_digest` and `shown_revision` are those of the request as it was when this was asked.
    """

    shown_digest: Digest
    shown_revision: int
    outcome: Outcome
    text: str
    ask: Ask
    digest: Digest
    blocking: tuple[PolicyReason, ...] = ()
    quorum: tuple[QuorumPart, ...] = ()
    risk: Risk
    max_ttl_seconds: int | None = None
    drift: tuple[str, ...] = ()
    """What has changed since the request was shown; a review would not be counted."""


class PreviewedAction(Shape):
    """One action within a grant's scope: its outcome now, and with the grant."""

    action: ActionName
    resource: ResourceName
    before: Outcome
    after: Outcome


class GrantPreview(Shape):
    """What a grant would come to. Nothing was written.

    `opens` are the actions that it would newly allow, or newly let a person approve, as one of the agent's running tasks
    would be answered now; `asked` is of how many, and 0 where no running task could be asked for. `own_act_counts` is
    whether the asker's act is the first review; `why_not` says why it is not. `given_at_once` is whether that meets the quorum.
    """

    covers: tuple[PolicyReason, ...]
    quorum: tuple[QuorumPart, ...]
    own_act_counts: bool
    why_not: str = ""
    given_at_once: bool
    most_seconds: int
    starts_at: Instant
    ends_at: Instant
    review_due_at: Instant | None = None
    """Break-glass only: by when another person would have to review it."""
    risk: Risk
    opens: tuple[PreviewedAction, ...] = ()
    asked: int = 0
    access: AccessChange


def load_of(reviewer: str, reviews: Iterable["Review"], now: datetime) -> ReviewerLoad:
    """The load of a reviewer from their reviews, in any order; others' reviews and older ones count for nothing."""
    own = [one for one in reviews if one.reviewer == reviewer and 0 <= (now - one.at).total_seconds() <= LOAD_SECONDS]
    own.sort(key=lambda one: one.at)
    approvals = sum(one.verdict == "approve" for one in own)
    times = [one.reading_seconds for one in own if one.reading_seconds is not None]
    streak = _streak(own, now)
    return ReviewerLoad(
        reviewer=reviewer,
        approvals=approvals,
        rejections=len(own) - approvals,
        median_reading_seconds=round(median(times), 1) if times else None,
        share_approved=approvals / len(own) if own else None,
        streak=streak,
        hurried=streak >= HURRIED_STREAK,
    )


def _streak(own: list["Review"], now: datetime) -> int:
    """Fast approvals in a row, newest backwards. What was not measured, or not approved, ends it: it proves no haste."""
    count = 0
    for one in reversed(own):
        fast = one.reading_seconds is not None and one.reading_seconds < LEAST_READING_SECONDS
        if one.verdict != "approve" or not fast or (now - one.at).total_seconds() > HURRIED_WITHIN_SECONDS:
            break
        count += 1
    return count


def access_of(rights: Iterable[tuple[str, str, DataClass]], held: int) -> Access:
    """Counts over rights, each an action, a resource and the class that it reaches."""
    different: dict[tuple[str, str], DataClass] = {}
    for action, resource, data_class in rights:
        before = different.get((action, resource))
        if before is None or before.rank < data_class.rank:
            different[action, resource] = data_class
    return Access(
        held=held,
        rights=len(different),
        actions=len({action for action, _ in different}),
        resources=len({resource for _, resource in different}),
        classes=dict(Counter(different.values())),
    )
