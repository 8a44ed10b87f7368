"""READ-ONLY sends nothing whatever is pressed; SAFE refuses what gives; every dangerous key answers; hostile text is inert."""

from datetime import timedelta

import pytest

from console.model.grants import GrantState
from console.model.problems import ProblemError
from console.tui.ui.actions import ACTIONS
from console.tui.ui.commands import VIEW_NAMES
from console.tui.ui.hands import HANDLERS
from console.tui.ui.widgets.keyline import KeyLine
from console.tui.ui.widgets.sheet import Sheet
from tests.tui.state.plane_in_memory import DIGEST, NOW, agent, an_id, approval, grant
from tests.tui.ui.driver import Driver, console, populated


async def _leave_all(driver: Driver) -> None:
    while len(driver.app.screen_stack) > 1:
        await driver.press("escape")
        await driver.pilot.pause()


def test_every_action_of_the_registry_is_carried_out_by_something() -> None:
    assert {one.id for one in ACTIONS} == set(HANDLERS)
    keys = [one.key for one in ACTIONS if one.key]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("view", VIEW_NAMES)
async def test_read_only_sends_nothing_whatever_is_pressed_clicked_or_commanded(view: str) -> None:
    estate = populated()
    estate.put(grant(1, state=GrantState.ACTIVE))
    async with console(estate, (120, 40), read_only=True) as driver:
        app = driver.app
        for action in ACTIONS:
            if action.id in ("quit", "theme"):
                continue
            app.open_view(view)
            await driver.until(lambda: app.pane.name == view)
            for way in ("key", "click"):
                if way == "key" and action.key:
                    await driver.press(action.key)
                elif way == "click":
                    app.screen_stack[0].query_one(KeyLine).post_message(KeyLine.Pressed(action.id))
                await driver.pilot.pause()
                assert not isinstance(app.screen, Sheet), action.id
                if action.act:
                    assert driver.said, action.id
                if len(app.screen_stack) > 1:
                    await driver.press("y", "enter", "y")
                await _leave_all(driver)
        for command in ("contain executor-1", "release executor-1", "grant executor-1", "approve", "revoke", "stop"):
            app.action_perform("command")
            driver.line.begin(command)
            await driver.press("enter", "y")
            await driver.pilot.pause()
            await _leave_all(driver)
            driver.line.display = False
    assert estate.sent == []


async def test_read_only_cannot_be_armed() -> None:
    async with console(populated(), read_only=True) as driver:
        await driver.press("!")
        assert "cannot be armed" in driver.said
        assert "READ-ONLY" in driver.screen_text()


async def test_safe_refuses_what_gives_until_it_is_armed_and_lets_take() -> None:
    async with console(populated(), start="safe") as driver:
        assert "SAFE" in driver.screen_text()
        for key in ("a", "n", "e"):
            await driver.press(key)
            assert "Press ! to arm" in driver.said
        await driver.press("r")
        await driver.open_sheet()
        await driver.press("escape")
        await driver.until(lambda: driver.sheet is None)
        await driver.press("!")
        await driver.shown("ARMED 0")
        await driver.press("a")
        await driver.open_sheet()
        await driver.press("escape")
        driver.pass_time(301)
        await driver.shown("SAFE")


async def test_a_role_that_does_not_include_an_act_is_said() -> None:
    async with console(populated(roles=("viewer",))) as driver:
        await driver.press("a")
        assert "takes the role approver" in driver.said
        await driver.press("K")
        assert "takes the role responder" in driver.said


async def test_the_cursor_stays_on_its_id_while_rows_come_and_go() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.press("j")
        chosen = driver.app.pane.cursor
        for number in range(10, 30):
            estate.put(approval(number, 90, agent_id=agent().id), "approval.requested")
        await driver.until(lambda: len(driver.app.pane.keys) == 23)
        assert driver.app.pane.cursor == chosen


async def test_hostile_text_reaches_the_screen_only_as_marks() -> None:
    estate = populated()
    poison = "\x1b]0;owned\x07\x1b[31m[bold red]pay\u202egpj.exe\u200b[/]\n[@click=quit]x[/]"
    estate.agent_text = poison
    row = approval(9, 99, deadline_at=NOW + timedelta(seconds=60), agent_name="evil\u202e\x1b[2J", agent_id=agent().id)
    estate.put(row.model_copy(update={"requested_by": poison, "text_digest": DIGEST}), "approval.requested")
    async with console(estate, (200, 50)) as driver:
        await driver.press("g")
        await driver.until(lambda: driver.app.pane.cursor == an_id("ap", 9))
        await driver.shown("THE AGENT SAYS")
        screen = driver.screen_text()
        assert not set(screen) & set("\x1b\x07\u202e\u200b")
        assert "[bold red]" in screen
        await driver.press("K")
        await driver.pilot.pause()
        assert not set(driver.screen_text()) & set("\x1b\x07\u202e\u200b")


async def test_an_ended_sign_in_is_said_with_the_next_step() -> None:
    estate = populated()
    estate.fail = ProblemError("credential_expired")
    async with console(estate, live=False) as driver:
        await driver.shown("SIGN-IN ENDED")
        await driver.shown("leasehold login")
        refusal = driver.app.world.check("agent.contain")
        assert refusal is not None
        assert "leasehold login" in refusal.text
    assert not estate.sent


async def test_a_new_critical_request_rings_once_and_can_be_muted() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.until(lambda: driver.app.world.source.approvals.rows)
        assert driver.app.attention.rung == 0
        estate.put(approval(20, 95, agent_id=agent().id), "approval.requested")
        await driver.until(lambda: driver.app.attention.rung == 1)
        estate.put(approval(20, 96, agent_id=agent().id), "approval.revised")
        estate.put(approval(21, 10, agent_id=agent().id), "approval.requested")
        await driver.press("m")
        estate.put(approval(22, 95, agent_id=agent().id), "approval.requested")
        await driver.until(lambda: an_id("ap", 22) in driver.app.pane.keys)
        assert driver.app.attention.rung == 1
        assert len(driver.app.screen_stack) == 1


async def test_quit_leaves() -> None:
    async with console(populated()) as driver:
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running or driver.app._exit)
