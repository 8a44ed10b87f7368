"""AuthZEN 1.0: the foreign shapes of the Authorization API of the OpenID Foundation, and the converters beside them.

Owns what the standard's names mean here. Unknown fields are ignored, as the standard says. A subject is of type `agent`, a
resource of type `resource`; the action's properties bound the ask; the task rides in `context.task`. A denial is an answer,
not an error, and `escalate` is a denial whose context names the approval request.
"""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from console.model.approvals import Approval
from console.model.base import Identifier, Instant, Json
from console.model.decisions import DecideInput, Decision, Outcome
from console.model.problems import FieldError, ProblemError
from console.model.scales import RiskLevel

MAX_EVALUATIONS = 100
SUBJECT_TYPE = "agent"
RESOURCE_TYPE = "resource"


class Foreign(BaseModel):
    """A shape of the standard. Frozen; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Subject(Foreign):
    """Who would act (AuthZEN 1.0, section 5.1): an agent, by its id, name or SPIFFE ID."""

    type: str = Field(max_length=64)
    id: str = Field(min_length=1, max_length=2048)


class ActionProperties(Foreign):
    """The bounds of what is asked: seconds, uses and rows at most, and the issuer of a lease."""

    seconds: int | None = None
    uses: int | None = None
    rows: int | None = None
    issuer: str | None = Field(default=None, max_length=128)


class Action(Foreign):
    """What would be done (section 5.3)."""

    name: str = Field(max_length=128)
    properties: ActionProperties = ActionProperties()


class Resource(Foreign):
    """What it would be done to (section 5.2)."""

    type: str = Field(max_length=64)
    id: str = Field(max_length=255)


class ContextTask(Foreign):
    """The task under which the agent acts, and the token that proves it to an enforcement point."""

    id: str = Field(max_length=64)
    token: SecretStr | None = Field(default=None, max_length=4096)


class ContextLease(Foreign):
    """The lease under which the action is about to be done."""

    id: str = Field(max_length=64)


class Context(Foreign):
    """What Leasehold reads of a context (section 5.4). `reason` is the agent's own words."""

    task: ContextTask | None = None
    lease: ContextLease | None = None
    reason: str = Field(default="", max_length=4096)


class Evaluation(Foreign):
    """An access evaluation request (section 6.1)."""

    subject: Subject
    action: Action
    resource: Resource
    context: Context = Context()


class Semantic(StrEnum):
    """How far a batch is evaluated (section 7.1.2.1)."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"

    def stops_after(self, decision: bool) -> bool:
        """Whether nothing is evaluated after an item with this decision."""
        if self is Semantic.DENY_ON_FIRST_DENY:
            return not decision
        return self is Semantic.PERMIT_ON_FIRST_PERMIT and decision


class Options(Foreign):
    """The options of a batch (section 7.1.2)."""

    evaluations_semantic: Semantic = Semantic.EXECUTE_ALL


class EvaluationItem(Foreign):
    """One item of a batch: what it leaves out comes from the batch's defaults, each as a whole (section 7.1.1)."""

    subject: Subject | None = None
    action: Action | None = None
    resource: Resource | None = None
    context: Context | None = None


class Evaluations(EvaluationItem):
    """An access evaluations request (section 7.1). Without items it is a single evaluation."""

    evaluations: tuple[EvaluationItem, ...] = Field(default=(), max_length=MAX_EVALUATIONS)
    options: Options = Options()


class ApprovalContext(Foreign):
    """The approval request that an escalation waits for."""

    id: Identifier
    state: str
    revision: int
    digest: str
    deadline_at: Instant


class ReasonContext(Foreign):
    """A policy that determined the decision."""

    policy_id: str
    effect: str
    text: str = ""
    quorum: tuple[dict[str, Json], ...] = ()


class DecisionContext(Foreign):
    """What rides along with a decision (section 6.2.1). An allow may be cached until `valid_until`, never longer."""

    id: Identifier
    outcome: Outcome
    code: str
    text: str
    reasons: tuple[ReasonContext, ...] = ()
    obligations: tuple[str, ...] = ()
    valid_until: Instant | None = None
    max_ttl_seconds: int | None = None
    risk_score: int = 0
    risk_level: RiskLevel = RiskLevel.LOW
    bundle_revision: int = 0
    approval_id: Identifier | None = None
    approval: ApprovalContext | None = None


class EvaluationAnswer(Foreign):
    """An access evaluation response (section 6.2)."""

    decision: bool
    context: DecisionContext | None = None


class ItemError(Foreign):
    """Why one item of a batch could not be evaluated (section 7.2.1): HTTP status, code and a sentence."""

    status: int
    code: str
    message: str


class ErrorContext(Foreign):
    """The context of an item that could not be evaluated."""

    error: ItemError


class ItemAnswer(Foreign):
    """The answer to one item of a batch. One that could not be evaluated is a denial with its error."""

    decision: bool
    context: DecisionContext | ErrorContext | None = None


class EvaluationsAnswer(Foreign):
    """An access evaluations response (section 7.2): answers in the order of the items, as far as the semantic went."""

    evaluations: tuple[ItemAnswer, ...]


class Configuration(Foreign):
    """The well-known document (section 9.1)."""

    policy_decision_point: str
    access_evaluation_endpoint: str
    access_evaluations_endpoint: str


def item_of(batch: Evaluations, item: EvaluationItem) -> Evaluation:
    """One item with the batch's defaults. Raises ProblemError `malformed` that names what neither of them gives."""
    parts: dict[str, Any] = {}
    for field in ("subject", "action", "resource", "context"):
        value = getattr(item, field)
        parts[field] = value if value is not None else getattr(batch, field)
    missing = [field for field in ("subject", "action", "resource") if parts[field] is None]
    if missing:
        errors = tuple(FieldError(field=field, text="is required") for field in missing)
        raise ProblemError("malformed", f"The evaluation has no {' and no '.join(missing)}.", errors=errors)
    if parts["context"] is None:
        parts["context"] = Context()
    return Evaluation(**parts)


def to_decide(asked: Evaluation) -> DecideInput:
    """What the plane is asked, in its own words.

    Raises ProblemError `malformed`, naming the field, for other types of subject or resource and for names out of shape.
    """
    wrong = []
    if asked.subject.type != SUBJECT_TYPE:
        wrong.append(FieldError(field="subject.type", text=f"must be {SUBJECT_TYPE}"))
    if asked.resource.type != RESOURCE_TYPE:
        wrong.append(FieldError(field="resource.type", text=f"must be {RESOURCE_TYPE}"))
    if wrong:
        raise ProblemError("malformed", "The evaluation names a type that is not known here.", errors=tuple(wrong))
    bounds = asked.action.properties
    try:
        return DecideInput(
            agent=asked.subject.id,
            task_id=asked.context.task.id if asked.context.task else None,
            lease_id=asked.context.lease.id if asked.context.lease else None,
            action=asked.action.name,
            resource=asked.resource.id,
            seconds=bounds.seconds,
            uses=bounds.uses,
            rows=bounds.rows,
            issuer=bounds.issuer,
            reason=asked.context.reason,
        )
    except ValidationError as error:
        errors = tuple(FieldError(field=_FOREIGN.get(str(one["loc"][0]), "request"), text=one["msg"]) for one in error.errors())
        raise ProblemError("malformed", "The evaluation has fields that are out of shape.", errors=errors) from None


_FOREIGN = {
    "agent": "subject.id",
    "task_id": "context.task.id",
    "lease_id": "context.lease.id",
    "action": "action.name",
    "resource": "resource.id",
    "seconds": "action.properties.seconds",
    "uses": "action.properties.uses",
    "rows": "action.properties.rows",
    "issuer": "action.properties.issuer",
    "reason": "context.reason",
}


def from_decide(asked: DecideInput, task_token: str | None = None) -> dict[str, Any]:
    """The request that a caller sends for what it wants decided; the inverse of `to_decide`."""
    bounds = {field: getattr(asked, field) for field in ("seconds", "uses", "rows", "issuer")}
    properties = {field: value for field, value in bounds.items() if value is not None}
    context: dict[str, Any] = {}
    if asked.task_id is not None:
        context["task"] = {"id": asked.task_id} | ({"token": task_token} if task_token else {})
    if asked.lease_id is not None:
        context["lease"] = {"id": asked.lease_id}
    if asked.reason:
        context["reason"] = asked.reason
    return {
        "subject": {"type": SUBJECT_TYPE, "id": asked.agent},
        "action": {"name": asked.action} | ({"properties": properties} if properties else {}),
        "resource": {"type": RESOURCE_TYPE, "id": asked.resource},
    } | ({"context": context} if context else {})


def to_answer(decision: Decision, approval: Approval | None = None) -> EvaluationAnswer:
    """The standard's answer for a committed decision; `approval` is the request that an escalation waits for."""
    waiting = approval is not None and decision.outcome is Outcome.ESCALATE
    return EvaluationAnswer(
        decision=decision.outcome is Outcome.ALLOW,
        context=DecisionContext(
            id=decision.id,
            outcome=decision.outcome,
            code=decision.code,
            text=decision.text,
            reasons=tuple(
                ReasonContext(
                    policy_id=reason.policy_id,
                    effect=reason.effect,
                    text=reason.text,
                    quorum=tuple({"group": part.group, "count": part.count} for part in reason.quorum),
                )
                for reason in decision.determining
            ),
            obligations=decision.obligations,
            valid_until=decision.valid_until,
            max_ttl_seconds=decision.max_ttl_seconds,
            risk_score=decision.risk.score,
            risk_level=decision.risk.level,
            bundle_revision=decision.bundle_revision,
            approval_id=decision.approval_id,
            approval=ApprovalContext(
                id=approval.id,
                state=approval.state.value,
                revision=approval.revision,
                digest=approval.digest,
                deadline_at=approval.deadline_at,
            )
            if waiting and approval is not None
            else None,
        ),
    )


def to_item_error(error: ProblemError) -> ItemAnswer:
    """The answer for an item that could not be evaluated: a denial that says why."""
    return ItemAnswer(
        decision=False,
        context=ErrorContext(error=ItemError(status=error.status, code=error.code, message=error.detail)),
    )
