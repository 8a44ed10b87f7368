"""The views as a strip: the chosen one is a filled block of brass, each has its digit and, where it counts, its count."""

from collections.abc import Sequence
from dataclasses import replace

from textual import events
from textual.message import Message

from console.tui.present.bars import Tab, tab_pieces
from console.tui.present.spans import Piece, fit_pieces
from console.tui.ui.widgets.paint import OneLine


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
        self._gap = 2

    def show_tabs(self, tabs: Sequence[Tab], chosen: str, beside: Sequence[Piece] = ()) -> None:
        """Show these tabs from now on; `beside` stands at the right edge where there is room (the filter, the count)."""
        self._tabs, self._chosen = tuple(tabs), chosen
        self._beside = tuple(replace(piece, right=True, priority=piece.priority + 10) for piece in beside)
        self._arrange()

    def gap(self, width: int) -> int:
        """Cells between two tabs."""
        return self._gap

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
        pieces, self._gap = tab_pieces(self._tabs, self._chosen, room)
        self.show(fit_pieces([*pieces, *self._beside], room, self._gap))
