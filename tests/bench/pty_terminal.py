"""The measured program in a pseudo-terminal: keys in, bytes out, each with the time at which it was read.

A thread of its own reads and takes the time, so that nothing else that this process does makes a frame seem late; the loop
keeps the screen (`screen_model`) and looks for what is waited for after each part, with that part's own time. The terminal
answers no question: the program paints as on the plainest terminal with true colour.
"""

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tests.bench.screen_model import ScreenModel

COLUMNS, LINES = 200, 50
WAIT_SECONDS = 30.0
TOOLKIT = b"\x1b[?2026$p"
"""What Textual asks the terminal once it has started to read keys; no frame of its own comes before."""
_CURSOR = re.compile(r"^[ │]{0,3}> ")
_BACKGROUND = re.compile(r"(?:^|;)(48;(?:2;\d+;\d+;\d+|5;\d+))(?:;|$)")
_GUTTER = 2

sys.setswitchinterval(0.0005)

Met = Callable[["Terminal"], bool]


class Terminal:
    """A program in a terminal of 200x50. Keeps its screen, and what was painted since it was last asked to forget it."""

    def __init__(self, command: Sequence[str], home: Path) -> None:
        self.screen = ScreenModel(COLUMNS, LINES)
        self.painted = bytearray()
        self.read_at = 0.0
        """When the last part was read (seconds of the performance counter)."""
        self.toolkit = False
        """Whether the toolkit has started: what is painted from then on answers keys."""
        self.after_toolkit = bytearray()
        self._ended = False
        self._changed = asyncio.Event()
        self._parts: deque[tuple[float, bytes]] = deque()
        self._loop = asyncio.get_running_loop()
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        # Compiled modules are kept, as they are wherever the program is installed.
        unset = ("NO_COLOR", "COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE")
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """Read every part as it comes, until the other end is closed."""
        with suppress(OSError):
            while part := os.read(self._master, 65_536):
                self._parts.append((time.perf_counter(), part))
                self._loop.call_soon_threadsafe(self._changed.set)
        self._ended = True
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._changed.set)

    def press(self, keys: bytes) -> float:
        """Write keys; returns when."""
        at = time.perf_counter()
        os.write(self._master, keys)
        return at

    async def until(self, met: Met, what: str, seconds: float = WAIT_SECONDS) -> float:
        """When the part was read with which a condition was first met. Raises TimeoutError with what was waited for.

        Raises RuntimeError where the program has ended.
        """
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if self._take(met):
                        return self.read_at
                    self._changed.clear()
                    if self._ended and not self._parts:
                        raise RuntimeError(f"the program ended while {what} was waited for; the screen:\n{self.screen.words}")
                    if not self._parts:
                        await self._changed.wait()
        except TimeoutError:
            message = f"waited {seconds:g} s for {what}; the screen:\n{self.screen.words}"
            raise TimeoutError(message) from None

    def _take(self, met: Met | None) -> bool:
        """Take in what was read, part by part, until a condition is met."""
        while self._parts:
            self.read_at, part = self._parts.popleft()
            self.painted += part
            self.screen.feed(part)
            if self.toolkit:
                self.after_toolkit += part
            elif TOOLKIT in self.painted:
                self.toolkit = True
                self.after_toolkit += self.painted[self.painted.find(TOOLKIT) :]
            if met is not None and met(self):
                return True
        return False

    async def quiet(self, seconds: float) -> None:
        """Wait until nothing was painted for so long, or two seconds."""
        end = time.perf_counter() + 2
        while time.perf_counter() < end and time.perf_counter() - self.read_at < seconds:
            await asyncio.sleep(seconds / 4)
            self._take(None)

    def forget(self) -> None:
        """Take in what has come, and begin anew with what is kept of the bytes."""
        self._take(None)
        self.painted.clear()
        self.after_toolkit.clear()

    def close(self) -> None:
        """Leave the program, and end it where it does not leave."""
        with suppress(OSError):
            os.write(self._master, b"\x11")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self._reader.join(10)
        os.close(self._master)


def cursor_line(screen: ScreenModel, first: int) -> int:
    """The line of a table on which its cursor stands: by its sign, or by the background that only one line has; -1 for none.

    `first` is the table's line of titles.
    """
    for line in range(first + 1, screen.lines):
        if _CURSOR.match(screen.text(line)):
            return line
    grounds = {
        line: found[1]
        for line in range(first + 1, screen.lines)
        if (found := _BACKGROUND.search(screen.style(line, _GUTTER))) is not None and screen.text(line).strip()
    }
    counted: dict[str, list[int]] = {}
    for line, ground in grounds.items():
        counted.setdefault(ground, []).append(line)
    alone = [lines[0] for lines in counted.values() if len(lines) == 1]
    return alone[0] if len(alone) == 1 and len(counted) > 1 else -1
