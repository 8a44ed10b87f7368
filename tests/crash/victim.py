"""A real plane that kills itself with SIGKILL at the n-th time its writer comes to a step. Run as a process of its own.

    python -m tests.crash.victim DATA STEP COUNT

Prints its address once it serves. COUNT 0 never kills. Counting begins when it serves, so that a restart is undisturbed.
"""

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path

from console.bootstrap import build_plane
from console.server.api.serve import bind, build
from console.server.store.sqlite import SqliteStore
from tests.plane_settings import BESIDE, plane_settings


class Executioner:
    """Counts how often the writer comes to a step, and kills at the chosen time."""

    def __init__(self, step: str, count: int) -> None:
        self._step = step
        self._left = count
        self.armed = False

    def __call__(self, step: str) -> None:
        if not self.armed or step != self._step or not self._left:
            return
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(data: Path, step: str, count: int) -> None:
    """Serve until killed."""
    listening = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    executioner = Executioner(step, count)
    open_store = partial(SqliteStore.open, tracer=executioner)
    plane = await build_plane(plane_settings(), data=data, beside=BESIDE, url=url, open_store=open_store)

    def ready(_host: str, _port: int) -> None:
        print(url, flush=True)
        executioner.armed = True

    async with plane.working():
        await build(plane.api, listening, ready).serve(sockets=[listening])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
