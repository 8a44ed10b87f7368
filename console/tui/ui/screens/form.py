"""A form: a few labelled inputs over one another; enter goes to the next and hands over in the last.

What the values would come to is asked as they are edited and told below them. Owns which answer is the newest: one that was
asked for before the last edit is dropped. Whoever opens it is called back exactly once.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input

from console.model.codes import ProblemError
from console.tui.present.spans import Line, Piece, Span, Tone
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.detail import Detail
from console.tui.ui.widgets.paint import OneLine, content_of

_LONGEST = 1_000
ASK_AFTER = 0.15
"""Seconds without an edit after which is asked what the values would come to."""
LOOK_EVERY = 0.5
"""Seconds after which is looked again whether what the form is about has changed."""
_AMPLE = 20
"""With so many lines beside the inputs, one is left blank between them and what they come to."""
_FRAME = 6
"""Lines that are neither input nor outcome: two edges, hint, outcome's title, message, keys."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One input: its name in the answer, its label, what stands in it at first, and a word on what may stand there.

    `step` gives the value that `←` (-1) or `→` (+1) leads to from the present one.
    """

    name: str
    label: str
    value: str = ""
    hint: str = ""
    step: Callable[[str, int], str] | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """What a form is told while it is filled in.

    `outcome` says what the values would come to; it raises ProblemError or ValueError where they are refused, and OSError or
    TimeoutError where nobody answers. `moved` says what has changed since the form was opened, `refusal` why nothing can be
    sent now; both are empty where all is well.
    """

    outcome: Callable[[dict[str, str]], Awaitable[Sequence[Line]]]
    moved: Callable[[], str]
    refusal: Callable[[], str]


def among(*choices: str) -> Callable[[str, int], str]:
    """A step through choices; from what is none of them to the first."""

    def step(value: str, by: int) -> str:
        if not choices:
            return value
        return choices[(choices.index(value) + by) % len(choices)] if value in choices else choices[0]

    return step


class _Line(OneLine):
    SURFACE: Surface = "panel"
    PAD = 0


class Form(ModalScreen[None]):
    """Asks for the fields; `check` says what is wrong with the values, `done` gets them when nothing is."""

    DEFAULT_CSS = """
    Form { align: center middle; background: $ground 60%; }
    Form:ansi { background: transparent; }
    Form > Vertical { width: 100; max-width: 100%; height: auto; max-height: 100%; background: $panel;
        border: round $line; border-title-color: $brass; border-title-background: $panel; padding: 0 1; }
    Form.loud > Vertical { border: round $danger; border-title-color: $danger; }
    Form Detail { height: auto; padding: 0; }
    Form #form-lines { max-height: 8; }
    Form VerticalScroll { height: auto; background: $panel; scrollbar-size-vertical: 0; }
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
        Binding("left", "step(-1)", "less", show=False, id="form.less", priority=True),
        Binding("right", "step(1)", "more", show=False, id="form.more", priority=True),
        Binding("pagedown", "read(1)", "read on", show=False, id="form.read-on", priority=True),
        Binding("pageup", "read(-1)", "read back", show=False, id="form.read-back", priority=True),
    ]

    def __init__(
        self,
        title: str,
        fields: Sequence[FormField],
        check: Callable[[dict[str, str]], str],
        done: Callable[[dict[str, str] | None], None],
        lines: Sequence[Line] = (),
        live: Live | None = None,
    ) -> None:
        """`done` is called once: with the values, or with None when the form was left."""
        super().__init__()
        self._form_title, self._fields, self._check, self._done = title, tuple(fields), check, done
        self._lines, self._live = tuple(lines), live
        self._inputs = [
            Input(one.value, id=one.name, placeholder=one.hint, max_length=_LONGEST, select_on_focus=False) for one in fields
        ]
        self._rows = VerticalScroll(can_focus=False)
        self._outcome = Detail(id="form-outcome")
        self._state = _Line(id="form-state")
        self._message = _Line()
        self._hint = _Line()
        self._keys = _Line()
        self._gap = _Line()
        self._over = False
        self._moved = ""
        self._fault = ""
        self._asked = 0
        self._waiting: Timer | None = None

    def compose(self) -> ComposeResult:
        """Title, what is asked about, the inputs, what they would come to, what was said, the keys."""
        with Vertical() as box:
            box.border_title = content_of((Span(self._form_title),))
            if self._lines:
                yield Detail(id="form-lines")
                yield _Line()
            with self._rows:
                for field, entry in zip(self._fields, self._inputs, strict=True):
                    with Horizontal():
                        label = _Line()
                        label.show([Piece((Span(field.label, Tone.BRASS),))])
                        yield label
                        yield entry
            yield self._hint
            if self._live is not None:
                yield self._gap
                yield self._state
                yield self._outcome
            yield self._message
            yield self._keys

    def on_mount(self) -> None:
        """Begin in the first input."""
        if self._lines:
            self.query_one("#form-lines", Detail).show(self._lines)
        self._inputs[0].focus()
        self._show_hint()
        if self._live is not None:
            self.set_interval(LOOK_EVERY, self._look)
            self._ask()

    def on_resize(self, event: events.Resize) -> None:
        """The inputs scroll where there is little room; what they come to takes the rest."""
        room = event.size.height - _FRAME - (min(8, len(self._lines)) + 1 if self._lines else 0)
        self._gap.display = event.size.height >= len(self._fields) + _AMPLE
        rows = max(1, min(len(self._fields), room - (2 if self._live is not None else 0)))
        self._rows.styles.max_height = rows
        self._outcome.styles.max_height = max(1, room - rows)

    @property
    def said(self) -> str:
        """The last fault that was told."""
        return "" if self._over else self._fault or self._moved

    @property
    def values(self) -> dict[str, str]:
        """What stands in the inputs."""
        return {field.name: entry.value for field, entry in zip(self._fields, self._inputs, strict=True)}

    def on_descendant_focus(self) -> None:
        """Say what may stand in the input that has the keyboard."""
        self._show_hint()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Ask again when the hands have rested; what was asked before is of no interest any more."""
        event.stop()
        if self._live is None:
            return
        self._asked += 1
        if self._waiting is not None:
            self._waiting.stop()
        self._waiting = self.set_timer(ASK_AFTER, self._ask)

    def action_go(self, by: int) -> None:
        """Go to another input."""
        self.set_focus(self._inputs[(self._at() + by) % len(self._inputs)])

    def action_step(self, by: int) -> None:
        """The next choice of an input that has choices; elsewhere the input moves its cursor."""
        field, entry = self._fields[self._at()], self._inputs[self._at()]
        if field.step is None:
            raise SkipAction
        entry.value = field.step(entry.value, by)
        entry.cursor_position = len(entry.value)

    def action_read(self, by: int) -> None:
        """Read on or back in what the values come to."""
        self._outcome.action_scroll_lines(by * max(1, self._outcome.size.height - 1))

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
        values = self.values
        refusal = self._live.refusal() if self._live is not None else ""
        self._look()
        self._fault = self._moved or refusal or self._check(values)
        if self._fault:
            self._message.show([Piece((Span(f"▲ {self._fault}", Tone.WARN),))])
            return
        self._close(values)

    def _look(self) -> None:
        """Whether what the form is about has changed: then it says so and hands nothing over any more."""
        if self._live is not None and not self._moved and (words := self._live.moved()):
            self._moved = f"changed while you filled this in: {words}"
            self._message.show([Piece((Span(f"▲ {self._moved}", Tone.WARN),))])

    def _ask(self) -> None:
        if self._live is None:
            return
        self._asked += 1
        self._tell("asking…", Tone.MUTED)
        self.run_worker(self._hear(self._live, self._asked, self.values), exit_on_error=False)

    async def _hear(self, live: Live, number: int, values: dict[str, str]) -> None:
        lines: Sequence[Line] | None = None
        state, tone = "as it is decided now; nothing is sent yet", Tone.MUTED
        refusal = live.refusal()
        try:
            if refusal:
                state, tone = refusal, Tone.WARN
            else:
                lines = await live.outcome(values)
        except ProblemError as problem:
            silent = problem.code == "unreachable"
            state = "no answer: what it would come to is not known" if silent else f"✗ refused: {problem.detail}"
            tone = Tone.WARN if silent else Tone.DANGER
        except ValueError as error:
            state, tone = f"▲ {error}", Tone.WARN
        except (OSError, TimeoutError):
            state, tone = "no answer: what it would come to is not known", Tone.WARN
        if number == self._asked and self.is_running and not self._over:
            self._outcome.show(lines or ())
            self._tell(state, tone)

    def _tell(self, words: str, tone: Tone) -> None:
        self._state.show([Piece((Span("IF SENT NOW  ", Tone.BRASS, strong=True), Span(words, tone)))])

    def _at(self) -> int:
        return next((at for at, entry in enumerate(self._inputs) if entry is self.focused), 0)

    def _show_hint(self) -> None:
        field = self._fields[self._at()]
        self._hint.show([Piece((Span(field.hint, Tone.MUTED),))])
        last = self._at() == len(self._fields) - 1
        pieces = [("enter", "go on" if last else "next line", 0), ("↑ ↓", "move", 1)]
        pieces += [("← →", "choose", 0)] if field.step is not None else []
        pieces += [("PgDn", "read on", 2)] if self._live is not None else []
        pieces += [("esc", "leave", 0)]
        self._keys.show(
            [Piece((Span(key, Tone.BRASS, strong=True), Span(f" {words}", Tone.MUTED)), rank) for key, words, rank in pieces]
        )

    def _close(self, values: dict[str, str] | None) -> None:
        if not self._over:
            self._over = True
            self.dismiss()
            self._done(values)
