"""The embedded store keeps every promise of the contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.server.ports import Store
from console.server.store.sqlite import SqliteStore
from tests.server.store.contract import Opener, StoreContract
from tests.server.store.feed_contract import FeedContract
from tests.server.store.sample import HandClock


class TestSqliteStore(StoreContract, FeedContract):
    @pytest.fixture
    async def opener(self, tmp_path: Path) -> AsyncIterator[Opener]:
        opened: list[Store] = []

        def open_store(clock: HandClock, *, keep_events: int = 200_000) -> Store:
            store: Store = SqliteStore.open(tmp_path / "data", clock, keep_events=keep_events)
            opened.append(store)
            return store

        yield open_store
        for store in opened:
            await store.close()


class TestSqliteStoreWithoutRoomInMemory(StoreContract, FeedContract):
    """The same with a cache of one entity a collection: nothing may depend on what is in memory."""

    @pytest.fixture
    async def opener(self, tmp_path: Path) -> AsyncIterator[Opener]:
        opened: list[Store] = []

        def open_store(clock: HandClock, *, keep_events: int = 200_000) -> Store:
            store: Store = SqliteStore.open(tmp_path / "data", clock, keep_events=keep_events, cached=1)
            opened.append(store)
            return store

        yield open_store
        for store in opened:
            await store.close()
