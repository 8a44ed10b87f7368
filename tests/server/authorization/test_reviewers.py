"""What the record says beside a request, what a removed reviewer still counts for, and taking an approval back."""

import pytest

from console.model.approvals import ApprovalState
from console.model.decisions import Outcome
from console.model.operators import Operator
from console.model.problems import ProblemError
from console.model.scales import DataClass
from tests.server.authorization.test_approvals import current, escalated, send, verdict
from tests.server.world import ADMIN, World


async def remove(world: World, name: str) -> None:
    operator = world.store.get(Operator, name)
    assert operator is not None
    gone = operator.model_copy(update={"removed": True, "removed_at": world.clock.now()})
    await world.store.write(lambda tx: tx.put(gone, "operator.removed", ADMIN))


async def test_a_removed_reviewer_fills_no_seat_when_the_quorum_is_met(world: World) -> None:
    _, _, approval = await escalated(world)
    await world.approvals.review(world.operators["omar"], approval.id, verdict(approval))
    await remove(world, "omar")
    after = await world.approvals.review(world.operators["lena"], approval.id, verdict(approval))
    assert after.state is ApprovalState.PENDING
    after = await world.approvals.review(world.operators["maya"], approval.id, verdict(approval))
    assert after.state is ApprovalState.APPROVED


async def test_an_approval_is_not_used_once_its_reviewer_was_removed(world: World) -> None:
    agent, task, approval = await escalated(world)
    for name in ("omar", "lena"):
        await world.approvals.review(world.operators[name], approval.id, verdict(approval))
    await remove(world, "omar")
    again = await send(world, agent, task)
    assert again.outcome is Outcome.ESCALATE
    assert again.approval_id != approval.id
    void = current(world, approval.id)
    assert (void.state, void.end_reason) == (ApprovalState.VOID, "a reviewer is no longer enrolled")


async def test_who_is_enrolled_again_under_a_name_does_not_revive_what_the_name_approved_before(world: World) -> None:
    agent, task, approval = await escalated(world)
    for name in ("omar", "lena"):
        await world.approvals.review(world.operators[name], approval.id, verdict(approval))
    world.clock.move(1)
    await remove(world, "omar")
    again = world.operators["omar"].model_copy(update={"enrolled_at": world.clock.now(), "version": 2})
    await world.store.write(lambda tx: tx.put(again, "operator.enrolled", ADMIN))
    assert (await send(world, agent, task)).outcome is Outcome.ESCALATE
    assert current(world, approval.id).state is ApprovalState.VOID


async def test_an_approval_stands_where_the_others_suffice(world: World) -> None:
    agent, task, approval = await escalated(world)
    for name in ("maya", "lena"):
        await world.approvals.review(world.operators[name], approval.id, verdict(approval))
    await remove(world, "omar")
    assert (await send(world, agent, task)).outcome is Outcome.ALLOW


async def test_the_card_tells_the_lookers_own_load(world: World) -> None:
    _, _, approval = await escalated(world)
    await world.approvals.review(world.operators["maya"], approval.id, verdict(approval, reading_seconds=21.0))
    load = world.approvals.detail(approval.id, world.operators["maya"]).load
    assert load is not None
    assert (load.approvals, load.rejections, load.median_reading_seconds, load.share_approved) == (1, 0, 21.0, 1.0)
    other = world.approvals.detail(approval.id, world.operators["lena"]).load
    assert other is not None
    assert other.approvals == 0
    assert world.approvals.detail(approval.id).load is None


async def test_the_review_after_a_streak_is_recorded_as_hurried(world: World) -> None:
    agent = await world.agent("executor")
    last = None
    for _ in range(6):
        task = await world.task(agent)
        await world.read(task, "crm/customers", 61)
        approval = current(world, (await send(world, agent, task)).approval_id)
        world.clock.move(5)
        last = await world.approvals.review(world.operators["maya"], approval.id, verdict(approval, reading_seconds=2.0))
    assert last is not None
    assert last.reviews[-1].hurried
    kept = world.store.audit(kind="approval.reviewed")
    assert [record.body["entity"]["reviews"][-1]["hurried"] for record in kept] == [False] * 5 + [True]


async def test_the_card_tells_how_requests_like_it_ended(world: World) -> None:
    agent, task, first = await escalated(world)
    await world.approvals.review(world.operators["maya"], first.id, verdict(first, "reject"))
    second = current(world, (await send(world, agent, task)).approval_id)
    for name in ("omar", "lena"):
        await world.approvals.review(world.operators[name], second.id, verdict(second))
    await send(world, agent, task)
    # Another scope and another agent are other matters.
    await world.decide(agent, task, "mail.send", "outbox/partner", seconds=60)
    third = current(world, (await send(world, agent, task)).approval_id)
    past = world.approvals.detail(third.id).past
    assert past is not None
    assert (past.approved, past.rejected, past.expired, past.other) == (1, 1, 0, 0)
    assert (past.last_state, past.last_by) == ("consumed", ("omar", "lena"))


async def test_the_card_tells_access_before_and_after(world: World) -> None:
    _, _, approval = await escalated(world)
    access = world.approvals.detail(approval.id).access
    assert access is not None
    assert (access.of, access.now.rights, access.then.rights) == ("leases", 0, 1)
    assert access.then.classes == {approval.ask.data_class if approval.ask else DataClass.PUBLIC: 1}


async def test_an_approval_that_was_not_used_is_taken_back(world: World) -> None:
    agent, task, approval = await escalated(world)
    for name in ("maya", "lena"):
        await world.approvals.review(world.operators[name], approval.id, verdict(approval))
    after = await world.approvals.withdraw(world.operators["lena"], approval.id, "wrong row")
    assert (after.state, after.end_reason) == (ApprovalState.VOID, "taken back by lena: wrong row")
    again = await send(world, agent, task)
    assert (again.outcome, again.approval_id == approval.id) == (Outcome.ESCALATE, False)


async def test_a_first_approval_is_taken_back_and_others_stay(world: World) -> None:
    _, _, approval = await escalated(world)
    await world.approvals.review(world.operators["maya"], approval.id, verdict(approval))
    after = await world.approvals.withdraw(world.operators["maya"], approval.id, "wrong row")
    assert (after.state, after.reviews) == (ApprovalState.PENDING, ())
    again = await world.approvals.review(world.operators["maya"], approval.id, verdict(after))
    assert [one.reviewer for one in again.reviews] == ["maya"]


@pytest.mark.parametrize("name", ["omar", "lena"])
async def test_nobody_takes_back_what_they_did_not_approve_or_what_was_used(world: World, name: str) -> None:
    agent, task, approval = await escalated(world)
    with pytest.raises(ProblemError) as caught:
        await world.approvals.withdraw(world.operators[name], approval.id, "not mine")
    assert caught.value.code == "not_found"
    for one in ("omar", "lena"):
        await world.approvals.review(world.operators[one], approval.id, verdict(approval))
    assert (await send(world, agent, task)).outcome is Outcome.ALLOW
    with pytest.raises(ProblemError) as caught:
        await world.approvals.withdraw(world.operators[name], approval.id, "too late")
    assert caught.value.code == "not_an_edge"
