"""Where the lines of a virtual list are: what is in sight, and how a line comes into sight."""

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from console.tui.ui.theme import Surface
from console.tui.ui.widgets.paint import PaintFaulted, brush, fault_strip


class VirtualLines(ScrollView):
    """Lines that are painted when they come into sight, below some that stay at the top."""

    DEFAULT_CSS = """
    VirtualLines {
        height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size: 0 1; scrollbar-gutter: stable;
    }
    """

    _surface: Surface = "ground"
    _width_for: tuple[tuple[Size, int], int] = (Size(-1, -1), -1), 0
    _fault: str = ""
    """The kind of error that was told last, so that it is not told with every paint."""

    def paint_line(self, y: int) -> Strip:
        """Paint one line of what is in sight."""
        return Strip.blank(self._width)

    def render_line(self, y: int) -> Strip:
        """Paint one line. One that cannot be painted says so and is told; the others stay."""
        try:
            strip = self.paint_line(y)
        except Exception as error:
            if self._fault != type(error).__name__:
                self._fault = type(error).__name__
                self.post_message(PaintFaulted(error))
            strip = fault_strip(error, self._width, brush(self), self._surface)
        if self.show_vertical_scrollbar:
            return strip
        # The cell that is kept free for the bar is ground as well, not whatever the terminal has there.
        return strip.adjust_cell_length(self.size.width, brush(self).ground(self._surface))

    @property
    def _top(self) -> int:
        """Lines that stay at the top."""
        return 0

    @property
    def _width(self) -> int:
        """Cells of a line, without the scroll bar, whose cell is kept free also while there is none."""
        # Asked for with every line: Textual's own answer goes up to the screen and round each edge.
        key = (self._size, self.styles._cache_key)  # noqa: SLF001 - it differs whenever edges do
        if key != self._width_for[0]:
            width = self.scrollable_content_region.width
            if not width:
                # Out of sight, or not laid out yet, which ends without anything that the key knows.
                return 0
            self._width_for = (key, width)
        return self._width_for[1]

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
        size = Size(self._width, count + self._top)
        if size == self.virtual_size:
            return
        moves = size.width != self.virtual_size.width or self.styles.is_auto_height
        if self.show_vertical_scrollbar and size.height > self.size.height and not moves:
            # Another number of lines beside a scroll bar that stays moves nothing else: the screen is not laid out again.
            self.set_reactive(Widget.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
            self.scroll_y = self.validate_scroll_y(self.scroll_y)
        elif not self.show_vertical_scrollbar and size.height <= self.size.height and not moves:
            # Neither does one beside no scroll bar, where none is needed either.
            self.set_reactive(Widget.virtual_size, size)
            self.scroll_y = self.validate_scroll_y(self.scroll_y)
        else:
            self.virtual_size = size

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
