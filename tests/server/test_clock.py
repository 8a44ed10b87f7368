"""The plane's clock never runs backwards and never stands still."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from console.server.clock import SystemClock

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class System:
    """A system whose time can be set, and whose elapsed seconds only grow."""

    def __init__(self) -> None:
        self.at = START
        self.passed = 0.0

    def wall(self) -> datetime:
        return self.at

    def elapsed(self) -> float:
        return self.passed

    def step(self, passed: float, set_by: float = 0.0) -> None:
        self.passed += passed
        self.at += timedelta(seconds=passed + set_by)


def test_it_follows_the_system() -> None:
    system = System()
    clock = SystemClock(wall=system.wall, elapsed=system.elapsed)
    assert clock.now() == START
    system.step(90)
    assert clock.now() == START + timedelta(seconds=90)


def test_a_system_set_back_is_waited_for_at_half_speed() -> None:
    system = System()
    clock = SystemClock(wall=system.wall, elapsed=system.elapsed)
    system.step(0, set_by=-3600)
    assert clock.now() == START
    system.step(3600)
    assert clock.now() == START + timedelta(seconds=1800)
    system.step(3600)
    assert clock.now() == START + timedelta(seconds=3600) == system.at
    system.step(60)
    assert clock.now() == system.at


def test_it_never_tells_less_than_its_high_water_mark() -> None:
    system = System()
    mark = START + timedelta(hours=1)
    assert SystemClock(mark, wall=system.wall, elapsed=system.elapsed).now() == mark
    clock = SystemClock(wall=system.wall, elapsed=system.elapsed)
    clock.raise_to(mark)
    assert clock.now() == mark
    clock.raise_to(START)
    assert clock.now() == mark


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e5, 1e5)), max_size=20))
def test_it_never_runs_backwards(steps: list[tuple[float, float]]) -> None:
    system = System()
    clock = SystemClock(wall=system.wall, elapsed=system.elapsed)
    told = clock.now()
    for passed, set_by in steps:
        system.step(passed, set_by)
        now = clock.now()
        assert now >= max(told, system.at)
        told = now


def test_ids_are_fresh_and_sort_by_time() -> None:
    system = System()
    clock = SystemClock(wall=system.wall, elapsed=system.elapsed)
    first = clock.new_id("tk")
    system.step(1)
    second = clock.new_id("tk")
    assert first < second
    assert first.startswith("tk_")
    assert len({clock.new_id("ls") for _ in range(1000)}) == 1000
