"""The line of keys: what can be pressed here, key in brass, word beside it, disabled ones dim."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from console.tui.present.spans import Piece, Span, Tone
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.paint import OneLine


@dataclass(frozen=True, slots=True)
class KeyHint:
    """One key and its word."""

    name: str
    """The action; what `KeyLine.Pressed` reports."""
    key: str
    word: str
    enabled: bool = True
    takes: bool = False
    """Takes power away: its key is red."""
    keep: bool = False
    """Stays when others leave for want of room, as help does."""


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
        pieces = [self._piece(hint) for hint in hints]
        if beside:
            pieces.append(Piece(tuple(beside), priority=2, right=True))
        self.show(pieces)

    def gap(self, width: int) -> int:
        """Cells between two hints."""
        return 2 if width >= 100 else 1

    def on_click(self, event: events.Click) -> None:
        """Report the hint that was clicked."""
        name = self.door_at(event.x)
        if name:
            self.post_message(self.Pressed(name))

    def _piece(self, hint: KeyHint) -> Piece:
        tone = Tone.DIM if not hint.enabled else Tone.DANGER if hint.takes else Tone.BRASS
        word = Span(f" {hint.word}", Tone.MUTED if hint.enabled else Tone.DIM)
        return Piece((Span(hint.key, tone, strong=hint.enabled), word), priority=0 if hint.keep else 1, name=hint.name)
