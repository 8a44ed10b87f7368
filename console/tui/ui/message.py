"""The message line: every dangerous key answers here. A message leaves by itself after a while, or stays until the next."""

from time import monotonic

from console.tui.present.spans import Piece, Span
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.paint import OneLine

STAYS_SECONDS = 12.0


class MessageLine(OneLine):
    """Shows the last message; hidden while there is none."""

    DEFAULT_CSS = """
    MessageLine { height: 1; width: 1fr; background: $raised; display: none; }
    """
    SURFACE: Surface = "raised"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.words = ""
        self._leaves_at: float | None = None

    def say(self, *spans: Span, stay: bool = False) -> None:
        """Show a message."""
        self.words = "".join(span.text for span in spans)
        self._leaves_at = None if stay else monotonic() + STAYS_SECONDS
        self.show([Piece(tuple(spans))])
        self.display = True

    def pass_time(self) -> None:
        """Let an old message leave."""
        if self._leaves_at is not None and monotonic() >= self._leaves_at:
            self.clear()

    def clear(self) -> None:
        """No message."""
        self.display = False
        self._leaves_at = None
