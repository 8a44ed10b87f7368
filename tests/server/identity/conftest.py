"""A real store in a folder of its own, a clock that stands until it is moved, and the services over them."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.model.ids import make_id
from console.server.identity.operators import Operators
from console.server.store.sqlite import SqliteStore


class StandingClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def new_id(self, prefix: str) -> str:
        return make_id(prefix, self.at, secrets.token_bytes(10))


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
async def store(tmp_path: Path, clock: StandingClock) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path / "store", clock)
    yield opened
    await opened.close()


@pytest.fixture
def operators(store: SqliteStore) -> Operators:
    return Operators(store)
