"""Where the lines of a virtual list are: what is in sight, and how a line comes into sight."""

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView


class VirtualLines(ScrollView):
    """Lines that are painted when they come into sight, below some that stay at the top."""

    DEFAULT_CSS = """
    VirtualLines {
        height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size: 0 1; scrollbar-gutter: stable;
    }
    """

    @property
    def _top(self) -> int:
        """Lines that stay at the top."""
        return 0

    @property
    def _width(self) -> int:
        """Cells of a line, without the scroll bar, whose cell is kept free also while there is none."""
        return self.scrollable_content_region.width

    @property
    def _first(self) -> int:
        """The index of the first line in sight."""
        return self.scroll_offset.y

    @property
    def _room(self) -> int:
        """How many lines are in sight."""
        return max(0, self.size.height - self._top)

    def _refresh_line(self, line: int) -> None:
        """Paint again one line, counted from the widget's first."""
        if 0 <= line < self.size.height:
            self.refresh(Region(0, line, self._width, 1))

    def _grow(self, count: int) -> None:
        """Say how many lines there are in all."""
        self.virtual_size = Size(self._width, count + self._top)

    def _begin_at(self, index: int) -> None:
        """Make this line the first in sight, as far as there are lines."""
        # Forced: right after the lines became more, the scroll bar that permits it is not laid out yet.
        self.scroll_to(y=index, animate=False, force=True)

    def _reveal(self, index: int) -> None:
        """Bring a line into sight, moving as little as possible."""
        if index < 0 or not self._room:
            return
        if index < self._first:
            self._begin_at(index)
        elif index >= self._first + self._room:
            self._begin_at(index - self._room + 1)
