"""From the start of the console to Textual: the terminal is taken over, the first frame painted, and given back whole.

Owns the terminal's attributes and its alternate screen until Textual has them, and the attributes again after it. Keys that
are typed meanwhile wait, unseen, in the terminal's own queue; Textual reads them. Loads no Textual.
"""

import os
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from console.tui.palettes import DEFAULT_THEME, Palettes, themes_folder
from console.tui.ui.firstframe import colours_of, first_frame, painted
from console.tui.ui.options import ConsoleOptions

ENTER = "\x1b[?1049h"
"""To the alternate screen (xterm); some terminals clear it once more when they are sent this in it."""
_HIDE = "\x1b[?25l"
_LEAVE = "\x1b[0m\x1b[?1049l\x1b[?25h"
_INPUT, _LOCAL, _CHARACTERS = 0, 3, 6
"""Where `termios.tcgetattr` keeps the modes of input and of the line, and the special characters."""


class Launch:
    """The first frame in a terminal. `stands` while it does; who takes the screen over says so.

    `found` are the terminal's attributes as they were before (termios), for whoever gives it back.
    """

    def __init__(self) -> None:
        self.stands = False
        self.found: list[Any] | None = None

    def hand_over(self) -> None:
        """Another has the screen from now on, and leaves it."""
        self.stands = False


@contextmanager
def launched(options: ConsoleOptions) -> Iterator[Launch]:
    """Paint the first frame, and leave the terminal as it was found whatever happens. Without a terminal nothing is done."""
    launch = Launch()
    screen, keys = sys.__stderr__, sys.__stdin__
    if screen is None or keys is None or not (screen.isatty() and keys.isatty()) or os.environ.get("TERM") == "dumb":
        yield launch
        return
    before = launch.found = termios.tcgetattr(keys.fileno())
    try:
        with suppress(termios.error):
            termios.tcsetattr(keys.fileno(), termios.TCSANOW, _unseen(before))
        launch.stands = True
        _write(screen, f"{ENTER}{_HIDE}{_frame(options, screen)}")
        yield launch
    finally:
        if launch.stands:
            _write(screen, _LEAVE)
        with suppress(termios.error):
            termios.tcsetattr(keys.fileno(), termios.TCSADRAIN, before)


def _unseen(before: list[Any]) -> list[Any]:
    """Keys are neither echoed nor held back for a line, and `enter` comes as it is; ctrl+c still interrupts."""
    modes = [*before[:_CHARACTERS], list(before[_CHARACTERS])]
    modes[_LOCAL] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    modes[_INPUT] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    modes[_CHARACTERS][termios.VMIN] = 1
    return modes


def _frame(options: ConsoleOptions, screen: TextIO) -> str:
    width, height = os.get_terminal_size(screen.fileno())
    palettes = Palettes(themes_folder(), options.theme_folders)
    palette = palettes.get(options.theme) or palettes[DEFAULT_THEME]
    frame = first_frame(options, width, height, time.time())
    return painted(frame, width, height, palette, colours_of(os.environ), ascii_only=options.glyphs == "ascii")


def _write(screen: TextIO, text: str) -> None:
    with suppress(OSError):
        screen.write(text)
        screen.flush()
