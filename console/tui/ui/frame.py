"""The frame around the tables: strip, view bar and key line, put together from what the world knows. Paints nothing."""

from collections.abc import Mapping, Sequence

from console.tui.present import status
from console.tui.present.bars import KeyHint, Tab
from console.tui.present.cells import countdown, figure, instant
from console.tui.present.spans import Line, Piece, Span, Spans, Tone
from console.tui.present.times import since
from console.tui.present.words import muted
from console.tui.rows import SignedHeads, moment
from console.tui.state.intents import LogEntry, Outcome
from console.tui.ui.actions import ACTIONS, VIEWS, Action
from console.tui.ui.keymap import key_word
from console.tui.ui.panes import Pane
from console.tui.ui.world import World

_TINY = ("contain", "help")
_CLOCK = 9
_SIGNED_LATE = 3600.0


def strip_pieces(world: World, heads: SignedHeads | None = None) -> list[Piece]:
    """The status strip. The environment is a filled block in the profile's colour; `heads` are the log's signed heads."""
    pieces = status.strip_pieces(world.facts(), world.options.colour, world.now())
    if world.signed_out:
        pieces.insert(1, Piece((Span("✗ SIGN-IN ENDED", Tone.DANGER, strong=True), muted(" leasehold login")), 0))
        del pieces[2]
    if world.mirror.loaded:
        pieces += [Piece(_audit(heads, world.now()), 10, right=True), Piece(_latency(world), 11, right=True)]
        # The clock stands at the very edge, whatever comes before it.
        pieces.sort(key=lambda piece: piece.right and piece.priority == _CLOCK)
    return pieces


def _audit(heads: SignedHeads | None, now: float) -> Spans:
    """Whether the log is signed, and how long ago it was."""
    if heads is None:
        return (muted("audit not read yet"),)
    newest = next(iter(heads.items), None)
    if newest is None:
        return (muted("audit "), Span("▲ unsigned", Tone.WARN))
    ago = now - newest.at.timestamp()
    tone = Tone.WARN if ago > _SIGNED_LATE else Tone.OK
    return (muted("audit "), Span("signed", tone), muted(f" {since(newest.at.timestamp(), now)}"))


def _latency(world: World) -> Spans:
    if world.answered_in is None:
        return (muted("no answer yet"),)
    return (muted("answers in "), Span(f"{world.answered_in * 1000:.0f} ms", Tone.WARN if world.answered_in > 1 else Tone.TEXT))


def tabs(world: World) -> list[Tab]:
    """The views, with counts where they count."""
    source = world.source
    counts = {
        "approvals": figure(source.approvals.count("state", "pending")),
        "tasks": figure(source.tasks.count("state", "running")),
        "leases": figure(source.leases.count("state", "pending", "active")),
        "agents": figure(len(source.agents)),
    }
    loaded = world.mirror.loaded
    return [
        Tab(name, digit, title, counts.get(name, "") if loaded else "", "Over" if name == "overview" else "")
        for name, digit, title in VIEWS
    ]


def beside(*, paused: bool, muted_bell: bool, marks: int, watched: int = 0) -> list[Piece]:
    """What stands at the right of the views: marks, what is watched, and what is not as usual."""
    pieces = []
    if watched:
        pieces.append(Piece((Span("◉ ", Tone.INFO), muted(f"{watched} watched")), 1))
    if marks:
        pieces.append(Piece((Span(f"{marks} marked", Tone.BRASS),), 0))
    if paused:
        pieces.append(Piece((Span("PAUSED", Tone.WARN, strong=True), muted(" p goes on")), 0))
    if muted_bell:
        pieces.append(Piece((muted("bell muted"),), 2))
    return pieces


def hints(world: World, pane: Pane, keys: Mapping[str, str], *, tiny: bool = False) -> list[KeyHint]:
    """The key line: what this view offers, dead keys dim."""
    offered = sorted((one for one in ACTIONS if one.rank and one.offered(pane.name)), key=lambda one: one.rank)
    offered = [one for one in offered if _fits(one, world, pane)]
    if tiny:
        offered = [one for one in offered if one.id in _TINY]
    left = world.undo_left()
    undo = [KeyHint("undo", key_word(keys.get("undo", "")), f"undo {countdown(left)}", keep=True)] if left else []
    return undo + [
        KeyHint(
            one.id,
            key_word(keys.get(one.id, "") or one.shown),
            _word(one, pane),
            enabled=not one.act or world.check(_act_of(one, pane)) is None,
            takes=one.takes,
            keep=one.keep or one.id == "contain",
        )
        for one in offered
    ]


def _fits(action: Action, world: World, pane: Pane) -> bool:
    """Whether there is anything here that the key could do. The key answers anyway."""
    if action.id == "filter":
        return pane.fields is not None or pane.name == "audit"
    if action.id in ("open", "copy"):
        return pane.table is not None
    if action.id not in ("release", "retry", "review-glass"):
        return True
    subject = pane.subject(pane.cursor)
    if subject is None:
        return False
    if action.id == "release":
        agent = world.source.agents.get(subject.agent_id)
        return agent is not None and agent.state == "contained"
    if action.id == "review-glass":
        given = world.source.grants.get(subject.id)
        return given is not None and given.review_due_at is not None and not given.reviewed_by
    lease = world.source.leases.get(subject.id)
    return lease is not None and lease.state == "irrevocable"


def _word(action: Action, pane: Pane) -> str:
    if action.id == "turn" and pane.name != "leases":
        return "stuck" if pane.name == "grants" else "leases"
    return "end" if action.id == "revoke" and pane.name == "grants" else action.word


def _act_of(action: Action, pane: Pane) -> str:
    return "grant.revoke" if action.id == "revoke" and pane.name == "grants" else action.act


_TONES = {
    Outcome.DONE: Tone.OK,
    Outcome.PARTLY: Tone.WARN,
    Outcome.UNKNOWN: Tone.WARN,
    Outcome.CONFLICT: Tone.DANGER,
    Outcome.REFUSED: Tone.DANGER,
}


def outcome_tone(outcome: Outcome) -> Tone:
    """How an outcome looks."""
    return _TONES[outcome]


def log_lines(entries: Sequence[LogEntry], newest_first: bool = True) -> tuple[Line, ...]:
    """What this console has sent: verb, path, request id, status, milliseconds."""
    head = Line((Span("SENT", Tone.BRASS, strong=True), muted("   by this console, newest first")))
    if not entries:
        return (head, Line((muted("nothing yet"),)))
    ordered = reversed(entries) if newest_first else entries
    return (head, *(Line(_entry(one), indent=11) for one in ordered))


def _entry(one: LogEntry) -> Spans:
    status = "no answer" if one.status is None else str(one.status)
    return (
        muted(f"{instant(moment(one.at))}  "),
        Span(f"{one.outcome:<9}", outcome_tone(one.outcome)),
        Span(f"{one.method} {one.path}"),
        muted(f"  {status}  {one.milliseconds:.0f} ms"),
        Span(f"  {one.request_id}" if one.request_id else "", Tone.DIM),
    )
