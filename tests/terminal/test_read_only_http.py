"""READ-ONLY over HTTP: every key and every command at a console joined to a real estate, counted where requests leave.

The whole enumeration against a plane in memory is `tests.tui.ui.read_only_proof`; here the transport is the real one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from console.client import Sent
from console.tui.state.client_plane import client_plane
from console.tui.state.plane import Plane
from console.tui.ui.options import ConsoleOptions
from tests.terminal.estate import Estate, Probe, running
from tests.tui.ui.all_ways import command_ways, key_ways
from tests.tui.ui.driver import Driver
from tests.tui.ui.driver import Estate as Memory
from tests.tui.ui.read_only_proof import SMALL, Staying

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terminal-80x24")]
VIEWS = ("approvals", "tasks", "leases", "agents")


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """An estate of its own."""
    with running(tmp_path_factory.mktemp("read-only") / "data", seed=13, speed=2) as served:
        yield served


@asynccontextmanager
async def joined(estate: Estate, sent: list[Sent], folder: Path) -> AsyncIterator[Driver]:
    """A read-only console of ravi's, whose requests are kept."""

    @asynccontextmanager
    async def open_plane() -> AsyncIterator[Plane]:
        async with client_plane(estate.url, estate.url, lambda: estate.tokens["ravi"], on_sent=sent.append) as plane:
            yield plane

    app = Staying(ConsoleOptions(open_plane=open_plane, read_only=True, state_folder=folder, bell=False))
    async with app.run_test(size=SMALL) as pilot:
        driver = Driver(app, pilot, Memory())
        async with asyncio.timeout(60):
            while not (app.world.live and app.world.identified and app.pane.cursor):
                await pilot.pause(0.05)
        yield driver


async def test_no_request_but_reads_leaves_a_read_only_console(estate: Estate, tmp_path: Path) -> None:
    probe = Probe(estate, "read-only-http")
    probe.open()
    probe.ask_payments()
    sent: list[Sent] = []
    tried = 0
    async with joined(estate, sent, tmp_path) as driver:
        app = driver.app
        for view in VIEWS:
            for way in [*key_ways(app), *command_ways(app, arguments=False)]:
                while len(app.screen_stack) > 1:
                    app.pop_screen()
                    await driver.pilot.pause()
                app.open_view(view)
                await driver.pilot.pause()
                await way.go(driver)
                if len(app.screen_stack) > 1:
                    await driver.press("enter", "y")
                tried += 1
    probe.close()
    changing = [one for one in sent if one.method not in ("GET", "HEAD")]
    print(f"{len(changing)} requests that are no reads, of {len(sent)} sent, in {tried} ways tried over HTTP")
    assert tried > 300
    assert any(one.method == "GET" for one in sent), "what is sent is counted"
    assert changing == []
