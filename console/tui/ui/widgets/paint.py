"""From spans to strips: the one way in which the widgets of the house put text on the terminal."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from console.tui.present.bars import PAD, PAD_RIGHT, laid
from console.tui.present.inert import clip
from console.tui.present.spans import Piece, Span, Tone, clip_spans, plain, spans_width
from console.tui.ui.theme import Brush, Surface, brush_of


def brush(widget: Widget) -> Brush:
    """The brush of the application in which the widget lives."""
    return brush_of(widget.app)


def segments_of(spans: Sequence[Span], brush: Brush, surface: Surface) -> list[Segment]:
    """The spans as segments. Blanks before a word are a segment of their own, which pictures of the screen need."""
    segments: list[Segment] = []
    for span in spans:
        style = brush.of(span, surface)
        word = span.text.lstrip(" ")
        if len(word) < len(span.text):
            segments.append(Segment(" " * (len(span.text) - len(word)), style))
        if word:
            segments.append(Segment(word, style))
    return segments


def strip_of(spans: Sequence[Span], width: int, brush: Brush, surface: Surface = "ground", pad: int = 0) -> Strip:
    """One line of `width` cells with the spans in it, `pad` blank cells before them."""
    fitted = clip_spans(spans, max(0, width - pad))
    blank = brush.ground(surface)
    segments = [Segment(" " * pad, blank)] if pad else []
    segments += segments_of(fitted, brush, surface)
    rest = width - pad - spans_width(fitted)
    if rest > 0:
        segments.append(Segment(" " * rest, blank))
    return Strip(segments, width).crop(0, width)


def content_of(spans: Sequence[Span], width: int = 200) -> Content:
    """The text of the spans as Textual's content: never parsed as markup. For titles of borders."""
    return Content(clip(plain(spans), width))


class PaintFaulted(Message):
    """Something could not be painted; it says so where it would stand."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def fault_strip(error: Exception, width: int, brush: Brush, surface: Surface) -> Strip:
    """The line that stands where one could not be painted. Only the kind of the error: its words may quote anything."""
    said = Span(f"✗ this line could not be painted: {type(error).__name__}", Tone.DANGER)
    return strip_of((said,), width, brush, surface, 1)


class OneLine(Widget):
    """A line of pieces that leave by priority where there is no room; the base of the strips at the edges."""

    DEFAULT_CSS = """
    OneLine { height: 1; width: 1fr; }
    """

    SURFACE: Surface = "ground"
    PAD = PAD
    PAD_RIGHT = PAD_RIGHT

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._pieces: tuple[Piece, ...] = ()
        self._doors: list[tuple[int, int, str]] = []

    def show(self, pieces: Sequence[Piece]) -> None:
        """Paint these pieces from now on."""
        pieces = tuple(pieces)
        if pieces != self._pieces:
            self._pieces = pieces
            self.refresh()

    def gap(self, width: int) -> int:
        """Cells between two pieces at this width."""
        return 3 if width >= 120 else 2

    def render_line(self, y: int) -> Strip:
        """Paint the line; pieces of the right edge stand there."""
        width = self.size.width
        paint = brush(self)
        self._doors.clear()
        if y or width <= 0:
            return Strip.blank(width, paint.ground(self.SURFACE))
        spans, doors = laid(self._pieces, width, self.gap(width), self.PAD, self.PAD_RIGHT)
        self._doors = list(doors)
        return strip_of(spans, width, paint, self.SURFACE, self.PAD)

    def door_at(self, x: int) -> str:
        """The name of the piece at this cell, or nothing."""
        return next((name for start, end, name in self._doors if start <= x < end), "")
