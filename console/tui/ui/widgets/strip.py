"""The status strip: environment, operator, safety, connection and counts, always in the first line."""

from textual import events
from textual.message import Message

from console.tui.present.bars import STRIP_PAD, strip_gap
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.paint import OneLine


class StatusStrip(OneLine):
    """Paints the pieces it is given, which leave by priority. A click on a named piece opens what is behind it."""

    SURFACE: Surface = "panel"
    PAD = STRIP_PAD

    class Opened(Message):
        """A piece of the strip was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def gap(self, width: int) -> int:
        """Cells between two pieces."""
        return strip_gap(width)

    def on_click(self, event: events.Click) -> None:
        """Report the piece that was clicked."""
        name = self.door_at(event.x)
        if name:
            self.post_message(self.Opened(name))
