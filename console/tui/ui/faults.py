"""What the console does with an error that nobody expected: one sentence on the screen, the whole of it in a file.

Owns the file `console.log` in the state folder. The screen stays, and never shows a traceback.
"""

import os
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from console.tui.present.spans import Span, Tone
from console.tui.ui.widgets.paint import PaintFaulted

if TYPE_CHECKING:
    from console.tui.ui.app import Console

LOG_NAME = "console.log"
MOST_BYTES = 1_048_576
"""How long the file may grow before it is begun anew."""
AGAIN_AFTER = 60.0
"""For how many seconds the same error at the same place is not written down again."""
_MOST_ENTRY = 65_536


def kind_of(error: BaseException) -> str:
    """The kind of an error; of a group, the kinds of what it holds."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(sorted({kind_of(one) for one in error.exceptions}))
    return type(error).__name__


def sentence(error: BaseException) -> str:
    """What the operator is told. Only the kind: an error's own words may quote anything."""
    return (
        f"Something went wrong in the console: {kind_of(error)}; what was shown may be stale; press u to read again. "
        "Look before you do again what you had just sent."
    )


class FaultLog:
    """The file of unexpected errors, of mode 0600. Without a folder nothing is written."""

    def __init__(self, folder: Path | None, monotonic: Callable[[], float]) -> None:
        self._folder = folder
        self._monotonic = monotonic
        self._written: dict[tuple[str, str], float] = {}

    def note(self, error: BaseException) -> None:
        """Write an error down with its traceback, made inert. A file that cannot be written is no second error."""
        where = "".join(traceback.format_tb(error.__traceback__)[-1:])
        now = self._monotonic()
        if self._folder is None or now - self._written.get((kind_of(error), where), -AGAIN_AFTER) < AGAIN_AFTER:
            return
        self._written[kind_of(error), where] = now
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        lines = "".join(traceback.format_exception(error))[-_MOST_ENTRY:].splitlines()
        text = "\n".join([at, *(line.encode("unicode_escape").decode("ascii") for line in lines)]) + "\n\n"
        with suppress(OSError):
            self._append(self._folder, text)

    def _append(self, folder: Path, text: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        descriptor = os.open(folder / LOG_NAME, flags, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as file:
            if os.fstat(file.fileno()).st_size > MOST_BYTES:
                os.ftruncate(file.fileno(), 0)
            file.write(text)


class Careful:
    """The part of the application that survives what nobody expected."""

    fault_log: FaultLog

    def went_wrong(self: "Console", error: BaseException) -> None:  # type: ignore[misc]  # a part of the application
        """Write an unexpected error down, and say that it happened."""
        self.fault_log.note(error)
        self.say(Span("▲ ", Tone.WARN, strong=True), Span(sentence(error), Tone.WARN), stay=True)

    def on_paint_faulted(self: "Console", message: PaintFaulted) -> None:  # type: ignore[misc]  # a part of the application
        """Something could not be painted."""
        self.went_wrong(message.error)

    def carefully(self: "Console", do: Callable[[], None]) -> Callable[[], None]:  # type: ignore[misc]  # a part of the application
        """The same thing to do, whose unexpected errors are told instead of ending the console."""

        def done() -> None:
            try:
                do()
            except Exception as error:
                self.went_wrong(error)

        return done
