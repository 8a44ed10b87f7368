"""Rows as painted lines: the lower half of the live table.

Owns the strips that were painted, and which row stands on which line. Asks for the cells of a row only when that row is in
sight, and paints again only lines whose row has another version or that another row has come to stand on.
"""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass

from textual.cache import LRUCache
from textual.geometry import Region
from textual.strip import Strip

from console.tui.present.cells import Cell, Column, Placed, place
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.marks import Marks
from console.tui.ui.widgets.paint import brush, strip_of
from console.tui.ui.widgets.rowpaint import GUTTER, RowLook, row, titles
from console.tui.ui.widgets.rows import CHANGE_SECONDS, Changes, Condition, NoRows, Notice, Rows, notice_lines
from console.tui.ui.widgets.virtual import VirtualLines


@dataclass(slots=True)
class Painted:
    """A row as it was read, and its strip as it was painted for a stamp."""

    version: Hashable
    cells: Sequence[Cell]
    stamp: tuple[Hashable, ...] = ()
    strip: Strip | None = None


class RowLines(VirtualLines):
    """Paints `Rows` under a line of titles. The live table says which rows, in which order, and where its cursor is."""

    def __init__(
        self, columns: Sequence[Column], *, id: str | None, classes: str | None, surface: Surface, mark_changes: bool
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self.hidden: frozenset[str] = frozenset()
        self.watched: frozenset[str] = frozenset()
        self.mark_changes = mark_changes
        self._surface: Surface = surface
        self._rows: Rows = NoRows()
        self._keys: Sequence[str] = ()
        self._index = -1
        self._marks = Marks()
        self._held: dict[str, Painted] | None = None
        self._notice = Notice(Condition.LOADING)
        self._sorting: tuple[str, bool] | None = None
        self._changes = Changes()
        self._resting = False
        self._cache: LRUCache[str, Painted] = LRUCache(512)
        self._lines: dict[int, tuple[str | None, bool]] = {}
        """Which row was painted last on each line, and whether as the one under the cursor."""
        self._ready: dict[int, Strip] = {}
        """Lines that need not be painted again."""
        self._layout: tuple[Placed, ...] = ()
        self._layout_for: tuple[Hashable, ...] = ()

    def touch(self, only: Collection[str] | None = None) -> None:
        """Some rows, or `only` these, may have another version: paint again the lines in sight that do."""
        if self._held is not None:
            return
        for line, key in self._in_sight():
            if only is not None and key not in only:
                continue
            painted = self._cache.get(key)
            if painted is not None:
                before = painted.cells
                if self._read(key).cells is before:
                    continue
                if self.mark_changes:
                    self._mark_change(key, before, painted.cells)
            self._refresh_line(line)

    @property
    def _top(self) -> int:
        return 2 if self._banner else 1

    @property
    def _banner(self) -> bool:
        return self._notice.condition is Condition.STALE

    def _in_sight(self) -> list[tuple[int, str]]:
        first, top = self._first, self._top
        return [(top + at, key) for at, key in enumerate(self._keys[first : first + self._room])]

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paint again only lines on which another row stands now."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self._refresh_moved()

    def _refresh_moved(self) -> None:
        """Paint again the lines on which something else stands than was painted there last."""
        for line in range(self._top, self.size.height):
            index = self._first + line - self._top
            key = self._keys[index] if index < len(self._keys) else None
            if self._lines.get(line) != (key, index == self._index):
                self._refresh_line(line)

    def _resize_content(self) -> None:
        self._grow(len(self._keys))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a part of the table, through the application's filters.

        It has neither edges nor padding, so it keeps its lines itself instead of going through Textual's cache of styles,
        which costs more than painting them.
        """
        filters, background = self.get_line_filters(), None
        lines = []
        for y in crop.line_range:
            strip = self._ready.get(y)
            # A table that comes back into sight is rendered once before it is as wide as it is now.
            if strip is None or strip.cell_length != crop.width:
                background = background or self.background_colors[1]
                strip = self.render_line(y).adjust_cell_length(crop.width)
                for one in filters:
                    strip = strip.apply_filter(one, background)
                self._ready[y] = strip
            lines.append(strip)
        return lines

    def _set_dirty(self, *regions: Region) -> None:
        super()._set_dirty(*regions)
        if not regions:
            self._ready.clear()
        for region in regions:
            for y in region.line_range:
                self._ready.pop(y, None)

    def paint_line(self, y: int) -> Strip:
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
            self._lines[y] = (self._keys[index], index == self._index)
            return self._row(index, width)
        self._lines[y] = (None, False)
        if not self._keys and self._notice.condition is not Condition.STALE and 0 <= y - 2 < len(lines):
            return strip_of(lines[y - 2], width, paint, self._surface, GUTTER)
        return Strip.blank(width, paint.ground(self._surface))

    def _row(self, index: int, width: int) -> Strip:
        key = self._keys[index]
        painted = self._read(key)
        here, paint = index == self._index, brush(self)
        look = RowLook(here, key in self._marks.held, here and self.has_focus, self._changes.of(key), key in self.watched)
        stamp = (look, self._place(), width, paint.serial)
        if painted.strip is None or painted.stamp != stamp:
            painted.stamp = stamp
            painted.strip = row(painted.cells, self.columns, self._place(), width, look=look, brush=paint, ground=self._surface)
        return painted.strip

    def _read(self, key: str) -> Painted:
        """The row as it is now, or as it was when the table was frozen."""
        if self._held is not None and key in self._held:
            return self._held[key]
        painted = self._cache.get(key)
        try:
            version = self._rows.version(key)
            if painted is None:
                painted = self._cache[key] = Painted(version, self._rows.cells(key))
            elif painted.version != version:
                # Changed in place: the cache keeps what it has of a key that it knows.
                painted.version, cells = version, self._rows.cells(key)
                # A countdown in minutes has another version each second, and looks alike for sixty of them.
                if tuple(cells) != tuple(painted.cells):
                    painted.cells, painted.strip = cells, None
        except KeyError:
            painted = painted or Painted(None, ())
        if self._held is not None:
            self._held[key] = painted
        return painted

    def _place(self) -> tuple[Placed, ...]:
        wanted = (self._width, self.columns, self.hidden)
        if wanted != self._layout_for:
            self._layout_for = wanted
            self._layout = place(self.columns, max(0, self._width - GUTTER), self.hidden)
        return self._layout

    def _mark_change(self, key: str, before: Sequence[Cell], after: Sequence[Cell]) -> None:
        if self._changes.note(key, before, after, self.columns) and not self._resting:
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
