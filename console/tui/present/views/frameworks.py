"""Frameworks in words: the list, the controls of one, the figures of a control, and a figure's counter-examples."""

from typing import TYPE_CHECKING

from console.tui.present.cells import Align, Cell, Column, day_and_instant, figure, instant, short_digest, short_id
from console.tui.present.inert import inert
from console.tui.present.look import Sign
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.trend import trend_lines
from console.tui.present.words import BLANK, dim, muted, plural, said, sign_of, strong, text, under

if TYPE_CHECKING:
    from console.model.frameworks import (
        ControlRow,
        FrameworkSummary,
        FrameworkView,
        MeasureView,
        MetricView,
        SeedReference,
        SeedRowView,
    )

CONTROL = {
    "supported": Sign("✓", "supported", Tone.OK),
    "gap": Sign("✗", "gap", Tone.DANGER),
    "no data": Sign("○", "no data", Tone.WARN),
    "out of scope": Sign("·", "out of scope", Tone.DIM),
}
VERDICT = {
    "met": Sign("✓", "met", Tone.OK),
    "missed": Sign("✗", "missed", Tone.DANGER),
    "info": Sign("·", "info", Tone.MUTED),
    "no data": Sign("○", "no data", Tone.WARN),
}
_TARGETS = {"max": "at most", "min": "at least", "exact": "exactly"}
_KINDS = {
    "ls": "lease",
    "tk": "task",
    "ag": "agent",
    "ap": "approval",
    "gr": "grant",
    "dc": "decision",
    "lk": "lock",
    "pb": "bundle",
}

FRAMEWORK_COLUMNS = (
    Column("framework", "FRAMEWORK", 30, flexible=True, most=64),
    Column("version", "VERSION", 11, priority=2),
    Column("supported", "SUPPORTED", 9, align=Align.RIGHT),
    Column("gaps", "GAPS", 5, align=Align.RIGHT),
    Column("no_data", "NO DATA", 7, align=Align.RIGHT),
    Column("out", "OUT OF SCOPE", 12, priority=1, align=Align.RIGHT),
)


def framework_cells(item: "FrameworkSummary") -> tuple[Cell, ...]:
    """One framework, its controls counted by state."""
    return (
        Cell(item.title),
        Cell(item.version, Tone.MUTED),
        Cell(f"{item.supported} of {item.controls}", Tone.OK if item.supported else Tone.MUTED),
        Cell(figure(item.gaps), Tone.DANGER if item.gaps else Tone.MUTED),
        Cell(figure(item.no_data), Tone.WARN if item.no_data else Tone.MUTED),
        Cell(figure(item.out_of_scope), Tone.DIM),
    )


def framework_detail(item: "FrameworkSummary") -> tuple[Line, ...]:
    """One framework: who publishes it, and how its controls stand."""
    return (
        Line((strong(item.title), muted(f"   {item.version}"))),
        Line((muted(item.publisher),)),
        BLANK,
        said("SUPPORTED", strong(figure(item.supported)), muted(f" of {plural(item.controls, 'control')}")),
        said("GAPS", Span(figure(item.gaps), Tone.DANGER if item.gaps else Tone.TEXT, strong=True)),
        said("NO DATA", strong(figure(item.no_data)), muted("   nothing was observed, which is never a pass")),
        said("NOT OURS", strong(figure(item.out_of_scope)), muted("   out of scope of this product")),
        said("AS OF", text(day_and_instant(item.as_of))),
        said("SOURCE", muted(item.url)),
        *((said("IDS", muted("the ids are ours; the source numbers nothing")),) if item.ids_are_local else ()),
        BLANK,
        Line((muted("enter opens its controls   / state:gap filters them"),)),
    )


def seed_cells(row: "SeedRowView") -> tuple[Cell, ...]:
    """One of the rows that the product was asked for, as it was asked: its headline measures counted by verdict."""
    met = sum(one.verdict == "met" for one in row.headline)
    missed = sum(one.verdict == "missed" for one in row.headline)
    blind = sum(one.value is None or one.n == 0 for one in row.headline)
    return (
        Cell(f"“{row.framework}”  {row.reference}", Tone.DELEGATION),
        Cell("as asked", Tone.MUTED),
        Cell(f"{met} of {len(row.headline)}", Tone.OK if met else Tone.MUTED),
        Cell(figure(missed), Tone.DANGER if missed else Tone.MUTED),
        Cell(figure(blind), Tone.WARN if blind else Tone.MUTED),
        Cell("-", Tone.DIM),
    )


def seed_detail(row: "SeedRowView") -> tuple[Line, ...]:
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
        lines.append(Line(measured(measure), label="" if at else "MEASURES", hang=bool(at)))
        if measure.reason or measure.caution:
            lines.append(under(muted(measure.reason or measure.caution)))
    return tuple(lines)


def _reference(one: "SeedReference") -> tuple[Span, ...]:
    local = muted("  an id of ours") if one.id_is_local else muted("")
    sign = sign_of(CONTROL, str(one.state))
    return (strong(f"{one.control}  "), text(f"{one.title}  "), sign.span(), muted(f"  {one.framework_title}"), local)


CONTROL_COLUMNS = (
    Column("control", "CONTROL", 12, flexible=True, most=22),
    Column("title", "TITLE", 20, flexible=True, most=64),
    Column("state", "STATE", 14),
    Column("evidence", "EVIDENCE", 8, priority=2, align=Align.RIGHT),
    Column("reviewed", "REVIEWED", 15, priority=1),
    Column("n", "N", 7, priority=3, align=Align.RIGHT),
    Column("fresh", "NEWEST", 9, priority=4),
    Column("relevance", "RELEVANCE", 9, priority=5),
)


def control_cells(row: "ControlRow") -> tuple[Cell, ...]:
    """One control and its evidence."""
    return (
        Cell(row.control),
        Cell(row.title),
        sign_of(CONTROL, str(row.state)).cell(1),
        Cell(f"{row.measured} of {row.of}"),
        _reviewed_cell(row),
        Cell(figure(row.n)),
        Cell(instant(row.newest_at) if row.newest_at else "-", Tone.MUTED),
        Cell(row.relevance, Tone.MUTED),
    )


def _reviewed_cell(row: "ControlRow") -> Cell:
    if row.review is None:
        return Cell("-", Tone.DIM)
    if row.moved == "standing":
        return Cell("▲ changed since", Tone.WARN)
    return Cell(f"✓ {row.review.reviewer}", Tone.OK if not row.moved else Tone.MUTED)


def control_detail(row: "ControlRow") -> tuple[Line, ...]:
    """What a control says, what supports it, who reviewed it, and what is not evidenced."""
    local = muted("   an id of ours") if row.id_is_local else muted("")
    lines = [Line((strong(row.control), text(f"  {row.title}"), local)), Line((muted(row.summary),)), BLANK]
    lines.append(said("STATE", sign_of(CONTROL, str(row.state)).span(), muted(f"   {row.text}")))
    lines += review_lines(row)
    for number, measure in enumerate(row.evidence):
        sign = sign_of(VERDICT, str(measure.verdict))
        spans = (Span(f"{sign.glyph} ", sign.tone), *measured(measure))
        lines.append(Line(spans, label="" if number else "EVIDENCE", hang=bool(number), indent=2))
        if measure.reason:
            lines.append(under(muted(f"  {measure.reason}")))
    if row.counter_examples:
        shown = ", ".join(short_id(one) for one in row.counter_examples[:8])
        more = len(row.counter_examples) - 8
        lines.append(said("AGAINST IT", Span(shown, Tone.DANGER), muted(f"   and {more} more" if more > 0 else "")))
    if row.not_evidenced:
        lines.append(said("NOT SHOWN", muted(row.not_evidenced)))
    if row.digest:
        lines.append(said("DIGEST", dim(short_digest(row.digest)), dim("   of what this row says; o writes it out whole")))
    return (*lines, BLANK, Line((muted("enter opens its figures   M marks it reviewed"),)))


def review_lines(row: "ControlRow") -> list[Line]:
    """Who reviewed a row last, and what has changed since."""
    review = row.review
    if review is None:
        return [said("REVIEWED", muted("never"))]
    lines = [
        said("REVIEWED", text(f"by {review.reviewer}"), muted(f" at {day_and_instant(review.at)}")),
        under(muted(f"“{inert(review.note).text}”")),
    ]
    if row.moved == "standing":
        was = sign_of(CONTROL, str(review.state))
        lines.append(under(Span("▲ changed since: ", Tone.WARN, strong=True), text("it was "), was.span()))
    elif row.moved:
        lines.append(under(muted("figures have moved since; every verdict is the same")))
    else:
        lines.append(under(Span("✓ nothing has changed since", Tone.OK)))
    return lines


MEASURE_COLUMNS = (
    Column("figure", "FIGURE", 28, flexible=True, most=64),
    Column("verdict", "VERDICT", 10),
    Column("value", "VALUE", 14, align=Align.RIGHT),
    Column("target", "TARGET", 16, priority=2, align=Align.RIGHT),
    Column("n", "N", 7, priority=1, align=Align.RIGHT),
    Column("against", "AGAINST", 7, priority=1, align=Align.RIGHT),
    Column("newest", "NEWEST", 9, priority=3),
)


def measure_cells(measure: "MeasureView") -> tuple[Cell, ...]:
    """One figure of a control."""
    blind = measure.value is None or measure.n == 0
    count = len(measure.counter_examples)
    return (
        Cell(measure.title),
        sign_of(VERDICT, str(measure.verdict)).cell(1),
        Cell("-" if blind else amount(measure.value, measure.unit), strong=not blind),
        Cell(target_words(measure) or "-", Tone.MUTED),
        Cell(figure(measure.n), Tone.MUTED if measure.n == 0 else Tone.TEXT),
        Cell(figure(count) if count else "-", Tone.DANGER if count and measure.verdict == "missed" else Tone.MUTED),
        Cell(instant(measure.newest_at) if measure.newest_at else "-", Tone.MUTED),
    )


def measure_detail(measure: "MeasureView", metric: "MetricView | None", problem: str = "") -> tuple[Line, ...]:
    """A figure: what it means, how it was taken, over what, its trend, and what speaks against it."""
    sign = sign_of(VERDICT, str(measure.verdict))
    lines = [
        Line((strong(measure.title), muted(f"   {measure.metric}"))),
        Line((text(measure.definition),)),
        BLANK,
        said("VERDICT", sign.span(), muted(f"   {measure.reason}" if measure.reason else "")),
    ]
    if measure.value is not None and measure.n:
        lines.append(said("VALUE", *_value(measure)))
    target = target_words(measure)
    if target:
        whose = f"from {measure.target_source}" if measure.target_source else "this project's own proposal"
        lines.append(said("TARGET", text(target), muted(f"   {whose}")))
    if measure.query:
        lines.append(said("QUERY", text(measure.query)))
    lines.append(said("WINDOW", text(f"{day_and_instant(measure.since)} to {instant(measure.as_of)}")))
    lines.append(said("NEWEST", text(day_and_instant(measure.newest_at) if measure.newest_at else "nothing observed")))
    if measure.breakdown:
        parts = ", ".join(f"{name} {count}" for name, count in measure.breakdown.items())
        lines.append(said("OF WHICH", text(parts)))
    if metric is not None:
        lines += trend_lines([one.value for one in metric.points], metric.step_seconds, metric.reason, measure.unit)
        if metric.used_by:
            lines.append(said("USED BY", muted(f"{plural(len(metric.used_by), 'row')} of the frameworks")))
    else:
        lines.append(said("TREND", muted(problem or "reading…")))
    if measure.counter_examples:
        count = plural(len(measure.counter_examples), "counter-example")
        lines.append(said("AGAINST IT", Span(count, Tone.DANGER), muted("   enter opens them")))
    if measure.caution:
        lines.append(said("CAUTION", Span(measure.caution, Tone.WARN)))
    return tuple(lines)


def _value(measure: "MeasureView") -> tuple[Span, ...]:
    held = strong(amount(measure.value, measure.unit))
    if measure.numerator is not None and measure.unit == "ratio":
        return (held, muted(f"   {measure.numerator:g} of {figure(measure.n)}"))
    return (held, muted(f"   over a population of {figure(measure.n)}"))


def target_words(measure: "MeasureView") -> str:
    """The target with its direction; empty where there is none."""
    if measure.target is None or measure.direction not in _TARGETS:
        return ""
    return f"{_TARGETS[measure.direction]} {amount(measure.target, measure.unit, unit=False)}"


def amount(value: float | None, kind: str, *, unit: bool = True) -> str:
    """A figure in its unit: `12 s`, `97.5 %`, `3`."""
    if value is None:
        return "-"
    if kind == "ratio":
        return f"{value * 100:.3g} %"
    if kind == "boolean":
        return "yes" if value else "no"
    short = {"seconds": " s", "milliseconds": " ms", "days": " days"}.get(kind, "") if unit else ""
    return f"{value:,.4g}{short}" if abs(value) < 10_000 else f"{value:,.0f}{short}"


def measured(measure: "MeasureView") -> tuple[Span, ...]:
    """A figure in one line."""
    if measure.value is None or measure.n == 0:
        return (text(measure.title), Span("  no data", Tone.WARN))
    of = f"{measure.numerator:g} of {figure(measure.n)}" if measure.numerator is not None else f"n {figure(measure.n)}"
    return (text(f"{measure.title}  "), strong(amount(measure.value, measure.unit)), muted(f" ({of})"))


EXAMPLE_COLUMNS = (
    Column("kind", "KIND", 9),
    Column("what", "WHAT", 30, flexible=True, most=80),
    Column("state", "STATE", 12, priority=1),
    Column("id", "ID", 24, priority=2, flexible=True, most=32),
)


def example_kind(id: str) -> str:
    """What kind of thing a counter-example names: by its id, `audit:<seq>`, or a bare name."""
    if id.startswith("audit:"):
        return "record"
    return _KINDS.get(id.partition("_")[0], "name") if "_" in id else "name"


def example_cells(id: str, label: str, state: str) -> tuple[Cell, ...]:
    """One counter-example; its label and state as far as the console holds it."""
    known = bool(label)
    return (
        Cell(example_kind(id), Tone.MUTED),
        Cell(label or "no longer held here; enter opens its records", Tone.TEXT if known else Tone.MUTED),
        Cell(state or "-", Tone.MUTED),
        Cell(id, Tone.DIM),
    )


def catalogue_lines(view: "FrameworkView") -> tuple[Line, ...]:
    """Where a framework's rows come from."""
    lines = [said("CATALOGUE", dim(short_digest(view.catalogue_digest)))] if view.catalogue_digest else []
    lines.append(said("AS OF", muted(day_and_instant(view.as_of)), muted("   u reads it again")))
    return tuple(lines)
