"""What the record says beside a request: its reviewer's load, requests like it, and the access it adds to. Reads only."""

from datetime import datetime

from console.model.approvals import Approval, ApprovalKind, ApprovalState, reviewers_of
from console.model.grants import Grant, GrantState
from console.model.leases import LIVE, Lease
from console.model.operators import Operator
from console.model.quorum import is_met
from console.model.reviewing import AccessChange, PastRequests, ReviewerLoad, access_of, load_of
from console.model.rights import Right
from console.model.scales import DataClass
from console.server.ports import Reader

LOOKED_AT = 300
"""How many requests, newest first, a load and a history are counted over: more than a person reviews in an hour."""
_SETTLED = {
    ApprovalState.APPROVED: "approved",
    ApprovalState.CONSUMED: "approved",
    ApprovalState.REJECTED: "rejected",
    ApprovalState.EXPIRED: "expired",
}


def load(reader: Reader, reviewer: str, now: datetime) -> ReviewerLoad:
    """The reviewer's own load. Reviews that drift has cleared are no longer on a request, and are not counted."""
    requests = reader.find(Approval, newest=True, limit=LOOKED_AT)
    return load_of(reviewer, (review for one in requests for review in one.reviews), now)


def past(reader: Reader, approval: Approval) -> PastRequests | None:
    """How earlier requests of the same agent for the same scope ended: the same action on the same resource, or a grant.

    None for what no agent is about.
    """
    if approval.agent_id is None:
        return None
    found = [
        one
        for one in reader.find(Approval, agent_id=approval.agent_id, newest=True, limit=LOOKED_AT)
        if one.id != approval.id and one.state is not ApprovalState.PENDING and _scope(one) == _scope(approval)
    ]
    counts = {"approved": 0, "rejected": 0, "expired": 0, "other": 0}
    for one in found:
        # One that was approved and not used in time was approved all the same.
        counts["approved" if one.approved_at is not None else _SETTLED.get(one.state, "other")] += 1
    last = max(found, key=_settled_at, default=None)
    if last is None:
        return PastRequests()
    return PastRequests(
        **counts,
        last_state=last.state.value,
        last_at=_settled_at(last),
        last_by=tuple(review.reviewer for review in last.reviews),
    )


def access(reader: Reader, approval: Approval) -> AccessChange | None:
    """What is held now and what would be, in counts; None for what gives no access."""
    if approval.kind is ApprovalKind.GRANT and approval.grant_id is not None:
        asked = reader.get(Grant, approval.grant_id)
        return None if asked is None else grant_access(reader, asked.agent_id, asked.scope)
    if approval.ask is None or approval.task_id is None:
        return None
    live = [lease for lease in reader.find(Lease, task_id=approval.task_id, limit=256) if lease.state in LIVE]
    held = [(lease.action, lease.resource, lease.data_class) for lease in live]
    ask = approval.ask
    with_it = [*held, (ask.action, ask.resource, ask.data_class)]
    return AccessChange(now=access_of(held, len(live)), then=access_of(with_it, len(live) + 1))


def grant_access(reader: Reader, agent_id: str, scope: Right) -> AccessChange:
    """What an agent's grants give now, and what they would give with one more."""
    live = [
        one
        for state in (GrantState.SCHEDULED, GrantState.ACTIVE)
        for one in reader.find(Grant, agent_id=agent_id, state=state, limit=256)
    ]
    held = [right for one in live for right in _spread(one.scope)]
    with_it = [*held, *_spread(scope)]
    return AccessChange(of="grants", now=access_of(held, len(live)), then=access_of(with_it, len(live) + 1))


def removed_reviewers(reader: Reader, approval: Approval) -> frozenset[str]:
    """Those who have reviewed a request and are no longer enrolled, or anew: a name enrolled again may be another person."""
    found = [(review, reader.get(Operator, review.reviewer)) for review in approval.reviews]
    return frozenset(
        review.reviewer
        for review, operator in found
        if operator is None or operator.removed or operator.enrolled_at > review.at
    )


def stands(reader: Reader, approval: Approval) -> bool:
    """Whether an approved request's quorum is met without those who are no longer enrolled."""
    removed = removed_reviewers(reader, approval)
    left = reviewers_of(approval, removed)
    if len(left) == len(reviewers_of(approval)):
        return True
    return bool(left) if not approval.quorum else is_met(approval.quorum, left)


def _scope(approval: Approval) -> tuple[str, str, str]:
    ask = approval.ask
    return (approval.kind.value, ask.action if ask else "", ask.resource if ask else "")


def _settled_at(approval: Approval) -> datetime:
    return approval.approved_at or approval.ended_at or approval.requested_at


def _spread(scope: Right) -> list[tuple[str, str, DataClass]]:
    return [(action, resource, scope.max_class) for action in scope.actions for resource in scope.resources]
