"""The side of the application that tells about one row: the card, what stands below the table, and the overview."""

from typing import TYPE_CHECKING, Any

from console.model.audit import AuditRecord
from console.tui.present.cells import short_id
from console.tui.present.spans import Line, Span, Spans, Tone
from console.tui.present.views.overview import overview
from console.tui.present.views.tasks import story
from console.tui.present.words import BLANK
from console.tui.ui.panes import brief
from console.tui.ui.widgets.detail import Detail

FETCH_AFTER = 0.15
_WITH_STORY = ("approvals", "tasks", "leases", "grants")

if TYPE_CHECKING:
    from console.tui.ui.app import Console


class Side:
    """Paints the details of the row under the cursor, and fetches what they need beside the mirror."""

    story_made: tuple[list[AuditRecord], tuple[Line, ...]] | None = None

    def paint_side(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Paint card, story and overview again."""
        base = self.screen_stack[0]
        pane, key = self.pane, self.pane.cursor
        if pane.name == "overview":
            base.query_one("#overview", Detail).show(overview(self.world.source, self.world.now()))
            return
        card = base.query_one("#card", Detail)
        lines = pane.lines(key)
        small = not base.has_class("wide") and not base.has_class("reading")
        if small:
            card.show(brief(lines, 10 if base.has_class("tall") else 5), (), key or "")
        else:
            told = self._story_lines(key or "") if pane.name == "tasks" and not base.has_class("tall") else ()
            whole = (*lines, BLANK, *told) if told else lines
            card.show(whole, pane.heading(key), key or "")
        below = base.query_one("#below", Detail)
        task = self._task_of(key)
        log = self.log_lines()
        sent = self.world.dispatcher is not None and bool(self.world.dispatcher.log.entries)
        # Kept while the cursor moves in a view with stories, so that nothing jumps; elsewhere only when there is a log.
        base.set_class(not sent and pane.name not in _WITH_STORY, "unsaid")
        told = self._story_lines(task)
        below.show((*log[:6], BLANK, *told) if told and sent else told or log, (), task or pane.name)

    def _story_lines(self: "Console", task: str) -> tuple[Line, ...]:  # type: ignore[misc]  # a part of the application
        """A task's story in lines, made once for what was fetched."""
        records = self.world.story_of(task)[0] if task else []
        if not records:
            return ()
        if self.story_made is None or self.story_made[0] is not records:
            self.story_made = (records, story(records))
        return self.story_made[1]

    def fetch_soon(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Fetch what the card needs when the cursor has rested for a moment."""
        key = self.pane.cursor
        self.set_timer(FETCH_AFTER, self.carefully(lambda: self.fetch(key)))

    def fetch(self: "Console", key: str | None) -> None:  # type: ignore[misc]  # a part of the application
        """Fetch what the card needs of this row, where it is not known or has grown."""
        if key is None or key != self.pane.cursor or not self.in_sight:
            return
        if self.pane.name == "audit" and key == (self.pane.keys[-1] if self.pane.keys else None):
            self.load_older()
        if self.pane.name == "approvals" and self.world.detail_of(key) is None:
            self.work(self._fetch_detail(key))
        task = self._task_of(key)
        if task and not self.world.story_of(task)[1]:
            self.work(self._fetch_story(task))

    async def _fetch_detail(self: "Console", key: str) -> None:  # type: ignore[misc]  # a part of the application
        await self.world.fetch_detail(key)
        self.repaint()

    async def _fetch_story(self: "Console", task: str) -> None:  # type: ignore[misc]  # a part of the application
        await self.world.fetch_story(task)
        self.repaint()

    def _task_of(self: "Console", key: str | None) -> str:  # type: ignore[misc]  # a part of the application
        subject = self.pane.subject(key) if self.pane.name in _WITH_STORY else None
        return subject.task_id if subject is not None else ""

    def last_sent(self: "Console") -> Spans:  # type: ignore[misc]  # a part of the application
        """The last request, for the right edge of the key line."""
        entries: Any = self.world.dispatcher.log.entries if self.world.dispatcher is not None else ()
        if not entries:
            return ()
        last = entries[-1]
        path = "/".join(short_id(part) for part in last.path.split("/"))
        return (Span(f"{last.method} {path} {last.status or 'no answer'}", Tone.DIM),)
