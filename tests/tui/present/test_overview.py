"""The Overview as a table of figures, each a door to the rows behind it, at the sizes of the screens."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from console.model.actors import PLANE
from console.model.agents import Agent, AgentState
from console.model.audit import Checkpoint, Checkpoints
from console.model.decisions import Ask, Decision, Outcome, Risk
from console.model.exposure import Revocability
from console.model.filter_grammar import parse_filter
from console.model.grants import GrantState
from console.model.leases import LeaseState
from console.model.rights import Right
from console.model.scales import DataClass, RiskLevel
from console.tui.present.layout import doors_in, lay_out
from console.tui.present.spans import Line, plain, spans_width
from console.tui.present.views import agents, approvals, grants, leases, stuck, tasks
from console.tui.present.views.overview import Figures, Known, count_up, counting, overview
from console.tui.present.views.view import View, arrange
from console.tui.state.mirror import Tables
from tests.tui.present.test_views import AT, one_of_each, source
from tests.tui.state.plane_in_memory import DIGEST, NOW, agent, an_id, approval, grant, lease, task


def decision(number: int, by: Agent, at: datetime) -> Decision:
    """A decision for an agent."""
    return Decision(
        id=an_id("dc", number),
        kind="evaluation",
        at=at,
        outcome=Outcome.ALLOW,
        agent_id=by.id,
        agent_name=by.name,
        task_id=None,
        root_task_id=None,
        asked_by=PLANE,
        ask=Ask(
            agent_id=by.id,
            task_id=None,
            action="crm.read",
            resource="crm/orders",
            data_class=DataClass.INTERNAL,
            environment="production",
        ),
        digest=DIGEST,
        code="permitted",
        text="allowed",
        bundle_id=None,
        bundle_revision=1,
        risk=Risk(score=1, level=RiskLevel.LOW),
    )


SIZES = ((56, 11), (76, 21), (114, 32), (194, 44))
EVERY: tuple[View[Any], ...] = (approvals.VIEW, tasks.VIEW, leases.VIEW, grants.VIEW, stuck.VIEW, agents.VIEW)
VIEWS = {one.name: one for one in EVERY}


def painted(tables: Tables, size: tuple[int, int] = (76, 21), known: Known | None = None) -> tuple[Line, ...]:
    return overview(tables, AT, count_up(tables, AT), known or Known(), *size)


def words(lines: tuple[Line, ...], width: int = 76) -> str:
    return "\n".join(plain(spans).rstrip() for spans in lay_out(lines, width))


def busy() -> Tables:
    """An estate with something behind every figure."""
    root = task(1)
    tables = source(
        agent(1),
        agent(2, entitlement=(Right(actions=("*",), resources=("crm/*",), max_class=DataClass.INTERNAL),)),
        agent(3, state=AgentState.CONTAINED),
        root,
        task(2, parent=root),
        lease(1),
        lease(2, expires_at=NOW + timedelta(seconds=30), revocability=Revocability.AT_EXPIRY_ONLY),
        lease(3, data_class=DataClass.INTERNAL, expires_at=NOW + timedelta(minutes=14)),
        lease(4, state=LeaseState.IRREVOCABLE),
        lease(5, state=LeaseState.REVOKING),
        approval(1),
        approval(2, score=30),
        grant(1, state=GrantState.ACTIVE, ends_at=NOW + timedelta(hours=3)),
        grant(2, state=GrantState.ACTIVE, kind="break-glass"),
    )
    for ago in range(1, 800):
        tables.pulse[int(AT) - ago] = [3, int(ago % 7 == 0), int(ago % 11 == 0)]
    return tables


def test_it_counts_what_the_mirror_holds() -> None:
    said = words(painted(one_of_each()))
    assert "TASKS      2 running in 1 chain, 1 deep" in said
    assert "LEASES     1 live" in said
    assert "EXPIRING   1 within 15m" in said
    assert "WAITING    1 approval   ▲▲ 1 critical" in said
    assert "the oldest for 00:42   the next lapses in 02:10" in said
    assert "✗ none is published; everything is denied" in said
    assert "STUCK      0 revocations" in said


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_it_fits_and_says_everything_at_every_size(size: tuple[int, int]) -> None:
    laid = lay_out(painted(busy(), size), size[0])
    assert all(spans_width(line) <= size[0] for line in laid)
    said = "\n".join(plain(line) for line in laid)
    titles = (
        "WAITING",
        "STUCK",
        "CONTAINED",
        "STANDING",
        "DECISIONS",
        "TASKS",
        "LEASES",
        "EXPIRING",
        "POLICY",
        "AUDIT",
        "GRANTS",
    )
    assert all(title in said for title in titles), said
    assert "▲▲ 1 revocation" in said
    assert "■ executor-3" in said
    if size[1] > 15:
        assert len(laid) <= size[1]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_figure_is_a_door_to_rows_that_are_there(size: tuple[int, int]) -> None:
    tables = busy()
    doors = {one.name for one in doors_in(lay_out(painted(tables, size), size[0]))}
    assert len(doors) >= 17
    for door in doors:
        view, _, rest = door.partition(" ")
        if view in VIEWS:
            if rest.startswith("@"):
                assert rest[1:] in VIEWS[view].book(tables).rows
            elif rest:
                assert arrange(VIEWS[view], tables, AT, parse_filter(rest, VIEWS[view].fields)), door
        else:
            assert view in ("audit", "policies")
    assert {"stuck ", "agents state:contained"} <= doors
    assert "leases expires:<15m state:pending,active" in doors
    assert "audit kind:decision.made age:<15m outcome:deny" in doors


def test_leases_are_counted_by_the_minute_in_which_they_end() -> None:
    figures = count_up(busy(), AT)
    assert (figures.live, figures.late, figures.minutes[0], figures.minutes[1], figures.minutes[14]) == (3, 1, 1, 1, 1)
    assert figures.classes == {"restricted": 2, "internal": 1}
    assert (figures.tasks, figures.chains, figures.deepest) == (2, 1, 1)


def test_many_leases_are_counted_in_steps() -> None:
    tables = busy()
    one = next(iter(tables.leases.rows.values()))
    for number in range(5_000):
        tables.put("leases", replace(one, id=f"ls_many_{number}"))
    *steps, figures = counting(tables, AT)
    assert steps == [None, None]
    assert figures == count_up(tables, AT)
    assert figures is not None
    assert figures.live == 5_003


def test_the_audit_log_is_unknown_until_it_is_known() -> None:
    tables = one_of_each()
    assert "AUDIT      not known yet" in words(painted(tables))
    assert "not known: no answer" in words(painted(tables, known=Known(None, "no answer")))
    assert "none of them signed yet" in words(painted(tables, known=Known(Checkpoints(items=(), size=12))))
    head = Checkpoint(size=1200, root="ab", peaks=(), at=NOW - timedelta(seconds=12), log="estate")
    assert "1,204 records   ✓ signed 00:12 ago, 4 since" in words(
        painted(tables, known=Known(Checkpoints(items=(head,), size=1204)))
    )


def test_nothing_is_said_to_be_nothing() -> None:
    said = words(overview(source(), AT, Figures(), Known(), 76, 21))
    assert "none in the last 15 minutes" in said
    assert "LEASES     0 live" in said
    assert "no privilege that nobody asked for anew" in said


def test_shares_are_of_all_decisions_of_the_last_quarter_hour() -> None:
    tables = source()
    tables.pulse[int(AT) - 700] = [8, 1, 1]
    said = words(painted(tables))
    assert "0.0 a second   ✗ denied 10 %   ◆ escalated 10 %" in said


def test_a_plot_stands_where_there_is_room() -> None:
    assert "15m ago" in words(painted(busy(), (114, 32)), 114)
    assert "15m ago" not in words(painted(busy()))
    assert an_id("ap", 1) in " ".join(one.name for one in doors_in(lay_out(painted(busy()), 76)))


def test_lists_stand_where_there_is_room_for_them() -> None:
    tables = busy()
    said = words(painted(tables, (194, 44)), 194)
    assert "MOST PRESSING" in said
    assert "▲▲  02:10  executor-1  deploy.assume_role cloud/roles/deploy" in said
    assert "BUSIEST AGENTS   no decision" in said
    assert "MOST PRESSING" not in words(painted(tables))


def test_the_busiest_agents_are_those_for_whom_most_was_decided() -> None:
    asked = [decision(number, agent(1 if number < 3 else 2), NOW - timedelta(minutes=number)) for number in range(5)]
    tables = source(agent(1), agent(2), *asked)
    (first, second) = count_up(tables, AT).busy
    assert (first[1], sum(first[2]), first[2][-1], first[2][-3]) == ("executor-1", 3, 1, 1)
    assert (second[1], sum(second[2])) == ("executor-2", 2)
    assert "executor-1      3  " in words(painted(tables, (194, 44)), 194)
