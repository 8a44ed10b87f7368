"""Grants, under `tab` in the Leases view: running, scheduled and ended, what they cover, and what is left of them."""

from operator import attrgetter
from typing import Any

from console.model.filter_fields import fields_for
from console.model.filters import with_getters
from console.tui.present import times
from console.tui.present.cells import Align, Cell, Column, bar, countdown, short_id
from console.tui.present.look import GRANT
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views.view import Source, View
from console.tui.present.words import BLANK, clock, day_clock, dim, muted, plural, right_words, said, sign_of, strong, text, to
from console.tui.rows import GrantRow

_ORDER = {"active": 0, "requested": 1, "scheduled": 2}
ENDED_SHOWN = 3600.0

COLUMNS = (
    Column("left", "LEFT", 5, align=Align.RIGHT, ticking=True),
    Column("state", "STATE", 13),
    Column("agent", "AGENT", 11, flexible=True, most=24),
    Column("covers", "COVERS", 22, flexible=True, most=48),
    Column("uses", "USES", 7, priority=1, align=Align.RIGHT),
    Column("by", "BY", 10, priority=2),
    Column("kind", "KIND", 11, priority=3),
    Column("scope", "SCOPE", 20, priority=4, flexible=True, most=48),
)


def lifts(row: GrantRow) -> str:
    """What it covers: approvable policies, or a template."""
    return ", ".join(row.covers) if row.covers else f"template {row.template}"


def uses_left(row: GrantRow) -> str:
    """`3 of 5`, or that nothing bounds them."""
    return "any" if row.uses is None else f"{row.uses if row.uses_left is None else row.uses_left} of {row.uses}"


def cells(source: Source, row: GrantRow, now: float) -> tuple[Cell, ...]:
    """One grant. A scheduled one counts down to its beginning, a running one to its end."""
    until = {"active": row.ends_at, "scheduled": row.starts_at}.get(row.state)
    return (
        Cell("-" if until is None else times.until(until, now), Tone.WARN if until and until - now < 60 else Tone.TEXT),
        sign_of(GRANT, row.state).cell(),
        Cell(row.agent_name),
        Cell(lifts(row)),
        Cell(uses_left(row)),
        Cell(row.requested_by, Tone.MUTED),
        Cell(row.kind, Tone.DANGER if row.kind == "break-glass" else Tone.MUTED),
        Cell(right_words(row.scope), Tone.MUTED),
    )


def order(row: GrantRow, now: float) -> Any:
    """Running by end, then requested, then scheduled by beginning, then ended, newest first."""
    rank = _ORDER.get(row.state, 9)
    at = {0: row.ends_at, 1: row.requested_at, 2: row.starts_at}.get(rank, -(row.ended_at or row.ends_at))
    return (rank, at, row.id)


def detail(source: Source, row: GrantRow, now: float) -> tuple[Line, ...]:
    """Who gave what to whom, until when, and what ended it."""
    lines = [
        Line((strong(row.agent_name), muted(" may go beyond "), strong(lifts(row)), muted(" within its scope"))),
        BLANK,
        said("STATE", sign_of(GRANT, row.state).span(), muted(f"   {row.kind}")),
        said("SCOPE", text(right_words(row.scope))),
        said("AGENT", *to(f"agents @{row.agent_id}", Span(row.agent_name, Tone.DELEGATION))),
        said(
            "TASK",
            *(to(f"tasks @{row.task_id}", text(short_id(row.task_id))) if row.task_id else (text("every task of the agent"),)),
        ),
        said("TIME", text(f"{day_clock(row.starts_at)} to {clock(row.ends_at)}"), *_left(row, now)),
        said("USES LEFT", *_uses(row)),
        said("REASON", text(row.reason), muted(f"   {row.requested_by} at {day_clock(row.requested_at)}")),
    ]
    if row.approval_id is not None:
        lines.append(said("APPROVAL", *to(f"approvals @{row.approval_id}", text(short_id(row.approval_id)))))
    if row.ended_at is not None:
        why = f": {row.end_reason}" if row.end_reason else ""
        lines.append(said("ENDED", text(day_clock(row.ended_at)), muted(f" by {row.ended_by or 'the plane'}{why}")))
    if row.review_due_at is not None:
        reviewed = (
            text(f"by {row.reviewed_by}") if row.reviewed_by else Span(f"due by {day_clock(row.review_due_at)}", Tone.WARN)
        )
        lines.append(said("REVIEW", reviewed))
    lines.append(
        said(
            "BOUND",
            muted(f"it never lifts what cannot be lifted; {plural(len(row.covers) or 1, 'policy', 'policies')} covered"),
        )
    )
    return tuple(lines)


def _uses(row: GrantRow) -> tuple[Span, ...]:
    """What is left of the uses, as a bar where they are bounded."""
    if not row.uses:
        return (strong(uses_left(row)),)
    left = row.uses if row.uses_left is None else row.uses_left
    full, rest = bar(left / row.uses)
    return (Span(full, Tone.WARN if left == 1 else Tone.INFO), dim(rest), strong(f" {uses_left(row)}"))


def _left(row: GrantRow, now: float) -> tuple[Span, ...]:
    if row.state == "active":
        return (muted("   ends in "), strong(countdown(row.ends_at - now)))
    return (muted("   begins in "), strong(countdown(row.starts_at - now))) if row.state == "scheduled" else ()


VIEW: View[GrantRow] = View(
    name="grants",
    title="Grants",
    columns=COLUMNS,
    fields=with_getters(fields_for("grants"), {"uses": attrgetter("uses_left")}),
    book=lambda source: source.grants,
    cells=cells,
    detail=detail,
    order=order,
    shown=lambda row, now: row.state in _ORDER or (row.ended_at or row.ends_at) > now - ENDED_SHOWN,
    sort_keys={
        "left": lambda source, row: row.ends_at,
        "state": lambda source, row: row.state,
        "agent": lambda source, row: row.agent_name,
        "covers": lambda source, row: lifts(row),
        "uses": lambda source, row: row.uses_left,
        "by": lambda source, row: row.requested_by,
        "kind": lambda source, row: row.kind,
    },
    ticks=lambda row: row.state in ("active", "scheduled"),
    empty="No grant is running, scheduled or asked for.",
    hint="e on an agent's row grants it elevated access for a while.",
)
