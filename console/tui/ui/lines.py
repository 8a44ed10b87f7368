"""The two lines to type into: the filter and the command."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.model.filter_fields import fields_for
from console.model.filter_grammar import completion, parse_filter
from console.model.filters import Fields, FilterError
from console.tui.ui.commands import CommandFault, offers, read_command
from console.tui.ui.fetched import AuditPane
from console.tui.ui.widgets.filterline import Completion, Fault, FilterLine

if TYPE_CHECKING:
    from console.tui.ui.app import Console


class Lines:
    """Opens, checks, completes and leaves the lines."""

    def make_filter_line(self: "Console") -> FilterLine:  # type: ignore[misc]  # a part of the application
        """The filter line."""
        return FilterLine("/", check=self._check_filter, complete=self._complete_filter, id="filter")

    def make_command_line(self: "Console") -> FilterLine:  # type: ignore[misc]  # a part of the application
        """The command line."""
        return FilterLine(":", check=self._check_command, complete=self._complete_command, id="command")

    def begin_filter(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Type a filter for this view."""
        if self._fields() is None:
            self.refuse("This view takes no filter.")
            return
        line = self.query_one("#filter", FilterLine)
        line.display = True
        line.begin(self.pane.filter_text)

    def begin_command(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Type a command."""
        line = self.query_one("#command", FilterLine)
        line.display = True
        line.begin()

    def on_filter_line_changed(self: "Console", message: FilterLine.Changed) -> None:  # type: ignore[misc]
        """A filter over the mirror is applied as it is typed, when it can be read."""
        mirrored = message.line.id == "filter" and not isinstance(self.pane, AuditPane)
        if mirrored and message.fault is None and message.line.display:
            self.put_filter(self.pane, message.text)
            self.rearrange()

    def on_filter_line_submitted(self: "Console", message: FilterLine.Submitted) -> None:  # type: ignore[misc]
        """Enter: the filter stays, or the command is done."""
        self._close(message.line)
        if message.line.id == "filter":
            self.put_filter(self.pane, message.text)
            self.rearrange()
            return
        try:
            command = read_command(message.text, self.panes, self.world, tuple(self.palettes))
        except CommandFault as fault:
            self.refuse(f"{fault.words[:1].upper()}{fault.words[1:]}.")
            return
        if command is None:
            return
        if command.view:
            self.open_view(command.view, command.argument)
        elif command.argument and command.action in ("contain", "release", "grant"):
            self.act_on_agent(command.action, command.argument)
        else:
            self.action_perform(command.action, command.argument)

    def act_on_agent(self: "Console", action: str, name: str) -> None:  # type: ignore[misc]  # a part of the application
        """Do something to a named agent: its view is opened on it first, so that it is seen."""
        id = next(iter(self.world.source.agents.by["name"].get(name, ())), "")

        async def arrive() -> None:
            await self._arrive("agents", "", id)
            if self.pane.cursor == id:
                self.action_perform(action)

        self._leave_place()
        self.work(arrive())

    def on_filter_line_left(self: "Console", message: FilterLine.Left) -> None:  # type: ignore[misc]
        """Escape: the filter that is typed goes, and nothing else changes."""
        self._close(message.line)
        if message.line.id == "filter":
            self.put_filter(self.pane, "")
            self.rearrange()

    def _close(self: "Console", line: FilterLine) -> None:  # type: ignore[misc]  # a part of the application
        line.display = False
        if self.pane.table is not None:
            self.pane.table.focus()

    def _fields(self: "Console") -> Fields | None:  # type: ignore[misc]  # a part of the application
        return fields_for("audit") if isinstance(self.pane, AuditPane) else self.pane.fields

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
        found = completion(text, at, self._fields() or {}, self.pane.values)
        return [Completion(one.text, one.start, one.hint) for one in found if one.text != text[one.start : at]]

    def _check_command(self: "Console", text: str) -> Fault | None:  # type: ignore[misc]  # a part of the application
        try:
            read_command(text, self.panes, self.world, tuple(self.palettes))
        except CommandFault as fault:
            # A word that may still become a command is no fault while it is typed.
            begun = text.strip()
            if " " not in begun and any(one.text.startswith(begun) for one in self._complete_command(text, len(text))):
                return None
            return Fault(fault.at, fault.words)
        return None

    def _complete_command(self: "Console", text: str, at: int) -> Sequence[Completion]:  # type: ignore[misc]
        if not text:
            return ()
        found = offers(text, at, self.panes, self.world, tuple(self.palettes))
        return [Completion(one.text, one.start, one.words) for one in found if one.text.rstrip() != text[one.start : at]]
