"""A plane for each test, and an agent that works in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.model.agents import Agent
from tests.server.api.plane import Plane, open_plane


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with open_plane(tmp_path / "plane") as made:
        yield made


@pytest.fixture
async def executor(plane: Plane) -> Agent:
    return await plane.world.agent("executor-1")
