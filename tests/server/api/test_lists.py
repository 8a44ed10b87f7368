"""Lists, pages and filters; ETag; metrics, keys and the OpenAPI document."""

from console.model.agents import Agent
from console.server.api.app import ENTRIES
from tests.server.api.plane import Plane


async def test_pages_follow_each_other_to_the_end_in_both_directions(plane: Plane) -> None:
    names = [(await plane.world.agent(f"agent-{number}")).name for number in range(5)]
    for newest in ("false", "true"):
        seen: list[str] = []
        mark = ""
        for _ in range(5):
            path = f"/authorization/v1/agents?limit=2&newest={newest}" + (f"&next={mark}" if mark else "")
            page = (await plane.call("vera", "GET", path)).json()
            seen += [item["name"] for item in page["items"]]
            if page["next"] is None:
                break
            mark = page["next"]
        assert seen == (names if newest == "false" else names[::-1])


async def test_a_filter_and_a_field_choose_rows(plane: Plane) -> None:
    for number in range(3):
        await plane.world.agent(f"agent-{number}", critical=number == 1)
    chosen = (await plane.call("vera", "GET", "/authorization/v1/agents?filter=agent-1")).json()
    assert [item["name"] for item in chosen["items"]] == ["agent-1"]
    named = (await plane.call("vera", "GET", "/authorization/v1/agents?name=agent-2")).json()
    assert [item["name"] for item in named["items"]] == ["agent-2"]
    assert named["cursor"] == plane.services.store.head()


async def test_audit_pages_run_forwards_and_back(plane: Plane) -> None:
    size = plane.services.store.audit_size()
    forwards = (await plane.call("aude", "GET", "/authorization/v1/audit?limit=3")).json()
    assert [item["seq"] for item in forwards["items"]] == [0, 1, 2]
    onwards = (await plane.call("aude", "GET", f"/authorization/v1/audit?limit=3&next={forwards['next']}")).json()
    assert onwards["items"][0]["seq"] == 3
    back = (await plane.call("aude", "GET", "/authorization/v1/audit?limit=3&newest=true")).json()
    assert [item["seq"] for item in back["items"]] == [size - 1, size - 2, size - 3]
    further = (await plane.call("aude", "GET", f"/authorization/v1/audit?limit=500&newest=true&next={back['next']}")).json()
    assert further["items"][0]["seq"] == size - 4
    assert (further["items"][-1]["seq"], further["next"]) == (0, None)
    kinds = (await plane.call("aude", "GET", "/authorization/v1/audit?kind=bundle.published")).json()
    assert {item["kind"] for item in kinds["items"]} == {"bundle.published"}


async def test_the_records_of_a_whole_chain_are_joined(plane: Plane, executor: Agent) -> None:
    helper = await plane.world.agent("summariser-1", role="summariser")
    root = (await plane.opened(executor))["task"]
    other = (await plane.opened(executor))["task"]
    body = {
        "agent": helper.name,
        "intent": {"purpose": "answer-customer"},
        "rights": [{"actions": ["orders.read"], "resources": ["crm/orders"], "max_class": "internal"}],
        "seconds": 60,
    }
    child = (await plane.call(executor, "POST", f"/authorization/v1/tasks/{root['id']}/delegate", body)).json()["task"]
    path = f"/authorization/v1/audit?root_id={root['id']}&newest=true"
    records = (await plane.call("aude", "GET", path)).json()["items"]
    assert {record["task_id"] for record in records} == {root["id"], child["id"]}
    assert other["id"] not in {record["object_id"] for record in records}
    assert [record["seq"] for record in records] == sorted((record["seq"] for record in records), reverse=True)
    page = (await plane.call("aude", "GET", f"{path}&limit=1")).json()
    assert page["next"] == str(page["items"][0]["seq"])
    assert (await plane.call("aude", "GET", f"{path}&next=0")).json()["items"] == []


async def test_a_checkpoint_is_signed_and_a_record_proven_in_it(plane: Plane) -> None:
    made = (await plane.call("aude", "POST", "/authorization/v1/audit/checkpoint")).json()
    assert made["signature"]
    listed = (await plane.call("vera", "GET", "/authorization/v1/audit/checkpoint")).json()
    assert listed["items"][0] == made
    proof = (await plane.call("vera", "GET", "/authorization/v1/audit/proof?seq=1")).json()
    assert (proof["root"], proof["size"]) == (made["root"], made["size"])
    beyond = await plane.call("vera", "GET", "/authorization/v1/audit/proof?seq=100000")
    assert beyond.status_code == 404


async def test_a_free_text_is_erased_once_and_its_digest_stays(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    path = f"/authorization/v1/audit?task_id={task['id']}&kind=task.opened"
    opened = (await plane.call("aude", "GET", path)).json()["items"][0]
    digest = next(iter(opened["texts"].values()))
    text = f"/authorization/v1/audit/texts/{digest}"
    assert (await plane.call("ida", "GET", text)).json()["text"] == "as asked"
    for body in ({}, {"reason": "  "}):
        assert (await plane.call("ida", "POST", f"{text}/erase", body)).status_code == 422
    size = plane.services.store.audit_size()
    erased = await plane.call("ida", "POST", f"{text}/erase", {"reason": "asked for"})
    assert (erased.status_code, erased.json()) == (200, {"digest": digest, "text": None})
    assert (await plane.call("ida", "GET", text)).json()["text"] is None
    (record,) = plane.services.store.audit(size - 1)
    assert (record.kind, record.object_id, record.actor.id) == ("text.erased", digest, "ida")
    assert record.body == {"digest": digest, "reason": "asked for"}
    again = await plane.call("ida", "POST", f"{text}/erase", {"reason": "asked for"})
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    assert plane.services.store.audit_size() == size + 1
    assert (await plane.call("aude", "GET", path)).json()["items"][0] == opened


async def test_versions_travel_as_etag_and_if_match(plane: Plane, executor: Agent) -> None:
    path = f"/authorization/v1/agents/{executor.name}"
    etag = (await plane.call("vera", "GET", path)).headers["etag"]
    stale = await plane.call("ida", "POST", f"{path}/retire", {"reason": "old"}, If_Match='"99"')
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    done = await plane.call("ida", "POST", f"{path}/retire", {"reason": "old"}, If_Match=etag)
    assert done.status_code == 200
    assert done.headers["etag"] != etag


async def test_the_bundle_in_force_and_the_frameworks_are_shown(plane: Plane) -> None:
    view = (await plane.call("paul", "GET", "/authorization/v1/bundles/current")).json()
    assert view["tests_passed"] == view["tests_total"] > 0
    listed = (await plane.call("paul", "GET", "/authorization/v1/bundles")).json()
    assert "files" not in listed["items"][0]
    whole = (await plane.call("paul", "GET", f"/authorization/v1/bundles/{listed['items'][0]['id']}")).json()
    checked = await plane.call("paul", "POST", "/authorization/v1/bundles/validate", {"files": whole["files"]})
    assert (checked.json()["ok"], checked.json()["digest"]) == (True, whole["digest"])
    tested = (await plane.call("paul", "POST", "/authorization/v1/bundles/test", {"files": whole["files"]})).json()
    assert tested["passed"] == tested["total"] == view["tests_total"]
    frameworks = (await plane.call("aude", "GET", "/authorization/v1/frameworks")).json()["items"]
    shown = await plane.call("aude", "GET", f"/authorization/v1/frameworks/{frameworks[0]['id']}")
    assert shown.json()["rows"]
    assert (await plane.call("aude", "GET", "/authorization/v1/frameworks/seed")).json()["items"]


async def test_metrics_count_by_route_and_never_by_address(plane: Plane) -> None:
    await plane.call("vera", "GET", "/authorization/v1/agents/secret-name")
    text = (await plane.call("vera", "GET", "/metrics")).text
    assert 'leasehold_requests_total{method="GET",route="/authorization/v1/agents/{reference}",status="404"} 1' in text
    assert "secret-name" not in text
    assert "leasehold_leases_active 0" in text


async def test_the_document_is_openapi_3_1_and_holds_every_route(plane: Plane) -> None:
    document = (await plane.http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    for entry in ENTRIES:
        operation = document["paths"][entry.path][entry.method.lower()]
        assert operation["operationId"] == entry.name
        assert operation["description"]
        assert str(entry.status) in operation["responses"]
        assert "application/problem+json" in operation["responses"]["default"]["content"]
    operations = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(operations) == len(set(operations)) == len(ENTRIES)
    schemas = document["components"]["schemas"]
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas


def references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(references(part) for part in value))
    return set()


async def test_keys_hold_no_private_part(plane: Plane) -> None:
    keys = (await plane.http.get("/.well-known/jwks.json")).json()["keys"]
    assert keys
    assert all("d" not in key for key in keys)
