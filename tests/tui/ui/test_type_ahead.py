"""Keys typed in one burst: each lands where it belongs, and none reaches the table behind a line, a list or a sheet."""

import pytest
from textual import events

from console.tui.ui.screens.picker import Picker
from console.tui.ui.widgets.filterline import FilterLine
from console.tui.ui.widgets.sheet import Sheet
from tests.tui.ui.driver import Driver, console, populated

SIZES = pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (200, 50)])
NAMES = {" ": "space", ":": "colon", "/": "slash", "-": "minus", "\r": "enter", "\x1b": "escape", "\x10": "ctrl+p"}


def burst(driver: Driver, text: str) -> None:
    """Hand over keys as a terminal does that was read once: all before any of them is dealt with."""
    for one in text:
        driver.app.post_message(events.Key(NAMES.get(one, one), one if one.isprintable() else None))


async def settled(driver: Driver) -> None:
    await driver.until(lambda: not driver.app.keys_waiting and driver.app._routed is None, "keys still wait")
    await driver.pilot.pause()


@SIZES
async def test_a_command_in_one_burst_never_reaches_the_table(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        before = (driver.app.pane.sorting, driver.app.pane.hidden, driver.app.clipboard)
        burst(driver, ":contain")
        await settled(driver)
        assert driver.line.text == "contain"
        assert driver.line.typing
        assert len(driver.app.screen_stack) == 1, "no key opened anything else"
        assert (driver.app.pane.sorting, driver.app.pane.hidden, driver.app.clipboard) == before


async def test_a_whole_command_and_the_keys_behind_it() -> None:
    async with console(populated()) as driver:
        burst(driver, ":leases agent:executor-2\rj")
        await driver.until(lambda: driver.app.pane.name == "leases")
        await settled(driver)
        assert driver.app.pane.filter_text == "agent:executor-2"
        assert not driver.line.display
        assert driver.app.focused is driver.app.pane.table


async def test_a_filter_in_one_burst() -> None:
    async with console(populated()) as driver:
        burst(driver, "/risk:")
        burst(driver, "82\rXK\x1b")
        await settled(driver)
        assert driver.app.pane.filter_text in ("risk:82", ""), "what follows enter is for the table again"
        assert not driver.app.query_one("#filter", FilterLine).typing


async def test_what_is_typed_behind_the_palette_is_searched_for() -> None:
    async with console(populated()) as driver:
        burst(driver, "\x10executor-2")
        await settled(driver)
        await driver.until(lambda: isinstance(driver.app.screen, Picker) and driver.app.screen.entries)
        assert isinstance(driver.app.screen, Picker)
        assert driver.app.screen.entries[0].text == "executor-2"


@SIZES
async def test_a_burst_behind_an_approval_confirms_nothing_and_leaks_nothing(size: tuple[int, int]) -> None:
    estate = populated()
    async with console(estate, size) as driver:
        burst(driver, "ayyyXKcs")
        await settled(driver)
        assert isinstance(driver.app.screen, Sheet)
        assert len(driver.app.screen_stack) == 2, "nothing else was opened"
        assert estate.sent == []


async def test_a_burst_behind_a_containment_waits_for_its_sheet() -> None:
    estate = populated()
    async with console(estate) as driver:
        burst(driver, "Kyyc")
        await settled(driver)
        assert isinstance(driver.app.screen, Sheet)
        assert len(driver.app.screen_stack) == 2
        assert estate.sent == []
        assert driver.app.clipboard == "", "y did not copy: it was typed for the sheet"


async def test_keys_act_on_the_view_that_was_opened_before_them() -> None:
    async with console(populated()) as driver:
        burst(driver, "4jy")
        await driver.until(lambda: driver.app.pane.name == "agents" and driver.app.clipboard.startswith("ag_"))
        assert driver.app.clipboard == driver.app.pane.keys[1]


async def test_a_key_whose_widget_left_does_not_hold_up_the_next() -> None:
    async with console(populated()) as driver:
        for _ in range(3):
            burst(driver, "\x10overview\r1")
            await driver.until(lambda: driver.app.pane.name == "approvals" and len(driver.app.screen_stack) == 1)
        await driver.press("3")
        await driver.until(lambda: driver.app.pane.name == "leases")
