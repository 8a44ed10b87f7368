"""A stage for widgets under test: an application with nothing of its own, and rows that a test can change."""

from collections.abc import Callable, Sequence

from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.message import Message
from textual.widget import Widget

from console.tui.present.cells import Cell
from console.tui.ui.guard import guards
from console.tui.ui.theme import Brush, to_textual


class Stage(App[None]):
    """Shows the widgets it is given and keeps what they report."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.brush = Brush()
        self.register_theme(to_textual(self.brush.palette))
        self.theme = self.brush.palette.name
        self.widgets = widgets
        self.reports: list[Message] = []

    def compose(self) -> ComposeResult:
        """The widgets."""
        yield from self.widgets

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, then the guard."""
        return (*super().get_line_filters(), *guards())

    async def on_live_table_cursor_moved(self, message: Message) -> None:
        """Keep a report."""
        self.reports.append(message)

    on_live_table_opened = on_live_table_cursor_moved
    on_live_table_marks_changed = on_live_table_cursor_moved
    on_live_table_sort_asked = on_live_table_cursor_moved
    on_view_bar_chosen = on_live_table_cursor_moved
    on_key_line_pressed = on_live_table_cursor_moved
    on_status_strip_opened = on_live_table_cursor_moved
    on_filter_line_changed = on_live_table_cursor_moved
    on_filter_line_submitted = on_live_table_cursor_moved
    on_filter_line_left = on_live_table_cursor_moved


class FakeRows:
    """Rows that a test changes: `values` by key, a version for each, and a count of the cells that were asked for."""

    def __init__(self, keys: Sequence[str], cells: Callable[[str, str], Sequence[Cell]] | None = None) -> None:
        self.keys: Sequence[str] = tuple(keys)
        self.values = dict.fromkeys(keys, "calm")
        self.versions = dict.fromkeys(keys, 0)
        self.asked: list[str] = []
        self._cells = cells or (lambda key, value: (Cell(key), Cell(value)))

    def version(self, key: str) -> int:
        """The version of a row."""
        return self.versions[key]

    def cells(self, key: str) -> Sequence[Cell]:
        """The cells of a row."""
        self.asked.append(key)
        return self._cells(key, self.values[key])

    def change(self, key: str, value: str) -> None:
        """Another value, another version."""
        self.values[key] = value
        self.versions[key] += 1

    def without(self, *gone: str) -> "FakeRows":
        """The same rows in the same order without some."""
        return self.ordered([key for key in self.keys if key not in gone])

    def ordered(self, keys: Sequence[str]) -> "FakeRows":
        """Other rows, or the same in another order, with what is known of them."""
        other = FakeRows(keys, self._cells)
        other.values.update({key: value for key, value in self.values.items() if key in other.values})
        other.versions.update({key: value for key, value in self.versions.items() if key in other.versions})
        return other


def painted(widget: Widget) -> list[str]:
    """What the widget paints, line by line."""
    return [widget.render_line(y).text for y in range(widget.size.height)]
