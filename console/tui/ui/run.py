"""The entrance to the console: what the roof calls. The first frame is painted, then everything else begins at once.

The plane is followed while Textual loads, so that what Textual paints first is as true as it can be by then.
"""

import asyncio
import errno
import gc
import signal
from contextlib import suppress
from importlib import import_module

from console.tui.ui.launch import launched
from console.tui.ui.lifetime import ENDED_BY, watch_terminal
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
        chosen, status = asyncio.run(_console(chosen))
        if status:
            raise SystemExit(status)


async def _console(options: ConsoleOptions) -> tuple[ConsoleOptions | None, int]:
    loop, own, ended = asyncio.get_running_loop(), asyncio.current_task(), list[int]()

    def end(number: int) -> None:
        ended.append(number)
        if own is not None:
            own.cancel()

    # Until the application takes them, which then ends in its own order.
    for one in ENDED_BY:
        loop.add_signal_handler(one, end, one)
    try:
        return await _launched(options)
    except asyncio.CancelledError:
        if not ended:
            raise
        return None, 128 + ended[0]
    except OSError as error:
        # What paints may find that the terminal is gone before the watch over it does.
        if error.errno != errno.EIO:
            raise
        return None, 128 + signal.SIGHUP


async def _launched(options: ConsoleOptions) -> tuple[ConsoleOptions | None, int]:
    # The loop runs already, so that ctrl+c is a cancellation like any other and gives the terminal back.
    with launched(options) as launch:
        from console.tui.ui.world import World  # noqa: PLC0415 - the first frame needs nothing of it

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
