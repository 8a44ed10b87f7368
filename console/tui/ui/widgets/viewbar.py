"""The views as a strip: the chosen one is a filled block of brass, each has its digit and, where it counts, its count."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from textual import events
from textual.message import Message

from console.tui.present.spans import Piece, Span, Tone, fit_pieces
from console.tui.ui.widgets.paint import OneLine


@dataclass(frozen=True, slots=True)
class Tab:
    """One view in the strip."""

    name: str
    """What `ViewBar.Chosen` reports."""
    digit: str
    title: str
    count: str = ""
    short: str = ""
    """The title where there is little room."""


class ViewBar(OneLine):
    """Shows the tabs. In little room the counts go first, then long titles, then all titles but the chosen one's."""

    class Chosen(Message):
        """A view was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._tabs: tuple[Tab, ...] = ()
        self._chosen = ""
        self._beside: tuple[Piece, ...] = ()
        self._tight = False

    def show_tabs(self, tabs: Sequence[Tab], chosen: str, beside: Sequence[Piece] = ()) -> None:
        """Show these tabs from now on; `beside` stands at the right edge where there is room (the filter, the count)."""
        self._tabs, self._chosen = tuple(tabs), chosen
        self._beside = tuple(replace(piece, right=True, priority=piece.priority + 10) for piece in beside)
        self._arrange()

    def gap(self, width: int) -> int:
        """Cells between two tabs."""
        return 1 if self._tight else 2

    def on_resize(self) -> None:
        """Choose the form again for the new width."""
        self._arrange()

    def on_click(self, event: events.Click) -> None:
        """Report the tab that was clicked."""
        name = self.door_at(event.x)
        if name:
            self.post_message(self.Chosen(name))

    def _arrange(self) -> None:
        width = self.size.width
        if width <= 0:
            return
        room = width - self.PAD - self.PAD_RIGHT
        for counts, short, titles, tight in (
            (True, False, True, False),
            (False, False, True, False),
            (False, True, True, True),
            (False, True, False, True),
        ):
            self._tight = tight
            pieces = [self._piece(tab, counts=counts, short=short, titles=titles, block=not tight) for tab in self._tabs]
            gap = self.gap(width)
            if sum(piece.width for piece in pieces) + gap * (len(pieces) - 1) <= room:
                break
        self.show(fit_pieces([*pieces, *self._beside], room, gap))

    def _piece(self, tab: Tab, *, counts: bool, short: bool, titles: bool, block: bool) -> Piece:
        title = (tab.short or tab.title) if short else tab.title
        chosen = tab.name == self._chosen
        if chosen:
            words = " ".join(part for part in (tab.digit, title, tab.count if counts else "") if part)
            edge = " " if block else ""
            return Piece((Span(f"{edge}{words}{edge}", Tone.BRASS, strong=True, fill=True),), name=tab.name)
        spans = [Span(tab.digit, Tone.BRASS)]
        if titles:
            spans.append(Span(f" {title}", Tone.MUTED))
        if counts and tab.count:
            spans.append(Span(f" {tab.count}", Tone.TEXT))
        return Piece(tuple(spans), priority=1, name=tab.name)
