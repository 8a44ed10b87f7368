"""The message line: every dangerous key answers here. A message leaves by itself after a while, or stays until the next."""

from time import monotonic

from textual.strip import Strip
from textual.widget import Widget

from console.tui.present.spans import Span, Spans, wrap
from console.tui.ui.widgets.paint import brush, strip_of

STAYS_SECONDS = 12.0
_MOST_LINES = 3
_PAD = 1


class MessageLine(Widget):
    """Shows the last message, over as many lines as it needs up to three; hidden while there is none."""

    DEFAULT_CSS = """
    MessageLine { height: auto; width: 1fr; background: $raised; display: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.words = ""
        self._spans: Spans = ()
        self._leaves_at: float | None = None

    def say(self, *spans: Span, stay: bool = False) -> None:
        """Show a message."""
        self.words = "".join(span.text for span in spans)
        self._spans = spans
        self._leaves_at = None if stay else monotonic() + STAYS_SECONDS
        self.display = True
        self.refresh(layout=True)

    def pass_time(self) -> None:
        """Let an old message leave."""
        if self._leaves_at is not None and monotonic() >= self._leaves_at:
            self.clear()

    def clear(self) -> None:
        """No message."""
        self.display = False
        self._leaves_at = None

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """The lines that the message needs."""
        return len(self._laid(width))

    def render_line(self, y: int) -> Strip:
        """One line of the message."""
        laid = self._laid(self.size.width)
        return strip_of(laid[y] if y < len(laid) else (), self.size.width, brush(self), "raised", _PAD)

    def _laid(self, width: int) -> tuple[Spans, ...]:
        return wrap(self._spans, max(10, width - 2 * _PAD))[:_MOST_LINES]
