"""The queue of stuck revocations, under `tab` in the Leases view: since when, tries, last error, what to do by hand."""

from operator import attrgetter
from typing import Any

from console.model.filter_fields import fields_for
from console.model.filters import with_getters
from console.tui.present.cells import Align, Cell, Column, countdown
from console.tui.present.look import CLASS
from console.tui.present.spans import Tone
from console.tui.present.views import leases
from console.tui.present.views.view import Source, View
from console.tui.present.words import sign_of
from console.tui.rows import LeaseRow

COLUMNS = (
    Column("left", "DIES IN", 7, align=Align.RIGHT, ticking=True),
    Column("since", "STUCK", 5, align=Align.RIGHT, ticking=True),
    Column("agent", "AGENT", 12, flexible=True, most=24),
    Column("scope", "SCOPE", 18, flexible=True, most=44),
    Column("tries", "TRIES", 5, align=Align.RIGHT, priority=1),
    Column("step", "BY HAND", 20, flexible=True, most=80),
    Column("class", "CLASS", 15, priority=3),
    Column("error", "LAST ERROR", 16, priority=2, flexible=True, most=40),
    Column("issuer", "ISSUER", 8, priority=4),
)


def cells(source: Source, row: LeaseRow, now: float) -> tuple[Cell, ...]:
    """One stuck lease. Where nobody can say when it dies, it says so."""
    until = row.residual_exposure_at
    left = "unknown" if until is None else "passed" if until <= now else countdown(until - now)
    since = row.revoke_requested_at
    return (
        Cell(left, Tone.MUTED if left == "passed" else Tone.DANGER, strong=left != "passed"),
        Cell("-" if since is None else countdown(now - since), Tone.WARN),
        Cell(row.agent_name),
        Cell(f"{row.action} {row.resource}"),
        Cell(str(row.attempts)),
        Cell(leases.manual_step(row), Tone.DANGER),
        sign_of(CLASS, row.data_class).cell(),
        Cell(row.last_error or "-", Tone.MUTED),
        Cell(row.issuer, Tone.MUTED),
    )


def order(row: LeaseRow, now: float) -> Any:
    """Those of which nobody knows until when they work, then those that work longest."""
    until = row.residual_exposure_at
    return (until is not None, -(until or 0.0), row.id)


VIEW: View[LeaseRow] = View(
    name="stuck",
    title="Stuck",
    columns=COLUMNS,
    fields=with_getters(fields_for("leases"), {"audience": attrgetter("audience")}),
    book=lambda source: source.leases,
    cells=cells,
    detail=leases.detail,
    order=order,
    shown=lambda row, now: row.state == "irrevocable",
    sort_keys={
        "left": lambda source, row: row.residual_exposure_at,
        "since": lambda source, row: row.revoke_requested_at,
        "agent": lambda source, row: row.agent_name,
        "tries": lambda source, row: row.attempts,
        "issuer": lambda source, row: row.issuer,
    },
    empty="No revocation is stuck.",
    hint="Every one is confirmed or on its way.",
)
