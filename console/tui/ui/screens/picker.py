"""A list to choose from by typing: the palette, and the choosers of columns, sorting and themes. Text only, no markup.

Owns for how long what is found later may be looked for between two keys.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from console.tui.present.inert import clip
from console.tui.present.spans import Span, Tone, wrap
from console.tui.ui.widgets.paint import brush, content_of, strip_of

_BESIDE = 46
"""Cells beside the name: its mark and key, and the words about it."""
_LOOK = 0.004
"""Seconds of one look for what is found later."""
_PAUSE = 0.01


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to choose. `value` is what is handed over; `more` is told at the foot while the cursor is on it."""

    value: str
    text: str
    words: str = ""
    key: str = ""
    enabled: bool = True
    more: str = ""


class _Choices(Widget):
    DEFAULT_CSS = """
    _Choices { height: 1fr; width: 1fr; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.entries: tuple[Entry, ...] = ()
        self.chosen = 0

    @property
    def first(self) -> int:
        """The index of the first entry in sight."""
        return max(0, self.chosen - self.size.height + 1)

    def render_line(self, y: int) -> Strip:
        """One entry, or that nothing is found."""
        paint, width, at = brush(self), self.size.width, self.first + y
        if at >= len(self.entries):
            words = (Span("nothing is called so", Tone.MUTED),) if y == 0 and not self.entries else ()
            return strip_of(words, width, paint, "panel", 2)
        one, here = self.entries[at], at == self.chosen
        tone = Tone.TEXT if one.enabled else Tone.DIM
        keyed = any(one.key for one in self.entries)
        name = max(20, width - _BESIDE)
        spans = (
            Span("> " if here else "  ", Tone.BRASS, strong=True),
            Span(f"{one.key:<8}" if keyed else "", Tone.BRASS if one.enabled else Tone.DIM),
            Span(f"{clip(one.text, name):<{name}}  ", tone, strong=here),
            Span(one.words, Tone.MUTED),
        )
        return strip_of(spans, width, paint, "raised" if here else "panel")


class _Foot(Widget):
    """What more there is to know of the entry under the cursor, in full."""

    DEFAULT_CSS = """
    _Foot { height: 2; width: 1fr; background: $panel; margin: 1 0 0 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.words = ""

    def render_line(self, y: int) -> Strip:
        """One line of the words, wrapped."""
        lines = wrap((Span(self.words, Tone.WARN),), self.size.width - 4) if self.words else ()
        return strip_of(lines[y] if y < len(lines) else (), self.size.width, brush(self), "panel", 2)


class Picker(ModalScreen[None]):
    """Shows entries; what is typed narrows them. `enter` or a click chooses, `esc` leaves."""

    DEFAULT_CSS = """
    Picker { align: center middle; background: $ground 60%; }
    Picker:ansi { background: transparent; }
    Picker > Vertical { width: 96; max-width: 100%; height: 18; max-height: 100%; background: $panel;
        border: round $line; border-title-color: $brass; border-title-background: $panel; padding: 0 1; }
    Picker Input { border: none; height: 1; padding: 0 1; background: $raised; color: $plain; margin: 0 0 1 0; }
    Picker Input:focus { border: none; background-tint: $raised 0%; }
    Picker Input > .input--cursor { background: $brass; color: $ground; text-style: none; }
    Picker.beside { align: right bottom; background: transparent; }
    Picker.beside > Vertical { width: 56; height: 16; }
    Picker.footed > Vertical { height: 21; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False, id="picker.leave", priority=True),
        Binding("enter", "take", "choose", show=False, id="picker.take", priority=True),
        Binding("down,ctrl+n,tab", "choose(1)", "next", show=False, id="picker.next", priority=True),
        Binding("up,shift+tab", "choose(-1)", "previous", show=False, id="picker.previous", priority=True),
        Binding("pagedown", "choose(10)", "further", show=False, id="picker.further", priority=True),
        Binding("pageup", "choose(-10)", "nearer", show=False, id="picker.nearer", priority=True),
    ]

    def __init__(
        self,
        title: str,
        find: Callable[[str], Sequence[Entry]],
        done: Callable[[str], None],
        *,
        later: Callable[[str], Iterator[Sequence[Entry]]] | None = None,
        moved: Callable[[Entry | None], None] | None = None,
        begin: str = "",
    ) -> None:
        """`find` gives the entries for what is typed; `done` gets the chosen value, and is not called when it is left.

        `later` gives further entries in slices, between which other keys may come. `moved` hears of each entry that the
        cursor comes to, and of None where nothing was chosen; what is beneath then stays in sight. The cursor begins on the
        value `begin`.
        """
        super().__init__(classes="beside" if moved is not None else None)
        self._moved, self._begin = moved, begin
        self._foot = _Foot()
        self._words, self._find, self._done, self._later = title, find, done, later
        self._looking: Iterator[Sequence[Entry]] | None = None
        self._input = Input(max_length=120, select_on_focus=False)
        self._choices = _Choices()

    def compose(self) -> ComposeResult:
        """The input over the entries."""
        with Vertical() as box:
            box.border_title = content_of((Span(self._words),))
            yield self._input
            yield self._choices
            yield self._foot

    def on_mount(self) -> None:
        """Show everything at first."""
        self.set_focus(self._input)
        self._search("")
        self._foot.display = any(one.more for one in self.entries)
        self.set_class(self._foot.display, "footed")
        values = [one.value for one in self.entries]
        if self._begin in values:
            self._choices.chosen = values.index(self._begin)
        self._came()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is found for what is typed."""
        return self._choices.entries

    @property
    def chosen(self) -> Entry | None:
        """The entry under the cursor, if anything is found."""
        return self.entries[self._choices.chosen] if self.entries else None

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the entries."""
        event.stop()
        self._search(event.value)
        self._came()

    def action_take(self) -> None:
        """Choose."""
        self._take()

    def on_click(self, event: events.Click) -> None:
        """A click on an entry chooses it."""
        if event.widget is self._choices:
            at = self._choices.first + event.y
            if at < len(self._choices.entries):
                self._choices.chosen = at
                self._take()

    def action_choose(self, by: int) -> None:
        """Move among the entries."""
        if self._choices.entries:
            self._choices.chosen = min(max(0, self._choices.chosen + by), len(self._choices.entries) - 1)
            self._choices.refresh()
            self._came()

    def action_leave(self) -> None:
        """Leave."""
        self.dismiss()
        if self._moved is not None:
            self._moved(None)

    def _came(self) -> None:
        """Tell of the entry under the cursor."""
        one = self.chosen
        self._foot.words = one.more if one is not None else ""
        self._foot.refresh()
        if self._moved is not None and one is not None:
            self._moved(one)

    def _search(self, text: str) -> None:
        text = text.strip().lower()
        self._choices.entries = tuple(self._find(text))
        self._choices.chosen = 0
        self._looking = None if self._later is None else self._later(text)
        self._look()
        self._choices.refresh()

    def _look(self) -> None:
        """Look on for as long as no key is held up by it."""
        looking, until = self._looking, perf_counter() + _LOOK
        if looking is None:
            return
        for some in looking:
            if some:
                self._choices.entries = (*self._choices.entries, *some)
                self._choices.refresh()
            if perf_counter() >= until:
                self.set_timer(_PAUSE, lambda: self._look() if looking is self._looking else None)
                return
        self._looking = None

    @property
    def searching(self) -> bool:
        """Whether more may yet be found."""
        return self._looking is not None

    def _take(self) -> None:
        if self._choices.entries:
            value = self._choices.entries[self._choices.chosen].value
            self.dismiss()
            self._done(value)


def among(entries: Sequence[Entry]) -> Callable[[str], Sequence[Entry]]:
    """A search over entries that are known beforehand: every word must be found."""

    def find(text: str) -> Sequence[Entry]:
        words = text.split()
        return [one for one in entries if all(word in f"{one.text} {one.words} {one.key}".lower() for word in words)]

    return find
