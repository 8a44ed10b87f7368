"""An error that nobody expected is told in a sentence and written to a file; the screen stays and follows the plane again."""

import asyncio
import stat
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from console.model.approvals import ApprovalDetail
from console.model.operators import Whoami
from console.tui.state.connection import Freshness
from console.tui.state.mirror import Changes
from console.tui.ui.faults import LOG_NAME, MOST_BYTES, FaultLog, sentence
from console.tui.ui.options import ConsoleOptions
from console.tui.ui.world import World
from tests.tui.state.plane_in_memory import OwnTimes, approval
from tests.tui.ui.driver import Driver, Estate, console, populated

POISON = "\x1b[2Jquoted from elsewhere"


class Failing(Estate):
    """A plane whose answers break what asks for them, in a way that nobody expected."""

    def __init__(self) -> None:
        super().__init__()
        self.broken_details = False
        self.broken_sign_in = 0

    async def approval_detail(self, id: str) -> ApprovalDetail:
        if self.broken_details:
            raise LookupError(POISON)
        return await super().approval_detail(id)

    async def whoami(self) -> Whoami:
        if self.broken_sign_in:
            self.broken_sign_in -= 1
            raise LookupError(POISON)
        return await super().whoami()


def failing() -> Failing:
    estate, filled = Failing(), populated()
    for entity in filled.entities.values():
        estate.put(entity)
    return estate


def told(driver: Driver, kind: str) -> bool:
    return f"Something went wrong in the console: {kind};" in driver.said and "press u to read again" in driver.said


async def test_a_broken_stream_is_told_and_followed_again_on_the_same_screen(tmp_path: Path) -> None:
    estate = failing()
    async with console(estate, (120, 40), state_folder=tmp_path / "state") as driver:
        await driver.press("j")
        chosen, taken = driver.app.pane.cursor, estate.snapshots
        estate.send(LookupError(POISON))
        await driver.until(lambda: told(driver, "LookupError"))
        await driver.press("u")
        await driver.until(lambda: driver.app.world.live and estate.snapshots > taken, "it was not followed again")
        assert (driver.app.pane.name, driver.app.pane.cursor) == ("approvals", chosen)
        estate.put(approval(77, 50), "approval.requested")
        await driver.until(lambda: len(driver.app.pane.keys) == 4, "what came afterwards was not shown")
        screen = driver.screen_text()
        assert "Traceback" not in screen
        assert "quoted from elsewhere" not in screen
    log = tmp_path / "state" / LOG_NAME
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    written = log.read_text()
    assert "Traceback" in written
    assert "quoted from elsewhere" in written
    assert "\x1b" not in written


async def test_while_it_is_not_followed_nothing_counts_as_fresh_and_it_begins_again_by_itself() -> None:
    estate = failing()
    async with console(estate) as driver:
        estate.refuse = [LookupError(POISON)] * 3
        taken = estate.snapshots
        estate.send(LookupError(POISON))
        await driver.until(lambda: not driver.app.world.live)
        assert driver.app.world.connection.state is not Freshness.LIVE
        await driver.press("a")
        assert driver.sheet is None
        await driver.until(lambda: not estate.refuse and driver.app.world.live)
        assert estate.snapshots == taken + 1


async def test_a_card_that_cannot_be_fetched_and_a_sign_in_that_breaks_leave_the_screen(tmp_path: Path) -> None:
    estate = failing()
    async with console(estate, (120, 40), state_folder=tmp_path) as driver:
        estate.broken_details = True
        await driver.press("j")
        await driver.until(lambda: told(driver, "LookupError"))
        assert driver.app.world.live
        estate.broken_details = False
    estate.broken_sign_in = 1
    async with console(estate, (120, 40), state_folder=tmp_path) as driver:
        assert driver.app.world.identified
    assert "approval_detail" in (tmp_path / LOG_NAME).read_text()
    assert "whoami" in (tmp_path / LOG_NAME).read_text()


async def test_a_plane_that_cannot_be_opened_for_an_unexpected_reason_is_tried_again(tmp_path: Path) -> None:
    estate, attempts = failing(), 0

    @asynccontextmanager
    async def open_plane() -> Any:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise LookupError(POISON)
        yield estate

    async with console(estate, open_plane=open_plane, state_folder=tmp_path, live=False) as driver:
        await driver.until(lambda: driver.app.world.live and driver.app.world.identified)
    assert attempts == 2


async def test_pauses_grow_and_what_cannot_be_painted_does_not_end_the_following() -> None:
    pauses: list[float] = []
    errors: list[BaseException] = []
    enough = asyncio.Event()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(errors) > 8:
            enough.set()
            await asyncio.Event().wait()

    @asynccontextmanager
    async def open_plane() -> Any:
        raise LookupError(POISON)
        yield

    def unpaintable(changes: Changes) -> NoReturn:
        raise ArithmeticError

    world = World(
        ConsoleOptions(open_plane=open_plane),
        unpaintable,
        times=OwnTimes(),
        pause=pause,
        failed=errors.append,
        chance=lambda: 1.0,
    )
    running = asyncio.create_task(world.run())
    async with asyncio.timeout(10):
        await enough.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert pauses[0] < pauses[1] <= 1.0
    assert {type(error) for error in errors} == {LookupError, ArithmeticError}
    assert not world.live


def test_the_sentence_names_kinds_only() -> None:
    group = ExceptionGroup("both", [LookupError(POISON), ExceptionGroup("inner", [ArithmeticError(POISON)])])
    assert sentence(group).startswith("Something went wrong in the console: ArithmeticError, LookupError; ")
    assert "quoted" not in sentence(group)


def raised(words: str) -> LookupError:
    """An error that was really raised, at one and the same place."""
    with pytest.raises(LookupError) as caught:
        raise LookupError(words)
    return caught.value


def test_the_same_error_is_written_once_a_minute_and_the_file_is_bounded(tmp_path: Path) -> None:
    now = [0.0]
    log = FaultLog(tmp_path, lambda: now[0])
    path = tmp_path / LOG_NAME
    log.note(raised("one"))
    log.note(raised("two"))
    assert path.read_text().count("Traceback") == 1
    now[0] = 61.0
    log.note(raised("three"))
    assert path.read_text().count("Traceback") == 2
    path.write_text("x" * (MOST_BYTES + 1))
    now[0] = 130.0
    log.note(raised("four"))
    assert path.stat().st_size < MOST_BYTES
    assert "four" in path.read_text()
    FaultLog(None, lambda: 0.0).note(raised("nowhere"))
    unwritable = tmp_path / "file"
    unwritable.write_text("")
    FaultLog(unwritable, lambda: 0.0).note(raised("nowhere"))
    assert unwritable.read_text() == ""
