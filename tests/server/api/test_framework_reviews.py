"""Marking a row of a framework reviewed: who may, what it is bound to, what stays on the record; and a metric's trend."""

from typing import Any

from console.model.agents import Agent
from tests.server.api.plane import Plane

FRAMEWORKS = "/authorization/v1/frameworks"
NHI = f"{FRAMEWORKS}/owasp_nhi_2025"


async def row(plane: Plane, number: int = 0) -> dict[str, Any]:
    view = (await plane.call("vera", "GET", NHI)).json()
    found: dict[str, Any] = view["rows"][number]
    return found


def body(of: dict[str, Any], note: str = "looked at the leases") -> dict[str, str]:
    return {"control": of["control"], "standing": of["standing"], "note": note}


async def test_a_review_is_on_the_record_and_in_the_row(plane: Plane) -> None:
    seen = await row(plane)
    assert seen["review"] is None
    answer = await plane.call("aude", "POST", f"{NHI}/reviews", body(seen), Idempotency_Key="once")
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["reviewer"], made["state"], made["digest"]) == ("aude", seen["state"], seen["digest"])
    assert (await row(plane))["review"] == made
    found = (await plane.call("vera", "GET", "/authorization/v1/audit?kind=framework.reviewed")).json()["items"]
    assert [(one["object_id"], one["body"]["entity"]) for one in found] == [(f"owasp_nhi_2025:{seen['control']}", made)]
    again = await plane.call("aude", "POST", f"{NHI}/reviews", body(seen), Idempotency_Key="once")
    assert again.json() == made
    found = (await plane.call("vera", "GET", "/authorization/v1/audit?kind=framework.reviewed")).json()["items"]
    assert len(found) == 1


async def test_a_review_of_what_no_longer_stands_is_a_conflict(plane: Plane) -> None:
    seen = await row(plane)
    other = body(seen) | {"standing": "sha256:" + "0" * 64}
    answer = await plane.call("maya", "POST", f"{NHI}/reviews", other)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["facts"]["state"] == seen["state"]
    assert (await row(plane))["review"] is None


async def test_only_whom_the_table_names_may_review_and_only_what_is_there(plane: Plane) -> None:
    seen = await row(plane)
    refused = await plane.call("vera", "POST", f"{NHI}/reviews", body(seen))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    for path, sent in (
        (f"{FRAMEWORKS}/no_such/reviews", body(seen)),
        (f"{NHI}/reviews", body(seen) | {"control": "NHI99:2025"}),
    ):
        assert (await plane.call("aude", "POST", path, sent)).status_code == 404
    for note in ("", "   ", "x" * 1025):
        assert (await plane.call("aude", "POST", f"{NHI}/reviews", body(seen, note))).status_code == 422


async def test_the_row_says_that_it_has_changed_since(plane: Plane, executor: Agent) -> None:
    view = (await plane.call("vera", "GET", f"{FRAMEWORKS}/csa_maestro")).json()
    seen = next(one for one in view["rows"] if any(e["metric"] == "agents_without_owner" for e in one["evidence"]))
    await plane.call("aude", "POST", f"{FRAMEWORKS}/csa_maestro/reviews", body(seen))
    await plane.world.agent("executor-2")
    plane.world.clock.move(2)
    view = (await plane.call("vera", "GET", f"{FRAMEWORKS}/csa_maestro")).json()
    now = next(one for one in view["rows"] if one["control"] == seen["control"])
    assert now["review"]["digest"] == seen["digest"] != now["digest"]
    assert now["review"]["standing"] == now["standing"]


async def test_a_metric_has_its_trend_or_says_why_not(plane: Plane) -> None:
    young = (await plane.call("vera", "GET", f"{FRAMEWORKS}/metrics/denial_share")).json()
    assert young["points"] == []
    assert "Not enough history" in young["reason"]
    plane.world.clock.move(600)
    await plane.world.agent("executor-2")
    grown = (await plane.call("vera", "GET", f"{FRAMEWORKS}/metrics/denial_share")).json()
    assert grown["reason"] == ""
    assert (grown["step_seconds"], len(grown["points"])) == (60, 11)
    assert grown["measure"]["query"]
    assert all(one["value"] is None for one in grown["points"]), "nothing was decided, so nothing is made up"
    assert any(one.startswith("nist_ai_rmf_1_0:") for one in grown["used_by"])
    assert (await plane.call("vera", "GET", f"{FRAMEWORKS}/metrics/no_such")).status_code == 404
