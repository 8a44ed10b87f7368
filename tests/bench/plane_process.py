"""The plane that is measured, in a process of its own: python -m tests.bench.plane_process DATA CACHED

The whole plane as `leasehold serve` wires it, with the sample bundle, on a free port of loopback, in a uvloop loop; SQLite
with `synchronous=FULL`. CACHED is how many answers of policy it keeps, 0 for none. Prints its address once it serves;
ends with its standard input.
"""

import asyncio
import sys
from pathlib import Path

import uvloop

from console.bootstrap import build_plane
from console.server.api.serve import Server, bind, build
from tests.bench.bench_settings import BESIDE, bench_settings


async def main(data: Path, cached: int) -> None:
    """Serve until standard input ends."""
    listening = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    plane = await build_plane(bench_settings(), data=data, beside=BESIDE, url=url, cached_answers=cached)
    try:
        async with plane.working():
            server = build(plane.api, listening, lambda _host, _port: print(url, flush=True))
            leaving = asyncio.create_task(_stop_with_input(server))
            await server.serve(sockets=[listening])
            leaving.cancel()
    finally:
        await plane.store.close()


async def _stop_with_input(server: Server) -> None:
    await asyncio.to_thread(sys.stdin.read)
    server.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(Path(sys.argv[1]), int(sys.argv[2])))
