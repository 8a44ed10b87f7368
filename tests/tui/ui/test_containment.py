"""Contain, its tally and release by keys: many leases, critical agents, a silent plane, and a second person."""

from typing import Any

import pytest

from console.model.agents import AgentState
from console.model.locks import Lock
from console.model.problems import ProblemError
from tests.tui.state.plane_in_memory import NOW, agent, an_id, lease, task
from tests.tui.ui.driver import Driver, Estate, console, populated

SIZES = pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (200, 50)])


def lock(**changes: Any) -> Lock:
    """The lock of the first agent."""
    base = Lock(
        id=an_id("lk", 1),
        target="agent",
        target_id=agent(1).id,
        target_name="executor-1",
        cause=an_id("lk", 1),
        agent_id=agent(1).id,
        reason="it sends data out",
        placed_at=NOW,
        placed_by="lena",
    )
    return base.model_copy(update=changes)


def contained(*, critical: bool = False, **changes: Any) -> Estate:
    """An estate whose first agent is contained."""
    estate = populated()
    estate.put(agent(1, state=AgentState.CONTAINED, critical=critical))
    estate.put(lock(**changes))
    return estate


async def _at_the_first_agent(driver: Driver) -> None:
    await driver.view("4", "agents")
    await driver.until(lambda: driver.app.pane.cursor)
    await driver.press("g")
    await driver.until(lambda: driver.app.pane.cursor == agent(1).id)


@SIZES
@pytest.mark.parametrize("why", ["many", "critical"])
async def test_many_leases_or_a_critical_agent_take_the_four_characters_shown(size: tuple[int, int], why: str) -> None:
    estate = populated()
    if why == "critical":
        estate.put(agent(1, critical=True))
    else:
        for number in range(10, 36):
            estate.put(lease(number, task(1)))
    async with console(estate, size) as driver:
        await _at_the_first_agent(driver)
        await driver.press("K")
        sheet = await driver.open_sheet()
        assert sheet.question.typed == agent(1).id[-4:]
        await driver.shown(f"type {agent(1).id[-4:]}")
        await driver.press("y", "enter")
        assert not estate.sent
        await driver.press("backspace")
        await driver.type(sheet.question.typed)
        await driver.press("enter")
        await driver.until(lambda: estate.sent and estate.sent[0][0] == "contain")


@SIZES
async def test_the_tally_tells_each_lease_and_is_told_again_by_the_same_key(size: tuple[int, int]) -> None:
    estate = contained()
    estate.left_to_confirm = 1
    async with console(estate, size) as driver:
        await _at_the_first_agent(driver)
        await driver.press("K")
        await driver.shown("◆ revoking…")
        await driver.press("G")
        await driver.shown("customers.read crm/customers")
        assert "✓ done" not in driver.screen_text()
        assert not estate.sent
        estate.left_to_confirm = 0
        await driver.press("g")
        await driver.shown("✓ done")


async def test_a_tally_that_the_plane_no_longer_tells_is_not_known_and_never_done() -> None:
    estate = contained()
    estate.left_to_confirm = 1
    async with console(estate) as driver:
        await _at_the_first_agent(driver)
        await driver.press("K")
        await driver.shown("not confirmed yet")

        async def silent(lock_id: str) -> Any:
            raise OSError("no answer")

        estate.containment = silent  # type: ignore[method-assign]  # a plane that does not answer
        await driver.shown("UNKNOWN")
        assert "done" not in driver.said


async def test_what_is_in_force_but_not_recorded_is_partly_done() -> None:
    estate = populated()
    estate.fail = ProblemError("store_full", "It is in force. It could not be recorded yet.", held=True)
    async with console(estate) as driver:
        await _at_the_first_agent(driver)
        await driver.press("K")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: "partly" in driver.said)
        assert "It is in force" in driver.said


async def test_an_answer_that_was_lost_is_unknown_until_the_stream_tells() -> None:
    estate = populated()
    estate.fail = ProblemError("unreachable", "the connection was lost", unknown=True)
    async with console(estate) as driver:
        await _at_the_first_agent(driver)
        await driver.press("K")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: "UNKNOWN" in driver.said)
        estate.put(agent(1, state=AgentState.CONTAINED), "agent.contained")
        await driver.until(lambda: "the stream says that it happened" in driver.said)


async def _release(driver: Driver) -> None:
    await driver.press("U")
    sheet = await driver.open_sheet()
    await driver.type("looked into it")
    await driver.press("enter")
    await driver.type(sheet.question.typed)
    await driver.press("enter")
    await driver.until(lambda: any(one[0] == "release" for one in driver.estate.sent))


async def test_the_release_of_a_critical_agent_is_only_asked_for_by_the_first_person() -> None:
    estate = contained(critical=True)

    async def asked_for(agent_id: str, reason: str) -> Lock:
        estate.sent.append(("release", agent_id, reason))
        asked = lock(release_proposed_by="maya")
        estate.put(asked, "lock.release_proposed")
        return asked

    estate.release = asked_for  # type: ignore[method-assign]  # a critical agent takes two people
    async with console(estate) as driver:
        await _at_the_first_agent(driver)
        await _release(driver)
        await driver.until(lambda: "stays contained until a second person" in driver.said)
        await driver.until(lambda: driver.app.world.source.locks.rows[an_id("lk", 1)].release_proposed_by == "maya")
        await driver.until(lambda: driver.sheet is None)
        await driver.press("U")
        assert "a second person must release it" in driver.said
        assert driver.sheet is None


async def test_the_second_person_is_told_that_it_is_released_at_once() -> None:
    async with console(contained(critical=True, release_proposed_by="lena")) as driver:
        await _at_the_first_agent(driver)
        await driver.press("U")
        await driver.open_sheet()
        await driver.shown("lena asked for it; you are the second person")


async def test_marked_leases_say_how_many_are_refused_at_once() -> None:
    async with console(populated()) as driver:
        await driver.view("3", "leases")
        await driver.until(lambda: driver.app.pane.cursor)
        await driver.press("*", "X")
        await driver.open_sheet()
        await driver.shown("2 are refused at their next use")
