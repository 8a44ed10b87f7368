"""The joined story of a chain as one timeline: what was decided, approved, issued, read, sent and taken back, and by whom.

Audit records in, lines out. Pure; imported by `tui.ui` only.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from console.tui.present.cells import countdown, figure, instant
from console.tui.present.look import OUTCOME
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.words import muted, plural, sign_of, strong, text

if TYPE_CHECKING:
    from console.tui.present.views.view import Source
    from console.tui.rows import ChainEntry

_WORD = 9
_LONG = 60.0
"""Nothing happened for so many seconds: worth a look."""
_KINDS: dict[str, tuple[str, str, Tone]] = {
    "task.opened": ("○", "opened", Tone.INFO),
    "task.delegated": ("→", "delegated", Tone.DELEGATION),
    "task.completed": ("✓", "completed", Tone.MUTED),
    "task.failed": ("✗", "failed", Tone.DANGER),
    "task.cancelled": ("○", "stopped", Tone.MUTED),
    "task.expired": ("·", "fell silent", Tone.WARN),
    "task.contained": ("■", "contained", Tone.DANGER),
    "lease.pending": ("○", "lease asked", Tone.MUTED),
    "lease.active": ("●", "lease", Tone.OK),
    "lease.failed": ("✗", "no lease", Tone.DANGER),
    "lease.renewed": ("●", "renewed", Tone.OK),
    "lease.revoking": ("◆", "revoking", Tone.WARN),
    "lease.revoked": ("✓", "revoked", Tone.MUTED),
    "lease.irrevocable": ("▲▲", "stuck", Tone.DANGER),
    "lease.expired": ("·", "expired", Tone.DIM),
    "lease.abandoned": ("✗", "abandoned", Tone.DANGER),
    "approval.requested": ("◆", "asks a person", Tone.WARN),
    "approval.reviewed": ("✓", "reviewed", Tone.OK),
    "approval.revised": ("◆", "revised", Tone.WARN),
    "approval.approved": ("✓", "approved", Tone.OK),
    "approval.rejected": ("✗", "rejected", Tone.DANGER),
    "approval.expired": ("·", "lapsed", Tone.WARN),
    "approval.void": ("✗", "void", Tone.MUTED),
    "approval.cancelled": ("○", "withdrawn", Tone.MUTED),
    "approval.consumed": ("●", "used", Tone.OK),
    "grant.requested": ("◆", "grant asked", Tone.WARN),
    "grant.active": ("●", "granted", Tone.OK),
    "grant.revoked": ("✓", "grant ended", Tone.MUTED),
    "lock.placed": ("■", "locked", Tone.DANGER),
    "lock.released": ("○", "released", Tone.INFO),
}
_VIEWS = {"lease": "leases", "approval": "approvals", "task": "tasks", "grant": "grants"}


def story(
    records: "Sequence[ChainEntry]", source: "Source", *, newest_first: bool = True, earlier: bool = False
) -> tuple[Line, ...]:
    """The entries of a chain, delegates' among them: when, how long after the one before, who, what, and why.

    `earlier` says that the log holds entries before these. A lease that came is told once, not asked for and issued.
    """
    ordered = sorted(records, key=lambda one: one.seq)
    came = {one.object_id for one in ordered if one.kind == "lease.active"}
    told = [one for one in ordered if not (one.kind == "lease.pending" and one.object_id in came)]
    tasks = len({one.task_id for one in told if one.task_id})
    length = (told[-1].at - told[0].at).total_seconds() if told else 0.0
    words = f"   {plural(len(told), 'entry', 'entries')} of {plural(tasks, 'task')} in {countdown(length)}"
    head = Line((Span("STORY", Tone.BRASS, strong=True), muted(words + (", newest first" if newest_first else ""))))
    lines = [
        _entry(record, (record.at - told[at - 1].at).total_seconds() if at else 0.0, _name(source, record))
        for at, record in enumerate(told)
    ]
    more = Line((Span("↓ ", Tone.BRASS, door="!before"), Span("earlier entries: b fetches them", Tone.MUTED, door="!before")))
    if newest_first:
        lines.reverse()
        return (head, *lines, *((more,) if earlier else ()))
    return (head, *((more,) if earlier else ()), *lines)


def _name(source: "Source", record: "ChainEntry") -> str:
    """The agent whose entry it is."""
    agent = source.agents.get(record.agent_id) if record.agent_id else None
    task = source.tasks.get(record.task_id) if record.task_id else None
    return agent.name if agent is not None else task.agent_name if task is not None else ""


def _entry(record: "ChainEntry", gap: float, agent: str) -> Line:
    entity = record.body.get("entity")
    known: dict[str, Any] = dict(entity) if isinstance(entity, dict) else {}
    glyph, word, tone = _said(record, known)
    spans = [
        muted(f"{instant(record.at)}  "),
        Span(f"{glyph:<2} {word:<{_WORD}}", tone, strong=tone in (Tone.DANGER, Tone.WARN), whole=True, door=_door(record)),
        *((Span(f"  {agent}", Tone.DELEGATION),) if agent else ()),
        *_about(record, known),
        *((Span(f"  after {countdown(gap)}", Tone.WARN if gap >= _LONG else Tone.DIM),) if gap >= 1 else ()),
    ]
    return Line(tuple(spans), indent=16 + _WORD)


def _said(record: "ChainEntry", entity: dict[str, Any]) -> tuple[str, str, Tone]:
    if record.kind == "decision.made":
        sign = sign_of(OUTCOME, str(entity.get("outcome", "")))
        return sign.glyph, sign.word, sign.tone
    if record.kind == "task.observed":
        seen = record.body.get("observation")
        sent = isinstance(seen, dict) and seen.get("direction") == "sent"
        return ("↑", "sent", Tone.WARN) if sent else ("↓", "read", Tone.INFO)
    return _KINDS.get(record.kind, ("·", record.kind, Tone.MUTED))


def _door(record: "ChainEntry") -> str:
    view = _VIEWS.get(record.object)
    return f"{view} @{record.object_id}" if view else f"audit id:{record.object_id}"


def _about(record: "ChainEntry", entity: dict[str, Any]) -> tuple[Span, ...]:
    seen = record.body.get("observation")
    if isinstance(seen, dict):
        rows = seen.get("rows", 0)
        amount = f"{figure(rows)} row{'' if rows == 1 else 's'}" if isinstance(rows, int) else ""
        size = seen.get("size_bytes", 0)
        bytes_sent = f"  {figure(size)} bytes" if isinstance(size, int) and size else ""
        what = f"  {seen.get('resource', '')} "
        return (text(what), strong(amount), muted(f"  {seen.get('data_class') or ''}{bytes_sent}"), *_by(record))
    ask = entity.get("ask")
    subject = ask if isinstance(ask, dict) else entity
    words = [str(subject[name]) for name in ("action", "resource") if subject.get(name)]
    intent = entity.get("intent")
    if record.object == "task" and isinstance(intent, dict) and record.kind in ("task.opened", "task.delegated"):
        words = [str(intent.get("purpose", ""))]
    outcome = entity.get("outcome")
    # An allow explains itself by what was allowed; a refusal must say why.
    why = (
        (entity.get("text") if outcome != "allow" else "")
        if outcome
        else entity.get("revoke_reason") or entity.get("end_reason") or entity.get("release_reason") or ""
    )
    return (text(f"  {' '.join(words)}" if words else ""), muted(f"  {why}" if why else ""), *_by(record))


def _by(record: "ChainEntry") -> tuple[Span, ...]:
    """Who did it, where that is not the agent itself nor the plane as a matter of course."""
    kind = str(record.actor.kind)
    if kind in ("agent", "plane"):
        return ()
    return (muted("  by "), text(record.actor.name or record.actor.id))
