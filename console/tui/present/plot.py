"""Plots in blocks of eight heights: axis, unit and largest value in words, and every block has its ASCII stand-in.

Our own and not a plotting library's: a few columns of blocks need none, and a library would have to be loaded and drawn
through a widget that knows neither our tones nor the ASCII set of glyphs. Pure; imported by `tui.present` only.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.tui.present.cells import figure
from console.tui.present.spans import Line, Span, Tone

_EIGHTHS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Band:
    """One kind of value, from left to right. Bands are stacked, the first at the bottom."""

    values: Sequence[float]
    tone: Tone


def round_top(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 … that is not below: so that an axis stands still while values move a little."""
    if value <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in (1, 2, 5, 10) if step * size >= value * (1 - 1e-9))


def bars(
    bands: Sequence[Band], width: int, height: int, *, unit: str = "", below: Sequence[str] = (), door: str = ""
) -> tuple[Line, ...]:
    """Columns over an axis in `width` x `height` cells, of which two lines are the axis and the words `below` it.

    The words stand from the left to the right edge. Columns are as wide as there is room, parted where that leaves it.
    What is more than nothing shows at least one eighth, and what stands at the bottom at least in one column's foot.
    """
    count = max((len(band.values) for band in bands), default=0)
    totals = [sum(band.values[at] for band in bands if at < len(band.values)) for at in range(count)]
    top = round_top(max(totals, default=0))
    marks = {0: f"{_number(top)}{unit}", (height - 2) // 2: _number(top / 2) if height > 5 else ""}
    gutter = max(len(word) for word in marks.values()) + 1
    room, rows = max(1, width - gutter - 1), max(1, height - 2)
    step = max(1, room // max(1, count))
    # Where every column is one cell, the newest ones are shown.
    first = max(0, count - room)
    lines: list[Line] = []
    for row in range(rows):
        spans = [Span(f"{marks.get(row, ''):>{gutter - 1}} ", Tone.MUTED, door=door), Span("│", Tone.DIM, door=door)]
        for at in range(first, count):
            block, tone = _cell([band.values[at] if at < len(band.values) else 0.0 for band in bands], bands, top, rows, row)
            full = max(1, step - 1) if step > 2 else step
            spans.append(Span(block * full + " " * (step - full), tone, door=door))
        lines.append(Line(_merged(spans)))
    used = step * (count - first)
    lines.append(Line((Span(" " * gutter), Span(f"└{'─' * used}", Tone.DIM))))
    lines.append(Line((Span(" " * (gutter + 1)), Span(spread(below, used), Tone.MUTED))))
    return tuple(lines)


def spread(words: Sequence[str], width: int) -> str:
    """Words from edge to edge of `width` cells; those between the edges leave where there is no room."""
    if not words:
        return ""
    if sum(map(len, words)) + len(words) > width:
        words = (words[0], words[-1]) if len(words[0]) + len(words[-1]) < width else words[-1:]
    out = ""
    for number, word in enumerate(words):
        share = number / (len(words) - 1) if len(words) > 1 else 1.0
        at = round(share * (width - 1) - share * (len(word) - 1))
        out += " " * max(0, at - len(out)) + word
    return out


def last_minutes(
    pulse: Mapping[int, Sequence[int]], now: float, seconds: int, count: int
) -> tuple[list[tuple[int, int, int]], int]:
    """Counts of allowed, denied and escalated in at most `count` equal spans that end now, and the seconds of one span.

    Spans begin at whole multiples of their length, so that a column keeps its height while time goes on; the one that is
    not over yet is left out.
    """
    length = max(1, math.ceil(seconds / max(1, count)))
    end = int(now) // length * length
    begin = end - max(1, seconds // length) * length
    held = [(0, 0, 0)] * ((end - begin) // length)
    for second, counts in pulse.items():
        if begin <= second < end:
            at = (second - begin) // length
            held[at] = (held[at][0] + counts[0], held[at][1] + counts[1], held[at][2] + counts[2])
    return held, length


def _cell(values: Sequence[float], bands: Sequence[Band], top: float, rows: int, row: int) -> tuple[str, Tone]:
    total = sum(values)
    level = min(rows * 8, round(total / top * rows * 8))
    if total > 0:
        level = max(1, level)
    foot = rows - 1 - row
    filled = max(0, min(8, level - 8 * foot))
    if not filled:
        return " ", Tone.DIM
    middle = 0.0 if foot == 0 else (8 * foot + filled / 2) / 8 / rows * top
    reached = 0.0
    for value, band in zip(values, bands, strict=True):
        reached += value
        if value > 0 and middle < reached:
            return _EIGHTHS[filled], band.tone
    return _EIGHTHS[filled], bands[-1].tone


def _number(value: float) -> str:
    return figure(int(value)) if value == int(value) else f"{value:g}"


def _merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in spans:
        last = merged[-1] if merged else None
        if last is not None and (last.tone, last.door) == (span.tone, span.door):
            merged[-1] = Span(last.text + span.text, last.tone, door=last.door)
        else:
            merged.append(span)
    return tuple(merged)
