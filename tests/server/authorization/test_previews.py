"""Previews: they say what the act would come to, refuse what it would refuse, and write nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from console.model.approvals import ApprovalState, Narrowing
from console.model.decisions import Outcome
from console.model.grants import GrantState, GrantTerms
from console.model.problems import ProblemError
from console.model.rights import Right
from console.model.scales import DataClass
from tests.server.authorization.test_approvals import current, escalated, send, verdict
from tests.server.world import World

OUTBOX = Right(actions=("mail.send",), resources=("outbox/customer",), max_class=DataClass.RESTRICTED)


@asynccontextmanager
async def unwritten(world: World) -> AsyncIterator[None]:
    before = (world.store.head(), world.store.audit_size())
    yield
    assert (world.store.head(), world.store.audit_size()) == before


def terms(whose: str, **more: object) -> GrantTerms:
    fields = {"agent_id": whose, "covers": ("confidential-goes-out",), "scope": OUTBOX, "seconds": 600}
    return GrantTerms.model_validate(fields | more)


async def test_a_narrowing_is_decided_and_nothing_is_written(world: World) -> None:
    _, _, approval = await escalated(world)
    async with unwritten(world):
        preview = world.previews.review(approval.id, Narrowing(seconds=60, rows=5))
    assert preview.outcome is Outcome.ESCALATE
    assert (preview.ask.seconds, preview.ask.rows) == (60, 5)
    assert (preview.shown_digest, preview.shown_revision) == (approval.digest, 1)
    assert preview.digest != approval.digest
    assert {part.group for part in preview.quorum} == {part.group for part in approval.quorum}
    narrower = verdict(approval, narrowing={"seconds": 60, "rows": 5})
    after = await world.approvals.review(world.operators["maya"], approval.id, narrower)
    assert (after.digest, after.quorum) == (preview.digest, preview.quorum)


async def test_others_are_answered_while_a_wide_grant_is_asked_about(world: World) -> None:
    agent, _, _ = await escalated(world)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    wide = Right(actions=("*",), resources=("*",), max_class=DataClass.RESTRICTED)
    preview = await world.previews.grant(world.operators["maya"], terms(agent.id, scope=wide))
    beside.cancel()
    assert preview.asked > 10
    assert turns >= preview.asked


async def test_an_empty_narrowing_is_the_request_as_it_stands(world: World) -> None:
    _, task, approval = await escalated(world)
    preview = world.previews.review(approval.id, Narrowing())
    assert (preview.digest, preview.drift) == (approval.digest, ())
    await world.read(task, "crm/payment-methods", 1)
    assert any("restricted-goes-out" in one for one in world.previews.review(approval.id, Narrowing()).drift)


@pytest.mark.parametrize(
    ("wider", "field"),
    [({"seconds": 601}, "seconds"), ({"rows": 51}, "rows"), ({"resource": "outbox/partner"}, "resource")],
)
async def test_what_is_not_narrower_is_refused_by_its_field(world: World, wider: dict[str, object], field: str) -> None:
    _, _, approval = await escalated(world)
    with pytest.raises(ProblemError) as caught:
        world.previews.review(approval.id, Narrowing.model_validate(wider))
    assert caught.value.code == "invalid"
    assert [one.field for one in caught.value.errors] == [field]


async def test_narrowing_to_what_needs_nobody_says_allow(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent, "refund-order")
    decision = await world.decide(agent, task, "orders.update", "crm/orders", seconds=60, rows=50)
    preview = world.previews.review(decision.approval_id or "", Narrowing(rows=10))
    assert (preview.outcome, preview.quorum) == (Outcome.ALLOW, ())


async def test_what_has_ended_is_not_previewed(world: World) -> None:
    _, _, approval = await escalated(world)
    await world.approvals.review(world.operators["maya"], approval.id, verdict(approval, "reject"))
    with pytest.raises(ProblemError) as caught:
        world.previews.review(approval.id, Narrowing(seconds=60))
    assert caught.value.code == "not_an_edge"


async def test_a_grant_is_previewed_with_its_quorum_and_what_it_opens(world: World) -> None:
    agent, task, _ = await escalated(world)
    async with unwritten(world):
        preview = await world.previews.grant(world.operators["maya"], terms(agent.id))
    assert [(one.action, one.resource, one.before, one.after) for one in preview.opens] == [
        ("mail.send", "outbox/customer", Outcome.ESCALATE, Outcome.ALLOW)
    ]
    assert preview.asked == 1
    assert (preview.own_act_counts, preview.given_at_once) == (True, False)
    assert {part.group for part in preview.quorum} == {"security", "resource-owner"}
    assert (preview.access.now.held, preview.access.then.held) == (0, 1)
    assert (await send(world, agent, task)).outcome is Outcome.ESCALATE


async def test_what_was_previewed_is_what_comes(world: World) -> None:
    agent, task, _ = await escalated(world)
    from console.model.grants import GrantInput  # noqa: PLC0415

    asked = GrantInput(**terms(agent.id).model_dump(), reason="a mailing")
    grant = await world.grants.request(world.operators["maya"], asked)
    assert grant.state is GrantState.REQUESTED
    request = current(world, grant.approval_id)
    preview = await world.previews.grant(world.operators["maya"], terms(agent.id))
    assert (preview.quorum, preview.risk, preview.covers) == (request.quorum, request.risk, request.blocking)
    after = await world.approvals.review(world.operators["lena"], request.id, verdict(request))
    assert after.state is ApprovalState.CONSUMED
    assert (await send(world, agent, task)).outcome is Outcome.ALLOW


async def test_without_a_running_task_nothing_is_asked_and_it_says_so(world: World) -> None:
    agent = await world.agent("idle")
    preview = await world.previews.grant(world.operators["maya"], terms(agent.id))
    assert (preview.asked, preview.opens) == (0, ())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"covers": ("no-such-policy",)}, "not_grantable"),
        ({"seconds": 86_400}, "invalid"),
        ({"agent_id": "ag_00000000000000000000000000"}, "not_found"),
    ],
)
async def test_a_grant_preview_refuses_what_the_grant_would(world: World, change: dict[str, object], code: str) -> None:
    agent = await world.agent("executor")
    with pytest.raises(ProblemError) as caught:
        await world.previews.grant(world.operators["maya"], terms(agent.id, **change))
    assert caught.value.code == code


async def test_break_glass_says_its_maximum_and_when_it_must_be_reviewed(world: World) -> None:
    agent, _, _ = await escalated(world)
    compiled = world.bundles.active
    assert compiled is not None
    preview = await world.previews.grant(world.operators["maya"], terms(agent.id, kind="break-glass", seconds=300))
    assert preview.most_seconds == compiled.limits.break_glass_max_seconds
    assert preview.given_at_once
    assert preview.review_due_at is not None
    with pytest.raises(ProblemError) as caught:
        await world.previews.grant(world.operators["lena"], terms(agent.id, kind="break-glass", seconds=300))
    assert caught.value.code == "not_eligible"
