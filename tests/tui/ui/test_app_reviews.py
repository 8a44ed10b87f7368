"""Approve, reject and narrow by keys, at every size; the card's own load, and the decision asked again while one edits."""

import asyncio
from datetime import timedelta

import pytest
from textual.widgets import Input

from console.model.approvals import Approval, ApprovalState, Review, ReviewInput
from console.model.problems import ProblemError
from console.model.reviewing import PastRequests, ReviewerLoad
from console.tui.ui.screens.form import Form
from tests.tui.state.plane_in_memory import DIGEST, NOW, agent, an_id, approval
from tests.tui.ui.driver import console, populated

SIZES = pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (200, 50)])


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
        if size[1] > 15:
            await driver.shown("narrowed to")
            await driver.shown("OUTCOME")
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


HURRIED = ReviewerLoad(reviewer="maya", approvals=7, median_reading_seconds=2.0, share_approved=1.0, streak=6, hurried=True)


@SIZES
async def test_a_streak_that_is_too_fast_asks_for_a_reason_and_says_so(size: tuple[int, int]) -> None:
    estate = populated()
    estate.load = HURRIED
    async with console(estate, size) as driver:
        await driver.press("j", "j", "a")
        await driver.until(lambda: driver.sheet is not None and driver.sheet.query("#sheet-reason"))
        sheet = await driver.open_sheet()
        await driver.shown("6 in a row, seconds each: why is this one right?")
        await driver.press("y", "enter")
        await driver.until(lambda: driver.sheet is None or estate.sent)
        [(_, _, body)] = estate.sent
        assert body.reason == "y"
        assert sheet.question.reason


async def test_the_streak_is_known_from_the_mirror_before_the_plane_says_so() -> None:
    estate = populated()
    for number in range(10, 16):
        made = Review(
            reviewer="maya",
            verdict="approve",
            at=NOW - timedelta(seconds=number),
            revision=1,
            digest=DIGEST,
            reading_seconds=1.0,
        )
        estate.put(approval(number, 20, state=ApprovalState.CONSUMED, reviews=(made,), ended_at=NOW))
    async with console(estate) as driver:
        await driver.press("j", "j", "a")
        sheet = await driver.open_sheet()
        assert "6 in a row" in sheet.question.reason


async def test_in_no_haste_medium_risk_takes_no_reason() -> None:
    estate = populated()
    estate.load = HURRIED.model_copy(update={"streak": 4, "hurried": False})
    async with console(estate) as driver:
        await driver.press("j", "j", "a")
        sheet = await driver.open_sheet()
        await driver.until(lambda: driver.app.world.detail_of(an_id("ap", 3)) is not None)
        assert not sheet.question.reason


@pytest.mark.parametrize("size", [(80, 24), (60, 24)])
async def test_a_small_screen_says_why_a_person_is_asked_without_a_key(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        await driver.shown("no-prod-without-owner")
        await driver.shown("WHY")
        await driver.shown("LEFT")


async def test_a_large_screen_has_access_in_two_columns_history_and_own_load() -> None:
    estate = populated()
    estate.past = PastRequests(approved=2, rejected=1, last_state="rejected", last_at=NOW, last_by=("omar",))
    estate.load = ReviewerLoad(reviewer="maya", approvals=3, median_reading_seconds=19.0, share_approved=0.75)
    async with console(estate, (200, 50)) as driver:
        await driver.shown("with this")
        await driver.shown("2 approved   1 rejected")
        await driver.shown("read 19 s each (median)")


@SIZES
async def test_the_decision_is_asked_again_while_one_edits(size: tuple[int, int]) -> None:
    estate = populated()
    async with console(estate, size) as driver:
        await driver.press("j", "j", "n")
        await driver.shown("IF SENT NOW")
        await driver.press("left")
        await driver.until(lambda: estate.asked and estate.asked[-1][1].seconds == 900)
        await driver.shown("◆ escalate")
        assert isinstance(driver.app.screen, Form)
        assert driver.app.screen.values["seconds"] == "15m"
        estate.preview_outcome = "allow"
        await driver.filled("#seconds", "5m")
        await driver.shown("● allow")
        await driver.filled("#seconds", "9h")
        await driver.shown("✗ refused")
        await driver.filled("#seconds", "soon")
        await driver.shown("write the time as")
        assert not estate.sent


async def test_an_answer_to_what_was_typed_before_is_dropped() -> None:
    estate = populated()
    estate.held[600] = asyncio.Event()
    async with console(estate, (120, 40)) as driver:
        await driver.press("j", "j", "n")
        await driver.filled("#seconds", "600")
        await driver.until(lambda: any(one.seconds == 600 for _, one in estate.asked))
        await driver.shown("asking…")
        await driver.filled("#seconds", "300")
        await driver.shown("5m")
        await driver.until(lambda: any(one.seconds == 300 for _, one in estate.asked))
        await driver.shown("◆ escalate")
        before = driver.screen_text()
        estate.held[600].set()
        await driver.pilot.pause()
        assert "FOR         5m" in before
        assert "FOR         5m" in driver.screen_text()


async def test_what_would_be_denied_is_not_handed_over() -> None:
    estate = populated()
    estate.preview_outcome = "deny"
    async with console(estate) as driver:
        await driver.press("j", "j", "n")
        await driver.filled("#seconds", "300")
        await driver.shown("✗ deny")
        await driver.press("enter", "enter", "enter", "enter")
        await driver.shown("it would be denied")
        assert isinstance(driver.app.screen, Form)


async def test_without_an_answer_a_narrowed_approval_cannot_be_sent() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.press("j", "j", "n")
        await driver.shown("IF SENT NOW")
        estate.fail = ProblemError("unreachable", "no answer")
        await driver.filled("#seconds", "300")
        await driver.shown("no answer")
        await driver.press("enter", "enter", "enter", "enter")
        await driver.shown("what it would come to is not known")
        await driver.press("y")
        assert driver.sheet is not None
        assert not estate.sent


async def test_the_narrowing_form_is_dead_when_its_request_changes() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.press("j", "j", "n")
        await driver.shown("IF SENT NOW")
        await driver.filled("#seconds", "300")
        held: Approval = estate._get("approvals", an_id("ap", 3))
        estate.put(held.model_copy(update={"revision": 2, "drift": ("wants 2h instead of 30m",)}), "approval.revised")
        await driver.shown("wants 2h instead of 30m")
        await driver.press("enter", "enter", "enter", "enter")
        assert isinstance(driver.app.screen, Form)


async def test_leaving_for_later_says_what_happens_then() -> None:
    async with console(populated()) as driver:
        await driver.press("a")
        await driver.open_sheet()
        await driver.press("escape")
        await driver.until(lambda: "Left for later" in driver.said)
        assert "it expires and nothing is allowed" in driver.said
        assert not driver.estate.sent


async def test_alike_and_harmless_requests_are_approved_together_and_their_reading_is_shared() -> None:
    estate = populated()
    for number in (4, 5):
        estate.put(approval(number, 30, agent_id=agent(2).id, agent_name=agent(2).name))
    async with console(estate) as driver:
        await driver.until(lambda: len(driver.app.pane.keys) == 5)
        await driver.press("j", "j", "space", "space", "space", "a")
        await driver.open_sheet()
        driver.pass_time(30)
        await driver.press("y")
        await driver.until(lambda: len(estate.sent) == 3)
        assert all(10 <= body.reading_seconds < 12 for _, _, body in estate.sent)
