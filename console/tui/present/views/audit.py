"""The audit log in words: a record, what it changed, its hash and the proof of it, and how the log stands."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from console.tui.present.cells import Align, Cell, Column, day_and_instant, figure, instant, short_digest, short_id
from console.tui.present.inert import inert, inert_prose
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views.fetched import FetchedRows
from console.tui.present.words import BLANK, dim, muted, said, strong, text, under

if TYPE_CHECKING:
    from console.model.audit import AuditRecord, Checkpoints

MOST_CHANGES = 24
_LONGEST = 60
_DANGER = frozenset({"identity.rejected", "agent.contained", "lease.irrevocable", "lock.placed"})

AUDIT_COLUMNS = (
    Column("seq", "SEQ", 9, align=Align.RIGHT),
    Column("at", "AT", 9),
    Column("kind", "KIND", 20, flexible=True, most=26),
    Column("by", "BY", 14, flexible=True, most=28),
    Column("about", "ABOUT", 20, flexible=True, most=60),
    Column("id", "ID", 7, priority=1),
    Column("task", "TASK", 7, priority=2),
)


def audit_rows(records: "Sequence[AuditRecord]") -> "FetchedRows[AuditRecord]":
    """Records, newest first."""
    newest = sorted(records, key=lambda record: record.seq, reverse=True)
    return FetchedRows({str(record.seq): record for record in newest}, audit_cells)


def entity_of(record: "AuditRecord") -> dict[str, Any]:
    """The entity as it was after the record; empty where it changed none."""
    entity = record.body.get("entity")
    return dict(entity) if isinstance(entity, dict) else {}


def about(record: "AuditRecord") -> str:
    """What a record is about, in a few words."""
    entity = entity_of(record)
    ask = entity.get("ask")
    known = ask if isinstance(ask, dict) else entity
    words = [entity.get("outcome"), known.get("action"), known.get("resource")]
    named = " ".join(str(word) for word in words if word)
    own = entity.get("name") or entity.get("agent_name") or entity.get("target_name") or entity.get("control")
    return named or str(own or record.object)


def audit_cells(record: "AuditRecord") -> tuple[Cell, ...]:
    """One record."""
    return (
        Cell(figure(record.seq), Tone.MUTED),
        Cell(instant(record.at), Tone.MUTED),
        Cell(record.kind, Tone.DANGER if record.kind in _DANGER else Tone.TEXT),
        Cell(record.actor.name or record.actor.id),
        Cell(about(record)),
        Cell(short_id(record.object_id), Tone.MUTED),
        Cell(short_id(record.task_id) if record.task_id else "-", Tone.MUTED),
    )


def audit_detail(
    record: "AuditRecord",
    leaf: str = "",
    before: "AuditRecord | str | None" = "",
    proof: tuple[Line, ...] = (),
    state: tuple[Line, ...] = (),
) -> tuple[Line, ...]:
    """A record, what it changed, its hash, its proof where one was asked for, how the log stands, and the whole record.

    `before` is the record of the version before this one, None where there is none, or a word on why it is not known.
    """
    lines = [
        Line((strong(record.kind), muted(f"   record {figure(record.seq)}"))),
        BLANK,
        said("AT", text(day_and_instant(record.at))),
        said("BY", text(record.actor.name or record.actor.id), muted(f"   {record.actor.kind} {record.actor.id}")),
        said("ABOUT", text(about(record)), muted(f"   {record.object} {record.object_id}")),
    ]
    if record.agent_id:
        lines.append(said("AGENT", text(record.agent_id)))
    if record.task_id:
        lines.append(said("TASK", text(record.task_id), muted("   J tells its joined story")))
    lines += [
        said("TEXT", text(f"{name} {short_digest(one)}"), muted("   kept apart; it can be erased"))
        for name, one in record.texts.items()
    ]
    lines += changed_lines(record, before)
    if leaf:
        lines.append(said("HASH", dim(leaf)))
    lines += proof or (said("PROOF", muted("V proves this record against the last checkpoint")),)
    lines += state
    body = inert_prose(json.dumps(record.body, indent=2, ensure_ascii=False)).text
    return (*lines, BLANK, Line((Span("RECORD", Tone.BRASS),)), *(Line((muted(one),), quoted=True) for one in body.split("\n")))


def changed_lines(record: "AuditRecord", before: "AuditRecord | str | None") -> list[Line]:
    """What a record changed of its object, field by field."""
    entity = entity_of(record)
    if not entity:
        return [said("CHANGED", muted("no entity: this is a record on its own"))]
    if isinstance(before, str):
        return [said("CHANGED", muted(before or "reading the version before…"))]
    if before is None:
        return [said("CHANGED", muted(f"the first record of this {record.object}"))]
    changes = entity_changes(entity_of(before), entity)
    if not changes:
        return [said("CHANGED", muted(f"nothing, since record {figure(before.seq)}"))]
    lines: list[Line] = []
    for number, (path, old, new) in enumerate(changes[:MOST_CHANGES]):
        spans = (muted(f"{path}  "), Span(old, Tone.DANGER if old != "-" else Tone.DIM), dim(" → "), Span(new, Tone.OK))
        lines.append(Line(spans, label="" if number else "CHANGED", hang=bool(number), indent=2))
    if len(changes) > MOST_CHANGES:
        lines.append(under(muted(f"and {len(changes) - MOST_CHANGES} more fields")))
    lines.append(under(dim(f"since record {figure(before.seq)}")))
    return lines


def entity_changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[tuple[str, str, str]]:
    """The fields that differ, with their values before and after; `-` is absent. The version is no change by itself."""
    found: list[tuple[str, str, str]] = []
    for name in dict.fromkeys((*before, *after)):
        here = f"{path}.{name}" if path else str(name)
        old, new = before.get(name), after.get(name)
        if old == new or here == "version":
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found += entity_changes(old, new, here)
        else:
            found.append((inert(here).text, _plain(old), _plain(new)))
    return found


def _plain(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "-"
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return inert(words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…").text


def log_state(checkpoints: "Checkpoints | None", held: int, *, beginning: bool) -> tuple[Line, ...]:
    """How the log stands: its size, its last signed head, and how much of it is held here."""
    shown = f"{figure(held)} held here{', back to its beginning' if beginning else '; older ones come as you go down'}"
    if checkpoints is None:
        return (said("LOG", muted(shown)),)
    lines = [said("LOG", strong(figure(checkpoints.size)), text(" records"), muted(f"   {shown}"))]
    if not checkpoints.items:
        lines.append(said("SIGNED", Span("▲ never yet: no checkpoint covers any record", Tone.WARN)))
        return tuple(lines)
    last = checkpoints.items[0]
    since = checkpoints.size - last.size
    lines.append(
        said(
            "SIGNED",
            Span(f"✓ up to {figure(last.size)}", Tone.OK, whole=True),
            muted(f" at {day_and_instant(last.at)}, key {last.key_id[:8]}…; {figure(since)} since"),
        )
    )
    return tuple(lines)
