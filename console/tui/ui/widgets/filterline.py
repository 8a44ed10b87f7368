"""One line to type into, with the fault marked under its character and what could come next below.

Serves the filter (`/`) and the command line (`:`). Knows no grammar: it asks the two functions it is given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from console.tui.present.spans import Span, Tone
from console.tui.ui.widgets.paint import brush, strip_of

_SHOWN = 6
_LONGEST = 2_000


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
                at = min(self.fault.at, max(0, width - 24))
                spans = (Span(" " * at), Span("↑ ", Tone.DANGER, strong=True), Span(self.fault.words, Tone.DANGER))
                return strip_of(spans, width, paint, "panel", 3)
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


class FilterLine(Vertical):
    """An input with a sign before it. `tab` takes a completion, `↓ ↑` choose one, `enter` submits, `esc` leaves."""

    DEFAULT_CSS = """
    FilterLine { height: auto; background: $panel; }
    FilterLine > Horizontal { height: 1; }
    FilterLine Input { border: none; height: 1; width: 1fr; padding: 0 1 0 0; background: $panel; color: $plain; }
    FilterLine Input:focus { border: none; background-tint: $panel 0%; }
    FilterLine Input > .input--cursor { background: $brass; color: $ground; text-style: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False, id="line.leave"),
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
        """Escape."""

        def __init__(self, line: "FilterLine") -> None:
            super().__init__()
            self.line = line

    def __init__(
        self,
        sign: str,
        *,
        check: Check = lambda _: None,
        complete: Complete = lambda _, __: (),
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`sign` stands before the input: `/` or `:`."""
        super().__init__(id=id, classes=classes)
        self.sign = sign
        self._check, self._complete = check, complete
        self._input = Input(max_length=_LONGEST, select_on_focus=False)
        self._below = _Below()

    def compose(self) -> ComposeResult:
        """The input, and what is said below it."""
        with Horizontal():
            yield _Sign(self.sign)
            yield self._input
        yield self._below

    @property
    def text(self) -> str:
        """What is typed."""
        return self._input.value

    def begin(self, text: str = "") -> None:
        """Take the keyboard with this text in the line."""
        self._input.value = text
        self._input.cursor_position = len(text)
        self._input.focus()
        self._judge()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Check and complete as it is typed."""
        event.stop()
        self.post_message(self.Changed(self, event.value, self._judge()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the chosen completion, or submit."""
        event.stop()
        if self._below.chosen >= 0:
            self.action_take()
            return
        if self._judge() is None:
            self.post_message(self.Submitted(self, event.value, None))

    def action_leave(self) -> None:
        """Report that the line is left."""
        self.post_message(self.Left(self))

    def action_choose(self, by: int) -> None:
        """Choose among the completions."""
        if self._below.choices:
            self._below.chosen = (self._below.chosen + by) % len(self._below.choices)
            self._below.refresh()

    def action_take(self) -> None:
        """Put the chosen completion, or the first, into the line."""
        if not self._below.choices:
            return
        choice = self._below.choices[max(0, self._below.chosen)]
        value, cursor = self._input.value, self._input.cursor_position
        self._input.value = value[: choice.start] + choice.text + value[cursor:]
        self._input.cursor_position = choice.start + len(choice.text)

    def _judge(self) -> Fault | None:
        value = self._input.value
        fault = self._check(value)
        below = self._below
        below.fault, below.chosen = fault, -1
        below.choices = tuple(self._complete(value, self._input.cursor_position))
        below.refresh(layout=True)
        return fault
