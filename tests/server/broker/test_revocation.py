"""The revocation worker: what is confirmed, what waits, what is stuck, and what a restart finds."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from console.model.exposure import Audience
from console.model.leases import Lease, LeaseIssued, LeaseState
from console.model.problems import ProblemError
from console.server.broker.issuers.base import IssuerError
from tests.server.broker.estate import RESPONDER, Estate, Fickle, open_estate
from tests.server.world import TestClock


async def revoked(estate: Estate, where: str, **more: object) -> LeaseIssued:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task, where, seconds=60, **more)
    await estate.leases.revoke(issued.lease.id, "no longer needed", RESPONDER)
    await estate.revocations.step()
    return issued


async def test_an_introspected_token_is_dead_at_once(estate: Estate) -> None:
    lease = estate.lease(await revoked(estate, "crm"))
    assert (lease.state, lease.residual_exposure_at) == (LeaseState.REVOKED, lease.revoke_requested_at)


async def test_a_cached_token_is_revoked_when_no_cache_may_hold_it(estate: Estate) -> None:
    issued = await revoked(estate, "docs")
    lease = estate.lease(issued)
    assert lease.state is LeaseState.REVOKING
    assert lease.revoke_requested_at is not None
    assert lease.residual_exposure_at == lease.revoke_requested_at + timedelta(seconds=10)
    estate.world.clock.move(9)
    await estate.revocations.step()
    assert estate.lease(issued).state is LeaseState.REVOKING
    estate.world.clock.move(1)
    await estate.revocations.step()
    assert estate.lease(issued).state is LeaseState.REVOKED


async def test_an_offline_token_is_never_revoked_before_it_cannot_work(estate: Estate) -> None:
    issued = await revoked(estate, "outbox")
    lease = estate.lease(issued)
    dead_at = lease.expires_at + timedelta(seconds=5)
    assert (lease.state, lease.residual_exposure_at) == (LeaseState.REVOKING, dead_at)
    estate.world.clock.move(64)
    await estate.revocations.step()
    assert estate.lease(issued).state is LeaseState.REVOKING
    estate.world.clock.move(1)
    await estate.revocations.step()
    lease = estate.lease(issued)
    assert (lease.state, lease.residual_exposure_at) == (LeaseState.EXPIRED, dead_at)


async def test_what_expires_is_recorded_whether_or_not_anybody_asks(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task, seconds=60)
    estate.world.clock.move(60)
    await estate.revocations.step()
    lease = estate.lease(issued)
    assert (lease.state, lease.ended_at) == (LeaseState.EXPIRED, estate.world.clock.now())
    assert estate.world.store.audit(object_id=lease.id)[-1].kind == "lease.expired"


async def test_a_refusing_issuer_is_asked_again_and_then_given_up(estate: Estate) -> None:
    estate.fickle.revokes += [IssuerError(f"refused: token={'s3cret' * 8}")] * 3
    issued = await revoked(estate, "crm", issuer="fickle")
    lease = estate.lease(issued)
    assert (lease.state, lease.attempts, len(estate.fickle.asked)) == (LeaseState.REVOKING, 1, 1)
    assert lease.next_attempt_at is not None
    assert 0.5 <= (lease.next_attempt_at - estate.world.clock.now()).total_seconds() <= 1
    assert "s3cret" not in lease.last_error
    assert lease.last_error.startswith("refused")
    for _ in range(2):
        estate.world.clock.move(4)
        await estate.revocations.step()
    lease = estate.lease(issued)
    assert (lease.state, lease.attempts) == (LeaseState.IRREVOCABLE, 3)
    assert lease.residual_exposure_at == lease.expires_at
    assert not await estate.active(issued)


async def stuck(estate: Estate) -> LeaseIssued:
    estate.fickle.revokes += [IssuerError("refused")] * 3
    issued = await revoked(estate, "crm", issuer="fickle")
    for _ in range(2):
        estate.world.clock.move(4)
        await estate.revocations.step()
    assert estate.lease(issued).state is LeaseState.IRREVOCABLE
    return issued


async def test_a_retry_can_still_succeed(estate: Estate) -> None:
    issued = await stuck(estate)
    again = await estate.revocations.retry(issued.lease.id, RESPONDER)
    assert (again.state, again.attempts, again.revoke_reason) == (LeaseState.REVOKING, 0, "no longer needed")
    await estate.revocations.step()
    assert estate.lease(issued).state is LeaseState.REVOKED


async def test_what_is_stuck_dies_of_age(estate: Estate) -> None:
    issued = await stuck(estate)
    estate.world.clock.move(60)
    await estate.revocations.step()
    assert estate.lease(issued).state is LeaseState.EXPIRED


async def test_abandoning_stops_the_tracking_and_says_so(estate: Estate) -> None:
    issued = await stuck(estate)
    lease = await estate.revocations.abandon(issued.lease.id, RESPONDER, "the issuer is gone")
    assert lease.state is LeaseState.ABANDONED
    estate.world.clock.move(600)
    await estate.revocations.step()
    assert estate.lease(issued).state is LeaseState.ABANDONED
    record = estate.world.store.audit(object_id=lease.id)[-1]
    assert (record.kind, record.body["reason"]) == ("lease.abandoned", "the issuer is gone")


async def test_only_what_is_stuck_is_retried_or_abandoned(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)
    with pytest.raises(ProblemError) as caught:
        await estate.revocations.retry(issued.lease.id, RESPONDER)
    assert caught.value.code == "not_an_edge"
    with pytest.raises(ProblemError) as caught:
        await estate.revocations.abandon(issued.lease.id, RESPONDER, "x")
    assert caught.value.code == "not_an_edge"
    with pytest.raises(ProblemError) as caught:
        await estate.revocations.retry(estate.world.clock.new_id("ls"), RESPONDER)
    assert caught.value.code == "not_found"


async def test_a_slow_confirmation_is_waited_for(estate: Estate) -> None:
    later = estate.world.clock.now() + timedelta(seconds=20)
    estate.fickle.revokes.append(later)
    issued = await revoked(estate, "crm", issuer="fickle")
    assert estate.lease(issued).state is LeaseState.REVOKING
    estate.world.clock.move(20)
    await estate.revocations.step()
    assert estate.lease(issued).state is LeaseState.REVOKED


async def test_a_restart_goes_on_and_revokes_nothing_that_should_live(tmp_path: Path) -> None:
    clock, fickle = TestClock(), Fickle()
    async with open_estate(tmp_path / "plane", clock=clock, fickle=fickle) as before:
        own = before.own
        agent, task = await before.pair()
        living = await before.issue(agent, task, seconds=300)
        due = await before.issue(agent, task, seconds=5)
        asked = await before.issue(agent, task, issuer="fickle")
        await before.leases.revoke(asked.lease.id, "no longer needed", RESPONDER)
        orphan = await before.issue(agent, task, issuer="fickle")
        at_mint = before.lease(orphan).model_copy(
            update={"id": clock.new_id("ls"), "version": 0, "state": LeaseState.PENDING, "active_at": None, "handle": None}
        )
        await before.world.store.write(lambda tx: tx.put(at_mint, "lease.pending", RESPONDER))
        fickle.made.add(at_mint.id)
    clock.move(6)
    async with open_estate(tmp_path / "plane", clock=clock, own=own, fickle=fickle) as after:
        assert not await after.active(asked)
        assert not await after.active(due)
        await after.revocations.resume()
        await after.revocations.step()
        assert after.lease(due).state is LeaseState.EXPIRED
        assert after.lease(asked).state is LeaseState.REVOKED
        assert after.lease(at_mint).state is LeaseState.REVOKED
        assert at_mint.id not in fickle.made
        assert after.lease(living).state is LeaseState.ACTIVE
        assert await after.active(living)


async def test_an_orphan_is_left_alone_while_somebody_may_be_minting_it(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)
    orphan = issued.lease.model_copy(
        update={"id": estate.world.clock.new_id("ls"), "version": 0, "state": LeaseState.PENDING, "active_at": None}
    )
    await estate.world.store.write(lambda tx: tx.put(orphan, "lease.pending", RESPONDER))
    estate.minting.begin(orphan.id)
    estate.world.clock.move(30)
    await estate.revocations.step()
    assert estate.lease(orphan).state is LeaseState.PENDING
    estate.minting.end(orphan.id)
    await estate.revocations.step()
    assert estate.lease(orphan).state is LeaseState.REVOKED


async def test_the_worker_wakes_by_itself_and_stops_when_told(estate: Estate) -> None:
    agent, task = await estate.pair()
    work = asyncio.create_task(estate.revocations.run())
    try:
        issued = await estate.issue(agent, task)
        settled = asyncio.Event()
        stop = estate.world.store.subscribe(
            lambda events: settled.set() if any(event.kind == "lease.revoked" for event in events) else None
        )
        await estate.leases.revoke(issued.lease.id, "no longer needed", RESPONDER)
        async with asyncio.timeout(10):
            await settled.wait()
        stop()
        assert estate.lease(issued).state is LeaseState.REVOKED
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    assert work.cancelled()


async def test_an_issuer_that_was_taken_out_leaves_its_leases_stuck_not_lost(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task, issuer="fickle")
    del estate.issuers["fickle"]
    await estate.leases.revoke(issued.lease.id, "no longer needed", RESPONDER)
    await estate.revocations.step()
    lease = estate.lease(issued)
    assert (lease.state, lease.attempts) == (LeaseState.REVOKING, 1)
    assert "not configured" in lease.last_error


async def test_a_thousand_are_settled_in_few_commits(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)
    copies = [
        issued.lease.model_copy(
            update={
                "id": estate.world.clock.new_id("ls"),
                "version": 0,
                "audience": Audience(name="crm", spiffe_id=issued.lease.audience.spiffe_id),
            }
        )
        for _ in range(1000)
    ]
    await estate.world.store.write(lambda tx: [tx.put(copy, "lease.active", RESPONDER) for copy in copies])
    await estate.containment.contain(agent.id, "hijacked", RESPONDER)
    await estate.revocations.step()
    assert estate.world.store.count(Lease, state=LeaseState.REVOKED) == 1001
