"""Words and spans that several views share: chains, rights, exposure, budgets. Pure; imported by `tui.present` only."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from console.tui.present.cells import bar, countdown, day_and_instant, figure, instant, percent
from console.tui.present.look import Sign
from console.tui.present.spans import Line, Span, Spans, Tone
from console.tui.present.times import STYLE, told
from console.tui.rows import LeaseRow, RightRow, moment

if TYPE_CHECKING:
    from console.model.rights import Right

S = TypeVar("S")

REVOCABILITY = {
    "instant": ("at once", Tone.OK),
    "at-next-check": ("at the next check", Tone.WARN),
    "at-expiry-only": ("at expiry only", Tone.WARN),
    "unknown": ("unknown", Tone.DANGER),
}


def text(words: str) -> Span:
    """What decides."""
    return Span(words)


def strong(words: str) -> Span:
    """What decides most."""
    return Span(words, strong=True)


def muted(words: str) -> Span:
    """What explains."""
    return Span(words, Tone.MUTED)


def kept(words: str) -> Span:
    """Muted words that stay on one line."""
    return Span(words, Tone.MUTED, whole=True)


def dim(words: str) -> Span:
    """What may be skipped."""
    return Span(words, Tone.DIM)


def to(door: str, *spans: Span) -> Spans:
    """The spans as a door to the rows behind them: see `Span.door`."""
    return tuple(replace(span, door=door) for span in spans)


def said(label: str, *spans: Span) -> Line:
    """A labelled line."""
    return Line(spans, label=label)


def under(*spans: Span) -> Line:
    """A line that hangs under the value above it."""
    return Line(spans, hang=True)


BLANK = Line()


def sign_of(signs: Mapping[Any, Sign], state: str) -> Sign:
    """The sign of a state; a state of a newer plane is shown as its own word."""
    return signs.get(state) or Sign("?", state, Tone.WARN)


def plural(count: int, one: str, many: str = "") -> str:
    """`1 lease`, `2 leases`."""
    return f"{figure(count)} {one if count == 1 else many or one + 's'}"


def chain(names: Iterable[str], on_behalf_of: str) -> Spans:
    """On whose behalf, through whom: `maya → planner-1 → executor-2`, the last one bright."""
    spans: list[Span] = [text(on_behalf_of)]
    agents = list(names)
    for number, name in enumerate(agents):
        spans += [dim(" → "), Span(name, Tone.DELEGATION, strong=number == len(agents) - 1)]
    return tuple(spans)


def right_words(right: "RightRow | Right") -> str:
    """A right in words."""
    return f"{', '.join(right.actions)} on {', '.join(right.resources)} up to {right.max_class}"


def clock(seconds: float | None, missing: str = "never") -> str:
    """The moment of the day of seconds since the epoch."""
    return missing if seconds is None else instant(moment(seconds))


def day_clock(seconds: float | None, missing: str = "never") -> str:
    """The moment with its day of seconds since the epoch."""
    return missing if seconds is None else day_and_instant(moment(seconds))


def ago(seconds: float | None, now: float, missing: str = "never") -> str:
    """How long ago: `00:42 ago`, or when where times are told as instants: `at 14:32:11Z`."""
    if seconds is None:
        return missing
    return f"at {told(seconds, now)}" if STYLE.absolute else f"{countdown(now - seconds)} ago"


def budget_tone(share: float) -> Tone:
    """How a share of a bound that is spent looks."""
    return Tone.DANGER if share >= 0.8 else Tone.WARN if share >= 0.5 else Tone.INFO


def budget(rows: int, most: int | None) -> Spans:
    """Rows read as a bar of what may be read, or as a figure where nothing bounds them."""
    if not most:
        return (strong(figure(rows)), muted(f" row{'' if rows == 1 else 's'}, no bound"))
    share = rows / most
    full, rest = bar(share)
    return (Span(full, budget_tone(share)), dim(rest), muted(f" {percent(share)} of {figure(most)} rows"))


def exposure(lease: LeaseRow, now: float) -> Spans:
    """In words, what is left of a lease that was taken back: confirmed, or until when it can still work."""
    until = lease.residual_exposure_at
    match lease.state:
        case "revoked":
            return (
                Span("✓ confirmed dead", Tone.OK, whole=True),
                muted(f" at {clock(lease.ended_at or until, 'an unknown time')}"),
            )
        case "expired" | "failed":
            return (muted(f"can no longer work, since {clock(lease.ended_at or lease.expires_at)}"),)
        case "revoking" | "irrevocable" if until is None:
            return (Span("nobody can say until when it works", Tone.DANGER, strong=True),)
        case "revoking" | "irrevocable" if until is not None and until <= now:
            return (muted(f"its last moment has passed, at {clock(until)}; not confirmed yet"),)
        case "revoking" | "irrevocable" if until is not None:
            return (Span(f"dies at {clock(until)}", Tone.WARN, strong=True), muted(f", in {countdown(until - now)}"))
        case "abandoned":
            return (Span("no longer tracked; it may still work", Tone.DANGER, strong=True),)
    return after_revocation(lease, now)


def works_until(lease: LeaseRow, now: float) -> float | None:
    """Until when a lease that is revoked now can still work; None where nobody can say."""
    if lease.revocability == "unknown":
        return None
    end = lease.expires_at + lease.skew_seconds
    return min(end, now + lease.cache_seconds) if lease.check == "introspect" else end


def after_revocation(lease: LeaseRow, now: float) -> Spans:
    """In words, what a revocation now would leave: nothing, or access until an instant."""
    words, tone = REVOCABILITY.get(lease.revocability, REVOCABILITY["unknown"])
    end = works_until(lease, now)
    if end is None:
        return (Span(words, tone), muted("   revoked now, nobody can say until when it still works"))
    if end <= now:
        return (Span(f"● {words}", tone, whole=True), muted("   revoked now, it is refused at its next use"))
    return (Span(f"● {words}", tone, whole=True), muted("   revoked now, it still works until "), strong(clock(end)))
