"""How fast the console is, as the real program in a real terminal: python -m tests.bench.bench_console [--leases N] [--rate N]

Method. The plane runs in a process of its own (`plane_process`) over a real store and holds the leases; `leasehold console`
runs in a pseudo-terminal of 200x50 (TERM=xterm-256color, true colour), joined over HTTP on loopback with a token file. This
process is the terminal: it reads every byte as it comes and takes its time. Under load the plane itself commits so many events
a second (uses of its leases, in small commits), and its feed sends them.

- First paint: from the start of the process to the bytes of the views' strip; live: to `LIVE` and the number of leases.
- Key to paint: from the writing of the key to the bytes that can only be its answer: the cursor's sign on the line to which
  it moved, twenty other lines of the table for a page, the title of another view's column.
- Event to paint: a lease in sight is revoked; from the sending of that request, the plane's durable commit included, to the
  bytes of its new state.
- Processor: of the console's process under the load and without it. Memory: its resident and proportional set.

Prints a table in Markdown, with the machine it was taken on.
"""

import argparse
import asyncio
import fcntl
import itertools
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import uvloop

from tests.bench.bench_plane import CACHED, Estate, lease_requests, load, machine, request, serving, status
from tests.bench.http_load import Connection, Reply, processor_seconds
from tests.plane_settings import first_token

COLUMNS, LINES = 200, 50
MODELS = 64
STARTS, KEYS, PAGES, SWITCHES, MARKS = 5, 100, 40, 8, 12
FILL_SECONDS = 150.0
WAIT_SECONDS = 30.0
WATCH_SECONDS = 8.0
_CURSOR = re.compile(rb"m> ?\x1b|m> ")
_GO = re.compile(rb"\x1b\[(\d+);(\d+)H")


class Terminal:
    """The console in a pseudo-terminal. Keeps what was painted since it was last asked to forget it."""

    def __init__(self, url: str, token_file: Path, home: Path) -> None:
        self.painted = bytearray()
        self.changed = asyncio.Event()
        self.read_at = 0.0
        self.cursor_line = 0
        """The line on which the sign of the table's cursor was last painted."""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
        command = [sys.executable, "-m", "console", "console", "--authorization-url", url, "--broker-url", url]
        command += ["--token-file", str(token_file)]
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def _read(self) -> None:
        with suppress(BlockingIOError, OSError):
            while part := os.read(self._master, 65_536):
                self.read_at = time.perf_counter()
                self.painted += part
                self.cursor_line = cursor_in(part) or self.cursor_line
                self.changed.set()

    def press(self, keys: bytes) -> float:
        """Write keys; returns when."""
        at = time.perf_counter()
        os.write(self._master, keys)
        return at

    async def until(self, met: Callable[[bytes], bool], what: str, seconds: float = WAIT_SECONDS) -> float:
        """When the bytes since the last `forget` first met a condition. Raises TimeoutError with what was waited for."""
        try:
            async with asyncio.timeout(seconds):
                while not met(bytes(self.painted)):
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise TimeoutError(f"waited {seconds:g} s for {what}; the last bytes: {bytes(self.painted[-600:])!r}") from None
        return self.read_at

    async def quiet(self, seconds: float) -> None:
        """Wait until nothing was painted for so long, or two seconds."""
        end = time.perf_counter() + 2
        while time.perf_counter() < end and time.perf_counter() - self.read_at < seconds:  # noqa: ASYNC110 (it is the end of something that is waited for)
            await asyncio.sleep(seconds / 4)

    def forget(self) -> None:
        """Begin anew with what is kept."""
        self.painted.clear()

    def close(self) -> None:
        """Leave the console, and end it where it does not leave."""
        with suppress(OSError):
            os.write(self._master, b"\x11")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)


def lines_painted(painted: bytes) -> dict[int, bytes]:
    """What was written to each line of the screen, from 1."""
    found: dict[int, bytes] = {}
    moves = list(_GO.finditer(painted))
    for move, after in itertools.zip_longest(moves, moves[1:]):
        end = after.start() if after is not None else len(painted)
        line = int(move[1])
        found[line] = found.get(line, b"") + painted[move.end() : end]
    return found


def cursor_in(painted: bytes) -> int:
    """The line on which the sign of the cursor was painted last; 0 where it was not."""
    return max((line for line, text in lines_painted(painted).items() if _CURSOR.search(text)), default=0)


def percentiles(times: list[float]) -> str:
    """p50, p95 and p99 in milliseconds."""
    ordered = sorted(times)
    return " / ".join(f"{ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000:.0f}" for part in (0.5, 0.95, 0.99))


async def fill(estate: Estate, count: int, kept: list[tuple[str, str]]) -> None:
    """Issue so many leases, which live for a quarter of an hour."""

    def keep(reply: Reply) -> None:
        told = json.loads(reply.body)
        kept.append((told["lease"]["agent_id"], told["credential"] + " " + told["lease"]["id"]))

    asked = itertools.islice(lease_requests(estate, estate.workers), count)
    await load(estate.url, asked, pid=estate.pid, connections=32, seconds=FILL_SECONDS, wanted=status(201), each=keep)


async def head(estate: Estate) -> int:
    """The cursor of the last event that the plane committed."""
    return (await estate.admin.list_agents(limit=1)).cursor


async def starts(make: Callable[[], Terminal], leases: int) -> tuple[list[float], list[float]]:
    """Seconds to the first useful paint and to live, of several starts."""
    first, live = [], []
    number = f"{leases // 1000},".encode()
    for _ in range(STARTS):
        terminal = make()
        at = await terminal.until(lambda painted: b"Approvals" in painted, "the first paint")
        first.append(at - terminal.started)
        at = await terminal.until(
            lambda painted: b"LIVE" in painted and number in painted[painted.rfind(b"LIVE") :], "live with all leases", 60
        )
        live.append(at - terminal.started)
        terminal.close()
    return first, live


async def keys(terminal: Terminal) -> dict[str, list[float]]:
    """Seconds from a key to its paint, by kind."""
    found: dict[str, list[float]] = {"cursor down": [], "page down": [], "another view": []}
    await view(terminal, b"3", b"SCOPE")
    terminal.press(b"g")
    await terminal.quiet(0.3)
    for number in range(KEYS):
        # Up and down within a few lines, so that the table does not scroll.
        before = terminal.cursor_line
        key = b"j" if number % 16 < 8 else b"k"
        with suppress(TimeoutError):  # rows that moved meanwhile may bring the cursor back to its line: no answer to be told
            found["cursor down"].append(
                await answered(terminal, key, lambda painted, at=before: cursor_in(painted) not in (0, at), 1.0)  # type: ignore[misc]
            )
    for _ in range(PAGES):
        found["page down"].append(await answered(terminal, b"\x1b[6~", lambda painted: len(lines_painted(painted)) >= 20))
    for _ in range(SWITCHES):
        found["another view"].append(await answered(terminal, b"4", lambda painted: b"OWNER" in painted))
        found["another view"].append(await answered(terminal, b"3", lambda painted: b"SCOPE" in painted))
    return found


async def answered(terminal: Terminal, key: bytes, met: Callable[[bytes], bool], most: float = WAIT_SECONDS) -> float:
    """Seconds from a key to its answer. A short pause comes before it, of another length each time."""
    await asyncio.sleep(0.05 + (time.perf_counter_ns() // 1000 % 67) / 1000)
    terminal.forget()
    at = terminal.press(key)
    return await terminal.until(met, f"the answer to {key!r}", most) - at


async def view(terminal: Terminal, key: bytes, title: bytes) -> None:
    """Open a view."""
    terminal.forget()
    terminal.press(key)
    await terminal.until(lambda painted: title in painted, f"the view with {title!r}")


async def marks(terminal: Terminal, estate: Estate) -> list[float]:
    """Seconds from the request that revokes a lease in sight to the painting of its new state."""
    held: list[str] = []
    asked = itertools.islice(lease_requests(estate, (estate.victim,), 9_000_000), MARKS)
    await load(
        estate.url, asked, pid=estate.pid, connections=4, seconds=30, wanted=status(201),
        each=lambda reply: held.append(json.loads(reply.body)["lease"]["id"]),
    )  # fmt: skip
    terminal.press(f":leases agent:{estate.victim.agent.name}\r".encode())
    await asyncio.sleep(2)
    connection = await Connection.open(estate.url)
    times = []
    for lease_id in held:
        # A change stays marked for a second and is painted once more when it comes to rest.
        await asyncio.sleep(1.3 + (time.perf_counter_ns() // 1000 % 67) / 1000)
        path = f"/broker/v1/leases/{lease_id}/revoke"
        asked_for = request(estate.url, "POST", path, estate.victim.token, b'{"reason":"measured"}')
        terminal.forget()
        sent = time.perf_counter()
        answer = asyncio.create_task(connection.ask(asked_for))
        painted = await terminal.until(lambda painted: b"revok" in painted, "the new state")
        times.append(painted - sent)
        await answer
    connection.close()
    return times


async def share(pid: int, seconds: float) -> float:
    """The share of one core that a process takes."""
    before, began = processor_seconds(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    return (processor_seconds(pid) - before) / (time.perf_counter() - began)


def memory(pid: int) -> tuple[float, float]:
    """The resident and the proportional set of a process, in megabytes of 1,000,000 bytes."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    fields = {line.split(":")[0]: line.split() for line in told.splitlines()[1:]}
    return int(fields["Rss"][1]) * 1024 / 1e6, int(fields["Pss"][1]) * 1024 / 1e6


def table(rows: Iterator[tuple[str, str, str]]) -> str:
    """Lines in Markdown."""
    return "\n".join(["| | measured | budget |", "|---|---|---|", *(f"| {' | '.join(one)} |" for one in rows)])


async def measure(leases: int, rate: float) -> None:
    """All of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"Machine: {machine(folder)}.")
        async with serving(folder / "plane", CACHED) as estate:
            token_file = folder / "token"
            token_file.touch(mode=0o600)
            token_file.write_text(first_token(folder / "plane"))
            kept: list[tuple[str, str]] = []
            await fill(estate, MODELS, kept)
            await estate.tell(f"fill {leases - MODELS}")
            print(f"{leases:,} leases live; terminal {COLUMNS}x{LINES}.", flush=True)

            def make() -> Terminal:
                return Terminal(estate.url, token_file, folder)

            first, live = await starts(make, leases)
            terminal = make()
            try:
                await terminal.until(lambda painted: b"LIVE" in painted, "live")
                await view(terminal, b"3", b"SCOPE")
                await terminal.quiet(0.5)
                idle = await share(terminal.process.pid, WATCH_SECONDS)
                at_rest = await keys(terminal)
                await estate.tell(f"rate {rate:g}")
                began, cursor = time.perf_counter(), await head(estate)
                busy = await share(terminal.process.pid, WATCH_SECONDS)
                under = await keys(terminal)
                seen = await marks(terminal, estate)
                events = (await head(estate) - cursor) / (time.perf_counter() - began)
                await estate.tell("rate 0")
                resident, proportional = memory(terminal.process.pid)
            finally:
                terminal.close()
        print()
        print(table(iter([
            ("first useful paint, median of five starts", f"{sorted(first)[STARTS // 2] * 1000:.0f} ms", "250 ms"),
            (f"live with {leases:,} leases", f"{sorted(live)[STARTS // 2] * 1000:.0f} ms", "500 ms"),
            *((f"{kind}, key to paint p50 / p95 / p99, at rest", f"{percentiles(times)} ms", "8 / - / 40 ms")
              for kind, times in at_rest.items()),
            *((f"{kind}, under {events:,.0f} events a second", f"{percentiles(times)} ms", "8 / - / 40 ms")
              for kind, times in under.items()),
            ("event to paint, the plane's commit included, p50 / p95 / p99", f"{percentiles(seen)} ms", "- / 100 / - ms"),
            (f"processor of one core under {events:,.0f} events a second", f"{busy:.1%}", "10 %"),
            ("processor of one core at rest, leases in sight", f"{idle:.1%}", "1 %"),
            ("memory, resident / proportional", f"{resident:.0f} / {proportional:.0f} MB", "100 MB at 10,000"),
        ])), flush=True)  # fmt: skip


def main() -> None:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--leases", type=int, default=10_000)
    options.add_argument("--rate", type=float, default=1000.0, help="events a second")
    given = options.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(given.leases, given.rate))


if __name__ == "__main__":
    main()
