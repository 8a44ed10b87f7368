"""Following a plane without httpx: over the real server, and against servers that answer badly."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from console.client.errors import Garbled, Invalid, NotSignedIn, Refused, Resync, Unreachable
from console.client.feed import Event, SnapshotHead, SnapshotRow, SnapshotValues, Tick
from console.client.follow import Follower
from tests.server.api.plane import open_plane
from tests.server.api.test_feed import Served, serving

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SNAPSHOT = b'{"cursor":4,"at":"2026-03-01T03:00:00Z","rows":{"agents":1}}\n'
ROW = b'{"collection":"agents","body":{"id":"ag_1","purpose":"a line\xe2\x80\xa8separator"}}\n'
EVENT = b'data: {"cursor":5,"at":"2026-03-01T03:00:00Z","kind":"agent.registered","collection":"agents","id":"ag_1","body":{}}'


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with open_plane(tmp_path / "plane", tick_seconds=0.05) as plane, serving(plane) as made:
        yield made


def following(served: Served) -> Follower:
    return Follower(served.url, lambda: served.plane.tokens["vera"])


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


@asynccontextmanager
async def answering(*writes: bytes) -> AsyncIterator[Follower]:
    """A follower of a server that sends these bytes, one write after the other, whatever is asked, and closes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        assert asked.startswith(b"GET /authorization/v1/")
        assert b"Authorization: Bearer a-token\r\n" in asked
        for part in writes:
            writer.write(part)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield Follower(f"http://127.0.0.1:{port}", lambda: "a-token")
    finally:
        server.close()


async def test_who_the_snapshot_and_the_events_of_a_real_plane(served: Served) -> None:
    await served.plane.world.agent("executor-1", purpose="with\u2028separators")
    follower = following(served)
    assert (await follower.whoami()).name == "vera"
    head, *rows = [line async for line in follower.snapshot()]
    assert isinstance(head, SnapshotHead)
    assert len(rows) == sum(head.rows.values())
    assert {row.body["purpose"] for row in rows if isinstance(row, SnapshotRow) and row.collection == "agents"} == {
        "with\u2028separators"
    }
    events = follower.events(head.cursor - 1)
    event = await anext(events)
    assert isinstance(event, Event)
    assert event.cursor == head.cursor
    assert isinstance(await anext(events), Tick), "the first tick is behind what was missed"
    await events.aclose()  # type: ignore[attr-defined]


async def test_a_snapshot_by_columns_joins_rows_of_values_and_whole_ones(served: Served) -> None:
    agents = [await served.plane.world.agent(f"executor-{number}") for number in range(3)]
    columns = {"agents": ("name", "id")}
    head, *lines = [line async for line in following(served).snapshot(columns)]
    assert isinstance(head, SnapshotHead)
    assert {name: tuple(told) for name, told in head.columns.items()} == columns
    values = [row for line in lines if isinstance(line, SnapshotValues) for row in line.values]
    assert sorted(values) == sorted([agent.name, agent.id] for agent in agents)
    assert {line.collection for line in lines if isinstance(line, SnapshotRow)} >= {"operators"}


@pytest.mark.parametrize(
    "columns",
    [
        {"agents": ("id",)},
        {"agents": ("id", "nothing")},
        {"agents": ("id", "name.first")},
        {"agents": ("id", "x') FROM operator_tokens --")},
        {"operator_tokens": ("id", "name")},
        {"leases": ("id", "audience.")},
        {"leases": ("id",) * 65},
    ],
    ids=str,
)
async def test_columns_that_are_none_are_refused(served: Served, columns: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises((Refused, Unreachable)):
        [line async for line in following(served).snapshot(columns)]


async def test_other_columns_than_were_asked_for_are_no_snapshot() -> None:
    head = SNAPSHOT.replace(b"}}", b'},"columns":{"agents":["id","name"]}}')
    async with answering(HEAD + chunk(head) + b"0\r\n\r\n") as follower:
        with pytest.raises(Garbled, match="columns"):
            [line async for line in follower.snapshot({"agents": ("name", "id")})]


async def test_a_refusal_is_told_as_the_typed_client_tells_it(served: Served) -> None:
    with pytest.raises(NotSignedIn):
        await Follower(served.url, lambda: "lho_wrong").whoami()
    with pytest.raises(Resync):
        await anext(following(served).events(10_000))


async def test_nobody_there_is_unreachable() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(Unreachable) as caught:
        await Follower(f"http://127.0.0.1:{port}", lambda: "a-token").whoami()
    assert not caught.value.unknown


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_an_answer_is_the_same_however_it_is_cut(size: int) -> None:
    body = HEAD + chunk(SNAPSHOT) + chunk(ROW) + b"0\r\n\r\n"
    async with answering(*(body[at : at + size] for at in range(0, len(body), size))) as follower:
        head, row = [line async for line in follower.snapshot()]
        assert (head.cursor, row.body["purpose"]) == (4, "a line\u2028separator")  # type: ignore[union-attr]


async def test_an_event_may_have_its_data_in_several_lines_and_comments_beside_it() -> None:
    split = EVENT.replace(b',"kind"', b',\r\ndata: "kind"')
    body = b": hello\r\n\r\nid: 5\r\nevent: agent.registered\r\n" + split + b"\r\n\r\n"
    async with answering(HEAD + chunk(body)) as follower:
        event = await anext(follower.events())
        assert isinstance(event, Event)
        assert (event.cursor, event.kind) == (5, "agent.registered")


@pytest.mark.parametrize(
    ("writes", "error"),
    [
        ([b"SSH-2.0-nothing\r\n\r\n"], Unreachable),
        ([b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 70_000 + b"\r\n\r\n"], Unreachable),
        ([HEAD + chunk(SNAPSHOT) + chunk(ROW) * 2 + chunk(b"\n")], Garbled),
        ([HEAD + chunk(SNAPSHOT)], Unreachable),
        ([HEAD + chunk(SNAPSHOT) + b"0\r\n\r\n"], Garbled),
        ([HEAD + chunk(SNAPSHOT) + chunk(b"[]\n") + b"0\r\n\r\n"], Garbled),
        ([HEAD + chunk(ROW) + b"0\r\n\r\n"], Garbled),
        ([HEAD + chunk(SNAPSHOT.replace(b"Z", b"")) + b"0\r\n\r\n"], Garbled),
        ([HEAD + chunk(b"{" * 1000 + b"\n") + b"0\r\n\r\n"], Garbled),
        ([HEAD + chunk(b"x" * 1_000_000)] + [chunk(b"x" * 1_000_000)] * 8, Garbled),
        ([b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\n{}"], Garbled),
        ([b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n"], Garbled),
    ],
    ids=[
        "no-http",
        "headers",
        "rows-too-many",
        "cut-off",
        "rows-missing",
        "no-row",
        "no-head",
        "no-zone",
        "no-json",
        "too-long",
        "status",
        "redirect",
    ],
)
async def test_what_cannot_be_read_is_no_snapshot(writes: list[bytes], error: type[Exception]) -> None:
    async with answering(*writes) as follower:
        with pytest.raises(error):
            [line async for line in follower.snapshot()]


@pytest.mark.parametrize("begun", [b"HTTP/1.1 200 OK\r\nX-Endless: ", HEAD + b"0\r\nX-Endless: "], ids=["header", "trailer"])
async def test_a_header_without_an_end_is_cut_off_before_it_fills_the_memory(begun: bytes) -> None:
    cut = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(begun)
        with suppress(ConnectionError):
            while True:
                writer.write(b"a" * 65_536)
                await writer.drain()
        writer.close()
        cut.set()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="TooManyHeaders"):
            await asyncio.wait_for(Follower(f"http://127.0.0.1:{port}", lambda: "a-token").whoami(), 5)
        await asyncio.wait_for(cut.wait(), 5)
    finally:
        server.close()


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "http://127.0.0.1:99999", "http://pl\u00e4ne.test", f"http://{'a' * 64}.test", "127.0.0.1"]
)
async def test_an_address_that_cannot_be_asked_is_unreachable_and_nothing_is_sent(url: str) -> None:
    with pytest.raises(Unreachable) as caught:
        await Follower(url, lambda: "a-token").whoami()
    assert "token" not in str(caught.value)


async def test_a_token_that_is_not_ascii_is_told_as_such_and_never_sent() -> None:
    with pytest.raises(Unreachable, match="character"):
        await Follower("http://127.0.0.1:9", lambda: "lho_\u00e9").whoami()


async def test_a_token_that_would_break_the_request_is_never_sent() -> None:
    with pytest.raises(Unreachable, match="character"):
        await Follower("http://127.0.0.1:9", lambda: "a\r\nX-Evil: 1").whoami()


async def test_a_page_of_a_chain_is_the_planes_own_json(served: Served) -> None:
    agent = await served.plane.world.agent("executor-1")
    follower = following(served)
    assert json.loads(await follower.audit_page(f"tk{agent.id[2:]}", 7, 5))["items"] == []
    with pytest.raises(Invalid, match="root_id"):
        await follower.audit_page("tk_&limit=0", None, 5)
    served.plane.tokens["vera"] = "lho_" + "x" * 43
    with pytest.raises(NotSignedIn):
        await follower.audit_page(agent.id, None, 5)
