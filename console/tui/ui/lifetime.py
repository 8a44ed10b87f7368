"""How the console ends and rests from outside: a terminal that has gone, signals that end it, job control.

Owns the watch over the terminal. A console whose terminal is gone ends within seconds, whatever it is doing: nobody could see
what it shows, and nobody could arm or disarm it.
"""

import asyncio
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.tui.ui.app import Console

GRACE_SECONDS = 3.0
"""How long a console may take to end by itself once its terminal is gone."""
ENDED_BY = (signal.SIGHUP, signal.SIGTERM)


def watch_hangup(descriptor: int, gone: Callable[[], object], *, end: Callable[[int], object] = os._exit) -> threading.Thread:
    """Call `gone` in a thread of its own once the other side of a terminal is closed; `end` with 129 if that ended nothing.

    Takes no processor while it waits. `end` ends the process without waiting for anything: what writes to a terminal that
    is gone may be stuck for ever.
    """

    def wait() -> None:
        poll = select.poll()
        # Nothing is asked for: a hangup is told whether it is asked for or not, and keys are not ours to read.
        poll.register(descriptor, 0)
        poll.poll()
        gone()
        time.sleep(GRACE_SECONDS)
        end(128 + signal.SIGHUP)

    thread = threading.Thread(target=wait, name="terminal-watch", daemon=True)
    thread.start()
    return thread


def watch_terminal() -> None:
    """Tell this process of a hangup as the kernel does where it owns the terminal: by SIGHUP. Loads no Textual."""
    keys = sys.__stdin__
    if keys is not None and keys.isatty():
        watch_hangup(keys.fileno(), lambda: os.kill(os.getpid(), signal.SIGHUP))


class Lifetime:
    """The part of the application that ends with its terminal, ends in order when it is asked to, and rests in job control."""

    def begin_lifetime(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Take the signals. Does nothing where there is no terminal, as in tests."""
        if self.is_headless:
            return
        loop = asyncio.get_running_loop()
        for one in ENDED_BY:
            loop.add_signal_handler(one, self.end_by, one)
        self.app_suspend_signal.subscribe(self, lambda _: self.rest())

    def end_by(self: "Console", number: int) -> None:  # type: ignore[misc]  # a part of the application
        """End in order because of a signal, with the status that shells know: 128 and its number."""
        self.exit(return_code=128 + number)

    def rest(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """The console goes into the background: whoever brings it back arms it again."""
        self.world.disarm()
