"""The last gate before the terminal: filters over every line that Textual paints.

Owns what may leave for the terminal. Text was made inert at ingest; whatever slipped through is dropped here. Beside
it: the filter that leaves no colour code at all, and the one that paints with ASCII only. The application returns
`guards(...)` from `get_line_filters`.
"""

from collections.abc import Sequence
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from console.tui.present.inert import hides, painted_width
from console.tui.present.look import ASCII


class InertGuard(LineFilter):
    """Drop control, bidirectional, zero-width and tag characters, and links, from every segment."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with nothing in them that a terminal would act upon; a dropped cell becomes a blank."""
        return [self._clean(segment) for segment in segments]

    def _clean(self, segment: Segment) -> Segment:
        text, style, _ = segment
        if not (text.isascii() and text.isprintable()) and (clean := _visible(text)) != text:
            # Layout counted the segment's cells before; the rest of the line must not move.
            text = clean + " " * max(0, segment.cell_length - painted_width(clean))
        if style is not None and style.link:
            style = style.update_link(None)
        return Segment(text, style)


class ColourlessGuard(LineFilter):
    """Leave weight, underline and reversal, and no colour code of any kind."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments without colours."""
        return [Segment(text, None if style is None else _without_colour(style)) for text, style, _ in segments]


class AsciiGuard(LineFilter):
    """Paint the glyphs of the house with ASCII, one cell for one cell; other letters stay what they are."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with stand-ins for the glyphs."""
        return [
            segment if segment.text.isascii() else Segment(segment.text.translate(ASCII), segment.style) for segment in segments
        ]


def guards(*, colourless: bool = False, ascii_only: bool = False) -> Sequence[LineFilter]:
    """The filters of the house, in their order."""
    filters: list[LineFilter] = [InertGuard()]
    if ascii_only:
        filters.append(AsciiGuard())
    if colourless:
        filters.append(ColourlessGuard())
    return filters


@lru_cache(4096)
def _visible(text: str) -> str:
    """The text without what hides. Kept, because the same edges and signs are painted again and again."""
    return "".join(one for one in text if not hides(one))


@lru_cache(2048)
def _without_colour(style: Style) -> Style:
    return Style(bold=style.bold, italic=style.italic, underline=style.underline, reverse=style.reverse)
