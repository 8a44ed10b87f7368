"""Going about: which view is open, the history of views, and up and back again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Vertical

from console.model.filter_grammar import parse_filter
from console.model.filters import FilterError
from console.tui.ui.fetched import FetchedPane
from console.tui.ui.message import MessageLine
from console.tui.ui.panes import MirrorPane, Pane
from console.tui.ui.widgets.detail import Detail
from console.tui.ui.widgets.table import LiveTable

_LONGEST = 50

if TYPE_CHECKING:
    from console.tui.ui.app import Console


@dataclass(frozen=True, slots=True)
class Place:
    """A view with its filter and the row under its cursor."""

    view: str
    filter: str
    key: str | None


class Travel:
    """Opens views and remembers where the operator has been."""

    places: list[Place]
    place_at: int

    def open_view(self: "Console", name: str, filter: str | None = None, key: str = "") -> None:  # type: ignore[misc]
        """Open a view, with another filter where one is given, and on a row where one is named."""
        self._leave_place()
        self.work(self._arrive(name, filter, key))

    async def _arrive(self: "Console", name: str, filter: str | None, key: str | None) -> None:  # type: ignore[misc]
        pane = self.panes[name]
        if filter is not None:
            self.put_filter(pane, filter)
        await self.show_pane(pane)
        if key and pane.table is not None and not pane.table.move_to(key):
            self.put_filter(pane, f"id:{key}")
            self.rearrange()
            pane.table.move_to(key)
        self.fetch_soon()

    async def show_pane(self: "Console", pane: Pane) -> None:  # type: ignore[misc]  # a part of the application
        """Put a pane in sight."""
        base = self.screen_stack[0]
        self.pane = pane
        base.remove_class("reading")
        base.set_class(pane.name == "overview", "alone")
        tables = base.query_one("#tables", Vertical)
        if pane.table is None and pane.columns:
            pane.table = LiveTable(pane.columns, id=f"table-{pane.name}", mark_changes=not self.world.options.reduced_motion)
            await tables.mount(pane.table)
        for other in self.panes.values():
            if other.table is not None:
                other.table.display = other is pane
        if pane.table is not None:
            pane.table.show_watched(frozenset(self.watches.held))
            base.set_focus(pane.table)
        elif pane.name == "overview":
            base.set_focus(base.query_one("#overview", Detail))
        if isinstance(pane, FetchedPane):
            self.load(pane)
        self.rearrange()

    def _leave_place(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        del self.places[self.place_at :]
        self.places.append(self._here())
        del self.places[:-_LONGEST]
        self.place_at = len(self.places)

    def _here(self: "Console") -> Place:  # type: ignore[misc]  # a part of the application
        return Place(self.pane.name, self.pane.filter_text, self.pane.cursor)

    def go_last(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Go to the view before this one."""
        before = next((one for one in reversed(self.places) if one.view != self.pane.name), None)
        if before is None:
            self.refuse("There was no view before this one.")
        else:
            self.open_view(before.view, before.filter, before.key or "")

    def go_along(self: "Console", by: int) -> None:  # type: ignore[misc]  # a part of the application
        """Go back or forward in the history."""
        if self.place_at == len(self.places) and by < 0:
            self.places.append(self._here())
        at = self.place_at + by
        if not 0 <= at < len(self.places):
            self.refuse("There is nothing further in the history of views.")
            return
        self.place_at = at
        place = self.places[at]
        self.work(self._arrive(place.view, place.filter, place.key))

    def open_detail(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Give the keys to the whole detail."""
        base = self.screen_stack[0]
        base.add_class("reading")
        self.paint_side()
        base.set_focus(base.query_one("#card", Detail))

    def go_up(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """One step up: the detail, the marks, the filter, what a fetched row was opened from, the message."""
        base, pane = self.screen_stack[0], self.pane
        if base.has_class("reading"):
            base.remove_class("reading")
            if pane.table is not None:
                base.set_focus(pane.table)
            self.paint_side()
        elif pane.table is not None and pane.table.marks:
            pane.table.clear_marks()
        elif pane.filter_text:
            self.put_filter(pane, "")
            self.rearrange()
        elif isinstance(pane, FetchedPane) and (above := pane.go_up()):
            self.open_view(above)
        else:
            base.query_one(MessageLine).clear()

    def put_filter(self: "Console", pane: Pane, text: str) -> None:  # type: ignore[misc]  # a part of the application
        """Filter a pane; a text that cannot be read leaves it as it was."""
        text = text.strip()
        if isinstance(pane, MirrorPane) and pane.fields is not None:
            try:
                node = parse_filter(text, pane.fields) if text else None
            except FilterError as error:
                self.refuse(f"The filter cannot be read at character {error.position + 1}: {error.text}.")
                return
            pane.filter_text, pane.node = text, node
        elif isinstance(pane, FetchedPane) and pane.fields is not None:
            if text == pane.filter_text:
                return
            try:
                pane.node = parse_filter(text, pane.fields) if text else None
            except FilterError as error:
                self.refuse(f"The filter cannot be read at character {error.position + 1}: {error.text}.")
                return
            pane.filter_text = text
            if pane.by_plane:
                pane.forget()
                self.load(pane)
        elif text:
            self.refuse("This view takes no filter.")

    def load_older(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Fetch older audit records."""
        pane = self.pane
        if isinstance(pane, FetchedPane):

            async def fetch() -> None:
                await pane.load_older()
                pane.rearrange()

            self.work(fetch())
