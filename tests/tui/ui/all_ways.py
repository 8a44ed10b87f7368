"""Every way in which somebody at the console could do something: keys, palette, commands, clicks. Found, never listed.

Keys come from the binding maps of every class of the console that Textual would ask, and of what has the keyboard now;
palette entries and commands from the registry by way of the palette and the completion; clicks from what is on the screen.
What is added to the console later is therefore tried by itself.
"""

import importlib
import pkgutil
import re
import string
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from textual.app import App
from textual.dom import DOMNode

import console.tui.ui
from console.tui.ui.app import Console
from console.tui.ui.commands import SHORT, offers
from console.tui.ui.screens.picker import Picker
from console.tui.ui.widgets.filterline import FilterLine
from tests.tui.ui.driver import Driver

Do = Callable[[Driver], Awaitable[None]]
_WORDS = re.compile(r"\S+(?: \S+)*")
COLLECTIONS = ("approvals", "tasks", "leases", "grants", "agents")


@dataclass(frozen=True)
class Way:
    """One way: of which kind, its words for a report, and how it is gone."""

    kind: str
    words: str
    go: Do


def every_class() -> list[type[DOMNode]]:
    """Every class of the console's own that may have bindings; all its modules are loaded for that."""
    for found in pkgutil.walk_packages(console.tui.ui.__path__, "console.tui.ui."):
        importlib.import_module(found.name)
    pending: list[type[DOMNode]] = [DOMNode]
    classes: list[type[DOMNode]] = []
    while pending:
        one = pending.pop()
        pending += one.__subclasses__()
        if one.__module__.startswith(("console.", "tests.")):
            classes.append(one)
    return classes


def keys(app: App[Any]) -> list[str]:
    """Every key that any class of the console, or what has the keyboard now, would hear."""
    found: dict[str, None] = {}
    for one in every_class():
        found |= dict.fromkeys(one._merge_bindings().key_to_bindings)
    found |= dict.fromkeys(app._bindings.key_to_bindings)
    found |= dict.fromkeys(app.active_bindings)
    return list(found)


def key_ways(app: App[Any]) -> list[Way]:
    """A press of each key."""
    return [Way("key", one, pressing(one)) for one in keys(app)]


def pressing(*pressed: str) -> Do:
    """Press keys."""

    async def go(driver: Driver) -> None:
        await driver.press(*pressed)

    return go


async def palette_ways(driver: Driver, *, objects: bool) -> list[Way]:
    """Each entry of the palette as it stands now, and each live object where asked for."""
    picker = await open_palette(driver)
    ways = [Way("palette", one.value, choosing("", one.value)) for one in picker.entries]
    picker.action_leave()
    await driver.until(lambda: driver.app.screen is driver.app.screen_stack[0])
    source = driver.app.world.source
    for collection in COLLECTIONS if objects else ():
        ways += [
            Way("palette", f"{collection} {id}", choosing(id, f"{collection} {id}")) for id in source.table(collection).rows
        ]
    return ways


async def open_palette(driver: Driver) -> Picker:
    """The palette."""
    driver.app.action_perform("palette")
    await driver.until(lambda: isinstance(driver.app.screen, Picker) and driver.app.screen.entries, "the palette did not open")
    assert isinstance(driver.app.screen, Picker)
    return driver.app.screen


def choosing(typed: str, value: str) -> Do:
    """Open the palette, type, and choose an entry."""

    async def go(driver: Driver) -> None:
        picker = await open_palette(driver)
        if typed:
            picker._input.value = typed

        def at() -> int:
            return next((at for at, one in enumerate(picker.entries) if one.value == value), -1)

        await driver.until(lambda: at() >= 0, f"the palette has no {value}")
        picker._choices.chosen = at()
        await driver.press("enter")

    return go


def command_ways(app: Console, *, arguments: bool) -> list[Way]:
    """Each command that the completion offers; where asked for with each argument that it offers then, or filter of a view."""

    def offered(text: str) -> list[str]:
        return [text[: one.start] + one.text for one in offers(text, len(text), app.panes, app.world, app.named())]

    words: dict[str, None] = {}
    for begun in ("", *string.ascii_lowercase, *SHORT):
        words |= dict.fromkeys(one.strip() for one in offered(begun))
    texts = dict.fromkeys([*words, *SHORT])
    for word in words if arguments else ():
        texts |= dict.fromkeys(offered(f"{word} "))
    return [Way("command", one, commanding(one)) for one in texts]


def commanding(text: str) -> Do:
    """Type a command and hand it over."""

    async def go(driver: Driver) -> None:
        driver.app.action_perform("command")
        await driver.pilot.pause()
        driver.line.begin(text)
        await driver.press("enter")

    return go


def click_ways(driver: Driver) -> list[Way]:
    """A double click, which is a click as well, on every group of words that is on the screen: at its beginning and within."""
    return [Way("click", f"{name} {x},{y}", clicking(x, y)) for name, x, y in places(driver)]


def places(driver: Driver) -> Iterator[tuple[str, int, int]]:
    """Places on the screen where something is written, each with what is there."""
    for y, line in enumerate(driver.screen_text().split("\n")):
        for words in _WORDS.finditer(line):
            for at in dict.fromkeys((words.start(), (words.start() + words.end()) // 2)):
                x = cell_len(line[:at])
                if x < driver.app.size.width:
                    widget, _ = driver.app.screen.get_widget_at(x, y)
                    yield type(widget).__name__, x, y


def clicking(x: int, y: int) -> Do:
    """Click twice at a place of the screen."""

    async def go(driver: Driver) -> None:
        await driver.pilot.click(offset=(x, y), times=2)

    return go


def typing_lines(app: Console) -> list[FilterLine]:
    """The lines that are being typed into."""
    return [one for one in app.screen_stack[0].query(FilterLine) if one.typing]


__all__ = ["Way", "click_ways", "command_ways", "key_ways", "palette_ways", "typing_lines"]
