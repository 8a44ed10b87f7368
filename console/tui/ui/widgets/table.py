"""The live table: every list that moves is shown by this one class.

Owns its cursor (bound to an id, never to a line), its marks, its keys and its mouse; `rowlines` paints it.
"""

from collections.abc import Collection, Hashable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console.tui.present.cells import Column
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.rowlines import RowLines
from console.tui.ui.widgets.rowpaint import GUTTER
from console.tui.ui.widgets.rows import Notice, Rows, place_of, settle


class LiveTable(RowLines, can_focus=True, inherit_bindings=False):
    """A virtual table over `Rows`. `show` gives it rows or another order, `touch` says that some may have changed."""

    DEFAULT_CSS = """
    LiveTable { background: $ground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", show=False, id="table.down"),
        Binding("up,k", "move(-1)", "up", show=False, id="table.up"),
        Binding("pagedown", "page(1)", "page down", show=False, id="table.page-down"),
        Binding("pageup", "page(-1)", "page up", show=False, id="table.page-up"),
        Binding("home,g", "edge(-1)", "first", show=False, id="table.first"),
        Binding("end,G", "edge(1)", "last", show=False, id="table.last"),
        Binding("enter", "open", "open", show=False, id="table.open"),
        Binding("space", "mark", "mark", show=False, id="table.mark"),
        Binding("v", "mark_range", "mark up to here", show=False, id="table.mark-range"),
        Binding("asterisk", "mark_all", "mark all", show=False, id="table.mark-all"),
    ]

    class Reported(Message):
        """The base of what a table reports; `control` tells which table."""

        def __init__(self, table: "LiveTable", key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "LiveTable":
            """The table that reports."""
            return self.table

    class CursorMoved(Reported):
        """The cursor stands on another id, by hand or because its row left; None where there is no row."""

    class Opened(Reported):
        """Enter or a double click on a row."""

    class MarksChanged(Reported):
        """Rows were marked or unmarked; `table.marks` has them all."""

    class SortAsked(Reported):
        """A column's title was clicked; `key` is the column's."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        id: str | None = None,
        classes: str | None = None,
        surface: Surface = "ground",
        mark_changes: bool = True,
    ) -> None:
        """`mark_changes` underlines a changed cell for a second; reduced motion turns it off."""
        super().__init__(columns, id=id, classes=classes, surface=surface, mark_changes=mark_changes)
        self._waiting: Rows | None = None
        self._cursor: str | None = None

    # What the table is told

    def show(self, rows: Rows, notice: Notice | None = None) -> None:
        """Take these rows, or the same ones in another order. Under a freeze they wait for `thaw`."""
        if notice is not None:
            self.say(notice)
        if self._held is not None:
            self._waiting = rows
            return
        before, keys = self._keys, rows.keys
        if keys is before and rows is self._rows:
            return
        visible_at = self._index - self._first if self._index >= 0 else -1
        was_inside = 0 <= visible_at < self._room
        index = settle(before, self._index, self._cursor, keys)
        self._rows, self._keys = rows, keys
        self._marks.keep(keys)
        self._resize_content()
        # The row under the cursor keeps its line on the screen, unless the operator looks at the very top.
        if was_inside and self._first > 0 and index >= 0:
            self._begin_at(index - visible_at)
        self._stand_on(index, reveal=was_inside)
        self._refresh_moved()

    def say(self, notice: Notice) -> None:
        """Say in which condition the rows are."""
        if notice != self._notice:
            self._notice = notice
            self._resize_content()
            self.refresh()

    def freeze(self) -> None:
        """Hold what is shown, under a sheet: whatever is told to the table waits for `thaw`."""
        if self._held is None:
            self._held = {}
            for _, key in self._in_sight():
                self._read(key)

    def thaw(self) -> None:
        """Show again what is true now."""
        if self._held is None:
            return
        self._held = None
        waiting, self._waiting = self._waiting, None
        self.show(waiting if waiting is not None else self._rows)
        self.touch()
        # What was held may be newer than what was painted before.
        self.refresh()

    def show_sorting(self, column: str | None, *, descending: bool = False) -> None:
        """Mark the column by which the rows are sorted."""
        self._sorting = (column, descending) if column else None
        self._refresh_line(0)

    def show_columns(self, hidden: Collection[str]) -> None:
        """Leave these columns out, whatever room there is."""
        self.hidden = frozenset(hidden)
        self.refresh()

    def show_watched(self, watched: Collection[str]) -> None:
        """Sign these rows as watched."""
        if self.watched != watched:
            self.watched = frozenset(watched)
            self.refresh()

    # What the table knows

    @property
    def cursor(self) -> str | None:
        """The id under the cursor."""
        return self._cursor

    @property
    def marks(self) -> frozenset[str]:
        """The marked ids."""
        return frozenset(self._marks.held)

    @property
    def notice(self) -> Notice:
        """The condition that was last said."""
        return self._notice

    @property
    def frozen(self) -> bool:
        """Whether the table holds still under a sheet."""
        return self._held is not None

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The keys of the columns for which there is room."""
        return tuple(self.columns[placed.index].key for placed in self._place())

    def move_to(self, key: str) -> bool:
        """Put the cursor on this id; whether it is there."""
        index = place_of(self._keys, key)
        if index < 0:
            return False
        self._stand_on(index)
        return True

    def version(self, key: str) -> Hashable:
        """The version of a row; None where it has left."""
        try:
            return self._rows.version(key)
        except KeyError:
            return None

    def clear_marks(self) -> None:
        """Unmark every row."""
        if self._marks.held:
            self._marks.held.clear()
            self._marks_changed()

    # Keys and mouse

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        self._step(self._index + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self._step(self._index + by * max(1, self._room - 1))

    def action_edge(self, where: int) -> None:
        """Move the cursor to the first or the last row."""
        self._step(0 if where < 0 else len(self._keys) - 1)

    def action_open(self) -> None:
        """Report the row under the cursor."""
        if self._cursor is not None:
            self.post_message(self.Opened(self, self._cursor))

    def action_mark(self) -> None:
        """Mark or unmark the row under the cursor and go on to the next."""
        if self._cursor is not None:
            self._toggle(self._cursor)
            self.action_move(1)

    def action_mark_range(self) -> None:
        """Mark every row from the one marked last to the cursor."""
        if self._cursor is None:
            return
        self._marks.mark_up_to(self._cursor, self._index, self._keys)
        self._marks_changed()

    def action_mark_all(self) -> None:
        """Mark every row that is shown, or unmark them when all are marked."""
        self._marks.mark_all(self._keys)
        self._marks_changed()

    def on_click(self, event: events.Click) -> None:
        """A click moves, a double click opens, one in the gutter marks, one on a title asks to sort."""
        if event.y < self._top:
            self._click_title(event.x - GUTTER)
            return
        index = self._first + event.y - self._top
        if not 0 <= index < len(self._keys):
            return
        self._stand_on(index)
        if event.x < GUTTER:
            self._toggle(self._keys[index])
        elif event.chain == 2:
            self.action_open()

    def on_resize(self, event: events.Resize) -> None:
        """Place the columns again and keep the cursor in sight."""
        self._resize_content()
        self._reveal(self._index)

    def on_focus(self) -> None:
        """The cursor's sign is brass only in the table that has the keys."""
        self.refresh()

    on_blur = on_focus

    def _step(self, index: int) -> None:
        if self._keys:
            self._stand_on(min(max(index, 0), len(self._keys) - 1))

    def _stand_on(self, index: int, *, reveal: bool = True) -> None:
        before, key_before = self._index, self._cursor
        self._index = index
        self._cursor = self._keys[index] if index >= 0 else None
        if before != index:
            for one in (before, index):
                self._refresh_line(one - self._first + self._top)
        if reveal:
            self._reveal(self._index)
        if self._cursor != key_before:
            self.post_message(self.CursorMoved(self, self._cursor))

    def _toggle(self, key: str) -> None:
        self._marks.toggle(key)
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.MarksChanged(self, self._cursor))

    def _click_title(self, x: int) -> None:
        for placed in self._place():
            column = self.columns[placed.index]
            if placed.x <= x < placed.x + placed.width and column.sortable:
                self.post_message(self.SortAsked(self, column.key))
