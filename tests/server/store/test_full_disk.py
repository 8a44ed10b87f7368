"""A full disk: nothing that gives power is recorded, acts that take it away still are, and service resumes with room."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.model.leases import Lease, LeaseState
from console.model.problems import ProblemError
from console.model.tasks import Task
from console.server.ports import Transaction
from console.server.store.sqlite import SqliteStore
from tests.server.store import sample
from tests.server.store.sample import PLANE, HandClock

MIB = 1 << 20


def opens(transaction: Transaction) -> Task:
    return transaction.put(sample.task(), "task.opened", PLANE, extra={"filling": "x" * 4000})


async def fill(store: SqliteStore) -> int:
    """Write until the store is full; how many were acknowledged."""
    acknowledged, code = 0, ""
    while not code and acknowledged < 100_000:
        try:
            await store.write(opens)
            acknowledged += 1
        except ProblemError as problem:
            code = problem.code
    assert code == "store_full"
    return acknowledged


async def revoke(store: SqliteStore, lease: Lease) -> Lease:
    revoking = lease.model_copy(update={"state": LeaseState.REVOKING})
    return await store.write(lambda transaction: transaction.put(revoking, "lease.revoking", PLANE), takes_power=True)


async def prove_full(store: SqliteStore, lease: Lease) -> int:
    """Fill the store and prove what must hold then. Returns how many tasks were acknowledged."""
    acknowledged = await fill(store)
    assert acknowledged > 10
    assert store.count(Task) == acknowledged
    revoking = await revoke(store, lease)
    assert store.get(Lease, lease.id) == revoking
    with pytest.raises(ProblemError, match="nothing was recorded"):
        await store.write(opens)
    assert store.count(Task) == acknowledged
    assert store.audit_size() == store.head() == acknowledged + 2
    return acknowledged


async def test_a_bounded_store_fills_and_resumes(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path, HandClock(), max_bytes=2 * MIB, reserve_bytes=MIB // 2)
    lease = await store.write(lambda transaction: transaction.put(sample.lease(), "lease.active", PLANE))
    acknowledged = await prove_full(store, lease)
    await store.close()
    store = SqliteStore.open(tmp_path, HandClock(), max_bytes=8 * MIB, reserve_bytes=MIB // 2)
    assert store.count(Task) == acknowledged
    await store.write(opens)
    assert (store.count(Task), store.head(), store.audit_size()) == (acknowledged + 1, acknowledged + 3, acknowledged + 3)
    await store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 16 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)], check=False, capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system could be mounted: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


async def test_a_full_disk_refuses_and_resumes_with_room(small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(bytes(4 * MIB))
    store = SqliteStore.open(small_disk / "data", HandClock(), reserve_bytes=2 * MIB)
    lease = await store.write(lambda transaction: transaction.put(sample.lease(), "lease.active", PLANE))
    acknowledged = await prove_full(store, lease)
    assert not (small_disk / "data" / "reserve").exists()
    filler.unlink()
    await store.write(opens)
    assert (small_disk / "data" / "reserve").stat().st_size == 2 * MIB
    assert [event.cursor for event in store.events(0)] == list(range(1, acknowledged + 4))
    await store.close()
    store = SqliteStore.open(small_disk / "data", HandClock(), reserve_bytes=2 * MIB)
    assert store.count(Task) == acknowledged + 1
    await store.close()
