"""The two lines to type into: the filter and the command."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.model.filter_grammar import parse_filter
from console.model.filters import Fields, FilterError
from console.tui.present.inert import inert
from console.tui.present.spans import Piece, Span, Tone
from console.tui.present.words import muted
from console.tui.ui.commands import CommandFault, Named, filter_offers, offers, read_command
from console.tui.ui.fetched import FetchedPane
from console.tui.ui.message import MessageLine
from console.tui.ui.widgets.filterline import Completion, Fault, FilterLine

if TYPE_CHECKING:
    from console.tui.ui.app import Console

_REMEMBERED = 100


class Lines:
    """Opens, checks, completes and leaves the lines. Owns what was typed into them before, in this session."""

    typed_before: dict[str, list[str]]
    """Commands under `:`, filters under the name of their view; oldest first."""

    def make_filter_line(self: "Console") -> FilterLine:  # type: ignore[misc]  # a part of the application
        """The filter line."""
        self.typed_before = {}
        return FilterLine(
            "/",
            check=self._check_filter,
            complete=self._complete_filter,
            submit=self._filter_typed,
            leave=self._filter_left,
            id="filter",
        )

    def make_command_line(self: "Console") -> FilterLine:  # type: ignore[misc]  # a part of the application
        """The command line."""
        return FilterLine(
            ":",
            check=self._check_command,
            complete=self._complete_command,
            submit=self._command_typed,
            leave=self._close,
            id="command",
        )

    def begin_filter(self: "Console", text: str | None = None) -> None:  # type: ignore[misc]  # a part of the application
        """Type a filter for this view, beginning with `text` or with the filter in force."""
        if self._fields() is None:
            self.refuse("This view takes no filter.")
            return
        self.query_one(MessageLine).clear()
        line = self.query_one("#filter", FilterLine)
        line.begin(self.pane.filter_text if text is None else text, self.typed_before.get(self.pane.name, ()))

    def begin_command(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Type a command."""
        self.query_one(MessageLine).clear()
        self.query_one("#command", FilterLine).begin("", self.typed_before.get(":", ()))

    def rest_filter(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Show the filter in force, how much it lets through and how it goes."""
        pane = self.pane
        pieces = []
        if pane.filter_text and pane.table is not None:
            pieces = [
                Piece((Span("/ ", Tone.BRASS, strong=True), Span(inert(pane.filter_text).text, strong=True)), 0, name="edit"),
                Piece((Span(f"{len(pane.keys)} shown", Tone.MUTED),), 1),
                Piece((Span("esc", Tone.BRASS, strong=True), muted(" clears")), 2, right=True, name="clear"),
                Piece((Span("/", Tone.BRASS, strong=True), muted(" types on")), 3, right=True, name="edit"),
            ]
        self.screen_stack[0].query_one("#filter", FilterLine).rest(pieces)

    def on_filter_line_changed(self: "Console", message: FilterLine.Changed) -> None:  # type: ignore[misc]
        """A filter over the mirror is applied as it is typed, when it can be read."""
        mirrored = message.line.id == "filter" and not (isinstance(self.pane, FetchedPane) and self.pane.by_plane)
        if mirrored and message.fault is None and message.line.typing and message.text == message.line.text:
            self.put_filter(self.pane, message.text)
            self.rearrange()

    def on_filter_line_wanted(self: "Console", message: FilterLine.Wanted) -> None:  # type: ignore[misc]
        """A click on the filter that is in force."""
        message.stop()
        self.begin_filter()

    def on_filter_line_left(self: "Console", message: FilterLine.Left) -> None:  # type: ignore[misc]
        """A click on what clears the filter."""
        self._filter_left(message.line)

    def _filter_typed(self: "Console", line: FilterLine, text: str) -> None:  # type: ignore[misc]
        self._close(line)
        self._remember(self.pane.name, text)
        self.put_filter(self.pane, text)
        self.rearrange()

    def _filter_left(self: "Console", line: FilterLine) -> None:  # type: ignore[misc]
        """The filter that is typed goes, and nothing else changes."""
        self._close(line)
        self.put_filter(self.pane, "")
        self.rearrange()

    def _command_typed(self: "Console", line: FilterLine, text: str) -> None:  # type: ignore[misc]
        self._close(line)
        try:
            command = read_command(text, self.panes, self.world, self.named())
        except CommandFault as fault:
            self.refuse(f"{fault.words[:1].upper()}{fault.words[1:]}.")
            return
        if command is None:
            return
        self._remember(":", text)
        if command.view:
            self.in_order(lambda: self.open_view(command.view, command.argument))
        elif command.on:
            self.act_on(command.action, command.on, command.argument)
        else:
            self.action_perform(command.action, command.argument)

    def act_on(self: "Console", action: str, collection: str, id: str) -> None:  # type: ignore[misc]
        """Do something to a named object: its view is opened on it first, so that it is seen. Marks are not meant."""

        async def arrive() -> None:
            await self._arrive(collection, "", id)
            if self.pane.table is not None:
                self.pane.table.clear_marks()
            if self.pane.name == collection and self.pane.cursor == id:
                self.action_perform(action)
            else:
                self.refuse("It has left.")

        self._leave_place()
        self.in_order(lambda: self.work(arrive()))

    def named(self: "Console") -> Named:  # type: ignore[misc]  # a part of the application
        """The names that the command line completes beside views, actions and live objects."""
        profiles = {one.name: one.words for one in self.world.options.profiles}
        return Named(dict.fromkeys(self.palettes, ""), profiles)

    def _remember(self: "Console", of: str, text: str) -> None:  # type: ignore[misc]  # a part of the application
        text = text.strip()
        kept = self.typed_before.setdefault(of, [])
        if text:
            if text in kept:
                kept.remove(text)
            kept.append(text)
            del kept[:-_REMEMBERED]

    def _close(self: "Console", line: FilterLine) -> None:  # type: ignore[misc]  # a part of the application
        line.end()
        base = self.screen_stack[0]
        if self.pane.table is not None:
            base.set_focus(self.pane.table)
        else:
            base.set_focus(None)
        self.rest_filter()

    def _fields(self: "Console") -> Fields | None:  # type: ignore[misc]  # a part of the application
        return self.pane.fields

    def _check_filter(self: "Console", text: str) -> Fault | None:  # type: ignore[misc]  # a part of the application
        fields = self._fields()
        try:
            if fields is not None:
                parse_filter(text, fields)
        except FilterError as error:
            return Fault(error.position, error.text)
        return None

    def _complete_filter(self: "Console", text: str, at: int) -> Sequence[Completion]:  # type: ignore[misc]
        if not text:
            return ()
        return [
            Completion(one.text, one.start, one.words)
            for one in filter_offers(text, at, self._fields() or {}, self.pane.values)
            if one.text.rstrip() != text[one.start : at]
        ]

    def _check_command(self: "Console", text: str) -> Fault | None:  # type: ignore[misc]  # a part of the application
        try:
            read_command(text, self.panes, self.world, self.named())
        except CommandFault as fault:
            # What may still become a command is no fault while it is typed.
            begun = any(one.start == fault.at for one in self._complete_command(text, len(text)))
            return None if begun else Fault(fault.at, fault.words)
        return None

    def _complete_command(self: "Console", text: str, at: int) -> Sequence[Completion]:  # type: ignore[misc]
        if not text:
            return ()
        found = offers(text, at, self.panes, self.world, self.named())
        return [Completion(one.text, one.start, one.words) for one in found if one.text.rstrip() != text[one.start : at]]
