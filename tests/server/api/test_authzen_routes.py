"""AuthZEN 1.0 over HTTP: the three semantics of a batch, defaults, enforcement points and their tokens."""

from typing import Any

import pytest

from console.model.agents import Agent
from console.model.approvals import Approval
from tests.server.api.plane import GATEWAY, URL, Plane

ONE, MANY = "/access/v1/evaluation", "/access/v1/evaluations"
ALLOWED = {"action": {"name": "customers.read", "properties": {"rows": 5}}}
DENIED = {"action": {"name": "mail.send"}, "resource": {"type": "resource", "id": "outbox/press"}}
ESCALATED = {"action": {"name": "customers.read", "properties": {"rows": 301}}}


def batch(agent: Agent, task: dict[str, Any], items: list[dict[str, Any]], semantic: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "subject": {"type": "agent", "id": agent.name, "properties": {"ignored": True}},
        "resource": {"type": "resource", "id": "crm/customers"},
        "context": {"task": {"id": task["id"]}, "unknown": [1]},
        "evaluations": items,
        "extension": "ignored",
    }
    if semantic is not None:
        body["options"] = {"evaluations_semantic": semantic}
    return body


@pytest.mark.parametrize(
    ("semantic", "decisions"),
    [
        (None, [True, False, True, False]),
        ("execute_all", [True, False, True, False]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
async def test_a_batch_goes_as_far_as_its_semantic_says(
    plane: Plane, executor: Agent, semantic: str | None, decisions: list[bool]
) -> None:
    task = (await plane.opened(executor))["task"]
    body = batch(executor, task, [ALLOWED, DENIED, ALLOWED, ESCALATED], semantic)
    answer = await plane.call(executor, "POST", MANY, body)
    assert answer.status_code == 200, answer.text
    assert [one["decision"] for one in answer.json()["evaluations"]] == decisions


async def test_a_batch_says_escalate_and_opens_no_request(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    (one,) = (await plane.call(executor, "POST", MANY, batch(executor, task, [ESCALATED]))).json()["evaluations"]
    assert one["context"]["outcome"] == "escalate"
    assert "approval_id" not in one["context"]
    assert plane.services.store.count(Approval) == 0


async def test_an_item_that_cannot_be_evaluated_is_a_denial_with_its_error(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    other = ALLOWED | {"subject": {"type": "agent", "id": "nobody"}}
    wrong = ALLOWED | {"subject": {"type": "user", "id": "alice"}}
    answer = (await plane.call(executor, "POST", MANY, batch(executor, task, [other, wrong, ALLOWED]))).json()
    assert [one["decision"] for one in answer["evaluations"]] == [False, False, True]
    assert answer["evaluations"][0]["context"]["error"]["status"] == 403
    assert answer["evaluations"][1]["context"]["error"]["status"] == 400


async def test_without_items_it_is_one_evaluation(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    answer = (await plane.call(executor, "POST", MANY, batch(executor, task, []) | ALLOWED)).json()
    assert answer["decision"] is True
    assert "evaluations" not in answer


async def test_what_neither_item_nor_batch_gives_is_named(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    answer = await plane.call(executor, "POST", MANY, batch(executor, task, [{}]))
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "action", "text": "is required", "position": None}]


async def test_an_agent_asks_for_itself_only(plane: Plane, executor: Agent) -> None:
    other = await plane.world.agent("executor-2")
    task = (await plane.opened(executor))["task"]
    body = batch(executor, task, []) | ALLOWED
    answer = await plane.call(other, "POST", ONE, body)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


async def test_an_enforcement_point_shows_the_agents_own_task_token(plane: Plane, executor: Agent) -> None:
    other = await plane.world.agent("executor-2")
    opened, others = await plane.opened(executor), await plane.opened(other)
    task = opened["task"]
    body = batch(executor, task, []) | ALLOWED

    async def ask(token: str | None) -> Any:
        shown = {"id": task["id"]} | ({"token": token} if token else {})
        return await plane.call(GATEWAY, "POST", ONE, body | {"context": {"task": shown}})

    allowed = await ask(opened["task_token"])
    assert allowed.json()["decision"] is True, allowed.text
    assert opened["task_token"] not in allowed.text
    assert (await ask(None)).json()["code"] == "malformed"
    assert (await ask(others["task_token"])).json()["code"] == "not_allowed"
    assert (await ask(opened["task_token"] + "x")).status_code == 401
    assert (await ask(plane.svid(executor.spiffe_id))).status_code == 401
    decided = plane.services.store.audit(kind="decision.made")[-1]
    assert decided.actor.id == GATEWAY


async def test_without_a_task_nothing_is_allowed(plane: Plane, executor: Agent) -> None:
    body = {"subject": {"type": "agent", "id": executor.id}, "resource": {"type": "resource", "id": "crm/customers"}} | ALLOWED
    answer = (await plane.call(GATEWAY, "POST", ONE, body)).json()
    assert (answer["decision"], answer["context"]["outcome"]) == (False, "deny")


async def test_the_well_known_document_says_where(plane: Plane) -> None:
    told = (await plane.http.get("/.well-known/authzen-configuration")).json()
    assert told["policy_decision_point"] == URL
    assert told["access_evaluation_endpoint"] == f"{URL}{ONE}"
    assert told["access_evaluations_endpoint"] == f"{URL}{MANY}"


async def test_an_agent_cannot_tell_another_agent_from_one_that_does_not_exist(plane: Plane, executor: Agent) -> None:
    other = await plane.world.agent("executor-2")
    answers = []
    for name in (other.name, "nobody-at-all"):
        asked = {
            "subject": {"type": "agent", "id": name},
            "action": {"name": "customers.read"},
            "resource": {"type": "resource", "id": "crm/customers"},
        }
        preview = {"agent": name, "action": "customers.read", "resource": "crm/customers"}
        told = [
            await plane.call(executor, "POST", "/access/v1/evaluation", asked),
            await plane.call(executor, "POST", "/authorization/v1/decisions/preview", preview),
            await plane.call(executor, "GET", f"/authorization/v1/agents/{name}"),
        ]
        answers.append([(one.status_code, one.json()["code"], one.json()["detail"]) for one in told])
    assert answers[0] == answers[1]
    assert {status for status, _, _ in answers[0]} == {403, 404}
