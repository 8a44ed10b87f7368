"""A driver for tmux: a private server, panes of a fixed size, keys in, screens out.

Owns its server and ends that one only: it has a socket and a configuration of its own, so that nobody's tmux is touched.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.terminal.waiting import until

_CONFIG = """\
set -g default-terminal tmux-256color
set -g default-shell /bin/sh
set -g status off
set -g history-limit 5000
set -s escape-time 0
set -s exit-empty off
set -g remain-on-exit on
"""
_NOT_OURS = ("TMUX", "TMUX_PANE", "NO_COLOR", "COLUMNS", "LINES")
"""What would tell the program of another terminal than its own."""
PROMPT = "shell> "


class Tmux:
    """A private tmux server in `folder`, for as long as the block runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._panes = 0
        self._environment = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
        self._environment |= {"TMUX_TMPDIR": str(folder), "LC_ALL": "C.UTF-8", "PS1": PROMPT, "ENV": ""}

    def __enter__(self) -> "Tmux":
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "tmux.conf").write_text(_CONFIG, encoding="ascii")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.run("kill-server", check=False)

    def open(self, columns: int, lines: int) -> "Pane":
        """A shell in a terminal of this size."""
        self._panes += 1
        name = f"pane{self._panes}"
        self.run("new-session", "-d", "-s", name, "-x", str(columns), "-y", str(lines), "exec /bin/sh")
        # Some versions give a session without a client the default size whatever was asked for.
        self.run("resize-window", "-t", name, "-x", str(columns), "-y", str(lines))
        pane = Pane(self, name)
        pane.wait(PROMPT.strip(), 10)
        return pane

    def run(self, *arguments: str, check: bool = True) -> str:
        """One tmux command; returns what it printed."""
        command = ["tmux", "-L", "leasehold-test", "-f", str(self._folder / "tmux.conf"), *arguments]
        done = subprocess.run(command, env=self._environment, check=False, capture_output=True, text=True, timeout=20)
        assert not check or done.returncode == 0, f"tmux {shlex.join(arguments)}: {done.stderr}"
        return done.stdout


class Pane:
    """A terminal in which something runs."""

    def __init__(self, server: Tmux, name: str) -> None:
        self._server, self.name = server, name

    @property
    def screen(self) -> str:
        """What is on the screen now, line by line."""
        return self._server.run("capture-pane", "-p", "-t", self.name)

    @property
    def coloured(self) -> str:
        """What is on the screen now, with its colours as escape sequences."""
        return self._server.run("capture-pane", "-p", "-e", "-t", self.name)

    def fact(self, name: str) -> str:
        """What tmux knows of the terminal: alternate_on, cursor_flag, mouse_any_flag, pane_title."""
        return self._server.run("display-message", "-p", "-t", self.name, f"#{{{name}}}").strip()

    def keys(self, *names: str) -> None:
        """Press keys, by tmux's names: `a`, `Enter`, `C-q`."""
        self._server.run("send-keys", "-t", self.name, *names)

    def type(self, text: str) -> None:
        """Type text as it is."""
        self._server.run("send-keys", "-l", "-t", self.name, text)

    def record(self, path: Path) -> None:
        """Write every byte that comes out of this terminal from now on into a file, as it comes."""
        self._server.run("pipe-pane", "-t", self.name, f"cat > {shlex.quote(str(path))}")

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        self._server.run("resize-window", "-t", self.name, "-x", str(columns), "-y", str(lines))

    def start(self, command: Sequence[str]) -> None:
        """Run a command in the shell of this terminal."""
        self.type(shlex.join(command))
        self.keys("Enter")

    def wait(self, pattern: str, seconds: float = 60.0) -> re.Match[str]:
        """Wait until the screen matches a regular expression. Raises AssertionError with the last screen."""
        wanted = re.compile(pattern, re.MULTILINE)
        return until(lambda: wanted.search(self.screen), f"/{pattern}/ in {self.name}", seconds, seen=lambda: self.screen)

    def wait_gone(self, pattern: str, seconds: float = 60.0) -> None:
        """Wait until the screen matches no more."""
        wanted = re.compile(pattern, re.MULTILINE)
        until(lambda: not wanted.search(self.screen), f"/{pattern}/ to go from {self.name}", seconds, seen=lambda: self.screen)
