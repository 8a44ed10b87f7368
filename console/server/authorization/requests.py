"""Approval requests as pure functions: how one is made from a draft, how it drifts, and what a review makes of it."""

from collections.abc import Set
from datetime import datetime, timedelta

from console.model.actors import Role
from console.model.approvals import (
    APPROVAL,
    Approval,
    ApprovalKind,
    ApprovalState,
    ChainGlance,
    Review,
    ReviewInput,
    reviewers_of,
)
from console.model.decisions import QuorumPart
from console.model.operators import Operator
from console.model.problems import ProblemError
from console.model.quorum import AGENT_OWNER, is_eligible, is_met, merge
from console.model.scales import DataClass, RiskLevel
from console.server.authorization.drafts import Draft
from console.server.authorization.facts import Known


def glance(known: Known) -> ChainGlance:
    """What the chain has done, as the card shows it."""
    task, chain = known.task, known.chain
    return ChainGlance(
        agents=task.agents,
        on_behalf_of=task.on_behalf_of,
        purpose=task.intent.purpose,
        highest_class=chain.highest_class,
        rows={data_class: chain.rows(data_class) for data_class in DataClass if chain.rows(data_class)},
        sends=chain.sends,
        depth=task.depth,
    )


def request_of(
    draft: Draft, approval_id: str, *, now: datetime, deadline_seconds: int, max_ttl_seconds: int, text_digest: str | None
) -> Approval:
    """The request that an escalated draft opens."""
    decision, known = draft.decision, draft.known
    if known is None:
        raise AssertionError("only a decision on known facts escalates")
    return Approval(
        id=approval_id,
        kind=ApprovalKind.ACTION,
        digest=decision.digest,
        original_digest=decision.digest,
        ask=decision.ask,
        agent_id=known.agent.id,
        agent_name=known.agent.name,
        agent_owner=known.agent.owner,
        task_id=known.task.id,
        root_task_id=known.task.root_id,
        blocking=draft.blocking,
        quorum=merge(reason.quorum for reason in draft.blocking),
        risk=decision.risk,
        chain=glance(known),
        max_ttl_seconds=max_ttl_seconds,
        decision_id=decision.id,
        requested_at=now,
        requested_by=known.agent.name,
        deadline_at=min(now + timedelta(seconds=deadline_seconds), known.task.deadline_at),
        text_digest=text_digest,
    )


def drift(approval: Approval, draft: Draft) -> tuple[str, ...]:
    """What has changed since a request was shown, in words; empty when nothing that matters has."""
    changed = []
    before = {reason.policy_id for reason in approval.blocking}
    after = {reason.policy_id for reason in draft.blocking}
    if approval.digest != draft.decision.digest:
        changed.append("what is asked for has changed")
    changed.extend(f"{policy_id} now stands in the way" for policy_id in sorted(after - before))
    changed.extend(f"{policy_id} no longer stands in the way" for policy_id in sorted(before - after))
    if before == after and _parts(approval.quorum) != _parts(merge(reason.quorum for reason in draft.blocking)):
        changed.append("who must agree has changed")
    if approval.risk.level is not draft.decision.risk.level:
        changed.append(f"risk went from {approval.risk.level} to {draft.decision.risk.level}")
    return tuple(changed)


def revised(approval: Approval, draft: Draft, changes: tuple[str, ...], **more: object) -> Approval:
    """The next revision of a pending request: reviews cleared, the difference kept."""
    update: dict[str, object] = {
        "revision": approval.revision + 1,
        "digest": draft.decision.digest,
        "ask": draft.decision.ask,
        "blocking": draft.blocking,
        "quorum": merge(reason.quorum for reason in draft.blocking),
        "risk": draft.decision.risk,
        "chain": glance(draft.known) if draft.known else approval.chain,
        "reviews": (),
        "drift": changes,
    }
    return approval.model_copy(update=update | more)


def check_reviewer(approval: Approval, operator: Operator, *, single_operator: bool) -> None:
    """Whether an operator may review a request. Raises ProblemError `self_review`, `not_eligible`, `already_reviewed`."""
    why = why_not(approval, operator, single_operator=single_operator)
    if why is not None:
        code, text = why
        raise ProblemError(code, text)


def why_not(approval: Approval, operator: Operator, *, single_operator: bool) -> tuple[str, str] | None:
    """Why an operator may not review a request, as code and sentence; None where they may."""
    if any(review.reviewer == operator.id for review in approval.reviews):
        return "already_reviewed", "The same operator has reviewed this revision already."
    if approval.kind is ApprovalKind.PUBLICATION and Role.POLICY_AUTHOR not in operator.roles:
        return "not_eligible", "A publication is reviewed by a policy author."
    if single_operator:
        return None
    if approval.chain is not None and operator.id == approval.chain.on_behalf_of:
        return "self_review", "It is asked for on this operator's behalf."
    if approval.kind is ApprovalKind.PUBLICATION and operator.id == approval.requested_by:
        return "self_review", "Who asks does not review."
    groups = frozenset(operator.groups)
    parts = [part for part in approval.quorum if is_eligible(part, operator.id, groups)]
    if operator.id == approval.agent_owner and not any(part.group == AGENT_OWNER for part in parts):
        return "not_eligible", "The agent's owner reviews only where the policy names agent-owner."
    if operator.enrolled_at > approval.requested_at:
        return "not_eligible", "Enrolled after the request was made."
    if not parts:
        wanted = ", ".join(part.group for part in approval.quorum)
        return "not_eligible", f"The quorum asks for {wanted}; this operator is in none of them."
    return None


def reviewed(
    approval: Approval,
    operator: Operator,
    asked: ReviewInput,
    *,
    now: datetime,
    use_seconds: int,
    single_operator: bool,
    removed: Set[str] = frozenset(),
    hurried: bool = False,
) -> Approval:
    """The request after a review. One rejection ends it; it is approved when its quorum is met by different people.

    `removed` are reviewers who are no longer enrolled: what they said stays on the record and fills no seat.

    Raises ProblemError: `conflict` (another digest or revision), `not_an_edge`, `invalid` (a reason is missing), and what
    `check_reviewer` raises.
    """
    check_shown(approval, asked, now)
    check_reviewer(approval, operator, single_operator=single_operator)
    needs_reason = asked.verdict == "reject" or approval.risk.level.rank >= RiskLevel.HIGH.rank
    if needs_reason and not asked.reason.strip():
        raise ProblemError("invalid", "This verdict needs a reason.", next_step="Say why, in a sentence.")
    review = review_of(approval, operator, asked, now=now, single_operator=single_operator, hurried=hurried)
    after = approval.model_copy(update={"reviews": (*approval.reviews, review)})
    if asked.verdict == "reject":
        return after.model_copy(
            update={
                "state": APPROVAL.step(approval.state, ApprovalState.REJECTED),
                "ended_at": now,
                "end_reason": f"rejected by {operator.id}",
            }
        )
    met = single_operator or not after.quorum or is_met(after.quorum, reviewers_of(after, removed))
    return approve(after, now=now, use_seconds=use_seconds) if met else after


def review_of(
    approval: Approval, operator: Operator, asked: ReviewInput, *, now: datetime, single_operator: bool, hurried: bool = False
) -> Review:
    """A review as it is kept, bound to the revision and digest of the request."""
    return Review(
        reviewer=operator.id,
        verdict=asked.verdict,
        at=now,
        reason=asked.reason.strip(),
        revision=approval.revision,
        digest=approval.digest,
        groups=operator.groups,
        reading_seconds=asked.reading_seconds,
        single_operator=single_operator,
        hurried=hurried and asked.verdict == "approve",
    )


def approve(approval: Approval, *, now: datetime, use_seconds: int) -> Approval:
    """The request with its quorum met, usable for so many seconds."""
    return approval.model_copy(
        update={
            "state": APPROVAL.step(approval.state, ApprovalState.APPROVED),
            "approved_at": now,
            "use_until": now + timedelta(seconds=use_seconds),
        }
    )


def used(approval: Approval, by: str, now: datetime) -> Approval:
    """The approved request, spent on what it was for."""
    state = APPROVAL.step(approval.state, ApprovalState.CONSUMED)
    return approval.model_copy(update={"state": state, "ended_at": now, "end_reason": "used", "consumed_by": by})


def voided(approval: Approval, now: datetime, reason: str) -> Approval:
    """The request without effect from now on."""
    state = APPROVAL.step(approval.state, ApprovalState.VOID)
    return approval.model_copy(update={"state": state, "ended_at": now, "end_reason": reason})


def taken_back(approval: Approval, reviewer: str, now: datetime, reason: str) -> Approval:
    """The request without a reviewer's approval: pending still, or, where it had been approved by it, without effect.

    Raises ProblemError `not_found` where they have not approved it, `not_an_edge` where it has ended or was used.
    """
    if not any(one.reviewer == reviewer and one.verdict == "approve" for one in approval.reviews):
        raise ProblemError("not_found", "You have not approved this request.")
    if approval.state is ApprovalState.APPROVED:
        return voided(approval, now, f"taken back by {reviewer}: {reason}")
    if approval.state is not ApprovalState.PENDING:
        raise ProblemError(
            "not_an_edge",
            f"The request is {approval.state} already.",
            next_step="Revoke what came of it: the lease, or the grant.",
            state=approval.state.value,
        )
    return approval.model_copy(update={"reviews": tuple(one for one in approval.reviews if one.reviewer != reviewer)})


def check_shown(approval: Approval, asked: ReviewInput, now: datetime) -> None:
    """The first fence of a review: still pending, in time, and the very thing that was shown."""
    check_pending(approval, now)
    if asked.revision != approval.revision or asked.digest != approval.digest:
        raise ProblemError(
            "conflict",
            "The request has changed since it was shown to you.",
            revision=approval.revision,
            digest=approval.digest,
            drift=list(approval.drift),
        )


def check_pending(approval: Approval, now: datetime) -> None:
    """Whether a request can still be reviewed. Raises ProblemError `not_an_edge`."""
    if approval.state is not ApprovalState.PENDING:
        raise ProblemError("not_an_edge", f"The request is {approval.state} already.", state=approval.state.value)
    if approval.deadline_at <= now:
        raise ProblemError("not_an_edge", "The request has passed its deadline.", state=ApprovalState.EXPIRED.value)


def _parts(quorum: tuple[QuorumPart, ...]) -> set[tuple[str, int, tuple[str, ...]]]:
    return {(part.group, part.count, part.people) for part in quorum}
