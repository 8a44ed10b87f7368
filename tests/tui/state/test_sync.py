"""Keeping the mirror true: the stream first, then the snapshot, then every event; and what happens when any of it fails."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from console.model.problems import ProblemError
from console.tui.state.connection import (
    Connection,
    Freshness,
    backoff,
    behind,
    caught_up,
    heard,
    lost,
    passed,
    with_plane_time,
)
from console.tui.state.mirror import Changes, Mirror
from console.tui.state.sync import Synchronizer
from tests.tui.state.plane_in_memory import MemoryTick, OwnTimes, PlaneInMemory, agent, lease, task


class Following:
    """A synchronizer at work, what it told, and a way to wait for a condition."""

    def __init__(self, plane: PlaneInMemory, **options: Any) -> None:
        self.plane = plane
        self.times = OwnTimes()
        self.mirror = Mirror(lambda text: text)
        self.told: list[tuple[Changes, Connection]] = []
        self.sync = Synchronizer(
            plane,  # type: ignore[arg-type]  # only the reading half is needed here
            self.mirror,
            self.hear,
            times=self.times,
            chance=lambda: 1.0,
            pause=self.pause,
            **options,
        )
        self.pauses: list[float] = []

    def hear(self, changes: Changes, connection: Connection) -> None:
        self.told.append((changes, connection))

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.times.seconds += seconds
        await asyncio.sleep(0)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.times.seconds += 0.01
                await asyncio.sleep(0.001)

    def state(self) -> Freshness:
        return self.sync.connection.state

    def true(self) -> bool:
        return self.mirror.cursor == self.plane.cursor and self.state() is Freshness.LIVE


@asynccontextmanager
async def following(plane: PlaneInMemory, **options: Any) -> AsyncIterator[Following]:
    one = Following(plane, **options)
    running = asyncio.create_task(one.sync.run())
    try:
        yield one
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_what_happens_during_the_snapshot_is_not_lost() -> None:
    plane = PlaneInMemory()
    plane.put(agent(1))
    plane.during_snapshot = [agent(2), lease(1)]
    async with following(plane) as one:
        await one.until(one.true)
        assert set(one.mirror.tables.agents.rows) == {agent(1).id, agent(2).id}
        assert plane.opened_after == [None]
        plane.put(task(1))
        await one.until(lambda: len(one.mirror.tables.tasks) == 1 and "tasks" in one.told[-1][0].dirty)
        assert one.sync.snapshots == 1


async def test_a_gap_takes_a_new_snapshot() -> None:
    plane = PlaneInMemory()
    async with following(plane) as one:
        await one.until(one.true)
        listeners, plane.listeners = plane.listeners, []
        plane.put(agent(1))
        plane.listeners = listeners
        plane.put(agent(2))
        await one.until(lambda: one.true() and one.sync.snapshots == 2)
        assert len(one.mirror.tables.agents) == 2


async def test_a_broken_stream_is_taken_up_where_it_ended() -> None:
    plane = PlaneInMemory()
    async with following(plane) as one:
        plane.put(agent(1))
        await one.until(one.true)
        plane.send(OSError("connection reset"))
        listeners, plane.listeners = plane.listeners, []
        plane.put(agent(2))
        plane.listeners = listeners
        await one.until(one.true)
        assert plane.opened_after == [None, 1]
        assert one.sync.snapshots == 1
        assert any(connection.problem == "connection reset" for _, connection in one.told)


async def test_a_cursor_that_is_no_longer_kept_takes_a_new_snapshot() -> None:
    plane = PlaneInMemory()
    async with following(plane) as one:
        plane.put(agent(1))
        await one.until(one.true)
        plane.forget_before = 5
        plane.send(OSError("gone"))
        await one.until(lambda: one.true() and one.sync.snapshots == 2)


async def test_refusals_are_told_and_tried_again_ever_more_slowly() -> None:
    plane = PlaneInMemory()
    plane.refuse = [ProblemError("unreachable"), OSError("no route"), ProblemError("unreachable")]
    async with following(plane) as one:
        await one.until(one.true)
        assert [connection.state for _, connection in one.told][:2] == [Freshness.OFFLINE, Freshness.OFFLINE]
        assert sum(one.pauses) >= backoff(1, 1.0) + backoff(2, 1.0) + backoff(3, 1.0) - 0.01
        assert one.sync.connection.failures == 0


async def test_silence_makes_it_stale_and_a_tick_makes_it_live_again() -> None:
    plane = PlaneInMemory()
    async with following(plane) as one:
        await one.until(one.true)
        one.times.seconds += 6
        await one.until(lambda: one.state() is Freshness.STALE)
        plane.put(agent(1))
        await one.until(lambda: len(one.mirror.tables.agents) == 1)
        assert one.state() is Freshness.STALE, "more of what was missed may be on its way"
        plane.send(MemoryTick())
        await one.until(lambda: one.state() is Freshness.LIVE)
        one.times.seconds += 16
        await one.until(lambda: len(plane.opened_after) >= 2)


async def test_too_much_waiting_is_left_aside_for_a_snapshot() -> None:
    plane = PlaneInMemory()
    async with following(plane, most_behind=50) as one:
        await one.until(one.true)
        for number in range(200):
            plane.put(lease(number))
        await one.until(one.true)
        assert one.sync.snapshots >= 2
        assert len(one.mirror.tables.leases) == 200


async def test_changes_come_in_batches() -> None:
    plane = PlaneInMemory()
    async with following(plane) as one:
        await one.until(one.true)
        told = len(one.told)
        for number in range(300):
            plane.put(lease(number))
        await one.until(lambda: one.true() and not one.mirror.has_changes)
        assert len(one.told) - told <= 10
        assert set().union(*(changes.dirty.get("leases", set()) for changes, _ in one.told)) == {
            lease(number).id for number in range(300)
        }


def test_the_connection_has_these_edges_and_no_others() -> None:
    live = caught_up(Connection(), 10.0)
    assert live.live
    assert passed(live, 14.9).state is Freshness.LIVE
    stale = passed(live, 15.0)
    assert stale.state is Freshness.STALE
    assert stale.silent_for(22.0) == 12.0
    assert passed(stale, 25.0).state is Freshness.OFFLINE
    assert heard(stale, 16.0).state is Freshness.STALE, "what was missed meanwhile may still be on its way"
    assert caught_up(stale, 16.0).live
    offline = lost(Connection(), "no route")
    assert (offline.state, offline.failures) == (Freshness.OFFLINE, 1)
    assert heard(offline, 30.0).state is Freshness.OFFLINE, "an open stream alone is not yet true"
    assert lost(live, "x").state is Freshness.STALE
    assert behind(live).state is Freshness.STALE
    assert passed(Connection(), 99.0).state is Freshness.CONNECTING


def test_the_offset_jumps_when_far_off_and_glides_when_near() -> None:
    far = with_plane_time(Connection(), 130.0, 100.0)
    assert far.offset == 30.0
    near = with_plane_time(far, 130.8, 100.0)
    assert 30.0 < near.offset < 30.2


def test_the_backoff_is_bounded() -> None:
    assert backoff(1, 0.0) < backoff(1, 1.0) == 0.5
    assert backoff(50, 1.0) == 15.0
