"""Something to read over the screen: help, a tally, the command log. Written anew while it is open, never by itself opened."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from console.tui.present.spans import Line, Piece, Span, Tone
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.detail import Detail
from console.tui.ui.widgets.paint import OneLine, content_of


class _Keys(OneLine):
    SURFACE: Surface = "panel"
    PAD = 0


class Reading(ModalScreen[None]):
    """Shows lines under a title; `tick` is asked for newer ones every second. `esc`, `q` or `enter` closes it."""

    DEFAULT_CSS = """
    Reading { align: center middle; background: $ground 60%; }
    Reading:ansi { background: transparent; }
    Reading > Vertical { width: 110; max-width: 100%; height: auto; max-height: 100%; background: $panel;
        border: round $line; border-title-color: $brass; border-title-background: $panel; padding: 0 1; }
    Reading.wide > Vertical { width: 100%; margin: 0 3; }
    Reading Detail { height: auto; padding: 0; }
    Reading _Keys { margin: 1 0 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", "close", show=False, id="reading.leave", priority=True),
    ]

    def __init__(
        self, title: str, lines: Sequence[Line], tick: Callable[[], Sequence[Line]] | None = None, *, wide: bool = False
    ) -> None:
        """`wide` takes the whole width of the terminal."""
        super().__init__()
        self.set_class(wide, "wide")
        self._words, self._lines, self._tick = title, tuple(lines), tick
        self._detail = Detail()

    def compose(self) -> ComposeResult:
        """The lines and the way out."""
        with Vertical() as box:
            box.border_title = content_of((Span(self._words),))
            yield self._detail
            keys = _Keys()
            keys.show(
                [
                    Piece((Span("esc", Tone.BRASS, strong=True), Span(" close", Tone.MUTED))),
                    Piece((Span("j k", Tone.BRASS, strong=True), Span(" scroll", Tone.MUTED)), 1),
                ]
            )
            yield keys

    def on_mount(self) -> None:
        """Show, and look again every second where there is something to look at."""
        self._detail.show(self._lines)
        self.set_focus(self._detail)
        if self._tick is not None:
            self.set_interval(1.0, self.write_anew)

    def on_resize(self, event: events.Resize) -> None:
        """The way out stays in sight."""
        self._detail.styles.max_height = max(2, event.size.height - 4)

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._detail.lines

    def write_anew(self) -> None:
        """Ask for newer lines."""
        if self._tick is not None:
            self._detail.show(tuple(self._tick()))
            self._detail.refresh(layout=True)

    def action_leave(self) -> None:
        """Close."""
        self.dismiss()
