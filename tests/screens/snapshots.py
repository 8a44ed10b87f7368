"""Snapshots of every view in every theme at two sizes, and of the looks of failure: python -m tests.screens.snapshots

Without arguments it writes them anew; with a folder it writes a picture (SVG) of each into it instead, for the eye.

The console runs whole over a plane in memory with fixed data at a fixed instant. A snapshot is what every cell shows: its
text, its colours and its weight. Of the house's dark theme it is kept as text that a person can read and compare; of each
other theme, which differs in colours only, the digest (SHA-256) of the same. A difference is shown as lines.
"""

import asyncio
import hashlib
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

os.environ.setdefault("COLORTERM", "truecolor")
os.environ.pop("NO_COLOR", None)

from rich.style import Style
from textual.strip import Strip

from console.client.feed import Event
from console.model.operators import Whoami
from console.model.problems import ProblemError
from tests.screens.render import cleaned
from tests.tui.state.plane_in_memory import MemoryTick, OwnTimes
from tests.tui.ui.driver import Driver, Estate, console
from tests.tui.ui.varied import varied

FOLDER = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (200, 50))
VIEWS = {
    "approvals": "1", "tasks": "2", "leases": "3", "agents": "4", "policies": "5", "frameworks": "6", "audit": "7",
    "overview": "0",
}  # fmt: skip
HOUSE = "house-dark"
AT_SECONDS = 1_000.0
"""The instant at which every snapshot is taken, after the beginning of the console's own clocks."""
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

Snapshots = dict[str, str]
"""Snapshots of one size by theme."""


def words_of(style: Style | None) -> str:
    """A style in words: its colours and its weight."""
    if style is None:
        return "plain"
    colours = [
        (one.get_truecolor().hex if one.triplet else one.name) if one is not None else "-"
        for one in (style.color, style.bgcolor)
    ]
    marks = [name for name in ("bold", "dim", "italic", "underline", "reverse") if getattr(style, name)]
    return " ".join([f"{colours[0]} on {colours[1]}", *marks])


def told(strips: list[Strip]) -> str:
    """What a screen shows: its lines, then for each line the runs of its styles, then what the letters of these mean."""
    letters: dict[str, str] = {}
    lines, runs = [], []
    for strip in strips:
        lines.append(strip.text.rstrip())
        parts: list[tuple[str, int]] = []
        for segment in strip:
            words = words_of(segment.style)
            letter = letters.setdefault(words, _LETTERS[len(letters)] if len(letters) < len(_LETTERS) else f"<{len(letters)}>")
            if parts and parts[-1][0] == letter:
                parts[-1] = (letter, parts[-1][1] + segment.cell_length)
            else:
                parts.append((letter, segment.cell_length))
        runs.append(" ".join(f"{count}{letter}" for letter, count in parts if count))
    legend = [f"{letter} {words}" for words, letter in letters.items()]
    return "\n".join([*lines, "", "styles of each line", *runs, "", "their meaning", *legend, ""])


async def still(driver: Driver) -> None:
    """Bring a live console to the one instant, with everything fetched that the row under its cursor needs."""
    world = driver.app.world
    driver.app.fetch(driver.app.pane.cursor)
    for _ in range(5):
        await driver.pilot.pause()
    assert isinstance(driver.times, OwnTimes)
    driver.times.seconds = AT_SECONDS
    driver.estate.send(MemoryTick())
    for _ in range(3):
        await driver.pilot.pause()
    # How long the plane took to answer is measured by a clock that the driver moves while it waits.
    world.answered_in = 0.012
    driver.app.tick()
    driver.app.repaint()
    await driver.pilot.pause()


def screen(driver: Driver) -> str:
    """The screen as it is told."""
    return told(driver.app.screen._compositor.render_strips())


def failing(driver: Driver) -> str:
    """The screen of a console that is not live, as it is told: for how long it has not been is no matter."""
    return re.sub(r"[0-9]", "0", screen(driver))


async def views(size: tuple[int, int]) -> AsyncIterator[tuple[str, str, Driver]]:
    """Every view in every theme, ready to be looked at: view, theme and the driver."""
    async with console(varied(), size, environment="production", colour="red", start="safe", reduced_motion=True) as driver:
        for view, digit in VIEWS.items():
            await driver.view(digit, view)
            await driver.until(lambda view=view: view == "overview" or driver.app.pane.keys)  # type: ignore[misc]
            for theme in sorted(driver.app.palettes):
                driver.app.wear(theme)
                await still(driver)
                yield view, theme, driver


class Faulty(Estate):
    """A plane that says nothing, refuses, or ends what it has begun."""

    def __init__(self, filled: Estate, fault: str) -> None:
        super().__init__(roles=filled.roles)
        self.fault = fault
        if fault != "empty":
            for entity in filled.entities.values():
                self.put(entity)

    async def events(self, after: int | None) -> AsyncIterator[Event | MemoryTick]:
        """The feed, or the fault in place of it."""
        if self.fault == "loading":
            await asyncio.Event().wait()
        if self.fault == "failed":
            raise ProblemError("unreachable", "Nothing answers at that address.")
        if self.fault == "signed-out":
            raise ProblemError("not_signed_in")
        async for item in super().events(after):
            yield item

    async def whoami(self) -> Whoami:
        """Who is signed in, where anybody answers."""
        if self.fault == "loading":
            await asyncio.Event().wait()
        if self.fault == "failed":
            raise ProblemError("unreachable", "Nothing answers at that address.")
        if self.fault == "signed-out":
            raise ProblemError("not_signed_in")
        return await super().whoami()


FAILURES = ("loading", "empty", "nothing-matches", "failed", "stale", "offline", "signed-out", "read-only")


async def failures(size: tuple[int, int]) -> AsyncIterator[tuple[str, Driver]]:
    """Every look of failure, in the view of leases and in the house's dark theme."""
    for name in FAILURES:
        estate = Faulty(varied(), name)
        options: dict[str, Any] = {"environment": "production", "colour": "red", "start": "safe", "reduced_motion": True}
        # Only these ever become live.
        live = name in ("nothing-matches", "stale", "offline", "read-only")
        async with console(estate, size, live=live, read_only=name == "read-only", **options) as driver:
            await driver.view("3", "leases")
            world = driver.app.world
            if name == "nothing-matches":
                driver.app.put_filter(driver.app.pane, "agent:nobody")
                driver.app.rearrange()
            elif name == "empty":
                await driver.until(lambda world=world: world.live)  # type: ignore[misc]
            elif name == "failed":
                await driver.until(lambda world=world: world.connection.problem)  # type: ignore[misc]
            elif name == "signed-out":
                await driver.until(lambda world=world: world.signed_out)  # type: ignore[misc]
            elif name in ("stale", "offline"):
                driver.heartbeat = False
                await driver.until(lambda world=world, name=name: str(world.connection.state) == name)  # type: ignore[misc]
            await driver.pilot.pause()
            yield name, driver


def drawn(driver: Driver) -> str:
    """The screen as a picture."""
    return cleaned(driver.app.export_screenshot(title="leasehold"))


def kept(size: tuple[int, int], view: str) -> Path:
    """Where a view's snapshot is kept."""
    return FOLDER / f"{view}-{size[0]}x{size[1]}.txt"


def digest(text: str) -> str:
    """The digest of what is told."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def lines_of(house: str, others: dict[str, str]) -> str:
    """The file of a view: the house's theme whole, then one digest for each other theme."""
    return house + "\nother themes\n" + "".join(f"{name} {others[name]}\n" for name in sorted(others))


def read(path: Path) -> tuple[str, dict[str, str]]:
    """What a file keeps: the house's theme, and the digests of the others."""
    house, _, rest = path.read_text(encoding="utf-8").partition("\nother themes\n")
    return house, {line.split()[0]: line.split()[1] for line in rest.splitlines()}


async def write_anew() -> None:
    """Write every snapshot."""
    for size in SIZES:
        houses: dict[str, str] = {}
        others: dict[str, dict[str, str]] = {}
        async for view, theme, driver in views(size):
            if theme == HOUSE:
                houses[view] = screen(driver)
            else:
                others.setdefault(view, {})[theme] = digest(screen(driver))
        for view, house in houses.items():
            kept(size, view).write_text(lines_of(house, others[view]), encoding="utf-8")
        async for name, driver in failures(size):
            kept(size, name).write_text(failing(driver), encoding="utf-8")


async def picture(folder: Path) -> None:
    """Write a picture of each into a folder that is there."""
    for size in SIZES:
        async for view, theme, driver in views(size):
            (folder / f"{view}-{size[0]}x{size[1]}-{theme}.svg").write_text(drawn(driver))
        async for name, driver in failures(size):
            (folder / f"{name}-{size[0]}x{size[1]}.svg").write_text(drawn(driver))


if __name__ == "__main__":
    asyncio.run(picture(Path(sys.argv[1])) if len(sys.argv) > 1 else write_anew())
