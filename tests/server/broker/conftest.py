"""An estate for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.broker.estate import Estate, open_estate


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    async with open_estate(tmp_path / "plane") as made:
        yield made
