"""The detail panel: lines of spans with a column of labels, wrapped so that text hangs under its value.

Owns its scroll position and nothing else. The lines come from `present`; they are wrapped again only when they or the
width change.
"""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.strip import Strip

from console.tui.present.inert import painted_width
from console.tui.present.spans import Line, Span, Spans, Tone, spans_width, wrap
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.paint import brush, content_of, strip_of
from console.tui.ui.widgets.virtual import VirtualLines

_RULE = "┆ "
_LABEL_GAP = 2


def lay_out(lines: Sequence[Line], width: int) -> tuple[Spans, ...]:
    """Wrap lines to `width` cells. Labels stand in a column of their own as wide as the longest of them."""
    column = max((painted_width(line.label) for line in lines if line.label), default=0)
    column = min(column + _LABEL_GAP if column else 0, max(0, width // 2))
    out: list[Spans] = []
    for line in lines:
        if line.label or line.hang:
            label = Span(f"{line.label:<{column}}"[:column], Tone.BRASS, strong=True)
            blank = Span(" " * column)
            for number, part in enumerate(wrap(line.spans, width - column, line.indent)):
                lead = label if number == 0 and line.label else blank
                inner = (Span(" " * line.indent),) if number and line.indent else ()
                out.append((lead, *inner, *part))
        else:
            rule = (Span(_RULE, Tone.DIM),) if line.quoted else ()
            for number, part in enumerate(wrap(line.spans, width - spans_width(rule), line.indent)):
                inner = (Span(" " * line.indent),) if number and line.indent else ()
                out.append((*rule, *inner, *part))
    return tuple(out)


class Detail(VirtualLines, can_focus=True, inherit_bindings=False):
    """Shows lines under a title in its upper edge. Without a `framed` class it has no edge."""

    DEFAULT_CSS = """
    Detail { background: $panel; padding: 0 0 0 1; scrollbar-background: $panel; }
    Detail.framed { border: round $line; border-title-color: $brass; border-title-background: $panel; }
    Detail.framed:focus { border-title-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_lines(1)", "down", show=False, id="detail.down"),
        Binding("up,k", "scroll_lines(-1)", "up", show=False, id="detail.up"),
        Binding("pagedown", "scroll_lines(20)", "page down", show=False, id="detail.page-down"),
        Binding("pageup", "scroll_lines(-20)", "page up", show=False, id="detail.page-up"),
        Binding("home,g", "scroll_lines(-100000)", "top", show=False, id="detail.top"),
        Binding("end,G", "scroll_lines(100000)", "end", show=False, id="detail.end"),
    ]

    def __init__(
        self, *, id: str | None = None, classes: str | None = None, surface: Surface = "panel", framed: bool = False
    ) -> None:
        """`framed` draws a quiet line around it, in which the title stands."""
        super().__init__(id=id, classes=classes)
        self.set_class(framed, "framed")
        self._surface: Surface = surface
        self._lines: tuple[Line, ...] = ()
        self._laid: tuple[Spans, ...] = ()
        self._laid_for = 0
        self._subject = ""

    def show(self, lines: Sequence[Line], title: Sequence[Span] = (), subject: str = "") -> None:
        """Show these lines. Another `subject` (an id) begins at the top, the same one stays where it was read."""
        self.border_title = content_of(title) if title else None
        lines = tuple(lines)
        if lines != self._lines:
            self._lines = lines
            self._lay_out()
        if subject != self._subject:
            self._subject = subject
            self._begin_at(0)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The lines that the panel needs at this width, so that it has its height before its first paint."""
        return len(lay_out(self._lines, max(1, width - 1)))

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown, before it is wrapped."""
        return self._lines

    def action_scroll_lines(self, by: int) -> None:
        """Scroll by lines."""
        self._begin_at(max(0, self._first + by))

    def on_resize(self, event: Resize) -> None:
        """Wrap again for the new width."""
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        """Paint one line of what is in sight."""
        if self._laid_for != self._width:
            # Not every change of width is told: a sheet is laid out before it has one.
            self._laid, self._laid_for = lay_out(self._lines, max(1, self._width)), self._width
            self.call_later(self._lay_out)
        index = self._first + y
        paint = brush(self)
        if index < len(self._laid):
            return strip_of(self._laid[index], self._width, paint, self._surface)
        return Strip.blank(self._width, paint.ground(self._surface))

    def _lay_out(self) -> None:
        self._laid, self._laid_for = lay_out(self._lines, max(1, self._width)), self._width
        self._grow(len(self._laid))
        self.refresh()
