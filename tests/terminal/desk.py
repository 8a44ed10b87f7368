"""An operator at the real console in a terminal: opens it, finds a row, presses keys, confirms, and reads what is said."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.terminal.estate import Estate, leasehold
from tests.terminal.tmux import PROMPT, Pane, Tmux
from tests.terminal.waiting import is_met, until

LIVE_SECONDS = 60.0
_PRESSES = 4
_PAGES = 12
_ROWS = 40
_ANSWERED = 4.0
_LABELS = ("kind", "task", "covers", "actions", "resources", "up to class", "from", "for", "uses", "rows", "resource")
"""The inputs of the forms of grant and narrow."""
_LABEL_WIDTH = 14


class Operator:
    """Somebody who has joined the estate from a terminal of this size."""

    def __init__(
        self,
        tmux: Tmux,
        estate: Estate,
        name: str,
        size: tuple[int, int],
        *options: str,
        record: Path | None = None,
        editor: str = "",
    ) -> None:
        """Join. With `record`, every byte that the program sends to the terminal is written to that file."""
        self.pane: Pane = tmux.open(*size)
        if record is not None:
            self.pane.record(record)
        command = leasehold("console", "--data", str(estate.data), "--as", name, *options)
        self.pane.start(["env", f"VISUAL={editor}", *command] if editor else command)
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

    def filter(self, text: str) -> None:
        """Type a filter after `/` in a view that has none yet."""
        assert "esc clears" not in self.screen, self.screen
        self.press("/")
        self.pane.wait(r"^\s*/")
        self.pane.type(text)
        self.pane.wait(rf"^\s*/\s*{_escaped(text)}")
        self.press("Enter")

    def find(self, view: str, filter: str, row: str) -> None:
        """Open a view with a filter and wait until the cursor stands on a row that matches."""
        self.command(f"{view} {filter}")
        self.on_row(row)

    def on_row(self, row: str, seconds: float = 60.0) -> None:
        """Wait until the cursor stands on a row that matches; tables have a frame where there is room."""
        self.pane.wait(rf"^[ │]*> .*{row}", seconds)

    def go_down_to(self, row: str) -> None:
        """Move the cursor down, row by row, until it stands on one that matches."""
        wanted = re.compile(rf"^[ │]*> .*{row}", re.MULTILINE)
        for _ in range(_ROWS):
            if is_met(lambda: wanted.search(self.screen) is not None, 1.0):
                return
            self.press("j")
        raise AssertionError(f"{_ROWS} rows were no /{row}/\n{self.screen}")

    def arm(self) -> None:
        """Arm what gives power."""
        if "ARMED" not in self.screen:
            self.press("!")
        self.see(r"\bARMED\b")

    def confirm(self, title: str) -> None:
        """Press `y` on the open sheet until it is accepted: it is dead for a moment after the sheet was painted."""
        self.pane.wait(title)
        self._accept(title, "y")

    def read_on(self, pattern: str) -> None:
        """Read the open sheet page by page until it shows what matches."""
        wanted = re.compile(pattern)
        for _ in range(_PAGES):
            if is_met(lambda: wanted.search(self.screen) is not None, _ANSWERED / 2):
                return
            self.press("PageDown")
        raise AssertionError(f"{_PAGES} pages showed no /{pattern}/\n{self.screen}")

    def fill(self, title: str, texts: Sequence[str]) -> None:
        """Type into the open sheet, one text for each input, and press enter in the last until it is accepted."""
        self.pane.wait(title)
        for number, text in enumerate(texts):
            self._type(text)
            if number < len(texts) - 1:
                self.press("Enter")
        self._accept(title, "Enter")

    def form(self, title: str, values: Mapping[str, str], *, outcome: Sequence[str] = ()) -> None:
        """Fill the open form: each input that is named by its label anew, the others left; then hand it over.

        It is handed over when what it would come to was told in words that match every one of `outcome`.
        """
        self.pane.wait(title)
        labels = list(self._inputs(title))
        assert set(values) <= set(labels), (values, labels, self.screen)
        for number, label in enumerate(labels):
            if label in values:
                self.press("End", "C-u")
                self.pane.type(values[label])
                self._until_input(title, label, values[label])
            if number < len(labels) - 1:
                self.press("Enter")
        for words in outcome:
            self.see(words)
        self.press("Enter")

    def _until_input(self, title: str, label: str, value: str) -> None:
        until(lambda: self._inputs(title).get(label) == value, f"{value!r} in {label}", 15, seen=lambda: self.screen)

    def _inputs(self, title: str) -> dict[str, str]:
        """What stands in the inputs of the open form, by label."""
        lines = self.screen.splitlines()
        top = next((at for at, line in enumerate(lines) if title in line and "╭" in line), len(lines))
        left = lines[top].index(f"╭─ {title}") if top < len(lines) else 0
        found: dict[str, str] = {}
        for line in (one[left + 1 :] for one in lines[top + 1 :]):
            label = line[: _LABEL_WIDTH + 1].strip()
            if label in _LABELS:
                found[label] = line[_LABEL_WIDTH + 1 :].partition("│")[0].strip()
        return found

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
        self.pane.wait(rf"^{PROMPT.strip()}\s*\Z", 20)


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if not char.isalnum() and char != " " else char for char in text)
