"""An operator at the real console in a terminal: opens it, finds a row, presses keys, confirms, and reads what is said."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.terminal.estate import Estate, leasehold
from tests.terminal.tmux import PROMPT, Pane, Tmux
from tests.terminal.waiting import is_met, until

LIVE_SECONDS = 60.0
_PRESSES = 4
_ANSWERED = 4.0
_STANDING = ("up to class", "for", "uses")
"""The inputs of the grant's form in which something stands at first."""
_LABEL = re.compile(r"│ (task|covers|actions|resources|up to class|for|uses|seconds|rows|resource)\s")


class Operator:
    """Somebody who has joined the estate from a terminal of this size."""

    def __init__(
        self, tmux: Tmux, estate: Estate, name: str, size: tuple[int, int], *options: str, record: Path | None = None
    ) -> None:
        """Join. With `record`, every byte that the program sends to the terminal is written to that file."""
        self.pane: Pane = tmux.open(*size)
        if record is not None:
            self.pane.record(record)
        self.pane.start(leasehold("console", "--data", str(estate.data), "--as", name, *options))
        self.pane.wait(r"\bLIVE\b", LIVE_SECONDS)
        self.pane.wait(rf"\b{name}\b")

    @property
    def screen(self) -> str:
        """What is on the screen now."""
        return self.pane.screen

    def see(self, pattern: str, seconds: float = 60.0) -> None:
        """Wait until the screen matches."""
        self.pane.wait(pattern, seconds)

    def press(self, *keys: str) -> None:
        """Press keys."""
        self.pane.keys(*keys)

    def command(self, text: str) -> None:
        """Type a command after `:`. Enter is pressed when it stands there."""
        self.press(":")
        self.pane.wait(r"^\s*:")
        self.pane.type(text)
        self.pane.wait(rf"^\s*:\s*{_escaped(text)}")
        self.press("Enter")
        self.pane.wait_gone(r"^\s*:\s*\S")

    def find(self, view: str, filter: str, row: str) -> None:
        """Open a view with a filter and wait until the cursor stands on a row that matches."""
        self.command(f"{view} {filter}")
        self.on_row(row)

    def on_row(self, row: str, seconds: float = 60.0) -> None:
        """Wait until the cursor stands on a row that matches; tables have a frame where there is room."""
        self.pane.wait(rf"^[ │]*> .*{row}", seconds)

    def arm(self) -> None:
        """Arm what gives power."""
        if "ARMED" not in self.screen:
            self.press("!")
        self.see(r"\bARMED\b")

    def confirm(self, title: str) -> None:
        """Press `y` on the open sheet until it is accepted: it is dead for a moment after the sheet was painted."""
        self.pane.wait(title)
        self._accept(title, "y")

    def fill(self, title: str, texts: Sequence[str]) -> None:
        """Type into the open sheet, one text for each input, and press enter in the last until it is accepted."""
        self.pane.wait(title)
        for number, text in enumerate(texts):
            self._type(text)
            if number < len(texts) - 1:
                self.press("Enter")
        self._accept(title, "Enter")

    def form(self, title: str, values: Mapping[str, str]) -> None:
        """Fill the open form: each input that is named by its label anew, the others left; then hand it over."""
        self.pane.wait(title)
        for label in _LABEL.findall(self.screen):
            if label in values:
                self._clear(label)
                self._write(label, values[label])
            self.press("Enter")

    def _clear(self, label: str) -> None:
        """Empty the input of a label, when something stands in it; then its hint is there in place of a value."""

        if label not in _STANDING:
            return

        def value() -> str:
            found = re.search(rf"│ {label}\s+(\S+)", self.screen)
            return found[1] if found is not None else ""

        before = value()
        self.press("End", *["BSpace"] * len(before))
        until(lambda: not value().startswith(before[0]), f"{label} to be empty", 15, seen=lambda: self.screen)

    def _write(self, label: str, text: str) -> None:
        self.pane.type(text)
        until(lambda: text in self._line(label), f"{text!r} in {label}", 15, seen=lambda: self.screen)

    def _line(self, label: str) -> str:
        """The line of an input in the open form."""
        return next((one for one in self.screen.splitlines() if f"│ {label} " in one), "")

    def _type(self, text: str) -> None:
        before = self.screen.count(text)
        self.pane.type(text)
        until(lambda: self.screen.count(text) > before, f"{text!r} to stand there", 15, seen=lambda: self.screen)

    def _accept(self, title: str, key: str) -> None:
        """Press until the sheet is gone; again only when it has surely answered to the last press that it was too soon."""
        for _ in range(_PRESSES):
            self.press(key)
            if is_met(lambda: title not in self.screen, _ANSWERED):
                return
        raise AssertionError(f"{_PRESSES} presses of {key} did not confirm {title}\n{self.screen}")

    def go_up(self, from_what: str) -> None:
        """Press escape and wait until what was open is gone; a key right behind it would be read as alt and that key."""
        self.press("Escape")
        self.pane.wait_gone(from_what)

    def leave(self) -> None:
        """Leave the console; the shell is back."""
        self.press("C-q")
        self.pane.wait(rf"^{PROMPT.strip()}", 20)


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if not char.isalnum() and char != " " else char for char in text)
