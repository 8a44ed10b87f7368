"""One line to type into, with the fault marked under its character and what could come next below.

Serves the filter (`/`) and the command line (`:`). Knows no grammar: it asks the two functions it is given. Owns what was typed
before, and rests as one line that tells which filter is in force.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from console.tui.present.inert import inert, painted_width
from console.tui.present.spans import Piece, Span, Spans, Tone
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.paint import OneLine, brush, strip_of

_SHOWN = 6
_LONGEST = 2_000
_REMEMBERED = 100
_SIGN = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the text, and at which character, counted from 0."""

    at: int
    words: str


@dataclass(frozen=True, slots=True)
class Completion:
    """Something that could stand in place of the characters from `start` to the cursor."""

    text: str
    start: int
    words: str = ""
    """What it is."""


Check = Callable[[str], Fault | None]
Complete = Callable[[str, int], Sequence[Completion]]


class _Sign(Widget):
    """The sign before the input."""

    DEFAULT_CSS = """
    _Sign { height: 1; width: 3; background: $panel; }
    """

    def __init__(self, sign: str) -> None:
        super().__init__()
        self.sign = sign

    def render_line(self, y: int) -> Strip:
        """The sign in brass."""
        return strip_of((Span(self.sign, Tone.BRASS, strong=True),), self.size.width, brush(self), "panel", 1)


class _Below(Widget):
    """The fault, or the completions."""

    DEFAULT_CSS = """
    _Below { height: auto; width: 1fr; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.fault: Fault | None = None
        self.at = 0
        """The cell under which the fault stands."""
        self.choices: tuple[Completion, ...] = ()
        self.chosen = -1

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """Lines it needs: none while there is nothing to say."""
        return (1 if self.fault else 0) + min(_SHOWN, len(self.choices))

    def render_line(self, y: int) -> Strip:
        """The fault first, then what could come next."""
        paint, width = brush(self), self.size.width
        if self.fault is not None:
            if y == 0:
                return strip_of(self._fault_spans(width - _SIGN), width, paint, "panel", _SIGN)
            y -= 1
        first = max(0, self.chosen - _SHOWN + 1)
        if first + y >= len(self.choices):
            return Strip.blank(width, paint.ground("panel"))
        here = first + y == self.chosen
        choice = self.choices[first + y]
        spans = (
            Span("> " if here else "  ", Tone.BRASS, strong=True),
            Span(f"{choice.text:<24}", Tone.TEXT, strong=here),
            Span(f"  {choice.words}", Tone.MUTED),
        )
        return strip_of(spans, width, paint, "raised" if here else "panel", 1)

    def _fault_spans(self, room: int) -> Spans:
        """The arrow under its character, and the words on the side where there is room for them."""
        words = "" if self.fault is None else self.fault.words
        arrow = Span("↑", Tone.DANGER, strong=True)
        if self.at + 2 + painted_width(words) <= room or self.at < painted_width(words) + 1:
            return (Span(" " * self.at), arrow, Span(f" {words}", Tone.DANGER))
        return (Span(" " * (self.at - painted_width(words) - 1)), Span(f"{words} ", Tone.DANGER), arrow)


class _Resting(OneLine):
    """The filter in force, how much it lets through, and how it goes."""

    DEFAULT_CSS = """
    _Resting { background: $raised; display: none; }
    """
    SURFACE: Surface = "raised"

    def on_click(self, event: events.Click) -> None:
        """A click on the cross clears the filter; on anything else it is typed on."""
        line = self.parent
        if isinstance(line, FilterLine):
            line.post_message(FilterLine.Left(line) if self.door_at(event.x) == "clear" else FilterLine.Wanted(line))


class FilterLine(Vertical):
    """An input with a sign before it. `tab` takes a completion, `↓ ↑` choose one or go through what was typed before.

    `enter` submits, `esc` leaves. `submit` and `leave` are called at once, so that a key that was typed behind finds it done.
    """

    DEFAULT_CSS = """
    FilterLine { height: auto; background: $panel; }
    FilterLine > Horizontal { height: 1; }
    FilterLine.resting > Horizontal, FilterLine.resting > _Below { display: none; }
    FilterLine.resting > _Resting { display: block; }
    FilterLine Input { border: none; height: 1; width: 1fr; padding: 0 1 0 0; background: $panel; color: $plain; }
    FilterLine Input:focus { border: none; background-tint: $panel 0%; }
    FilterLine Input > .input--cursor { background: $brass; color: $ground; text-style: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False, id="line.leave", priority=True),
        Binding("enter", "submit", "submit", show=False, id="line.submit", priority=True),
        Binding("tab", "take", "complete", show=False, id="line.complete", priority=True),
        Binding("down", "choose(1)", "next", show=False, id="line.next", priority=True),
        Binding("up", "choose(-1)", "previous", show=False, id="line.previous", priority=True),
    ]

    class Changed(Message):
        """The text changed; `fault` is what is wrong with it, if anything."""

        def __init__(self, line: "FilterLine", text: str, fault: Fault | None) -> None:
            super().__init__()
            self.line, self.text, self.fault = line, text, fault

    class Submitted(Changed):
        """Enter on a text without a fault."""

    class Left(Message):
        """Escape, or a click on what clears the filter."""

        def __init__(self, line: "FilterLine") -> None:
            super().__init__()
            self.line = line

    class Wanted(Left):
        """A click on the resting line: it is typed on."""

    def __init__(
        self,
        sign: str,
        *,
        check: Check = lambda _: None,
        complete: Complete = lambda _, __: (),
        submit: Callable[["FilterLine", str], None] | None = None,
        leave: Callable[["FilterLine"], None] | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`sign` stands before the input: `/` or `:`. Without `submit` and `leave`, messages are posted."""
        super().__init__(id=id, classes=classes)
        self.sign = sign
        self._check, self._complete, self._submit = check, complete, submit
        self._leave = leave
        self._input = Input(max_length=_LONGEST, select_on_focus=False)
        self._below = _Below()
        self._resting = _Resting()
        self._before: list[str] = []
        self._back = 0
        self._draft = ""

    def compose(self) -> ComposeResult:
        """The input, what is said below it, and the line in which it rests."""
        with Horizontal():
            yield _Sign(self.sign)
            yield self._input
        yield self._below
        yield self._resting

    @property
    def text(self) -> str:
        """What is typed."""
        return self._input.value

    @property
    def typing(self) -> bool:
        """Whether it has the keyboard."""
        return self.display and not self.has_class("resting")

    def begin(self, text: str = "", before: Sequence[str] | None = None) -> None:
        """Take the keyboard with this text in the line; `before` is what was typed on other occasions, oldest first."""
        self.remove_class("resting")
        self.display = True
        if before is not None:
            self._before = list(before)[-_REMEMBERED:]
        self._back, self._draft = 0, text
        self._put(text)
        # Now and not with the next message: what is typed right behind the key belongs here.
        self.screen.set_focus(self._input)
        self._judge()

    def rest(self, pieces: Sequence[Piece]) -> None:
        """Rest: show these pieces while the filter is in force, or nothing."""
        if self.typing and self._input.has_focus:
            return
        self.display = bool(pieces)
        self.set_class(bool(pieces), "resting")
        self._resting.show(pieces)

    def end(self) -> None:
        """Give the keyboard back."""
        self.display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Check and complete as it is typed."""
        event.stop()
        self.post_message(self.Changed(self, event.value, self._judge()))

    def action_submit(self) -> None:
        """Take the chosen completion, or submit."""
        if self._below.chosen >= 0:
            self.action_take()
            return
        if self._judge() is not None:
            return
        text = self._input.value
        if self._submit is not None:
            self._submit(self, text)
        else:
            self.post_message(self.Submitted(self, text, None))

    def action_leave(self) -> None:
        """Leave the line."""
        if self._leave is not None:
            self._leave(self)
        else:
            self.post_message(self.Left(self))

    def action_choose(self, by: int) -> None:
        """Choose among the completions; up from them, and where there are none, go through what was typed before."""
        below = self._below
        if self._back or (by < 0 and below.chosen < 0):
            self._go_back(self._back - by)
        elif below.choices:
            below.chosen = below.chosen + by if by < 0 else (below.chosen + by) % len(below.choices)
            below.refresh()

    def action_take(self) -> None:
        """Put the chosen completion, or the first, into the line."""
        if not self._below.choices:
            return
        choice = self._below.choices[max(0, self._below.chosen)]
        value, cursor = self._input.value, self._input.cursor_position
        self._back = 0
        self._input.value = value[: choice.start] + choice.text + value[cursor:]
        self._input.cursor_position = choice.start + len(choice.text)

    def _go_back(self, to: int) -> None:
        if not 0 <= to <= len(self._before):
            return
        if not self._back:
            self._draft = self._input.value
        self._back = to
        self._put(self._before[-to] if to else self._draft)

    def _put(self, text: str) -> None:
        self._input.value = text
        self._input.cursor_position = len(text)

    def _judge(self) -> Fault | None:
        value = self._input.value
        fault = self._check(value)
        below = self._below
        below.fault, below.chosen = fault, -1
        if fault is not None:
            below.at = max(0, painted_width(inert(value[: fault.at]).text) - round(self._input.scroll_x))
        below.choices = tuple(self._complete(value, self._input.cursor_position))
        below.refresh(layout=True)
        return fault
