"""Introspection: what a resource server is told, when it is told nothing, and how uses are counted."""

import asyncio
from datetime import timedelta

import pytest

from console.model.exposure import Audience
from console.model.leases import LeaseState
from console.model.oauth import OAuthError
from console.model.tasks import TaskStop
from console.server.authorization.tasks import actor_of
from console.server.identity.keys import KeyRing
from console.server.identity.tokens import OwnTokens
from tests.server.broker.estate import CACHED, CRM, OFFLINE, RESPONDER, Estate


async def test_the_audience_is_told_scope_chain_and_task(estate: Estate) -> None:
    agent, task = await estate.pair()
    helper = await estate.world.agent("helper")
    child = await estate.world.child(agent, task, "helper")
    issued = await estate.issue(helper, child, rows=40)
    told = (await estate.introspection.introspect(issued.credential, CRM)).wire()
    assert told["active"] is True
    assert told["sub"] == "a-customer"
    assert told["client_id"] == helper.spiffe_id
    assert told["act"] == {"sub": helper.spiffe_id, "act": {"sub": agent.spiffe_id}}
    assert told["authorization_details"] == [issued.lease.right.model_dump(mode="json")]
    assert (told["task_id"], told["lease_id"], told["jti"]) == (child.id, issued.lease.id, issued.lease.id)
    assert (told["exp"], told["cache_seconds"], told["max_rows"]) == (int(issued.lease.expires_at.timestamp()), 0, 40)


@pytest.mark.parametrize("audience", [CACHED, OFFLINE, Audience(name="crm-2", spiffe_id=CRM.spiffe_id)])
async def test_another_audience_is_told_nothing(estate: Estate, audience: Audience) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)
    told = await estate.introspection.introspect(issued.credential, audience)
    assert told.wire() == {"active": False}


async def test_what_is_no_token_of_ours_is_inactive(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)
    foreign = OwnTokens(KeyRing.create(estate.world.clock.now()))
    claims = estate.own.verify(issued.credential, audience="crm", typ="at+jwt", now=estate.world.clock.now())
    forged = foreign.sign(claims, typ="at+jwt")
    other_type = estate.own.sign(claims, typ="leasehold-task+jwt")
    unknown_lease = estate.own.sign({**claims, "jti": estate.world.clock.new_id("ls")}, typ="at+jwt")
    head, body, signature = issued.credential.split(".")
    unsigned = f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{body}."
    for token in (
        "",
        "x",
        "a.b.c",
        "x" * 20_000,
        forged,
        other_type,
        unknown_lease,
        unsigned,
        f"{head}.{body}.{signature[::-1]}",
    ):
        assert not (await estate.introspection.introspect(token, CRM)).active
    assert await estate.active(issued)


async def test_it_dies_with_time_whether_or_not_anything_is_recorded(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task, seconds=60)
    estate.world.clock.move(59)
    assert await estate.active(issued)
    estate.world.clock.move(1)
    assert not await estate.active(issued)
    assert estate.lease(issued).state is LeaseState.ACTIVE


async def test_a_silent_task_ends_its_credentials_before_anybody_sweeps(estate: Estate) -> None:
    agent = await estate.world.agent("quiet")
    task = await estate.world.task(agent, heartbeat_seconds=20)
    issued = await estate.issue(agent, task, seconds=300)
    estate.world.clock.move(20)
    assert not await estate.active(issued)


@pytest.mark.parametrize("how", ["agent", "task", "root", "lease"])
async def test_a_hold_in_memory_refuses(estate: Estate, how: str) -> None:
    agent, task = await estate.pair()
    helper = await estate.world.agent("helper")
    child = await estate.world.child(agent, task, "helper")
    issued = await estate.issue(helper, child)
    held = {"agent": helper.id, "task": child.id, "root": task.id, "lease": issued.lease.id}[how]
    with estate.world.holds.holding([held]):
        assert not await estate.active(issued)
    assert await estate.active(issued)


async def test_the_end_of_its_task_and_of_its_agent_end_it(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)
    await estate.world.tasks.stop(RESPONDER, task.id, TaskStop(reason="wrong customer"))
    assert not await estate.active(issued)


async def test_counted_uses_are_spent_one_by_one(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task, uses=2)
    told = await estate.introspection.introspect(issued.credential, CRM)
    assert (told.active, told.cache_seconds) == (True, 0)
    answers = await asyncio.gather(*(estate.active(issued) for _ in range(5)))
    assert sum(answers) == 1
    lease = estate.lease(issued)
    assert (lease.uses, lease.state) == (2, LeaseState.ACTIVE)
    assert not await estate.active(issued)


async def test_uncounted_uses_are_noted_now_and_then(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)
    records = estate.world.store.audit_size()
    for _ in range(3):
        assert await estate.active(issued)
    assert estate.lease(issued).uses == 1
    estate.world.clock.move(5)
    assert await estate.active(issued)
    lease = estate.lease(issued)
    assert (lease.uses, lease.last_used_at) == (2, estate.world.clock.now())
    assert estate.world.store.audit_size() == records


async def test_an_agent_gives_its_own_token_back_and_no_other(estate: Estate) -> None:
    agent, task = await estate.pair()
    other = await estate.world.agent("other")
    issued = await estate.issue(agent, task)
    with pytest.raises(OAuthError) as caught:
        await estate.introspection.give_back(issued.credential, other, actor_of(other))
    assert caught.value.fault().model_dump()["error"] == "unauthorized_client"
    assert await estate.active(issued)
    await estate.introspection.give_back("no token at all", agent, actor_of(agent))
    await estate.introspection.give_back(issued.credential, agent, actor_of(agent))
    assert not await estate.active(issued)
    assert estate.lease(issued).revoked_by == actor_of(agent)


async def test_the_token_never_outlives_its_lease(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task, seconds=60)
    claims = estate.own.verify(issued.credential, audience="crm", typ="at+jwt", now=estate.world.clock.now())
    assert claims["exp"] <= issued.lease.expires_at.timestamp()
    assert claims["exp"] > (issued.lease.expires_at - timedelta(seconds=1)).timestamp()
