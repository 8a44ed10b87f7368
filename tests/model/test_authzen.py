"""AuthZEN's shapes and their converters, as pure functions."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from console.model.actors import PLANE
from console.model.authzen import (
    Evaluation,
    EvaluationItem,
    Evaluations,
    Semantic,
    from_decide,
    item_of,
    to_answer,
    to_decide,
    to_item_error,
)
from console.model.decisions import Ask, DecideInput, Decision, Outcome, Risk
from console.model.ids import make_id
from console.model.problems import ProblemError
from console.model.scales import DataClass, RiskLevel

AT = datetime(2026, 11, 23, tzinfo=UTC)
TASK = make_id("tk", AT, bytes(10))
LEASE = make_id("ls", AT, bytes(10))
AGENT = make_id("ag", AT, bytes(10))
ASKED = DecideInput(
    agent="executor-1",
    task_id=TASK,
    lease_id=LEASE,
    action="customers.read",
    resource="crm/customers",
    seconds=60,
    uses=2,
    rows=5,
    issuer="tokens",
    reason="because",
)


def decision(outcome: Outcome) -> Decision:
    ask = Ask(agent_id=AGENT, task_id=TASK, action="a.b", resource="x", data_class=DataClass.PUBLIC, environment="production")
    return Decision(
        id=make_id("dc", AT, bytes(10)),
        kind="evaluation",
        at=AT,
        outcome=outcome,
        agent_id=AGENT,
        agent_name="executor-1",
        task_id=TASK,
        root_task_id=TASK,
        asked_by=PLANE,
        ask=ask,
        digest="sha256:" + "0" * 64,
        code="permitted",
        text="It is permitted.",
        bundle_id=None,
        bundle_revision=3,
        risk=Risk(score=10, level=RiskLevel.LOW),
        obligations=("keep_access_record",),
        valid_until=AT,
    )


@pytest.mark.parametrize("asked", [ASKED, DecideInput(agent="executor-1", action="customers.read", resource="crm/customers")])
def test_a_question_goes_to_the_standards_shape_and_back(asked: DecideInput) -> None:
    assert to_decide(Evaluation.model_validate(from_decide(asked))) == asked


def test_unknown_fields_are_ignored_and_a_task_token_is_not_shown() -> None:
    body = from_decide(ASKED, "secret-token") | {"extension": 1}
    asked = Evaluation.model_validate(body)
    assert "secret-token" not in repr(asked)
    assert asked.context.task is not None
    assert asked.context.task.token is not None
    assert asked.context.task.token.get_secret_value() == "secret-token"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("subject", "type"), "user", "subject.type"),
        (("resource", "type"), "table", "resource.type"),
        (("resource", "id"), "a b", "resource.id"),
        (("action", "name"), "Read!", "action.name"),
        (("context", "task", "id"), "tk_1", "context.task.id"),
        (("context", "lease", "id"), "ls_1", "context.lease.id"),
        (("action", "properties", "seconds"), 0, "action.properties.seconds"),
        (("action", "properties", "rows"), -1, "action.properties.rows"),
    ],
)
def test_what_is_out_of_shape_is_named_in_the_standards_words(path: tuple[str, ...], value: object, field: str) -> None:
    body = from_decide(ASKED)
    part = body
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    with pytest.raises(ProblemError) as error:
        to_decide(Evaluation.model_validate(body))
    assert error.value.code == "malformed"
    assert [one.field for one in error.value.errors] == [field]


def test_an_item_takes_each_part_as_a_whole_from_itself_or_the_batch() -> None:
    body = from_decide(ASKED)
    batch = Evaluations.model_validate(body)
    own = EvaluationItem.model_validate({"action": {"name": "orders.read"}})
    made = item_of(batch, own)
    assert (made.action.name, made.action.properties.rows) == ("orders.read", None)
    assert made.subject == batch.subject
    with pytest.raises(ProblemError) as error:
        item_of(Evaluations(), EvaluationItem())
    assert [one.field for one in error.value.errors] == ["subject", "action", "resource"]


def test_a_batch_is_bounded() -> None:
    with pytest.raises(ValidationError):
        Evaluations.model_validate({"evaluations": [{}] * 101})


@pytest.mark.parametrize("decision_made", [True, False])
def test_when_a_batch_stops(decision_made: bool) -> None:
    assert Semantic.EXECUTE_ALL.stops_after(decision_made) is False
    assert Semantic.DENY_ON_FIRST_DENY.stops_after(decision_made) is not decision_made
    assert Semantic.PERMIT_ON_FIRST_PERMIT.stops_after(decision_made) is decision_made


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_allow_is_true(outcome: Outcome) -> None:
    answer = to_answer(decision(outcome))
    assert answer.decision is (outcome is Outcome.ALLOW)
    assert answer.context is not None
    assert answer.context.outcome is outcome
    assert answer.context.obligations == ("keep_access_record",)
    assert (answer.context.valid_until, answer.context.bundle_revision) == (AT, 3)


def test_an_item_that_fails_is_a_denial_with_its_error() -> None:
    answer = to_item_error(ProblemError("not_found", "There is no such agent."))
    assert answer.decision is False
    assert answer.model_dump()["context"]["error"] == {
        "status": 404,
        "code": "not_found",
        "message": "There is no such agent.",
    }
