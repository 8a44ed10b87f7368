"""Framework views written out: Markdown, CSV and JSON.

Each carries the digest of the view, so that copies can be compared, the digest of the catalogue, the signed head of the log
that the figures were taken from, and the digest and the last review of each row.
"""

import csv
import io
import json
from datetime import datetime

from console.model.audit import Checkpoint
from console.model.canonical import digest
from console.model.frameworks import ControlRow, FrameworkView, MeasureView

_COLUMNS = (
    "framework",
    "control",
    "id is local",
    "title",
    "relevance",
    "state",
    "row digest",
    "reviewed by",
    "reviewed at",
    "changed since",
    "metric",
    "verdict",
    "value",
    "unit",
    "target",
    "numerator",
    "n",
    "since",
    "as of",
    "newest",
    "counter-examples",
    "query",
    "reason",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def view_digest(view: FrameworkView) -> str:
    """The SHA-256 digest over the canonical JSON (RFC 8785) of a view."""
    return digest(view)


def to_json(view: FrameworkView, checkpoint: Checkpoint | None = None, filter: str = "") -> str:
    """The view and its digest as one JSON object. `filter` says which rows were chosen, where not all were."""
    document = {
        "digest": view_digest(view),
        "catalogue_digest": view.catalogue_digest,
        "checkpoint": None if checkpoint is None else checkpoint.model_dump(mode="json"),
        "filter": filter,
        "view": view.model_dump(mode="json"),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def to_csv(view: FrameworkView, checkpoint: Checkpoint | None = None, filter: str = "") -> str:
    """One line for each figure of each control (RFC 4180), a line without a figure where a control has none.

    A cell that a spreadsheet would run as a formula is written behind an apostrophe. The digests are the last lines.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for row in view.rows:
        local = "yes" if row.id_is_local else "no"
        head = (view.id, row.control, local, row.title, row.relevance, row.state.value, row.digest, *_reviewed(row))
        figures = [_figure(measure) for measure in row.evidence] or [("",) * (len(_COLUMNS) - len(head))]
        for figure in figures:
            writer.writerow([_cell(text) for text in (*head, *figure)])
    if filter:
        writer.writerow(["filter", _cell(filter)])
    if checkpoint is not None:
        writer.writerow(["audit checkpoint", str(checkpoint.size), checkpoint.root, _time(checkpoint.at), checkpoint.key_id])
    if view.catalogue_digest:
        writer.writerow(["catalogue digest", view.catalogue_digest])
    writer.writerow(["digest", view_digest(view)])
    return out.getvalue()


def _reviewed(row: ControlRow) -> tuple[str, str, str]:
    if row.review is None:
        return "", "", ""
    changed = {"standing": f"yes, it was {row.review.state.value}", "figures": "figures only"}.get(row.moved, "no")
    return row.review.reviewer, _time(row.review.at), changed


def _figure(measure: MeasureView) -> tuple[str, ...]:
    return (
        measure.metric,
        measure.verdict.value,
        _number(measure.value),
        measure.unit,
        _number(measure.target),
        _number(measure.numerator),
        str(measure.n),
        _time(measure.since),
        _time(measure.as_of),
        _time(measure.newest_at),
        " ".join(measure.counter_examples),
        measure.query,
        measure.reason,
    )


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _time(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()


def to_markdown(view: FrameworkView, checkpoint: Checkpoint | None = None, filter: str = "") -> str:
    """A page for people: the counts, a table of controls, then the figures of each control that has any."""
    lines = [
        f"# {_plain(view.title)}",
        "",
        f"{_plain(view.publisher)}, {_plain(view.version)}. As of {_time(view.as_of)}, over {view.window_seconds} seconds. "
        "A row says what the audit record supports; it is not a statement of conformity.",
        "",
    ]
    if view.ids_are_local:
        lines += ["The ids marked * are local to this report; the publisher gives none.", ""]
    lines += [
        f"Supported {view.supported} · gap {view.gaps} · no data {view.no_data} · out of scope {view.out_of_scope}",
        "",
        "| Control | Title | Relevance | State | Figures with data | n | Newest | Reviewed | Digest |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    mark = "*" if view.ids_are_local else ""
    for row in view.rows:
        by, at, changed = _reviewed(row)
        reviewed = f"{by}, {at}; changed since: {changed}" if by else "never"
        cells = (f"{row.control}{mark}", row.title, row.relevance, row.state.value, f"{row.measured} of {row.of}", str(row.n),
                 _time(row.newest_at) or "never", reviewed, row.digest.removeprefix("sha256:")[:16])  # fmt: skip
        lines.append("| " + " | ".join(_plain(cell) for cell in cells) + " |")
    for row in view.rows:
        if row.evidence:
            lines += ["", f"## {_plain(row.control)}{_plain(mark)} {_plain(row.title)}", "", _plain(row.text), ""]
            lines += [f"- {_line(measure)}" for measure in row.evidence]
        if row.evidence and row.not_evidenced:
            lines.append(f"- Not evidenced: {_plain(row.not_evidenced)}")
    lines.append("")
    if filter:
        lines.append(f"Rows chosen by: {_plain(filter)}")
    if checkpoint is not None:
        lines.append(f"Audit checkpoint: {checkpoint.size} records, root `{checkpoint.root}`, signed {_time(checkpoint.at)}")
    if view.catalogue_digest:
        lines.append(f"Digest of the catalogue: `{view.catalogue_digest}`")
    lines += [f"Digest of this view: `{view_digest(view)}`", ""]
    return "\n".join(lines)


def _line(measure: MeasureView) -> str:
    if measure.value is None:
        return f"{_plain(measure.title)}: no data ({_plain(measure.reason)})"
    target = "" if measure.target is None else f", target {_number(measure.target)}"
    found = f"; see {', '.join(measure.counter_examples[:5])}" if measure.counter_examples else ""
    return (
        f"{_plain(measure.title)}: {_number(measure.value)} {measure.unit} ({measure.verdict.value}{target}, n {measure.n}, "
        f"newest {_time(measure.newest_at) or 'never'}){_plain(found)}"
    )


def _plain(text: str) -> str:
    """Text that Markdown takes as text."""
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
