"""Every view opens at every size; hands: history, filter, command line, palette, sort, columns, pause, copy, write, help."""

import json
from pathlib import Path
from typing import Any

import pytest

from console.model.audit import AuditRecord
from console.model.bundles import BundleView
from console.tui.ui.commands import VIEW_NAMES
from console.tui.ui.screens.picker import Picker
from console.tui.ui.screens.reading import Reading
from console.tui.ui.widgets.filterline import FilterLine
from console.tui.ui.widgets.rows import Condition
from tests.tui.state.plane_in_memory import DIGEST, NOW, an_id, lease, task
from tests.tui.ui.driver import Driver, console, populated

SIZES = pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (200, 50), (44, 11)])


def record(seq: int) -> AuditRecord:
    return AuditRecord.model_validate(
        {
            "seq": seq,
            "at": NOW,
            "kind": "decision.made",
            "actor": {"kind": "agent", "id": "x", "name": f"actor-{seq}"},
            "object": "decision",
            "object_id": an_id("dc", seq),
            "body": {"entity": {"outcome": "allow"}},
        }
    )


def bundle() -> BundleView:
    return BundleView.model_validate(
        {
            "bundle": {
                "id": an_id("pb", 1),
                "name": "sample",
                "digest": DIGEST,
                "revision": 7,
                "state": "published",
                "author": "petra",
                "created_at": NOW,
                "published_at": NOW,
            },
            "policies": (
                {
                    "policy_id": "restricted-read",
                    "effect": "forbid",
                    "file": "a.cedar",
                    "reason": "A person agrees.",
                    "approval": "security:1",
                    "text": "forbid (principal, action, resource);",
                },
            ),
            "tests_passed": 3,
            "tests_total": 3,
        }
    )


@SIZES
async def test_every_view_opens_at_every_size(size: tuple[int, int]) -> None:
    async with console(populated(), size) as driver:
        for name in VIEW_NAMES:
            driver.app.open_view(name)
            await driver.until(lambda: driver.app.pane.name == name)  # noqa: B023 - waited for within the turn
            await driver.pilot.pause()
            lines = driver.screen_text().split("\n")
            assert len(lines) == size[1]
            assert "LIVE" in lines[0]
            assert "K" in lines[-1] or name in ("policies", "frameworks", "overview")


async def test_below_sixty_by_fifteen_are_strip_table_and_contain() -> None:
    async with console(populated(), (58, 14)) as driver:
        lines = driver.screen_text().split("\n")
        assert "WAIT" in lines[1]
        assert lines[-1].split()[:2] == ["K", "contain"]
        await driver.press("K")
        await driver.open_sheet()
        await driver.shown("y contain")


async def test_what_is_fetched_says_that_it_could_not_be_read_and_is_read_again() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.view("5", "policies")
        await driver.until(lambda: driver.app.pane.notice().condition is Condition.FAILED)
        await driver.shown("could not be read")
        estate.bundle = bundle()
        await driver.press("u")
        await driver.shown("restricted-read")
        estate.bundle = None
        await driver.press("u")
        await driver.until(lambda: driver.app.pane.notice().condition is Condition.STALE)
        assert "restricted-read" in driver.screen_text()


async def test_the_audit_log_is_followed_and_older_records_are_fetched_at_its_end() -> None:
    estate = populated()
    estate.records = [record(seq) for seq in range(1, 451)]
    async with console(estate) as driver:
        await driver.view("7", "audit")
        await driver.until(lambda: len(driver.app.pane.keys) == 200)
        await driver.press("G")
        await driver.until(lambda: len(driver.app.pane.keys) == 400)
        estate.records.append(record(451))
        driver.app.follow()
        await driver.until(lambda: driver.app.pane.keys[0] == "451")


async def test_enter_opens_the_whole_detail_and_esc_goes_up() -> None:
    async with console(populated()) as driver:
        await driver.press("enter")
        await driver.shown("BEFORE")
        await driver.press("G")
        await driver.shown("MAY REVIEW")
        await driver.press("escape")
        await driver.shown("WANTS")


async def test_history_goes_back_and_forth() -> None:
    async with console(populated()) as driver:
        await driver.view("2", "tasks")
        await driver.view("4", "agents")
        await driver.press("-")
        await driver.until(lambda: driver.app.pane.name == "tasks")
        await driver.press("[")
        await driver.until(lambda: driver.app.pane.name == "agents")
        await driver.press("]")
        await driver.until(lambda: driver.app.pane.name == "tasks")


async def test_a_filter_narrows_as_it_is_typed_and_esc_clears_it() -> None:
    async with console(populated()) as driver:
        await driver.press("/")
        await driver.type("risk:>=80")
        await driver.until(lambda: len(driver.app.pane.keys) == 1)
        await driver.press("enter")
        assert driver.app.pane.filter_text == "risk:>=80"
        await driver.press("escape")
        await driver.until(lambda: len(driver.app.pane.keys) == 3)
        await driver.press("/")
        await driver.type("riks:3")
        await driver.shown("↑")
        await driver.press("enter")
        assert driver.app.pane.filter_text == "riks", "what cannot be read is not applied"
        assert driver.app.query_one("#filter", FilterLine).display


async def _command(driver: Driver, text: str) -> None:
    await driver.press(":")
    driver.line.begin(text)
    await driver.press("enter")


async def test_the_command_line_opens_views_with_filters_and_acts_on_names() -> None:
    async with console(populated()) as driver:
        await _command(driver, "leases agent:executor-2")
        await driver.until(lambda: driver.app.pane.name == "leases" and len(driver.app.pane.keys) == 1)
        await _command(driver, "contain executor-2")
        await driver.open_sheet()
        await driver.shown("Contain executor-2")
        await driver.press("escape")
        await driver.until(lambda: driver.sheet is None)
        await _command(driver, "lea")
        await driver.until(lambda: "no command" in driver.said)


async def test_the_palette_finds_actions_and_live_objects() -> None:
    async with console(populated()) as driver:
        await driver.press("ctrl+p")
        await driver.until(lambda: isinstance(driver.app.screen, Picker))
        await driver.type("executor-2")
        await driver.until(lambda: isinstance(driver.app.screen, Picker) and driver.app.screen.entries)
        await driver.press("enter")
        await driver.until(lambda: driver.app.pane.name == "agents" and driver.app.pane.cursor == an_id("ag", 2))


async def test_sorting_turns_round_and_clears() -> None:
    async with console(populated()) as driver:
        before = list(driver.app.pane.keys)
        for expected in (("risk", False), ("risk", True), None):
            driver.app.action_perform("sort", "risk")
            assert driver.app.pane.sorting == expected
        assert list(driver.app.pane.keys) == before


async def test_pause_holds_the_display_and_not_what_is_taken_in() -> None:
    estate = populated()
    async with console(estate) as driver:
        await driver.view("3", "leases")
        await driver.until(lambda: len(driver.app.pane.keys) == 2)
        await driver.press("p")
        estate.put(lease(9, task(1)))
        await driver.until(lambda: len(driver.app.world.source.leases) == 3)
        assert len(driver.app.pane.keys) == 2
        await driver.press("p")
        await driver.until(lambda: len(driver.app.pane.keys) == 3)


async def test_what_is_shown_is_written_out_and_copied(tmp_path: Path) -> None:
    async with console(populated(), state_folder=tmp_path) as driver:
        await driver.press("o")
        await driver.until(lambda: "Written" in driver.said)
        [path] = (tmp_path / "written").iterdir()
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_text().startswith("WAIT,RISK,AGENT")
        driver.app.action_perform("write", "json")
        [made] = (tmp_path / "written").glob("*.json")
        held: list[dict[str, Any]] = json.loads(made.read_text())
        assert held[0]["id"] == an_id("ap", 1)
        await driver.press("y")
        assert driver.app.clipboard == an_id("ap", 1)
        await driver.press("Y")
        assert json.loads(driver.app.clipboard)["digest"] == DIGEST


async def test_help_is_written_from_the_registry_and_a_broken_keymap_leaves_a_way_out() -> None:
    keymap = {"contain": "ctrl+x", "quit": "z", "approve": "r", "nonsense": "x"}
    async with console(populated(), keymap=keymap) as driver:
        assert "keymap" in driver.said
        await driver.press("?")
        await driver.until(lambda: isinstance(driver.app.screen, Reading))
        assert isinstance(driver.app.screen, Reading)
        told = "".join(span.text for line in driver.app.screen.lines for span in line.spans)
        assert "ctrl+x" in told
        assert "quit keeps its key" in told
        await driver.press("escape")
        await driver.until(lambda: len(driver.app.screen_stack) == 1)
        await driver.press("K")
        assert driver.sheet is None
        await driver.press("ctrl+x")
        await driver.open_sheet()


async def test_another_theme_is_worn_at_once() -> None:
    async with console(populated()) as driver:
        driver.app.action_perform("theme", "house-light")
        assert driver.app.brush.palette.name == driver.app.theme == "house-light"
        driver.app.action_perform("theme", "no-such")
        assert "no such theme" in driver.said
