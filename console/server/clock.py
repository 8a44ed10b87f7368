"""The plane's clock: aware UTC that never runs backwards, and fresh ids. It owns what time the plane believes it is."""

import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from console.model.ids import make_id


def wall_time() -> datetime:
    """The system's time, aware UTC."""
    return datetime.now(UTC)


class SystemClock:
    """Time from the system, never below what was told before or handed in. Implements `ports.Clock`; any thread may ask.

    When the system's time falls behind what was told (it was set back, or the persisted mark is ahead of it), this clock
    goes on at half speed until the system has caught up: what is due still comes due, and the difference does not stay.
    `wall` gives the system's time, `elapsed` monotonic seconds.
    """

    def __init__(
        self,
        high_water: datetime | None = None,
        *,
        wall: Callable[[], datetime] = wall_time,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._elapsed = elapsed
        self._guard = threading.Lock()
        self._told = wall() if high_water is None else max(high_water, wall())
        self._told_at = elapsed()

    def now(self) -> datetime:
        """The plane's time: never earlier than any answer before."""
        with self._guard:
            at = self._elapsed()
            held_back = self._told + timedelta(seconds=(at - self._told_at) / 2)
            self._told = max(self._wall(), held_back)
            self._told_at = at
            return self._told

    def raise_to(self, instant: datetime) -> None:
        """Never tell a time before `instant` again."""
        with self._guard:
            if instant > self._told:
                self._told, self._told_at = instant, self._elapsed()

    def new_id(self, prefix: str) -> str:
        """A fresh id; ids sort by the time of their making."""
        return make_id(prefix, self.now(), secrets.token_bytes(10))
