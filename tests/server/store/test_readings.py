"""Readings that are kept in memory say what the database says, at once after every commit and beside the writer's thread."""

import asyncio
import random
from pathlib import Path

import pytest

from console.model.base import Entity
from console.server.ports import Transaction
from console.server.store.cache import LONGEST_READING, EntityCache, ReadingCache
from console.server.store.sqlite import SqliteStore
from tests.server.store import sample
from tests.server.store.sample import PLANE, HandClock


async def test_a_kept_reading_is_what_was_committed_last(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "data", HandClock())
    chance = random.Random(7)
    targets = [sample.fresh("ag") for _ in range(3)]
    standing = {}
    try:
        for _ in range(120):
            if standing and chance.random() < 0.5:
                lock = chance.choice(list(standing.values()))
                changed = lock.model_copy(update={"active": not lock.active})
            else:
                changed = sample.lock(target_id=chance.choice(targets))
            fails = chance.random() < 0.2

            def verb(tx: Transaction, changed: Entity = changed, *, fails: bool = fails) -> Entity:
                kept = tx.put(changed, "lock.placed", PLANE)
                if fails:
                    raise LookupError
                return kept

            try:
                kept = await store.write(verb)
                standing[kept.id] = kept
            except LookupError:
                pass
            for target in targets:
                for active in (True, False):
                    held = [one for one in standing.values() if one.target_id == target and one.active is active]
                    for limit in (1, 1000):
                        wanted = sorted(held, key=lambda one: one.id)[:limit]
                        found = type(changed)
                        assert store.find(found, target_id=target, active=active, limit=limit) == wanted
                        again = store.find(found, target_id=target, active=active, limit=limit)
                        assert again == wanted
                        again.clear()  # what a caller does with its list is its own business
                        assert store.find(found, target_id=target, active=active, limit=limit) == wanted
    finally:
        await store.close()


async def test_a_reading_beside_the_writer_is_never_older_than_an_answer(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "data", HandClock())
    target = sample.fresh("ag")
    answered = 0
    kind = type(sample.lock())

    def read_for_long() -> None:
        while answered < 200:
            before = answered
            assert len(store.find(kind, target_id=target)) >= min(before, LONGEST_READING)

    reader = asyncio.create_task(asyncio.to_thread(read_for_long))
    try:
        for _ in range(200):
            await store.write(lambda tx: tx.put(sample.lock(target_id=target), "lock.placed", PLANE))
            answered += 1
            assert len(store.find(kind, target_id=target)) == answered
        await reader
    finally:
        answered = 200
        await store.close()


def test_a_mark_grows_with_what_is_published_of_its_collection() -> None:
    cache = EntityCache()
    lock, lease = sample.lock(), sample.lease()
    before = cache.mark("locks"), cache.mark("leases")
    cache.publish({("locks", lock.id): lock})
    assert cache.mark("locks") > before[0]
    assert cache.mark("leases") == before[1]
    cache.publish({("leases", lease.id): lease})
    after = cache.mark("locks"), cache.mark("leases")
    cache.clear()
    assert cache.mark("locks") > after[0]
    assert cache.mark("leases") > after[1]


@pytest.mark.parametrize(("length", "kept"), [(0, True), (LONGEST_READING, True), (LONGEST_READING + 1, False)])
def test_only_short_readings_are_kept_and_only_under_their_mark(length: int, kept: bool) -> None:
    readings = ReadingCache(most=2)
    readings.keep("one", 5, [sample.lock() for _ in range(length)])
    found = readings.get("one", 5)
    assert (found is not None and len(found) == length) is kept
    assert readings.get("one", 6) is None
    readings.keep("two", 5, [])
    readings.keep("three", 5, [])
    assert readings.get("one", 5) is None
    assert readings.get("three", 5) == ()
