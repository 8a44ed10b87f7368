"""Hands: watched rows, times, columns, copying, the lines' history and completion."""

import re
import sys
from pathlib import Path

import pytest

from console.model.filter_fields import fields_for
from console.model.leases import LeaseState
from console.model.tasks import TaskState
from console.tui.present.times import STYLE, TimeStyle, since, until
from console.tui.ui.commands import filter_offers, offers, read_command
from console.tui.ui.copying import hand_over
from console.tui.ui.screens.reading import Reading
from console.tui.ui.widgets.filterline import FilterLine
from tests.tui.state.plane_in_memory import NOW, an_id, lease, task
from tests.tui.ui.driver import Driver, console, populated

SIZES = pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (200, 50)])


async def test_a_watched_row_rings_and_says_what_became_of_it_in_whatever_view() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.view("2", "tasks")
        watched = driver.app.pane.cursor
        assert watched is not None
        await driver.press("w")
        assert "Watching" in driver.said
        await driver.shown(">◉")
        await driver.view("4", "agents")
        before = driver.app.attention.rung
        estate.put(task(1 if watched == an_id("tk", 1) else 2).model_copy(update={"state": TaskState.FAILED}), "task.failed")
        await driver.until(lambda: "running → failed" in driver.said)
        assert driver.app.attention.rung == before + 1
        await driver.press("W")
        await driver.until(lambda: isinstance(driver.app.screen, Reading))
        await driver.shown("running → failed")


async def test_watching_again_lets_go() -> None:
    async with console(populated()) as driver:
        await driver.press("w", "w")
        assert driver.app.watches.held == {}
        assert "not watched any more" in driver.said


async def test_what_is_copied_says_which_way_it_went() -> None:
    async with console(populated()) as driver:
        await driver.press("y")
        assert "OSC 52" in driver.said


async def test_a_command_of_ones_own_takes_what_is_copied(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    command = (sys.executable, "-c", f"import sys; open({str(kept)!r}, 'w').write(sys.stdin.read())")
    async with console(populated(), clipboard=command) as driver:
        await driver.press("y")
        await driver.until(lambda: "has taken it" in driver.said)
        assert kept.read_text() == an_id("ap", 1)


@pytest.mark.parametrize("command", [("/no/such/command",), (sys.executable, "-c", "raise SystemExit(3)")])
async def test_a_command_that_fails_is_told(command: tuple[str, ...]) -> None:
    async with console(populated(), clipboard=command) as driver:
        await driver.press("y")
        await driver.until(lambda: "did not take it" in driver.said)


def test_times_are_told_relative_or_as_instants() -> None:
    now = 1_772_334_000.0
    assert (until(now + 130, now), since(now - 42, now)) == ("02:10", "00:42")
    absolute = TimeStyle(absolute=True)
    assert until(now + 130, now, absolute) == "03:02:10Z"
    assert until(now + 86_400, now, absolute) == "+1d 03:00"
    assert since(now - 2 * 86_400, now, absolute) == "-2d 03:00"


async def test_the_clipboards_command_is_told_no_secret_of_the_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEASEHOLD_TOKEN", "lho_secret")
    out = tmp_path / "told"
    write = f"import os,sys; sys.stdin.read(); open({str(out)!r}, 'w').write(repr(dict(os.environ)))"
    assert await hand_over("ap_1", [sys.executable, "-c", write]) == ""
    told = out.read_text()
    assert "PATH" in told
    assert "lho_secret" not in told


async def test_a_command_that_cannot_be_one_is_told() -> None:
    assert await hand_over("ap_1", ["a\0b"]) != ""


async def test_columns_are_turned_by_command_and_stay_for_the_session() -> None:
    async with console(populated()) as driver:
        driver.app.action_perform("columns", "risk")
        assert "risk" in driver.app.pane.hidden
        await driver.view("3", "leases")
        await driver.view("1", "approvals")
        assert driver.app.pane.table is not None
        assert "risk" not in driver.app.pane.table.shown_columns
        driver.app.action_perform("columns", "no-such")
        assert "no such column" in driver.said


@SIZES
async def test_the_filter_in_force_is_in_sight_at_every_size(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        await driver.press("/")
        await driver.type("risk:82")
        await driver.press("enter")
        await driver.shown("/ risk:82")
        await driver.shown("1 shown")
        await driver.press("escape")
        await driver.until(lambda: not driver.app.query_one("#filter", FilterLine).display)


async def _said(driver: Driver, text: str) -> None:
    await driver.press(":")
    await driver.type(text)
    await driver.press("enter")
    await driver.until(lambda: not driver.line.display)


async def test_commands_and_filters_that_were_typed_come_back() -> None:
    async with console(populated()) as driver:
        await _said(driver, "agents")
        await driver.until(lambda: driver.app.pane.name == "agents")
        await _said(driver, "approvals")
        await driver.until(lambda: driver.app.pane.name == "approvals")
        await driver.press(":", "up", "up")
        assert driver.line.text == "agents"
        await driver.press("down")
        assert driver.line.text == "approvals"
        await driver.press("down")
        assert driver.line.text == ""
        await driver.press("escape", "/")
        await driver.type("risk:82")
        await driver.press("enter", "escape", "/", "up")
        assert driver.app.query_one("#filter", FilterLine).text == "risk:82"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ri", "risk:"),
        ("risk:", ">="),
        ("expires:", "<"),
        ("risk:>=70 o", "or "),
        ("risk:>=70 ", "not "),
        ("state:p", "pending"),
    ],
)
def test_fields_values_and_what_joins_them_are_completed(text: str, expected: str) -> None:
    assert expected in {one.text for one in filter_offers(text, len(text), fields_for("approvals"))}


def test_an_example_is_no_completion() -> None:
    assert "begin*" not in {one.text for one in filter_offers("agent:", 6, fields_for("approvals"))}


@SIZES
async def test_an_act_on_a_named_object_leaves_the_marks_alone(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        await driver.view("4", "agents")
        await driver.press("space")
        await _said(driver, "contain executor-2")
        await driver.open_sheet()
        await driver.shown("executor-2")
        assert driver.sheet is not None
        assert "executor-2" in "".join(span.text for span in driver.sheet.question.title)


@SIZES
async def test_times_turn_to_instants_and_back_in_whole_columns(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        for digit, name in (("1", "approvals"), ("3", "leases")):
            await driver.view(digit, name)
            await driver.press("t")
            assert STYLE.absolute
            key = driver.app.pane.keys[0]
            told = [cell.text for cell in driver.app.pane.rows().cells(key) if re.fullmatch(r"\d\d:\d\d:\d\dZ", cell.text)]
            assert told
            await driver.shown(told[0])
            await driver.press("t")
            assert not STYLE.absolute
            await driver.until(lambda told=told: told[0] not in driver.screen_text().split("\n", 2)[2].split("──")[0])


async def test_what_is_under_way_is_offered_and_what_has_ended_is_not() -> None:
    estate = populated()
    async with console(estate) as driver:
        estate.put(lease(2, task(2)).model_copy(update={"state": LeaseState.REVOKED, "ended_at": NOW}), "lease.revoked")
        world = driver.app.world
        await driver.until(lambda: world.source.leases.count("state", "revoked") == 1)
        offered = {one.text for one in offers("revoke ls_", 10, driver.app.panes, world)}
        assert offered == {an_id("ls", 1)}
        assert read_command(f"revoke {an_id('ls', 2)}", driver.app.panes, world) is not None


async def test_a_message_makes_way_for_what_is_typed() -> None:
    async with console(populated()) as driver:
        await driver.press("w", ":")
        await driver.type("contain ")
        await driver.shown("executor-2")
        assert "Watching" not in driver.screen_text()
