"""Grants: what may be granted, by whom, for how long, how often; and that overlapping ones are counted."""

from datetime import timedelta

import pytest

from console.model.actors import Actor, ActorKind
from console.model.agents import Agent
from console.model.approvals import Approval, ApprovalState, ReviewInput
from console.model.decisions import Outcome
from console.model.grants import Grant, GrantInput, GrantState
from console.model.problems import ProblemError
from console.model.tasks import Task, TaskEnding
from tests.server.world import World

SCOPE = {"actions": ("payments.read",), "resources": ("crm/payment-methods",), "max_class": "restricted"}
MAYA = Actor(kind=ActorKind.OPERATOR, id="maya", name="maya")


async def refunding(world: World) -> tuple[Agent, Task]:
    agent = await world.agent("executor")
    return agent, await world.task(agent, "refund-order", seconds=3600)


async def grant(world: World, agent: Agent, by: str = "maya", **more: object) -> Grant:
    fields = {
        "agent_id": agent.id,
        "covers": ("restricted-read",),
        "scope": SCOPE,
        "seconds": 300,
        "reason": "month end",
    } | more
    return await world.grants.request(world.operators[by], GrantInput.model_validate(fields))


async def outcome(world: World, agent: Agent, task: Task) -> Outcome:
    return (await world.decide(agent, task, "payments.read", "crm/payment-methods")).outcome


def now(world: World, given: Grant) -> Grant:
    found = world.store.get(Grant, given.id)
    assert found is not None
    return found


async def test_a_grant_lifts_what_it_covers_for_its_time(world: World) -> None:
    agent, task = await refunding(world)
    assert await outcome(world, agent, task) is Outcome.ESCALATE
    given = await grant(world, agent)
    assert given.state is GrantState.ACTIVE
    decision = await world.decide(agent, task, "payments.read", "crm/payment-methods")
    assert (decision.outcome, decision.grant_ids) == (Outcome.ALLOW, (given.id,))
    assert (decision.max_ttl_seconds or 0) <= 300
    world.clock.move(301)
    assert await outcome(world, agent, task) is Outcome.ESCALATE
    await world.grants.sweep()
    assert now(world, given).state is GrantState.EXPIRED


async def test_a_grant_needs_the_quorum_of_what_it_covers(world: World) -> None:
    agent, task = await refunding(world)
    asked = await grant(world, agent, by="lena")
    assert asked.state is GrantState.REQUESTED
    assert await outcome(world, agent, task) is Outcome.ESCALATE
    request = world.store.get(Approval, asked.approval_id or "")
    assert request is not None
    assert request.reviews == ()
    review = ReviewInput(verdict="approve", digest=request.digest, revision=1, reason="agreed")
    after = await world.approvals.review(world.operators["omar"], request.id, review)
    assert (after.state, now(world, asked).state) == (ApprovalState.CONSUMED, GrantState.ACTIVE)
    assert await outcome(world, agent, task) is Outcome.ALLOW


async def test_a_rejected_grant_was_never_given(world: World) -> None:
    agent, _ = await refunding(world)
    asked = await grant(world, agent, by="lena")
    request = world.store.get(Approval, asked.approval_id or "")
    assert request is not None
    review = ReviewInput(verdict="reject", digest=request.digest, revision=1, reason="no need")
    await world.approvals.review(world.operators["maya"], request.id, review)
    assert now(world, asked).state is GrantState.REJECTED


async def test_uses_are_spent_where_a_decision_commits(world: World) -> None:
    agent, task = await refunding(world)
    given = await grant(world, agent, uses=2)
    assert [await outcome(world, agent, task) for _ in range(3)] == [Outcome.ALLOW, Outcome.ALLOW, Outcome.ESCALATE]
    assert (now(world, given).state, now(world, given).uses_left) == (GrantState.EXHAUSTED, 0)


async def test_ending_one_grant_leaves_what_another_still_gives(world: World) -> None:
    agent, task = await refunding(world)
    first, second = await grant(world, agent), await grant(world, agent, seconds=600)
    await world.grants.revoke(MAYA, first.id, "not needed twice")
    assert await outcome(world, agent, task) is Outcome.ALLOW
    await world.grants.revoke(MAYA, second.id, "done")
    assert await outcome(world, agent, task) is Outcome.ESCALATE
    with pytest.raises(ProblemError, match="revoked"):
        await world.grants.revoke(MAYA, second.id, "again")


async def test_a_grant_may_begin_later_and_keeps_its_length(world: World) -> None:
    agent, task = await refunding(world)
    given = await grant(world, agent, starts_at=world.clock.now() + timedelta(seconds=60))
    assert given.state is GrantState.SCHEDULED
    assert await outcome(world, agent, task) is Outcome.ESCALATE
    world.clock.move(61)
    assert await outcome(world, agent, task) is Outcome.ALLOW
    assert (now(world, given).ends_at - now(world, given).starts_at).total_seconds() == 300


async def test_a_grant_for_a_task_ends_with_it_and_covers_no_other(world: World) -> None:
    agent, task = await refunding(world)
    other = await world.task(agent, "refund-order")
    given = await grant(world, agent, task_id=task.id)
    assert await outcome(world, agent, task) is Outcome.ALLOW
    assert await outcome(world, agent, other) is Outcome.ESCALATE
    await world.tasks.complete(agent, task.id, TaskEnding())
    assert now(world, given).state is GrantState.REVOKED


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"covers": ("restricted-rows-ceiling",)}, "not_grantable"),
        ({"covers": ("support-reads-crm",)}, "not_grantable"),
        ({"covers": ("no-such-policy",)}, "not_grantable"),
        ({"covers": (), "template": "support-reads-crm"}, "not_grantable"),
        ({"seconds": 14_401}, "invalid"),
        ({"kind": "break-glass", "seconds": 901}, "invalid"),
        ({"agent_id": "ag_" + "0" * 26}, "not_found"),
    ],
)
async def test_what_cannot_be_lifted_cannot_be_granted(world: World, more: dict[str, object], code: str) -> None:
    agent, _ = await refunding(world)
    with pytest.raises(ProblemError) as caught:
        await grant(world, agent, **more)
    assert caught.value.code == code
    assert world.store.count(Grant) == 0


async def test_a_grantable_template_gives_access_to_one_named_resource(world: World) -> None:
    agent = await world.agent("reader", team="research", role="executor")
    task = await world.task(agent, "weekly-report")

    async def read(resource: str) -> Outcome:
        return (await world.decide(agent, task, "documents.read", resource)).outcome

    assert await read("docs/contracts/7") is Outcome.DENY
    scope = {"actions": ("documents.read",), "resources": ("docs/contracts/7",), "max_class": "confidential"}
    asked = await grant(world, agent, by="omar", covers=(), template="temporary-document-access", scope=scope)
    request = world.store.get(Approval, asked.approval_id or "")
    assert request is not None
    review = ReviewInput(verdict="approve", digest=request.digest, revision=1, reason="agreed")
    await world.approvals.review(world.operators["maya"], request.id, review)
    assert await read("docs/contracts/7") is Outcome.ALLOW
    assert await read("docs/contracts/8") is Outcome.DENY


async def test_break_glass_is_one_person_short_and_reviewed_afterwards(world: World) -> None:
    agent, task = await refunding(world)
    await world.read(task, "crm/payment-methods", 1)
    given = await grant(world, agent, by="omar", kind="break-glass", covers=("restricted-read",))
    assert (given.state, given.kind) == (GrantState.ACTIVE, "break-glass")
    assert given.review_due_at is not None
    assert await outcome(world, agent, task) is Outcome.ALLOW
    with pytest.raises(ProblemError, match="Only security"):
        await grant(world, agent, by="lena", kind="break-glass")


async def test_a_broken_glass_is_reviewed_once_by_another_person(world: World) -> None:
    agent, task = await refunding(world)
    given = await grant(world, agent, by="omar", kind="break-glass", task_id=task.id)
    for who, code in (("omar", "self_review"), ("maya", ""), ("lena", "already_reviewed")):
        if not code:
            after = await world.grants.review_break_glass(world.operators[who], given.id, "it was needed")
            assert (after.reviewed_by, after.reviewed_at, after.state) == ("maya", world.clock.now(), GrantState.ACTIVE)
            record = world.store.audit(world.store.audit_size() - 2)[0]
            assert (record.kind, record.actor.id, record.body["review"]) == ("grant.reviewed", "maya", "it was needed")
            continue
        with pytest.raises(ProblemError) as caught:
            await world.grants.review_break_glass(world.operators[who], given.id, "looked")
        assert caught.value.code == code
    plain = await grant(world, agent)
    with pytest.raises(ProblemError, match="no such break-glass"):
        await world.grants.review_break_glass(world.operators["omar"], plain.id, "looked")


async def test_an_owner_of_one_resource_does_not_stand_for_the_owner_of_another(world: World) -> None:
    agent, _ = await refunding(world)
    scope = {"actions": ("mail.send",), "resources": ("outbox/press", "crm/customers"), "max_class": "restricted"}
    asked = await grant(world, agent, covers=("confidential-goes-out",), scope=scope)
    request = world.store.get(Approval, asked.approval_id or "")
    assert request is not None
    assert {part.people for part in request.quorum if part.group == "resource-owner"} == {("omar",), ("lena",)}
    review = ReviewInput(verdict="approve", digest=request.digest, revision=1, reason="agreed")
    after = await world.approvals.review(world.operators["omar"], request.id, review)
    assert (after.state, now(world, asked).state) == (ApprovalState.PENDING, GrantState.REQUESTED)
    await world.approvals.review(world.operators["lena"], request.id, review)
    assert now(world, asked).state is GrantState.ACTIVE


async def test_a_pattern_takes_every_owner_that_it_reaches(world: World) -> None:
    agent, _ = await refunding(world)
    scope = {"actions": ("mail.send",), "resources": ("*",), "max_class": "restricted"}
    asked = await grant(world, agent, covers=("confidential-goes-out",), scope=scope)
    request = world.store.get(Approval, asked.approval_id or "")
    assert request is not None
    owners = {part.people for part in request.quorum if part.group == "resource-owner"}
    assert owners == {("lena",), ("omar",), ("lena", "omar")}


async def test_nobody_grants_for_a_task_that_is_done_on_their_behalf(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent, "refund-order", on_behalf_of="maya")
    asked = await grant(world, agent, by="maya", task_id=task.id)
    assert asked.state is GrantState.REQUESTED
    request = world.store.get(Approval, asked.approval_id or "")
    assert request is not None
    review = ReviewInput(verdict="approve", digest=request.digest, revision=1, reason="for myself")
    with pytest.raises(ProblemError) as caught:
        await world.approvals.review(world.operators["maya"], request.id, review)
    assert caught.value.code == "self_review"


async def test_a_grant_does_not_begin_in_another_age(world: World) -> None:
    agent, _ = await refunding(world)
    with pytest.raises(ProblemError, match="30 days ahead"):
        await grant(world, agent, starts_at="9999-12-31T23:59:59Z")
