"""Approve, reject and narrow by keys, at a small and at a large screen."""

import pytest
from textual.widgets import Input

from console.model.approvals import Approval, ReviewInput
from tests.tui.state.plane_in_memory import agent, an_id, approval
from tests.tui.ui.driver import console, populated

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)])


@SIZES
async def test_a_critical_request_takes_a_reason_and_the_scope_typed(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        await driver.press("a")
        sheet = await driver.open_sheet()
        await driver.shown("enter approve")
        await driver.type("rotation is due")
        await driver.press("enter", "enter")
        assert driver.sheet is sheet
        assert "not deploy" in sheet.said
        await driver.type("deploy")
        await driver.press("enter")
        await driver.until(lambda: driver.estate.sent)
        [(verb, id, body)] = driver.estate.sent
        assert (verb, id) == ("review", an_id("ap", 1))
        assert isinstance(body, ReviewInput)
        assert (body.verdict, body.reason, body.revision) == ("approve", "rotation is due", 1)
        await driver.until(lambda: "done" in driver.said)


@SIZES
async def test_a_medium_request_takes_y_and_only_after_it_was_painted(size: tuple[int, int]) -> None:
    estate = populated()
    async with console(estate, size) as driver:
        await driver.press("j", "j", "a")
        await driver.until(lambda: driver.sheet is not None)
        assert driver.sheet is not None
        driver.sheet._state.painted_at = driver.sheet._now()
        await driver.press("y")
        assert not estate.sent
        assert driver.sheet is not None
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: estate.sent)
        assert estate.sent[0][1] == an_id("ap", 3)


@SIZES
async def test_reject_takes_a_reason(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        await driver.press("r")
        sheet = await driver.open_sheet()
        await driver.press("enter")
        assert "reason" in sheet.said
        await driver.type("not today")
        await driver.press("enter")
        await driver.until(lambda: driver.estate.sent)
        assert driver.estate.sent[0][2].verdict == "reject"
        await driver.until(lambda: driver.app.world.source.approvals.rows[an_id("ap", 1)].state == "rejected")


async def test_marked_requests_are_rejected_together_and_approved_only_when_alike_and_harmless() -> None:
    async with console(populated()) as driver:
        await driver.press("*", "a")
        assert "one agent" in driver.said
        await driver.press("r")
        await driver.open_sheet()
        await driver.type("no")
        await driver.press("enter")
        await driver.until(lambda: len(driver.estate.sent) == 3)
        assert {body.verdict for _, _, body in driver.estate.sent} == {"reject"}


@SIZES
async def test_narrowing_proves_that_it_is_less_and_sends_it(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        await driver.press("j", "j", "n")
        await driver.until(lambda: driver.app.screen.query(Input))
        await driver.filled("#seconds", "9999")
        await driver.press("enter", "enter", "enter", "enter")
        await driver.shown("is more than the 1800 asked for")
        await driver.filled("#seconds", "600")
        await driver.press("enter")
        await driver.open_sheet()
        await driver.shown("narrowed to")
        await driver.press("y")
        await driver.until(lambda: driver.estate.sent)
        assert driver.estate.sent[0][2].narrowing.seconds == 600


async def test_a_sheet_disarms_when_its_request_changes_and_says_what_changed() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.press("j", "j", "a")
        sheet = await driver.open_sheet()
        held: Approval = estate._get("approvals", an_id("ap", 3))
        estate.put(held.model_copy(update={"revision": 2, "drift": ("wants 2h instead of 30m",)}), "approval.revised")
        await driver.until(lambda: not sheet.armed)
        assert "wants 2h instead of 30m" in sheet.said
        await driver.press("y")
        assert driver.sheet is sheet
        assert not estate.sent
        await driver.press("escape")
        await driver.until(lambda: driver.sheet is None)


async def test_a_sheet_is_of_what_was_under_the_cursor_at_the_key_press() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.press("j", "j", "a")
        await driver.open_sheet()
        for number in range(4, 9):
            estate.put(approval(number, 95, agent_id=agent().id), "approval.requested")
        await driver.until(lambda: len(driver.app.world.source.approvals) == 8)
        await driver.press("y")
        await driver.until(lambda: estate.sent)
        assert estate.sent[0][1] == an_id("ap", 3)


async def test_no_answer_is_unknown_until_the_stream_tells() -> None:
    from console.model.problems import ProblemError  # noqa: PLC0415

    estate = populated()
    async with console(estate) as driver:
        estate.fail = ProblemError("unreachable", "no answer")
        await driver.press("j", "j", "a")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: "UNKNOWN" in driver.said)
        estate.fail = None
        held: Approval = estate._get("approvals", an_id("ap", 3))
        await estate.review(held.id, estate.sent[0][2])
        await driver.until(lambda: "the stream says that it happened" in driver.said)
