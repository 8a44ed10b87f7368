"""Frameworks, the audit log and policies through the whole console: drill, review, proof, story, export, and every look."""

import json
from pathlib import Path
from typing import Any

import pytest

from console.model.audit import AuditRecord
from console.model.bundles import BundleView
from console.model.frameworks import ControlRow, Frameworks, FrameworkView, MetricView
from console.model.problems import ProblemError
from console.tui.ui.audit_pane import AuditPane
from console.tui.ui.screens.reading import Reading
from console.tui.ui.widgets.rows import Condition
from tests.tui.present.test_fetched_views import control, measure
from tests.tui.state.plane_in_memory import NOW, agent, an_id, task
from tests.tui.ui.driver import Driver, Estate, console, populated

SIZES = pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (200, 50)])
AUDITOR = ("viewer", "auditor", "approver", "responder")


def framework(*rows: ControlRow) -> FrameworkView:
    return FrameworkView.model_validate(
        {
            "id": "owasp",
            "title": "A list of risks",
            "publisher": "Somebody",
            "version": "1",
            "url": "https://example.test",
            "ids_are_local": False,
            "controls": len(rows),
            "supported": 0,
            "gaps": sum(row.state == "gap" for row in rows),
            "no_data": 0,
            "out_of_scope": 0,
            "as_of": NOW,
            "window_seconds": 86_400,
            "catalogue_digest": "sha256:" + "cc" * 32,
            "rows": rows,
        }
    )


def record(seq: int, object_id: str = "", **facts: Any) -> AuditRecord:
    return AuditRecord.model_validate(
        {
            "seq": seq,
            "at": NOW,
            "kind": "lease.active",
            "actor": {"kind": "agent", "id": agent().id, "name": "executor-1"},
            "object": "lease",
            "object_id": object_id or an_id("ls", seq + 100),
            "task_id": task().id,
            "body": {"entity": {"state": f"state-{seq}", "action": "customers.read"}},
        }
        | facts
    )


def estate() -> Estate:
    made = populated(roles=AUDITOR)
    held = next(id for collection, id in made.entities if collection == "leases")
    missed = measure(counter_examples=(held, "audit:3", an_id("dc", 77), "olga"))
    rows = (
        control(evidence=(missed, measure(metric="quiet", title="A quiet one", verdict="no data", n=0, counter_examples=()))),
        control(control="C-2", title="Two", state="supported", text="Fine.", counter_examples=()),
    )
    made.framework_view = framework(*rows)
    made.frameworks_listed = Frameworks(items=(made.framework_view,))
    points = tuple({"at": NOW, "value": value, "n": 1} for value in (0.1, None, 0.4))
    made.metric_view = MetricView.model_validate(
        {"measure": missed, "step_seconds": 60, "points": points, "used_by": ("owasp:C-1",)}
    )
    made.records = [record(seq, held if seq in (3, 5) else "") for seq in range(8)]
    made.checkpoint_size = 6
    return made


async def to_controls(driver: Driver) -> None:
    await driver.view("6", "frameworks")
    await driver.until(lambda: driver.app.pane.keys)
    await driver.press("enter")
    await driver.until(lambda: driver.app.pane.name == "controls" and driver.app.pane.keys)


@SIZES
async def test_from_the_gaps_to_the_metric_its_trend_and_the_row_itself(size: tuple[int, int]) -> None:
    async with console(estate(), size) as driver:
        await to_controls(driver)
        await driver.press("/")
        await driver.type("state:gap")
        await driver.press("enter")
        await driver.until(lambda: list(driver.app.pane.keys) == ["C-1"])
        await driver.press("enter")
        await driver.until(lambda: driver.app.pane.name == "measures" and len(driver.app.pane.keys) == 2)
        await driver.until(lambda: driver.app.pane.cursor == "denial_share")
        driver.app.fetch("denial_share")
        pane = driver.app.pane
        await driver.until(lambda: any("3m to now" in span.text for line in pane.lines("denial_share") for span in line.spans))
        await driver.press("enter")
        await driver.until(lambda: driver.app.pane.name == "examples" and len(driver.app.pane.keys) == 4)
        await driver.press("enter")
        await driver.until(lambda: driver.app.pane.name == "leases" and driver.app.pane.cursor == an_id("ls", 1))
        await driver.press("-")
        await driver.until(lambda: driver.app.pane.name == "examples")
        for above in ("measures", "controls"):
            await driver.press("escape")
            await driver.until(lambda: driver.app.pane.name == above)  # noqa: B023 - waited for within the turn
        await driver.press("escape")
        await driver.until(lambda: len(driver.app.pane.keys) == 2, "the filter goes first")
        await driver.press("escape")
        await driver.until(lambda: driver.app.pane.name == "frameworks")


@pytest.mark.parametrize(
    ("example", "begins", "shown"),
    [(1, "3", ["3", "2", "1", "0"]), (2, None, []), (3, "7", ["7", "6", "5", "4", "3", "2", "1", "0"])],
)
async def test_what_is_no_row_of_a_view_opens_its_records(example: int, begins: str | None, shown: list[str]) -> None:
    async with console(estate()) as driver:
        await to_controls(driver)
        for name in ("measures", "examples"):
            await driver.press("enter")
            await driver.until(lambda: driver.app.pane.name == name and driver.app.pane.keys)  # noqa: B023
        await driver.press(*"j" * example)
        await driver.press("enter")
        await driver.until(lambda: driver.app.pane.name == "audit")
        await driver.until(lambda: list(driver.app.pane.keys) == shown)
        await driver.until(lambda: driver.app.pane.cursor == begins)
        driver.app.follow()
        await driver.pilot.pause()
        assert list(driver.app.pane.keys) == shown, "a place in the log stays where it is"
        if example != 3:
            await driver.press("escape")
            await driver.until(lambda: len(driver.app.pane.keys) == 8, "esc follows the log again")


@SIZES
async def test_a_row_is_marked_reviewed_with_a_note_and_says_so(size: tuple[int, int]) -> None:
    made = estate()
    async with console(made, size, start="safe") as driver:
        await to_controls(driver)
        await driver.press("M")
        await driver.open_sheet()
        await driver.type("seen")
        await driver.press("enter")
        await driver.until(lambda: made.sent == [("review_framework", "owasp:C-1", "seen")])
        await driver.until(lambda: driver.app.pane.item("C-1").review is not None)  # type: ignore[attr-defined]
        await driver.until(lambda: "recorded it" in driver.said or "reviewed" in driver.screen_text())


async def test_marking_reviewed_is_refused_where_it_must_be() -> None:
    made = estate()
    async with console(made, read_only=True) as driver:
        await to_controls(driver)
        await driver.press("M")
        assert "READ-ONLY" in driver.said
        assert driver.sheet is None
    made = estate()
    made.roles = ("viewer",)
    async with console(made) as driver:
        await driver.press("M")
        assert "control of a framework" in driver.said
        await to_controls(driver)
        await driver.press("M")
        assert "takes the role" in driver.said
    assert made.sent == []


async def test_a_row_that_moves_under_the_sheet_disarms_it() -> None:
    made = estate()
    async with console(made) as driver:
        await to_controls(driver)
        await driver.press("M")
        await driver.open_sheet()
        assert made.framework_view is not None
        first, *rest = made.framework_view.rows
        other = first.model_copy(update={"standing": "sha256:" + "00" * 32, "state": "supported"})
        made.framework_view = made.framework_view.model_copy(update={"rows": (other, *rest)})
        await driver.app.pane.load()  # type: ignore[attr-defined]
        made.put(agent(9))
        await driver.until(lambda: driver.sheet is not None and not driver.sheet.armed)
        assert made.sent == []


async def test_what_is_written_out_carries_digests_and_the_signed_head(tmp_path: Path) -> None:
    async with console(estate(), state_folder=tmp_path) as driver:
        await to_controls(driver)
        driver.app.action_perform("write", "json")
        [path] = (tmp_path / "written").glob("controls-*.json")
        held = json.loads(path.read_text())
        assert held["catalogue_digest"] == "sha256:" + "cc" * 32
        assert held["checkpoint"]["size"] == 6
        assert held["view"]["rows"][0]["digest"].startswith("sha256:")
        driver.app.action_perform("write", "")
        [path] = (tmp_path / "written").glob("controls-*.csv")
        tail = path.read_text().splitlines()[-3:]
        assert [line.split(",")[0] for line in tail] == ["audit checkpoint", "catalogue digest", "digest"]


# The audit log


async def to_audit(driver: Driver) -> AuditPane:
    await driver.view("7", "audit")
    await driver.until(lambda: driver.app.pane.keys)
    pane = driver.app.pane
    assert isinstance(pane, AuditPane)
    return pane


def told(driver: Driver) -> str:
    pane = driver.app.pane
    return "\n".join(f"{line.label} {''.join(span.text for span in line.spans)}" for line in pane.lines(pane.cursor))


async def test_a_record_tells_what_it_changed_and_its_hash() -> None:
    async with console(estate(), (120, 40)) as driver:
        pane = await to_audit(driver)
        assert pane.table is not None
        pane.table.move_to("5")
        driver.app.fetch("5")
        await driver.until(lambda: "state-3 → state-5" in told(driver))
        pane.table.move_to("3")
        driver.app.fetch("3")
        await driver.until(lambda: "the first record of this lease" in told(driver))
        assert "HASH" in told(driver)
        assert "✓ up to 6" in told(driver)


@pytest.mark.parametrize(
    ("seq", "forged", "said"),
    [
        ("2", "", "Proven up to checkpoint 6"),
        ("7", "", "Not covered yet"),
        ("2", "00" * 32, "hashes to"),
    ],
)
async def test_a_record_is_proven_here_or_what_is_wrong_is_said(seq: str, forged: str, said: str) -> None:
    made = estate()
    made.forged_leaf = forged
    async with console(made, (120, 40)) as driver:
        pane = await to_audit(driver)
        assert pane.table is not None
        pane.table.move_to(seq)
        await driver.press("V")
        await driver.until(lambda: said in driver.said)
        assert said in told(driver)


async def test_the_joined_story_opens_from_a_record() -> None:
    made = estate()
    async with console(made) as driver:
        await to_audit(driver)
        await driver.press("J")
        await driver.until(lambda: isinstance(driver.app.screen, Reading))
        await driver.shown("story of tk_")
        await driver.press("escape")
        await driver.until(lambda: not isinstance(driver.app.screen, Reading))
        made.records.append(record(8, task_id=None))
        driver.app.follow()
        await driver.until(lambda: len(driver.app.pane.keys) == 9)
        await driver.press("g")
        await driver.press("J")
        await driver.until(lambda: "belongs to no task" in driver.said)


async def test_the_log_is_written_out_with_its_state(tmp_path: Path) -> None:
    async with console(estate(), state_folder=tmp_path) as driver:
        await to_audit(driver)
        driver.app.action_perform("write", "json")
        [path] = (tmp_path / "written").glob("audit-*.json")
        state, *records = json.loads(path.read_text())
        driver.app.action_perform("write", "")
        [table] = (tmp_path / "written").glob("audit-*.csv")
        lines = table.read_text().splitlines()
        assert "state back_to,0" in lines
        assert next(line for line in lines if line.startswith("state checkpoint,")).split(",")[1].startswith("6 ")
        assert (state["state"]["back_to"], state["state"]["from"], state["state"]["records"]) == (0, 7, 8)
        assert state["state"]["checkpoint"]["size"] == 6
        assert [one["seq"] for one in records] == [7, 6, 5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("name", "digit", "problem", "condition", "words"),
    [
        ("audit", "7", ProblemError("not_allowed", "You may not read everything."), Condition.FAILED, "Refused:"),
        ("audit", "7", ProblemError("unreachable", "no route"), Condition.FAILED, "could not be read"),
        ("policies", "5", ProblemError("not_allowed", "You may not read everything."), Condition.FAILED, "Refused:"),
        ("frameworks", "6", ProblemError("not_ready"), Condition.FAILED, "could not be read"),
    ],
)
async def test_each_failure_has_its_look(
    name: str, digit: str, problem: ProblemError, condition: Condition, words: str
) -> None:
    made = Failing(problem)
    async with console(made, live=False) as driver:
        await driver.until(lambda: driver.app.world.live)
        await driver.view(digit, name)
        await driver.until(lambda: driver.app.pane.notice().condition is condition)
        await driver.shown(words)


class Failing(Estate):
    """Refuses what is fetched."""

    def __init__(self, problem: ProblemError) -> None:
        super().__init__()
        self.problem = problem

    async def audit(self, before: int | None = None, filter: str = "") -> list[AuditRecord]:
        raise self.problem

    async def policies(self) -> BundleView:
        raise self.problem

    async def frameworks(self) -> Frameworks:
        raise self.problem


async def test_an_empty_log_a_filter_that_lets_nothing_through_and_a_stale_list_are_three_looks() -> None:
    made = estate()
    kept, made.records = made.records, []
    async with console(made) as driver:
        await driver.view("7", "audit")
        await driver.until(lambda: driver.app.pane.notice().condition is Condition.EMPTY)
        made.records = kept
        driver.app.follow()
        await driver.until(lambda: len(driver.app.pane.keys) == 8)
        await to_controls(driver)
        await driver.press("/")
        await driver.type("nothingatall")
        await driver.press("enter")
        await driver.until(lambda: driver.app.pane.notice().condition is Condition.NOTHING_MATCHES)
        await driver.press("escape")
        made.framework_view = None
        await driver.press("u")
        await driver.until(lambda: driver.app.pane.notice().condition is Condition.STALE)
        assert len(driver.app.pane.keys) == 2


async def test_what_was_read_before_the_connection_was_lost_says_so() -> None:
    made = estate()
    async with console(made) as driver:
        await to_audit(driver)
        assert driver.app.pane.notice().condition is Condition.READY
        driver.heartbeat = False
        await driver.until(lambda: driver.app.pane.notice().condition is Condition.STALE)
        assert "this was read at" in driver.app.pane.notice().words
        assert len(driver.app.pane.keys) == 8


# Policies


class Unpublished(Estate):
    """A plane without a bundle."""

    async def policies(self) -> BundleView:
        raise ProblemError("no_policy")


async def test_no_bundle_at_all_is_said_and_is_no_failure() -> None:
    async with console(Unpublished(), live=False) as driver:
        await driver.until(lambda: driver.app.world.live)
        await driver.view("5", "policies")
        await driver.until(lambda: driver.app.pane.notice().condition is Condition.EMPTY)
        await driver.shown("everything is denied")
