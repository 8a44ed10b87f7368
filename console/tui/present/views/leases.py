"""The Leases view: what credentials live, until when, and of those taken back, until when they can still work."""

from operator import attrgetter
from typing import Any

from console.model.filter_fields import fields_for
from console.model.filters import with_getters
from console.tui.present import times
from console.tui.present.cells import Align, Cell, Column, bar, countdown, figure, short_id, span_of_time
from console.tui.present.look import CLASS, LEASE, RISK
from console.tui.present.spans import Line, Span, Tone, plain
from console.tui.present.views.view import Source, View
from console.tui.present.words import (
    BLANK,
    REVOCABILITY,
    after_revocation,
    ago,
    budget_tone,
    chain,
    clock,
    dim,
    exposure,
    kept,
    muted,
    plural,
    said,
    sign_of,
    strong,
    text,
    under,
)
from console.tui.rows import LIVE_LEASES, UNSETTLED_LEASES, LeaseRow

_ORDER = {"irrevocable": 0, "revoking": 1, "active": 2, "pending": 3}
ENDED_SHOWN = 120.0
"""Seconds for which an ended lease stays in the unfiltered view."""

COLUMNS = (
    Column("left", "LEFT", 5, align=Align.RIGHT, ticking=True),
    Column("state", "STATE", 14),
    Column("agent", "AGENT", 15, flexible=True, most=24, ample=21),
    Column("scope", "SCOPE", 28, flexible=True, most=56, ample=44),
    Column("class", "CLASS", 15, priority=2),
    Column("revocable", "REVOCABLE", 17, priority=3),
    Column("task", "TASK", 7, priority=4),
    Column("uses", "USES", 6, priority=5, align=Align.RIGHT),
    Column("rows", "ROWS", 7, priority=6, align=Align.RIGHT),
    Column("issuer", "ISSUER", 10, priority=7),
    Column("exposure", "EXPOSURE", 28, priority=1, flexible=True, most=40, ticking=True),
)


def cells(source: Source, row: LeaseRow, now: float) -> tuple[Cell, ...]:
    """One lease. A lease that was taken back counts down to what is left of it."""
    live = row.state in LIVE_LEASES
    until = row.expires_at if live else row.residual_exposure_at if row.state in ("revoking", "irrevocable") else None
    left = None if until is None else until - now
    tone = Tone.MUTED if left is None else Tone.WARN if left < 30 else Tone.TEXT
    words, revocable = REVOCABILITY.get(row.revocability, REVOCABILITY["unknown"])
    return (
        Cell("-" if until is None else times.until(until, now), tone),
        sign_of(LEASE, row.state).cell(),
        Cell(row.agent_name),
        Cell(f"{row.action} {row.resource}"),
        sign_of(CLASS, row.data_class).cell(),
        Cell(words, revocable),
        Cell(short_id(row.task_id), Tone.MUTED),
        Cell(f"{row.uses}/{row.max_uses}" if row.max_uses else figure(row.uses)),
        Cell(figure(row.rows)),
        Cell(row.issuer, Tone.MUTED),
        Cell("" if live else plain(exposure(row, now)), Tone.WARN if row.state in _ORDER else Tone.MUTED),
    )


def order(row: LeaseRow, now: float) -> Any:
    """Stuck first, then what is being taken back, then what lives by its expiry, then what has ended, newest first."""
    rank = _ORDER.get(row.state, 9)
    return (min(rank, 2) if rank < 9 else 9, row.expires_at if rank < 9 else -(row.ended_at or row.expires_at), row.id)


def detail(source: Source, row: LeaseRow, now: float) -> tuple[Line, ...]:
    """What it is, whose it is, how it can be taken back and what that would leave, and what it was used for."""
    task = source.tasks.get(row.task_id)
    agents = task.agents if task is not None else (row.agent_name,)
    risk = sign_of(RISK, row.risk_level)
    lines = [
        Line((strong(f"{row.action} {row.resource}"), muted(" in "), text(row.environment), muted(f" at {row.audience}"))),
        Line((muted("on behalf of "), *chain(agents, row.on_behalf_of), muted("   "), kept(f"task {short_id(row.task_id)}"))),
        BLANK,
        said("STATE", sign_of(LEASE, row.state).span(), muted(f"  issued {ago(row.requested_at, now)} by {row.issuer}")),
    ]
    if row.state in LIVE_LEASES:
        span = muted(
            f"  at {clock(row.expires_at)}; renewable until {clock(row.max_expires_at)}, renewed {plural(row.renewals, 'time')}"
        )
        lines += [
            said("EXPIRES", strong(countdown(row.expires_at - now)), span),
            said("REVOCABLE", *after_revocation(row, now)),
        ]
    else:
        lines.append(said("EXPOSURE", *exposure(row, now)))
        if row.revoke_requested_at is not None:
            why = f": {row.revoke_reason}" if row.revoke_reason else ""
            lines.append(
                said("REVOKED BY", text(row.revoked_by or "the plane"), muted(f" at {clock(row.revoke_requested_at)}{why}"))
            )
    if row.state in ("revoking", "irrevocable"):
        lines += trouble(row, now)
    checks = f"introspects, caching for {span_of_time(row.cache_seconds)}" if row.check == "introspect" else "verifies offline"
    lines += [
        said("CHECKED", text(f"{row.audience} {checks}"), muted(f", skew {span_of_time(row.skew_seconds)}")),
        said("CLASS", sign_of(CLASS, row.data_class).span(), muted("   risk "), risk.span()),
        said("USED", *_of(row.uses, row.max_uses, "use"), muted(f"   last {ago(row.last_used_at, now)}")),
        said("ROWS", *_of(row.rows, row.max_rows, "row")),
        said("DECISION", Span(short_id(row.decision_id), door=f"audit id:{row.decision_id}"), *_lifted(row)),
        said(
            "AGENT",
            Span(row.agent_name, Tone.DELEGATION, door=f"agents @{row.agent_id}"),
            muted("   task "),
            Span(short_id(row.task_id), door=f"tasks @{row.task_id}"),
        ),
    ]
    if task is not None and task.state != "running":
        lines.append(under(Span("its task has ended; the plane revokes it by itself", Tone.WARN)))
    return tuple(lines)


def trouble(row: LeaseRow, now: float) -> list[Line]:
    """Of a lease that is being taken back: tries, last error, next try; of a stuck one what it means and what to do."""
    since = f"   since {clock(row.revoke_requested_at)}, {ago(row.revoke_requested_at, now)}" if row.revoke_requested_at else ""
    following = (
        f"   the next in {countdown(row.next_attempt_at - now)}" if row.next_attempt_at else "   no further one by itself"
    )
    lines = [said("TRIES", strong(str(row.attempts)), muted(f"{since}{following}"))]
    if row.last_error:
        lines.append(said("LAST ERROR", Span(row.last_error, Tone.WARN)))
    if row.state != "irrevocable":
        return lines
    until = row.residual_exposure_at
    while_ = "for nobody knows how long" if until is None else f"until {clock(until)}"
    means = f"whoever holds it may still {row.action} {row.resource} {while_}"
    if until is not None and until <= now:
        means = f"its last moment has passed at {clock(until)}; only the confirmation is missing"
    return [
        *lines,
        said("IT MEANS", Span(means, Tone.DANGER)),
        said("MANUAL STEP", Span(manual_step(row), Tone.DANGER, strong=True)),
        said(
            "THEN",
            Span("R", Tone.BRASS, strong=True, door="!retry"),
            muted(" asks the issuer again; it is dead when that says so"),
        ),
    ]


def manual_step(row: LeaseRow) -> str:
    """What a person can do where an issuer does not confirm, in words for its kind."""
    if row.issuer != "tokens":
        return f"at {row.issuer}, take away what it holds under the reference {row.id}"
    if row.check == "offline":
        return f"at {row.audience}, refuse the token with the jti {row.id}: it is not asked about before it expires"
    return f"see that {row.audience} asks about tokens again: it may answer from a cache of {span_of_time(row.cache_seconds)}"


def _of(count: int, most: int | None, one: str) -> tuple[Span, ...]:
    """A count as a bar of the most, or by itself where nothing bounds it."""
    if not most:
        return (strong(figure(count)), muted(f" {one if count == 1 else one + 's'}, no bound"))
    share = count / most
    full, rest = bar(share)
    return (Span(full, budget_tone(share)), dim(rest), strong(f" {figure(count)}"), muted(f" of {figure(most)} {one}s"))


def _lifted(row: LeaseRow) -> tuple[Span, ...]:
    spans: list[Span] = []
    if row.approval_id:
        spans += [muted("   approval "), Span(short_id(row.approval_id), door=f"approvals @{row.approval_id}")]
    for one in row.grant_ids:
        spans += [muted("   grant "), Span(short_id(one), door=f"grants @{one}")]
    return tuple(spans)


VIEW: View[LeaseRow] = View(
    name="leases",
    title="Leases",
    columns=COLUMNS,
    fields=with_getters(fields_for("leases"), {"audience": attrgetter("audience")}),
    book=lambda source: source.leases,
    cells=cells,
    detail=detail,
    order=order,
    shown=lambda row, now: row.state in UNSETTLED_LEASES or (row.ended_at or row.expires_at) > now - ENDED_SHOWN,
    sort_keys={
        "left": lambda source, row: row.expires_at,
        "state": lambda source, row: row.state,
        "agent": lambda source, row: row.agent_name,
        "scope": lambda source, row: (row.action, row.resource),
        "class": lambda source, row: tuple(map(str, CLASS)).index(row.data_class) if row.data_class in CLASS else None,
        "revocable": lambda source, row: row.revocability,
        "task": lambda source, row: row.task_id,
        "uses": lambda source, row: row.uses,
        "rows": lambda source, row: row.rows,
        "issuer": lambda source, row: row.issuer,
        "exposure": lambda source, row: row.residual_exposure_at,
    },
    ticks=lambda row: row.state in UNSETTLED_LEASES,
    empty="No agent holds a lease.",
    hint="A lease appears when the broker issues one, and leaves when it has ended.",
)
