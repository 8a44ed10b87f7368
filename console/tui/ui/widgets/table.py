"""The live table: every list that moves is shown by this one class.

Owns its cursor (bound to an id, never to a line), its marks and the strips it has painted. Asks for the cells of a row
only when that row is in sight, and paints again only lines whose row has another version.
"""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.message import Message
from textual.strip import Strip

from console.tui.present.cells import Cell, Column, Placed, place
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.paint import brush, strip_of
from console.tui.ui.widgets.rowpaint import GUTTER, RowLook, row, titles
from console.tui.ui.widgets.rows import CHANGE_SECONDS, Changes, Condition, NoRows, Notice, Rows, notice_lines, settle
from console.tui.ui.widgets.virtual import VirtualLines


@dataclass(slots=True)
class _Painted:
    version: Hashable
    cells: Sequence[Cell]
    stamp: tuple[Hashable, ...] = ()
    strip: Strip | None = None


class LiveTable(VirtualLines, can_focus=True, inherit_bindings=False):
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
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self.hidden: frozenset[str] = frozenset()
        self.mark_changes = mark_changes
        self._surface: Surface = surface
        self._rows: Rows = NoRows()
        self._keys: Sequence[str] = ()
        self._waiting: Rows | None = None
        self._held: dict[str, _Painted] | None = None
        self._notice = Notice(Condition.LOADING)
        self._sorting: tuple[str, bool] | None = None
        self._cursor: str | None = None
        self._index = -1
        self._marks: set[str] = set()
        self._last_mark: str | None = None
        self._changes = Changes()
        self._resting = False
        self._cache: LRUCache[str, _Painted] = LRUCache(512)
        self._layout: tuple[Placed, ...] = ()
        self._layout_for: tuple[Hashable, ...] = ()

    # What the table is told

    def show(self, rows: Rows, notice: Notice | None = None) -> None:
        """Take these rows, or the same ones in another order. Under a freeze they wait for `thaw`."""
        if notice is not None:
            self.say(notice)
        if self._held is not None:
            self._waiting = rows
            return
        before, keys = self._keys, rows.keys
        visible_at = self._index - self._first if self._index >= 0 else -1
        was_inside = 0 <= visible_at < self._room
        index = settle(before, self._index, self._cursor, keys)
        self._rows, self._keys = rows, keys
        self._marks.intersection_update(keys) if self._marks else None
        self._resize_content()
        # The row under the cursor keeps its line on the screen, unless the operator looks at the very top.
        if was_inside and self._first > 0 and index >= 0:
            self._begin_at(index - visible_at)
        self._stand_on(index, reveal=was_inside)
        self.refresh()

    def touch(self) -> None:
        """Some rows may have another version: paint again the lines in sight that do."""
        if self._held is not None:
            return
        for line, key in self._in_sight():
            painted = self._cache.get(key)
            try:
                if painted is not None and painted.version == self._rows.version(key):
                    continue
                if painted is not None and self.mark_changes:
                    self._mark_change(key, painted.cells)
            except KeyError:
                pass
            self._refresh_line(line)

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

    def show_sorting(self, column: str | None, *, descending: bool = False) -> None:
        """Mark the column by which the rows are sorted."""
        self._sorting = (column, descending) if column else None
        self._refresh_line(0)

    def show_columns(self, hidden: Collection[str]) -> None:
        """Leave these columns out, whatever room there is."""
        self.hidden = frozenset(hidden)
        self.refresh()

    # What the table knows

    @property
    def cursor(self) -> str | None:
        """The id under the cursor."""
        return self._cursor

    @property
    def marks(self) -> frozenset[str]:
        """The marked ids."""
        return frozenset(self._marks)

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
        index = settle(self._keys, self._index, key, self._keys)
        if index < 0 or self._keys[index] != key:
            return False
        self._stand_on(index)
        return True

    def clear_marks(self) -> None:
        """Unmark every row."""
        if self._marks:
            self._marks.clear()
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
        start = settle(self._keys, self._index, self._last_mark or self._cursor, self._keys)
        low, high = sorted((start, self._index))
        self._marks.update(self._keys[low : high + 1])
        self._last_mark = self._cursor
        self._marks_changed()

    def action_mark_all(self) -> None:
        """Mark every row that is shown, or unmark them when all are marked."""
        if len(self._marks) == len(self._keys):
            self._marks.clear()
        else:
            self._marks.update(self._keys)
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

    # Painting

    @property
    def _top(self) -> int:
        return 2 if self._banner else 1

    @property
    def _banner(self) -> bool:
        return self._notice.condition is Condition.STALE

    def _in_sight(self) -> list[tuple[int, str]]:
        first, top = self._first, self._top
        return [(top + at, key) for at, key in enumerate(self._keys[first : first + self._room])]

    def _resize_content(self) -> None:
        self._grow(len(self._keys))

    def render_line(self, y: int) -> Strip:
        """Paint one line of what is in sight."""
        width = self._width
        paint = brush(self)
        if y == 0:
            return strip_of(titles(self.columns, self._place(), self._sorting), width, paint, self._surface)
        lines = notice_lines(self._notice)
        if self._banner and y == 1:
            return strip_of(lines[0], width, paint, self._surface, GUTTER)
        index = self._first + y - self._top
        if 0 <= index < len(self._keys):
            return self._row(index, width)
        if not self._keys and self._notice.condition is not Condition.STALE and 0 <= y - 2 < len(lines):
            return strip_of(lines[y - 2], width, paint, self._surface, GUTTER)
        return Strip.blank(width, paint.ground(self._surface))

    def _row(self, index: int, width: int) -> Strip:
        key = self._keys[index]
        painted = self._read(key)
        here, paint = index == self._index, brush(self)
        look = RowLook(here, key in self._marks, here and self.has_focus, self._changes.of(key))
        stamp = (painted.version, look, self._place(), width, paint.serial)
        if painted.strip is None or painted.stamp != stamp:
            painted.stamp = stamp
            painted.strip = row(painted.cells, self.columns, self._place(), width, look=look, brush=paint, ground=self._surface)
        return painted.strip

    def _read(self, key: str) -> _Painted:
        """The row as it is now, or as it was when the table was frozen."""
        if self._held is not None and key in self._held:
            return self._held[key]
        painted = self._cache.get(key)
        try:
            version = self._rows.version(key)
            if painted is None or painted.version != version:
                painted = _Painted(version, self._rows.cells(key))
                self._cache[key] = painted
        except KeyError:
            painted = painted or _Painted(None, ())
        if self._held is not None:
            self._held[key] = painted
        return painted

    def _place(self) -> tuple[Placed, ...]:
        wanted = (self._width, self.columns, self.hidden)
        if wanted != self._layout_for:
            self._layout_for = wanted
            self._layout = place(self.columns, max(0, self._width - GUTTER), self.hidden)
        return self._layout

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
        self._marks.symmetric_difference_update({key})
        self._last_mark = key
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.MarksChanged(self, self._cursor))

    def _click_title(self, x: int) -> None:
        for placed in self._place():
            column = self.columns[placed.index]
            if placed.x <= x < placed.x + placed.width and column.sortable:
                self.post_message(self.SortAsked(self, column.key))

    def _mark_change(self, key: str, before: Sequence[Cell]) -> None:
        if self._changes.note(key, before, self._rows.cells(key), self.columns) and not self._resting:
            self._resting = True
            self.set_timer(CHANGE_SECONDS, self._rest)

    def _rest(self) -> None:
        over = self._changes.rest()
        for line, key in self._in_sight():
            if key in over:
                self._refresh_line(line)
        wait = self._changes.wait()
        self._resting = wait is not None
        if wait is not None:
            self.set_timer(wait, self._rest)
