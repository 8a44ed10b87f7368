"""Views over what is fetched and not mirrored: audit records, policies, frameworks. Rows in, cells and sentences out."""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from console.model.audit import AuditRecord
from console.model.bundles import BundleView, Finding, PolicyView
from console.model.frameworks import ControlRow, FrameworkSummary, MeasureView, SeedReference, SeedRowView, Verdict
from console.tui.present.cells import Align, Cell, Column, day_and_instant, figure, instant, short_digest, short_id
from console.tui.present.inert import inert_prose
from console.tui.present.look import BUNDLE, Sign
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.words import BLANK, muted, plural, said, sign_of, strong, text, under

T = TypeVar("T")

SEVERITY = {
    "error": Sign("✗", "error", Tone.DANGER, strong=True),
    "warning": Sign("▲", "warning", Tone.WARN),
    "note": Sign("·", "note", Tone.MUTED),
}
CONTROL = {
    "supported": Sign("✓", "supported", Tone.OK),
    "gap": Sign("✗", "gap", Tone.DANGER),
    "no_data": Sign("○", "no data", Tone.WARN),
    "out_of_scope": Sign("·", "out of scope", Tone.DIM),
}


@dataclass(slots=True)
class FetchedRows(Generic[T]):
    """What a table is fed with from a list: `keys` in the list's order."""

    items: Mapping[str, T]
    make: Callable[[T], tuple[Cell, ...]]
    keys: Sequence[str] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        self.keys = self.keys or tuple(self.items)

    def version(self, key: str) -> Hashable:
        """Fetched things do not change. Raises KeyError for one that is not there."""
        return id(self.items[key])

    def cells(self, key: str) -> Sequence[Cell]:
        """The cells of an item. Raises KeyError for one that is not there."""
        return self.make(self.items[key])


AUDIT_COLUMNS = (
    Column("seq", "SEQ", 9, align=Align.RIGHT),
    Column("at", "AT", 9),
    Column("kind", "KIND", 20, flexible=True, most=26),
    Column("by", "BY", 14, flexible=True, most=28),
    Column("about", "ABOUT", 20, flexible=True, most=60),
    Column("id", "ID", 7, priority=1),
    Column("task", "TASK", 7, priority=2),
)


def audit_rows(records: Sequence[AuditRecord]) -> FetchedRows[AuditRecord]:
    """Records, newest first."""
    newest = sorted(records, key=lambda record: record.seq, reverse=True)
    return FetchedRows({str(record.seq): record for record in newest}, audit_cells)


def _entity(record: AuditRecord) -> dict[str, object]:
    entity = record.body.get("entity")
    return dict(entity) if isinstance(entity, dict) else {}


def about(record: AuditRecord) -> str:
    """What a record is about, in a few words."""
    entity = _entity(record)
    ask = entity.get("ask")
    known = ask if isinstance(ask, dict) else entity
    words = [entity.get("outcome"), known.get("action"), known.get("resource")]
    named = " ".join(str(word) for word in words if word)
    return named or str(entity.get("name") or entity.get("agent_name") or entity.get("target_name") or record.object)


def audit_cells(record: AuditRecord) -> tuple[Cell, ...]:
    """One record."""
    tone = Tone.DANGER if record.kind in ("identity.rejected", "agent.contained", "lease.irrevocable") else Tone.TEXT
    return (
        Cell(figure(record.seq), Tone.MUTED),
        Cell(instant(record.at), Tone.MUTED),
        Cell(record.kind, tone),
        Cell(record.actor.name or record.actor.id),
        Cell(about(record)),
        Cell(short_id(record.object_id), Tone.MUTED),
        Cell(short_id(record.task_id) if record.task_id else "-", Tone.MUTED),
    )


def audit_detail(record: AuditRecord) -> tuple[Line, ...]:
    """The whole record, as it stands in the log."""
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
        lines.append(said("TASK", text(record.task_id)))
    lines += [
        said("TEXT", text(f"{name} {short_digest(one)}"), muted("   kept apart; it can be erased"))
        for name, one in record.texts.items()
    ]
    body = inert_prose(json.dumps(record.body, indent=2, ensure_ascii=False)).text
    return (*lines, BLANK, Line((Span("RECORD", Tone.BRASS),)), *(Line((muted(one),), quoted=True) for one in body.split("\n")))


POLICY_COLUMNS = (
    Column("policy", "POLICY", 26, flexible=True, most=48),
    Column("effect", "EFFECT", 8),
    Column("approval", "LIFTED BY", 18, flexible=True, most=40),
    Column("reason", "IN WORDS", 22, flexible=True, most=80, priority=1),
    Column("file", "FILE", 18, priority=2),
)


def policy_rows(view: BundleView) -> FetchedRows[PolicyView]:
    """The policies of a bundle, in its order."""
    return FetchedRows({policy.policy_id: policy for policy in view.policies}, policy_cells)


def policy_cells(policy: PolicyView) -> tuple[Cell, ...]:
    """One policy. A forbid without an approval can be lifted by nobody, and says so."""
    nobody = "nobody" if policy.effect == "forbid" else "-"
    return (
        Cell(policy.policy_id),
        Cell(policy.effect, Tone.DANGER if policy.effect == "forbid" else Tone.OK),
        Cell(policy.approval or ("a grant" if policy.grantable else nobody), Tone.WARN if policy.approval else Tone.MUTED),
        Cell(policy.reason, Tone.MUTED),
        Cell(policy.file, Tone.DIM),
    )


def policy_detail(policy: PolicyView) -> tuple[Line, ...]:
    """A policy in words, then as it is written."""
    lines = [
        Line((strong(policy.policy_id), muted(f"   {policy.effect} in {policy.file}"))),
        Line((text(policy.reason),)),
        BLANK,
    ]
    if policy.approval:
        lines.append(said("LIFTED BY", text(policy.approval)))
    if policy.grantable:
        lines.append(said("GRANTABLE", text("a grant may link this template")))
    if policy.controls:
        lines.append(said("CONTROLS", text(", ".join(policy.controls))))
    return (*lines, *(Line((muted(one),), quoted=True) for one in inert_prose(policy.text).text.split("\n")))


def bundle_detail(view: BundleView) -> tuple[Line, ...]:
    """The published bundle: revision, digest, tests, findings and files."""
    bundle = view.bundle
    tests = Span(
        f"{view.tests_passed} of {view.tests_total} pass", Tone.OK if view.tests_passed == view.tests_total else Tone.DANGER
    )
    published = day_and_instant(bundle.published_at) if bundle.published_at else "never"
    lines = [
        Line((strong(bundle.name), muted(f"   r{bundle.revision}  digest {short_digest(bundle.digest)}"))),
        BLANK,
        said("STATE", sign_of(BUNDLE, str(bundle.state)).span(), muted(f"   published {published} by {bundle.author}")),
        said("POLICIES", strong(figure(len(view.policies))), muted(f" in {plural(len(bundle.files), 'file')}")),
        said("TESTS", tests if view.tests_total else Span("none", Tone.WARN)),
        said("FINDINGS", strong(figure(len(bundle.findings)))),
    ]
    return (*lines, *(line for finding in bundle.findings for line in finding_lines(finding)))


def finding_lines(finding: Finding) -> tuple[Line, ...]:
    """A finding: how bad, where, what, and what to do."""
    where = finding.file + (f":{finding.line}" if finding.line else "")
    said_there = under(SEVERITY[finding.severity].span(), text(f"  {finding.text}"), muted(f"  {where}"))
    return (said_there, under(muted(finding.fix))) if finding.fix else (said_there,)


FRAMEWORK_COLUMNS = (
    Column("framework", "FRAMEWORK", 42, flexible=True, most=64),
    Column("version", "VERSION", 11, priority=1),
    Column("supported", "SUPPORTED", 9, align=Align.RIGHT),
    Column("gaps", "GAPS", 5, align=Align.RIGHT),
    Column("no_data", "NO DATA", 7, align=Align.RIGHT),
    Column("out", "OUT OF SCOPE", 12, priority=2, align=Align.RIGHT),
)


def framework_rows(items: Sequence[FrameworkSummary]) -> FetchedRows[FrameworkSummary]:
    """The frameworks, in the catalogue's order."""
    return FetchedRows({item.id: item for item in items}, framework_cells)


def framework_cells(item: FrameworkSummary) -> tuple[Cell, ...]:
    """One framework, its controls counted by state."""
    return (
        Cell(item.title),
        Cell(item.version, Tone.MUTED),
        Cell(f"{item.supported} of {item.controls}", Tone.OK if item.supported else Tone.MUTED),
        Cell(figure(item.gaps), Tone.DANGER if item.gaps else Tone.MUTED),
        Cell(figure(item.no_data), Tone.WARN if item.no_data else Tone.MUTED),
        Cell(figure(item.out_of_scope), Tone.DIM),
    )


def seed_cells(row: SeedRowView) -> tuple[Cell, ...]:
    """One of the rows that the product was asked for, as it was asked: its headline measures counted by verdict."""
    met = sum(one.verdict is Verdict.MET for one in row.headline)
    missed = sum(one.verdict is Verdict.MISSED for one in row.headline)
    blind = sum(one.value is None or one.n == 0 for one in row.headline)
    return (
        Cell(f"“{row.framework}”  {row.reference}", Tone.DELEGATION),
        Cell("as asked", Tone.MUTED),
        Cell(f"{met} of {len(row.headline)}", Tone.OK if met else Tone.MUTED),
        Cell(figure(missed), Tone.DANGER if missed else Tone.MUTED),
        Cell(figure(blind), Tone.WARN if blind else Tone.MUTED),
        Cell("-", Tone.DIM),
    )


def seed_detail(row: SeedRowView) -> tuple[Line, ...]:
    """A row as it was asked, then the ids that hold, why, and its headline measures."""
    lines = [
        Line((muted("asked for as "), strong(f"{row.framework} {row.reference}"))),
        Line((text(row.claim),)),
        BLANK,
        said("REFERENCE", Span(row.verdict, Tone.WARN)),
        *(under(muted(why)) for why in row.why),
    ]
    for label, references in (("HOLDS", row.primary), ("ALSO", row.also), ("NOT THIS", row.not_this)):
        lines += [Line(_reference(one), label="" if at else label, hang=bool(at)) for at, one in enumerate(references)]
    for at, measure in enumerate(row.headline):
        lines.append(Line(_measured(measure), label="" if at else "MEASURES", hang=bool(at)))
        if measure.reason or measure.caution:
            lines.append(under(muted(measure.reason or measure.caution)))
    return tuple(lines)


def _reference(one: SeedReference) -> tuple[Span, ...]:
    sign = sign_of(CONTROL, str(one.state).replace("-", "_").replace(" ", "_"))
    local = muted("  an id of ours") if one.id_is_local else muted("")
    return (strong(f"{one.control}  "), text(f"{one.title}  "), sign.span(), muted(f"  {one.framework_title}"), local)


CONTROL_COLUMNS = (
    Column("control", "CONTROL", 12, flexible=True, most=20),
    Column("title", "TITLE", 24, flexible=True, most=64),
    Column("state", "STATE", 14),
    Column("evidence", "EVIDENCE", 8, priority=1, align=Align.RIGHT),
    Column("n", "N", 7, priority=2, align=Align.RIGHT),
    Column("fresh", "NEWEST", 9, priority=3),
    Column("relevance", "RELEVANCE", 9, priority=4),
)


def control_rows(rows: Sequence[ControlRow]) -> FetchedRows[ControlRow]:
    """A framework's controls, in its order."""
    return FetchedRows({row.control: row for row in rows}, control_cells)


def control_cells(row: ControlRow) -> tuple[Cell, ...]:
    """One control and its evidence."""
    return (
        Cell(row.control),
        Cell(row.title),
        sign_of(CONTROL, str(row.state).replace("-", "_").replace(" ", "_")).cell(1),
        Cell(f"{row.measured} of {row.of}"),
        Cell(figure(row.n)),
        Cell(instant(row.newest_at) if row.newest_at else "-", Tone.MUTED),
        Cell(row.relevance, Tone.MUTED),
    )


def control_detail(row: ControlRow) -> tuple[Line, ...]:
    """What a control says, what supports it, and what is not evidenced."""
    sign = sign_of(CONTROL, str(row.state).replace("-", "_").replace(" ", "_"))
    lines = [Line((strong(row.control), text(f"  {row.title}"))), Line((muted(row.summary),)), BLANK]
    lines.append(said("STATE", sign.span(), muted(f"   {row.text}")))
    for number, measure in enumerate(row.evidence):
        lines.append(Line(_measured(measure), label="" if number else "EVIDENCE", hang=bool(number)))
        if measure.reason or measure.caution:
            lines.append(under(muted(measure.reason or measure.caution)))
    if row.counter_examples:
        lines.append(said("AGAINST IT", Span(", ".join(row.counter_examples[:8]), Tone.DANGER)))
    if row.not_evidenced:
        lines.append(said("NOT SHOWN", muted(row.not_evidenced)))
    return tuple(lines)


def _measured(measure: MeasureView) -> tuple[Span, ...]:
    if measure.value is None or measure.n == 0:
        return (text(measure.title), Span("  no data", Tone.WARN))
    of = (
        f" ({figure(measure.numerator)} of {figure(measure.n)})"
        if measure.numerator is not None
        else f" (n {figure(measure.n)})"
    )
    return (text(f"{measure.title}  "), strong(f"{measure.value:g} {measure.unit}"), muted(f"{of} at {instant(measure.as_of)}"))
