"""The operator's own editor: the terminal is handed to it, and the console goes on when it ends.

Owns what the editor is told of the environment: only what an editor needs, so no token or secret of the console reaches it.
"""

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

from textual.app import App, SuspendNotSupported

_PASSED: Final = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TERM_PROGRAM", "COLORTERM", "TERMINFO", "TERMINFO_DIRS", "LANG"}
    | {"LANGUAGE", "TZ", "TMPDIR", "TMUX", "STY", "DISPLAY", "WAYLAND_DISPLAY", "VISUAL", "EDITOR", "VIMINIT", "NO_COLOR"}
)
_PASSED_BEGIN: Final = ("LC_", "XDG_")
_AT_LINE: Final = frozenset({"vi", "vim", "nvim", "nano", "emacs", "emacsclient", "kak", "micro", "joe", "mg"})
"""Editors that take the line as `+12` before the file."""


def editor_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What an editor is told of the environment."""
    return {name: value for name, value in environment.items() if name in _PASSED or name.startswith(_PASSED_BEGIN)}


def editor_command(editor: str, file: Path, line: int) -> list[str]:
    """The command that opens a file, at a line where the editor is known to take one. Empty where `editor` names none."""
    try:
        words = shlex.split(editor)
    except ValueError:
        return []
    if not words:
        return []
    at = [f"+{line}"] if line > 1 and Path(words[0]).name in _AT_LINE else []
    return [*words, *at, str(file)]


def hand_over(app: App[Any], command: Sequence[str]) -> str:
    """Hand the terminal to a command until it ends. Returns what went wrong, or nothing.

    The console stands still meanwhile, as in the background: painting would write over the editor.
    """
    asked = signal.signal(signal.SIGINT, _heed_nothing)
    try:
        with nullcontext() if app.is_headless else app.suspend():
            # The operator's own command, as they set it.
            ended = subprocess.run(list(command), env=editor_environment(os.environ), check=False)  # noqa: S603
    except SuspendNotSupported:
        return "this terminal cannot be handed to an editor"
    except OSError as error:
        return f"{command[0]} could not be started: {error.strerror or 'no reason given'}"
    finally:
        signal.signal(signal.SIGINT, asked)
    if ended.returncode < 0:
        return f"the editor was ended by signal {-ended.returncode}"
    return f"the editor ended with status {ended.returncode}" if ended.returncode else ""


def _heed_nothing(number: int, frame: object) -> None:
    """A ctrl+c in the editor is the editor's; it does not end the console."""
