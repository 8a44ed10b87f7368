"""Paint one row, and the line of titles, of a live table. Pure: cells and places in, strips out."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from console.tui.present.cells import Align, Cell, Column, Placed
from console.tui.present.inert import clip, painted_width
from console.tui.present.spans import Span, Spans, Tone
from console.tui.ui.theme import Brush, Surface

GUTTER = 2
"""Cells before the first column: the cursor's sign and the mark."""
_CHANGED = Style(underline=True)


@dataclass(frozen=True, slots=True)
class RowLook:
    """How one row stands at the moment."""

    here: bool = False
    """The cursor is on it."""
    marked: bool = False
    has_keys: bool = False
    """The table has the keyboard."""
    changed: frozenset[int] = frozenset()
    """Columns whose value has just changed."""
    watched: bool = False
    """The operator hears of it when it changes."""


def titles(columns: Sequence[Column], places: Sequence[Placed], sorting: tuple[str, bool] | None) -> Spans:
    """The line of titles; the sorted column carries an arrow: up is ascending."""
    spans = [Span(" " * GUTTER)]
    x = 0
    for placed in places:
        column = columns[placed.index]
        sign = "" if sorting is None or sorting[0] != column.key else "↓" if sorting[1] else "↑"
        title = clip(column.title, placed.width - len(sign))
        blank = Span(" " * (placed.width - painted_width(title) - len(sign)))
        words = (Span(title, Tone.MUTED, strong=True), Span(sign, Tone.BRASS, strong=True))
        spans.append(Span(" " * (placed.x - x)))
        spans.extend((blank, *words) if column.align is Align.RIGHT else (*words, blank))
        x = placed.x + placed.width
    return tuple(span for span in spans if span.text)


def row(
    cells: Sequence[Cell],
    columns: Sequence[Column],
    places: Sequence[Placed],
    width: int,
    *,
    look: RowLook,
    brush: Brush,
    ground: Surface,
) -> Strip:
    """One row of `width` cells."""
    surface: Surface = "raised" if look.here else ground
    blank = brush.ground(surface)
    beside = "*" if look.marked else "◉" if look.watched else " "
    sign = f">{beside}" if look.here else f"{beside} "
    tone = Tone.MUTED if look.here and not look.has_keys else Tone.BRASS
    segments = [Segment(sign, brush.style(tone, strong=True, surface=surface))]
    # Blanks of neighbours are one segment: the fewer segments, the faster Textual lays the screen together.
    used = GUTTER
    for placed, cell in ((placed, cells[placed.index]) for placed in places if placed.index < len(cells)):
        text = clip(cell.text, placed.width)
        size = painted_width(text)
        style = brush.style(cell.tone, strong=cell.strong or (look.here and cell.tone is Tone.TEXT), surface=surface)
        if placed.index in look.changed:
            style += _CHANGED
        begin = GUTTER + placed.x
        if (cell.align or columns[placed.index].align) is Align.RIGHT:
            begin += placed.width - size
        if begin > used:
            segments.append(Segment(" " * (begin - used), blank))
        if text:
            segments.append(Segment(text, style))
        used = begin + size
    if used < width:
        segments.append(Segment(" " * (width - used), blank))
    return Strip(segments, max(width, used)).crop(0, width)
