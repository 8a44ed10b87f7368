"""The views as tables: rows of the mirror in, cells and sentences out."""

import timeit
from datetime import timedelta
from typing import Any

import pytest

from console.client.feed import SnapshotHead
from console.model.approvals import ApprovalDetail, Review
from console.model.exposure import Audience, Revocability
from console.model.filter_grammar import parse_filter
from console.model.grants import GrantState
from console.model.leases import LeaseState
from console.model.scales import DataClass
from console.model.tasks import Chain, TaskState, Volume
from console.tui.present.cells import place
from console.tui.present.inert import inert
from console.tui.present.spans import Line, plain
from console.tui.present.views import agents, approvals, grants, leases, tasks
from console.tui.present.views.view import View, ViewRows, arrange
from console.tui.state.mirror import Mirror, Tables
from tests.tui.state.plane_in_memory import DIGEST, NOW, PlaneInMemory, agent, an_id, approval, grant, lease, task

AT = NOW.timestamp()
VIEWS: list[View[Any]] = [approvals.VIEW, leases.VIEW, grants.VIEW, agents.VIEW, tasks.VIEW]


def source(*entities: Any) -> Tables:
    plane, mirror = PlaneInMemory(), Mirror(lambda text: inert(text).text)
    mirror.load(SnapshotHead(cursor=0, at=NOW, rows={}), ())
    for entity in entities:
        mirror.apply(plane.put(entity))
    assert mirror.unreadable == 0
    return mirror.tables


def cells(view: View[Any], tables: Tables, id: str) -> list[str]:
    return [cell.text for cell in view.cells(tables, view.book(tables).rows[id], AT)]


def words(lines: tuple[Line, ...]) -> str:
    return "\n".join(f"{line.label}|{plain(line.spans)}" for line in lines)


def one_of_each() -> Tables:
    root = task(1)
    return source(agent(1), root, task(2, parent=root), lease(1), approval(1), grant(1))


def test_an_approval_becomes_a_row() -> None:
    assert cells(approvals.VIEW, source(approval()), approval().id) == [
        "00:42",
        "▲▲ critical",
        "executor-1",
        "deploy.assume_role cloud/roles/deploy",
        "prod",
        "30m",
        "02:10",
        "◆ pending",
        "0 of 2",
        "maya",
    ]


def test_at_eighty_columns_the_queue_shows_the_drawn_columns() -> None:
    shown = [approvals.COLUMNS[one.index].title for one in place(approvals.COLUMNS, 78)]
    assert shown == ["WAIT", "RISK", "AGENT", "WANTS", "WHERE", "FOR", "LEFT"]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
@pytest.mark.parametrize("width", [58, 78, 120, 198])
def test_columns_leave_whole_and_never_overflow(view: View[Any], width: int) -> None:
    placed = place(view.columns, width)
    assert placed[-1].x + placed[-1].width <= width
    assert {column.key for column in view.columns if column.priority == 0} <= {view.columns[one.index].key for one in placed}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_each_row_has_a_cell_for_every_column_and_a_detail(view: View[Any]) -> None:
    tables = one_of_each()
    rows = view.book(tables).rows
    assert rows
    for row in rows.values():
        assert len(view.cells(tables, row, AT)) == len(view.columns)
        assert view.detail(tables, row, AT)
        for key in view.sort_keys:
            assert key in {column.key for column in view.columns}
            assert arrange(view, tables, AT, None, (key, True))
        for field in view.fields.values():
            field.get(row)


def test_the_queue_stands_by_urgency() -> None:
    soon = NOW + timedelta(seconds=5)
    tables = source(
        approval(1, score=30, deadline_at=soon),
        approval(2, score=90),
        approval(3, score=90, deadline_at=soon),
        approval(4, score=60),
    )
    assert arrange(approvals.VIEW, tables, AT) == [an_id("ap", number) for number in (3, 2, 4, 1)]


def test_the_filter_and_the_sorting_are_kept_apart() -> None:
    tables = source(approval(1, score=30), approval(2, score=90), approval(3, score=60))
    wanted = parse_filter("risk:>=50 deploy", approvals.VIEW.fields)
    assert arrange(approvals.VIEW, tables, AT, wanted, ("risk", False)) == [an_id("ap", 3), an_id("ap", 2)]


def test_the_card_answers_in_its_order() -> None:
    tables = source(agent(1), task(1), lease(1), approval(text_digest=DIGEST))
    detail = ApprovalDetail(
        approval=approval(text_digest=DIGEST),
        agent_text="Urgent\u202e: approve now.\nThe owner agreed.",
        eligible=("lena", "omar"),
        excluded={"maya": "asked"},
        holds=("crm:read 04:10",),
    )
    card = words(approvals.card_lines(tables, approval(text_digest=DIGEST), detail, AT))
    order = [
        "wants to deploy.assume_role cloud/roles/deploy in production for 30m",
        "maya → planner-1 → executor-1",
        "WHY A PERSON|no-prod-without-owner",
        "needs 1 of security and 1 of resource-owner (lena)",
        "RISK|▲▲ 82",
        "TOUCHED|▲▲ restricted",
        "ADDS|+ deploy.assume_role",
        "HOLDS NOW|1 lease",
        "FOR|30m  policy allows at most 1h",
        "DEADLINE|02:10",
        "REVIEWS|0 of 2",
        "MAY REVIEW|○ lena",
        "maya  asked",
        "THE AGENT SAYS (untrusted, 1 hidden character shown)",
        "Urgent␣U+202E: approve now.",
        "The owner agreed.",
    ]
    places = [card.find(one) for one in order]
    assert -1 not in places, order[places.index(-1)] + "\n" + card
    assert places == sorted(places)


def test_erased_words_are_said_to_be_erased() -> None:
    detail = ApprovalDetail(approval=approval(text_digest=DIGEST))
    assert "erased" in words(approvals.card_lines(source(), approval(text_digest=DIGEST), detail, AT))


def test_a_review_takes_a_seat_and_stands_on_the_card() -> None:
    review = Review(reviewer="omar", verdict="approve", at=NOW, revision=1, digest=DIGEST, groups=("security",))
    tables = source(approval(reviews=(review,)))
    assert cells(approvals.VIEW, tables, approval().id)[8] == "1 of 2"
    assert "✓ omar security" in words(approvals.card(tables, tables.approvals.rows[approval().id], AT))


_OFFLINE = Audience(name="mail", spiffe_id="spiffe://estate.test/mail", check="offline", skew_seconds=5)


@pytest.mark.parametrize(
    ("changes", "left", "exposed"),
    [
        ({}, "01:00", ""),
        ({"state": LeaseState.REVOKED, "ended_at": NOW}, "-", "✓ confirmed dead at 03:00:00Z"),
        (
            {"state": LeaseState.REVOKING, "residual_exposure_at": NOW + timedelta(seconds=65)},
            "01:05",
            "dies at 03:01:05Z, in 01:05",
        ),
        ({"state": LeaseState.IRREVOCABLE}, "-", "nobody can say until when it works"),
        ({"state": LeaseState.ABANDONED}, "-", "no longer tracked; it may still work"),
        (
            {"state": LeaseState.REVOKING, "residual_exposure_at": NOW},
            "00:00",
            "its last moment has passed, at 03:00:00Z; not confirmed yet",
        ),
    ],
)
def test_a_lease_counts_down_to_what_is_left_of_it(changes: dict[str, Any], left: str, exposed: str) -> None:
    row = cells(leases.VIEW, source(lease(1, **changes)), lease(1).id)
    assert (row[0], row[-1]) == (left, exposed)


def test_the_detail_says_what_a_revocation_would_leave() -> None:
    instant = source(lease(1))
    assert "refused at its next use" in words(leases.detail(instant, instant.leases.rows[lease(1).id], AT))
    offline = source(lease(1, audience=_OFFLINE, revocability=Revocability.AT_EXPIRY_ONLY))
    assert "still works until 03:01:05Z" in words(leases.detail(offline, offline.leases.rows[lease(1).id], AT))


def test_stuck_leases_stand_first_and_name_the_manual_step() -> None:
    tables = source(lease(1), lease(2, state=LeaseState.IRREVOCABLE), lease(3, state=LeaseState.REVOKING))
    assert arrange(leases.VIEW, tables, AT) == [an_id("ls", number) for number in (2, 3, 1)]
    assert "MANUAL STEP" in words(leases.detail(tables, tables.leases.rows[an_id("ls", 2)], AT))


def test_tasks_hang_under_those_that_delegated_them() -> None:
    root = task(1)
    child = task(2, parent=root, by=agent(2))
    ledger = Chain(id=root.id, highest_class=DataClass.RESTRICTED, counted={DataClass.RESTRICTED: Volume(rows=305)}, sends=1)
    tables = source(root, child, task(3, parent=child, by=agent(3)), task(4, parent=root, by=agent(4)), ledger)
    rows = tasks.TaskTree(tasks.VIEW, tables, lambda: AT)
    rows.rearrange()
    assert [rows.cells(key)[0].text.split(" tk_")[0] for key in rows.keys] in (
        ["executor-1", "├ executor-2", "│ └ executor-3", "└ executor-4"],
        ["executor-1", "├ executor-4", "└ executor-2", "  └ executor-3"],
    )
    assert [cell.text for cell in rows.cells(root.id)[6:10]] == ["▲▲ restricted", "-", "305", "1"]
    rows.budgets = {"restricted": 500}
    assert rows.cells(root.id)[7].text == "███░░  61 %"
    rows.rearrange(parse_filter("executor-3", tasks.VIEW.fields))
    assert set(rows.keys) == {root.id, child.id, an_id("tk", 3)}, "ancestors keep a branch from hanging in the air"


def test_an_ended_task_says_who_ended_it() -> None:
    tables = source(task(1, state=TaskState.CANCELLED, ended_at=NOW, end_reason="enough"))
    assert "ENDED|03:00:00Z by the plane: enough" in words(tasks.detail(tables, tables.tasks.rows[task(1).id], AT))


def test_a_grant_counts_down_and_names_what_it_lifts() -> None:
    assert cells(grants.VIEW, source(grant(state=GrantState.ACTIVE)), grant().id)[:6] == [
        "25:00",
        "●  active",
        "executor-1",
        "no-prod-without-owner",
        "3 of 5",
        "maya",
    ]


def test_an_agent_shows_what_it_holds() -> None:
    tables = source(agent(1, critical=True), task(1), lease(1), lease(2, state=LeaseState.EXPIRED, ended_at=NOW))
    assert cells(agents.VIEW, tables, agent(1).id)[:7] == ["executor-1", "●  active", "olga", "crm", "executor", "1", "1"]
    rows = ViewRows(agents.VIEW, tables, lambda: AT)
    rows.rearrange()
    before = rows.version(agent(1).id)
    plane = PlaneInMemory()
    assert before == rows.version(agent(1).id)
    assert plane.cursor == 0


def test_a_version_changes_with_what_a_row_depends_on() -> None:
    without, having = source(agent(1)), source(agent(1), lease(1))
    first = ViewRows(agents.VIEW, without, lambda: AT).version(agent(1).id)
    assert first != ViewRows(agents.VIEW, having, lambda: AT).version(agent(1).id)
    assert first != ViewRows(agents.VIEW, without, lambda: AT + 1).version(agent(1).id)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_row_is_formatted_quickly(view: View[Any]) -> None:
    tables = one_of_each()
    row = next(iter(view.book(tables).rows.values()))
    best = min(timeit.repeat(lambda: view.cells(tables, row, AT), number=200, repeat=5)) / 200
    # Ten times the budget of 30 µs, so that only a change of order fails on a busy machine; the benchmark measures the rest.
    assert best < 300e-6, f"{best * 1e6:.0f} µs a row"
