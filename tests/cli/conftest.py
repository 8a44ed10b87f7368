"""One plane for all the command tests of a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .program import Estate, configure, populate, serving


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    data, home = tmp_path_factory.mktemp("plane", numbered=True), tmp_path_factory.mktemp("home")
    data.chmod(0o700)
    Path(home).chmod(0o700)
    configure(data)
    with serving(data, home) as url:
        yield populate(data, home, url)
