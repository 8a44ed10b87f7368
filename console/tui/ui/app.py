"""The console's application: the frame, the panes, and the one way from a key to what it does.

Owns the screen: which view is open, its history, what is said. What it knows is in `world`; what keys do is in `hands` and
`flows`; what is painted comes from `present`. Imported by `run` alone.
"""

import asyncio
import gc
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import copy_context
from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter

from console.tui.palettes import DEFAULT_THEME, Palettes, themes_folder, wants_no_colour
from console.tui.present.spans import Line, Span, Tone
from console.tui.state.intents import Intent, Result
from console.tui.state.sync import Times
from console.tui.ui.actions import ACTIONS, BY_ID
from console.tui.ui.attention import Attention
from console.tui.ui.band import BandScreen
from console.tui.ui.desk import Pin
from console.tui.ui.driver import ContinuingDriver
from console.tui.ui.faults import Careful, FaultLog
from console.tui.ui.fetched import FetchedPane, Panes, fetched_panes
from console.tui.ui.frame import log_lines, outcome_tone
from console.tui.ui.guard import guards
from console.tui.ui.keymap import keymap_of
from console.tui.ui.keyorder import KeyOrder
from console.tui.ui.launch import Launch
from console.tui.ui.lifetime import Lifetime
from console.tui.ui.lines import Lines
from console.tui.ui.message import MessageLine
from console.tui.ui.options import ConsoleOptions
from console.tui.ui.painting import FOLLOW_EVERY, Painting
from console.tui.ui.panes import Pane, Subject, mirror_panes
from console.tui.ui.screens.form import Form, FormField, Live
from console.tui.ui.screens.reading import Reading
from console.tui.ui.side import Side
from console.tui.ui.theme import Brush, to_textual
from console.tui.ui.travel import Travel
from console.tui.ui.watching import Watches
from console.tui.ui.widgets.detail import Detail
from console.tui.ui.widgets.keyline import KeyLine
from console.tui.ui.widgets.sheet import Answer, Question, Sheet
from console.tui.ui.widgets.strip import StatusStrip
from console.tui.ui.widgets.table import LiveTable
from console.tui.ui.widgets.viewbar import ViewBar
from console.tui.ui.world import World

_STRIP_VIEWS = {"approvals": "approvals", "leases": "leases", "stuck": "stuck", "policies": "policies"}


class Console(Careful, KeyOrder, Lifetime, Painting, Side, Travel, Lines, App[ConsoleOptions]):
    """The console. Left for another profile, it returns the options to begin anew with.

    `times` are its clocks. `world` is one that follows its plane already; `launch` has painted the first frame.
    """

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(one.key, f"perform('{one.id}')", one.word, show=False, id=one.id) for one in ACTIONS if one.key),
        Binding("ctrl+z", "suspend_process", "into the background", show=False, id="suspend"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "tiny"), (60, "narrow"), (120, "wide")]  # noqa: RUF012 - Textual's name and type
    VERTICAL_BREAKPOINTS = [(0, "short"), (15, "low"), (36, "tall")]  # noqa: RUF012 - Textual's name and type

    def __init__(
        self,
        options: ConsoleOptions,
        *,
        times: Times | None = None,
        world: World | None = None,
        launch: Launch | None = None,
    ) -> None:
        self._follows = world is None
        self.world = world or World(options, times=times)
        self.launch = launch
        self.fault_log = FaultLog(options.state_folder, self.world.times.monotonic)
        plain = wants_no_colour()
        self.palettes = Palettes(themes_folder(), options.theme_folders)
        palette = self.palettes.get(options.theme) or self.palettes[DEFAULT_THEME]
        super().__init__(ansi_color=plain or palette.ansi)
        self.plain_terminal = plain
        self.brush = Brush(palette, colourless=plain)
        self._guards = guards(colourless=plain, ascii_only=options.glyphs == "ascii")
        self.register_theme(to_textual(palette))
        self.theme = palette.name
        self.keymap = keymap_of(options.keymap)
        self.set_keymap(dict(self.keymap.overrides))
        self.panes: dict[str, Pane] = Panes(mirror_panes(self.world), fetched_panes(self.world))
        self.panes["overview"] = Pane(self.world, "overview", "Overview", digit="0")
        self.pane = self.panes["approvals"]
        self.attention = Attention(options, self._to_terminal)
        self.keys_waiting = deque()
        self.watches = Watches()
        self.paused = False
        self.places = []
        self.place_at = 0
        self._sheet: tuple[Sheet, Pin | None] | None = None
        self._rearranging = False
        self._rearranged_at = float("-inf")
        self._jobs: set[asyncio.Task[None]] = set()

    def get_default_screen(self) -> BandScreen:
        """The screen of the console."""
        return BandScreen("_default")

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, then the guard."""
        return (*super().get_line_filters(), *self._guards)

    def compose(self) -> ComposeResult:
        """Strip, views, tables beside the card, the lines to type into, the message, the keys."""
        yield StatusStrip()
        yield ViewBar()
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield Vertical(id="tables")
                yield Detail(id="overview", surface="ground", by_doors=True)
                yield Detail(id="below", surface="ground")
            yield Detail(id="card", framed=True)
        yield self.make_filter_line()
        yield self.make_command_line()
        yield MessageLine(id="message")
        yield KeyLine()

    def get_driver_class(self) -> type[Driver]:
        """Textual's own, but that it goes on where the first frame stands."""
        found = super().get_driver_class()
        return ContinuingDriver if found is LinuxDriver else found

    async def on_mount(self) -> None:
        """The first paint is before the network: what is not known yet says so."""
        # The world may be followed outside of Textual, whose widgets find their application by the context.
        context = copy_context()
        self.world.listen(lambda changes: context.run(self.hear, changes), lambda error: context.run(self.went_wrong, error))
        await self.show_pane(self.pane)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        if self._follows:
            self.work(self.world.run())
        gc.freeze()
        gc.enable()
        self.begin_lifetime()
        self.set_interval(1.0, self.carefully(self.tick))
        self.set_interval(FOLLOW_EVERY, self.carefully(self.follow))
        faults = [*self.keymap.faults, *(f"theme {one.file}: {one.reason}" for one in self.palettes.faults)]
        if self.palettes.get(self.world.options.theme) is None:
            faults.append(f"there is no theme {self.world.options.theme}; the house theme is worn")
        if faults:
            self.say(Span("▲ ", Tone.WARN), Span("; ".join(faults), Tone.WARN), stay=True)

    # From a key to what it does

    async def on_event(self, event: events.Event) -> None:
        """Every key and click keeps an armed console armed."""
        if isinstance(event, events.Key | events.MouseDown):
            self.world.touch()
        if isinstance(event, events.Key) and not event.is_forwarded:
            await self.take_key(event)
        else:
            await super().on_event(event)

    def action_perform(self, id: str, argument: str = "") -> None:
        """Do what the registry has under this id."""
        if id in BY_ID:
            # What the keys do loads with the first of them, not before the first paint.
            from console.tui.ui.hands import HANDLERS  # noqa: PLC0415

            do = self.carefully(lambda: HANDLERS[id](self, argument))
            self.in_order(do) if BY_ID[id].act or BY_ID[id].group == "move" else do()

    def action_focus_next(self) -> None:
        """Textual's screens own `tab`; where a view has several sides, it turns them."""
        if self.pane.name in ("leases", "grants", "stuck") and len(self.screen_stack) == 1:
            self.action_perform("turn")
        else:
            super().action_focus_next()

    def on_key_line_pressed(self, message: KeyLine.Pressed) -> None:
        """A click on a key is a press of it."""
        self.action_perform(message.name)

    def on_view_bar_chosen(self, message: ViewBar.Chosen) -> None:
        """A click on a view opens it."""
        self.open_view(message.name)

    def on_status_strip_opened(self, message: StatusStrip.Opened) -> None:
        """A click on a figure opens the rows behind it."""
        if message.name == "arm":
            self.action_perform("arm")
        elif message.name in _STRIP_VIEWS:
            self.open_view(_STRIP_VIEWS[message.name])

    def on_live_table_cursor_moved(self, message: LiveTable.CursorMoved) -> None:
        """Another row: another card."""
        if message.table is self.pane.table:
            self.paint_side()
            self.fetch_soon()

    def on_live_table_marks_changed(self, message: LiveTable.MarksChanged) -> None:
        """Count the marks."""
        self.paint_frame()

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        """Enter or a double click."""
        self.action_perform("open")

    def on_live_table_sort_asked(self, message: LiveTable.SortAsked) -> None:
        """A click on a title."""
        self.action_perform("sort", message.key or "")

    # The desk of the flows

    def say(self, *spans: Span, stay: bool = False) -> None:
        """Say something in the message line."""
        if self.in_sight:
            self.screen_stack[0].query_one(MessageLine).say(*spans, stay=stay)

    def refuse(self, why: str) -> None:
        """Say why a key did nothing."""
        self.say(Span("✗ ", Tone.WARN, strong=True), Span(why, Tone.WARN))

    def subjects(self) -> list[Subject]:
        """What is marked, in the order shown, or what is under the cursor."""
        pane = self.pane
        marks = pane.table.marks if pane.table is not None else frozenset()
        keys = [key for key in pane.keys if key in marks] if marks else [pane.cursor]
        return [one for key in keys if (one := pane.subject(key)) is not None]

    def ask(self, question: Question, pin: Pin | None, done: Callable[[Answer], None]) -> Sheet:
        """Open a sheet over the frozen table."""
        table = self.pane.table
        if table is not None:
            table.freeze()

        def answered(answer: Answer) -> None:
            self._sheet = None
            if table is not None:
                table.thaw()
            done(answer)

        sheet = Sheet(question, answered)
        self._sheet = (sheet, pin)
        self.push_screen(sheet)
        return sheet

    def fill_in(
        self,
        title: str,
        fields: Sequence[FormField],
        check: Callable[[dict[str, str]], str],
        done: Callable[[dict[str, str]], None],
        lines: Sequence[Line] = (),
        live: Live | None = None,
    ) -> None:
        """Open a form."""
        self.push_screen(Form(title, fields, check, lambda values: done(values) if values is not None else None, lines, live))

    def work(self, job: Awaitable[None]) -> None:
        """Do something beside the screen. What goes wrong unexpectedly is told, and the screen stays."""

        async def whole() -> None:
            try:
                await job
            except Exception as error:
                self.went_wrong(error)

        worker = self.run_worker(whole(), exit_on_error=True)
        if self.performing:
            self.wait_for(worker)

    def send(self, intents: Sequence[Intent], then: Callable[[Result], None] | None = None) -> None:
        """Send acts one after the other and say what came of each."""

        async def every() -> None:
            for number, intent in enumerate(intents):
                if len(intents) > 1:
                    self.say(Span(f"Sending {number + 1} of {len(intents)}…", Tone.MUTED))
                result = await self.world.send(intent)
                self.tell(result, f"{number + 1} of {len(intents)}: " if len(intents) > 1 else "")
                if then is not None:
                    then(result)
            if self.pane.table is not None and len(intents) > 1:
                self.pane.table.clear_marks()
            self.repaint()

        self.work(every())

    def tell(self, result: Result, before: str = "") -> None:
        """Say what became of an act."""
        self.world.remember(result)
        tone = outcome_tone(result.outcome)
        spans = [Span(f"{before}{result.outcome} ", tone, strong=True), Span(result.text)]
        if result.next_step:
            spans.append(Span(f"   {result.next_step}", Tone.MUTED))
        self.say(*spans, stay=True)

    def reading(self, title: str, lines: Sequence[Line], tick: Callable[[], Sequence[Line]] | None = None) -> None:
        """Open something to read."""
        self.push_screen(Reading(title, lines, tick))

    def log_lines(self) -> tuple[Line, ...]:
        """The command log."""
        return log_lines(self.world.dispatcher.log.entries if self.world.dispatcher is not None else ())

    def load(self, pane: FetchedPane) -> None:
        """Fetch a pane's rows beside the screen."""

        async def fetch() -> None:
            await pane.load()
            pane.rearrange()
            self.repaint()

        self.work(fetch())

    def wear(self, name: str) -> None:
        """Wear a theme."""
        palette = self.palettes.get(name)
        if palette is None:
            self.refuse("There is no such theme.")
            return
        self.brush = Brush(palette, colourless=self.plain_terminal)
        self.ansi_color = self.plain_terminal or palette.ansi
        self.register_theme(to_textual(palette))
        self.theme = palette.name
        self.refresh(layout=True)

    def _to_terminal(self, text: str) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(text)
