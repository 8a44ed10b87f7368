"""The feed over real sockets, as the client reads it: order, resumption, the snapshot, slow subscribers, a clean stop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.client import LeaseholdClient, NotAllowed, Refused, Resync, Tick, Unreachable
from console.model.actors import PLANE, Role
from console.model.events import Event, SnapshotHead, SnapshotRow
from console.model.leases import LeaseInput
from console.model.operators import OperatorInput
from console.model.tasks import IntentInput, TaskOpening
from console.server.api.feed import Feed
from console.server.api.serve import NotLoopback, Server, bind, build, is_loopback
from tests.server.api.plane import Plane, open_plane
from tests.server.world import ALL

PATIENCE = 30


@dataclass
class Served:
    plane: Plane
    server: Server
    url: str
    stopped: asyncio.Task[None]

    def client(self, name: str = "vera") -> LeaseholdClient:
        return LeaseholdClient(self.url, self.url, lambda: self.plane.tokens[name])


@asynccontextmanager
async def serving(plane: Plane) -> AsyncIterator[Served]:
    listening: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
    server = build(plane.api, bind("127.0.0.1", 0), lambda host, port: listening.set_result((host, port)))
    stopped = asyncio.create_task(server.serve())
    host, port = await asyncio.wait_for(listening, PATIENCE)
    try:
        yield Served(plane, server, f"http://{host}:{port}", stopped)
    finally:
        server.stop()
        await asyncio.wait_for(stopped, PATIENCE)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with open_plane(tmp_path / "plane", tick_seconds=0.05) as plane, serving(plane) as made:
        yield made


async def take(stream: AsyncIterator[Event | Tick], done: Callable[[Event], bool]) -> list[Event]:
    """Events until one is the last; ticks are left out."""
    seen: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        async for one in stream:
            if isinstance(one, Event):
                seen.append(one)
                if done(one):
                    break
    return seen


async def test_events_come_in_order_with_the_whole_entity_and_resume(served: Served) -> None:
    async with served.client() as client:
        start = served.plane.services.store.head()
        names = [f"agent-{number}" for number in range(4)]
        for name in names:
            await served.plane.world.agent(name)
        seen = await take(client.events(start), lambda event: event.body["name"] == names[-1])
        assert [event.body["name"] for event in seen] == names
        assert [event.cursor for event in seen] == list(range(start + 1, start + 5))
        assert {event.kind for event in seen} == {"agent.registered"}
        rest = await take(client.events(seen[1].cursor), lambda event: event.body["name"] == names[-1])
        assert [event.body["name"] for event in rest] == names[2:]


async def test_a_stream_without_a_cursor_begins_now_and_ticks(served: Served) -> None:
    async with served.client() as client:
        stream = client.events()
        first = await asyncio.wait_for(anext(stream), PATIENCE)
        assert isinstance(first, Tick)
        assert first.cursor == served.plane.services.store.head()
        agent = await served.plane.world.agent("later", purpose="a line\u2028separator")
        (event,) = await take(stream, lambda event: event.collection == "agents")
        assert (event.id, event.body["purpose"]) == (agent.id, "a line\u2028separator")
        await stream.aclose()  # type: ignore[attr-defined]


async def test_a_snapshot_and_the_events_behind_its_cursor_join_without_a_gap(served: Served) -> None:
    for number in range(3):
        await served.plane.world.agent(f"agent-{number}", purpose="with\u2028separators")
    async with served.client() as client:
        lines = [line async for line in client.snapshot(["agents", "operators"])]
        head, rows = lines[0], lines[1:]
        assert isinstance(head, SnapshotHead)
        assert head.rows["agents"] == 3
        assert all(isinstance(row, SnapshotRow) for row in rows)
        assert len(rows) == sum(head.rows.values())
        await served.plane.world.agent("agent-3")
        (event,) = await take(client.events(head.cursor), lambda event: True)
        assert (event.cursor, event.body["name"]) == (head.cursor + 1, "agent-3")
        with pytest.raises(Refused):
            [line async for line in client.snapshot(["nothing"])]


async def test_the_brokers_feed_has_the_same_cursor_and_only_its_kinds(served: Served) -> None:
    plane = served.plane
    agent = await plane.world.agent("executor-1")
    start = plane.services.store.head()
    async with (
        LeaseholdClient(
            served.url,
            served.url,
            lambda: plane.svid(agent.spiffe_id),
            broker_token=lambda: plane.svid(agent.spiffe_id, "broker"),
        ) as worker,
        served.client() as client,
    ):
        await work(worker)
        with pytest.raises(NotAllowed):
            await anext(worker.events())
        seen = await take(client.events(start, api="broker"), lambda event: event.kind == "lease.active")
        assert {event.collection for event in seen} == {"leases"}
        whole = await take(client.events(start), lambda event: event.kind == "lease.active")
        assert seen[-1].cursor == whole[-1].cursor


async def work(worker: LeaseholdClient) -> None:
    intent = IntentInput(purpose="answer-customer")
    opened = await worker.open_task(TaskOpening(intent=intent, on_behalf_of="a-customer", rights=(ALL,)))
    asked = LeaseInput(task_id=opened.task.id, action="customers.read", resource="crm/customers", rows=5)
    assert (await worker.issue_lease(asked)).credential


async def test_a_cursor_that_is_not_this_planes_asks_for_a_resync(served: Served) -> None:
    async with served.client() as client:
        with pytest.raises(Resync):
            await anext(client.events(10**9))


async def test_a_stop_ends_open_streams_and_does_not_hang(tmp_path: Path) -> None:
    async with open_plane(tmp_path / "plane", tick_seconds=0.05) as plane, serving(plane) as served:
        async with served.client() as client:
            stream = client.events()
            await asyncio.wait_for(anext(stream), PATIENCE)
            served.server.stop()
            await asyncio.wait_for(served.stopped, PATIENCE)
            with pytest.raises(Unreachable):
                await take(stream, lambda event: False)
        assert plane.api.pipeline.feed.streams == 0


async def test_a_subscriber_that_is_too_slow_is_told_to_resync_and_nobody_else_waits(plane: Plane) -> None:
    feed = Feed(plane.services.store, plane.services.clock, stream_events=3, max_streams=2, tick_seconds=60)
    slow, quick = feed.open(None, broker=False), feed.open(None, broker=False)
    assert b"event: tick" in await anext(slow)
    assert b"event: tick" in await anext(quick)
    with pytest.raises(Exception, match="Too many"):
        feed.open(None, broker=False)
    for number in range(5):
        await plane.world.agent(f"agent-{number}")
        assert b"agent.registered" in await asyncio.wait_for(anext(quick), PATIENCE)
    assert b"event: resync" in await asyncio.wait_for(anext(slow), PATIENCE)
    with pytest.raises(StopAsyncIteration):
        await anext(slow)
    assert feed.streams == 1
    feed.close()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(quick), PATIENCE)
    assert feed.streams == 0


def test_only_loopback_is_listened_on_unless_it_is_allowed() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "10.0.0.1", "::", "example.org"))  # noqa: S104
    with pytest.raises(NotLoopback):
        bind("0.0.0.0", 0)  # noqa: S104


async def test_a_taken_address_is_told(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    with pytest.raises(OSError, match=r"."):
        bind("127.0.0.1", port)


async def test_a_stream_ends_with_the_token_that_opened_it(served: Served) -> None:
    plane = served.plane
    for end in ("removed", "renewed", "expired"):
        name = f"guest-{end}"
        given = OperatorInput(name=name, roles=(Role.VIEWER,), token_seconds=600)
        plane.tokens[name] = (await plane.services.operators.enrol(given, PLANE)).token
        async with served.client(name) as client:
            stream = client.events()
            assert isinstance(await asyncio.wait_for(anext(stream), PATIENCE), Tick)
            if end == "removed":
                await plane.services.operators.remove(name, PLANE)
            elif end == "renewed":
                await plane.services.operators.renew(name, 600, PLANE)
            else:
                plane.world.clock.move(601)
            with pytest.raises(Unreachable):
                await take(stream, lambda event: True)
        assert plane.api.pipeline.feed.streams == 0


async def test_a_stream_that_nobody_reads_takes_no_place(plane: Plane) -> None:
    feed = Feed(plane.services.store, plane.services.clock, stream_events=3, max_streams=1, tick_seconds=60)
    for _ in range(3):
        await feed.open(None, broker=False).aclose()  # type: ignore[attr-defined]
    assert feed.streams == 0
    stream = feed.open(None, broker=False)
    await plane.world.agent("between")
    assert b"agent.registered" in await anext(stream)
    assert b"event: tick" in await asyncio.wait_for(anext(stream), PATIENCE), "the first tick is behind what was missed"
    feed.close()
