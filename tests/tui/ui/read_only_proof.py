"""READ-ONLY sends no mutation and SAFE gives nothing, whatever is pressed, chosen, typed or clicked:

    python -m tests.tui.ui.read_only_proof [PROCESSES]

Every way of `all_ways` is gone in every view on a row of each kind; whatever opens is confirmed in every manner. What is
counted is what arrives at the plane: each call that is not known to read is a mutation, and each mutation that is not known
to take power gives it. So neither a new call nor a new way goes uncounted.
"""

import asyncio
import multiprocessing
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from textual.widgets import Input

from console.tui.state.plane import Plane
from console.tui.ui.app import Console
from console.tui.ui.commands import VIEW_NAMES
from console.tui.ui.options import ConsoleOptions
from console.tui.ui.screens.form import Form
from console.tui.ui.screens.picker import Picker
from console.tui.ui.widgets.sheet import Sheet
from tests.tui.state.plane_in_memory import OwnTimes
from tests.tui.ui.all_ways import Way, click_ways, command_ways, key_ways, palette_ways, typing_lines
from tests.tui.ui.driver import Driver, Estate
from tests.tui.ui.varied import varied

SMALL, WIDE = (80, 24), (120, 36)
"""The sizes for keys and words, and for clicks: the second shows the card."""
_CSS = Path(sys.modules[Console.__module__].__file__ or "").parent / "app.tcss"
READS = frozenset(
    {
        "whoami",
        "snapshot",
        "events",
        "approval_detail",
        "task_story",
        "chain_story",
        "audit",
        "records_of",
        "checkpoints",
        "heads",
        "prove",
        "policies",
        "revisions",
        "revision",
        "check_draft",
        "test_draft",
        "frameworks",
        "framework",
        "seed_rows",
        "metric",
        "text",
        "contain_preview",
        "containment",
        "preview_review",
        "preview_grant",
    }
)
TAKES = frozenset(
    {
        "revoke_grant",
        "revoke_leases",
        "retry_revocation",
        "contain",
        "stop_task",
        "withdraw_approval",
        "review_break_glass",
        "review_framework",
    }
)
"""What takes power, and what only records that somebody has looked."""
VIEWS = (*VIEW_NAMES, "controls")


def gives(verb: str, arguments: Sequence[Any]) -> bool:
    """Whether a call gives power; one that is not known does."""
    if verb == "review":
        return getattr(arguments[1], "verdict", "approve") != "reject"
    return verb not in TAKES


class Counted:
    """A plane that keeps every call to it that is not known to read."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.mutations: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._plane, name)
        if name in READS:
            return call

        async def counted(*arguments: Any) -> Any:
            self.mutations.append((name, arguments))
            return await call(*arguments)

        return counted


@dataclass
class Tried:
    """What was tried of a console, and what it sent. `armed` are ways that armed it; it was disarmed after each."""

    tried: dict[str, int] = field(default_factory=dict)
    mutating: list[str] = field(default_factory=list)
    giving: list[str] = field(default_factory=list)
    armed: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """How many ways were gone."""
        return sum(self.tried.values())

    def add(self, other: "Tried") -> None:
        """Put another part to it."""
        for kind, count in other.tried.items():
            self.tried[kind] = self.tried.get(kind, 0) + count
        self.mutating += other.mutating
        self.giving += other.giving
        self.armed |= other.armed

    def __str__(self) -> str:
        kinds = ", ".join(f"{count:,} by {kind}" for kind, count in sorted(self.tried.items()))
        return f"{len(self.mutating)} mutating and {len(self.giving)} giving requests out of {self.total:,} tried ({kinds})"


class Staying(Console):
    """A console that cannot be left, so that every way can be tried."""

    CSS_PATH = _CSS

    def exit(self, *_: Any, **__: Any) -> None:
        """Stay."""

    def action_suspend_process(self) -> None:
        """Stay."""


Make = Callable[..., Console]


@asynccontextmanager
async def proving(
    estate: Estate, make: Make = Staying, size: tuple[int, int] = SMALL, **options: Any
) -> AsyncIterator[tuple[Driver, Counted]]:
    """A console over a plane that is counted."""
    counted = Counted(estate)

    @asynccontextmanager
    async def open_plane() -> AsyncIterator[Plane]:
        yield counted  # type: ignore[misc]  # it has every call of the plane behind it

    with TemporaryDirectory() as folder:
        given: dict[str, Any] = {"open_plane": open_plane, "environment": "test", "state_folder": Path(folder), "bell": False}
        app = make(ConsoleOptions(**given | options), times=OwnTimes())
        async with app.run_test(size=size) as pilot:
            driver = Driver(app, pilot, estate)
            await driver.until(lambda: app.world.live and app.world.identified and app.pane.cursor is not None, "never live")
            yield driver, counted


@dataclass
class Proof:
    """Goes ways at one console, row by row, and keeps what came of them."""

    driver: Driver
    counted: Counted
    view: str
    result: Tried = field(default_factory=Tried)

    @property
    def app(self) -> Console:
        """The console."""
        return self.driver.app

    async def rows(self) -> list[str | None]:
        """One row of each kind in this view; None where it has no rows."""
        await self.back(None)
        kinds: dict[object, str] = {}
        for key in self.app.pane.keys:
            kinds.setdefault(kind_of(self.app.pane.record(key)), key)
        return list(kinds.values()) or [None]

    async def go(self, ways: Sequence[Way], row: str | None) -> None:
        """Go each way from this row and confirm whatever opens."""
        for way in ways:
            await self.back(row)
            before = len(self.counted.mutations)
            await way.go(self.driver)
            await self.settle()
            await self.confirm()
            self.note(way, row, before)

    def note(self, way: Way, row: str | None, before: int) -> None:
        """Keep what has come of a way; what it did to the plane is undone, and what it armed is SAFE again."""
        self.result.tried[way.kind] = self.result.tried.get(way.kind, 0) + 1
        sent = self.counted.mutations[before:]
        words = f"{way.kind} {way.words} in {self.view} on {row}: "
        self.result.mutating += [words + verb for verb, _ in sent]
        self.result.giving += [words + verb for verb, arguments in sent if gives(verb, arguments)]
        world = self.app.world
        if world.session.armed_for(world.times.monotonic()) > 0:
            self.result.armed.add(f"{way.kind} {way.words}")
            world.turn_arming()
        if sent:
            for entity in varied_entities():
                self.driver.estate.put(entity)

    async def settle(self) -> None:
        """Let what was begun come to rest: the plane in memory answers at once."""
        for _ in range(4):
            await asyncio.sleep(0)
        await self.driver.pilot.pause()

    async def confirm(self) -> None:
        """Say yes to whatever is open, in every manner that it could mean, until nothing is or it does not yield."""
        for _ in range(6):
            screen = self.app.screen
            if screen is self.app.screen_stack[0]:
                return
            if isinstance(screen, Sheet):
                await self.confirm_sheet(screen)
            elif isinstance(screen, Form):
                await self.driver.press(*["enter"] * (len(screen.values) + 1))
            elif isinstance(screen, Picker):
                await self.driver.press("enter")
            else:
                await self.driver.press("enter", "y")
            await self.settle()
            if self.app.screen is screen:
                return

    async def confirm_sheet(self, sheet: Sheet) -> None:
        """Give the reason and the typed words, wait until the key is alive, and confirm."""
        for entry in sheet.query(Input):
            entry.value = sheet.question.typed if entry.id == "sheet-typed" else "a reason"
        if not sheet.question.refusal:
            await self.driver.until(
                lambda: sheet.armed or not sheet.is_running or bool(sheet.question.refusal) or bool(sheet.said)
            )
        await self.driver.press(*(["enter"] * len(sheet.query(Input)) or ["y"]))

    async def back(self, row: str | None) -> None:
        """The view as it was, with the cursor on a row, and nothing open, typed, filtered, marked or paused."""
        app = self.app
        while len(app.screen_stack) > 1:
            app.pop_screen()
            await self.driver.pilot.pause()
        for line in typing_lines(app):
            line.action_leave()
            await self.driver.pilot.pause()
        if app.paused:
            app.action_perform("pause")
        if app.pane.name != self.view:
            app.open_view(self.view if self.view != "controls" else "frameworks")
            await self.settle()
            if self.view == "controls":
                await self.driver.until(lambda: app.pane.keys, "no framework is listed")
                app.action_perform("open")
            await self.driver.until(lambda: app.pane.name == self.view, f"{self.view} did not open")
        if app.pane.filter_text:
            app.put_filter(app.pane, "")
            app.rearrange()
        if app.screen.has_class("reading"):
            app.go_up()
        table = app.pane.table
        if table is not None:
            table.clear_marks()
            table.focus()
            if row is not None and table.cursor != row:
                await self.driver.until(lambda: table.move_to(row), f"{row} has left {self.view}")


def kind_of(record: object) -> object:
    """What sets rows apart: their state, their kind, how risky they are."""
    if not isinstance(record, dict):
        return None
    risk = record.get("risk")
    level = risk.get("level") if isinstance(risk, dict) else record.get("risk_level")
    return (record.get("state"), record.get("kind"), level, record.get("verdict"), record.get("critical"))


def varied_entities() -> list[Any]:
    """What stands in the estate before anything is sent."""
    return list(varied().entities.values())


async def prove(view: str, *, make: Make = Staying, kinds: int | None = None, **options: Any) -> Tried:
    """Go every way in one view: keys on a row of each kind, the palette and commands on one, clicks where the card is seen.

    `kinds` bounds how many kinds of rows are tried; all of them by default.
    """
    first, result = view == VIEWS[0], Tried()
    async with proving(varied(), make, **options) as (driver, counted):
        proof = Proof(driver, counted, view, result)
        rows = (await proof.rows())[:kinds]
        for row in rows:
            await proof.back(row)
            await proof.go(key_ways(driver.app), row)
        await proof.back(rows[0])
        await proof.go(await palette_ways(driver, objects=first), rows[0])
        await proof.go(command_ways(driver.app, arguments=first), rows[0])
    async with proving(varied(), make, WIDE, **options) as (driver, counted):
        proof = Proof(driver, counted, view, result)
        row = (await proof.rows())[0]
        await proof.back(row)
        await proof.settle()
        await proof.go(click_ways(driver), row)
    return result


MODES: dict[str, dict[str, Any]] = {"READ-ONLY": {"read_only": True}, "SAFE": {"start": "safe"}}


def _part(of: tuple[str, str]) -> tuple[str, str, Tried]:
    name, view = of
    return name, view, asyncio.run(prove(view, **MODES[name]))


def main(processes: int) -> None:
    """Go all of them, each view in a process of its own, and print what came of it."""
    whole = {name: Tried() for name in MODES}
    with multiprocessing.get_context("spawn").Pool(processes, maxtasksperchild=1) as pool:
        for name, view, part in pool.imap_unordered(_part, [(name, view) for name in MODES for view in VIEWS]):
            whole[name].add(part)
            print(f"{name} {view}: {part}", flush=True)
    for name, result in whole.items():
        what = "requests that change anything" if name == "READ-ONLY" else "requests that give power without arming"
        count = len(result.mutating) if name == "READ-ONLY" else len(result.giving)
        print(f"{name}: {count} {what} out of {result.total:,} ways tried", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)

__all__ = ["Proof", "Tried", "prove", "proving"]
