"""How fast the console is, as the real program in a real terminal, beside the same data in a Textual DataTable:

    python -m tests.bench.bench_console [--leases N] [--rate N] [--runs N] [--alone]

Method. The plane runs in a process of its own (`plane_process`) over a real store and holds the leases; each program runs in
a pseudo-terminal of 200x50 (TERM=xterm-256color, true colour; `pty_terminal`), joined over HTTP on loopback with a token file.
This process is the terminal: a thread reads every byte as it comes and takes its time, and a model of the screen
(`screen_model`) says what stands there. Under load the plane itself commits so many events a second (uses of its leases, in
small commits), and its feed sends them. The console comes first; then its twin (`datatable_console`), over the same plane.

- First frame: from the start of the process to the first useful frame; by the toolkit: to the first one that is painted once
  keys are read. Live: to `LIVE` and the number of leases. Key at 0 ms: `4` is typed when the process starts; to its view.
- Key to paint: from the writing of the key until the answer stands on the screen: another lease under the cursor (an arrow,
  a page), another view's titles and the row under its cursor. Pauses of uneven length lie between keys.
- Event to paint: a lease in sight is revoked over HTTP; from the sending of that request, the plane's durable commit
  included, until the lease's row no longer stands there as active: it says *revoked*, or the new order took it to the end.
  Beside it, how much of that had passed when the request was answered, and when the event reached a second reader of the
  stream.
- Processor: of the program's process, leases in sight, over ten seconds. Memory: its resident (and proportional) set.

The budgets are those for 100,000 leases and 1,000 events a second. With p50 / p95 / p99 the budget is in the same places.
"""

import argparse
import asyncio
import itertools
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import uvloop

from console.model.leases import Lease
from tests.bench import console_figures as take
from tests.bench.bench_plane import CACHED, Estate, lease_requests, load, machine, serving, status
from tests.bench.figure_table import Row, table
from tests.bench.pty_terminal import Terminal
from tests.plane_settings import first_token

MODELS = 64
FEW = 10_000
FILL_SECONDS = 150.0
KEY_BUDGET = (8.0, None, 40.0)


@dataclass
class Figures:
    """Everything that was measured of one program."""

    starts: take.Starts = field(default_factory=take.Starts)
    memory_few: tuple[float, float] = (0.0, 0.0)
    memory: tuple[float, float] = (0.0, 0.0)
    idle: float = 0.0
    busy: float = 0.0
    rate: float = 0.0
    at_rest: dict[str, list[float]] = field(default_factory=dict)
    under: dict[str, list[float]] = field(default_factory=dict)
    marks: take.Marks = field(default_factory=take.Marks)


@dataclass(frozen=True)
class Place:
    """The plane that is measured against, the operator's token, and a home for the programs."""

    estate: Estate
    token: str
    folder: Path

    def terminal(self, program: take.Program) -> Terminal:
        """The program in a terminal."""
        return Terminal(program.command(self.estate.url, self.folder / "token"), self.folder)


@asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Place]:
    """A plane with a few leases, whose tasks are kept alive; those that were the models for the others are given back."""
    async with serving(folder / "plane", CACHED) as estate:
        made = Place(estate, first_token(folder / "plane"), folder)
        (folder / "token").touch(mode=0o600)
        (folder / "token").write_text(made.token)
        asked = itertools.islice(lease_requests(estate, estate.workers), MODELS)
        models: list[Lease] = []
        await load(
            estate.url, asked, pid=estate.pid, connections=32, seconds=FILL_SECONDS, wanted=status(201),
            each=lambda reply: models.append(Lease.model_validate(json.loads(reply.body)["lease"])),
        )  # fmt: skip
        await estate.tell(f"fill {FEW}")
        given_back = (take.revocation(estate, lease) for lease in models)
        await load(estate.url, given_back, pid=estate.pid, connections=8, seconds=FILL_SECONDS, wanted=status(200))
        beating = asyncio.create_task(take.beat(estate))
        try:
            yield made
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating


async def few(here: Place, program: take.Program, runs: int, figures: Figures) -> None:
    """With ten thousand leases: how it starts, and what it weighs."""
    figures.starts = await take.starts(partial(here.terminal, program), program, FEW, runs)
    terminal = here.terminal(program)
    try:
        await terminal.until(take.is_live(FEW), "live", take.LIVE_SECONDS)
        await take.view(terminal, b"3", take.LEASES)
        await terminal.quiet(1)
        figures.memory_few = take.memory(terminal.process.pid)
    finally:
        terminal.close()


async def many(here: Place, program: take.Program, leases: int, rate: float, figures: Figures) -> None:
    """With all leases: at rest, and under so many events a second."""
    estate = here.estate
    terminal = here.terminal(program)
    try:
        await terminal.until(take.is_live(leases), "live", take.LIVE_SECONDS)
        await take.view(terminal, b"3", take.LEASES)
        await terminal.quiet(1)
        figures.idle = await take.share(terminal.process.pid)
        figures.at_rest = await take.keys(terminal, program)
        terminal.press(program.top)
        await estate.tell(f"rate {rate:g}")
        began, cursor = time.perf_counter(), await head(estate)
        await asyncio.sleep(2)
        figures.busy = await take.share(terminal.process.pid)
        figures.under = await take.keys(terminal, program)
        figures.marks = await take.marks(terminal, program, estate, here.token)
        figures.rate = (await head(estate) - cursor) / (time.perf_counter() - began)
        figures.memory = take.memory(terminal.process.pid)
    finally:
        await estate.tell("rate 0")
        terminal.close()


async def head(estate: Estate) -> int:
    """The cursor of the last event that the plane committed."""
    return (await estate.admin.list_agents(limit=1)).cursor


def rows(ours: Figures, twin: Figures | None, leases: int) -> Iterable[Row]:
    """The lines of the table."""
    a, b = ours, twin or Figures()

    def span(name: str, one: list[float], other: list[float], *budget: float | None) -> Row:
        return Row.of_times(name, one, other, budget or (None, None, None))

    few_leases = f"{FEW:,} leases"
    yield Row.of_medians("first frame, " + few_leases, a.starts.first, b.starts.first, 250)
    yield Row.of_medians("first frame by the toolkit", a.starts.toolkit, b.starts.toolkit, None)
    yield Row.of_medians("key typed at 0 ms answered", a.starts.early, b.starts.early, None)
    yield Row.of_medians(f"live with {few_leases}", a.starts.live, b.starts.live, 500)
    for kind, times in a.at_rest.items():
        yield span(f"key to paint at rest, {kind}", times, b.at_rest.get(kind, []), *KEY_BUDGET)
    for kind, times in a.under.items():
        yield span(f"key to paint under load, {kind}", times, b.under.get(kind, []), *KEY_BUDGET)
    yield span("event to paint, commit included", a.marks.painted, b.marks.painted, None, 100, None)
    yield span("- of which until the answer", a.marks.answered, b.marks.answered)
    yield span("- of which until the event stream", a.marks.streamed, b.marks.streamed)
    yield Row.of_figure("processor under load, of one core", a.busy * 100, b.busy * 100, 10, "%")
    yield Row.of_figure("processor at rest, of one core", a.idle * 100, b.idle * 100, 1, "%")
    yield Row.of_figure(f"memory resident after that, {leases:,} leases", a.memory[0], b.memory[0], 200, "MB")
    yield Row.of_figure(f"- proportional, {leases:,} leases", a.memory[1], b.memory[1], None, "MB")
    yield Row.of_figure(f"memory resident, {few_leases}", a.memory_few[0], b.memory_few[0], 100, "MB")
    yield Row.of_figure(f"- proportional, {few_leases}", a.memory_few[1], b.memory_few[1], None, "MB")


async def measure(leases: int, rate: float, runs: int, *, alone: bool) -> None:
    """All of it."""
    programs = [take.CONSOLE] if alone else [take.CONSOLE, take.TWIN]
    figures = {program.name: Figures() for program in programs}
    with tempfile.TemporaryDirectory(prefix="lh-bench-", ignore_cleanup_errors=True) as name:
        print(f"Machine: {machine(Path(name))}.")
        async with place(Path(name)) as here:
            for program in programs:
                print(f"{program.name} with {FEW:,} leases …", flush=True)
                await few(here, program, runs, figures[program.name])
            if leases > FEW:
                await here.estate.tell(f"fill {leases - FEW}")
            for program in programs:
                print(f"{program.name} with {leases:,} leases …", flush=True)
                await many(here, program, leases, rate, figures[program.name])
    ours, twin = figures[take.CONSOLE.name], figures.get(take.TWIN.name)
    rates = " and ".join(f"{one.rate:,.0f}" for one in figures.values())
    print(f"\n{leases:,} leases, {rates} events a second; times in ms (p50 / p95 / p99; starts: median of {runs}).\n")
    print(table(rows(ours, twin, leases)), flush=True)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--leases", type=int, default=100_000, help="how many leases live while keys are pressed")
    options.add_argument("--rate", type=float, default=1_000, help="events a second under load")
    options.add_argument("--runs", type=int, default=5, help="how often each program is started for the first frames")
    options.add_argument("--alone", action="store_true", help="leave the DataTable out")
    chosen = options.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(max(FEW, chosen.leases), chosen.rate, chosen.runs, alone=chosen.alone))


if __name__ == "__main__":
    main()
