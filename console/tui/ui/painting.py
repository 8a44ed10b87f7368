"""What happens and when it is painted: batches of changes, the clock's second, and the frame around the tables.

Owns the pace: what is in sight is painted with every batch, the order is taken at most four times a second, and a long
order in slices between which keys are answered.
"""

import asyncio
import gc
from collections.abc import Hashable
from typing import TYPE_CHECKING

from console.tui.state.mirror import Changes
from console.tui.ui.actions import VIEWS
from console.tui.ui.fetched import FetchedPane
from console.tui.ui.frame import beside, hints, strip_pieces, tabs
from console.tui.ui.message import MessageLine
from console.tui.ui.side import PASSING
from console.tui.ui.watching import hear_watched
from console.tui.ui.widgets.keyline import KeyLine
from console.tui.ui.widgets.strip import StatusStrip
from console.tui.ui.widgets.viewbar import ViewBar

if TYPE_CHECKING:
    from console.tui.ui.app import Console

REARRANGE_EVERY = 0.25
SLICE = 0.003
"""Seconds for which a long order is taken without a pause."""
FRAME_EVERY = 0.5
"""Seconds after which the figures in the frame are told again while much happens; of requests they are told at once."""
REST = 0.002
REST_AFTER_KEY = 0.03
"""Seconds between two slices, and while somebody types."""
STEP = 250
SWEEP_EVERY = 5
"""Seconds after which all rows are looked at again, where time alone or other rows can move them."""
FOLLOW_EVERY = 2.0


class Painting:
    """Hears of changes and paints what they concern."""

    paused: bool
    _rearranging: bool
    _rearranged_at: float
    _framed_at = float("-inf")
    _arranging = False
    _seconds = 0
    _told: tuple[Hashable, ...] = ()

    def hear(self: "Console", changes: Changes) -> None:  # type: ignore[misc]  # a part of the application
        """The world has changed: paint what is in sight, reorder at most four times a second, disarm what has moved."""
        self.attention.hear(changes.kinds, self.world.source)
        if self._sheet is not None and self._sheet[1] is not None:
            moved = self._sheet[1].moved()
            if moved:
                self._sheet[0].disarm(moved)
        for result in self.world.settled():
            self.tell(result)
        hear_watched(self, changes)
        for pane in self.panes.values():
            pane.prepare() if changes.reset else pane.hear(changes.dirty)
            if pane is not self.pane or not self.paused:
                pane.step(STEP)
        if self.paused or not self.in_sight:
            return
        if "approvals" in changes.dirty:
            self._framed_at = float("-inf")
        if changes.reset or not changes.dirty:
            self.rearrange()
        elif not self.pane.depends_on.isdisjoint(changes.dirty):
            if self.pane.table is not None:
                alone = changes.dirty.keys() & self.pane.depends_on == {self.pane.name}
                self.pane.table.touch(changes.dirty[self.pane.name] if alone else None)
            self._rearrange_soon()
        self._go_on()

    def _rearrange_soon(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        wait = REARRANGE_EVERY - (self.world.times.monotonic() - self._rearranged_at)
        if wait <= 0:
            self._reorder()
        elif not self._rearranging:
            self._rearranging = True
            self.set_timer(wait, self.carefully(self._reorder))

    def rearrange(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Take the present order of the rows now, or as much of it as a moment allows; the rest follows by itself."""
        self._framed_at = float("-inf")
        self._reorder()

    def _reorder(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        self._rearranging = False
        self._rearranged_at = self.world.times.monotonic()
        if not self.paused and self.in_sight:
            self.pane.rearrange()
            if self._rearranged_at - self._framed_at >= FRAME_EVERY:
                self.paint_frame()
            told = self._stamp()
            if told != self._told:
                self._told = told
                self.paint_side()
            self._go_on()

    def _stamp(self: "Console") -> tuple[Hashable, ...]:  # type: ignore[misc]  # a part of the application
        """Differs when the details have something else to tell."""
        key, table = self.pane.cursor, self.pane.table
        version = table.version(key) if table is not None and key is not None else None
        return (self.pane.name, key, version, int(self.world.now()), self.screen_stack[0].size)

    def _go_on(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Take the rest of the orders, beside the screen."""
        if not self._arranging and not all(pane.settled for pane in self.panes.values()):
            self._arranging = True
            self.work(self._arrange())

    async def _arrange(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        monotonic = self.world.times.monotonic
        try:
            while True:
                left = sorted((one for one in self.panes.values() if not one.settled), key=lambda one: one is not self.pane)
                if not left:
                    return
                until = monotonic() + SLICE
                while not left[0].step(STEP) and monotonic() < until:
                    pass
                if left[0] is self.pane and left[0].settled:
                    self.rearrange()
                await asyncio.sleep(REST_AFTER_KEY if monotonic() - self.world.touched_at < 2 * REST_AFTER_KEY else REST)
        finally:
            self._arranging = False
            # Orders live as long as the rows; the collector need not walk over them while somebody types.
            gc.freeze()

    @property
    def in_sight(self: "Console") -> bool:  # type: ignore[misc]  # a part of the application
        """Whether there is a screen to paint on: not before the first and not after the last one."""
        return self.is_running and bool(self.screen_stack) and self.screen_stack[0].is_attached

    def tick(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Once a second: countdowns, and what has passed by itself."""
        if not self.in_sight:
            return
        self.screen_stack[0].query_one(MessageLine).pass_time()
        for result in self.world.settled():
            self.tell(result)
        self._seconds += 1
        for pane in self.panes.values():
            pane.pass_time(sweep=self._seconds % SWEEP_EVERY == 0)
        if self.paused:
            self.paint_frame()
            return
        if self.pane.table is not None:
            self.pane.table.touch()
        self.rearrange()
        self._go_on()

    def follow(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """What was fetched is followed while it is shown and live: the audit log, and what the card has beside the mirror."""
        if self.paused or not self.world.live or not self.in_sight:
            return
        if isinstance(self.pane, FetchedPane) and self.pane.followed:
            self.load(self.pane)
        if self.world.times.monotonic() - self._moved_at >= PASSING:
            self.fetch(self.pane.cursor)
        if self.screen_stack[0].has_class("wide") and self.gathered.wants_heads():
            self.work(self._read_heads())

    async def _read_heads(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        if await self.gathered.fetch_heads():
            self.paint_frame()

    def repaint(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Paint the frame and the details again."""
        if self.in_sight:
            self.paint_frame()
            self.paint_side()

    def paint_frame(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Paint strip, views and keys."""
        self._framed_at = self.world.times.monotonic()
        world, pane = self.world, self.pane
        marks = len(pane.table.marks) if pane.table is not None else 0
        name = next((name for name, digit, _ in VIEWS if digit == pane.digit), pane.name)
        base = self.screen_stack[0]
        base.query_one(StatusStrip).show(strip_pieces(world, None if self._gathered is None else self._gathered.checkpoints))
        extra = beside(paused=self.paused, muted_bell=self.attention.muted, marks=marks, watched=len(self.watches.held))
        self.rest_filter()
        base.query_one(ViewBar).show_tabs(tabs(world), name, extra)
        tiny = base.has_class("tiny") or base.has_class("short")
        base.query_one(KeyLine).show_keys(hints(world, pane, self.keymap.keys, tiny=tiny), self.last_sent())
        facts = world.facts()
        self.attention.name_window(facts.critical, facts.approvals)
