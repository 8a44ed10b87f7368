"""Requests that end, or begin anew, without anybody's verdict: by time, by drift, or by another bundle in force."""

from console.model.actors import PLANE, Actor
from console.model.approvals import APPROVAL, Approval, ApprovalState
from console.model.decisions import Outcome
from console.model.problems import ProblemError
from console.server.authorization.drafts import Draft
from console.server.authorization.ending import settle
from console.server.authorization.requests import drift, revised
from console.server.ports import Transaction


def ended(approval: Approval, state: ApprovalState, tx: Transaction, reason: str) -> Approval:
    """The request as ended in a state. Raises ProblemError `not_an_edge`."""
    try:
        target = APPROVAL.step(approval.state, state)
    except ValueError:
        raise ProblemError("not_an_edge", f"The request is {approval.state} already.", state=approval.state.value) from None
    return approval.model_copy(update={"state": target, "ended_at": tx.now, "end_reason": reason})


def void(tx: Transaction, approval: Approval, reason: str, actor: Actor = PLANE) -> Approval:
    """End a request, as it was read, without effect, and what it asked for with it. Raises Moved, and ProblemError."""
    tx.require(approval)
    kept = tx.put(ended(approval, ApprovalState.VOID, tx, reason), "approval.void", actor)
    settle(tx, kept, actor)
    return kept


def drifted(approval: Approval, changes: tuple[str, ...]) -> ProblemError:
    """What a reviewer is told whose review came too late to count."""
    return ProblemError(
        "conflict",
        f"It changed while you looked: {'; '.join(changes)}. Your review was not counted.",
        revision=approval.revision,
        digest=approval.digest,
        state=approval.state.value,
        drift=list(changes),
    )


def expire(tx: Transaction, approval_id: str) -> None:
    """End a request whose time is over; nothing where it is not."""
    approval = tx.get(Approval, approval_id)
    due = approval.due_at() if approval else None
    if approval is None or due is None or due > tx.now:
        return
    reason = "its deadline passed" if approval.state is ApprovalState.PENDING else "it was approved and not used in time"
    kept = tx.put(ended(approval, ApprovalState.EXPIRED, tx, reason), "approval.expired", PLANE)
    settle(tx, kept, PLANE)


def redecide(tx: Transaction, approval: Approval, draft: Draft) -> int:
    """A pending request for an action under another bundle: void, a new revision, or as it was. Returns whether it changed."""
    tx.require(approval, *draft.require, fences=draft.fences)
    if draft.decision.outcome is not Outcome.ESCALATE:
        void(tx, approval, f"under the new bundle: {draft.decision.text}")
        return 1
    changes = drift(approval, draft)
    if not changes:
        return 0
    tx.put(revised(approval, draft, changes), "approval.revised", PLANE)
    return 1
