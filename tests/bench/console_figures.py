"""What is measured of a console in a terminal, and how: starts, keys, events, processor and memory.

Each figure is taken the same way of the console and of its twin over a DataTable; a `Program` says what differs in words.
Times are seconds, memory is in megabytes of 1,000,000 bytes.
"""

import asyncio
import itertools
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from console.model.leases import Lease
from tests.bench.bench_plane import Estate, request
from tests.bench.http_load import Connection, processor_seconds
from tests.bench.pty_terminal import Terminal, cursor_line
from tests.bench.screen_model import ScreenModel

KEYS, PAGES, SWITCHES, MARKS = 160, 60, 24, 20
MOST_SECONDS = 30.0
"""For one kind of key; a slow program answers fewer of them."""
WATCH_SECONDS = 10.0
LIVE_SECONDS = 240.0
EARLY_SECONDS = 60.0
_ROW = re.compile(r"\b(?:copy|mark)-\d+")
_LIVE = re.compile(r"\bLIVE\b.*?\bleases ([\d,]+)")
_SCOPE = 28
"""The least cells of the column of scopes."""
LEASES, AGENTS = ("LEFT", "SCOPE"), ("AGENT", "OWNER")
"""Titles that stand in one line of a view and of no other."""


@dataclass(frozen=True)
class Program:
    """A program that is measured. `first` are words of its first useful frame, `top` the key to its first row."""

    name: str
    module: tuple[str, ...]
    first: str
    top: bytes

    def command(self, url: str, token_file: Path) -> list[str]:
        """How it is started."""
        given = (url, str(token_file))
        if self.module == ("console",):
            given = ("console", "--authorization-url", url, "--broker-url", url, "--token-file", str(token_file))
        return [sys.executable, "-m", *self.module, *given]


CONSOLE = Program("console", ("console",), "Approvals", b"g")
TWIN = Program("DataTable", ("tests.bench.datatable_console",), "SCOPE", b"\x1b[1;5H")


@dataclass
class Starts:
    """Several starts: to the first frame, to the first one of the toolkit, to live; to the answer to a key typed at once."""

    first: list[float] = field(default_factory=list)
    toolkit: list[float] = field(default_factory=list)
    live: list[float] = field(default_factory=list)
    early: list[float] = field(default_factory=list)


@dataclass
class Marks:
    """Revocations of leases in sight, from the sending: to the answer, to the event on a stream, to the new state's paint."""

    answered: list[float] = field(default_factory=list)
    streamed: list[float] = field(default_factory=list)
    painted: list[float] = field(default_factory=list)


def live_leases(words: str) -> int:
    """How many leases a live console says there are; 0 where it is not live."""
    found = _LIVE.search(words)
    return int(found[1].replace(",", "")) if found is not None else 0


def row_under_cursor(terminal: Terminal, titles: tuple[str, ...] = LEASES) -> str:
    """What names the lease under the table's cursor; empty where none stands there."""
    line = cursor_line(terminal.screen, max(0, terminal.screen.line_with(*titles)))
    found = _ROW.search(terminal.screen.text(line)) if line >= 0 else None
    return found[0] if found is not None else ""


def shows(*titles: str) -> Callable[[Terminal], bool]:
    """Whether a view's titles are painted, and the row under its cursor."""

    def met(terminal: Terminal) -> bool:
        line = terminal.screen.line_with(*titles)
        return line >= 0 and cursor_line(terminal.screen, line) >= 0

    return met


def is_live(leases: int) -> Callable[[Terminal], bool]:
    """Whether it is live with all leases but those that have expired meanwhile."""
    return lambda terminal: live_leases(terminal.screen.words) >= leases * 0.99


async def starts(make: Callable[[], Terminal], program: Program, leases: int, runs: int) -> Starts:
    """Start it so many times without touching it, and as many times with a key typed at once."""
    found, words = Starts(), program.first.encode()
    for _ in range(runs):
        terminal = make()
        try:
            at = await terminal.until(lambda one: program.first in one.screen.words, "the first frame")
            found.first.append(at - terminal.started)
            at = await terminal.until(lambda one: words in one.after_toolkit, "the toolkit's first frame")
            found.toolkit.append(at - terminal.started)
            at = await terminal.until(is_live(leases), "live with all leases", LIVE_SECONDS)
            found.live.append(at - terminal.started)
        finally:
            terminal.close()
    for _ in range(runs):
        terminal = make()
        try:
            terminal.press(b"4")
            at = await terminal.until(
                lambda one: one.screen.line_with(*AGENTS) >= 0, "the answer to a key typed at once", EARLY_SECONDS
            )
            found.early.append(at - terminal.started)
        finally:
            terminal.close()
    return found


async def keys(terminal: Terminal, program: Program) -> dict[str, list[float]]:
    """Seconds from a key to its paint, by kind."""
    found: dict[str, list[float]] = {"cursor": [], "page": [], "another view": []}
    await view(terminal, b"3", LEASES)
    terminal.press(program.top)
    await terminal.quiet(0.3)
    # Up and down within a few lines, so that the table does not scroll.
    steps = itertools.cycle([b"\x1b[B"] * 8 + [b"\x1b[A"] * 8)
    await repeat(KEYS, lambda: moved(terminal, next(steps)), found["cursor"])
    await repeat(PAGES, lambda: moved(terminal, b"\x1b[6~"), found["page"])
    turns = itertools.cycle([(b"4", AGENTS), (b"3", LEASES)])
    await repeat(SWITCHES, lambda: turned(terminal, *next(turns)), found["another view"])
    return found


async def moved(terminal: Terminal, key: bytes) -> float:
    """Seconds from a key that moves the cursor until another lease is painted under it."""
    await pause()
    terminal.forget()
    before = row_under_cursor(terminal)
    at = terminal.press(key)
    return await terminal.until(lambda one: row_under_cursor(one) not in ("", before), f"the answer to {key!r}") - at


async def turned(terminal: Terminal, key: bytes, titles: tuple[str, ...]) -> float:
    """Seconds from a view's key to the view."""
    await pause()
    terminal.forget()
    at = terminal.press(key)
    return await terminal.until(shows(*titles), f"the answer to {key!r}") - at


async def repeat(times: int, measured: Callable[[], Awaitable[float]], found: list[float]) -> None:
    """Measure so many times, or for as long as there is time."""
    end = time.perf_counter() + MOST_SECONDS
    while len(found) < times and time.perf_counter() < end:
        found.append(await measured())


async def pause(least: float = 0.05) -> None:
    """A pause of another length each time, so that nothing keeps step with the program's own clocks."""
    await asyncio.sleep(least + (time.perf_counter_ns() // 1000 % 67) / 1000)


async def view(terminal: Terminal, key: bytes, titles: tuple[str, ...]) -> None:
    """Open a view."""
    terminal.press(key)
    await terminal.until(shows(*titles), f"the view with {titles}", LIVE_SECONDS)


async def marks(terminal: Terminal, program: Program, estate: Estate, token: str) -> Marks:
    """Revoke leases in sight one by one. They are made now, end before all others and so stand at the top."""
    made = [await estate.admin.show_lease(id) for id in await estate.tell(f"near {MARKS}")]
    held = {lease.resource: lease for lease in made}
    terminal.press(program.top)
    await terminal.until(
        lambda one: all(one.screen.line_with(f"{name} ") >= 0 for name in held), "the new leases in sight", LIVE_SECONDS
    )
    found = Marks()
    stream = await Stream.open(estate.url, token)
    connection = await Connection.open(estate.url)
    try:
        for name, lease in held.items():
            await pause(1.3)
            asked_for = revocation(estate, lease)
            stream.wait_for(lease.id)
            terminal.forget()
            sent = time.perf_counter()
            answer = asyncio.create_task(connection.ask(asked_for))
            painted = await terminal.until(
                lambda one, name=name: not stands_active(one.screen, name),  # type: ignore[misc]
                f"the new state of {name}",
            )
            found.painted.append(painted - sent)
            found.answered.append((await answer).read_at - sent)
            found.streamed.append(await stream.seen() - sent)
    finally:
        connection.close()
        stream.close()
    return found


def stands_active(screen: ScreenModel, name: str) -> bool:
    """Whether a lease's row stands in the table as active. Beside and below the table it may be told about as well."""
    titles = screen.line_with(*LEASES)
    scope = screen.text(titles).index("SCOPE") if titles >= 0 else 0
    for line in map(screen.text, range(titles + 1, screen.lines)):
        before, cell = line[:scope], line[scope : scope + _SCOPE]
        if f"{name} " in cell and "active" in before and "lease." not in before:
            return True
    return False


def revocation(estate: Estate, lease: Lease) -> bytes:
    """The request with which its own agent gives a lease up."""
    token = next(one.token for one in estate.workers if one.agent.id == lease.agent_id)
    return request(estate.url, "POST", f"/broker/v1/leases/{lease.id}/revoke", token, b'{"reason":"measured"}')


class Stream(asyncio.Protocol):
    """A second reader of the event stream, which only looks when the revocation of one lease comes by."""

    def __init__(self) -> None:
        self._rest = b""
        self._wanted = b""
        self._seen: asyncio.Future[float] | None = None
        self._transport: asyncio.BaseTransport | None = None

    @classmethod
    async def open(cls, url: str, token: str) -> "Stream":
        """Follow from now on."""
        place = urlsplit(url)
        transport, stream = await asyncio.get_running_loop().create_connection(cls, place.hostname, place.port)
        transport.write(request(url, "GET", "/authorization/v1/events", token))
        return stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        *whole, self._rest = (self._rest + data).split(b"\n\n")
        looking = self._seen is not None and not self._seen.done()
        if looking and any(b"event: lease.revok" in one and self._wanted in one for one in whole):
            self._seen.set_result(at)  # type: ignore[union-attr]  # it is looked for

    def wait_for(self, lease_id: str) -> None:
        """Look for the revocation of this lease from now on."""
        self._wanted = lease_id.encode()
        self._seen = asyncio.get_running_loop().create_future()

    async def seen(self) -> float:
        """When it came by. Raises TimeoutError."""
        assert self._seen is not None
        return await asyncio.wait_for(self._seen, 10)

    def close(self) -> None:
        """Follow no more."""
        if self._transport is not None:
            self._transport.close()


async def share(pid: int, seconds: float = WATCH_SECONDS) -> float:
    """The share of one core that a process takes."""
    before, began = processor_seconds(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    return (processor_seconds(pid) - before) / (time.perf_counter() - began)


def memory(pid: int) -> tuple[float, float]:
    """The resident and the proportional set of a process."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    fields = {line.split(":")[0]: line.split() for line in told.splitlines()[1:]}
    return int(fields["Rss"][1]) * 1024 / 1e6, int(fields["Pss"][1]) * 1024 / 1e6


async def beat(estate: Estate) -> None:
    """Keep every task of the estate alive until this is cancelled."""
    while True:
        connection = await Connection.open(estate.url)
        for worker in (*estate.workers, estate.victim):
            for task_id in worker.task_ids:
                path = f"/authorization/v1/tasks/{task_id}/heartbeat"
                await connection.ask(request(estate.url, "POST", path, worker.token, b"{}"))
        connection.close()
        await asyncio.sleep(120)
