"""A policy file over the whole screen: highlighted, with line numbers and findings in the gutter, to be searched and walked.

Owns where one reads, and what is searched for. It changes nothing; `E` asks whoever opened it to have the file edited.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input

from console.tui.present.source import by_line, lines_with, numbered_lines
from console.tui.present.spans import Line, Piece, Span, Spans, Tone, wrap
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.paint import OneLine, brush, content_of, strip_of
from console.tui.ui.widgets.virtual import VirtualLines

if TYPE_CHECKING:
    from console.model.bundles import Finding

_LONGEST = 200


class _Bar(OneLine):
    SURFACE: Surface = "panel"
    PAD = 0


class _Text(VirtualLines, can_focus=True, inherit_bindings=False):
    """The lines of a file; one of them is where one reads."""

    DEFAULT_CSS = """
    _Text { background: $ground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[tuple[int, Line], ...] = ()
        self._laid: list[tuple[int, Spans]] = []
        self.here = 1

    def show(self, lines: Sequence[tuple[int, Line]]) -> None:
        """Show these lines, each with the number of the line of the file that it belongs to."""
        self._lines = tuple(lines)
        self._lay_out()

    def go_to(self, number: int) -> None:
        """Read at a line of the file: it comes into sight with a few around it."""
        last = max((one for one, _ in self._laid), default=1)
        self.here = min(max(1, number), last)
        at = next((at for at, (one, _) in enumerate(self._laid) if one == self.here), 0)
        self._reveal(max(0, at - 3))
        self._reveal(min(len(self._laid) - 1, at + 3))
        self._reveal(at)
        self.refresh()

    @property
    def page(self) -> int:
        """Lines of the file that a page moves by."""
        return max(1, self._room - 2)

    def on_resize(self, event: events.Resize) -> None:
        """Lay out again."""
        self._lay_out()
        self.go_to(self.here)

    def render_line(self, y: int) -> Strip:
        """Paint one line; where one reads it is raised."""
        index, paint = self._first + y, brush(self)
        if index >= len(self._laid):
            return Strip.blank(self._width, paint.ground("ground"))
        number, spans = self._laid[index]
        return strip_of(spans, self._width, paint, "raised" if number == self.here else "ground")

    def _lay_out(self) -> None:
        width = max(1, self._width)
        self._laid = []
        for number, line in self._lines:
            for part, spans in enumerate(wrap(line.spans, width, line.indent)):
                self._laid.append((number, (Span(" " * line.indent), *spans) if part else spans))
        self._grow(len(self._laid))
        self.refresh()


class Source(ModalScreen[None]):
    """Reads one file of a bundle. `f` and `F` go from finding to finding, over the files; `/` searches in this one."""

    DEFAULT_CSS = """
    Source { background: $ground; }
    Source > Vertical { width: 100%; height: 100%; background: $ground; border: round $line;
        border-title-color: $brass; border-title-background: $ground; padding: 0 1; }
    Source Input { border: none; height: 1; padding: 0 1; display: none; background: $raised; color: $plain; }
    Source Input:focus { border: none; background-tint: $raised 0%; }
    Source.searching Input { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "close", show=False, id="source.leave", priority=True),
        Binding("q", "leave", "close", show=False, id="source.quit"),
        Binding("j,down", "move(1)", "down", show=False, id="source.down"),
        Binding("k,up", "move(-1)", "up", show=False, id="source.up"),
        Binding("pagedown", "page(1)", "page down", show=False, id="source.page-down"),
        Binding("pageup", "page(-1)", "page up", show=False, id="source.page-up"),
        Binding("g,home", "edge(-1)", "top", show=False, id="source.top"),
        Binding("G,end", "edge(1)", "end", show=False, id="source.end"),
        Binding("f", "finding(1)", "next finding", show=False, id="source.finding"),
        Binding("F", "finding(-1)", "finding before", show=False, id="source.finding-before"),
        Binding("slash", "search", "search", show=False, id="source.search"),
        Binding("E", "edit", "edit", show=False, id="source.edit"),
        Binding("n", "found(1)", "next place", show=False, id="source.found"),
        Binding("N", "found(-1)", "place before", show=False, id="source.found-before"),
    ]

    def __init__(
        self,
        files: Mapping[str, str],
        findings: "Sequence[Finding]",
        path: str,
        line: int,
        edit: "Callable[[Source], None] | None" = None,
    ) -> None:
        """`files` are texts by path; `findings` those of the whole bundle; it begins at `line` of `path`.

        `edit` has the file edited where one reads and calls `renew` when it was.
        """
        super().__init__()
        self._edit = edit
        self._files, self._findings = dict(files), tuple(findings)
        self.path, self._begin = path, line
        self.sought = ""
        self._words: Spans = ()
        self._text = _Text()
        self._input = Input(placeholder="search in this file", max_length=_LONGEST, select_on_focus=False)
        self._bar = _Bar()

    @property
    def here(self) -> int:
        """The line where one reads, from 1."""
        return self._text.here

    def compose(self) -> ComposeResult:
        """The text, the line to search with, the keys."""
        with Vertical():
            yield self._text
            yield self._input
            yield self._bar

    def on_mount(self) -> None:
        """Show the file where it begins."""
        self._open(self.path)
        self._text.focus()
        self.call_after_refresh(lambda: self._go(self._begin))

    # Keys

    def action_leave(self) -> None:
        """Leave the search, then the file."""
        if self.has_class("searching"):
            self._end_search()
        elif self.sought:
            self.sought = ""
            self._open(self.path)
            self._go(self.here)
        else:
            self.dismiss()

    def action_move(self, by: int) -> None:
        """A line on."""
        self._go(self.here + by)

    def action_page(self, by: int) -> None:
        """A page on."""
        self._go(self.here + by * self._text.page)

    def action_edge(self, where: int) -> None:
        """The first line, or the last."""
        self._go(1 if where < 0 else len(self._files[self.path].split("\n")))

    def action_finding(self, by: int) -> None:
        """The next finding, of this file or of the files behind it."""
        places = sorted({(path, line) for path in self._files for line in by_line(self._findings, path)})
        if not places:
            self._say(Span("The bundle has no finding.", Tone.OK))
            return
        ordered = places if by > 0 else places[::-1]
        now = (self.path, self.here)
        path, line = next((one for one in ordered if (one > now if by > 0 else one < now)), ordered[0])
        if path != self.path:
            self._open(path)
        self._go(line)

    def action_edit(self) -> None:
        """Have the file edited, here."""
        if self._edit is not None and not self.has_class("searching"):
            self._edit(self)

    def renew(self, files: Mapping[str, str], findings: "Sequence[Finding]") -> None:
        """Show what the files are now, where one reads; a file that is gone closes it."""
        if not self.is_running:
            return
        if self.path not in files:
            self.dismiss()
            return
        self._files, self._findings = dict(files), tuple(findings)
        self._open(self.path)
        self._go(self.here)
        here = sum(one.file == self.path for one in self._findings)
        told = f"{here} of {len(self._findings)} findings in this file" if self._findings else "no finding"
        self._say(Span(told, Tone.WARN if self._findings else Tone.OK))

    def action_search(self) -> None:
        """Type what to search for."""
        self.add_class("searching")
        self._input.value = self.sought
        self._input.focus()

    def action_found(self, by: int) -> None:
        """The next place that holds what is searched for."""
        places = lines_with(self._files[self.path], self.sought)
        if not places:
            self._say(
                Span("Nothing is searched for; / begins." if not self.sought else "Nothing in this file holds it.", Tone.WARN)
            )
            return
        ordered = places if by > 0 else places[::-1]
        at = next((one for one in ordered if (one - self.here) * by > 0), ordered[0])
        self._say(Span(f"{places.index(at) + 1} of {len(places)} lines", Tone.MUTED))
        self._go(at)

    def on_input_changed(self, event: Input.Changed) -> None:
        """The places are marked as one types."""
        if self.has_class("searching"):
            self.sought = event.value
            self._open(self.path)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the first place from here on."""
        event.stop()
        self._end_search()
        places = lines_with(self._files[self.path], self.sought)
        at = next((one for one in places if one >= self.here), places[0] if places else 0)
        if at:
            self._say(Span(f"{places.index(at) + 1} of {len(places)} lines", Tone.MUTED))
            self._go(at)
        elif self.sought:
            self._say(Span("Nothing in this file holds it.", Tone.WARN))

    # What is shown

    def _end_search(self) -> None:
        self.remove_class("searching")
        self._text.focus()

    def _open(self, path: str) -> None:
        self.path = path
        self._text.show(numbered_lines(self._files[path], path, by_line(self._findings, path), self.sought))

    def _go(self, line: int) -> None:
        self._text.go_to(line)
        box = self.query_one(Vertical)
        box.border_title = content_of((Span(f"{self.path}:{self.here}"),))
        self._paint_keys()

    def _say(self, *spans: Span) -> None:
        self._words = spans
        self._paint_keys()

    def _paint_keys(self) -> None:
        edit = (("E", "edit"),) if self._edit is not None else ()
        keys = (("esc", "close"), *edit, ("/", "search"), ("f F", "findings"), ("n N", "places"), ("j k", "lines"))
        pieces = [
            Piece((Span(key, Tone.BRASS, strong=True), Span(f" {word}", Tone.MUTED)), at) for at, (key, word) in enumerate(keys)
        ]
        if self._words:
            pieces.append(Piece(self._words, 0, right=True))
            self._words = ()
        self._bar.show(pieces)
