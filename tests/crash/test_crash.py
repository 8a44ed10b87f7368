"""The plane is killed between every two steps of its writer, under load; nothing that it acknowledged is lost.

Over all parts it is killed at least 200 times, and over again at each step with other seeds.
"""

from pathlib import Path

import pytest

from console.server.store.writer import STEPS
from tests.crash.rounds import run

PARTS = 8
ROUNDS = 26


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
async def test_nothing_acknowledged_is_lost(tmp_path: Path, part: int) -> None:
    done = await run(tmp_path / "plane", ROUNDS, seed=part * ROUNDS)
    assert sum(done.killed.values()) == ROUNDS
    assert done.known.decisions
    assert done.known.leases


def test_the_parts_go_through_every_step_often_enough() -> None:
    kills = [STEPS[(number + part * ROUNDS) % len(STEPS)] for part in range(PARTS) for number in range(ROUNDS)]
    assert len(kills) >= 200
    assert set(kills) == set(STEPS)
    assert min(kills.count(step) for step in STEPS) >= 14
