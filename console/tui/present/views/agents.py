"""The Agents view: who may ask for access, whose they are, how they stand, and what they hold."""

from collections.abc import Hashable
from typing import Any

from console.model.filter_fields import fields_for
from console.tui.present.cells import Align, Cell, Column, countdown, figure
from console.tui.present.look import AGENT
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
    under,
)
from console.tui.rows import LIVE_LEASES, UNSETTLED_LEASES, AgentRow

_ORDER = {"contained": 0, "active": 1, "retired": 2}

COLUMNS = (
    Column("agent", "AGENT", 20, flexible=True, most=28),
    Column("state", "STATE", 12),
    Column("owner", "OWNER", 8, flexible=True, most=16),
    Column("team", "TEAM", 8, priority=3, flexible=True, most=14),
    Column("role", "ROLE", 10, priority=4, flexible=True, most=14),
    Column("tasks", "TASKS", 5, align=Align.RIGHT),
    Column("leases", "LEASES", 6, align=Align.RIGHT),
    Column("seen", "SEEN", 6, priority=1, align=Align.RIGHT, ticking=True),
    Column("environment", "WHERE", 10, priority=5),
    Column("marks", "MARKS", 20, priority=2),
)


def running(source: Source, row: AgentRow) -> int:
    """How many of its tasks are running."""
    return sum(task.state == "running" for task in source.tasks.of("agent", row.id))


def held(source: Source, row: AgentRow) -> int:
    """How many of its leases live."""
    return sum(lease.state in LIVE_LEASES for lease in source.leases.of("agent", row.id))


def marks(row: AgentRow) -> str:
    """What sets it apart."""
    return ", ".join(word for word, is_so in (("critical", row.critical), ("third party", row.third_party)) if is_so)


def cells(source: Source, row: AgentRow, now: float) -> tuple[Cell, ...]:
    """One agent."""
    return (
        Cell(row.name, strong=row.state == "contained"),
        sign_of(AGENT, row.state).cell(),
        Cell(row.owner),
        Cell(row.team, Tone.MUTED),
        Cell(row.role, Tone.MUTED),
        Cell(figure(running(source, row))),
        Cell(figure(held(source, row))),
        Cell("never" if row.last_seen_at is None else countdown(now - row.last_seen_at), Tone.MUTED),
        Cell(row.environment, Tone.MUTED),
        Cell(marks(row), Tone.WARN),
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
    lines.append(said("TASKS", strong(figure(running(source, row))), muted(" running")))
    lines.append(
        said(
            "LEASES",
            strong(figure(held(source, row))),
            muted(" live"),
            *([Span(f"   {stuck} stuck", Tone.DANGER)] if stuck else []),
        )
    )
    lines += [under(muted(f"{lease.action} {lease.resource}  {countdown(lease.expires_at - now)}")) for lease in leases[:5]]
    if len(leases) > 5:
        lines.append(under(muted(f"and {len(leases) - 5} more")))
    grants = [grant for grant in source.grants.of("agent", row.id) if grant.state in ("active", "scheduled")]
    standing = [right for right in row.entitlement if "*" in right.actions or "*" in right.resources]
    lines.append(said("GRANTS", strong(figure(len(grants))), muted(" running or scheduled")))
    lines.append(said("MAY ASK FOR", muted(plural(len(row.entitlement), "right") + ", each decided anew every time")))
    lines += [under(text(right_words(right))) for right in row.entitlement[:8]]
    if standing:
        lines.append(
            said("FINDING", Span(f"{plural(len(standing), 'right')} without a bound on action or resource", Tone.WARN))
        )
    return tuple(lines)


def _depends(source: Source, row: AgentRow) -> Hashable:
    return (running(source, row), held(source, row))


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
