"""A form: a few labelled inputs over one another, checked together; enter goes to the next and hands over in the last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from console.tui.present.spans import Line, Piece, Span, Tone
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.detail import Detail
from console.tui.ui.widgets.paint import OneLine, content_of

_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class FormField:
    """One input: its name in the answer, its label, what stands in it at first, and a word on what may stand there."""

    name: str
    label: str
    value: str = ""
    hint: str = ""


class _Line(OneLine):
    SURFACE: Surface = "panel"
    PAD = 0


class Form(ModalScreen[None]):
    """Asks for the fields; `check` says what is wrong with the values, `done` gets them when nothing is."""

    DEFAULT_CSS = """
    Form { align: center middle; background: $ground 60%; }
    Form > Vertical { width: 92; max-width: 100%; height: auto; max-height: 100%; background: $panel;
        border: round $line; border-title-color: $brass; border-title-background: $panel; padding: 0 1; }
    Form Detail { height: auto; max-height: 8; padding: 0; }
    Form Horizontal { height: 1; background: $panel; }
    Form Horizontal > _Line { width: 14; }
    Form Input { border: none; height: 1; padding: 0 1; width: 1fr; background: $raised; color: $plain; }
    Form Input:focus { border: none; background-tint: $raised 0%; }
    Form Input > .input--cursor { background: $brass; color: $ground; text-style: none; }
    Form Input > .input--placeholder { color: $muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False, id="form.leave", priority=True),
        Binding("enter", "on", "next", show=False, id="form.on", priority=True),
        Binding("down,tab", "go(1)", "next", show=False, id="form.next", priority=True),
        Binding("up,shift+tab", "go(-1)", "previous", show=False, id="form.previous", priority=True),
    ]

    def __init__(
        self,
        title: str,
        fields: Sequence[FormField],
        check: Callable[[dict[str, str]], str],
        done: Callable[[dict[str, str] | None], None],
        lines: Sequence[Line] = (),
    ) -> None:
        """`done` is called once: with the values, or with None when the form was left."""
        super().__init__()
        self._form_title, self._fields, self._check, self._done = title, tuple(fields), check, done
        self._lines = tuple(lines)
        self._inputs = [
            Input(one.value, id=one.name, placeholder=one.hint, max_length=_LONGEST, select_on_focus=False) for one in fields
        ]
        self._message = _Line()
        self._hint = _Line()
        self._keys = _Line()
        self._over = False

    def compose(self) -> ComposeResult:
        """Title, what is asked about, the inputs, what was said, the keys."""
        with Vertical() as box:
            box.border_title = content_of((Span(self._form_title),))
            if self._lines:
                yield Detail(id="form-lines")
                yield _Line()
            for field, entry in zip(self._fields, self._inputs, strict=True):
                with Horizontal():
                    label = _Line()
                    label.show([Piece((Span(field.label, Tone.BRASS),))])
                    yield label
                    yield entry
            yield self._hint
            yield self._message
            yield self._keys

    def on_mount(self) -> None:
        """Begin in the first input."""
        if self._lines:
            self.query_one("#form-lines", Detail).show(self._lines)
        self._keys.show(
            [
                Piece((Span("enter", Tone.BRASS, strong=True), Span(" next, and on in the last", Tone.MUTED))),
                Piece((Span("↑ ↓", Tone.BRASS, strong=True), Span(" move", Tone.MUTED))),
                Piece((Span("esc", Tone.BRASS, strong=True), Span(" leave", Tone.MUTED))),
            ]
        )
        self._inputs[0].focus()
        self._show_hint()

    @property
    def said(self) -> str:
        """The last fault that was told."""
        return self._fault if self._over is False else ""

    _fault = ""

    def on_descendant_focus(self) -> None:
        """Say what may stand in the input that has the keyboard."""
        self._show_hint()

    def action_go(self, by: int) -> None:
        """Go to another input."""
        at = self._at()
        self.set_focus(self._inputs[(at + by) % len(self._inputs)])

    def action_on(self) -> None:
        """Go to the next input at once, so that what is typed behind the key lands there; in the last the input takes it."""
        if self._at() == len(self._inputs) - 1:
            raise SkipAction
        self.action_go(1)

    def action_leave(self) -> None:
        """Leave without an answer."""
        self._close(None)

    def on_unmount(self) -> None:
        """Closed by somebody else is left."""
        if not self._over:
            self._over = True
            self._done(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand over in the last input."""
        event.stop()
        values = {field.name: entry.value for field, entry in zip(self._fields, self._inputs, strict=True)}
        self._fault = self._check(values)
        if self._fault:
            self._message.show([Piece((Span(f"▲ {self._fault}", Tone.WARN),))])
            return
        self._close(values)

    def _at(self) -> int:
        return next((at for at, entry in enumerate(self._inputs) if entry.has_focus), 0)

    def _show_hint(self) -> None:
        self._hint.show([Piece((Span(self._fields[self._at()].hint, Tone.MUTED),))])

    def _close(self, values: dict[str, str] | None) -> None:
        if not self._over:
            self._over = True
            self.dismiss()
            self._done(values)
