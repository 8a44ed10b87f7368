"""The first frame in a real pseudo-terminal: there before Textual, keys neither echoed nor lost, the way back whole."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ENTER, LEAVE, SHOW = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"
TEXTUAL = b"\x1b[?1004h"
"""What Textual sends as soon as it has the terminal."""
SECONDS = 30.0


class Console:
    """`leasehold console` in a pseudo-terminal, on a plane that is not there."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        token = folder / "token"
        token.touch(mode=0o600)
        token.write_text("lho_nobody")
        self.painted = b""
        self._master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        own |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        url = "http://127.0.0.1:9"
        command = [sys.executable, "-m", "console", "console", "--authorization-url", url, "--broker-url", url]
        self.process = subprocess.Popen(
            [*command, "--token-file", str(token), *options],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=own | environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - so that ctrl+c reaches it
        )

    def see(self, wanted: bytes) -> bytes:
        """Read until something was painted. Returns all that was painted until now."""
        end = time.monotonic() + SECONDS
        while wanted not in self.painted:
            assert time.monotonic() < end, (wanted, self.painted[-2000:])
            assert self._read(), (wanted, self.painted[-2000:])
        return self.painted

    def end(self) -> bytes:
        """Read until the program has left. Returns all that it painted."""
        end = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < end, self.painted[-2000:]
            self._read()
        while self._read(0.0):
            pass
        return self.painted

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def close(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        os.close(self._master)
        os.close(self.slave)

    def _read(self, seconds: float = 0.2) -> bool:
        """Take in what has come; False where nothing did and the program has left."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if ready:
            self.painted += os.read(self._master, 65_536)
        return bool(ready) or self.process.poll() is None


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    made = Console(tmp_path)
    try:
        yield made
    finally:
        made.close()


def test_the_first_frame_stands_before_textual_and_the_screen_is_entered_once(console: Console) -> None:
    painted = console.see(TEXTUAL)
    first, _, _ = painted.partition(TEXTUAL)
    for words in (b"Approvals", b"CONNECTING", b"No data yet: connecting to the plane.", b"contain", b"help"):
        assert words in first
    console.see(b"OFFLINE")
    console.press(b"q")
    painted = console.end()
    assert console.process.returncode == 0
    assert painted.count(ENTER) == 1
    assert painted.rindex(LEAVE) > painted.rindex(b"Approvals")
    assert painted.rindex(SHOW) > painted.rindex(b"Approvals")
    assert termios.tcgetattr(console.slave) == console.before


def test_keys_that_are_typed_before_textual_are_neither_echoed_nor_lost(console: Console) -> None:
    console.see(b"help")
    console.press(b"4/zebra-quagga\r")
    before, _, _ = console.see(TEXTUAL).partition(TEXTUAL)
    assert b"zebra" not in before
    console.see(b"OWNER")
    console.see(b"zebra-quagga")
    console.press(b"q")
    console.end()
    assert termios.tcgetattr(console.slave) == console.before


def test_ctrl_c_before_textual_gives_the_terminal_back(console: Console) -> None:
    console.see(b"help")
    os.killpg(console.process.pid, signal.SIGSTOP)
    assert TEXTUAL not in console.painted
    console.press(b"\x03")
    os.killpg(console.process.pid, signal.SIGCONT)
    painted = console.end()
    assert console.process.returncode == 1
    assert TEXTUAL not in painted
    assert painted.count(ENTER) == painted.count(LEAVE) == 1
    assert painted.rindex(b"Stopped.") > painted.rindex(LEAVE)
    assert b"Traceback" not in painted
    assert painted.rindex(SHOW) > painted.rindex(ENTER)
    assert termios.tcgetattr(console.slave) == console.before


def test_a_signal_that_ends_it_before_textual_gives_the_terminal_back(console: Console) -> None:
    console.see(b"help")
    os.killpg(console.process.pid, signal.SIGSTOP)
    assert TEXTUAL not in console.painted
    os.kill(console.process.pid, signal.SIGTERM)
    os.killpg(console.process.pid, signal.SIGCONT)
    painted = console.end()
    assert console.process.returncode == 128 + signal.SIGTERM
    assert painted.count(ENTER) == painted.count(LEAVE) == 1
    assert b"Traceback" not in painted
    assert painted.rindex(SHOW) > painted.rindex(ENTER)
    assert termios.tcgetattr(console.slave) == console.before


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"COLORTERM": ""}], ids=["no-colour", "256"])
def test_the_first_frame_has_the_colours_of_the_terminal(tmp_path: Path, environment: dict[str, str]) -> None:
    console = Console(tmp_path, **environment)
    try:
        first, _, _ = console.see(TEXTUAL).partition(TEXTUAL)
        assert b"Approvals" in first
        assert b"38;2;" not in first
        assert (b"38;5;" in first) is ("NO_COLOR" not in environment)
    finally:
        console.close()


def test_what_is_wrong_before_there_is_a_screen_is_told_without_one(tmp_path: Path) -> None:
    console = Console(tmp_path, "--profile", "nowhere")
    try:
        painted = console.end()
        assert ENTER not in painted
        assert console.process.returncode == 2
        assert termios.tcgetattr(console.slave) == console.before
    finally:
        console.close()


def test_a_dumb_terminal_is_told_about_the_commands(tmp_path: Path) -> None:
    console = Console(tmp_path, TERM="dumb")
    try:
        painted = console.end()
        assert b"\x1b" not in painted
        assert b"leasehold --help" in painted
    finally:
        console.close()
