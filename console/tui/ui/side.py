"""The side of the application that tells about one row: the card, what stands below the table, and the overview.

Also where doors lead: a door is a view and a filter, `leases state:irrevocable`, a view and `@` with an id, or `!` and an
action of the registry.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING, Any

from console.tui.present.cells import short_id
from console.tui.present.spans import Line, Span, Spans, Tone
from console.tui.present.status import standing
from console.tui.present.views.tasks import TaskTree, detail
from console.tui.present.words import BLANK
from console.tui.ui.fetched import FetchedPane
from console.tui.ui.panes import MirrorPane
from console.tui.ui.widgets.detail import Detail

FETCH_AFTER = 0.15
PASSING = 0.4
"""A row on which the cursor rests for less than so many seconds is passed by, where it came from another just before."""
HUGE = 160
"""From so many cells on the card has room for the story, and the command log always stands below the table."""
COUNT_SHARE = 50
"""Counting over all leases takes at most one part in so many of the time."""
COUNT_REST = 0.002
_WITH_STORY = ("approvals", "tasks", "leases", "grants", "stuck")

if TYPE_CHECKING:
    from textual.timer import Timer

    from console.tui.present.views.overview import Figures
    from console.tui.ui.app import Console
    from console.tui.ui.gathered import ChainStory, Gathered


class Side:
    """Paints the details of the row under the cursor, and fetches what they need beside the mirror."""

    _gathered: "Gathered | None" = None
    _resting: "Timer | None" = None
    _moved_at = float("-inf")
    _story_made: tuple[object, tuple[Line, ...]] | None = None
    _counting = False
    _figures: "tuple[object, float, float, Figures] | None" = None

    @property
    def gathered(self: "Console") -> "Gathered":  # type: ignore[misc]  # a part of the application
        """What was fetched for the details; not before there is anything to fetch."""
        if self._gathered is None:
            from console.tui.ui.gathered import Gathered  # noqa: PLC0415 (not before the first paint)

            self._gathered = Gathered(self.world)
        return self._gathered

    def paint_side(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Paint card, story and overview again."""
        base = self.screen_stack[0]
        pane, key = self.pane, self.pane.cursor
        if pane.name == "overview":
            base.query_one("#overview", Detail).show(self._overview_lines, (), "overview")
            return
        huge, tall = self.size.width >= HUGE, base.has_class("tall")
        base.set_class(huge and tall, "huge")
        card = base.query_one("#card", Detail)
        lines = self._lines_of(key)
        small = not base.has_class("wide") and not base.has_class("reading")
        task = self._task_of(key)
        if small:
            card.show(pane.brief(key, 10 if tall else 5, card.size.width - 1), (), key or "")
        else:
            whole = pane.name == "tasks" and not tall
            told = self._story_lines(task) if whole or (huge and tall) or base.has_class("reading") else ()
            card.show((*lines, BLANK, *told) if told else lines, pane.heading(key), key or "")
        below = base.query_one("#below", Detail)
        log = self.log_lines()
        if huge and tall:
            base.remove_class("unsaid")
            below.show(log, (), "log")
            return
        sent = self.world.dispatcher is not None and bool(self.world.dispatcher.log.entries)
        # Kept while the cursor moves in a view with stories, so that nothing jumps; elsewhere only when there is a log.
        base.set_class(not sent and pane.name not in _WITH_STORY, "unsaid")
        told = self._story_lines(task)
        below.show((*log[:6], BLANK, *told) if told and sent else told or log, (), task or pane.name)

    def _lines_of(self: "Console", key: str | None) -> tuple[Line, ...]:  # type: ignore[misc]  # a part of the application
        """The detail of a row; of a task with the budgets of the bundle, once they are known."""
        pane = self.pane
        if not isinstance(pane, MirrorPane) or not isinstance(pane.view_rows, TaskTree) or self._gathered is None:
            return pane.lines(key)
        budgets = pane.view_rows.budgets = self._gathered.budgets or {}
        row = pane.row(key)
        return detail(self.world.source, row, self.world.now(), budgets) if row is not None else ()

    def _overview_lines(self: "Console", width: int, height: int) -> tuple[Line, ...]:  # type: ignore[misc]
        """The overview for a size; nothing is counted before there is anything to count."""
        from console.tui.present.views.overview import Known, count_up, counting, overview  # noqa: PLC0415 (see `gathered`)

        world, connection = self.world, self.world.connection
        stand = standing(
            str(connection.state),
            loaded=world.mirror.loaded,
            shown=1,
            filtered=False,
            empty="",
            hint="",
            silent=connection.silent_for(world.times.monotonic()),
            problem=connection.problem,
        )
        tone = {"loading": Tone.MUTED, "failed": Tone.DANGER}.get(stand.condition, Tone.WARN)
        words = (Span(f"{stand.words} ", tone, strong=True), Span(stand.hint, Tone.MUTED))
        if not world.mirror.loaded:
            return (Line((Span(world.signed_out, Tone.DANGER, strong=True),) if world.signed_out else words),)
        held, clock = self._figures, world.times.monotonic
        if held is None or held[0] is not world.source:
            began = clock()
            figures = count_up(world.source, world.now())
            held = self._figures = (world.source, began, clock() - began, figures)
        elif not self._counting and clock() - held[1] >= max(1.0, held[2] * COUNT_SHARE):
            self._counting = True
            self.work(self._count(counting(world.source, world.now())))
        known = Known(self.gathered.checkpoints, self.gathered.problem)
        head = (Line((Span("▲ ", Tone.WARN), *words)),) if stand.condition == "stale" else ()
        return (*head, *overview(world.source, world.now(), held[3], known, width, height - len(head)))

    async def _count(self: "Console", steps: "Iterator[Figures | None]") -> None:  # type: ignore[misc]  # a part of the application
        """Count again, step by step; what was counted before stands until then."""
        source, clock = self.world.source, self.world.times.monotonic
        began, took = clock(), 0.0
        try:
            while True:
                step = clock()
                figures = next(steps, None)
                took += clock() - step
                if figures is not None:
                    self._figures = (source, began, took, figures)
                    return
                await asyncio.sleep(COUNT_REST)
        finally:
            self._counting = False

    def _story_lines(self: "Console", task: str) -> tuple[Line, ...]:  # type: ignore[misc]  # a part of the application
        """The story of a task's chain in lines, made once for what was fetched."""
        held: ChainStory | None = self.gathered.story_of(task) if task else None
        if held is None or not held.records:
            return ()
        stamp = (task, len(held.records), held.stamp, held.earlier)
        if self._story_made is None or self._story_made[0] != stamp:
            from console.tui.present.views.story import story  # noqa: PLC0415 (see `gathered`)

            self._story_made = (stamp, story(list(held.records.values()), self.world.source, earlier=held.earlier))
        return self._story_made[1]

    def fetch_soon(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Fetch what the card needs when the cursor has rested for a moment, a longer one while it goes from row to row."""
        now, moved_at = self.world.times.monotonic(), self._moved_at
        self._moved_at = now
        if self._resting is not None:
            self._resting.stop()
        key = self.pane.cursor
        rest = FETCH_AFTER if now - moved_at >= PASSING else PASSING
        self._resting = self.set_timer(rest, self.carefully(lambda: self.fetch(key)))

    def fetch(self: "Console", key: str | None) -> None:  # type: ignore[misc]  # a part of the application
        """Fetch what the card needs of this row, where it is not known or has grown."""
        if not self.in_sight or key != self.pane.cursor:
            return
        if self.pane.name == "overview":
            self.work(self._fetch_heads())
        if key is None:
            return
        if self.pane.name == "tasks":
            self.work(self._fetch_budgets())
        if isinstance(self.pane, FetchedPane):
            if key == (self.pane.keys[-1] if self.pane.keys else None):
                self.load_older()
            wanted = self.pane.look_up(key)
            if wanted is not None:
                self.work(self._look_up(wanted))
        if self.pane.name == "approvals" and self.world.detail_of(key) is None:
            self.work(self._fetch_detail(key))
        task = self._task_of(key)
        if task and not self.gathered.story_is_whole(task):
            self.work(self._fetch_story(task))

    def fetch_earlier(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Fetch the entries of the story before those that are shown."""
        task = self._task_of(self.pane.cursor)
        held = self.gathered.story_of(task) if task else None
        if held is None or not held.earlier:
            self.refuse("There are no earlier entries of a story here.")
        else:
            self.work(self._fetch_story(task, earlier=True))

    async def _look_up(self: "Console", wanted: Awaitable[None]) -> None:  # type: ignore[misc]  # a part of the application
        await wanted
        self.repaint()

    async def _fetch_detail(self: "Console", key: str) -> None:  # type: ignore[misc]  # a part of the application
        await self.world.fetch_detail(key)
        self.repaint()

    async def _fetch_story(self: "Console", task: str, earlier: bool = False) -> None:  # type: ignore[misc]
        await self.gathered.fetch_story(task, earlier=earlier)
        self.repaint()

    async def _fetch_heads(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        if await self.gathered.fetch_heads():
            self.repaint()

    async def _fetch_budgets(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        if await self.gathered.fetch_budgets():
            if self.pane.table is not None:
                self.pane.table.touch()
            self.repaint()

    def _task_of(self: "Console", key: str | None) -> str:  # type: ignore[misc]  # a part of the application
        subject = self.pane.subject(key) if self.pane.name in _WITH_STORY else None
        return subject.task_id if subject is not None else ""

    # Doors

    def open_door(self: "Console", door: str) -> None:  # type: ignore[misc]  # a part of the application
        """Open the rows behind a door."""
        view, _, rest = door.partition(" ")
        if view.startswith("!"):
            self.action_perform(view[1:], rest)
        elif rest.startswith("@"):
            self.open_view(view, None, rest[1:])
        else:
            self.open_view(view, rest)

    def on_detail_opened(self: "Console", message: Detail.Opened) -> None:  # type: ignore[misc]  # a part of the application
        """Enter on a door, or a click."""
        self.carefully(lambda: self.open_door(message.door))()

    def on_detail_passed(self: "Console", message: Detail.Passed) -> None:  # type: ignore[misc]  # a part of the application
        """`tab` goes from the table to the card, to what stands below, and back to the table."""
        base = self.screen_stack[0]
        panels = [one for name in ("#card", "#below") if (one := base.query_one(name, Detail)).display and one.size.height]
        at = panels.index(message.detail) + message.by if message.detail in panels else -1
        if 0 <= at < len(panels):
            panels[at].focus()
        elif self.pane.table is not None and not base.has_class("reading"):
            self.pane.table.focus()
        elif self.pane.table is not None and panels:
            panels[0].focus()

    def last_sent(self: "Console") -> Spans:  # type: ignore[misc]  # a part of the application
        """The last request, for the right edge of the key line."""
        entries: Any = self.world.dispatcher.log.entries if self.world.dispatcher is not None else ()
        if not entries:
            return ()
        last = entries[-1]
        path = "/".join(short_id(part) for part in last.path.split("/"))
        return (Span(f"{last.method} {path} {last.status or 'no answer'}", Tone.DIM),)
