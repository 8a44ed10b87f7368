"""The calls of the authorization API, a method a route."""

from console.client.calls import Calls, Listed, part
from console.client.transport import Query, read
from console.model.agents import Agent, AgentRegistration, ContainInput, ReleaseInput, RetireInput
from console.model.approvals import Approval, ApprovalDetail, CancelInput, Narrowing, Publication, ReviewInput, Withdrawal
from console.model.audit import AuditRecord, Checkpoint, Checkpoints, FreeTextView, InclusionProof, TextErasing
from console.model.authzen import Configuration, Evaluation, EvaluationAnswer, Evaluations, EvaluationsAnswer, from_decide
from console.model.bundles import (
    Bundle,
    BundleChecked,
    BundleDraft,
    BundleTested,
    BundleView,
    PublicationInput,
    RollbackInput,
)
from console.model.decisions import DecideInput, Decision
from console.model.frameworks import (
    FrameworkReview,
    FrameworkReviewInput,
    Frameworks,
    FrameworkView,
    MetricView,
    SeedRows,
)
from console.model.grants import Grant, GrantEnding, GrantInput, GrantReview, GrantTerms
from console.model.locks import ContainmentPreview, ContainmentTally, Lock
from console.model.notices import Webhooks, WebhookTested
from console.model.operators import Operator, OperatorEnrolled, OperatorInput, OperatorRenewal, Whoami
from console.model.reviewing import GrantPreview, ReviewPreview
from console.model.tasks import (
    Chain,
    Delegation,
    ObservationInput,
    Task,
    TaskEnding,
    TaskOpened,
    TaskOpening,
    TaskStop,
)

_V1 = "/authorization/v1"


class AgentCalls(Calls):
    """Agents and the kill switch."""

    async def list_agents(self, **query: Query) -> Listed[Agent]:
        return await self._list("authorization", f"{_V1}/agents", Agent, query)

    async def show_agent(self, reference: str) -> Agent:
        return await self._get("authorization", f"{_V1}/agents/{part(reference)}", Agent)

    async def register_agent(self, asked: AgentRegistration, *, key: str | None = None) -> Agent:
        return await self._post("authorization", f"{_V1}/agents", Agent, asked, key=key)

    async def retire_agent(self, reference: str, reason: str, *, key: str | None = None) -> Agent:
        path = f"{_V1}/agents/{part(reference)}/retire"
        return await self._post("authorization", path, Agent, RetireInput(reason=reason), key=key)

    async def preview_containment(self, reference: str) -> ContainmentPreview:
        return await self._get("authorization", f"{_V1}/agents/{part(reference)}/contain", ContainmentPreview)

    async def contain_agent(self, reference: str, reason: str, *, key: str | None = None) -> ContainmentTally:
        path = f"{_V1}/agents/{part(reference)}/contain"
        return await self._post("authorization", path, ContainmentTally, ContainInput(reason=reason), key=key)

    async def release_agent(self, reference: str, reason: str, *, if_match: int | None = None, key: str | None = None) -> Lock:
        path = f"{_V1}/agents/{part(reference)}/release"
        return await self._post("authorization", path, Lock, ReleaseInput(reason=reason), key=key, if_match=if_match)

    async def list_locks(self, **query: Query) -> Listed[Lock]:
        return await self._list("authorization", f"{_V1}/locks", Lock, query)

    async def show_lock(self, lock_id: str) -> Lock:
        return await self._get("authorization", f"{_V1}/locks/{part(lock_id)}", Lock)

    async def show_tally(self, lock_id: str) -> ContainmentTally:
        return await self._get("authorization", f"{_V1}/locks/{part(lock_id)}/tally", ContainmentTally)


class TaskCalls(Calls):
    """Tasks: the agent's side, and the operator's stop."""

    async def list_tasks(self, **query: Query) -> Listed[Task]:
        return await self._list("authorization", f"{_V1}/tasks", Task, query)

    async def show_task(self, task_id: str) -> Task:
        return await self._get("authorization", f"{_V1}/tasks/{part(task_id)}", Task)

    async def show_chain(self, task_id: str) -> Chain:
        return await self._get("authorization", f"{_V1}/tasks/{part(task_id)}/chain", Chain)

    async def open_task(self, asked: TaskOpening, *, key: str | None = None) -> TaskOpened:
        return await self._post("authorization", f"{_V1}/tasks", TaskOpened, asked, key=key)

    async def delegate_task(self, task_id: str, asked: Delegation, *, key: str | None = None) -> TaskOpened:
        return await self._post("authorization", f"{_V1}/tasks/{part(task_id)}/delegate", TaskOpened, asked, key=key)

    async def send_heartbeat(self, task_id: str) -> Task:
        return await self._post("authorization", f"{_V1}/tasks/{part(task_id)}/heartbeat", Task)

    async def report_observation(self, task_id: str, asked: ObservationInput, *, key: str | None = None) -> Chain:
        return await self._post("authorization", f"{_V1}/tasks/{part(task_id)}/observations", Chain, asked, key=key)

    async def complete_task(self, task_id: str, note: str = "", *, key: str | None = None) -> Task:
        path = f"{_V1}/tasks/{part(task_id)}/complete"
        return await self._post("authorization", path, Task, TaskEnding(note=note), key=key)

    async def fail_task(self, task_id: str, note: str = "", *, key: str | None = None) -> Task:
        return await self._post("authorization", f"{_V1}/tasks/{part(task_id)}/fail", Task, TaskEnding(note=note), key=key)

    async def stop_task(self, task_id: str, reason: str, *, if_match: int | None = None, key: str | None = None) -> Task:
        path = f"{_V1}/tasks/{part(task_id)}/stop"
        return await self._post("authorization", path, Task, TaskStop(reason=reason), key=key, if_match=if_match)


class ReviewCalls(Calls):
    """Approval requests, grants and decisions."""

    async def decide(self, asked: DecideInput, *, task_token: str | None = None, key: str | None = None) -> EvaluationAnswer:
        """Ask for one decision (AuthZEN 1.0). `task_token` is what an enforcement point shows of the agent's task."""
        body = from_decide(asked, task_token)
        return await self._post("authorization", "/access/v1/evaluation", EvaluationAnswer, body, key=key)

    async def evaluate(self, asked: Evaluation, *, key: str | None = None) -> EvaluationAnswer:
        """One evaluation in the standard's own shape. A task token in it is secret: build it with `decide` instead."""
        return await self._post("authorization", "/access/v1/evaluation", EvaluationAnswer, asked, key=key)

    async def evaluate_many(self, asked: Evaluations, *, key: str | None = None) -> EvaluationsAnswer:
        """A batch; it must have items."""
        return await self._post("authorization", "/access/v1/evaluations", EvaluationsAnswer, asked, key=key)

    async def show_configuration(self) -> Configuration:
        path = "/.well-known/authzen-configuration"
        answer: Configuration = read(Configuration, await self._transport.send("authorization", "GET", path, open_to_all=True))
        return answer

    async def list_approvals(self, **query: Query) -> Listed[Approval]:
        return await self._list("authorization", f"{_V1}/approvals", Approval, query)

    async def show_approval(self, approval_id: str) -> ApprovalDetail:
        return await self._get("authorization", f"{_V1}/approvals/{part(approval_id)}", ApprovalDetail)

    async def review_approval(self, approval_id: str, asked: ReviewInput, *, key: str | None = None) -> Approval:
        return await self._post("authorization", f"{_V1}/approvals/{part(approval_id)}/reviews", Approval, asked, key=key)

    async def preview_review(self, approval_id: str, asked: Narrowing) -> ReviewPreview:
        """What approving would come to, narrowed or, with nothing named, as it stands."""
        return await self._ask("authorization", f"{_V1}/approvals/{part(approval_id)}/preview", ReviewPreview, asked)

    async def withdraw_approval(self, approval_id: str, reason: str, *, key: str | None = None) -> Approval:
        path = f"{_V1}/approvals/{part(approval_id)}/withdraw"
        return await self._post("authorization", path, Approval, Withdrawal(reason=reason), key=key)

    async def cancel_approval(self, approval_id: str, reason: str, *, key: str | None = None) -> Approval:
        path = f"{_V1}/approvals/{part(approval_id)}/cancel"
        return await self._post("authorization", path, Approval, CancelInput(reason=reason), key=key)

    async def list_grants(self, **query: Query) -> Listed[Grant]:
        return await self._list("authorization", f"{_V1}/grants", Grant, query)

    async def show_grant(self, grant_id: str) -> Grant:
        return await self._get("authorization", f"{_V1}/grants/{part(grant_id)}", Grant)

    async def request_grant(self, asked: GrantInput, *, key: str | None = None) -> Grant:
        return await self._post("authorization", f"{_V1}/grants", Grant, asked, key=key)

    async def preview_grant(self, asked: GrantTerms) -> GrantPreview:
        """What a grant would come to, if the caller asked for it now."""
        return await self._ask("authorization", f"{_V1}/grants/preview", GrantPreview, asked)

    async def revoke_grant(self, grant_id: str, reason: str, *, key: str | None = None) -> Grant:
        path = f"{_V1}/grants/{part(grant_id)}/revoke"
        return await self._post("authorization", path, Grant, GrantEnding(reason=reason), key=key)

    async def review_break_glass(self, grant_id: str, reason: str, *, key: str | None = None) -> Grant:
        path = f"{_V1}/grants/{part(grant_id)}/review"
        return await self._post("authorization", path, Grant, GrantReview(reason=reason), key=key)

    async def list_decisions(self, **query: Query) -> Listed[Decision]:
        return await self._list("authorization", f"{_V1}/decisions", Decision, query)

    async def show_decision(self, decision_id: str) -> Decision:
        return await self._get("authorization", f"{_V1}/decisions/{part(decision_id)}", Decision)

    async def preview_decision(self, asked: DecideInput) -> Decision:
        return await self._ask("authorization", f"{_V1}/decisions/preview", Decision, asked)


class RecordCalls(Calls):
    """Bundles, audit, frameworks and operators."""

    async def list_bundles(self, **query: Query) -> Listed[Bundle]:
        return await self._list("authorization", f"{_V1}/bundles", Bundle, query)

    async def show_current_bundle(self) -> BundleView:
        return await self._get("authorization", f"{_V1}/bundles/current", BundleView)

    async def show_bundle(self, bundle_id: str) -> Bundle:
        return await self._get("authorization", f"{_V1}/bundles/{part(bundle_id)}", Bundle)

    async def validate_bundle(self, draft: BundleDraft) -> BundleChecked:
        return await self._ask("authorization", f"{_V1}/bundles/validate", BundleChecked, draft)

    async def test_bundle(self, draft: BundleDraft) -> BundleTested:
        return await self._ask("authorization", f"{_V1}/bundles/test", BundleTested, draft)

    async def request_publication(self, asked: PublicationInput, *, key: str | None = None) -> Publication:
        return await self._post("authorization", f"{_V1}/bundles/publications", Publication, asked, key=key)

    async def roll_back(self, bundle_id: str, reason: str, *, key: str | None = None) -> Bundle:
        path = f"{_V1}/bundles/{part(bundle_id)}/rollback"
        return await self._post("authorization", path, Bundle, RollbackInput(reason=reason), key=key)

    async def list_audit(self, **query: Query) -> Listed[AuditRecord]:
        return await self._list("authorization", f"{_V1}/audit", AuditRecord, query)

    async def list_checkpoints(self, limit: int = 20) -> Checkpoints:
        return await self._get("authorization", f"{_V1}/audit/checkpoint", Checkpoints, limit=limit)

    async def make_checkpoint(self) -> Checkpoint:
        return await self._post("authorization", f"{_V1}/audit/checkpoint", Checkpoint)

    async def prove_record(self, seq: int, size: int | None = None) -> InclusionProof:
        return await self._get("authorization", f"{_V1}/audit/proof", InclusionProof, seq=seq, size=size)

    async def show_text(self, digest: str) -> FreeTextView:
        return await self._get("authorization", f"{_V1}/audit/texts/{part(digest)}", FreeTextView)

    async def erase_text(self, digest: str, reason: str, *, key: str | None = None) -> FreeTextView:
        path = f"{_V1}/audit/texts/{part(digest)}/erase"
        return await self._post("authorization", path, FreeTextView, TextErasing(reason=reason), key=key)

    async def list_frameworks(self) -> Frameworks:
        return await self._get("authorization", f"{_V1}/frameworks", Frameworks)

    async def list_seed_rows(self) -> SeedRows:
        return await self._get("authorization", f"{_V1}/frameworks/seed", SeedRows)

    async def show_framework(self, framework_id: str) -> FrameworkView:
        return await self._get("authorization", f"{_V1}/frameworks/{part(framework_id)}", FrameworkView)

    async def show_metric(self, metric_id: str) -> MetricView:
        return await self._get("authorization", f"{_V1}/frameworks/metrics/{part(metric_id)}", MetricView)

    async def review_framework(
        self, framework_id: str, asked: FrameworkReviewInput, *, key: str | None = None
    ) -> FrameworkReview:
        path = f"{_V1}/frameworks/{part(framework_id)}/reviews"
        return await self._post("authorization", path, FrameworkReview, asked, key=key)

    async def list_webhooks(self) -> Webhooks:
        return await self._get("authorization", f"{_V1}/webhooks", Webhooks)

    async def test_webhook(self, name: str, *, key: str | None = None) -> WebhookTested:
        return await self._post("authorization", f"{_V1}/webhooks/{part(name)}/test", WebhookTested, key=key)

    async def show_whoami(self) -> Whoami:
        return await self._get("authorization", f"{_V1}/whoami", Whoami)

    async def list_operators(self, **query: Query) -> Listed[Operator]:
        return await self._list("authorization", f"{_V1}/operators", Operator, query)

    async def enrol_operator(self, asked: OperatorInput, *, key: str | None = None) -> OperatorEnrolled:
        return await self._post("authorization", f"{_V1}/operators", OperatorEnrolled, asked, key=key)

    async def renew_operator(self, name: str, token_seconds: int, *, key: str | None = None) -> OperatorEnrolled:
        path = f"{_V1}/operators/{part(name)}/renew"
        asked = OperatorRenewal(token_seconds=token_seconds)
        return await self._post("authorization", path, OperatorEnrolled, asked, key=key)

    async def remove_operator(self, name: str, *, key: str | None = None) -> Operator:
        return await self._post("authorization", f"{_V1}/operators/{part(name)}/remove", Operator, key=key)
