"""The plane that is measured, in a process of its own: python -m tests.bench.plane_process DATA CACHED

The whole plane as `leasehold serve` wires it, with the sample bundle, on a free port of loopback, in a uvloop loop; SQLite
with `synchronous=FULL`. CACHED is how many answers of policy it keeps, 0 for none. Prints its address once it serves; ends
with its standard input. Lines on its standard input ask for what callers over HTTP could not bring about fast enough, and
each is answered with one line:

    fill N     N more active leases, like those that it holds
    near N     N more, which end before all others; their resources are called mark-<number>; their ids are answered
    rate N     from now on N events a second: uses of its leases, committed like everything else
"""

import asyncio
import itertools
import sys
import time
from datetime import timedelta
from pathlib import Path

import uvloop

from console.bootstrap import Plane, build_plane
from console.model.actors import PLANE
from console.model.leases import Lease, LeaseState
from console.server.api.serve import Server, bind, build
from console.server.broker.lifecycle import used
from console.server.ports import Transaction
from tests.plane_settings import BESIDE, plane_settings

CHUNK = 500
TICK_SECONDS = 0.02


class Making:
    """Makes leases and events in a plane."""

    def __init__(self, plane: Plane) -> None:
        self._store = plane.store
        self._clock = plane.services.clock
        self._made = 0
        self.rate = 0.0

    async def fill(self, count: int) -> None:
        """So many more active leases, which live for hours."""
        models = self._store.find(Lease, state=LeaseState.ACTIVE, limit=100)
        first, self._made = self._made, self._made + count
        for start in range(first, first + count, CHUNK):
            await self._store.write(lambda tx, start=start: self._fill(tx, models, start, min(CHUNK, first + count - start)))  # type: ignore[misc]

    def _fill(self, tx: Transaction, models: list[Lease], start: int, count: int) -> None:
        for number in range(start, start + count):
            model = models[number % len(models)]
            ends = tx.now + timedelta(seconds=3600 + number % 7200)
            changes = {"id": self._clock.new_id("ls"), "version": 0, "resource": f"copy-{number}"}
            changes |= {"expires_at": ends, "max_expires_at": ends}
            tx.put(model.model_copy(update=changes), "lease.active", PLANE)

    async def near(self, count: int) -> list[str]:
        """So many more active leases, which end within ten minutes; returns their ids."""
        model = self._store.find(Lease, state=LeaseState.ACTIVE, limit=1)[0]

        ids = [self._clock.new_id("ls") for _ in range(count)]

        def make(tx: Transaction) -> None:
            for number, lease_id in enumerate(ids, self._made):
                ends = tx.now + timedelta(seconds=600)
                changes = {"id": lease_id, "version": 0, "resource": f"mark-{number}"}
                tx.put(model.model_copy(update=changes | {"expires_at": ends, "max_expires_at": ends}), "lease.active", PLANE)

        await self._store.write(make)
        self._made += count
        return ids

    async def use(self) -> None:
        """Events at the rate that was asked for, a few in each commit, until it is cancelled."""
        owed, before = 0.0, time.monotonic()
        ids = itertools.cycle([lease.id for lease in self._store.find(Lease, state=LeaseState.ACTIVE, limit=50_000)])
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.monotonic()
            owed, before = owed + self.rate * (now - before), now
            taken = [next(ids) for _ in range(int(owed))]
            owed -= len(taken)
            await self._store.write(lambda tx, taken=taken: _use(tx, taken))  # type: ignore[misc]


def _use(tx: Transaction, ids: list[str]) -> None:
    for lease_id in ids:
        lease = tx.get(Lease, lease_id)
        if lease is not None and lease.state is LeaseState.ACTIVE:
            tx.put(used(lease, tx.now), "lease.used", PLANE, audit=False)


async def main(data: Path, cached: int) -> None:
    """Serve until standard input ends."""
    listening = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    plane = await build_plane(plane_settings(), data=data, beside=BESIDE, url=url, cached_answers=cached)
    try:
        async with plane.working():
            server = build(plane.api, listening, lambda _host, _port: print(url, flush=True))
            obeying = asyncio.create_task(_obey(server, Making(plane)))
            await server.serve(sockets=[listening])
            obeying.cancel()
    finally:
        await plane.store.close()


async def _obey(server: Server, making: Making) -> None:
    using: asyncio.Task[None] | None = None
    while line := await asyncio.to_thread(sys.stdin.readline):
        word, _, number = line.strip().partition(" ")
        said: list[str] = []
        if word == "fill":
            await making.fill(int(number))
        elif word == "near":
            said = await making.near(int(number))
        elif word == "rate":
            making.rate = float(number)
            if using is not None:
                using.cancel()
            using = asyncio.create_task(making.use()) if making.rate else None
        print("done", *said, flush=True)
    if using is not None:
        using.cancel()
    server.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(Path(sys.argv[1]), int(sys.argv[2])))
