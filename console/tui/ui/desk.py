"""The desk: what a flow may ask of the application. Flows see this and nothing else of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from console.tui.present.spans import Line, Span, Tone
from console.tui.state.intents import Intent, Result
from console.tui.ui.panes import Pane, Subject
from console.tui.ui.widgets.sheet import Answer, Question, Sheet
from console.tui.ui.world import World


@dataclass(frozen=True, slots=True)
class Pin:
    """What a sheet is bound to: `moved` says what changed since the key press, or nothing."""

    moved: Callable[[], str]


class Desk(Protocol):
    """The application, as flows see it."""

    world: World
    pane: Pane

    @property
    def size(self) -> Any:
        """Of the terminal, `width` and `height` in cells."""
        ...

    def say(self, *spans: Span, stay: bool = False) -> None:
        """Say something in the message line."""
        ...

    def refuse(self, why: str) -> None:
        """Say why a key did nothing."""
        ...

    def subjects(self) -> list[Subject]:
        """What is marked, or what is under the cursor."""
        ...

    def ask(self, question: Question, pin: Pin | None, done: Callable[[Answer], None]) -> Sheet:
        """Open a sheet over the frozen table; `done` is called once."""
        ...

    def fill_in(
        self,
        title: str,
        fields: Sequence[Any],
        check: Callable[[dict[str, str]], str],
        done: Callable[[dict[str, str]], None],
        lines: Sequence[Line] = (),
        live: Any = None,
    ) -> None:
        """Open a form; `done` is called with values that `check` has no fault with. `live` is a `form.Live`."""
        ...

    def work(self, job: Awaitable[None]) -> None:
        """Do something that waits for the plane, beside the screen."""
        ...

    def send(self, intents: Sequence[Intent], then: Callable[[Result], None] | None = None) -> None:
        """Send acts one after the other and say what came of them."""
        ...

    def reading(self, title: str, lines: Sequence[Line], tick: Callable[[], Sequence[Line]] | None = None) -> None:
        """Open something to read, written anew every second by `tick`."""
        ...


def allowed(desk: Desk, act: str) -> bool:
    """Whether an act may be sent now; says why where it may not."""
    refusal = desk.world.check(act)
    if refusal is not None:
        desk.refuse(refusal.text)
    return refusal is None


def first(desk: Desk, *collections: str) -> Subject | None:
    """The first subject of one of these collections; says why there is none."""
    found = desk.subjects()
    if found and (not collections or found[0].collection in collections):
        return found[0]
    what = " or ".join(collections) or "row"
    desk.refuse("No row is under the cursor." if not found else f"This works on a row of {what}.")
    return None


def plain(words: str, tone: Tone = Tone.TEXT) -> Span:
    """A span of one tone."""
    return Span(words, tone)
