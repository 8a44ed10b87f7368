"""Grants by keys: the form with its outcome, break-glass, its review afterwards, and what was given taken back."""

from datetime import UTC, datetime

import pytest

from console.model.agents import AgentState
from console.model.approvals import Approval, ApprovalState
from console.model.bundles import Bundle, BundleState, BundleView
from console.model.grants import GrantState
from console.model.problems import ProblemError
from console.tui.state.connection import STALE_AFTER
from console.tui.ui.flows.times_typed import begins_at, seconds_of, stepped_beginning, stepped_time
from console.tui.ui.screens.form import Form
from tests.tui.state.plane_in_memory import DIGEST, NOW, agent, an_id, grant, lease, task
from tests.tui.ui.driver import Driver, console, populated

SIZES = pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (200, 50)])
FIELDS = 9


def bundle(**more: object) -> BundleView:
    held = Bundle(
        id=an_id("pb", 1), name="house", digest=DIGEST, revision=7, state=BundleState.PUBLISHED, author="petra", created_at=NOW
    )
    policies = [{"policy_id": "no-prod-without-owner", "effect": "forbid", "file": "a.cedar", "approval": "security:1"}]
    fields = {"bundle": held, "policies": policies, "grant_max_seconds": 3600, "break_glass_max_seconds": 900}
    return BundleView.model_validate(fields | more)


async def opened(driver: Driver) -> Form:
    await driver.press("e")
    await driver.until(lambda: isinstance(driver.app.screen, Form) and driver.app.screen.query("#covers"))
    assert isinstance(driver.app.screen, Form)
    return driver.app.screen


async def to_the_sheet(driver: Driver) -> None:
    for _ in range(FIELDS):
        await driver.press("enter")


@SIZES
async def test_grant_from_a_request_suggests_what_stands_in_the_way(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        await opened(driver)
        await driver.filled("#time", "never")
        await to_the_sheet(driver)
        await driver.shown("write the time as")
        await driver.filled("#time", "20m")
        await driver.press("enter")
        await driver.open_sheet()
        await driver.type("migration")
        await driver.press("enter")
        await driver.until(lambda: driver.estate.sent)
        _, who, wanted = driver.estate.sent[0]
        assert who == agent(1).id
        assert wanted.covers == ("no-prod-without-owner",)
        assert (wanted.seconds, wanted.uses, wanted.reason, wanted.starts_at) == (1200, 1, "migration", None)


@SIZES
async def test_what_would_become_allowed_is_told_while_the_form_is_filled_in(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        await opened(driver)
        await driver.shown("IF SENT NOW")
        await driver.shown("◆ asked for")
        if size[1] > 15:
            await driver.shown("deploy.assume_role cloud/roles/deploy  escalate → ● allow")
        assert not driver.estate.sent


async def test_the_time_steps_within_what_the_bundle_allows() -> None:
    estate = populated()
    estate.bundle = bundle()
    async with console(estate) as driver:
        form = await opened(driver)
        await driver.press(*["down"] * 7)
        for _ in range(12):
            await driver.press("right")
        assert form.values["time"] == "1h"
        await driver.press("left")
        assert form.values["time"] == "45m"
        await driver.press("up", "right", "right")
        assert form.values["from"] == "30m"


async def test_covers_and_class_are_chosen_from_what_there_is() -> None:
    estate = populated()
    estate.bundle = bundle()
    async with console(estate) as driver:
        form = await opened(driver)
        await driver.press("down", "right")
        assert form.values["task"] == ""
        await driver.press("right")
        assert form.values["task"] == task(1).id
        await driver.press(*["down"] * 4, "right")
        assert form.values["class"] == "restricted"


@SIZES
async def test_break_glass_is_loud_typed_and_says_its_review(size: tuple[int, int]) -> None:
    estate = populated()
    estate.bundle = bundle()
    async with console(estate, size) as driver:
        form = await opened(driver)
        await driver.press("right")
        assert form.values["kind"] == "break-glass"
        await to_the_sheet(driver)
        sheet = await driver.open_sheet()
        assert sheet.has_class("takes")
        await driver.shown("BREAK THE GLASS for executor-1")
        if size[1] > 15:
            await driver.shown("another person must review it")
        await driver.type("the registry burns")
        await driver.press("enter", "enter")
        assert "not executor-1" in sheet.said
        await driver.type("executor-1")
        await driver.press("enter")
        await driver.until(lambda: estate.sent)
        assert (estate.sent[0][2].kind, estate.sent[0][2].reason) == ("break-glass", "the registry burns")


async def test_where_the_bundle_allows_no_break_glass_it_is_not_offered() -> None:
    estate = populated()
    estate.bundle = bundle(break_glass_max_seconds=None)
    async with console(estate) as driver:
        form = await opened(driver)
        await driver.press("right")
        assert form.values["kind"] == "elevation"


async def test_a_refused_preview_and_no_answer_are_two_things() -> None:
    estate = populated()
    async with console(estate) as driver:
        await opened(driver)
        await driver.filled("#time", "20h")
        await driver.shown("✗ refused: A grant may last 14400 s at most.")
        estate.fail = ProblemError("unreachable", "no answer")
        await driver.filled("#time", "2h")
        await driver.shown("no answer: what it would come to is not known")


async def test_without_an_answer_nothing_can_be_sent() -> None:
    estate = populated()
    async with console(estate) as driver:
        await opened(driver)
        estate.fail = ProblemError("unreachable", "no answer")
        await driver.filled("#from", "15m")
        await to_the_sheet(driver)
        await driver.until(lambda: driver.sheet is not None)
        await driver.shown("what it would come to is not known")
        await driver.type("please")
        await driver.press("enter")
        assert driver.sheet is not None
        assert not estate.sent


async def test_a_form_is_dead_when_its_agent_is_contained_meanwhile() -> None:
    estate = populated()
    async with console(estate) as driver:
        form = await opened(driver)
        estate.put(agent(1).model_copy(update={"state": AgentState.CONTAINED}), "agent.contained")
        await driver.until(lambda: "executor-1 is contained now" in form.said)
        await to_the_sheet(driver)
        assert driver.app.screen is form
        await driver.shown("changed while you filled this in")


async def test_a_stale_form_hands_nothing_over() -> None:
    estate = populated()
    async with console(estate) as driver:
        form = await opened(driver)
        driver.heartbeat = False
        driver.pass_time(STALE_AFTER + 1)
        await driver.until(lambda: not driver.app.world.live)
        await to_the_sheet(driver)
        assert driver.app.screen is form
        assert "Not live" in form.said


@SIZES
async def test_a_broken_glass_is_reviewed_by_somebody_else(size: tuple[int, int]) -> None:
    estate = populated()
    broken = grant(1, kind="break-glass", requested_by="omar", review_due_at=NOW, state=GrantState.ACTIVE)
    estate.put(broken)
    async with console(estate, size) as driver:
        driver.app.open_view("grants")
        await driver.until(lambda: driver.app.pane.cursor == broken.id)
        await driver.press("i")
        await driver.open_sheet()
        await driver.type("it was right")
        await driver.press("enter")
        await driver.until(lambda: estate.sent)
        assert estate.sent[0] == ("review_break_glass", broken.id, "it was right")
        await driver.until(lambda: driver.app.world.source.grants.rows[broken.id].reviewed_by == "maya")
        await driver.press("i")
        assert "maya has reviewed it already" in driver.said


async def test_nobody_reviews_the_glass_that_they_broke() -> None:
    estate = populated()
    estate.put(grant(1, kind="break-glass", requested_by="maya", review_due_at=NOW, state=GrantState.ACTIVE))
    async with console(estate) as driver:
        driver.app.open_view("grants")
        await driver.until(lambda: driver.app.pane.cursor == grant(1).id)
        await driver.press("i")
        assert "You broke the glass yourself" in driver.said
        assert not estate.sent


@SIZES
async def test_an_approval_that_was_not_used_is_taken_back_within_a_minute(size: tuple[int, int]) -> None:
    estate = populated()
    async with console(estate, size) as driver:
        await driver.press("z")
        assert "within the last 60 seconds" in driver.said
        await driver.press("j", "j", "a")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: driver.app.world.given)
        await driver.shown("z undo 00:5")
        await driver.press("z")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: estate.sent[-1][0] == "withdraw_approval")
        assert estate.sent[-1][1] == an_id("ap", 3)
        await driver.until(lambda: "z undo" not in driver.screen_text())
        await driver.press("z")
        assert "within the last 60 seconds" in driver.said


async def test_after_a_minute_there_is_nothing_to_take_back() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.press("j", "j", "a")
        await driver.open_sheet()
        await driver.press("y")
        await driver.shown("z undo 00:5")
        driver.pass_time(61)
        await driver.press("z")
        assert "within the last 60 seconds" in driver.said
        await driver.until(lambda: "z undo" not in driver.screen_text())


async def test_keys_in_one_burst_go_from_input_to_input() -> None:
    async with console(populated()) as driver:
        form = await opened(driver)
        for _ in range(3):
            form.action_on()
        assert form.focused is not None
        assert form.focused.id == "actions"


async def test_an_approval_that_was_used_is_taken_back_by_revoking_its_lease() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.press("j", "j", "a")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: driver.app.world.given)
        held: Approval = estate._get("approvals", an_id("ap", 3))
        estate.put(held.model_copy(update={"state": ApprovalState.CONSUMED}), "approval.consumed")
        await driver.until(lambda: driver.app.world.source.approvals.rows[held.id].state == "consumed")
        await driver.press("z")
        assert "no lease of it lives" in driver.said
        estate.put(lease(7, task(1), approval_id=held.id))
        await driver.until(lambda: an_id("ls", 7) in driver.app.world.source.leases.rows)
        await driver.press("z")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: estate.sent[-1][0] == "revoke_leases")
        assert estate.sent[-1][2].lease_ids == (an_id("ls", 7),)


async def test_the_last_grant_is_taken_back_by_ending_it() -> None:
    estate = populated()
    async with console(estate) as driver:
        await opened(driver)
        await to_the_sheet(driver)
        await driver.open_sheet()
        await driver.type("migration")
        await driver.press("enter")
        await driver.until(lambda: driver.app.world.given)
        await driver.press("z")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: estate.sent[-1][0] == "revoke_grant")


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m", 900), ("2h", 7200), ("1h30m", 5400), ("900s", 900), ("900", 900), (" 1 D ", 86_400)]
)
def test_times_are_read_as_people_write_them(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "never", "0", "m", "-5m", "1.5h", "\u0661\u0665m"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write the time"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("text", "by", "most", "then"),
    [
        ("15m", 1, 3600, "30m"),
        ("15m", -1, 3600, "10m"),
        ("17m", 1, 3600, "30m"),
        ("1m", -1, 3600, "30s"),
        ("10s", -1, 3600, "10s"),
        ("45m", 1, 3000, "50m"),
        ("5h", 1, 3600, "1h"),
        ("5h", -1, 3600, "1h"),
        ("what", 1, 600, "10m"),
    ],
)
def test_time_steps_on_a_ladder_and_never_beyond_its_most(text: str, by: int, most: int, then: str) -> None:
    assert stepped_time(text, by, most) == then


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", None),
        ("now", None),
        ("30m", datetime(2026, 3, 1, 3, 30, tzinfo=UTC)),
        ("08:00", datetime(2026, 3, 1, 8, 0, tzinfo=UTC)),
        ("02:00Z", datetime(2026, 3, 2, 2, 0, tzinfo=UTC)),
        ("2026-03-04T10:00+02:00", datetime(2026, 3, 4, 8, 0, tzinfo=UTC)),
    ],
)
def test_a_beginning_is_read_as_people_write_it(text: str, at: datetime | None) -> None:
    assert begins_at(text, NOW) == at


@pytest.mark.parametrize("text", ["soon", "25:00", "2026-03-04T10:00", "2026-13-04T10:00Z"])
def test_what_is_no_beginning_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="from:"):
        begins_at(text, NOW)


def test_beginnings_step_from_now_on() -> None:
    assert [stepped_beginning("now", 1), stepped_beginning("now", -1), stepped_beginning("1d", 1)] == ["15m", "now", "1d"]
