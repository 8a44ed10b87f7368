"""The detail panel: lines of spans with a column of labels, wrapped so that text hangs under its value.

Owns its scroll position and which of its doors is chosen, and nothing else. The lines come from `present`; they are laid out
again only when they or the size change. A span that leads somewhere is a door: `tab` goes from one to the next, enter or a
click opens it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from console.tui.present.layout import Door, doors_in, lay_out, nearest
from console.tui.present.spans import Line, Span, Spans, Tone, spans_width
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.paint import brush, content_of, strip_of
from console.tui.ui.widgets.virtual import VirtualLines

Made = Callable[[int, int], Sequence[Line]]
"""Lines for a width and a height in cells."""


class Detail(VirtualLines, can_focus=True, inherit_bindings=False):
    """Shows lines under a title in its upper edge. Without a `framed` class it has no edge.

    With `by_doors` the keys that scroll go from door to door instead, in all four directions.
    """

    class Opened(Message):
        """A door was opened: `door` names the rows behind it."""

        def __init__(self, door: str) -> None:
            super().__init__()
            self.door = door

    class Passed(Message):
        """`tab` went on behind the last door, or before the first."""

        def __init__(self, detail: "Detail", by: int) -> None:
            super().__init__()
            self.detail, self.by = detail, by

    DEFAULT_CSS = """
    Detail { background: $panel; padding: 0 0 0 1; scrollbar-background: $panel; }
    Detail.framed { border: round $line; border-title-color: $brass; border-title-background: $panel; }
    Detail.framed:focus { border-title-style: bold; }
    Detail { border-subtitle-color: $muted; border-subtitle-background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_lines(1)", "down", show=False, id="detail.down"),
        Binding("up,k", "scroll_lines(-1)", "up", show=False, id="detail.up"),
        Binding("left,h", "beside(-1)", "left", show=False, id="detail.left"),
        Binding("right,l", "beside(1)", "right", show=False, id="detail.right"),
        Binding("pagedown", "page_lines(1)", "page down", show=False, id="detail.page-down"),
        Binding("pageup", "page_lines(-1)", "page up", show=False, id="detail.page-up"),
        Binding("home,g", "scroll_lines(-100000)", "top", show=False, id="detail.top"),
        Binding("end,G", "scroll_lines(100000)", "end", show=False, id="detail.end"),
        Binding("tab", "door(1)", "next door", show=False, id="detail.next-door"),
        Binding("shift+tab", "door(-1)", "door before", show=False, id="detail.door-before"),
        Binding("enter", "open_door", "open", show=False, id="detail.open"),
    ]

    def __init__(
        self,
        *,
        id: str | None = None,
        classes: str | None = None,
        surface: Surface = "panel",
        framed: bool = False,
        by_doors: bool = False,
    ) -> None:
        """`framed` draws a quiet line around it, in which the title stands."""
        super().__init__(id=id, classes=classes)
        self.set_class(framed, "framed")
        self._surface: Surface = surface
        self._by_doors = by_doors
        self._make: Made | None = None
        self._lines: tuple[Line, ...] = ()
        self._laid: tuple[Spans, ...] = ()
        self._laid_for = 0
        self._doors: tuple[Door, ...] = ()
        self._chosen = ""
        self._subject = ""
        self._title: Spans = ()
        self._rest = 0

    def show(self, lines: Sequence[Line] | Made, title: Sequence[Span] = (), subject: str = "") -> None:
        """Show these lines, or those that are made for the present size, and made anew for another one.

        Another `subject` (an id) begins at the top, the same one stays where it was read.
        """
        if tuple(title) != self._title:
            self._title = tuple(title)
            self.border_title = content_of(title) if title else None
        self._make = lines if callable(lines) else None
        made = self._made() if callable(lines) else tuple(lines)
        if subject != self._subject:
            self._subject, self._chosen = subject, self._chosen if self._by_doors else ""
            self._begin_at(0)
        if made != self._lines:
            self._lines, before = made, self._laid
            self._lay_out(before)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The lines that the panel needs at this width, so that it has its height before its first paint."""
        return len(lay_out(self._lines, max(1, width - 1)))

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown, before it is wrapped."""
        return self._lines

    @property
    def doors(self) -> tuple[str, ...]:
        """The doors in reading order, each once."""
        return tuple(dict.fromkeys(one.name for one in self._doors))

    @property
    def chosen(self) -> str:
        """The chosen door, or nothing."""
        return self._chosen

    def action_scroll_lines(self, by: int) -> None:
        """Scroll by lines, or go to the next door above or below."""
        if self._by_doors and self._doors:
            if abs(by) > 1:
                self._choose(self._doors[0 if by < 0 else -1])
            else:
                self._go(0, by)
        else:
            self._begin_at(max(0, self._first + by))

    def action_page_lines(self, by: int) -> None:
        """Scroll by what is in sight, less one line."""
        self._begin_at(max(0, self._first + by * max(1, self._room - 1)))

    def action_beside(self, by: int) -> None:
        """Go to the next door at the left or the right."""
        if not self._by_doors:
            raise SkipAction
        self._go(by, 0)

    def action_door(self, by: int) -> None:
        """Go to the next door, or on to what stands beside this."""
        if self.screen is not self.app.screen_stack[0]:
            raise SkipAction
        names = self.doors
        at = names.index(self._chosen) + by if self._chosen in names else (0 if by > 0 else len(names) - 1)
        if 0 <= at < len(names):
            self._choose(self._place(names[at]))
        elif self._by_doors and names:
            self._choose(self._place(names[at % len(names)]))
        else:
            self._choose(None)
            self.post_message(self.Passed(self, by))

    def action_open_door(self) -> None:
        """Open the chosen door."""
        self._open(self._chosen if self._chosen in self.doors else "")

    def on_click(self, event: events.Click) -> None:
        """A click on a door opens it."""
        at = event.get_content_offset(self)
        if at is None:
            return
        y = self._first + at.y
        door = next((one for one in self._doors if one.y == y and one.x <= at.x < one.x + one.width), None)
        if door is not None:
            self._choose(door)
            self._open(door.name)

    def on_focus(self) -> None:
        """The chosen door is seen only while the keys are here."""
        if self._by_doors and not self._chosen and self._doors:
            self._chosen = self._doors[0].name
        self.refresh()

    def on_blur(self) -> None:
        """See `on_focus`."""
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        """Lay out again for the new size."""
        if self._make is not None:
            self._lines = self._made()
        self._lay_out()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The word on what is below changes with what is in sight."""
        super().watch_scroll_y(old_value, new_value)
        self._tell_rest()

    def paint_line(self, y: int) -> Strip:
        """Paint one line of what is in sight."""
        if self._laid_for != self._width:
            # Not every change of width is told: a sheet is laid out before it has one.
            self._laid, self._laid_for = lay_out(self._lines, max(1, self._width)), self._width
            self._doors = doors_in(self._laid)
            self.call_later(self._lay_out)
        index = self._first + y
        paint = brush(self)
        if index >= len(self._laid):
            return Strip.blank(self._width, paint.ground(self._surface))
        spans = self._laid[index]
        if self._chosen and self.has_focus:
            spans = tuple(_as_chosen(span) if span.door == self._chosen else span for span in spans)
        below = len(self._laid) - index - 1
        if below and y == self._room - 1 and not self.styles.border_bottom[0]:
            spans = _with_sign(spans, f"  ↓ {below} more", self._width)
        return strip_of(spans, self._width, paint, self._surface)

    def _made(self) -> tuple[Line, ...]:
        return tuple(self._make(max(1, self._width), max(1, self.size.height))) if self._make is not None else ()

    def _open(self, door: str) -> None:
        if not door or self.screen is not self.app.screen_stack[0]:
            raise SkipAction
        self.post_message(self.Opened(door))

    def _go(self, dx: int, dy: int) -> None:
        here = self._place(self._chosen) if self._chosen else None
        found = nearest(self._doors, here, dx, dy) if here is not None else next(iter(self._doors), None)
        if found is not None:
            self._choose(found)

    def _place(self, name: str) -> Door | None:
        return next((one for one in self._doors if one.name == name), None)

    def _choose(self, door: Door | None) -> None:
        self._chosen = door.name if door is not None else ""
        if door is not None:
            self._reveal(door.y)
        self.refresh()

    def _lay_out(self, before: tuple[Spans, ...] | None = None) -> None:
        """Wrap the lines again. Where `before` stood there, only lines that are others now are painted again."""
        same = before is not None and self._laid_for == self._width and not self._chosen
        self._laid, self._laid_for = lay_out(self._lines, max(1, self._width)), self._width
        self._doors = doors_in(self._laid)
        self._grow(len(self._laid))
        self._tell_rest()
        if not same or before is None:
            self.refresh()
            return
        for line, (old, new) in enumerate(zip_longest(before[self._first :], self._laid[self._first :])):
            # The last line may tell how much is below it.
            if old != new or line == self._room - 1:
                self._refresh_line(line)

    def _tell_rest(self) -> None:
        rest = len(self._laid) - self._first - self._room
        rest = rest if self._room else 0
        if rest != self._rest:
            self._rest = rest
            self.border_subtitle = content_of((Span(f"↓ {rest} more"),)) if rest > 0 else None


def _as_chosen(span: Span) -> Span:
    return replace(span, tone=Tone.BRASS, fill=True)


def _with_sign(spans: Spans, sign: str, width: int) -> Spans:
    """The line with a sign at its end, where that hides nothing; the scroll bar is there in any case."""
    room = width - len(sign) - spans_width(spans)
    return spans if room < 0 else (*spans, Span(" " * room), Span(sign, Tone.MUTED))
