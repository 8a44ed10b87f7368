"""The lines of the sheets that confirm an act: what would go with a containment, and how far it has come.

Pure; imported by `tui.ui` only.
"""

from collections.abc import Sequence

from console.model.locks import ContainmentPreview, ContainmentTally
from console.tui.present.cells import bar, countdown, figure, instant
from console.tui.present.look import LEASE
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.words import (
    BLANK,
    REVOCABILITY,
    clock,
    exposure,
    muted,
    plural,
    said,
    sign_of,
    strong,
    text,
    under,
)
from console.tui.rows import LeaseRow


def contain_lines(preview: ContainmentPreview, now: float) -> tuple[Line, ...]:
    """What containing an agent takes with it, and what stays usable for how long."""
    name = Span(preview.agent_name, Tone.DANGER, strong=True)
    lines = [Line((text("Contain "), name, *([Span("  a critical agent", Tone.DANGER)] if preview.critical else [])))]
    lines.append(Line((muted("Once the plane answers, no decision, lease, renewal or introspection for it succeeds."),)))
    lines.append(BLANK)
    delegated = f", and {plural(preview.delegated_tasks, 'delegated task')}" if preview.delegated_tasks else ""
    lines.append(said("TASKS", strong(figure(preview.tasks)), muted(f" end{delegated}")))
    if preview.delegates:
        lines.append(
            said(
                "DELEGATES",
                Span(", ".join(preview.delegates), Tone.DELEGATION),
                muted("   their tasks for it, not they themselves"),
            )
        )
    lines.append(said("LEASES", strong(figure(preview.leases)), muted(" are revoked")))
    if preview.leases_by_issuer:
        issuers = (f"{issuer} {count}" for issuer, count in sorted(preview.leases_by_issuer.items()))
        lines.append(under(muted("by issuer "), text(", ".join(issuers))))
    for kind, count in sorted(preview.leases_by_revocability.items()):
        words, tone = REVOCABILITY.get(kind, REVOCABILITY["unknown"])
        lines.append(under(strong(figure(count)), Span(f" {words}", tone)))
    lines.append(said("APPROVALS", strong(figure(preview.approvals)), muted(" become void")))
    lines.append(said("GRANTS", strong(figure(preview.grants)), muted(" end")))
    if preview.people_waiting:
        lines.append(said("WAITING", text(", ".join(preview.people_waiting)), muted("   work on their behalf stops")))
    until = preview.residual_exposure_at
    if until is not None and until.timestamp() >= now + 1:
        left = countdown(until.timestamp() - now)
        lines.append(
            said(
                "EXPOSURE",
                Span(f"until {instant(until)}", Tone.WARN, strong=True),
                muted(f", {left} from now, where a use is not checked before"),
            )
        )
    elif preview.leases_by_revocability.get("unknown"):
        lines.append(said("EXPOSURE", Span("of some leases nobody can say until when they work", Tone.DANGER, strong=True)))
    elif preview.leases:
        lines.append(said("EXPOSURE", Span("none is expected: every lease is asked about at its next use", Tone.OK)))
    return tuple(lines)


def tally_lines(
    tally: ContainmentTally, now: float, items: Sequence[LeaseRow] = (), known_at: float | None = None
) -> tuple[Line, ...]:
    """How far a containment has come, and lease by lease. *Done* only when every lease is confirmed dead.

    `known_at` is the instant as of which this is known, where the plane has not answered since.
    """
    dead = tally.confirmed + tally.expired
    full, rest = bar(dead / tally.leases if tally.leases else 1.0, 20)
    name = tally.lock.target_name or tally.lock.target_id
    if tally.done:
        head = (Span("✓ done", Tone.OK, strong=True, whole=True), text(f"  {name} is contained; every lease is confirmed dead"))
    elif tally.irrevocable:
        head = (
            Span("▲▲ not done", Tone.DANGER, strong=True, whole=True),
            text(f"  {name} is contained; {plural(tally.irrevocable, 'lease')} stuck"),
        )
    else:
        head = (
            Span("◆ revoking…", Tone.WARN, strong=True, whole=True),
            text(f"  {name} is contained; {plural(tally.revoking, 'lease')} not confirmed yet"),
        )
    lines = [Line(head)]
    if known_at is not None:
        silent = f"The plane has not answered since {clock(known_at)}: this is as of then, and more may be dead by now."
        lines.append(Line((Span(f"▲ UNKNOWN  {silent}", Tone.WARN, strong=True),)))
    lines.append(BLANK)
    lines.append(
        said(
            "LEASES", Span(full, Tone.OK), Span(rest, Tone.DIM), strong(f" {dead} of {tally.leases}"), muted(" confirmed dead")
        )
    )
    lines.append(under(muted("revoked "), text(figure(tally.confirmed)), muted("   expired "), text(figure(tally.expired))))
    lines.append(
        under(
            muted("revoking "),
            text(figure(tally.revoking)),
            muted("   stuck "),
            Span(figure(tally.irrevocable), Tone.DANGER if tally.irrevocable else Tone.TEXT),
        )
    )
    if not tally.done:
        if tally.last_exposure_at is None:
            lines.append(said("EXPOSURE", Span("nobody can say until when the rest works", Tone.DANGER)))
        else:
            left, at = tally.last_exposure_at.timestamp() - now, instant(tally.last_exposure_at)
            words = (text(f"the last one dies at {at}"), strong(f", in {countdown(left)}"))
            passed = (text(f"the last moment has passed, at {at}"), muted("; only confirmations are missing"))
            lines.append(said("EXPOSURE", *(words if left > 0 else passed)))
    lines.extend(
        said(receipt.step.upper(), *_counted(receipt.count, receipt.text), muted(f"  {instant(receipt.at)}"))
        for receipt in tally.lock.receipts
    )
    return (*lines, *_items(items, now))


def _items(items: Sequence[LeaseRow], now: float) -> list[Line]:
    """One line a lease, those first that are not dead."""
    if not items:
        return []
    ordered = sorted(items, key=lambda row: (_PRESSING.get(row.state, 9), row.residual_exposure_at or row.expires_at, row.id))
    lines = [BLANK, Line((Span("LEASE BY LEASE", Tone.BRASS, strong=True),))]
    for row in ordered[:ITEMS]:
        sign = sign_of(LEASE, row.state)
        lines.append(
            Line(
                (
                    Span(f"{sign.glyph:<2} {sign.word:<11}  ", sign.tone, strong=sign.strong, whole=True),
                    text(f"{row.action} {row.resource}"),
                    muted(f"  {row.agent_name}  "),
                    *exposure(row, now),
                ),
                indent=16,
            )
        )
    if len(ordered) > ITEMS:
        lines.append(Line((muted(f"and {figure(len(ordered) - ITEMS)} more; the leases show each"),)))
    return lines


_PRESSING = {"irrevocable": 0, "abandoned": 1, "active": 2, "pending": 2, "revoking": 3}
ITEMS = 40
"""So many leases are told one by one."""


def _counted(count: int, words: str) -> tuple[Span, ...]:
    """What a step did, its figure bright and told once."""
    first, _, rest = words.partition(" ")
    return (strong(first), muted(f" {rest}")) if first.isdigit() else (strong(figure(count)), muted(f"  {words}"))
