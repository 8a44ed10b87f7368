"""The lines of the sheets that confirm an act: what would go with a containment, and how far it has come.

Pure; imported by `tui.ui` only.
"""

from console.model.locks import ContainmentPreview, ContainmentTally
from console.tui.present.cells import bar, countdown, figure, instant
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.words import BLANK, REVOCABILITY, muted, plural, said, strong, text, under


def contain_lines(preview: ContainmentPreview, now: float) -> tuple[Line, ...]:
    """What containing an agent takes with it, and what stays usable for how long."""
    name = Span(preview.agent_name, Tone.DANGER, strong=True)
    lines = [Line((text("Contain "), name, *([Span("  a critical agent", Tone.DANGER)] if preview.critical else [])))]
    lines.append(Line((muted("From the moment it returns, no decision, lease, renewal or introspection of it succeeds."),)))
    lines.append(BLANK)
    lines.append(
        said("TASKS", strong(figure(preview.tasks)), muted(f" end, and {plural(preview.delegated_tasks, 'delegated task')}"))
    )
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
        lines.append(
            under(
                muted("at "), text(", ".join(f"{issuer} {count}" for issuer, count in sorted(preview.leases_by_issuer.items())))
            )
        )
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
                muted(f", {left} from now, where a token is not asked about"),
            )
        )
    elif preview.leases_by_revocability.get("unknown"):
        lines.append(said("EXPOSURE", Span("of some leases nobody can say until when they work", Tone.DANGER, strong=True)))
    elif preview.leases:
        lines.append(said("EXPOSURE", Span("none is expected: every lease is asked about at its next use", Tone.OK)))
    return tuple(lines)


def tally_lines(tally: ContainmentTally, now: float) -> tuple[Line, ...]:
    """How far a containment has come. *Done* only when every lease is confirmed dead."""
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
    lines = [Line(head), BLANK]
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
            left = tally.last_exposure_at.timestamp() - now
            lines.append(
                said(
                    "EXPOSURE",
                    text(f"the last one dies at {instant(tally.last_exposure_at)}"),
                    muted(f", in {countdown(left)}"),
                )
            )
    lines.extend(
        said(receipt.step.upper(), strong(figure(receipt.count)), muted(f"  {receipt.text}  {instant(receipt.at)}"))
        for receipt in tally.lock.receipts
    )
    return tuple(lines)
