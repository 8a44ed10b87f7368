"""The status strip: what an operator must know at every moment, in words, and what leaves first where there is no room.

Also the words for tables that have nothing to show. Pure; imported by `tui.ui` only.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.tui.present.cells import countdown, figure, instant, sentence, span_of_time
from console.tui.present.look import CONNECTION
from console.tui.present.spans import Piece, Span, Spans, Tone
from console.tui.rows import moment

if TYPE_CHECKING:
    from console.tui.present.views.view import Source

_SHORT = {"production": "PROD", "staging": "STAGE", "development": "DEV"}
"""Where there is little room, so that the operator's name still has some."""
COLOURS = {"red": Tone.DANGER, "amber": Tone.WARN, "green": Tone.OK, "blue": Tone.INFO, "grey": Tone.MUTED}
"""The tones of a profile's colours."""
_NOT_KNOWN = Span("\u2013", Tone.MUTED)


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What the strip tells, taken from the session, the connection and the mirror at one instant. Spans in seconds."""

    environment: str
    operator: str
    mode: str
    connection: str
    sign_in_left: float | None = None
    armed_left: float = 0.0
    silent: float = 0.0
    approvals: int = 0
    critical: int = 0
    leases: int = 0
    next_expiry: float | None = None
    stuck: int = 0
    revision: int | None = None
    production: bool = True
    loaded: bool = True
    """Whether the mirror has been told anything; until then no figure is known, and none is made up."""


def mirror_facts(source: "Source", now: float) -> dict[str, int | float | None]:
    """The figures of the strip that come from the mirror; hand them to `StatusFacts`."""
    waiting = source.approvals.of("state", "pending")
    published = source.bundles.of("state", "published")
    soonest = source.next_expiry()
    return {
        "approvals": len(waiting),
        "critical": sum(row.risk_level == "critical" for row in waiting),
        "leases": source.leases.count("state", "pending", "active"),
        "next_expiry": None if soonest is None else max(0.0, soonest - now),
        "stuck": source.leases.count("state", "irrevocable"),
        "revision": max((row.revision for row in published), default=None),
    }


def status_pieces(facts: StatusFacts) -> tuple[Piece, ...]:
    """The strip, left to right. The mode and the connection never leave; the environment and what waits leave last."""
    left = "" if facts.sign_in_left is None else f" {_sign_in(facts.sign_in_left)}"
    soon = facts.sign_in_left is not None and facts.sign_in_left < 300
    pieces = [
        _environment(facts),
        Piece((Span(facts.operator), Span(left, Tone.WARN if soon else Tone.MUTED)), 6),
        Piece((_mode(facts), *_how_to_arm(facts)), 0, name="arm", short=(_mode(facts),)),
        Piece((_connection(facts),), 0),
        Piece(_approvals(facts, whole=True), 2, name="approvals", short=_approvals(facts)),
        Piece(_leases(facts, whole=True), 4, name="leases", short=_leases(facts)),
        Piece((Span("stuck ", Tone.MUTED), _stuck(facts)), 3, name="stuck"),
        Piece(
            (*((Span("policy ", Tone.MUTED),) if facts.revision is not None or not facts.loaded else ()), _revision(facts)),
            5,
            name="policies",
            short=(_revision(facts),),
        ),
    ]
    return tuple(pieces)


def strip_pieces(facts: StatusFacts, colour: str, now: float) -> list[Piece]:
    """The whole strip: the environment as a block in the profile's colour, and the clock (seconds since the epoch)."""
    pieces = list(status_pieces(facts))
    tone, first = COLOURS[colour], pieces[0]
    pieces[0] = replace(first, spans=_toned(first.spans, tone), short=_toned(first.short, tone))
    pieces.append(Piece((Span(instant(moment(now)), Tone.MUTED),), 9, right=True))
    return pieces


def _toned(spans: Spans, tone: Tone) -> Spans:
    return tuple(replace(span, tone=tone) for span in spans)


def _sign_in(left: float) -> str:
    """How long the sign-in lasts: whole minutes, and whole hours while there are some."""
    unit = 3600 if left >= 3600 else 60
    return span_of_time(left // unit * unit) if left >= unit else "ends"


def _environment(facts: StatusFacts) -> Piece:
    tone = Tone.DANGER if facts.production else Tone.INFO
    short = _SHORT.get(facts.environment, facts.environment)
    whole, fewer = (Span(f" {name} ", tone, strong=True, fill=True) for name in (facts.environment, short))
    return Piece((whole,), 1, short=(fewer,))


def _stuck(facts: StatusFacts) -> Span:
    if not facts.loaded:
        return _NOT_KNOWN
    return Span(str(facts.stuck), Tone.DANGER if facts.stuck else Tone.TEXT, strong=bool(facts.stuck))


def _revision(facts: StatusFacts) -> Span:
    if not facts.loaded:
        return Span("r\u2013", Tone.MUTED)
    known = facts.revision is not None
    return Span(f"r{facts.revision}" if known else "no policy", Tone.TEXT if known else Tone.DANGER)


def _how_to_arm(facts: StatusFacts) -> tuple[Span, ...]:
    return (Span(" ! to arm", Tone.MUTED),) if facts.mode == "SAFE" else ()


def _mode(facts: StatusFacts) -> Span:
    if facts.mode == "ARMED":
        return Span(f"ARMED {countdown(facts.armed_left)}", Tone.DANGER, strong=True)
    return Span(facts.mode, Tone.INFO if facts.mode == "READ-ONLY" else Tone.WARN, strong=True)


def _connection(facts: StatusFacts) -> Span:
    sign = CONNECTION[facts.connection]
    since = f" {int(facts.silent)}s" if facts.connection == "stale" else ""
    return Span(f"{sign.glyph} {sign.word}{since}", sign.tone, sign.strong)


def _approvals(facts: StatusFacts, *, whole: bool = False) -> tuple[Span, ...]:
    word = "approvals " if whole else "appr "
    if not facts.loaded:
        return (Span(word, Tone.MUTED), _NOT_KNOWN)
    spans = (Span(word, Tone.MUTED), Span(figure(facts.approvals), strong=bool(facts.approvals)))
    critical = f" ({facts.critical} critical)" if whole else f" ({facts.critical}!)"
    return (*spans, Span(critical, Tone.DANGER, strong=True)) if facts.critical else spans


def _leases(facts: StatusFacts, *, whole: bool = False) -> tuple[Span, ...]:
    if not facts.loaded:
        return (Span("leases ", Tone.MUTED), _NOT_KNOWN)
    spans = (Span("leases ", Tone.MUTED), Span(figure(facts.leases), strong=True))
    if facts.next_expiry is None:
        return spans
    soon = countdown(facts.next_expiry)
    return (*spans, Span(f" next {soon}" if whole else f" ({soon})", Tone.MUTED))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a view's rows stand: `condition` is a word of the table's own, `words` and `hint` are for the operator."""

    condition: str
    words: str = ""
    hint: str = ""


def standing(
    connection: str, *, loaded: bool, shown: int, filtered: bool, empty: str, hint: str, silent: float = 0.0, problem: str = ""
) -> Standing:
    """Loading, failed, stale, nothing matches, empty and ready are six different things, and none looks like another."""
    if not loaded:
        if connection == "offline":
            return Standing(
                "failed",
                sentence(
                    problem if problem.startswith("The plane") else f"The plane could not be reached: {problem or 'no answer'}"
                ),
                "Trying again by itself; leasehold doctor looks into it.",
            )
        return Standing("loading", "No data yet: connecting to the plane.", "")
    if connection != "live":
        what = (
            sentence(f"Offline: {problem or 'no answer from the plane'}")
            if connection == "offline"
            else f"Stale for {int(silent)} s."
        )
        return Standing("stale", f"{what} This is what was last known.", "Taking power away works.")
    if not shown and filtered:
        return Standing("nothing-matches", "Nothing matches the filter.", "esc clears it.")
    return Standing("ready") if shown else Standing("empty", empty, hint)
