"""The frame at every size: strip, table and contain are always there, and there is no "too small" page."""

import pytest

from tests.tui.ui.driver import console, populated

SIZES = pytest.mark.parametrize("size", [(20, 5), (40, 10), (60, 15), (80, 24), (120, 40), (200, 50)])


@SIZES
async def test_strip_table_and_contain_are_at_every_size(size: tuple[int, int]) -> None:
    async with console(populated(), size, start="safe") as driver:
        lines = driver.screen_text().splitlines()
        assert "SAFE" in lines[0]
        assert "LIVE" in lines[0]
        assert "WAIT" in driver.screen_text()
        assert "K contain" in lines[-1]
        assert "too small" not in driver.screen_text()


@SIZES
async def test_a_sheet_shows_how_it_is_confirmed_and_left_at_every_size(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        await driver.press("K")
        await driver.open_sheet()
        await driver.shown("y contain")
        await driver.shown("esc")


async def test_a_wide_strip_tells_latency_audit_and_the_clock() -> None:
    async with console(populated(), (200, 50)) as driver:
        strip = driver.screen_text().splitlines()[0]
        assert "audit" in strip
        assert " ms " in strip
        assert strip.rstrip().endswith("Z")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_the_mouse_opens_views_figures_and_keys(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        lines = driver.screen_text().splitlines()
        bar = next(index for index, line in enumerate(lines) if "3 Leases" in line)
        await driver.pilot.click(offset=(lines[bar].index("3 Leases") + 1, bar))
        await driver.until(lambda: driver.app.pane.name == "leases")
        strip = driver.screen_text().splitlines()[0]
        await driver.pilot.click(offset=(strip.index("appr") + 1, 0))
        await driver.until(lambda: driver.app.pane.name == "approvals")
        lines = driver.screen_text().splitlines()
        await driver.pilot.click(offset=(lines[-1].index("? help"), len(lines) - 1))
        await driver.shown("help: Approvals")


async def test_the_mouse_types_on_and_clears_the_filter() -> None:
    async with console(populated()) as driver:
        driver.app.put_filter(driver.app.pane, "risk:82")
        driver.app.rearrange()
        await driver.shown("esc clears")
        lines = driver.screen_text().splitlines()
        y = next(index for index, line in enumerate(lines) if "esc clears" in line)
        await driver.pilot.click(offset=(lines[y].index("esc clears") + 1, y))
        await driver.until(lambda: driver.app.pane.filter_text == "")
