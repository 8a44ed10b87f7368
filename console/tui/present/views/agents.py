"""The Agents view: who may ask for access, whose they are, how they stand, and what they hold."""

from collections.abc import Hashable
from typing import Any

from console.model.filter_fields import fields_for
from console.tui.present import times
from console.tui.present.cells import Align, Cell, Column, countdown, figure, sparkline
from console.tui.present.look import AGENT, LEASE, RISK
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views.view import Source, View
from console.tui.present.words import (
    BLANK,
    ago,
    clock,
    day_clock,
    muted,
    plural,
    right_words,
    said,
    sign_of,
    strong,
    text,
    to,
    under,
)
from console.tui.rows import UNSETTLED_LEASES, AgentRow

_LISTED = 5
_ORDER = {"contained": 0, "active": 1, "retired": 2}

_MINUTES = 15
_COLUMN_MINUTES = 8

COLUMNS = (
    Column("agent", "AGENT", 21, flexible=True, most=28),
    Column("state", "STATE", 12),
    Column("owner", "OWNER", 8, flexible=True, most=16),
    Column("team", "TEAM", 8, priority=7, flexible=True, most=14),
    Column("role", "ROLE", 10, priority=8, flexible=True, most=14),
    Column("tasks", "TASKS", 5, align=Align.RIGHT),
    Column("leases", "LEASES", 6, align=Align.RIGHT),
    Column("seen", "SEEN", 6, priority=1, align=Align.RIGHT, ticking=True),
    Column("risk", "RISK", 11, priority=3),
    Column("environment", "WHERE", 10, priority=6),
    Column("marks", "MARKS", 10, priority=2, flexible=True, most=32),
    Column("pulse", "8 MIN", _COLUMN_MINUTES, priority=4, sortable=False),
)


def running(source: Source, row: AgentRow) -> int:
    """How many of its tasks are running."""
    return source.tasks.count("running of agent", row.id)


def held(source: Source, row: AgentRow) -> int:
    """How many of its leases live."""
    return source.leases.count("live of agent", row.id)


def unbounded(row: AgentRow) -> int:
    """How many of its rights have no bound on action or resource: standing access, which is a finding."""
    return sum("*" in right.actions or "*" in right.resources for right in row.entitlement)


def marks(row: AgentRow) -> str:
    """What sets it apart."""
    words = (("critical", row.critical), ("third party", row.third_party), ("no bound", bool(unbounded(row))))
    return ", ".join(word for word, is_so in words if is_so)


def risk(source: Source, row: AgentRow) -> str | None:
    """The risk level of the last thing that was decided for it, as far as the mirror reaches back."""
    decisions = source.decisions.of("agent", row.id)
    return decisions[-1].risk_level if decisions else None


def activity(source: Source, row: AgentRow, now: float) -> list[int]:
    """Decisions in each of the last minutes, the present one last, as far as the mirror reaches back."""
    counts = [0] * _MINUTES
    for decision in reversed(source.decisions.of("agent", row.id)):
        minute = int(now // 60) - int(decision.at // 60)
        if minute >= _MINUTES:
            break
        if minute >= 0:
            counts[_MINUTES - 1 - minute] += 1
    return counts


def cells(source: Source, row: AgentRow, now: float) -> tuple[Cell, ...]:
    """One agent."""
    level, minutes = risk(source, row), activity(source, row, now)
    return (
        Cell(row.name, strong=row.state == "contained"),
        sign_of(AGENT, row.state).cell(),
        Cell(row.owner),
        Cell(row.team, Tone.MUTED),
        Cell(row.role, Tone.MUTED),
        Cell(figure(running(source, row))),
        Cell(figure(held(source, row))),
        Cell("never" if row.last_seen_at is None else times.since(row.last_seen_at, now), Tone.MUTED),
        sign_of(RISK, level).cell() if level else Cell("-", Tone.MUTED),
        Cell(row.environment, Tone.MUTED),
        Cell(marks(row), Tone.WARN),
        Cell(sparkline(minutes, _COLUMN_MINUTES) if any(minutes) else "", Tone.INFO),
    )


def order(row: AgentRow, now: float) -> Any:
    """Contained first, retired last, by name in between."""
    return (_ORDER.get(row.state, 1), row.name)


def detail(source: Source, row: AgentRow, now: float) -> tuple[Line, ...]:
    """Identity, owner, state, what it holds now, and what it could ask for at most."""
    lines = [
        Line((strong(row.name), muted(f"  {row.role} of {row.team} in {row.environment}"))),
        Line((muted(row.purpose or "no purpose was registered"),)),
        BLANK,
        said("IDENTITY", text(row.spiffe_id)),
        said("OWNER", text(row.owner), muted(f"   registered {day_clock(row.registered_at)}")),
        said("STATE", sign_of(AGENT, row.state).span(), muted(f"   seen {ago(row.last_seen_at, now)}   {marks(row)}")),
    ]
    for lock in source.locks.of("standing", row.id):
        lines.append(
            said("CONTAINED", Span(f"by {lock.placed_by} at {clock(lock.placed_at)}", Tone.DANGER), muted(f": {lock.reason}"))
        )
        if lock.release_proposed_by:
            lines.append(under(Span(f"{lock.release_proposed_by} asks for its release; a second person must agree", Tone.WARN)))
    leases = [lease for lease in source.leases.of("agent", row.id) if lease.state in UNSETTLED_LEASES]
    stuck = sum(lease.state == "irrevocable" for lease in leases)
    level, minutes = risk(source, row), activity(source, row, now)
    tasks, named = f"tasks agent:{row.name} state:running", f"leases agent:{row.name}"
    lines.append(said("TASKS", *to(tasks, strong(figure(running(source, row))), muted(" running"))))
    lines += [
        under(Span(one.purpose, door=f"tasks @{one.id}"), muted(f"  for {one.on_behalf_of}, {countdown(now - one.opened_at)}"))
        for one in [task for task in source.tasks.of("agent", row.id) if task.state == "running"][-_LISTED:]
    ]
    lines.append(
        said(
            "LEASES",
            *to(f"{named} state:pending,active", strong(figure(held(source, row))), muted(" live")),
            *to(f"{named} state:irrevocable", *([Span(f"   {stuck} stuck", Tone.DANGER)] if stuck else [])),
        )
    )
    lines += [
        under(
            Span(f"{lease.action} {lease.resource}", door=f"leases @{lease.id}"),
            muted(f"  {countdown(lease.expires_at - now)}  {sign_of(LEASE, lease.state).word}"),
        )
        for lease in leases[:_LISTED]
    ]
    if len(leases) > _LISTED:
        lines.append(under(Span(f"and {len(leases) - _LISTED} more", Tone.MUTED, door=named)))
    decided = f"audit kind:decision.made agent:{row.id}"
    if any(minutes):
        asked = (strong(figure(sum(minutes))), muted(" in 15 minutes  "), Span(sparkline(minutes, _MINUTES), Tone.INFO))
        lines.append(said("DECISIONS", *to(decided, *asked)))
    else:
        lines.append(said("DECISIONS", *to(decided, muted("none in the last 15 minutes"))))
    if level:
        lines.append(said("RISK", sign_of(RISK, level).span(), muted("   of what was decided last")))
    grants = [grant for grant in source.grants.of("agent", row.id) if grant.state in ("active", "scheduled")]
    standing = unbounded(row)
    granted = to(f"grants agent:{row.name}", strong(figure(len(grants))), muted(" running or scheduled"))
    lines.append(said("GRANTS", *granted))
    lines.append(said("MAY ASK FOR", muted(plural(len(row.entitlement), "right") + ", each decided anew every time")))
    lines += [under(text(right_words(right))) for right in row.entitlement[:8]]
    if standing:
        lines.append(said("FINDING", Span(f"{plural(standing, 'right')} without a bound on action or resource", Tone.WARN)))
    return tuple(lines)


def _depends(source: Source, row: AgentRow) -> Hashable:
    decisions = source.decisions.of("agent", row.id)
    return (running(source, row), held(source, row), decisions[-1].id if decisions else "")


VIEW: View[AgentRow] = View(
    name="agents",
    title="Agents",
    columns=COLUMNS,
    fields=fields_for("agents"),
    book=lambda source: source.agents,
    cells=cells,
    detail=detail,
    order=order,
    shown=lambda row, now: row.state != "retired",
    sort_keys={
        "agent": lambda source, row: row.name,
        "state": lambda source, row: row.state,
        "owner": lambda source, row: row.owner,
        "team": lambda source, row: row.team,
        "role": lambda source, row: row.role,
        "tasks": running,
        "leases": held,
        "seen": lambda source, row: row.last_seen_at,
        "environment": lambda source, row: row.environment,
    },
    depends=_depends,
    empty="No agent is registered.",
    hint="leasehold agents register adds one.",
)
