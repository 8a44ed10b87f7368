"""Killed at every step of the writer, under load: what was acknowledged is there, and the log verifies.

The process is a real one and is killed with SIGKILL from within, at the named step's nth time.
"""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from console.model.tasks import Task
from console.server.audit.verify import LoggedRecord, verify
from console.server.store.offline import OfflineLog
from console.server.store.sqlite import SqliteStore
from console.server.store.writer import STEPS
from tests.server.store.sample import HandClock

PLANE = """
import asyncio, os, signal, sys
from pathlib import Path
from console.model.actors import PLANE
from console.server.clock import SystemClock
from console.server.store.sqlite import SqliteStore
from tests.server.store import sample

step, times = sys.argv[2], int(sys.argv[3])
seen = 0

def tracer(name):
    global seen
    seen += name == step
    if seen == times and name == step:
        os.kill(os.getpid(), signal.SIGKILL)

def verb(transaction):
    task = transaction.put(sample.task(), "task.opened", PLANE)
    transaction.advance("locks")
    transaction.keep_text("words")
    return transaction.put(task, "task.observed", PLANE)

async def caller(store):
    while True:
        task = await store.write(verb)
        os.write(1, f"{task.id}\\n".encode())

async def main():
    store = SqliteStore.open(Path(sys.argv[1]), SystemClock(), keep_events=64, tracer=tracer)
    await asyncio.gather(*(caller(store) for _ in range(16)))

asyncio.run(main())
"""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("times", [1, 40])
def test_nothing_acknowledged_is_lost(tmp_path: Path, step: str, times: int) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", PLANE, str(tmp_path), step, str(times)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    acknowledged = killed.stdout.split()

    with OfflineLog(tmp_path) as log:
        result = verify((LoggedRecord(*row) for row in log.records()), [], tree=log.tree, check_signature=lambda _: False)
    assert result.ok, result.faults

    store = SqliteStore.open(tmp_path, HandClock(), keep_events=64)
    try:
        tasks = store.find(Task)
        assert set(acknowledged) <= {task.id for task in tasks}
        assert {task.version for task in tasks} <= {2}
        assert store.head() == store.audit_size() == 2 * len(tasks)
        assert store.fence("locks") == len(tasks)
        last = store.events(max(0, store.head() - 64))
        assert [event.cursor for event in last] == list(range(max(0, store.head() - 64) + 1, store.head() + 1))
        assert {record.body["entity"]["id"] for record in store.audit(limit=100_000)} == {task.id for task in tasks}  # type: ignore[index, call-overload]
    finally:
        asyncio.run(store.close())
