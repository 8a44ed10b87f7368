"""The entrance to the console: what the roof calls. The first frame is painted, then everything else begins at once.

The plane is followed while Textual loads, so that what Textual paints first is as true as it can be by then.
"""

import asyncio
import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

from console.tui.ui.launch import Launch, launched
from console.tui.ui.lifetime import watch_terminal
from console.tui.ui.options import ConsoleOptions


def run(options: ConsoleOptions) -> None:
    """Run the console in this terminal until the operator leaves it.

    Raises SystemExit with 128 and the signal's number where a signal ended it.
    """
    watch_terminal()
    # Another profile is another console: nothing of one plane is carried over to the next.
    chosen: ConsoleOptions | None = options
    while chosen is not None:
        # What is loaded until the console is live stays; looking through it for garbage meanwhile is time lost.
        gc.disable()
        with launched(chosen) as launch, _interrupted_later():
            chosen, status = asyncio.run(_console(chosen, launch))
        if status:
            raise SystemExit(status)


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Hold ctrl+c back until the loop can deal with it; `_console` lets it through."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))


async def _console(options: ConsoleOptions, launch: Launch) -> tuple[ConsoleOptions | None, int]:
    from console.tui.ui.world import World  # noqa: PLC0415 - the first frame needs nothing of it

    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
    world = World(options)
    following = asyncio.create_task(world.run())
    try:
        loaded = await asyncio.to_thread(import_module, "console.tui.ui.app")
        app = loaded.Console(options, world=world, launch=launch)
        chosen: ConsoleOptions | None = await app.run_async()
        return chosen, app.return_code or 0
    finally:
        gc.enable()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


__all__ = ["ConsoleOptions", "run"]
