"""What is fetched beside the mirror: for the strip alone, only once the console has been live and at rest for a while."""

from console.tui.ui.gathered import ASIDE_AFTER, ASIDE_REST, Gathered
from console.tui.ui.options import ConsoleOptions
from console.tui.ui.world import World
from tests.tui.state.plane_in_memory import OwnTimes
from tests.tui.ui.driver import Estate


async def test_the_strip_alone_waits_until_the_console_is_live_and_at_rest() -> None:
    times = OwnTimes()
    world = World(ConsoleOptions(open_plane=NotImplemented), times=times)
    world.plane = Estate()
    gathered = Gathered(world)
    assert not gathered.wants_heads()
    times.seconds += ASIDE_AFTER - 0.5
    assert not gathered.wants_heads()
    world.touch()
    times.seconds += ASIDE_REST - 0.1
    assert not gathered.wants_heads(), "a key was pressed a moment ago"
    times.seconds += 0.2
    assert gathered.wants_heads()
    assert await gathered.fetch_heads()
    world.touch()
    assert gathered.wants_heads(), "what the first fetch loads is loaded"
    assert not await gathered.fetch_heads(), "the signed heads are not asked for all the time"


async def test_who_looks_at_them_does_not_wait() -> None:
    world = World(ConsoleOptions(open_plane=NotImplemented), times=OwnTimes())
    world.plane = Estate()
    gathered = Gathered(world)
    assert await gathered.fetch_heads()
    assert gathered.checkpoints is not None
