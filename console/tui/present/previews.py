"""What a review or a grant would come to, in lines: shown while a form is filled in, and again on the sheet before it is sent.

Pure; imported by `tui.ui` only.
"""

from typing import TYPE_CHECKING

from console.tui.present.cells import countdown, figure, instant, short_digest, span_of_time
from console.tui.present.look import OUTCOME, RISK
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views.card import quorum_words
from console.tui.present.words import dim, muted, plural, said, sign_of, strong, text, under

if TYPE_CHECKING:
    from console.model.approvals import Approval
    from console.model.decisions import Risk
    from console.model.reviewing import Access, GrantPreview, ReviewPreview

_LISTED = 4


def review_lines(preview: "ReviewPreview", shown: "Approval") -> tuple[Line, ...]:
    """What the narrowed request would be decided, beside the request as it was shown."""
    outcome = str(preview.outcome)
    sign = sign_of(OUTCOME, outcome)
    same = preview.digest == shown.digest
    if outcome == "allow":
        words = "nobody else must agree: your review lets it through"
    elif outcome == "escalate":
        then = "as it was asked for" if same else "earlier reviews are cleared, yours stands"
        words = f"needs {quorum_words(preview.quorum)}; {then}"
    else:
        words = preview.text
    lines = [said("OUTCOME", sign.span(), muted(f"  {words}"))]
    before = {reason.policy_id for reason in shown.blocking}
    after = {reason.policy_id for reason in preview.blocking}
    gone, kept, new = sorted(before - after), sorted(before & after), sorted(after - before)
    ways = [Span(f"✓ {name}", Tone.OK, whole=True) for name in gone]
    ways += [Span(f"◆ {name}", Tone.WARN, whole=True) for name in kept]
    ways += [Span(f"▲ {name}", Tone.DANGER, whole=True) for name in new]
    if ways and outcome != "deny":
        spread = [span for one in ways for span in (one, text("  "))]
        lines.append(said("IN THE WAY", *spread, dim("✓ no longer") if gone else dim("")))
    lines.append(said("RISK", *_risk(preview.risk, shown.risk)))
    ask = preview.ask
    bounds = [span_of_time(ask.seconds)] if ask.seconds is not None else ["no time named"]
    bounds += [plural(ask.uses, "use")] if ask.uses is not None else []
    bounds += [f"at most {plural(ask.rows, 'row')}"] if ask.rows is not None else []
    most = f"   policy allows {span_of_time(preview.max_ttl_seconds)}" if preview.max_ttl_seconds is not None else ""
    lines.append(said("FOR", strong(", ".join(bounds)), muted(most)))
    after_it = (muted("unchanged: nothing is narrower yet"),) if same else (muted("→ "), text(short_digest(preview.digest)))
    lines.append(said("DIGEST", muted(f"{short_digest(shown.digest)} "), *after_it))
    lines += [said("CHANGED", Span(change, Tone.WARN)) for change in preview.drift]
    return tuple(lines)


def review_refusal(preview: "ReviewPreview", shown: "Approval") -> str:
    """Why a narrowed review would not be counted, or nothing."""
    if (preview.shown_digest, preview.shown_revision) != (shown.digest, shown.revision):
        return "the request has changed since it was shown"
    if preview.drift:
        return f"the request has changed: {'; '.join(preview.drift)}"
    return f"it would be denied: {preview.text}" if str(preview.outcome) == "deny" else ""


def grant_lines(preview: "GrantPreview", now: float) -> tuple[Line, ...]:
    """What a grant would come to: whether it is given at once, what it opens, what it lifts, for how long."""
    if preview.given_at_once:
        head = (Span("● given at once", Tone.OK, strong=True, whole=True), muted("  your act is all it needs"))
    else:
        yours = "your act is the first review" if preview.own_act_counts else f"your act does not count: {preview.why_not}"
        head = (
            Span("◆ asked for", Tone.WARN, strong=True, whole=True),
            muted(f"  needs {quorum_words(preview.quorum)}; {yours}"),
        )
    lines = [said("OUTCOME", *head)]
    if preview.review_due_at is not None:
        due = countdown(preview.review_due_at.timestamp() - now)
        words = f"by {instant(preview.review_due_at)}, in {due}; an open finding until then"
        lines.append(said("AFTERWARDS", Span("another person must review it", Tone.DANGER), muted(f" {words}")))
    lines += _opens(preview)
    for number, reason in enumerate(preview.covers):
        lines.append(
            Line((strong(reason.policy_id), muted(f"  {reason.text}")), label="" if number else "LIFTS", hang=bool(number))
        )
    seconds = (preview.ends_at - preview.starts_at).total_seconds()
    until = f"   {instant(preview.starts_at)} to {instant(preview.ends_at)}, at most {span_of_time(preview.most_seconds)}"
    lines.append(said("FOR", strong(span_of_time(seconds)), muted(until)))
    lines.append(said("ADDS", *_growth(preview.access.of, preview.access.now, preview.access.then)))
    lines.append(said("RISK", *_risk(preview.risk)))
    return tuple(lines)


def _opens(preview: "GrantPreview") -> list[Line]:
    if not preview.asked:
        return [said("OPENS", muted("nothing can be asked: no task of it runs that this would reach"))]
    if not preview.opens:
        return [said("OPENS", muted(f"nothing new now, of {plural(preview.asked, 'action')} asked about"))]
    lines = []
    for number, one in enumerate(preview.opens[:_LISTED]):
        before, after = sign_of(OUTCOME, str(one.before)), sign_of(OUTCOME, str(one.after))
        spans = (strong(f"{one.action} {one.resource}"), muted(f"  {before.word} → "), after.span())
        lines.append(Line(spans, label="" if number else "OPENS", hang=bool(number)))
    if len(preview.opens) > _LISTED:
        lines.append(under(muted(f"and {len(preview.opens) - _LISTED} more")))
    return lines


def _growth(of: str, now: "Access", then: "Access") -> list[Span]:
    """Access before and after in one line."""
    pairs = ((of, now.held, then.held), ("actions", now.actions, then.actions), ("resources", now.resources, then.resources))
    spans: list[Span] = []
    for name, before, after in pairs:
        if not before and not after:
            continue
        spans += [muted("   ")] if spans else []
        spans += [muted(f"{name} {figure(before)} → "), Span(figure(after), Tone.WARN if after > before else Tone.TEXT)]
    return spans


def _risk(risk: "Risk", before: "Risk | None" = None) -> list[Span]:
    sign = sign_of(RISK, str(risk.level))
    spans = [Span(f"{sign.glyph} {risk.score}", sign.tone, strong=True, whole=True), muted(f" {sign.word}")]
    if before is not None and before.score != risk.score:
        spans.append(muted(f", was {before.score}"))
    return spans
