"""Routes of AuthZEN 1.0: evaluation, evaluations and the well-known document."""

from starlette.responses import Response

from console.model.actors import ActorKind
from console.model.approvals import Approval
from console.model.authzen import (
    Configuration,
    Evaluation,
    EvaluationAnswer,
    Evaluations,
    EvaluationsAnswer,
    ItemAnswer,
    item_of,
    to_answer,
    to_decide,
    to_item_error,
)
from console.model.decisions import DecideInput, Decision
from console.model.problems import FieldError, ProblemError
from console.server.api.answers import tell
from console.server.api.entries import Routes
from console.server.api.pipeline import Call
from console.server.api.routing import CallOf
from console.server.identity.access import Act

authzen = Routes("authorization", "authzen")

_ENDS_BATCH = frozenset({"store_full", "store_unavailable", "no_policy", "internal"})


@authzen.post("/access/v1/evaluation", Act.DECIDE, EvaluationAnswer, hot=True, accepts=Evaluation)
async def evaluate_access(call: Call, asked: Evaluation) -> Response:
    """Decide one access request (AuthZEN 1.0, section 6). A denial is an answer; an escalation opens an approval request."""
    return tell(await _evaluate(call, asked, opens_request=True), sparse=True)


@authzen.post("/access/v1/evaluations", Act.DECIDE, EvaluationsAnswer | EvaluationAnswer)
async def evaluate_accesses(call: CallOf, asked: Evaluations) -> Response:
    """Decide a batch (section 7), as far as its semantic goes. Without items it is one evaluation. It opens no request."""
    if not asked.evaluations:
        return tell(await _evaluate(call, item_of(asked, asked), opens_request=True), sparse=True)
    answers: list[ItemAnswer] = []
    for item in asked.evaluations:
        answer = await _item(call, asked, item_of(asked, item))
        answers.append(answer)
        if asked.options.evaluations_semantic.stops_after(answer.decision):
            break
    return tell(EvaluationsAnswer(evaluations=tuple(answers)), sparse=True)


@authzen.get("/.well-known/authzen-configuration", Act.PUBLIC, Configuration)
async def show_configuration(call: CallOf) -> Response:
    """Where this decision point serves what (section 9)."""
    base = call.settings.authorization_url
    return tell(
        Configuration(
            policy_decision_point=base,
            access_evaluation_endpoint=f"{base}/access/v1/evaluation",
            access_evaluations_endpoint=f"{base}/access/v1/evaluations",
        )
    )


async def _item(call: Call, batch: Evaluations, asked: Evaluation) -> ItemAnswer:
    try:
        answer = await _evaluate(call, asked, opens_request=False)
    except ProblemError as error:
        if error.code in _ENDS_BATCH:
            raise
        return to_item_error(error)
    return ItemAnswer(decision=answer.decision, context=answer.context)


async def _evaluate(call: Call, asked: Evaluation, *, opens_request: bool) -> EvaluationAnswer:
    question = await _proven(call, asked, to_decide(asked))
    decision, _ = await call.services.decisions.decide(
        question, asked_by=call.caller.actor, kind="evaluation", opens_request=opens_request
    )
    return to_answer(decision, _waiting(call, decision))


def _waiting(call: Call, decision: Decision) -> Approval | None:
    return call.services.store.get(Approval, decision.approval_id) if decision.approval_id else None


async def _proven(call: Call, asked: Evaluation, question: DecideInput) -> DecideInput:
    """The question about an agent that is proven: by its own credential, or to an enforcement point by the task's token.

    Raises ProblemError `not_allowed` for an agent that asks for another, `malformed` for a task without its token,
    `not_found` for an agent that is not known.
    """
    if call.caller.kind is ActorKind.AGENT:
        own = call.services.registry.find(question.agent)
        if own is None or call.caller.agent is None or call.caller.agent.id != own.id:
            raise ProblemError("not_allowed", "An agent asks for itself only.")
        return question.model_copy(update={"agent": own.id})
    agent = call.services.registry.known(question.agent)
    question = question.model_copy(update={"agent": agent.id})
    if asked.context.task is None:
        return question
    if asked.context.task.token is None:
        raise ProblemError(
            "malformed",
            "The task's token is missing.",
            errors=(FieldError(field="context.task.token", text="is required of an enforcement point"),),
        )
    task_id, spiffe_id = call.services.task_tokens.read(asked.context.task.token.get_secret_value(), call.services.clock.now())
    if task_id != asked.context.task.id or spiffe_id != agent.spiffe_id:
        raise ProblemError("not_allowed", "The task's token is not of this agent's task.")
    return question
