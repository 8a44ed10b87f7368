"""Couriers over a real store and real receivers: at least once across restarts, none delayed by another, given up in sight."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from console.model.approvals import ApprovalState
from console.model.base import Entity
from console.model.leases import LeaseState
from console.model.notices import NoticeKind, WebhookPosition, WebhookStatus
from console.model.problems import ProblemError
from console.model.scales import RiskLevel
from console.server.notices.notices import Notices
from console.server.notices.sending import Patience, Webhook
from console.server.store.sqlite import SqliteStore
from tests.server.broker.estate import RESPONDER, open_estate
from tests.server.world import ADMIN, START, TestClock

from .receiver import SECRET, Receiver, a_lease, a_lock, an_approval, eventually, receiving

QUICK = Patience(first_seconds=0.001, longest_seconds=0.01)


def to(receiver: Receiver, name: str = "on-call", **more: object) -> Webhook:
    return Webhook(**({"name": name, "url": receiver.url, "secret": SECRET, "timeout_seconds": 2.0} | more))  # type: ignore[arg-type]


def notices(store: SqliteStore, *webhooks: Webhook, patience: Patience = QUICK, clock: TestClock | None = None) -> Notices:
    chance = random.Random(3)
    return Notices(store, clock or TestClock(), webhooks, plane="eu1", environment="test", random=chance, patience=patience)


@asynccontextmanager
async def running(told: Notices) -> AsyncIterator[Notices]:
    """The couriers at work."""
    work = asyncio.create_task(told.run())
    try:
        yield told
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def put(store: SqliteStore, entity: Entity, kind: str) -> Entity:
    return await store.write(lambda tx: tx.put(entity, kind, ADMIN))


def status(told: Notices) -> WebhookStatus:
    (one,) = told.status().items
    return one


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path / "store", TestClock())
    yield opened
    await opened.close()


async def test_a_containment_and_its_release_reach_the_receiver(tmp_path: Path) -> None:
    async with open_estate(tmp_path / "plane") as estate, receiving() as receiver:
        agent, _ = await estate.pair("executor-2")
        async with running(notices(estate.world.store, to(receiver))):
            await estate.containment.contain(agent.id, "SAID IN ANGER", RESPONDER)
            await estate.containment.release(agent.id, "all is well", RESPONDER)
            arrived = await receiver.until(2)
    assert [one.json["type"] for one in arrived] == ["agent.contained", "agent.released"]
    assert arrived[0].json["data"]["facts"]["agent"] == "executor-2"
    assert arrived[0].json["data"]["subject"] == arrived[1].json["data"]["subject"]
    assert b"ANGER" not in arrived[0].body + arrived[1].body


async def test_errors_are_retried_under_the_same_id_until_it_is_delivered(store: SqliteStore) -> None:
    async with receiving(500, 503, 302) as receiver, running(notices(store, to(receiver))) as told:
        await put(store, a_lock(), "lock.placed")
        arrived = await receiver.until(4)
        await eventually(lambda: status(told).delivered == 1)
        assert len({one.id for one in arrived}) == 1
        assert (status(told).failing_since, status(told).given_up, status(told).last_error) == (None, 0, "")


async def test_what_is_given_up_is_in_sight_and_the_next_is_told(store: SqliteStore) -> None:
    async with receiving(500, 500, 500) as receiver, running(notices(store, to(receiver, tries=3))) as told:
        await put(store, a_lock(), "lock.placed")
        await put(store, an_approval(), "approval.requested")
        await eventually(lambda: status(told).delivered == 1)
        assert [one.json["type"] for one in receiver.arrived] == ["agent.contained"] * 3 + ["approval.critical"]
        assert (status(told).given_up, status(told).given_up_at is not None) == (1, True)
        (record,) = store.audit(kind="notice.given_up")
        assert (record.object, record.object_id) == ("webhook", "on-call")
        assert record.body["error"] == "answered 500"
        assert record.body["attempts"] == 3
        lines = list(told.metrics())
        assert 'leasehold_notices_given_up_total{webhook="on-call"} 1' in lines
        assert 'leasehold_notices_delivered_total{webhook="on-call"} 1' in lines


async def test_one_that_is_gone_is_not_asked_again(store: SqliteStore) -> None:
    async with receiving(410) as receiver, running(notices(store, to(receiver))) as told:
        await put(store, a_lock(), "lock.placed")
        await eventually(lambda: status(told).given_up == 1)
        assert len(receiver.arrived) == 1


class TakesNothing:
    """A store in its last moment: it is read, and no commit succeeds any more."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, *_verb: Any, **_how: Any) -> Any:
        raise ProblemError("store_unavailable")


async def test_what_was_delivered_and_not_noted_is_sent_again_under_the_same_id(tmp_path: Path) -> None:
    clock = TestClock()
    async with receiving() as receiver:
        store = SqliteStore.open(tmp_path, clock)
        async with running(notices(store, to(receiver))):
            await eventually(lambda: store.get(WebhookPosition, "on-call") is not None)
        await put(store, a_lock(), "lock.placed")
        # The plane dies between the delivery and the commit that notes it.
        await notices(cast("SqliteStore", TakesNothing(store)), to(receiver)).look()
        assert len(receiver.arrived) == 1
        await store.close()

        store = SqliteStore.open(tmp_path, clock)
        try:
            await notices(store, to(receiver)).look()
            assert [one.id for one in receiver.arrived] == [receiver.arrived[0].id] * 2
            await notices(store, to(receiver)).look()
            assert len(receiver.arrived) == 2, "what was noted is not sent again"
        finally:
            await store.close()


async def test_what_happened_while_the_plane_was_down_is_told_at_its_start(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path, TestClock())
    async with receiving() as receiver:
        async with running(notices(store, to(receiver))) as told:
            await put(store, a_lock(), "lock.placed")
            await eventually(lambda: status(told).delivered == 1)
        await put(store, an_approval(), "approval.requested")
        await store.close()
        store = SqliteStore.open(tmp_path, TestClock())
        async with running(notices(store, to(receiver))) as told:
            arrived = await receiver.until(2)
            await eventually(lambda: status(told).delivered == 2)
    await store.close()
    assert [one.json["type"] for one in arrived] == ["agent.contained", "approval.critical"]


async def test_a_dead_receiver_delays_nobody_and_holds_nothing(store: SqliteStore) -> None:
    async with receiving() as gone:
        pass
    slow = Patience(first_seconds=60, longest_seconds=60)
    async with receiving(*[None] * 50) as hanging, receiving() as alive:
        webhooks = (to(gone, "dead"), to(hanging, "hanging", timeout_seconds=60.0), to(alive, "alive"))
        async with running(notices(store, *webhooks, patience=slow)) as told:
            for number in range(50):
                await put(store, an_approval(number + 1), "approval.requested")
            await alive.until(50)
            by_name = {one.name: one for one in told.status().items}
            assert (by_name["dead"].delivered, by_name["hanging"].delivered) == (0, 0)
            assert len(hanging.arrived) == 1, "one at a time; the others wait in the store"
            await eventually(lambda: any(one.failing_since for one in told.status().items if one.name == "dead"))


async def test_a_deadline_is_told_when_it_comes_near_and_its_end_as_well(store: SqliteStore) -> None:
    clock = TestClock()
    async with receiving() as receiver:
        told = notices(store, to(receiver), clock=clock)
        kept = await put(store, an_approval(level=RiskLevel.LOW, seconds=600), "approval.requested")
        await told.look()
        assert not receiver.arrived
        clock.move(301)
        await told.look()
        await told.look()
        await put(store, kept.model_copy(update={"state": ApprovalState.EXPIRED}), "approval.expired")
        await told.look()
    assert [one.json["type"] for one in receiver.arrived] == ["approval.deadline", "approval.ended"]
    assert store.get(WebhookPosition, "on-call").told == {}  # type: ignore[union-attr]


async def test_stuck_revocations_are_one_matter_until_the_last_is_settled(store: SqliteStore) -> None:
    async with receiving() as receiver:
        told = notices(store, to(receiver, shape="pagerduty", secret="ROUTING", events=frozenset({NoticeKind.LEASE_STUCK})))
        leases = [await put(store, a_lease(number), "lease.irrevocable") for number in (1, 2, 3)]
        await told.look()
        for lease in leases:
            over = lease.model_copy(update={"state": LeaseState.REVOKED, "last_error": "", "ended_at": START})
            await put(store, over, "lease.revoked")
            await told.look()
    assert [one.json["event_action"] for one in receiver.arrived] == ["trigger", "resolve"]
    assert len({one.json["dedup_key"] for one in receiver.arrived}) == 1
    assert receiver.arrived[0].json["payload"]["custom_details"]["stuck"] == "3"


async def test_an_end_that_nobody_is_told_of_still_lets_it_begin_anew(store: SqliteStore) -> None:
    async with receiving() as receiver:
        told = notices(store, to(receiver, events=frozenset({NoticeKind.LEASE_STUCK})))
        for number in (1, 2):
            stuck = await put(store, a_lease(number), "lease.irrevocable")
            await told.look()
            over = stuck.model_copy(update={"state": LeaseState.REVOKED, "last_error": ""})
            await put(store, over, "lease.revoked")
            await told.look()
    assert [one.json["type"] for one in receiver.arrived] == ["lease.stuck", "lease.stuck"]


async def test_events_that_are_no_longer_kept_are_said_to_be_lost(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path, TestClock(), keep_events=1)
    try:
        async with receiving() as receiver:
            told = notices(store, to(receiver))
            lock = await put(store, a_lock(), "lock.placed")
            for number in range(2000):
                lock = await put(store, lock.model_copy(update={"reason": f"again {number}"}), "lock.receipt")
            await told.look()
            assert status(told).given_up == 1
            assert "no longer kept" in status(told).last_error
            assert len(store.audit(kind="notice.given_up")) == 1
            await put(store, an_approval(), "approval.requested")
            await told.look()
        assert [one.json["type"] for one in receiver.arrived] == ["approval.critical"]
    finally:
        await store.close()


async def test_a_webhook_that_is_no_longer_configured_is_forgotten(store: SqliteStore) -> None:
    async with receiving() as receiver, running(notices(store, to(receiver))) as told:
        await put(store, a_lock(), "lock.placed")
        await eventually(lambda: status(told).delivered == 1)
    await notices(store).run()
    assert not store.find(WebhookPosition)
    assert len(store.audit(kind="notice.forgotten")) == 1


async def test_a_test_is_sent_once_and_recorded(store: SqliteStore) -> None:
    async with receiving(204, 500) as receiver:
        told = notices(store, to(receiver))
        assert (await told.test("on-call", ADMIN)).delivered
        failed = await told.test("on-call", ADMIN)
        assert (failed.delivered, failed.status, failed.error) == (False, 500, "answered 500")
        with pytest.raises(ProblemError, match="no such webhook"):
            await told.test("other", ADMIN)
    assert [one.json["type"] for one in receiver.arrived] == ["test", "test"]
    assert [one.actor.id for one in store.audit(kind="notice.tested")] == ["ida", "ida"]


async def test_quiet_events_move_the_position_without_being_read(store: SqliteStore) -> None:
    async with receiving() as receiver, running(notices(store, to(receiver))) as told:
        for number in range(20):
            active = a_lease(number + 1, LeaseState.ACTIVE, expires_at=START + timedelta(seconds=60))
            await put(store, active, "lease.active")
        await eventually(lambda: status(told).behind == 0)
        assert not receiver.arrived


class Stumbles:
    """A store whose feed cannot be read the first time, for a reason that nobody expected."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.failures = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def events(self, *asked: Any) -> Any:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("nobody expected this")
        return self._store.events(*asked)


async def test_a_courier_that_fails_shows_it_and_goes_on(store: SqliteStore) -> None:
    async with receiving() as receiver, running(notices(cast("SqliteStore", Stumbles(store)), to(receiver))) as told:
        await put(store, a_lock(), "lock.placed")
        await eventually(lambda: status(told).last_error == "the courier failed (RuntimeError)" or bool(receiver.arrived))
        await receiver.until(1)
        await eventually(lambda: status(told).delivered == 1 and status(told).failing_since is None)
