"""From lines to what stands on the screen: labels in a column of their own, panels beside each other, doors and their places.

Pure; imported by `tui.ui` and by views that stand in several columns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from console.tui.present.inert import painted_width
from console.tui.present.spans import Line, Span, Spans, Tone, clip_spans, spans_width, wrap

_RULE = "┆ "
_LABEL_GAP = 2


@dataclass(frozen=True, slots=True)
class Door:
    """Where a span that leads somewhere stands: line, first cell, cells."""

    name: str
    y: int
    x: int
    width: int


def lay_out(lines: Sequence[Line], width: int) -> tuple[Spans, ...]:
    """Wrap lines to `width` cells. Labels stand in a column of their own as wide as the longest of them."""
    column = max((painted_width(line.label) for line in lines if line.label), default=0)
    column = min(column + _LABEL_GAP if column else 0, max(0, width // 2))
    out: list[Spans] = []
    for line in lines:
        if line.label or line.hang:
            label = Span(f"{line.label:<{column}}"[:column], Tone.BRASS, strong=True)
            blank = Span(" " * column)
            for number, part in enumerate(_fitted(line, width - column)):
                lead = label if number == 0 and line.label else blank
                inner = (Span(" " * line.indent),) if number and line.indent else ()
                out.append((lead, *inner, *part))
        else:
            rule = (Span(_RULE, Tone.DIM),) if line.quoted else ()
            for number, part in enumerate(_fitted(line, width - spans_width(rule))):
                inner = (Span(" " * line.indent),) if number and line.indent else ()
                out.append((*rule, *inner, *part))
    return tuple(out)


def _fitted(line: Line, width: int) -> tuple[Spans, ...]:
    return (line.spans,) if spans_width(line.spans) <= width else wrap(line.spans, width, line.indent)


def side_by_side(panels: Sequence[tuple[Sequence[Line], int]], gap: int = 4) -> tuple[Line, ...]:
    """Panels of lines beside each other, each laid out in its own width in cells, `gap` blank cells between them."""
    laid = [lay_out(lines, width) for lines, width in panels]
    out: list[Line] = []
    for parts in zip_longest(*laid, fillvalue=()):
        spans: list[Span] = []
        for number, (part, (_, width)) in enumerate(zip(parts, panels, strict=True)):
            fitted = clip_spans(part, width)
            spans += fitted
            if number < len(panels) - 1:
                spans.append(Span(" " * (width - spans_width(fitted) + gap)))
        out.append(Line(tuple(spans)))
    return tuple(out)


def doors_in(laid: Iterable[Spans]) -> tuple[Door, ...]:
    """Every span that leads somewhere, in reading order; neighbours that lead to the same place are one door."""
    found: list[Door] = []
    for y, spans in enumerate(laid):
        x = 0
        for span in spans:
            if span.door:
                last = found[-1] if found else None
                if last is not None and (last.name, last.y, last.x + last.width) == (span.door, y, x):
                    found[-1] = Door(last.name, y, last.x, last.width + span.width)
                else:
                    found.append(Door(span.door, y, x, span.width))
            x += span.width
    return tuple(found)


def nearest(doors: Sequence[Door], here: Door, dx: int, dy: int) -> Door | None:
    """The next door in a direction: up and down keep to the column where they can, left and right to the line."""
    if dy:
        beyond = [one for one in doors if (one.y - here.y) * dy > 0]
        same = [one for one in beyond if _in_one_column(one, here)]
        return min(same or beyond, key=lambda one: (abs(one.y - here.y), abs(one.x - here.x)), default=None)
    beyond = [one for one in doors if (one.x - here.x) * dx > 0 and (one.y == here.y or not _in_one_column(one, here))]
    return min(beyond, key=lambda one: abs(one.y - here.y) * _SLANT + abs(one.x - here.x), default=None)


def _in_one_column(one: Door, other: Door) -> bool:
    return one.x < other.x + max(other.width, _COLUMN) and other.x < one.x + max(one.width, _COLUMN)


_COLUMN = 24
"""Doors whose places overlap within so many cells stand in one column."""
_SLANT = 8
"""A line up or down counts as so many cells aside."""
