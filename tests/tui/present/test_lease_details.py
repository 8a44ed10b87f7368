"""What the details of leases, tasks and agents say, and where their doors lead."""

from datetime import timedelta
from typing import Any

import pytest

from console.model.exposure import Audience, Revocability
from console.model.leases import LeaseState
from console.model.rights import Right
from console.model.scales import DataClass
from console.model.tasks import Chain, TaskState, Volume
from console.tui.present.layout import doors_in, lay_out
from console.tui.present.spans import Line, plain
from console.tui.present.views import agents, grants, leases, stuck, tasks
from console.tui.present.views.view import arrange
from tests.tui.present.test_overview import decision
from tests.tui.present.test_views import AT, source, words
from tests.tui.state.plane_in_memory import NOW, agent, an_id, grant, lease, task

OFFLINE = Audience(name="mail", spiffe_id="spiffe://estate.test/mail", check="offline", skew_seconds=5)
THIS = an_id("ls", 1)
STUCK: dict[str, Any] = {
    "state": LeaseState.IRREVOCABLE,
    "attempts": 6,
    "last_error": "the issuer did not answer",
    "revoke_requested_at": NOW - timedelta(seconds=70),
    "residual_exposure_at": NOW + timedelta(seconds=65),
}


def told(number: int = 1, **changes: Any) -> tuple[Line, ...]:
    tables = source(lease(number, **changes))
    return leases.detail(tables, tables.leases.rows[an_id("ls", number)], AT)


def doors(lines: tuple[Line, ...]) -> set[str]:
    return {one.name for one in doors_in(lay_out(lines, 200))}


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"audience": OFFLINE, "revocability": Revocability.AT_EXPIRY_ONLY}, f"at mail, refuse the token with the jti {THIS}"),
        ({}, "see that crm asks about tokens again: it may answer from a cache of 0s"),
        ({"issuer": "vault"}, f"at vault, take away what it holds under the reference {THIS}"),
    ],
    ids=["offline", "introspected", "another issuer"],
)
def test_a_stuck_lease_says_what_it_means_and_what_to_do(changes: dict[str, Any], step: str) -> None:
    lines = told(**STUCK, **changes)
    said = words(lines)
    assert f"MANUAL STEP|{step}" in said
    assert "TRIES|6   since 02:58:50Z, 01:10 ago   no further one by itself" in said
    assert "LAST ERROR|the issuer did not answer" in said
    assert "IT MEANS|whoever holds it may still customers.read crm/customers until 03:01:05Z" in said
    assert "THEN|R asks the issuer again" in said
    assert "!retry" in doors(lines)


def test_what_a_stuck_lease_means_when_nobody_knows_and_when_its_time_has_passed() -> None:
    assert "for nobody knows how long" in words(told(**{**STUCK, "residual_exposure_at": None}))
    assert "its last moment has passed at 02:59:50Z; only the confirmation is missing" in words(
        told(**{**STUCK, "residual_exposure_at": NOW - timedelta(seconds=10)})
    )


def test_a_revocation_under_way_says_when_it_is_tried_again() -> None:
    said = words(told(state=LeaseState.REVOKING, attempts=2, next_attempt_at=NOW + timedelta(seconds=8)))
    assert "TRIES|2   the next in 00:08" in said
    assert "MANUAL STEP" not in said


def test_uses_and_rows_are_bars_of_what_is_allowed() -> None:
    said = words(told(uses=3, max_uses=10, rows=450, max_rows=500))
    assert "USED|███░░░░░░░ 3 of 10 uses" in said
    assert "ROWS|█████████░ 450 of 500 rows" in said
    assert "ROWS|1 row, no bound" in words(told(rows=1))


def test_a_lease_leads_to_its_decision_approval_agent_and_task() -> None:
    found = doors(told(approval_id=an_id("ap", 1), grant_ids=(an_id("gr", 2),)))
    assert found == {
        f"audit id:{an_id('dc', 1)}",
        f"approvals @{an_id('ap', 1)}",
        f"grants @{an_id('gr', 2)}",
        f"agents @{agent().id}",
        f"tasks @{task().id}",
    }


def test_a_task_shows_its_chain_as_a_tree_of_doors_and_what_is_spent() -> None:
    root = task(1)
    child = task(2, parent=root, by=agent(2), state=TaskState.COMPLETED, ended_at=NOW)
    read = {DataClass.RESTRICTED: Volume(rows=450), DataClass.INTERNAL: Volume(rows=10)}
    ledger = Chain(id=root.id, highest_class=DataClass.RESTRICTED, counted=read, reads=3)
    tables = source(root, child, ledger, lease(1, root))
    row = tables.tasks.rows[child.id]
    lines = tasks.detail(tables, row, AT, {"restricted": 500, "internal": 1000})
    said = words(lines)
    assert "CHAIN|executor-1  ● running  06:00  rotate-key  1 lease" in said
    assert "|└ executor-2  ✓ completed  06:00  rotate-key  ← this" in said
    assert "restricted   █████████░ 90 % of 500 rows" in said
    assert said.index("restricted   ") < said.index("internal     ")
    assert {f"tasks @{root.id}", f"tasks @{child.id}", f"leases task:{root.id}"} <= doors(lines)
    assert "450 rows; the budget is not known yet" in words(tasks.detail(tables, row, AT))


def test_an_agent_tells_its_standing_access_its_activity_and_what_it_holds() -> None:
    wide = Right(actions=("*",), resources=("crm/*",), max_class=DataClass.INTERNAL)
    by = agent(1, critical=True, entitlement=(wide,))
    asked = [decision(number, by, NOW - timedelta(minutes=number)) for number in (3, 1, 0)]
    tables = source(by, task(1), lease(1), *asked)
    row = tables.agents.rows[by.id]
    shown = {column.key: cell.text for column, cell in zip(agents.COLUMNS, agents.cells(tables, row, AT), strict=True)}
    assert (shown["marks"], shown["risk"]) == ("critical, no bound", "·  low")
    assert shown["pulse"] == "▁▁▁▁█▁██"
    lines = agents.detail(tables, row, AT)
    said = words(lines)
    assert "DECISIONS|3 in 15 minutes" in said
    assert "1 right without a bound" in said
    assert {f"tasks @{task(1).id}", f"leases @{an_id('ls', 1)}", f"grants agent:{by.name}"} <= doors(lines)


def test_sums_that_no_decision_reaches_are_said_to_be_none() -> None:
    tables = source(agent(1))
    said = "\n".join(plain(line.spans) for line in agents.detail(tables, tables.agents.rows[agent(1).id], AT))
    assert "none in the last 15 minutes" in said


def test_the_queue_of_stuck_revocations_begins_with_those_that_work_longest() -> None:
    later = NOW + timedelta(hours=2)
    tables = source(
        lease(1, **STUCK),
        lease(2, **{**STUCK, "residual_exposure_at": None}),
        lease(3, **{**STUCK, "residual_exposure_at": later}),
        lease(4),
        lease(5, state=LeaseState.REVOKING),
    )
    keys = arrange(stuck.VIEW, tables, AT)
    assert keys == [an_id("ls", number) for number in (2, 3, 1)]
    rows = [[cell.text for cell in stuck.cells(tables, tables.leases.rows[key], AT)] for key in keys]
    assert [row[:2] for row in rows] == [["unknown", "01:10"], ["2h00", "01:10"], ["01:05", "01:10"]]
    assert rows[0][4:6] == ["6", "see that crm asks about tokens again: it may answer from a cache of 0s"]


def test_tasks_fold_under_the_one_that_delegated_them() -> None:
    root = task(1)
    child = task(2, parent=root, by=agent(2))
    tables = source(root, child, task(3, parent=child, by=agent(3)), task(4, by=agent(4)))
    rows = tasks.TaskTree(tasks.VIEW, tables, lambda: AT)
    rows.rearrange()
    before = rows.version(root.id)
    assert rows.fold(child.id) == ""
    rows.rearrange()
    assert (an_id("tk", 3) in rows.keys, child.id in rows.keys) == (False, True)
    assert rows.cells(child.id)[0].text == "└ executor-2 (+1)"
    assert rows.fold(root.id) == ""
    rows.rearrange()
    assert set(rows.keys) == {root.id, an_id("tk", 4)}
    assert rows.cells(root.id)[0].text == "executor-1 (+2)"
    assert rows.version(root.id) != before
    assert rows.fold(root.id) == ""
    assert rows.fold(child.id) == ""
    rows.rearrange()
    assert set(rows.keys) == {root.id, child.id, an_id("tk", 3), an_id("tk", 4)}
    assert rows.fold(an_id("tk", 4)) == "Nothing was delegated from this task."
    assert rows.fold(an_id("tk", 3)) == "", "below a leaf nothing folds, so what stands beside it does"


def test_a_grant_shows_what_is_left_of_its_uses_and_leads_on() -> None:
    tables = source(grant(1, approval_id=an_id("ap", 1), task_id=task().id))
    lines = grants.detail(tables, tables.grants.rows[grant(1).id], AT)
    assert "USES LEFT|██████░░░░ 3 of 5" in words(lines)
    assert doors(lines) == {f"agents @{agent().id}", f"tasks @{task().id}", f"approvals @{an_id('ap', 1)}"}
    assert "USES LEFT|any" in words(grants.detail(tables, source(grant(1, uses=None)).grants.rows[grant(1).id], AT))
