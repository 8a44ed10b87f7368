"""A plane that dies while it publishes has published the whole bundle or nothing of it, and serves on what it says."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from console.model.approvals import Approval, ApprovalState
from console.model.bundles import Bundle, BundleState
from tests.server.authorization.publishing import in_force
from tests.server.world import open_world

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("step", "count", "published"),
    [
        ("after begin", 1, False),
        ("after state", 2, False),
        ("before audit", 3, False),
        ("after event", 4, False),
        ("before commit", 1, False),
        ("after commit", 1, True),
        ("before publish", 1, True),
        ("after publish", 1, True),
    ],
)
async def test_it_is_published_whole_or_not_at_all(tmp_path: Path, step: str, count: int, *, published: bool) -> None:
    folder = tmp_path / "plane"
    command = [sys.executable, "-m", "tests.crash.publishing", str(folder), step, str(count)]
    died = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)  # noqa: ASYNC221 - nothing else runs
    assert died.returncode == -signal.SIGKILL, died.stderr
    async with open_world(folder) as world:
        bundle = in_force(world)
        assert bundle.revision == world.bundles.fence == world.store.fence("bundle") == (2 if published else 1)
        states = sorted(one.state for one in world.store.find(Bundle))
        other = BundleState.SUPERSEDED if published else BundleState.REQUESTED
        assert states == sorted((BundleState.PUBLISHED, other))
        (approval,) = world.store.find(Approval)
        assert approval.state is (ApprovalState.CONSUMED if published else ApprovalState.PENDING)
