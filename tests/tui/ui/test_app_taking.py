"""Revoke, contain, release, stop and end by keys: what takes power works while stale and is confirmed by the stream."""

import pytest

from console.model.grants import GrantState
from console.model.leases import LeaseState
from tests.tui.state.plane_in_memory import an_id, grant, lease, task
from tests.tui.ui.driver import Driver, console, populated

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)])


@SIZES
async def test_revoke_the_lease_under_the_cursor(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        await driver.view("3", "leases")
        await driver.until(lambda: driver.app.pane.cursor)
        chosen = driver.app.pane.cursor
        await driver.press("X")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: driver.estate.sent)
        assert driver.estate.sent[0][2].lease_ids == (chosen,)
        await driver.until(lambda: driver.app.world.source.leases.rows[chosen or ""].state == "revoked")


async def test_more_than_twenty_five_leases_take_typing() -> None:
    estate = populated()
    of = task(1)
    for number in range(10, 40):
        estate.put(lease(number, of))
    async with console(estate) as driver:
        await driver.view("3", "leases")
        await driver.until(lambda: driver.app.pane.cursor)
        await driver.press("*", "X")
        sheet = await driver.open_sheet()
        await driver.press("y", "enter")
        assert not estate.sent
        await driver.press("backspace")
        await driver.type(sheet.question.typed)
        await driver.press("enter")
        await driver.until(lambda: estate.sent)
        assert len(estate.sent[0][2].lease_ids) == 32


@SIZES
@pytest.mark.parametrize("view", ["1", "2", "3", "4"])
async def test_contain_from_any_row_that_has_an_agent(size: tuple[int, int], view: str) -> None:
    async with console(populated(), size) as driver:
        await _contain(driver, view)
        await driver.shown("every lease is confirmed dead")
        await driver.press("escape")
        await driver.until(lambda: "is contained; every lease is confirmed dead" in driver.said)


async def _contain(driver: Driver, view: str) -> None:
    await driver.press(view)
    await driver.until(lambda: driver.app.pane.cursor and driver.app.pane.digit == view)
    await driver.press("K")
    await driver.open_sheet()
    await driver.press("y")
    await driver.until(lambda: driver.estate.sent)
    assert driver.estate.sent[0][0] == "contain"


async def test_a_tally_is_not_done_before_every_lease_is_confirmed() -> None:
    estate = populated()
    estate.left_to_confirm = 1
    async with console(estate) as driver:
        await _contain(driver, "4")
        await driver.shown("not confirmed yet")
        assert "confirmed dead" not in driver.said
        estate.left_to_confirm = 0
        await driver.shown("✓ done")


async def test_contain_works_while_stale_and_giving_does_not() -> None:
    estate = populated()
    async with console(estate) as driver:
        driver.heartbeat = False
        await driver.until(lambda: not driver.app.world.live)
        await driver.until(lambda: "This is what was last known" in driver.screen_text())
        await driver.press("a")
        assert "Not live" in driver.said
        await driver.press("e")
        assert "Not live" in driver.said
        assert driver.sheet is None
        await _contain(driver, "1")


async def test_contain_is_counted_from_the_mirror_when_the_plane_does_not_say() -> None:
    estate = populated()

    async def silent(agent_id: str) -> None:
        raise OSError("no answer")

    estate.contain_preview = silent  # type: ignore[method-assign,assignment]  # a plane that does not answer
    async with console(estate) as driver:
        await driver.press("K")
        await driver.open_sheet()
        await driver.shown("counted from what was last known")


@SIZES
async def test_release_takes_a_reason_and_the_name(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        await _contain(driver, "4")
        await driver.press("escape")
        await driver.until(lambda: driver.app.world.source.agents.count("state", "contained") == 1)
        await driver.until(lambda: driver.app.screen is driver.app.screen_stack[0])
        await driver.press("U")
        sheet = await driver.open_sheet()
        name = sheet.question.typed
        await driver.type("looked into it")
        await driver.press("enter")
        await driver.type(name)
        await driver.press("enter")
        await driver.until(lambda: driver.estate.sent[-1][0] == "release")
        assert driver.estate.sent[-1][2] == "looked into it"


async def test_stop_a_task_and_end_a_grant() -> None:
    estate = populated()
    estate.put(grant(1, state=GrantState.ACTIVE))
    async with console(estate) as driver:
        await driver.view("2", "tasks")
        await driver.until(lambda: driver.app.pane.cursor)
        await driver.press("S")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: estate.sent and estate.sent[-1][0] == "stop_task")
        await driver.view("3", "leases")
        await driver.press("tab")
        await driver.until(lambda: driver.app.pane.name == "grants" and driver.app.pane.cursor)
        await driver.press("X")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: estate.sent[-1][:2] == ("revoke_grant", an_id("gr", 1)))


async def test_a_stuck_revocation_is_retried_and_only_that() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.view("3", "leases")
        await driver.until(lambda: driver.app.pane.cursor)
        await driver.press("R")
        assert "stuck" in driver.said
        estate.put(lease(5, task(1), state=LeaseState.IRREVOCABLE), "lease.irrevocable")
        await driver.shown("irrevocable")
        await driver.press("g")
        await driver.until(lambda: driver.app.pane.cursor == an_id("ls", 5))
        await driver.press("R")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: estate.sent and estate.sent[-1][:2] == ("retry_revocation", an_id("ls", 5)))
