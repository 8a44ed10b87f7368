"""Bad input: each is told as problem+json with a code and the next step, and nothing has changed."""

import json
from typing import Any

import pytest

from console.model.agents import Agent
from console.model.ids import make_id
from console.model.problems import CATALOGUE, ProblemError
from console.server.api.bounds import check_depth
from console.server.api.errors import MEDIA_TYPE
from tests.server.api.plane import Plane
from tests.server.world import START

OPENING: dict[str, Any] = {
    "intent": {"purpose": "answer-customer"},
    "on_behalf_of": "a-customer",
    "rights": [{"actions": ["*"], "resources": ["*"]}],
}
TASKS = "/authorization/v1/tasks"
PASSWORD = {"grant_type": "password", "subject_token": "x", "subject_token_type": "y"}
MARKUP = "[@click=app.quit]<script>\x1b[31m\u202e"


def told(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem, after checking everything that every problem has."""
    assert (response.status_code, response.headers["content-type"]) == (status, MEDIA_TYPE), response.text
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code, problem
    assert (problem["status"], problem["title"]) == (status, CATALOGUE[code].title)
    assert problem["detail"]
    assert problem["next_step"]
    assert problem["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    for part in ("<script", "@click", "\\u001b", "\\u202e", "\u202e"):
        assert part not in response.text
    return problem


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (OPENING | {"urgent": True}, "urgent"),
        (OPENING | {MARKUP: 1}, "?"),
        (OPENING | {"seconds": "soon"}, "seconds"),
        (OPENING | {"seconds": -1}, "seconds"),
        (OPENING | {"seconds": 10**9}, "seconds"),
        (OPENING | {"on_behalf_of": MARKUP}, "on_behalf_of"),
        (OPENING | {"intent": {"purpose": "answer-customer", "text": "x" * 5000}}, "intent.text"),
        (OPENING | {"rights": []}, "rights"),
        (OPENING | {"rights": [{"actions": ["*"], "resources": ["*"], "max_class": MARKUP}]}, "rights.0.max_class"),
        ({}, "intent"),
        ([], ""),
        ("text", ""),
        (None, ""),
    ],
)
async def test_wrong_fields_are_named_and_nothing_is_echoed(plane: Plane, executor: Agent, body: Any, field: str) -> None:
    size = plane.services.store.audit_size()
    response = await plane.http.post(TASKS, content=json.dumps(body), headers=_json(plane, executor))
    problem = told(response, 422, "invalid")
    if field:
        assert field in [error["field"] for error in problem["errors"]]
    assert plane.services.store.audit_size() == size


def _json(plane: Plane, who: Agent | str) -> dict[str, str]:
    return plane.headers(who) | {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"{'a': 1}", 400, "malformed"),
        (b'{"a": 1} x', 400, "malformed"),
        (b"\xff\xfe", 400, "malformed"),
        (b"[" * 33 + b"]" * 33, 400, "malformed"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 413, "too_large"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400, "malformed"),
        (b'{"a":"' + b"x" * 70_000 + b'"}', 413, "too_large"),
        (b'{"seconds":' + b"9" * 5000 + b"}", 400, "malformed"),
    ],
)
async def test_bodies_that_cannot_be_read_are_refused(
    plane: Plane, executor: Agent, content: bytes, status: int, code: str
) -> None:
    told(await plane.http.post(TASKS, content=content, headers=_json(plane, executor)), status, code)


@pytest.mark.parametrize("path", ["/access/v1/evaluation", "/access/v1/evaluations"])
@pytest.mark.parametrize("content", [b"{", b"[]", b'{"subject": 1}', b"[" * 40 + b"]" * 40, b'{"subject":{"type":"agent"}}'])
async def test_authzen_says_400_for_a_request_that_is_wrong(plane: Plane, executor: Agent, path: str, content: bytes) -> None:
    told(await plane.http.post(path, content=content, headers=_json(plane, executor)), 400, "malformed")


async def test_a_hot_route_refuses_what_the_others_refuse(plane: Plane, executor: Agent) -> None:
    headers = plane.headers(executor, "broker") | {"Content-Type": "application/json"}
    told(await plane.http.post("/broker/v1/leases", content=b"{", headers=headers), 400, "malformed")
    problem = told(await plane.http.post("/broker/v1/leases", content=b'{"x":1}', headers=headers), 422, "invalid")
    assert "x" in [error["field"] for error in problem["errors"]]
    told(await plane.http.post("/broker/v1/leases", content=b"x" * 70_000, headers=headers), 413, "too_large")
    told(await plane.http.post("/broker/v1/leases", content=b"{}", headers=plane.headers(executor, "broker")), 400, "malformed")


async def test_another_media_type_is_refused(plane: Plane, executor: Agent) -> None:
    headers = plane.headers(executor) | {"Content-Type": "text/plain"}
    told(await plane.http.post(TASKS, content=json.dumps(OPENING), headers=headers), 400, "malformed")


async def test_headers_and_queries_are_bounded(plane: Plane) -> None:
    told(await plane.call("vera", "GET", "/authorization/v1/agents", X_Long="x" * 20_000), 413, "too_large")
    told(await plane.call("vera", "GET", f"/authorization/v1/agents?filter={'x' * 5000}"), 413, "too_large")


async def test_addresses_and_methods_that_are_not_served(plane: Plane) -> None:
    told(await plane.call("vera", "GET", "/authorization/v1/nothing"), 404, "not_found")
    told(await plane.call("vera", "GET", "/authorization/v1/agents/"), 404, "not_found")
    refused = await plane.call("vera", "PUT", "/authorization/v1/agents")
    told(refused, 405, "method_not_allowed")
    assert refused.headers["allow"]
    told(await plane.call("vera", "GET", "/access/v1/evaluation"), 405, "method_not_allowed")


async def test_unknown_ids_and_ids_that_are_none(plane: Plane, executor: Agent) -> None:
    unknown = make_id("tk", START, bytes(10))
    told(await plane.call("vera", "GET", f"{TASKS}/{unknown}"), 404, "not_found")
    told(await plane.call("ravi", "POST", f"{TASKS}/{unknown}/stop", {"reason": "x"}), 404, "not_found")
    told(await plane.call("vera", "GET", f"{TASKS}/tk_1"), 422, "invalid")
    told(await plane.call("vera", "GET", "/authorization/v1/agents/%3Cscript%3E"), 404, "not_found")
    told(await plane.call(executor, "POST", f"{TASKS}/{unknown}/heartbeat"), 404, "not_found")


async def test_rights_beyond_the_entitlement_and_purposes_that_are_unknown(plane: Plane) -> None:
    small = [{"actions": ["orders.read"], "resources": ["crm/orders"], "max_class": "internal"}]
    agent = await plane.world.agent("reader", entitlement=small)
    told(await plane.call(agent, "POST", TASKS, OPENING), 403, "beyond_rights")
    problem = told(await plane.call(agent, "POST", TASKS, OPENING | {"intent": {"purpose": "world-peace"}}), 422, "invalid")
    assert problem["errors"][0]["field"] == "intent.purpose"


async def test_a_filter_with_a_typo_names_the_character(plane: Plane) -> None:
    problem = told(await plane.call("vera", "GET", "/authorization/v1/agents?filter=state:(x"), 422, "bad_filter")
    assert problem["errors"][0]["field"] == "filter"
    assert problem["errors"][0]["position"] == problem["facts"]["position"] == 6
    told(await plane.call("vera", "GET", "/authorization/v1/tasks?filter=nothing:x"), 422, "bad_filter")


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "states=x", "state=nothing", "newest=perhaps"])
async def test_list_queries_are_bounded_and_unknown_ones_refused(plane: Plane, query: str) -> None:
    told(await plane.call("vera", "GET", f"/authorization/v1/agents?{query}"), 422, "invalid")


async def test_a_stale_revision_is_a_conflict_that_shows_the_present_one(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    wanted = {"task_id": task["id"], "action": "customers.read", "resource": "crm/customers", "rows": 301}
    refused = (await plane.call(executor, "POST", "/broker/v1/leases", wanted)).json()
    path = f"/authorization/v1/approvals/{refused['facts']['approval_id']}"
    approval = (await plane.call("maya", "GET", path)).json()["approval"]
    review = {"verdict": "approve", "digest": approval["digest"], "revision": 2, "reason": "yes"}
    problem = told(await plane.call("maya", "POST", f"{path}/reviews", review), 409, "conflict")
    assert problem["facts"]["revision"] == 1
    other = review | {"revision": 1, "digest": "sha256:" + "0" * 64}
    told(await plane.call("maya", "POST", f"{path}/reviews", other), 409, "conflict")
    told(await plane.call("maya", "POST", f"{path}/reviews", review | {"revision": 1}, If_Match='"7"'), 409, "conflict")
    assert (await plane.call("maya", "GET", path)).json()["approval"]["reviews"] == []


async def test_an_approval_is_used_once_and_a_renewal_never_passes_its_task(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor, seconds=120))["task"]
    wanted = {"task_id": task["id"], "action": "customers.read", "resource": "crm/customers", "seconds": 60}
    lease = (await plane.call(executor, "POST", "/broker/v1/leases", wanted)).json()["lease"]
    path = f"/broker/v1/leases/{lease['id']}/renew"
    told(await plane.call(executor, "POST", path, {"seconds": 600}), 409, "beyond_ceiling")
    ended = await plane.call(executor, "POST", f"{TASKS}/{task['id']}/complete", {})
    assert ended.status_code == 200
    told(await plane.call(executor, "POST", f"{TASKS}/{task['id']}/complete", {}), 409, "task_not_running")
    told(await plane.call(executor, "POST", f"{TASKS}/{task['id']}/heartbeat"), 409, "task_not_running")
    assert (await plane.call(executor, "POST", path, {"seconds": 30})).status_code == 409


async def test_a_bundle_that_does_not_parse_is_answered_with_its_findings(plane: Plane) -> None:
    draft = {"files": [{"path": "policies/a.cedar", "text": "permit (principal, action"}]}
    checked = (await plane.call("paul", "POST", "/authorization/v1/bundles/validate", draft)).json()
    assert checked["ok"] is False
    assert any(finding["severity"] == "error" for finding in checked["findings"])
    tested = (await plane.call("paul", "POST", "/authorization/v1/bundles/test", draft)).json()
    assert (tested["total"], bool(tested["findings"])) == (0, True)
    twice = {"files": draft["files"] * 2}
    told(await plane.call("paul", "POST", "/authorization/v1/bundles/validate", twice), 422, "invalid")


async def test_oauth_requests_that_are_wrong_are_told_in_oauths_own_shape(plane: Plane, executor: Agent) -> None:
    headers = plane.headers(executor, "broker")
    for path, fields, error in (
        ("/broker/v1/token", {}, "invalid_request"),
        (
            "/broker/v1/token",
            {"grant_type": "password", "subject_token": "x", "subject_token_type": "y"},
            "unsupported_grant_type",
        ),
        ("/broker/v1/revoke", {"hint": "x"}, "invalid_request"),
    ):
        response = await plane.http.post(path, data=fields, headers=headers)
        assert (response.status_code, response.json()["error"]) == (400, error), response.text
    twice = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    response = await plane.http.post("/broker/v1/revoke", content="token=a&token=b", headers=twice)
    assert response.json()["error"] == "invalid_request"
    assert (await plane.http.post("/broker/v1/revoke", data={"token": "x"}, headers=headers)).status_code == 200


async def test_a_request_id_is_echoed_when_it_is_a_plain_word(plane: Plane) -> None:
    assert (await plane.call("vera", "GET", "/healthz", X_Request_ID="abc-1")).headers["x-request-id"] == "abc-1"
    made = (await plane.call("vera", "GET", "/healthz", X_Request_ID="<b>" * 40)).headers["x-request-id"]
    assert made.startswith("rq-")


async def test_every_answer_carries_the_headers_of_the_house(plane: Plane) -> None:
    for path in ("/healthz", "/authorization/v1/nothing", "/authorization/v1/agents"):
        headers = (await plane.http.get(path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["date"].endswith("GMT")


def test_depth_is_counted_outside_of_strings_and_in_linear_time() -> None:
    check_depth(b'{"a":"' + b"[" * 1000 + b'"}', 32)
    check_depth(b'["' + b'\\"[' * 1000 + b'"]', 32)
    check_depth(b"[]" * 1000, 2)
    with pytest.raises(ProblemError):
        check_depth(b"[" * 3, 2)
    with pytest.raises(ProblemError):
        check_depth(b'"\\\\"' + b"[" * 40, 32)
    check_depth(b"{" * 33 + b'"' + b'\\"' * 500_000, 40)
