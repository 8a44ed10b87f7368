"""Approvals: quorum by different people, binding to what was shown, narrowing, drift, one use, and time."""

import asyncio
from pathlib import Path

import pytest

from console.model.agents import Agent
from console.model.approvals import Approval, ApprovalState, Narrowing, ReviewInput
from console.model.decisions import Decision, Outcome
from console.model.operators import Operator
from console.model.problems import ProblemError
from console.model.tasks import Task
from tests.server.world import ADMIN, World, bundle_files, open_world


async def escalated(world: World, *, owner: str = "ravi", **more: object) -> tuple[Agent, Task, Approval]:
    """A send after much was read: it takes one of security and one owner of the outbox."""
    agent = await world.agent("executor", owner=owner)
    task = await world.task(agent, **more)
    await world.read(task, "crm/customers", 61)
    decision = await send(world, agent, task)
    return agent, task, current(world, decision.approval_id)


async def send(world: World, agent: Agent, task: Task, **more: object) -> Decision:
    return await world.decide(agent, task, "mail.send", "outbox/customer", **({"seconds": 600, "rows": 50} | more))


def current(world: World, approval_id: str | None) -> Approval:
    found = world.store.get(Approval, approval_id or "")
    assert found is not None
    return found


def verdict(approval: Approval, verdict: str = "approve", **more: object) -> ReviewInput:
    return ReviewInput.model_validate(
        {"verdict": verdict, "digest": approval.digest, "revision": approval.revision, "reason": "I looked at it."} | more
    )


async def refused(world: World, name: str, approval: Approval, code: str, **more: object) -> ProblemError:
    before = current(world, approval.id)
    with pytest.raises(ProblemError) as caught:
        await world.approvals.review(world.operators[name], approval.id, verdict(approval, **more))
    assert caught.value.code == code
    if code != "conflict":
        assert current(world, approval.id) == before
    return caught.value


async def test_two_parts_take_two_people(world: World) -> None:
    agent, task, approval = await escalated(world)
    after = await world.approvals.review(world.operators["omar"], approval.id, verdict(approval))
    assert after.state is ApprovalState.PENDING
    await refused(world, "omar", after, "already_reviewed")
    after = await world.approvals.review(world.operators["lena"], approval.id, verdict(approval))
    assert after.state is ApprovalState.APPROVED
    allowed = await send(world, agent, task)
    assert (allowed.outcome, allowed.approval_id, allowed.lifted) == (Outcome.ALLOW, approval.id, ("confidential-goes-out",))
    used = current(world, approval.id)
    assert (used.state, used.consumed_by) == (ApprovalState.CONSUMED, allowed.id)


async def test_an_approval_is_used_once(world: World) -> None:
    agent, task, approval = await escalated(world)
    for name in ("maya", "lena"):
        await world.approvals.review(world.operators[name], approval.id, verdict(approval))
    outcomes = await asyncio.gather(*(send(world, agent, task) for _ in range(5)))
    assert [one.outcome for one in outcomes].count(Outcome.ALLOW) == 1


async def test_an_approval_covers_exactly_what_was_shown(world: World) -> None:
    agent, task, approval = await escalated(world)
    for name in ("maya", "lena"):
        await world.approvals.review(world.operators[name], approval.id, verdict(approval))
    assert (await send(world, agent, task, rows=51)).outcome is Outcome.ESCALATE
    assert (await send(world, agent, task, seconds=601)).outcome is Outcome.ESCALATE
    assert (await send(world, agent, task)).outcome is Outcome.ALLOW


@pytest.mark.parametrize(("name", "code"), [("ravi", "not_eligible"), ("ida", "not_eligible")])
async def test_only_those_whom_the_quorum_names_may_review(world: World, name: str, code: str) -> None:
    _, _, approval = await escalated(world)
    await refused(world, name, approval, code)


async def test_nobody_reviews_what_is_asked_on_their_behalf(world: World) -> None:
    _, _, approval = await escalated(world, on_behalf_of="maya")
    await refused(world, "maya", approval, "self_review")


async def test_an_agents_owner_reviews_only_where_policy_names_the_owner(world: World) -> None:
    _, _, approval = await escalated(world, owner="maya")
    problem = await refused(world, "maya", approval, "not_eligible")
    assert "owner reviews only where" in problem.detail


async def test_a_reviewer_was_enrolled_before_the_request_was_made(world: World) -> None:
    _, _, approval = await escalated(world)
    world.clock.move(1)
    late = Operator(
        id="late", roles=("approver",), groups=("security",), enrolled_at=world.clock.now(), enrolled_by="ida",
        token_expires_at=world.clock.now(),
    )  # fmt: skip
    world.operators["late"] = await world.store.write(lambda tx: tx.put(late, "operator.enrolled", ADMIN))
    problem = await refused(world, "late", approval, "not_eligible")
    assert "Enrolled after" in problem.detail


async def test_a_review_binds_to_the_digest_and_the_revision_shown(world: World) -> None:
    _, _, approval = await escalated(world)
    problem = await refused(world, "maya", approval, "conflict", revision=2)
    assert problem.facts["revision"] == 1
    await refused(world, "maya", approval, "conflict", digest="sha256:" + "0" * 64)


async def test_one_rejection_ends_it_and_needs_a_reason(world: World) -> None:
    agent, task, approval = await escalated(world)
    await refused(world, "maya", approval, "invalid", verdict="reject", reason=" ")
    after = await world.approvals.review(world.operators["maya"], approval.id, verdict(approval, "reject"))
    assert (after.state, after.end_reason) == (ApprovalState.REJECTED, "rejected by maya")
    await refused(world, "lena", approval, "not_an_edge")
    again = await send(world, agent, task)
    assert (again.outcome, again.approval_id == approval.id) == (Outcome.ESCALATE, False)


async def test_first_transition_wins(world: World) -> None:
    _, _, approval = await escalated(world)
    await world.approvals.review(world.operators["omar"], approval.id, verdict(approval))
    both = await asyncio.gather(
        world.approvals.review(world.operators["lena"], approval.id, verdict(approval)),
        world.approvals.review(world.operators["maya"], approval.id, verdict(approval, "reject")),
        return_exceptions=True,
    )
    assert sum(isinstance(one, ProblemError) for one in both) == 1


async def test_approving_less_makes_a_revision_and_tells_the_agent_what_it_may_ask(world: World) -> None:
    agent, task, approval = await escalated(world)
    await world.approvals.review(world.operators["maya"], approval.id, verdict(approval))
    narrower = verdict(approval, narrowing=Narrowing(seconds=60, rows=5).model_dump())
    after = await world.approvals.review(world.operators["lena"], approval.id, narrower)
    assert (after.revision, after.state, [review.reviewer for review in after.reviews]) == (2, ApprovalState.PENDING, ["lena"])
    assert after.narrowed_from == approval.ask
    after = await world.approvals.review(world.operators["maya"], approval.id, verdict(after))
    assert after.state is ApprovalState.APPROVED
    told = await send(world, agent, task)
    assert (told.outcome, told.approval_id) == (Outcome.ESCALATE, approval.id)
    assert "at most 60 s" in told.text
    assert "at most 5 rows" in told.text
    assert (await send(world, agent, task, seconds=60, rows=5)).outcome is Outcome.ALLOW


@pytest.mark.parametrize("wider", [{"seconds": 601}, {"rows": 51}, {"resource": "outbox/partner"}, {"seconds": 600}])
async def test_what_is_not_narrower_is_refused(world: World, wider: dict[str, object]) -> None:
    _, _, approval = await escalated(world)
    await refused(world, "maya", approval, "invalid", narrowing=wider)


async def test_drift_makes_a_revision_clears_reviews_and_is_shown(world: World) -> None:
    agent, task, approval = await escalated(world)
    await world.approvals.review(world.operators["maya"], approval.id, verdict(approval))
    await world.read(task, "crm/payment-methods", 1)
    problem = await refused(world, "lena", approval, "conflict")
    assert any("restricted-goes-out now stands in the way" in str(one) for one in problem.facts["drift"])
    after = current(world, approval.id)
    assert (after.revision, after.reviews, after.state) == (2, (), ApprovalState.PENDING)
    assert {reason.policy_id for reason in after.blocking} == {"restricted-goes-out", "critical-risk"}
    await world.read(task, "crm/payment-methods", 1)
    assert (await send(world, agent, task)).approval_id == approval.id


async def test_a_deadline_ends_what_waits_and_what_was_not_used(world: World) -> None:
    _, _, approval = await escalated(world, seconds=3600, heartbeat_seconds=600)
    other = await world.agent("other")
    other_task = await world.task(other, seconds=3600)
    await world.read(other_task, "crm/customers", 61)
    waiting = current(world, (await send(world, other, other_task)).approval_id)
    for name in ("maya", "lena"):
        await world.approvals.review(world.operators[name], approval.id, verdict(approval))
    world.clock.move(599)
    await world.approvals.sweep()
    assert current(world, approval.id).state is ApprovalState.APPROVED
    world.clock.move(2)
    await world.approvals.sweep()
    assert current(world, approval.id).state is ApprovalState.EXPIRED
    world.clock.move(300)
    await world.approvals.sweep()
    assert (current(world, waiting.id).state, current(world, waiting.id).end_reason) == (
        ApprovalState.EXPIRED,
        "its deadline passed",
    )


async def test_an_agent_withdraws_its_own_request_only(world: World) -> None:
    agent, _, approval = await escalated(world)
    other = await world.agent("other")
    with pytest.raises(ProblemError, match="no such request"):
        await world.approvals.cancel(other, approval.id, "not mine")
    after = await world.approvals.cancel(agent, approval.id, "no longer needed")
    assert after.state is ApprovalState.CANCELLED


async def test_the_card_says_who_may_still_review_and_why_others_may_not(world: World) -> None:
    _, _, approval = await escalated(world, owner="maya", on_behalf_of="omar")
    detail = world.approvals.detail(approval.id)
    assert detail.eligible == ("lena",)
    assert set(detail.excluded) == {"maya", "omar"}
    assert "on this operator's behalf" in detail.excluded["omar"]


async def test_the_agents_words_are_kept_apart_and_can_be_erased(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)
    await world.read(task, "crm/customers", 61)
    decision = await world.decide(agent, task, "mail.send", "outbox/customer", reason="Please approve \u202e quickly")
    detail = world.approvals.detail(decision.approval_id or "")
    assert detail.agent_text == "Please approve \u202e quickly"
    assert all("Please approve" not in record.model_dump_json() for record in world.store.audit())
    await world.store.write(lambda tx: tx.erase_text(detail.approval.text_digest or ""))
    assert world.approvals.detail(decision.approval_id or "").agent_text is None


async def test_a_plane_of_one_operator_says_so_on_each_act(tmp_path: Path) -> None:
    async with open_world(tmp_path / "alone", single_operator=True) as world:
        _, _, approval = await escalated(world, on_behalf_of="maya", owner="maya")
        after = await world.approvals.review(world.operators["maya"], approval.id, verdict(approval))
        assert after.state is ApprovalState.APPROVED
        assert all(review.single_operator for review in after.reviews)


async def test_what_no_longer_suffices_is_void_and_somebody_is_asked_anew(world: World) -> None:
    agent, task, approval = await escalated(world)
    for name in ("maya", "lena"):
        await world.approvals.review(world.operators[name], approval.id, verdict(approval))
    await world.read(task, "crm/payment-methods", 1)
    again = await send(world, agent, task)
    assert again.outcome is Outcome.ESCALATE
    assert again.approval_id != approval.id
    assert current(world, approval.id).state is ApprovalState.VOID
    assert current(world, again.approval_id).state is ApprovalState.PENDING


async def test_narrowing_to_what_needs_nobody_keeps_the_review(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent, "refund-order")
    asked = {"seconds": 60, "rows": 50}
    decision = await world.decide(agent, task, "orders.update", "crm/orders", **asked)
    approval = current(world, decision.approval_id)
    narrower = verdict(approval, narrowing={"rows": 10})
    after = await world.approvals.review(world.operators["maya"], approval.id, narrower)
    assert (after.state, [review.reviewer for review in after.reviews]) == (ApprovalState.APPROVED, ["maya"])
    allowed = await world.decide(agent, task, "orders.update", "crm/orders", seconds=60, rows=10)
    assert allowed.outcome is Outcome.ALLOW


async def test_a_new_bundle_decides_again_what_waits(world: World) -> None:
    _, _, approval = await escalated(world)
    await world.approvals.review(world.operators["maya"], approval.id, verdict(approval))
    files = bundle_files()
    files["policies/oversight.cedar"] = files["policies/oversight.cedar"].replace(
        '@approval("security:1, resource-owner:1")', '@approval("security:2")', 1
    )
    await world.bundles.publish(files, "petra", ADMIN)
    assert await world.approvals.redecide_pending() == 1
    after = current(world, approval.id)
    assert (after.revision, after.reviews, after.drift) == (2, (), ("who must agree has changed",))
