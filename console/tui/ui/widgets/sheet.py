"""The sheet: one question about one pinned object, and at most one answer.

Owns when its confirming key is alive: not before 250 ms after its first paint, and never again once the object changed.
Whoever opens it is called back exactly once, also when the sheet is closed by somebody else; nobody awaits it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from console.tui.present.spans import Line, Piece, Span, Spans, Tone
from console.tui.ui.theme import Surface
from console.tui.ui.widgets.detail import Detail
from console.tui.ui.widgets.paint import OneLine, content_of

SETTLE_SECONDS = 0.25
"""How long the confirming key is dead after the sheet was painted."""
_LITTLE = 10
"""Below this many lines the sheet is as plain as can be."""
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Question:
    """What a sheet asks. It is pinned: the caller captured it when the key was pressed."""

    title: Spans
    lines: tuple[Line, ...]
    word: str
    """What the confirming key does, in one word: approve, contain."""
    takes: bool = False
    """Takes power away: painted in red."""
    loud: bool = False
    """Gives power in a way that must not be overlooked: painted in red too."""
    reason: str = ""
    """The prompt for a reason; empty where none is asked for."""
    typed: str = ""
    """The text that must be typed to confirm; empty where none is asked for."""
    typed_prompt: str = ""
    keys: tuple[tuple[str, str], ...] = ()
    """Further keys and their words; the sheet hands them to `other`."""
    refusal: str = ""
    """Why this cannot be confirmed at all; empty where it can."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the operator said. Leaving is not refusing."""

    confirmed: bool
    reason: str = ""


@dataclass(slots=True)
class _State:
    painted_at: float | None = None
    moved: str = ""
    said: Spans = ()
    answered: bool = False
    inputs: list[Input] = field(default_factory=list)


class _Line(OneLine):
    SURFACE: Surface = "panel"
    PAD = 0


class Sheet(ModalScreen[None]):
    """Asks a `Question`. `y` confirms, or `enter` in the last input; `esc` leaves."""

    DEFAULT_CSS = """
    Sheet { align: center middle; background: $ground 60%; }
    Sheet:ansi { background: transparent; }
    Sheet > Vertical { width: 100; max-width: 100%; height: auto; max-height: 100%; background: $panel;
        border: round $line; border-title-color: $brass; border-title-background: $panel; padding: 0 1; }
    Sheet.takes > Vertical { border: round $danger; border-title-color: $danger; }
    Sheet Detail { height: auto; padding: 0; }
    Sheet Input { border: none; height: 1; padding: 0 1; background: $raised; color: $plain; }
    Sheet Input:focus { border: none; background-tint: $raised 0%; }
    Sheet Input > .input--cursor { background: $brass; color: $ground; text-style: none; }
    Sheet _Line { background: $panel; }
    Sheet.little > Vertical, Sheet.little.takes > Vertical { border: none; padding: 0; }
    Sheet.little #sheet-blank { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False, id="sheet.leave", priority=True),
        Binding("pagedown", "read(1)", "read on", show=False, id="sheet.on", priority=True),
        Binding("pageup", "read(-1)", "read back", show=False, id="sheet.back", priority=True),
        Binding("enter", "on", "next", show=False, id="sheet.on", priority=True),
    ]

    def __init__(
        self,
        question: Question,
        done: Callable[[Answer], None],
        *,
        other: Callable[["Sheet", str], None] | None = None,
        now: Callable[[], float] = monotonic,
        id: str | None = None,
    ) -> None:
        """`done` is called once. `other` receives the keys that `question.keys` names. `now` is a clock in seconds."""
        super().__init__(id=id)
        self.question = question
        self._done, self._other, self._now = done, other, now
        self._state = _State()
        self._detail = Detail()
        self._message = _Line(id="sheet-message")
        self._keys = _Line(id="sheet-keys")

    def compose(self) -> ComposeResult:
        """Title, facts, what must be typed, what was said, the keys."""
        with Vertical() as box:
            box.border_title = content_of(self.question.title)
            yield self._detail
            yield _Line(id="sheet-blank")
            if self.question.reason:
                yield from self._ask(self.question.reason, "reason", _LONGEST_REASON)
            if self.question.typed:
                prompt = self.question.typed_prompt or f"type {self.question.typed} to confirm"
                yield from self._ask(prompt, "typed", 2 * len(self.question.typed) + 8)
            yield self._message
            yield self._keys

    def on_mount(self) -> None:
        """Show the facts; the first paint starts the clock of the confirming key."""
        self.set_class(self.question.takes or self.question.loud, "takes")
        self._show()
        (self._state.inputs[0] if self._state.inputs else self._detail).focus()

    def on_resize(self, event: events.Resize) -> None:
        """The facts scroll where there is little room: what must be typed and the keys stay in sight."""
        self._fit(event.size.height)

    def _fit(self, height: int) -> None:
        # In very little room the edge and the blanks go, so that what must be typed and the keys are in sight.
        self.set_class(height < _LITTLE, "little")
        taken = 2 * len(self._state.inputs) + (2 if height < _LITTLE else 5)
        self._detail.styles.max_height = max(1 if height < _LITTLE else 2, height - taken)

    def on_unmount(self) -> None:
        """Closed by somebody else is left."""
        self._answer(Answer(confirmed=False))

    @property
    def armed(self) -> bool:
        """Whether the confirming key is alive."""
        return self._alive_at(self._now())

    def _alive_at(self, pressed: float) -> bool:
        painted = self._state.painted_at
        if self._state.moved or self.question.refusal or painted is None:
            return False
        return pressed - painted >= SETTLE_SECONDS

    @property
    def said(self) -> str:
        """The last thing the sheet told the operator."""
        return "".join(span.text for span in self._state.said)

    def ask(self, question: Question) -> None:
        """Ask a changed question of the same kind, as after a key of `other`; the confirming key dies again for a moment.

        It may ask for a reason where none was asked for before; what was asked for stays asked for.
        """
        box = next(iter(self.query(Vertical)), None)
        if box is None or not box.is_mounted:
            # An answer that comes while the sheet is put together waits until there is something to change.
            self.call_later(self.ask, question)
            return
        self.question = question
        if question.reason and not any(entry.id == "sheet-reason" for entry in self._state.inputs):
            typed = list(self._state.inputs)
            self._state.inputs.clear()
            box.mount(*self._ask(question.reason, "reason", _LONGEST_REASON), before=self._message)
            self._state.inputs.extend(typed)
            self.call_after_refresh(self._fit, self.size.height)
            self.call_after_refresh(self._state.inputs[0].focus)
        box.border_title = content_of(question.title)
        self._say()
        self._show()

    def disarm(self, words: str) -> None:
        """The object changed: say what changed; nothing can be confirmed on this sheet any more."""
        self._state.moved = words
        self._say(Span("▲ changed while you read: ", Tone.WARN, strong=True), Span(words, Tone.WARN))
        self._show_keys()

    def action_leave(self) -> None:
        """Leave without an answer."""
        self._close(Answer(confirmed=False))

    def action_on(self) -> None:
        """Go to the next input at once, so that what is typed behind the key lands there; in the last the input takes it."""
        later = self._state.inputs[self._at() + 1 :] if self._at() >= 0 else []
        if not later:
            raise SkipAction
        self.set_focus(later[0])

    def action_read(self, by: int) -> None:
        """Read on or back in the facts, also while something is typed."""
        self._detail.action_scroll_lines(by * max(1, self._detail.size.height - 2))

    def on_key(self, event: events.Key) -> None:
        """The confirming key, or one of those that the question named."""
        if event.key == "y" and not self._state.inputs:
            event.stop()
            # A key may have waited behind others: what counts is what was on the screen when it was pressed.
            self._confirm(waited=max(0.0, monotonic() - event.time))
        elif self._other is not None and event.key in {key for key, _ in self.question.keys}:
            event.stop()
            self._other(self, event.key)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the last input confirms."""
        event.stop()
        self._confirm()

    def _at(self) -> int:
        return next((at for at, entry in enumerate(self._state.inputs) if entry is self.focused), -1)

    def _ask(self, prompt: str, name: str, longest: int) -> ComposeResult:
        line = _Line()
        line.show([Piece((Span(prompt, Tone.BRASS),))])
        field = Input(id=f"sheet-{name}", max_length=longest, select_on_focus=False)
        self._state.inputs.append(field)
        yield line
        yield field

    def _confirm(self, waited: float = 0.0) -> None:
        why = self._why_not(self._now() - waited)
        if why:
            self._say(Span(f"▲ {why}", Tone.WARN))
            return
        self._close(Answer(confirmed=True, reason=self._value("reason")))

    def _why_not(self, pressed: float) -> str:
        if self.question.refusal:
            return self.question.refusal
        if self._state.moved:
            return f"changed while you read: {self._state.moved}"
        if not self._alive_at(pressed):
            return "too soon: read it first, then press again"
        if self.question.reason and not self._value("reason"):
            return "a reason is needed"
        if self.question.typed and self._value("typed") != self.question.typed:
            return f"what was typed is not {self.question.typed}"
        return ""

    def _value(self, name: str) -> str:
        return next((field.value.strip() for field in self._state.inputs if field.id == f"sheet-{name}"), "")

    def _show(self) -> None:
        self._state.painted_at = None
        self._detail.show(self.question.lines)
        self._show_keys()
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        if self._state.painted_at is None:
            self._state.painted_at = self._now()
            self.set_timer(SETTLE_SECONDS, self._show_keys)

    def _show_keys(self) -> None:
        key = "enter" if self._state.inputs else "y"
        dead = bool(self._state.moved or self.question.refusal)
        tone = Tone.DIM if dead or not self.armed else Tone.DANGER if self.question.takes or self.question.loud else Tone.BRASS
        pieces = [Piece((Span(key, tone, strong=True), Span(f" {self.question.word}", Tone.DIM if dead else Tone.TEXT)))]
        pieces += [
            Piece((Span(key, Tone.BRASS, strong=True), Span(f" {word}", Tone.MUTED)), 1) for key, word in self.question.keys
        ]
        if self._detail.max_scroll_y > 0:
            pieces.append(Piece((Span("PgDn", Tone.BRASS, strong=True), Span(" read on", Tone.MUTED)), 1))
        pieces.append(
            Piece(
                (Span("esc", Tone.BRASS, strong=True), Span(" leave", Tone.MUTED)),
                short=(Span("esc", Tone.BRASS, strong=True),),
            )
        )
        self._keys.show(pieces)
        if self.question.refusal and not self._state.said:
            self._say(Span(f"✗ {self.question.refusal}", Tone.DANGER))

    def _say(self, *spans: Span) -> None:
        self._state.said = spans
        self._message.show([Piece(spans)] if spans else [])

    def _close(self, answer: Answer) -> None:
        if not self._state.answered:
            # First away with the sheet, so that the table below is live again when the answer acts.
            self.dismiss()
            self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        if not self._state.answered:
            self._state.answered = True
            self._done(answer)
