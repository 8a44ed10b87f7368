"""Rolling back, and what waits for people when another bundle comes in force: decided again, or ended."""

from collections.abc import Callable
from typing import Any

import pytest

from console.model.actors import Role
from console.model.approvals import Approval, ApprovalState
from console.model.bundles import Bundle, BundleFile, BundleState
from console.model.decisions import Outcome
from console.model.grants import Grant, GrantInput, GrantState
from console.model.problems import ProblemError
from console.server.authorization.approvals import Approvals
from console.server.ports import Transaction
from console.server.store.sqlite import SqliteStore
from tests.server.authorization.publishing import STOP, STOP_FILE, asked, draft, enrol, in_force, review, with_authors
from tests.server.world import ADMIN, World, bundle_files

OVERSIGHT = "policies/oversight.cedar"


@pytest.fixture
async def desk(world: World) -> World:
    return await with_authors(world)


async def publish(world: World, changes: dict[str, str | None]) -> Bundle:
    publication = await world.publications.request(world.operators["paul"], draft(world, changes))
    await review(world, "pia", publication.approval)
    return in_force(world)


async def refused(world: World, bundle_id: str, code: str, by: str = "pete") -> ProblemError:
    before = world.store.head()
    with pytest.raises(ProblemError) as caught:
        await world.publications.roll_back(world.operators[by], bundle_id, "back")
    assert caught.value.code == code
    assert world.store.head() == before
    return caught.value


async def test_decisions_change_with_a_publication_and_back_with_its_rolling_back(desk: World) -> None:
    agent = await desk.agent("executor")
    task = await desk.task(agent)

    async def outcome() -> tuple[Outcome, int]:
        decision = await desk.decide(agent, task, "customers.read", "crm/customers", rows=1)
        return decision.outcome, decision.bundle_revision

    first = in_force(desk)
    assert await outcome() == (Outcome.ALLOW, 1)
    await review(desk, "pia", (await asked(desk)).approval)
    stopped = in_force(desk)
    assert await outcome() == (Outcome.DENY, 2)
    back = await desk.publications.roll_back(desk.operators["pete"], first.id, "too much was stopped")
    assert (back.digest, back.revision, back.restores, back.author) == (first.digest, 3, 1, "pete")
    assert in_force(desk) == back
    assert await outcome() == (Outcome.ALLOW, 3)
    forth = await desk.publications.roll_back(desk.operators["pete"], stopped.id, "it was right after all")
    assert (forth.restores, await outcome()) == (2, (Outcome.DENY, 4))
    states = {one.revision: one.state for one in desk.store.find(Bundle)}
    assert states == {
        1: BundleState.SUPERSEDED,
        2: BundleState.SUPERSEDED,
        3: BundleState.SUPERSEDED,
        4: BundleState.PUBLISHED,
    }
    records = [record for record in desk.store.audit() if record.kind == "bundle.published"]
    entities = [record.body["entity"] for record in records]
    assert [(one["revision"], one["reason"]) for one in entities if isinstance(one, dict)][1:] == [
        (2, "an incident"),
        (3, "too much was stopped"),
        (4, "it was right after all"),
    ]
    assert records[-1].actor.id == "pete"


async def test_only_what_was_in_force_before_is_put_in_force_again(desk: World) -> None:
    first = in_force(desk)
    await refused(desk, first.id, "not_an_edge")
    await refused(desk, "pb_" + "0" * 26, "not_found")
    publication = await asked(desk)
    await refused(desk, publication.bundle.id, "not_an_edge")
    await review(desk, "pia", publication.approval, "reject")
    await refused(desk, publication.bundle.id, "not_an_edge")
    await publish(desk, {STOP_FILE: "// two"})
    await desk.publications.roll_back(desk.operators["pete"], first.id, "back")
    await refused(desk, first.id, "nothing_changed")
    await refused(desk, next(one.id for one in desk.store.find(Bundle) if one.revision == 2), "not_allowed", by="maya")


async def test_what_this_program_no_longer_takes_stays_where_it_is(desk: World) -> None:
    first = in_force(desk)
    await publish(desk, {STOP_FILE: "// two"})
    old = desk.store.get(Bundle, first.id)
    assert old is not None
    spoilt = old.model_copy(update={"files": (BundleFile(path="manifest.toml", text="format = 99"),)})
    await desk.store.write(lambda tx: tx.put(spoilt, "bundle.superseded", ADMIN))
    problem = await refused(desk, first.id, "bundle_refused")
    assert "manifest.toml" in problem.detail
    changed = tuple(BundleFile(path=file.path, text=file.text + "\n") for file in old.files)
    swapped = (desk.store.get(Bundle, first.id) or old).model_copy(update={"files": changed})
    await desk.store.write(lambda tx: tx.put(swapped, "bundle.superseded", ADMIN))
    await refused(desk, first.id, "bundle_refused")
    assert in_force(desk).revision == 2


async def waiting(world: World) -> Approval:
    agent = await world.agent("executor-2")
    task = await world.task(agent)
    await world.read(task, "crm/customers", 61)
    decision = await world.decide(agent, task, "mail.send", "outbox/customer", seconds=600, rows=50)
    return current(world, decision.approval_id)


def current(world: World, approval_id: str | None) -> Approval:
    found = world.store.get(Approval, approval_id or "")
    assert found is not None
    return found


async def test_the_sweep_decides_again_what_waits(desk: World) -> None:
    approval = await waiting(desk)
    await review(desk, "maya", approval)
    text = bundle_files()[OVERSIGHT].replace('@approval("security:1, resource-owner:1")', '@approval("security:2")', 1)
    await desk.sweep.step()
    assert current(desk, approval.id).revision == 1
    await publish(desk, {OVERSIGHT: text})
    await desk.sweep.step()
    after = current(desk, approval.id)
    assert (after.revision, after.reviews, after.drift) == (2, (), ("who must agree has changed",))
    await desk.sweep.step()
    assert current(desk, approval.id) == after


class Full:
    """A store whose disk is full: only what takes power away is still recorded."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, verb: Callable[[Transaction], Any], *, takes_power: bool = False) -> Any:
        if not takes_power:
            raise ProblemError("store_full")
        return await self._store.write(verb, takes_power=True)


async def test_a_full_disk_keeps_no_request_from_ending_on_time(desk: World) -> None:
    full = Approvals(Full(desk.store), desk.clock, desk.bundles, desk.drafts, desk.grants, desk.publications)
    late = await waiting(desk)
    text = bundle_files()[OVERSIGHT].replace('@approval("security:1, resource-owner:1")', '@approval("security:2")', 1)
    await publish(desk, {OVERSIGHT: text})
    assert await full.sweep() == 0
    desk.clock.move(901)
    assert await full.sweep() == 1
    assert current(desk, late.id).state is ApprovalState.EXPIRED


async def test_what_nobody_may_lift_any_more_is_void(desk: World) -> None:
    approval = await waiting(desk)
    stop = STOP.replace('"executor"', '"executor-2"').replace("The executor may do nothing for now.", "No mail for now.")
    await publish(desk, {STOP_FILE: stop})
    await desk.sweep.step()
    after = current(desk, approval.id)
    assert after.state is ApprovalState.VOID
    assert after.end_reason.startswith("under the new bundle: ")
    assert after.end_reason.endswith("No mail for now.")


async def asked_grant(world: World, **more: object) -> tuple[Grant, Approval]:
    agent = await world.agent("executor-3")
    fields = {
        "agent_id": agent.id,
        "covers": ("confidential-goes-out",),
        "scope": {"actions": ("mail.send",), "resources": ("outbox/customer",), "max_class": "confidential"},
        "seconds": 300,
        "reason": "month end",
    } | more
    grant = await world.grants.request(world.operators["maya"], GrantInput.model_validate(fields))
    assert grant.state is GrantState.REQUESTED
    return grant, current(world, grant.approval_id)


async def test_a_grant_that_waits_ends_where_its_terms_have_changed(desk: World) -> None:
    grant, approval = await asked_grant(desk)
    await publish(desk, {STOP_FILE: "// nothing that matters to it"})
    await desk.sweep.step()
    assert current(desk, approval.id).state is ApprovalState.PENDING
    text = bundle_files()[OVERSIGHT].replace('@approval("security:1, resource-owner:1")', '@approval("security:2")', 1)
    await publish(desk, {OVERSIGHT: text})
    await desk.sweep.step()
    after = current(desk, approval.id)
    assert (after.state, after.end_reason) == (ApprovalState.VOID, "who must agree has changed under the bundle in force")
    ended = desk.store.get(Grant, grant.id)
    assert ended is not None
    assert ended.state is GrantState.REJECTED


async def test_a_review_before_the_sweep_gives_no_grant_on_old_terms(desk: World) -> None:
    _, approval = await asked_grant(desk)
    manifest = bundle_files()["manifest.toml"].replace("grant_max_seconds = 14400", "grant_max_seconds = 60")
    await publish(desk, {"manifest.toml": manifest})
    with pytest.raises(ProblemError) as caught:
        await review(desk, "lena", approval)
    assert caught.value.code == "conflict"
    assert "60 s at most" in caught.value.detail
    assert current(desk, approval.id).state is ApprovalState.VOID


async def test_who_rolls_back_is_still_enrolled(desk: World) -> None:
    first = in_force(desk)
    await publish(desk, {STOP_FILE: "// two"})
    viewer = await enrol(desk, "vera", Role.VIEWER)
    await refused(desk, first.id, "not_allowed", by=viewer.id)
