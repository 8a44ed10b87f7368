"""The line of keys: what can be pressed here, key in brass, word beside it, disabled ones dim."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from console.tui.present.bars import KeyHint, key_piece, keys_gap
from console.tui.present.spans import Piece, Span
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.paint import OneLine


class KeyLine(OneLine):
    """Shows the hints in their order; they leave from the right. A click on one is a press of its key."""

    SURFACE: Surface = "panel"

    class Pressed(Message):
        """A hint was clicked, enabled or not: the dispatcher answers why not."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def show_keys(self, hints: Sequence[KeyHint], beside: Sequence[Span] = ()) -> None:
        """Show these hints from now on; `beside` stands at the right edge where there is room (the last request)."""
        pieces = [key_piece(hint) for hint in hints]
        if beside:
            pieces.append(Piece(tuple(beside), priority=2, right=True))
        self.show(pieces)

    def gap(self, width: int) -> int:
        """Cells between two hints."""
        return keys_gap(width)

    def on_click(self, event: events.Click) -> None:
        """Report the hint that was clicked."""
        name = self.door_at(event.x)
        if name:
            self.post_message(self.Pressed(name))
