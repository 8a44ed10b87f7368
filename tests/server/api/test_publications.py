"""Publishing and rolling back over HTTP: who may, what is answered, and that the next decision is under the new bundle."""

from typing import Any

from console.model.actors import PLANE, Role
from console.model.agents import Agent
from console.model.operators import OperatorInput
from tests.server.api.plane import Plane
from tests.server.authorization.publishing import STOP, STOP_FILE
from tests.server.world import bundle_files

BUNDLES = "/authorization/v1/bundles"
STOPPED = STOP.replace('"executor"', '"executor-1"')


async def authors(plane: Plane) -> None:
    enrolled = await plane.services.operators.enrol(OperatorInput(name="pia", roles=(Role.POLICY_AUTHOR,)), PLANE)
    plane.tokens["pia"] = enrolled.token
    plane.world.clock.move(1)


def body(plane: Plane, **changes: str) -> dict[str, Any]:
    texts = {**bundle_files(), **changes}
    base = plane.world.bundles.bundle
    assert base is not None
    files = [{"path": path, "text": text} for path, text in texts.items()]
    return {"files": files, "base_digest": base.digest, "reason": "an incident"}


async def asked(plane: Plane) -> dict[str, Any]:
    response = await plane.call("paul", "POST", f"{BUNDLES}/publications", body(plane, **{STOP_FILE: STOPPED}))
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def review(plane: Plane, who: str, approval: dict[str, Any], verdict: str = "approve") -> tuple[int, dict[str, Any]]:
    said = {"verdict": verdict, "digest": approval["digest"], "revision": approval["revision"], "reason": "I read the diff."}
    response = await plane.call(who, "POST", f"/authorization/v1/approvals/{approval['id']}/reviews", said)
    return response.status_code, response.json()


async def decided(plane: Plane, agent: Agent, task: dict[str, Any]) -> bool:
    question = {
        "subject": {"type": "agent", "id": agent.spiffe_id},
        "action": {"name": "customers.read", "properties": {"rows": 1}},
        "resource": {"type": "resource", "id": "crm/customers"},
        "context": {"task": {"id": task["id"]}},
    }
    answer = await plane.call(agent, "POST", "/access/v1/evaluation", question)
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["decision"])


async def test_decisions_change_after_a_publication_and_change_back(plane: Plane, executor: Agent) -> None:
    await authors(plane)
    task = (await plane.opened(executor))["task"]
    assert await decided(plane, executor, task)
    publication = await asked(plane)
    approval = publication["approval"]
    assert (publication["bundle"]["state"], approval["kind"], approval["risk"]["level"]) == ("requested", "publication", "high")
    shown = (await plane.call("pia", "GET", f"/authorization/v1/approvals/{approval['id']}")).json()
    assert shown["eligible"] == ["pia"]
    assert [one["path"] for one in shown["publication"]["files"]] == [STOP_FILE]
    assert await decided(plane, executor, task)

    status, reviewed = await review(plane, "pia", approval)
    assert (status, reviewed["state"]) == (200, "consumed")
    assert not await decided(plane, executor, task)
    current = (await plane.call("vera", "GET", f"{BUNDLES}/current")).json()["bundle"]
    assert (current["revision"], current["digest"], current["author"]) == (2, approval["digest"], "paul")

    listed = (await plane.call("vera", "GET", f"{BUNDLES}?state=superseded")).json()["items"]
    back = await plane.call("pia", "POST", f"{BUNDLES}/{listed[0]['id']}/rollback", {"reason": "too much"})
    assert back.status_code == 200, back.text
    assert (back.json()["revision"], back.json()["restores"], back.json()["digest"]) == (3, 1, listed[0]["digest"])
    assert await decided(plane, executor, task)


async def test_the_author_an_approver_and_everybody_else_are_refused(plane: Plane) -> None:
    await authors(plane)
    approval = (await asked(plane))["approval"]
    for verdict in ("approve", "reject"):
        assert [
            (await review(plane, who, approval, verdict))[1]["code"] for who in ("paul", "maya", "ravi", "vera", "ida")
        ] == [
            "self_review",
            "not_allowed",
            "not_allowed",
            "not_allowed",
            "not_allowed",
        ]
    assert (await plane.call("maya", "POST", f"{BUNDLES}/publications", body(plane))).status_code == 403
    assert plane.world.bundles.fence == 1


async def test_a_policy_author_reviews_nothing_else(plane: Plane, executor: Agent) -> None:
    await authors(plane)
    task = (await plane.opened(executor))["task"]
    wanted = {"task_id": task["id"], "action": "customers.read", "resource": "crm/customers", "rows": 301}
    refused = (await plane.call(executor, "POST", "/broker/v1/leases", wanted)).json()
    approval = plane.world.approvals.detail(refused["facts"]["approval_id"]).approval
    for verdict in ("approve", "reject"):
        status, problem = await review(plane, "pia", approval.model_dump(mode="json"), verdict)
        assert (status, problem["code"]) == (403, "not_allowed")


async def test_its_author_takes_it_back(plane: Plane) -> None:
    await authors(plane)
    approval = (await asked(plane))["approval"]
    path = f"/authorization/v1/approvals/{approval['id']}/withdraw"
    assert (await plane.call("pia", "POST", path, {"reason": "no"})).status_code == 404
    assert (await plane.call("paul", "POST", path, {"reason": "a mistake"})).json()["state"] == "cancelled"
    assert (await review(plane, "pia", approval))[1]["code"] == "not_an_edge"


async def test_refusals_are_problems_with_what_was_found(plane: Plane) -> None:
    await authors(plane)
    path = f"{BUNDLES}/publications"
    refused = await plane.call("paul", "POST", path, body(plane, **{STOP_FILE: "forbid ("}))
    assert (refused.status_code, refused.json()["code"]) == (422, "bundle_refused")
    assert refused.json()["facts"]["findings"][0]["file"] == STOP_FILE
    same = await plane.call("paul", "POST", path, body(plane))
    assert (same.status_code, same.json()["code"]) == (409, "nothing_changed")
    moved = body(plane, **{STOP_FILE: STOPPED}) | {"base_digest": "sha256:" + "0" * 64}
    assert (await plane.call("paul", "POST", path, moved)).json()["code"] == "conflict"
    twice = body(plane)
    twice["files"] += twice["files"][:1]
    assert (await plane.call("paul", "POST", path, twice)).json()["code"] == "invalid"
    large = body(plane, **{f"policies/{number}.cedar": "// x\n" * 200_000 for number in range(5)})
    assert (await plane.call("paul", "POST", path, large)).status_code == 413


async def test_asking_again_under_the_same_key_asks_once(plane: Plane) -> None:
    await authors(plane)
    asked_for = body(plane, **{STOP_FILE: STOPPED})
    first = await plane.call("paul", "POST", f"{BUNDLES}/publications", asked_for, idempotency_key="one")
    again = await plane.call("paul", "POST", f"{BUNDLES}/publications", asked_for, idempotency_key="one")
    assert (again.status_code, again.json()) == (201, first.json())
    approval = first.json()["approval"]
    said = {"verdict": "approve", "digest": approval["digest"], "revision": 1, "reason": "read"}
    path = f"/authorization/v1/approvals/{approval['id']}/reviews"
    published = await plane.call("pia", "POST", path, said, idempotency_key="two")
    replayed = await plane.call("pia", "POST", path, said, idempotency_key="two")
    assert published.json() == replayed.json()
    assert plane.world.bundles.fence == 2
