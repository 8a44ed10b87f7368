"""Policy files as they are read: what each piece of a line is, in Cedar and in TOML, with findings in the gutter. Pure.

A small lexer, for the eye alone: what it does not know it leaves as plain text, and nothing is decided by it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from console.tui.present.look import Sign
from console.tui.present.spans import Line, Span, Spans, Tone

if TYPE_CHECKING:
    from console.model.bundles import Finding

SEVERITY: Final = {
    "error": Sign("✗", "error", Tone.DANGER, strong=True),
    "warning": Sign("▲", "warning", Tone.WARN),
    "note": Sign("·", "note", Tone.MUTED),
}
_RANK: Final = ("error", "warning", "note")
MOST_LINES: Final = 5_000

_CEDAR: Final = re.compile(
    r"""(?P<comment>//.*)
    | (?P<string>"(?:\\.|[^"\\])*"?)
    | (?P<annotation>@[A-Za-z_]\w*)
    | (?P<type>[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*::(?="))
    | (?P<word>[A-Za-z_]\w*)
    | (?P<number>\d+)
    | (?P<operator>[-+*<>=!&|.,;:?(){}\[\]]+)
    | (?P<space>\s+)
    | (?P<other>.)""",
    re.VERBOSE,
)
_TOML: Final = re.compile(
    r"""(?P<comment>\#.*)
    | (?P<heading>^\s*\[\[?[^\]\n]*\]?\]?)
    | (?P<string>"(?:\\.|[^"\\])*"?|'[^']*'?)
    | (?P<key>[A-Za-z0-9_.-]+(?=\s*=))
    | (?P<word>\b(?:true|false)\b)
    | (?P<number>[-+]?\d[\d_.:TZ-]*)
    | (?P<operator>[=,\[\]{}]+)
    | (?P<space>\s+)
    | (?P<other>.)""",
    re.VERBOSE,
)
_KEYWORDS: Final = frozenset({"when", "unless", "if", "then", "else", "in", "has", "like", "is", "true", "false"})
_SCHEMA: Final = frozenset(
    {"entity", "type", "namespace", "appliesTo", "enum", "tags", "Set", "String", "Long", "Bool", "Record"}
)
_SCOPE: Final = frozenset({"principal", "action", "resource", "context"})
_TONES: Final = {
    "comment": Tone.DIM,
    "string": Tone.INFO,
    "annotation": Tone.MUTED,
    "type": Tone.DELEGATION,
    "number": Tone.INFO,
    "operator": Tone.MUTED,
}


def highlight(text: str, path: str) -> Spans:
    """One line of a file as spans; the kind of the file follows from its path."""
    text = text.expandtabs(2)
    if path.endswith((".cedar", ".cedarschema")):
        return tuple(_cedar_span(match) for match in _CEDAR.finditer(text))
    if path.endswith(".toml"):
        return tuple(_toml_span(match) for match in _TOML.finditer(text))
    return (Span(text),)


def _cedar_span(match: re.Match[str]) -> Span:
    kind, words = match.lastgroup or "other", match.group()
    if kind == "word":
        if words == "forbid":
            return Span(words, Tone.DANGER, strong=True)
        if words == "permit":
            return Span(words, Tone.OK, strong=True)
        if words in _SCOPE:
            return Span(words, Tone.DELEGATION)
        return Span(words, strong=words in _KEYWORDS or words in _SCHEMA)
    return Span(words, _TONES.get(kind, Tone.TEXT))


def _toml_span(match: re.Match[str]) -> Span:
    kind, words = match.lastgroup or "other", match.group()
    if kind == "heading":
        return Span(words, strong=True)
    if kind == "word":
        return Span(words, Tone.INFO)
    return Span(words, _TONES.get(kind, Tone.TEXT))


def by_line(findings: "Iterable[Finding]", path: str) -> "dict[int, list[Finding]]":
    """The findings of a file by their line; those without one stand at the first."""
    found: dict[int, list[Finding]] = {}
    for one in findings:
        if one.file == path:
            found.setdefault(one.line or 1, []).append(one)
    for several in found.values():
        several.sort(key=lambda one: _RANK.index(one.severity))
    return found


def source_lines(
    text: str, path: str, findings: "Mapping[int, Sequence[Finding]]", query: str = "", first: int = 1
) -> tuple[Line, ...]:
    """A file, or a part of it that begins at line `first`, with its line numbers, its findings and the places of a search."""
    return tuple(line for _, line in numbered_lines(text, path, findings, query, first))


def numbered_lines(
    text: str, path: str, findings: "Mapping[int, Sequence[Finding]]", query: str = "", first: int = 1
) -> tuple[tuple[int, Line], ...]:
    """As `source_lines`, each with the number of the line of the file that it belongs to: a finding to the line it is about."""
    every = text.split("\n")
    if len(every) > 1 and not every[-1]:
        del every[-1]
    lines: list[tuple[int, Line]] = []
    for number, words in enumerate(every[:MOST_LINES], first):
        held = findings.get(number, ())
        sign = SEVERITY[held[0].severity] if held else None
        gutter = Span(f"{sign.glyph if sign else ' ':<2}", sign.tone if sign else Tone.DIM, whole=True)
        spans = marked(highlight(words, path), query)
        lines.append((number, Line((gutter, Span(f"{number:>4}  ", Tone.DIM, whole=True), *spans), indent=8)))
        lines += [(number, _finding_line(one)) for one in held]
    if len(every) > MOST_LINES:
        lines.append((first + MOST_LINES, Line((Span(f"{len(every) - MOST_LINES} more lines are not shown", Tone.WARN),))))
    return tuple(lines)


def _finding_line(finding: "Finding") -> Line:
    sign = SEVERITY[finding.severity]
    return Line((Span(f"{'':8}{sign.glyph} {sign.word}: ", sign.tone), Span(finding.text, Tone.WARN)), indent=8)


def marked(spans: Sequence[Span], query: str) -> Spans:
    """The spans with each place of a search as a block, also where it runs over the edge of a span."""
    if not query:
        return tuple(spans)
    whole, wanted = "".join(span.text for span in spans).lower(), query.lower()
    places: list[tuple[int, int]] = []
    at = whole.find(wanted)
    while at >= 0:
        places.append((at, at + len(wanted)))
        at = whole.find(wanted, at + len(wanted))
    out: list[Span] = []
    start = 0
    for span in spans:
        cuts = {0, len(span.text)}
        for begin, end in places:
            cuts |= {cut - start for cut in (begin, end) if start < cut < start + len(span.text)}
        edges = sorted(cuts)
        for left, right in pairwise(edges):
            inside = any(begin <= start + left < end for begin, end in places)
            piece = replace(span, text=span.text[left:right])
            out.append(replace(piece, tone=Tone.WARN, fill=True) if inside else piece)
        start += len(span.text)
    return tuple(out)


def lines_with(text: str, query: str) -> tuple[int, ...]:
    """The numbers of the lines that hold a search, from 1."""
    wanted = query.lower()
    if not wanted:
        return ()
    return tuple(number for number, words in enumerate(text.split("\n"), 1) if wanted in words.expandtabs(2).lower())


def begins_at(text: str, policy_id: str) -> int:
    """The line of a file in which a policy's id stands, from 1; 1 where it is not found."""
    quoted = f'@id("{policy_id}")'
    return next((number for number, words in enumerate(text.split("\n"), 1) if quoted in words), 1)
