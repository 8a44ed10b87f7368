"""One registry: whatever is in it can be reached by its key, by `:`, by the palette and is told by the help."""

import pytest

from console.tui.ui.actions import ACTIONS, BY_ID, TITLES
from console.tui.ui.commands import VIEW_NAMES, offers, read_command
from console.tui.ui.hands import HANDLERS
from console.tui.ui.helping import help_lines
from console.tui.ui.palette import live_objects, palette_entries
from console.tui.ui.screens.picker import Picker
from tests.tui.state.plane_in_memory import agent, lease, task
from tests.tui.ui.driver import Estate, console, populated


def told(lines: object) -> str:
    return " ".join("".join(span.text for span in line.spans) for line in lines)  # type: ignore[attr-defined]


@pytest.mark.parametrize("view", VIEW_NAMES)
async def test_every_action_is_reached_by_key_command_palette_and_help(view: str) -> None:
    async with console(populated(), start="safe") as driver:
        app = driver.app
        app.open_view(view)
        await driver.until(lambda: app.pane.name == view)
        bound = {binding.id for bindings in app._bindings.key_to_bindings.values() for binding in bindings}
        known = {one.text.strip() for one in offers("", 0, app.panes, app.world)}
        known |= {one.text.strip() for action in ACTIONS for one in offers(action.id, len(action.id), app.panes, app.world)}
        listed = {one.value for one in palette_entries(app)}
        helped = told(help_lines(app, 80))
        for one in ACTIONS:
            assert one.id in HANDLERS
            assert one.id in bound or not one.key
            assert read_command(one.id, app.panes, app.world) is not None
            assert one.id in known or one.id.startswith("view.")
            assert f"!{one.id}" in listed
            if one.offered(view):
                assert (one.word if one.id.startswith("view.") else one.help) in helped


async def test_a_dead_entry_of_the_palette_says_why() -> None:
    async with console(populated(), start="safe") as driver:
        entries = {one.value: one for one in palette_entries(driver.app)}
        assert not entries["!approve"].enabled
        assert "Press !" in entries["!approve"].words
        assert entries["!retry"].words.startswith("only in Leases")
        assert entries["!contain"].enabled


def test_each_view_has_a_title() -> None:
    assert {view for one in ACTIONS for view in one.views} <= set(TITLES)
    assert set(BY_ID) == {one.id for one in ACTIONS}


def many(count: int) -> Estate:
    estate = Estate()
    by = agent(1)
    of = task(1, by=by)
    for one in (by, of, *(lease(number, of) for number in range(1, count))):
        estate.put(one)
    return estate


async def test_among_many_leases_each_look_of_the_palette_is_at_few() -> None:
    async with console(many(3_000), live=False) as driver:
        await driver.until(lambda: len(driver.app.world.source.leases) == 2_999)
        looks = sum(1 for _ in live_objects(driver.app, "no lease is called so"))
        assert looks > 3_000 / 256, "each look is at a few hundred rows, whatever their number"
        last = list(driver.app.world.source.leases.rows)[-1]
        await driver.press("ctrl+p")
        await driver.until(lambda: isinstance(driver.app.screen, Picker) and driver.app.screen.is_mounted)
        await driver.type(last)
        await driver.until(lambda: isinstance(driver.app.screen, Picker) and driver.app.screen.entries)
        await driver.press("enter")
        await driver.until(lambda: driver.app.pane.name == "leases" and driver.app.pane.cursor == last)
