"""How many single-put verbs a second the embedded store commits durably: `python tests/bench/bench_store.py`."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from console.model.actors import PLANE
from console.model.base import Entity
from console.server.clock import SystemClock
from console.server.ports import Transaction
from console.server.store.sqlite import SqliteStore
from tests.server.store import sample


def put(entity: Entity, kind: str, transaction: Transaction) -> None:
    transaction.put(entity, kind, PLANE)


async def measure(folder: Path, make: Callable[[], Entity], kind: str, callers: int, seconds: float) -> tuple[float, float]:
    """Verbs a second and the 99th percentile of a verb, in seconds."""
    store = SqliteStore.open(folder, SystemClock())
    ready = [make() for _ in range(200_000)]
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def caller() -> None:
        while (begun := time.perf_counter()) < end and ready:
            await store.write(partial(put, ready.pop(), kind))
            times.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    spent = time.perf_counter() - begun
    await store.close()
    times.sort()
    return len(times) / spent, times[int(len(times) * 0.99)]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--callers", type=int, default=64)
    options.add_argument("--seconds", type=float, default=4.0)
    chosen = options.parse_args()
    for name, make, kind in (
        ("lease", sample.lease, "lease.pending"),
        ("decision", sample.decision, "decision.made"),
        ("task", sample.task, "task.opened"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            rate, slowest = asyncio.run(measure(Path(folder) / "data", make, kind, chosen.callers, chosen.seconds))
        print(f"{name:10} {chosen.callers} callers: {rate:8,.0f} verbs/s, p99 {slowest * 1000:.1f} ms")


if __name__ == "__main__":
    main()
