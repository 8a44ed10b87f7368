"""How the live table compares with Textual's DataTable: loading, paging, and a stream of updates.

`TEXTUAL_FPS=240 python -m tests.bench.bench_table [ROWS …]` prints a table (240 is what the console sets). Not a test:
figures depend on the machine.
"""

import asyncio
import resource
import statistics
import sys
from collections.abc import Callable, Sequence
from time import perf_counter, process_time

from textual.app import App, ComposeResult
from textual.widgets import DataTable

from console.tui.present.cells import Align, Cell, Column
from console.tui.present.spans import Tone
from console.tui.ui.theme import HOUSE_DARK, to_textual
from console.tui.ui.widgets.rows import Notice
from console.tui.ui.widgets.table import LiveTable

COLUMNS = (
    Column("id", "LEASE", 12),
    Column("agent", "AGENT", 14),
    Column("scope", "SCOPE", 20, flexible=True),
    Column("state", "STATE", 10),
    Column("left", "LEFT", 8, align=Align.RIGHT),
)
SIZE = (120, 40)
UPDATES_A_SECOND = 1_000
FLUSHES_A_SECOND = 15
STREAM_SECONDS = 3.0


class LeaseRows:
    """Made-up leases."""

    def __init__(self, count: int) -> None:
        self.keys: Sequence[str] = tuple(f"ls_{number:08d}" for number in range(count))
        self.versions = dict.fromkeys(self.keys, 0)

    def version(self, key: str) -> int:
        """The version of a row."""
        return self.versions[key]

    def cells(self, key: str) -> Sequence[Cell]:
        """The cells of a row."""
        return (Cell(key), Cell("executor-2"), Cell("vault:read"), Cell("active", Tone.OK), Cell(str(self.versions[key])))


class LiveApp(App[None]):
    """The live table."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.register_theme(to_textual(HOUSE_DARK))
        self.theme = HOUSE_DARK.name
        self.rows = LeaseRows(count)
        self.table = LiveTable(COLUMNS)

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield self.table

    def load(self) -> None:
        """Show every row."""
        self.table.show(self.rows, Notice())
        self.table.focus()

    def update(self, keys: Sequence[str]) -> None:
        """Some rows have another version."""
        for key in keys:
            self.rows.versions[key] += 1
        self.table.touch()

    def page(self) -> None:
        """A page down."""
        self.table.action_page(1)

    def step(self) -> None:
        """A row down."""
        self.table.action_move(1)


class DataApp(App[None]):
    """Textual's own table."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.rows = LeaseRows(count)
        self.table: DataTable[str] = DataTable(cursor_type="row")

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield self.table

    def load(self) -> None:
        """Show every row."""
        for column in COLUMNS:
            self.table.add_column(column.title, key=column.key, width=column.width)
        for key in self.rows.keys:
            self.table.add_row(*(cell.text for cell in self.rows.cells(key)), key=key)
        self.table.focus()

    def update(self, keys: Sequence[str]) -> None:
        """Some rows have another version."""
        for key in keys:
            self.rows.versions[key] += 1
            self.table.update_cell(key, "left", str(self.rows.versions[key]))

    def page(self) -> None:
        """A page down."""
        self.table.action_page_down()

    def step(self) -> None:
        """A row down."""
        self.table.action_cursor_down()


async def _timed(app: App[None], act: Callable[[], object]) -> float:
    """Milliseconds until what was done is painted."""
    painted = asyncio.Event()
    start = perf_counter()
    act()
    app.call_after_refresh(painted.set)
    await painted.wait()
    return (perf_counter() - start) * 1000


async def _measure(app: LiveApp | DataApp) -> list[str]:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        load = await _timed(app, app.load)
        pages = [await _timed(app, app.page) for _ in range(20)]
        keys = [await _timed(app, app.step) for _ in range(20)]
        count = len(app.rows.keys)
        each = UPDATES_A_SECOND // FLUSHES_A_SECOND
        flushes = int(STREAM_SECONDS * FLUSHES_A_SECOND)
        spent, start = process_time(), perf_counter()
        for flush in range(flushes):
            app.update([app.rows.keys[(flush * each * 7919 + step * 31) % count] for step in range(each)])
            await asyncio.sleep(max(0, start + (flush + 1) / FLUSHES_A_SECOND - perf_counter()))
        busy = (process_time() - spent) / (perf_counter() - start)
    return [
        f"{load:8.0f} ms",
        f"{statistics.median(pages):6.1f} ms",
        f"{statistics.median(keys):6.1f} ms",
        f"{busy:6.0%}",
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:5d} MB",
    ]


async def _main(sizes: Sequence[int]) -> None:
    print(f"{'':24}{'load':>12}{'page down':>12}{'key down':>12}{'1,000/s':>10}{'peak':>10}")
    for kind in (LiveApp, DataApp):
        for count in sizes:
            figures = await _measure(kind(count))
            name = f"{'live table' if kind is LiveApp else 'DataTable'} {count:,}"
            print(f"{name:24}" + "".join(f"{one:>{width}}" for one, width in zip(figures, (12, 12, 12, 10, 10), strict=True)))


if __name__ == "__main__":
    asyncio.run(_main([int(one) for one in sys.argv[1:]] or [10_000, 100_000]))
