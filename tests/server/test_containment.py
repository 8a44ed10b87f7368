"""Containment: one act, and nothing under it succeeds any more; release gives back what was not ended."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.model.agents import Agent, AgentState
from console.model.approvals import Approval, ApprovalState
from console.model.decisions import DecideInput, Outcome
from console.model.leases import Lease, LeaseState, RenewInput
from console.model.locks import Lock
from console.model.problems import ProblemError
from console.model.tasks import Task, TaskState
from console.server.authorization.tasks import actor_of
from console.server.containment import Containment
from console.server.ports import Transaction
from tests.server.broker.estate import RESPONDER, SECOND, Estate, open_estate
from tests.server.world import TestClock


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    async with open_estate(tmp_path / "plane") as made:
        yield made


async def refused(code: str, awaitable: object) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        await awaitable  # type: ignore[misc]
    assert caught.value.code == code, caught.value
    return caught.value


async def test_a_containment_reaches_what_was_delegated_and_nothing_else(estate: Estate) -> None:
    planner, task = await estate.pair("planner")
    shared = await estate.world.agent("shared")
    delegated, own = await estate.world.child(planner, task, "shared"), await estate.world.task(shared)
    third = await estate.world.agent("third")
    deeper = await estate.world.child(shared, delegated, "third", seconds=200)
    leases = [await estate.issue(planner, task), await estate.issue(shared, delegated), await estate.issue(third, deeper)]
    untouched = await estate.issue(shared, own)

    tally = await estate.containment.contain(planner.id, "it reads too much", RESPONDER)

    for issued in leases:
        assert not await estate.active(issued)
        assert estate.lease(issued).state is LeaseState.REVOKING
    assert await estate.active(untouched)
    states = [estate.world.store.get(Task, one.id) for one in (task, delegated, deeper, own)]
    assert [one.state for one in states if one] == [TaskState.CONTAINED] * 3 + [TaskState.RUNNING]
    locks = estate.world.store.find(Lock, active=True)
    assert {(one.target, one.target_id) for one in locks} == {
        ("agent", planner.id),
        ("task", delegated.id),
        ("task", deeper.id),
    }
    assert {one.cause for one in locks} == {tally.lock.id}
    agents = [estate.world.store.get(Agent, one.id) for one in (planner, shared, third)]
    assert [one.state for one in agents if one] == [AgentState.CONTAINED, AgentState.ACTIVE, AgentState.ACTIVE]
    assert (tally.leases, tally.revoking, tally.confirmed, tally.done) == (3, 3, 0, False)
    assert [receipt.step for receipt in tally.lock.receipts] == ["lock", "void", "revoke", "end"]
    assert [receipt.count for receipt in tally.lock.receipts] == [3, 0, 3, 3]

    await estate.revocations.step()
    tally = estate.containment.tally(tally.lock.id)
    assert (tally.confirmed, tally.revoking, tally.done) == (3, 0, True)
    assert tally.last_exposure_at == tally.lock.placed_at


async def test_nothing_under_it_succeeds_afterwards(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)
    await estate.containment.contain(agent.id, "hijacked", RESPONDER)
    await refused("lease_not_active", estate.leases.renew(agent, issued.lease.id, RenewInput(), actor_of(agent)))
    await refused("denied", estate.issue(agent, task))
    await refused("locked", estate.world.task(agent))
    assert (await estate.world.decide(agent, task, "customers.read", "crm/customers")).outcome is Outcome.DENY


async def test_a_decision_from_before_the_lock_does_not_commit_after_it(estate: Estate) -> None:
    agent, task = await estate.pair()
    store = estate.world.store
    reached: list[Outcome] = []

    async def ask() -> None:
        question = DecideInput(agent=agent.id, task_id=task.id, action="customers.read", resource="crm/customers")
        decision, _ = await estate.world.decisions.decide(question, asked_by=actor_of(agent))
        reached.append(decision.outcome)

    # Both are queued for the writer before either commits: the lock first, the decision drawn on what was read before it.
    contain = asyncio.create_task(estate.containment.contain(agent.id, "hijacked", RESPONDER))
    await asyncio.gather(*(ask() for _ in range(8)))
    await contain
    placed = next(record.seq for record in store.audit() if record.kind == "lock.placed")
    allowed = [
        record.seq
        for record in store.audit()
        if record.kind == "decision.made" and dict(record.body["entity"])["outcome"] == "allow"  # type: ignore[arg-type]
    ]
    assert all(seq < placed for seq in allowed)
    assert len(reached) == 8


async def test_containing_again_tells_how_far_it_has_come(estate: Estate) -> None:
    agent, task = await estate.pair()
    await estate.issue(agent, task)
    first = await estate.containment.contain(agent.id, "hijacked", RESPONDER)
    records = estate.world.store.audit_size()
    again = await estate.containment.contain(agent.id, "really hijacked", SECOND)
    assert again.lock == first.lock
    assert estate.world.store.audit_size() == records


async def test_what_was_asked_for_is_void(estate: Estate) -> None:
    agent, task = await estate.pair()
    problem = await refused("needs_approval", estate.issue(agent, task, rows=400))
    tally = await estate.containment.contain(agent.id, "hijacked", RESPONDER)
    approval = estate.world.store.get(Approval, str(problem.facts["approval_id"]))
    assert approval is not None
    assert approval.state is ApprovalState.VOID
    assert tally.lock.receipts[1].count == 1


async def test_the_preview_counts_what_it_would_take(estate: Estate) -> None:
    planner, task = await estate.pair("planner")
    helper = await estate.world.agent("helper", critical=True)
    child = await estate.world.child(planner, task, "helper")
    await estate.issue(planner, task)
    offline = await estate.issue(planner, task, "outbox", seconds=60)
    await estate.issue(helper, child, issuer="fickle")
    await refused("needs_approval", estate.issue(helper, child, rows=400))
    seen = estate.containment.preview(planner.id)
    assert (seen.tasks, seen.delegated_tasks, seen.delegates, seen.leases) == (1, 1, ("helper",), 3)
    assert seen.leases_by_issuer == {"tokens": 2, "fickle": 1}
    assert seen.leases_by_revocability == {"instant": 2, "at-expiry-only": 1}
    assert (seen.approvals, seen.grants, seen.people_waiting) == (1, 0, ("a-customer",))
    assert seen.residual_exposure_at is not None
    assert (seen.residual_exposure_at - offline.lease.expires_at).total_seconds() == 5
    assert estate.world.store.count(Lock) == 0
    await refused("not_found", estate.containment.contain(estate.world.clock.new_id("ag"), "who?", RESPONDER))


async def test_release_gives_back_the_agent_and_not_what_was_ended(estate: Estate) -> None:
    planner, task = await estate.pair("planner")
    helper = await estate.world.agent("helper")
    child = await estate.world.child(planner, task, "helper")
    issued = await estate.issue(helper, child)
    tally = await estate.containment.contain(planner.id, "hijacked", RESPONDER)
    lock = await estate.containment.release(planner.id, "false alarm", SECOND)
    assert (lock.active, lock.released_by, lock.release_reason) == (False, "maya", "false alarm")
    assert estate.world.store.count(Lock, active=True) == 0
    assert not await estate.active(issued)
    ended = estate.world.store.get(Task, child.id)
    assert ended is not None
    assert ended.state is TaskState.CONTAINED
    estate.world.clock.move(1)
    fresh = await estate.issue(planner, await estate.world.task(planner))
    assert await estate.active(fresh)
    assert estate.containment.tally(tally.lock.id).leases == 1
    await refused("not_an_edge", estate.containment.release(planner.id, "again", SECOND))


async def test_a_critical_agent_takes_two_people_to_release(estate: Estate) -> None:
    agent = await estate.world.agent("vital", critical=True)
    await estate.containment.contain(agent.id, "hijacked", RESPONDER)
    proposed = await estate.containment.release(agent.id, "false alarm", RESPONDER)
    assert (proposed.active, proposed.release_proposed_by) == (True, "ravi")
    await refused("not_eligible", estate.containment.release(agent.id, "false alarm", RESPONDER))
    assert (await estate.containment.release(agent.id, "agreed", SECOND)).active is False


async def test_two_containments_are_released_one_by_one(estate: Estate) -> None:
    planner, task = await estate.pair("planner")
    helper = await estate.world.agent("helper")
    child = await estate.world.child(planner, task, "helper")
    await estate.containment.contain(planner.id, "hijacked", RESPONDER)
    await estate.containment.contain(helper.id, "hijacked too", RESPONDER)
    await estate.containment.release(planner.id, "false alarm", SECOND)
    other = estate.world.store.find(Lock, active=True)
    assert [(one.target, one.target_id) for one in other] == [("agent", helper.id)]
    assert child.agent_id == helper.id


async def test_a_crash_after_the_lock_is_finished_at_restart(tmp_path: Path) -> None:
    clock = TestClock()

    class Crash(Exception):
        pass

    async with open_estate(tmp_path / "plane", clock=clock) as before:
        own = before.own
        agent, task = await before.pair()
        issued = await before.issue(agent, task)
        commits = 0

        class Dying:
            """A store that dies after its first commit."""

            async def write(self, verb: object, *, takes_power: bool = False) -> object:
                nonlocal commits
                if commits:
                    raise Crash
                commits += 1
                return await before.world.store.write(verb, takes_power=takes_power)  # type: ignore[arg-type]

            def __getattr__(self, name: str) -> object:
                return getattr(before.world.store, name)

        dying = Containment(Dying(), clock, before.world.hooks, before.world.holds)  # type: ignore[arg-type]
        with pytest.raises(Crash):
            await dying.contain(agent.id, "hijacked", RESPONDER)
    async with open_estate(tmp_path / "plane", clock=clock, own=own) as after:
        assert not await after.active(issued)
        assert after.lease(issued).state is LeaseState.ACTIVE
        assert await after.containment.resume() == 1
        assert after.lease(issued).state is LeaseState.REVOKING
        ended = after.world.store.get(Task, task.id)
        assert ended is not None
        assert ended.state is TaskState.CONTAINED
        assert await after.containment.resume() == 0


class Full:
    """A store that is full until it is told that there is room; it refuses what takes power as well."""

    def __init__(self, store: object) -> None:
        self.store = store
        self.full = True

    async def write(self, verb: object, *, takes_power: bool = False) -> object:
        if self.full:
            raise ProblemError("store_full")
        return await self.store.write(verb, takes_power=takes_power)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


async def test_what_cannot_be_recorded_holds_in_memory_and_is_recorded_later(estate: Estate) -> None:
    agent, task = await estate.pair()
    helper = await estate.world.agent("helper")
    child = await estate.world.child(agent, task, "helper")
    mine, below = await estate.issue(agent, task), await estate.issue(helper, child)
    full = Full(estate.world.store)
    containment = Containment(full, estate.world.clock, estate.world.hooks, estate.world.holds)  # type: ignore[arg-type]
    problem = await refused("store_full", containment.contain(agent.id, "hijacked", RESPONDER))
    assert problem.facts["held"] is True
    assert not await estate.active(mine)
    assert not await estate.active(below)
    await refused("denied", estate.issue(helper, child))
    assert estate.world.store.count(Lock) == 0
    work = asyncio.create_task(containment.run())
    try:
        settled = asyncio.Event()
        estate.world.store.subscribe(
            lambda events: settled.set() if any(event.kind == "task.contained" for event in events) else None
        )
        full.full = False
        async with asyncio.timeout(10):
            await settled.wait()
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    assert estate.world.store.count(Lock, active=True) == 2
    assert not estate.world.holds.held(agent.id, (child.id,))
    assert not await estate.active(mine)


async def test_a_revocation_that_cannot_be_recorded_holds_too(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)
    full = Full(estate.world.store)
    estate.debts.store = full  # type: ignore[assignment]
    problem = await refused("store_full", estate.leases.revoke(issued.lease.id, "no longer needed", RESPONDER))
    assert problem.facts["held"] is True
    assert not await estate.active(issued)
    assert estate.lease(issued).state is LeaseState.ACTIVE
    full.full = False
    await estate.revocations.step()
    lease = estate.lease(issued)
    assert (lease.state, lease.revoke_reason, lease.revoked_by) == (LeaseState.REVOKED, "no longer needed", RESPONDER)


async def test_a_thousand_leases_are_refused_at_once_and_confirmed_soon(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)

    def copy(tx: Transaction) -> None:
        for _ in range(1200):
            changes = {"id": estate.world.clock.new_id("ls"), "version": 0}
            tx.put(issued.lease.model_copy(update=changes), "lease.active", RESPONDER)

    await estate.world.store.write(copy)
    tally = await estate.containment.contain(agent.id, "hijacked", RESPONDER)
    assert tally.leases == 1201
    assert estate.world.store.count(Lease, state=LeaseState.ACTIVE) == 0
    await estate.revocations.step()
    assert estate.containment.tally(tally.lock.id).confirmed == 1201
