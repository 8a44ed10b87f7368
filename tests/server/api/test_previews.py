"""Previews and withdrawals over HTTP: operators only, nothing written, the same refusals as the act."""

from tests.server.api.plane import Plane
from tests.server.authorization.test_approvals import escalated


async def test_a_preview_writes_nothing_and_needs_no_idempotency_key(plane: Plane) -> None:
    _, _, approval = await escalated(plane.world)
    before = (plane.world.store.head(), plane.world.store.audit_size())
    told = await plane.http.post(
        f"/authorization/v1/approvals/{approval.id}/preview",
        json={"seconds": 60},
        headers={"Authorization": f"Bearer {plane.tokens['maya']}"},
    )
    assert told.status_code == 200
    assert (told.json()["outcome"], told.json()["ask"]["seconds"]) == ("escalate", 60)
    assert (plane.world.store.head(), plane.world.store.audit_size()) == before


async def test_a_wider_ask_is_refused_by_its_field(plane: Plane) -> None:
    _, _, approval = await escalated(plane.world)
    told = await plane.http.post(
        f"/authorization/v1/approvals/{approval.id}/preview",
        json={"seconds": 6000},
        headers={"Authorization": f"Bearer {plane.tokens['maya']}"},
    )
    assert told.json()["code"] == "invalid"
    assert [one["field"] for one in told.json()["errors"]] == ["seconds"]


async def test_the_card_carries_the_load_of_whoever_asks(plane: Plane) -> None:
    _, _, approval = await escalated(plane.world)
    for name in ("maya", "lena"):
        told = await plane.http.get(
            f"/authorization/v1/approvals/{approval.id}", headers={"Authorization": f"Bearer {plane.tokens[name]}"}
        )
        assert told.json()["load"]["reviewer"] == name


async def test_an_approval_is_taken_back_under_the_version_that_was_seen(plane: Plane) -> None:
    _, _, approval = await escalated(plane.world)
    auth = {"Authorization": f"Bearer {plane.tokens['maya']}"}
    review = {"verdict": "approve", "digest": approval.digest, "revision": 1, "reason": "seen"}
    path = f"/authorization/v1/approvals/{approval.id}"
    given = await plane.http.post(f"{path}/reviews", json=review, headers=auth | {"Idempotency-Key": "one-review-here"})
    assert given.status_code == 200
    stale = auth | {"Idempotency-Key": "stale-withdrawal", "If-Match": '"1"'}
    refused = await plane.http.post(f"{path}/withdraw", json={"reason": "wrong row"}, headers=stale)
    assert refused.json()["code"] == "conflict"
    taken = await plane.http.post(
        f"{path}/withdraw", json={"reason": "wrong row"}, headers=auth | {"Idempotency-Key": "withdrawal-here"}
    )
    assert (taken.status_code, taken.json()["reviews"]) == (200, [])
