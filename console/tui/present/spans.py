"""Spans: pieces of inert text with a meaning, and how they are wrapped and clipped.

Owns the names of the tones. A span cannot hold anything but inert text, whoever makes it. Knows no terminal library;
`ui.theme` turns tones into colours. Imported by `tui` only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from console.tui.present.inert import clip, inert, is_inert, painted_width


class Tone(StrEnum):
    """What a piece of text means; the theme says how that looks."""

    TEXT = "text"
    MUTED = "muted"
    DIM = "dim"
    BRASS = "brass"
    OK = "ok"
    WARN = "warn"
    DANGER = "danger"
    INFO = "info"
    DELEGATION = "delegation"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one line. Foreign text that was not made inert before is made inert here."""

    text: str
    tone: Tone = Tone.TEXT
    strong: bool = False
    fill: bool = False
    """Painted as a block: the ground's colour on the tone's."""
    whole: bool = False
    """Not broken over two lines, nor parted from a whole span beside it."""
    door: str = ""
    """The rows behind it: a view and a filter, or a view and `@` with an id. See `ui.side`."""

    def __post_init__(self) -> None:
        if not is_inert(self.text):
            object.__setattr__(self, "text", inert(self.text).text)

    @property
    def width(self) -> int:
        """Cells on a terminal."""
        return painted_width(self.text)


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a detail panel before it is wrapped."""

    spans: Spans = ()
    label: str = ""
    """Stands in the label column; wrapped text hangs under the value, never under this."""
    hang: bool = False
    """Without a label of its own, but under the value of the labelled line above."""
    quoted: bool = False
    """Somebody else's words: behind a dotted rule."""
    indent: int = 0
    """Further cells under which the wrapped rest of this line hangs."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a one-line strip. The highest `priority` leaves first where there is no room; 0 stays longest."""

    spans: Spans
    priority: int = 0
    right: bool = False
    """Stands at the right edge."""
    name: str = ""
    """What a click on it reports."""
    short: Spans = ()
    """Said in fewer cells, before anything has to leave."""

    @property
    def width(self) -> int:
        """Cells on a terminal."""
        return spans_width(self.spans)


def plain(spans: Iterable[Span]) -> str:
    """The text of spans without their meaning."""
    return "".join(span.text for span in spans)


def spans_width(spans: Iterable[Span]) -> int:
    """Cells that spans take on a terminal."""
    return sum(span.width for span in spans)


def clip_spans(spans: Sequence[Span], width: int) -> Spans:
    """Shorten spans to at most `width` cells, ending in `…` where something was left out."""
    if spans_width(spans) <= width:
        return tuple(spans)
    kept: list[Span] = []
    room = width
    for span in spans:
        if span.width >= room:
            kept.append(replace(span, text=clip(span.text + " ", room).removesuffix(" ")))
            break
        kept.append(span)
        room -= span.width
    return tuple(span for span in kept if span.text)


def fit_pieces(pieces: Sequence[Piece], width: int, gap: int) -> tuple[Piece, ...]:
    """The pieces that fit into `width` cells with `gap` cells between them, in their order.

    First those that have a shorter form take it, the highest priority first; then pieces leave; at last the only one
    that is left is cut.
    """
    kept = list(pieces)
    for index in sorted(range(len(kept)), key=lambda index: (kept[index].priority, index), reverse=True):
        if _room_needed(kept, gap) <= width:
            return tuple(kept)
        if kept[index].short:
            kept[index] = replace(kept[index], spans=kept[index].short)
    while kept and _room_needed(kept, gap) > width:
        if len(kept) == 1:
            return (replace(kept[0], spans=clip_spans(kept[0].spans, width)),)
        last = max(range(len(kept)), key=lambda index: (kept[index].priority, index))
        del kept[last]
    return tuple(kept)


def _room_needed(pieces: Sequence[Piece], gap: int) -> int:
    return sum(piece.width for piece in pieces) + gap * (len(pieces) - 1)


def wrap(spans: Sequence[Span], width: int, indent: int = 0) -> tuple[Spans, ...]:
    """Break spans into lines of at most `width` cells, at spaces where there are any.

    Every line but the first is `indent` cells shorter; the caller paints the indent. Whole spans stay unbroken
    unless they are longer than a line.
    """
    width = max(1, width)
    rest = max(1, width - indent)
    lines: list[list[Span]] = [[]]
    used = 0
    for unit in _units(spans):
        size = spans_width(unit)
        room = (width if len(lines) == 1 else rest) - used
        blank = all(span.text.isspace() for span in unit)
        if size <= room:
            if not (blank and used == 0 and len(lines) > 1):
                lines[-1].extend(unit)
                used += size
            continue
        if blank:
            continue
        if used:
            lines.append([])
        for piece in _hard(unit, rest if len(lines) > 1 else width, rest):
            if lines[-1]:
                lines.append([])
            lines[-1].extend(piece)
        used = spans_width(lines[-1])
    return (*(_joined(_without_separator(line)) for line in lines[:-1]), _joined(lines[-1]))


def _units(spans: Sequence[Span]) -> list[list[Span]]:
    """Words and runs of spaces; a word goes on over the edge of a span where no space is."""
    units: list[list[Span]] = []
    open_word = False
    for span in spans:
        parts = [span.text] if span.whole else _split(span.text)
        for part in parts:
            if not part:
                continue
            is_word = not part.isspace()
            if is_word and open_word:
                units[-1].append(replace(span, text=part))
            else:
                units.append([replace(span, text=part)])
            open_word = is_word
    return units


def _split(text: str) -> list[str]:
    parts: list[str] = []
    for character in text:
        if parts and (parts[-1][-1] == " ") == (character == " "):
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def _hard(unit: Sequence[Span], first: int, rest: int) -> list[list[Span]]:
    """Break a word that is longer than a line."""
    lines: list[list[Span]] = [[]]
    room = first
    for span in unit:
        text = ""
        for character in span.text:
            step = painted_width(character)
            if step > room and (text or lines[-1]):
                if text:
                    lines[-1].append(replace(span, text=text))
                lines.append([])
                text, room = "", rest
            text += character
            room -= step
        if text:
            lines[-1].append(replace(span, text=text))
    return lines


def _without_separator(line: list[Span]) -> list[Span]:
    """A dot between two thoughts has nothing to part at the end of a line."""
    while line and line[-1].text.strip(" ·") == "":
        line.pop()
    return line


def _joined(line: Sequence[Span]) -> Spans:
    """Neighbours of one look become one span; spaces at the end go."""
    joined: list[Span] = []
    for span in line:
        if joined and replace(joined[-1], text="") == replace(span, text=""):
            joined[-1] = replace(span, text=joined[-1].text + span.text)
        else:
            joined.append(span)
    while joined and joined[-1].text.isspace() and not joined[-1].fill:
        joined.pop()
    return tuple(joined)
