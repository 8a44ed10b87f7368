"""The main job over HTTP: an agent works under decisions and leases, people govern it, and the effect is felt."""

from typing import Any

from console.model.agents import Agent
from tests.server.api.plane import AUDIENCES, Plane
from tests.server.world import PEOPLE

CRM = AUDIENCES["crm"].spiffe_id


def asked(agent: Agent, task: dict[str, Any], action: str, resource: str, **properties: Any) -> dict[str, Any]:
    return {
        "subject": {"type": "agent", "id": agent.spiffe_id},
        "action": {"name": action, "properties": properties},
        "resource": {"type": "resource", "id": resource},
        "context": {"task": {"id": task["id"]}},
    }


async def introspect(plane: Plane, credential: str) -> dict[str, Any]:
    response = await plane.http.post("/broker/v1/introspect", data={"token": credential}, headers=plane.headers(CRM, "broker"))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_an_agent_is_allowed_leases_escalates_is_approved_and_completes(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    decided = await plane.call(
        executor, "POST", "/access/v1/evaluation", asked(executor, task, "customers.read", "crm/customers", rows=5)
    )
    assert decided.json()["decision"] is True
    assert decided.json()["context"]["valid_until"]

    wanted = {"task_id": task["id"], "action": "customers.read", "resource": "crm/customers", "rows": 5, "seconds": 60}
    issued = await plane.call(executor, "POST", "/broker/v1/leases", wanted)
    assert issued.status_code == 201, issued.text
    lease, credential = issued.json()["lease"], issued.json()["credential"]
    assert lease["state"] == "active"
    told = await introspect(plane, credential)
    assert told["active"] is True
    assert told["task_id"] == task["id"]

    too_much = wanted | {"rows": 301, "reason": "the customer asks about every order"}
    refused = await plane.call(executor, "POST", "/broker/v1/leases", too_much)
    assert (refused.status_code, refused.json()["code"]) == (403, "needs_approval")
    approval_id = refused.json()["facts"]["approval_id"]
    for reviewer in ("maya", "lena"):
        shown = (await plane.call(reviewer, "GET", f"/authorization/v1/approvals/{approval_id}")).json()
        assert shown["agent_text"] == "the customer asks about every order"
        approval = shown["approval"]
        review = {
            "verdict": "approve",
            "digest": approval["digest"],
            "revision": approval["revision"],
            "reason": "it is their own data",
        }
        reviewed = await plane.call(reviewer, "POST", f"/authorization/v1/approvals/{approval_id}/reviews", review)
        assert reviewed.status_code == 200, reviewed.text
    assert reviewed.json()["state"] == "approved"
    second = await plane.call(executor, "POST", "/broker/v1/leases", too_much)
    assert second.status_code == 201, second.text

    done = await plane.call(executor, "POST", f"/authorization/v1/tasks/{task['id']}/complete", {"note": "answered"})
    assert done.json()["state"] == "completed"
    assert await introspect(plane, credential) == {"active": False}
    assert await introspect(plane, second.json()["credential"]) == {"active": False}


async def test_an_escalation_is_a_denial_that_names_its_approval_request(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    body = asked(executor, task, "customers.read", "crm/customers", rows=301)
    answer = (await plane.call(executor, "POST", "/access/v1/evaluation", body)).json()
    assert answer["decision"] is False
    context = answer["context"]
    assert (context["outcome"], context["code"]) == ("escalate", "needs_approval")
    assert context["approval"]["id"] == context["approval_id"]
    assert context["reasons"][0]["quorum"]
    again = (await plane.call(executor, "POST", "/access/v1/evaluation", body)).json()
    assert again["context"]["approval_id"] == context["approval_id"]


async def test_containment_is_felt_at_once_and_release_gives_back_no_lease(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    wanted = {"task_id": task["id"], "action": "customers.read", "resource": "crm/customers", "rows": 5}
    credential = (await plane.call(executor, "POST", "/broker/v1/leases", wanted)).json()["credential"]
    preview = (await plane.call("ravi", "GET", f"/authorization/v1/agents/{executor.name}/contain")).json()
    assert (preview["tasks"], preview["leases"]) == (1, 1)
    contained = await plane.call("ravi", "POST", f"/authorization/v1/agents/{executor.name}/contain", {"reason": "hijacked"})
    assert contained.status_code == 200, contained.text
    assert await introspect(plane, credential) == {"active": False}
    refused = await plane.call(executor, "POST", "/broker/v1/leases", wanted)
    assert refused.status_code in (403, 409, 423)
    lock_id = contained.json()["lock"]["id"]
    tally = (await plane.call("vera", "GET", f"/authorization/v1/locks/{lock_id}/tally")).json()
    assert tally["leases"] == 1
    released = await plane.call("ravi", "POST", f"/authorization/v1/agents/{executor.name}/release", {"reason": "cleared"})
    assert released.status_code == 200, released.text
    assert await introspect(plane, credential) == {"active": False}


async def test_a_child_works_within_its_parent_and_ends_with_it(plane: Plane, executor: Agent) -> None:
    helper = await plane.world.agent("summariser-1", role="summariser")
    task = (await plane.opened(executor))["task"]
    body = {
        "agent": helper.name,
        "intent": {"purpose": "answer-customer"},
        "rights": [{"actions": ["orders.read"], "resources": ["crm/orders"], "max_class": "internal"}],
        "seconds": 60,
    }
    child = await plane.call(executor, "POST", f"/authorization/v1/tasks/{task['id']}/delegate", body)
    assert child.status_code == 201, child.text
    assert child.json()["task_token"]
    child_id = child.json()["task"]["id"]
    alive = await plane.call(helper, "POST", f"/authorization/v1/tasks/{child_id}/heartbeat")
    assert alive.status_code == 200
    stopped = await plane.call("ravi", "POST", f"/authorization/v1/tasks/{task['id']}/stop", {"reason": "enough"})
    assert stopped.json()["state"] == "cancelled"
    shown = await plane.call(helper, "GET", f"/authorization/v1/tasks/{child_id}")
    assert shown.json()["state"] != "running"


async def test_a_resource_server_reports_and_the_chain_counts(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    seen = {"direction": "read", "resource": "crm/customers", "rows": 7, "size_bytes": 700}
    path = f"/authorization/v1/tasks/{task['id']}/observations"
    counted = await plane.call(CRM, "POST", path, seen)
    assert counted.json()["counted"]["confidential"]["rows"] == 7
    claimed = await plane.call(executor, "POST", path, seen)
    assert claimed.json()["claimed"]["confidential"]["rows"] == 7
    elsewhere = await plane.call(AUDIENCES["docs"].spiffe_id, "POST", path, seen)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "not_allowed")
    chain = await plane.call(executor, "GET", f"/authorization/v1/tasks/{task['id']}/chain")
    assert chain.json()["highest_class"] == "confidential"


async def test_an_agent_sees_nothing_of_another(plane: Plane, executor: Agent) -> None:
    other = await plane.world.agent("executor-2")
    task = (await plane.opened(executor))["task"]
    for method, path, body in (
        ("GET", f"/authorization/v1/tasks/{task['id']}", None),
        ("GET", f"/authorization/v1/tasks/{task['id']}/chain", None),
        ("GET", f"/authorization/v1/agents/{executor.id}", None),
        ("POST", f"/authorization/v1/tasks/{task['id']}/heartbeat", None),
        ("POST", f"/authorization/v1/tasks/{task['id']}/complete", {}),
        ("POST", "/broker/v1/leases", {"task_id": task["id"], "action": "customers.read", "resource": "crm/customers"}),
    ):
        response = await plane.call(other, method, path, body)
        assert (response.status_code, response.json()["code"]) == (404, "not_found"), path
    assert (await plane.call(executor, "GET", f"/authorization/v1/tasks/{task['id']}")).status_code == 200


async def test_whoami_says_who_one_is(plane: Plane, executor: Agent) -> None:
    maya = (await plane.call("maya", "GET", "/authorization/v1/whoami")).json()
    assert (maya["kind"], maya["name"], maya["roles"]) == ("operator", "maya", ["approver"])
    assert maya["groups"] == list(PEOPLE["maya"][1])
    assert (maya["environment"], maya["plane"]) == ("test", "unit")
    assert (await plane.call(executor, "GET", "/authorization/v1/whoami")).json()["kind"] == "agent"


async def test_operators_are_enrolled_renewed_and_removed(plane: Plane) -> None:
    made = await plane.call("ida", "POST", "/authorization/v1/operators", {"name": "zoe", "roles": ["viewer"]})
    assert made.status_code == 201
    first = made.json()["token"]
    renewed = await plane.call("ida", "POST", "/authorization/v1/operators/zoe/renew", {"token_seconds": 600})
    plane.tokens["zoe"] = renewed.json()["token"]
    assert plane.tokens["zoe"] != first
    assert (await plane.call("zoe", "GET", "/authorization/v1/agents")).status_code == 200
    removed = await plane.call("ida", "POST", "/authorization/v1/operators/zoe/remove")
    assert removed.json()["removed"] is True
    assert (await plane.call("zoe", "GET", "/authorization/v1/agents")).status_code == 401
