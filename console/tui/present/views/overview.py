"""The Overview: the pulse of the plane in figures, each computed from the mirror. Pure; imported by `tui.ui` only."""

from collections import Counter
from collections.abc import Iterable

from console.tui.present.cells import countdown, figure, percent, span_of_time, sparkline
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views.view import Source
from console.tui.present.words import BLANK, REVOCABILITY, clock, muted, plural, said, strong, text, under

PULSE_SECONDS = 60
SOON = 900.0


def overview(source: Source, now: float) -> tuple[Line, ...]:
    """Decisions, tasks, leases, waits, expiries, what is stuck or contained, policy, and standing privilege."""
    live = [row for state in ("pending", "active") for row in source.leases.of("state", state)]
    waiting = source.approvals.of("state", "pending")
    stuck = source.leases.count("state", "irrevocable")
    contained = [row.name for row in source.agents.of("state", "contained")]
    oldest = max((now - row.requested_at for row in waiting), default=None)
    soon = sum(row.expires_at - now < SOON for row in live)
    published = max(source.bundles.of("state", "published"), key=lambda row: row.revision, default=None)
    standing = [
        row
        for row in source.agents.rows.values()
        if any("*" in right.actions or "*" in right.resources for right in row.entitlement)
    ]
    lines = [*_decisions(source, now), BLANK]
    lines.append(said("TASKS", strong(figure(source.tasks.count("state", "running"))), muted(" running")))
    lines.append(said("LEASES", strong(figure(len(live))), muted(f" live, {figure(soon)} expire within {span_of_time(SOON)}")))
    lines += (
        [
            under(muted("by issuer "), text(_counted(row.issuer for row in live))),
            under(muted("by class "), text(_counted(row.data_class for row in live))),
        ]
        if live
        else []
    )
    lines.append(
        said(
            "APPROVALS",
            strong(figure(len(waiting))),
            muted(" wait" if oldest is None else f" wait, the oldest for {countdown(oldest)}"),
        )
    )
    lines.append(BLANK)
    lines.append(
        said(
            "STUCK",
            Span(plural(stuck, "revocation"), Tone.DANGER if stuck else Tone.OK),
            muted("" if stuck else ": every one is confirmed or on its way"),
        )
    )
    lines.append(said("CONTAINED", Span(", ".join(contained), Tone.DANGER) if contained else muted("no agent")))
    if published is None:
        lines.append(said("POLICY", Span("none is published; everything is denied", Tone.DANGER)))
    else:
        lines.append(
            said(
                "POLICY",
                strong(f"r{published.revision}"),
                muted(f" published {clock(published.published_at)}, {plural(published.findings, 'finding')}"),
            )
        )
    names = ", ".join(row.name for row in standing[:6])
    lines.append(
        said(
            "STANDING",
            Span(f"{plural(len(standing), 'agent')} without a bound: {names}", Tone.WARN)
            if standing
            else muted("no agent may ask for everything"),
        )
    )
    late = sum(row.revocability == "at-expiry-only" for row in live)
    lines.append(
        said(
            "REVOCABLE",
            text(figure(len(live) - late)),
            muted(f" of {plural(len(live), 'lease')} before expiry"),
            muted(f"; the others {REVOCABILITY['at-expiry-only'][0]}" if late else ""),
        )
    )
    return tuple(lines)


def _decisions(source: Source, now: float) -> list[Line]:
    last = int(now)
    seconds = [source.pulse.get(second, (0, 0, 0)) for second in range(last - PULSE_SECONDS, last)]
    allowed, denied, escalated = (sum(one[number] for one in seconds) for number in range(3))
    total = allowed + denied + escalated
    spans = [strong(f"{total / PULSE_SECONDS:.1f}"), muted(" a second over the last minute")]
    lines = [said("DECISIONS", *spans)]
    if total:
        shares = (text(f"denied {percent(denied / total)}"), muted("   "), text(f"escalated {percent(escalated / total)}"))
        lines.append(under(*shares))
        lines.append(under(Span(sparkline([sum(one) for one in seconds], PULSE_SECONDS), Tone.INFO)))
    return lines


def _counted(values: Iterable[str]) -> str:
    return "   ".join(f"{value} {figure(count)}" for value, count in Counter(values).most_common(6))
