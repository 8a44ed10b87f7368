"""What the proofs in a terminal share: a tmux server for each test."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.terminal.tmux import Tmux


@pytest.fixture
def tmux() -> Iterator[Tmux]:
    """A private tmux server. Its folder has a short path, because a socket's path is bounded."""
    with TemporaryDirectory(prefix="lh-tmux-", ignore_cleanup_errors=True) as folder, Tmux(Path(folder)) as server:
        yield server
