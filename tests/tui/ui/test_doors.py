"""The overview, its doors, the story of a chain, and the sides of Leases, by keys and by mouse, at the sizes of screens."""

from datetime import timedelta

import pytest

from console.model.leases import LeaseState
from console.tui.ui.widgets.detail import Detail
from tests.tui.present.test_story import RECORDS
from tests.tui.state.plane_in_memory import NOW, agent, an_id, lease, task
from tests.tui.ui.driver import Driver, Estate, console, populated

SIZES = pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (200, 50)])


def troubled() -> Estate:
    """An estate with a stuck revocation and a chain of two tasks, with its story."""
    estate = populated()
    estate.put(task(2, parent=task(1), by=agent(2)))
    estate.put(lease(5, task(1), state=LeaseState.IRREVOCABLE, attempts=6, last_error="no answer"))
    estate.records = list(RECORDS)
    return estate


def overview_of(driver: Driver) -> Detail:
    return driver.app.screen_stack[0].query_one("#overview", Detail)


@SIZES
async def test_every_door_of_the_overview_is_reached_by_tab_and_opens_its_rows(size: tuple[int, int]) -> None:
    async with console(troubled(), size) as driver:
        await driver.view("0", "overview")
        await driver.until(lambda: overview_of(driver).doors, "no door was there")
        await driver.press("g")
        doors = overview_of(driver).doors
        seen = []
        for _ in doors:
            seen.append(overview_of(driver).chosen)
            await driver.press("tab")
        assert seen == list(doors)
        assert overview_of(driver).chosen == doors[0], "behind the last door the first one comes"
        while overview_of(driver).chosen != "stuck ":
            await driver.press("tab")
        await driver.press("enter")
        await driver.until(lambda: driver.app.pane.name == "stuck" and driver.app.pane.cursor == an_id("ls", 5))
        await driver.press("-")
        await driver.until(lambda: driver.app.pane.name == "overview")
        assert overview_of(driver).chosen == "stuck "


async def test_the_overview_is_walked_in_four_directions() -> None:
    async with console(troubled(), (200, 50)) as driver:
        await driver.view("0", "overview")
        await driver.until(lambda: "stuck " in overview_of(driver).doors)
        await driver.press("G", "g")
        top = overview_of(driver).chosen
        assert top == overview_of(driver).doors[0]
        await driver.press("l")
        assert overview_of(driver).chosen.startswith("leases expires:<15m")
        await driver.press("h")
        assert overview_of(driver).chosen.startswith("audit kind:decision.made")
        for _ in range(20):
            if overview_of(driver).chosen == "approvals state:pending":
                break
            await driver.press("j")
        assert overview_of(driver).chosen == "approvals state:pending"
        await driver.press("k")
        assert overview_of(driver).chosen != "approvals state:pending"


async def test_a_click_on_a_figure_opens_the_rows_behind_it() -> None:
    async with console(troubled(), (120, 40)) as driver:
        await driver.view("0", "overview")
        await driver.shown("TASKS")
        for y, line in enumerate(driver.screen_text().split("\n")):
            if "TASKS" in line and "running" in line:
                await driver.pilot.click(offset=(line.index("running"), y))
                break
        await driver.until(lambda: driver.app.pane.name == "tasks")
        assert driver.app.pane.filter_text == "state:running"


async def test_before_the_plane_has_told_anything_there_is_no_figure_and_stale_ones_say_so() -> None:
    estate = populated()
    estate.refuse = [OSError("nobody answers")] * 50
    async with console(estate, live=False) as driver:
        await driver.press("0")
        await driver.until(lambda: driver.app.pane.name == "overview")
        await driver.until(lambda: "No data yet" in driver.screen_text() or "could not be reached" in driver.screen_text())
        assert "WAITING" not in driver.screen_text()
    async with console(populated()) as driver:
        await driver.view("0", "overview")
        await driver.shown("WAITING")
        driver.heartbeat = False
        await driver.shown("This is what was last known")
        await driver.shown("WAITING")


@SIZES
async def test_the_story_of_the_whole_chain_is_told_and_leads_to_its_rows(size: tuple[int, int]) -> None:
    estate = troubled()
    estate.put(lease(1, task(2, parent=task(1), by=agent(2))))
    async with console(estate, size) as driver:
        await driver.view("2", "tasks")
        await driver.until(lambda: driver.app.pane.cursor)
        await driver.press("enter")
        card = driver.app.screen_stack[0].query_one("#card", Detail)
        await driver.until(lambda: f"leases @{an_id('ls', 1)}" in card.doors, "the story never came")
        assert "approvals @" + an_id("ap", 1) in card.doors
        while card.chosen != f"leases @{an_id('ls', 1)}":
            await driver.press("tab")
        await driver.press("enter")
        await driver.until(lambda: driver.app.pane.name == "leases" and driver.app.pane.cursor == an_id("ls", 1))


async def test_earlier_entries_are_fetched_by_a_key() -> None:
    estate = troubled()
    estate.story_page = 4
    async with console(estate, (200, 50)) as driver:
        await driver.view("2", "tasks")
        await driver.until(lambda: driver.app.pane.cursor)
        await driver.shown("earlier entries")
        assert "delegated" not in driver.screen_text()
        await driver.press("b")
        await driver.until(lambda: "7 entries" in driver.screen_text())
        await driver.press("b")
        await driver.shown("delegated")
        await driver.until(lambda: "earlier entries" not in driver.screen_text())
        await driver.press("b")
        assert "no earlier entries" in driver.said


@SIZES
async def test_tab_turns_leases_to_grants_and_to_the_stuck_queue_where_r_retries(size: tuple[int, int]) -> None:
    async with console(troubled(), size) as driver:
        await driver.view("3", "leases")
        for name in ("grants", "stuck", "leases", "grants", "stuck"):
            await driver.press("tab")
            await driver.until(lambda wanted=name: driver.app.pane.name == wanted, f"{name} was not turned to")  # type: ignore[misc]
        await driver.until(lambda: driver.app.pane.cursor == an_id("ls", 5))
        await driver.press("R")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: driver.estate.sent and driver.estate.sent[-1][:2] == ("retry_revocation", an_id("ls", 5)))


async def test_tab_goes_from_the_card_to_what_stands_below_and_back() -> None:
    async with console(troubled(), (200, 50)) as driver:
        await driver.view("3", "leases")
        await driver.until(lambda: driver.app.pane.cursor)
        await driver.press("enter")
        base = driver.app.screen_stack[0]
        card, below = base.query_one("#card", Detail), base.query_one("#below", Detail)
        await driver.until(lambda: card.has_focus)
        await driver.until(lambda: f"leases @{an_id('ls', 1)}" in card.doors, "the story never came")
        for _ in range(len(card.doors) + 1):
            await driver.press("tab")
        await driver.until(lambda: below.has_focus)
        await driver.press("tab")
        await driver.until(lambda: card.has_focus)
        await driver.press("escape")
        await driver.until(lambda: driver.app.pane.table is not None and driver.app.pane.table.has_focus)


async def test_the_command_log_always_stands_on_a_large_screen() -> None:
    async with console(populated(), (200, 50)) as driver:
        for digit, name in (("4", "agents"), ("2", "tasks")):
            await driver.view(digit, name)
            await driver.shown("nothing yet")


async def test_a_task_folds_by_a_key() -> None:
    async with console(troubled()) as driver:
        await driver.view("2", "tasks")
        await driver.until(lambda: len(driver.app.pane.keys) == 2 and driver.app.pane.cursor)
        await driver.press("d")
        await driver.shown("(+1)")
        assert len(driver.app.pane.keys) == 1
        await driver.press("d")
        await driver.until(lambda: len(driver.app.pane.keys) == 2)


async def test_what_is_counted_over_leases_is_counted_again_as_they_change() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.view("0", "overview")
        await driver.shown("2 live")
        estate.put(lease(9, task(1), expires_at=NOW + timedelta(minutes=5)))
        driver.pass_time(2)
        driver.app.tick()
        await driver.shown("3 live")
