"""The console's twin over Textual's own DataTable: python -m tests.bench.datatable_console URL TOKEN_FILE

The same client, mirror and synchroniser, the same columns, the same words in the cells, the same order, the same fifteen
flushes a second and the same frames a second; what differs is the table: every row is put into a stock `DataTable`, and what
has changed is told to it by `update_cell`. Where the two cannot do the same, this one does less: countdowns go on only in
the lines in sight, and the rows are sorted anew only when one has come or gone. There is nothing beside the table.

Keys: arrows and pages as DataTable has them, `3` the leases, `4` the agents.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

os.environ.setdefault("TEXTUAL_FPS", "240")

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import ContentSwitcher, DataTable, Static

from console.tui.present.inert import inert
from console.tui.present.views import agents, leases
from console.tui.present.views.view import View, arrange
from console.tui.state.client_plane import client_plane
from console.tui.state.mirror import Changes, Mirror
from console.tui.state.sync import Connection, Synchronizer, SystemTimes

CHUNK = 1_000
"""So many rows are put in before the loop may do something else."""


class Listed:
    """One view in a DataTable."""

    def __init__(self, view: View[Any], mirror: Mirror) -> None:
        self.view, self.mirror = view, mirror
        self.table: DataTable[str] = DataTable(cursor_type="row", id=view.name)
        self.shown: dict[str, tuple[str, ...]] = {}
        self.order: list[str] = []

    def texts(self, id: str, now: float) -> tuple[str, ...]:
        """The words of a row's cells."""
        source = self.mirror.tables
        return tuple(cell.text for cell in self.view.cells(source, self.view.book(source).rows[id], now))

    async def fill(self, now: float) -> None:
        """Put every row in, in its order."""
        self.table.clear()
        self.shown.clear()
        self.order.clear()
        for number, id in enumerate(arrange(self.view, self.mirror.tables, now)):
            self.add(id, now)
            if number % CHUNK == CHUNK - 1:
                await asyncio.sleep(0)

    def add(self, id: str, now: float) -> None:
        """Put one row in, below the others."""
        self.shown[id] = self.texts(id, now)
        self.order.append(id)
        self.table.add_row(*self.shown[id], key=id)

    def update(self, id: str, now: float) -> None:
        """Tell the table which cells of a row have changed."""
        before, after = self.shown[id], self.texts(id, now)
        self.shown[id] = after
        for column, old, new in zip(self.view.columns, before, after, strict=True):
            if old != new:
                self.table.update_cell(id, column.key, new)

    def sort(self, now: float) -> None:
        """Take the present order."""
        self.order = arrange(self.view, self.mirror.tables, now)
        placed = {id: at for at, id in enumerate(self.order)}
        for id in [id for id in self.shown if id not in placed]:
            del self.shown[id]
            self.table.remove_row(id)
        # DataTable hands over only what stands in the cells, so each row's place goes by its words.
        order = {self.shown[id]: at for id, at in placed.items() if id in self.shown}
        self.table.sort(key=lambda words: order.get(tuple(words), len(order)))


class DataTableConsole(App[None]):
    """Two DataTables over the mirror, and one line above them."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("3", "open('leases')", "leases"),
        Binding("4", "open('agents')", "agents"),
        Binding("ctrl+q", "quit", "leave"),
    ]

    def __init__(self, url: str, token_file: Path) -> None:
        super().__init__()
        self.url, self.token_file = url, token_file
        self.mirror = Mirror(lambda text: inert(text).text)
        self.listed = {view.name: Listed(view, self.mirror) for view in (leases.VIEW, agents.VIEW)}
        self.line = Static("CONNECTING")
        self.times = SystemTimes()
        self.filling: asyncio.Task[None] | None = None
        self.unsorted = False

    def compose(self) -> ComposeResult:
        """The line, and the table that is chosen."""
        yield self.line
        with ContentSwitcher(initial="leases"):
            for one in self.listed.values():
                yield one.table

    def on_mount(self) -> None:
        """The first paint is before the network."""
        for one in self.listed.values():
            for column in one.view.columns:
                one.table.add_column(column.title, key=column.key, width=column.width)
        self.listed["leases"].table.focus()
        self.call_after_refresh(self.begin)

    def begin(self) -> None:
        """Follow the plane."""
        self.run_worker(self.follow())
        self.set_interval(1.0, self.tick)

    async def follow(self) -> None:
        """Keep the mirror true, for ever."""
        token = self.token_file.read_text().strip()
        async with client_plane(self.url, self.url, lambda: token) as plane:
            await Synchronizer(plane, self.mirror, self.hear, times=self.times).run()

    def hear(self, changes: Changes, connection: Connection) -> None:
        """A batch, at most fifteen times a second."""
        if changes.reset:
            if self.filling is not None:
                self.filling.cancel()
            self.filling = asyncio.create_task(self.fill())
        elif self.filling is None or self.filling.done():
            now = self.times.wall()
            for one in self.listed.values():
                for id in changes.dirty.get(one.view.name, ()):
                    if id in one.shown:
                        one.update(id, now)
                    elif id in one.view.book(self.mirror.tables).rows:
                        one.add(id, now)
                        self.unsorted = True

    async def fill(self) -> None:
        """Fill both tables."""
        for one in self.listed.values():
            await one.fill(self.times.wall())
        self.say()

    def tick(self) -> None:
        """Once a second: countdowns in sight, and the order where a row has come."""
        if self.filling is None or not self.filling.done():
            return
        now = self.times.wall()
        one = self.listed["leases"]
        if self.unsorted:
            self.unsorted = False
            one.sort(now)
        if self.query_one(ContentSwitcher).current == one.view.name:
            top = int(one.table.scroll_y)
            for id in one.order[top : top + self.size.height]:
                one.update(id, now)
        self.say()

    def say(self) -> None:
        """How many leases live."""
        self.line.update(f"LIVE  leases {self.mirror.tables.leases.count('state', 'pending', 'active'):,}")

    def action_open(self, name: str) -> None:
        """Open a view."""
        self.query_one(ContentSwitcher).current = name
        self.listed[name].table.focus()


if __name__ == "__main__":
    DataTableConsole(sys.argv[1], Path(sys.argv[2])).run()
