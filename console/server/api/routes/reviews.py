"""Routes of approval requests, grants and decisions."""

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from console.model.actors import ActorKind
from console.model.approvals import (
    Approval,
    ApprovalDetail,
    ApprovalKind,
    ApprovalState,
    CancelInput,
    Narrowing,
    ReviewInput,
    Withdrawal,
)
from console.model.base import Digest, Identifier
from console.model.decisions import DecideInput, Decision, Outcome
from console.model.events import Page
from console.model.grants import Grant, GrantEnding, GrantInput, GrantReview, GrantState, GrantTerms
from console.model.operators import Operator
from console.model.problems import ProblemError
from console.model.reviewing import GrantPreview, ReviewPreview
from console.server.api.answers import ListQuery, check_match, check_own, known, known_agent, page, tell
from console.server.api.entries import Routes
from console.server.api.pipeline import Call
from console.server.api.routes.tasks import agent_of
from console.server.api.routing import CallOf
from console.server.identity.access import Act, require

approvals = Routes("authorization", "approvals")
grants = Routes("authorization", "grants")
decisions = Routes("authorization", "decisions")
ApprovalId = Annotated[Identifier, Path()]
GrantId = Annotated[Identifier, Path()]
DecisionId = Annotated[Identifier, Path()]


class ApprovalsQuery(ListQuery):
    """Which approval requests to list."""

    state: ApprovalState | None = None
    agent_id: Identifier | None = None
    task_id: Identifier | None = None
    root_task_id: Identifier | None = None
    digest: Digest | None = None


class GrantsQuery(ListQuery):
    """Which grants to list."""

    agent_id: Identifier | None = None
    task_id: Identifier | None = None
    state: GrantState | None = None
    approval_id: Identifier | None = None


class DecisionsQuery(ListQuery):
    """Which decisions to list."""

    agent_id: Identifier | None = None
    task_id: Identifier | None = None
    root_task_id: Identifier | None = None
    outcome: Outcome | None = None


@approvals.get("/authorization/v1/approvals", Act.READ, Page)
async def list_approvals(call: CallOf, query: Annotated[ApprovalsQuery, Query()]) -> Response:
    """Approval requests."""
    return page(call, Approval, query)


@approvals.get("/authorization/v1/approvals/{approval_id}", Act.READ_APPROVAL, ApprovalDetail)
async def show_approval(call: CallOf, approval_id: ApprovalId) -> Response:
    """One request with what the card shows. An agent sees its own, without who may review it."""
    approval = known(call, Approval, approval_id)
    check_own(call, Act.READ_APPROVAL, approval.agent_id)
    if call.caller.kind is ActorKind.AGENT:
        return tell(ApprovalDetail(approval=approval))
    return tell(call.services.approvals.detail(approval_id, call.caller.operator))


@approvals.post("/authorization/v1/approvals/{approval_id}/preview", Act.PREVIEW, ReviewPreview, changes=False)
async def preview_review(call: CallOf, approval_id: ApprovalId, asked: Narrowing) -> Response:
    """What approving a request would come to, narrowed or, with nothing named, as it stands. It writes nothing."""
    return tell(call.services.previews.review(approval_id, asked))


@approvals.post("/authorization/v1/approvals/{approval_id}/reviews", Act.REVIEW, Approval)
async def review_approval(call: CallOf, approval_id: ApprovalId, asked: ReviewInput) -> Response:
    """Approve, approve less, or reject exactly what was shown. What meets the quorum of a publication publishes it."""
    approval = known(call, Approval, approval_id)
    if approval.kind is ApprovalKind.PUBLICATION:
        require(call.caller, Act.PUBLISH)
    else:
        require(call.caller, Act.APPROVE if asked.verdict == "approve" else Act.REJECT)
    check_match(call, approval)
    return tell(await call.services.approvals.review(operator_of(call), approval_id, asked))


@approvals.post("/authorization/v1/approvals/{approval_id}/withdraw", Act.WITHDRAW, Approval)
async def withdraw_approval(call: CallOf, approval_id: ApprovalId, asked: Withdrawal) -> Response:
    """Take back one's own approval, or one's own request for a publication, before anything came of it."""
    check_match(call, known(call, Approval, approval_id))
    return tell(await call.services.approvals.withdraw(operator_of(call), approval_id, asked.reason))


@approvals.post("/authorization/v1/approvals/{approval_id}/cancel", Act.CANCEL_APPROVAL, Approval)
async def cancel_approval(call: CallOf, approval_id: ApprovalId, asked: CancelInput) -> Response:
    """Withdraw one's own request."""
    return tell(await call.services.approvals.cancel(agent_of(call), approval_id, asked.reason))


@grants.get("/authorization/v1/grants", Act.READ, Page)
async def list_grants(call: CallOf, query: Annotated[GrantsQuery, Query()]) -> Response:
    """Grants, running, scheduled and ended."""
    return page(call, Grant, query)


@grants.post("/authorization/v1/grants", Act.GRANT, Grant, status=201)
async def request_grant(call: CallOf, asked: GrantInput) -> Response:
    """Ask for a grant; the asking is the first review."""
    return tell(await call.services.grants.request(operator_of(call), asked), status=201)


@grants.post("/authorization/v1/grants/preview", Act.PREVIEW, GrantPreview, changes=False)
async def preview_grant(call: CallOf, asked: GrantTerms) -> Response:
    """What a grant would come to, if the caller asked for it now. It writes nothing."""
    return tell(await call.services.previews.grant(operator_of(call), asked))


@grants.get("/authorization/v1/grants/{grant_id}", Act.READ, Grant)
async def show_grant(call: CallOf, grant_id: GrantId) -> Response:
    """One grant."""
    return tell(known(call, Grant, grant_id))


@grants.post("/authorization/v1/grants/{grant_id}/revoke", Act.END_GRANT, Grant)
async def revoke_grant(call: CallOf, grant_id: GrantId, asked: GrantEnding) -> Response:
    """End a grant early."""
    check_match(call, known(call, Grant, grant_id))
    return tell(await call.services.grants.revoke(call.caller.actor, grant_id, asked.reason))


@grants.post("/authorization/v1/grants/{grant_id}/review", Act.REVIEW_BREAK_GLASS, Grant)
async def review_break_glass(call: CallOf, grant_id: GrantId, asked: GrantReview) -> Response:
    """Say, as another person, that a break-glass grant was looked at."""
    check_match(call, known(call, Grant, grant_id))
    return tell(await call.services.grants.review_break_glass(operator_of(call), grant_id, asked.reason))


@decisions.get("/authorization/v1/decisions", Act.READ, Page)
async def list_decisions(call: CallOf, query: Annotated[DecisionsQuery, Query()]) -> Response:
    """Decisions as they were committed."""
    return page(call, Decision, query)


@decisions.post("/authorization/v1/decisions/preview", Act.SEARCH, Decision, changes=False)
async def preview_decision(call: CallOf, asked: DecideInput) -> Response:
    """What would be decided now. It writes nothing, and is no decision that anybody may act on."""
    agent = known_agent(call, asked.agent, Act.SEARCH)
    return tell(call.services.decisions.preview(asked.model_copy(update={"agent": agent.id})))


@decisions.get("/authorization/v1/decisions/{decision_id}", Act.READ_DECISION, Decision)
async def show_decision(call: CallOf, decision_id: DecisionId) -> Response:
    """One decision with its policies, facts and risk; an agent sees its own."""
    decision = known(call, Decision, decision_id)
    check_own(call, Act.READ_DECISION, decision.agent_id)
    return tell(decision)


def operator_of(call: Call) -> Operator:
    """The calling operator. Raises ProblemError `not_allowed` for any other caller."""
    if call.caller.operator is None:
        raise ProblemError("not_allowed", "Only an operator does this.")
    return call.caller.operator
