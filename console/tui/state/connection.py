"""Whether what the console believes is fresh: connecting → live → stale → offline, as a pure reducer.

connecting → live | offline
live       → stale | offline
stale      → live | offline
offline    → live (what it last knew stays shown meanwhile)

Owns the state and the clock offset. Times are monotonic seconds handed in; only `state.sync` steps it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

STALE_AFTER = 5.0
OFFLINE_AFTER = 15.0
BACKOFF_FIRST = 0.5
BACKOFF_MOST = 15.0


class Freshness(StrEnum):
    """The four states of the connection."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of the connection. `heard_at` is monotonic; `offset` is the plane's clock minus ours, in seconds.

    `failures` counts failed attempts in a row; `problem` says what the last one was, in words.
    """

    state: Freshness = Freshness.CONNECTING
    heard_at: float | None = None
    offset: float = 0.0
    failures: int = 0
    problem: str = ""

    def silent_for(self, now: float) -> float:
        """Seconds since anything was heard; 0 where nothing ever was."""
        return 0.0 if self.heard_at is None else max(0.0, now - self.heard_at)

    @property
    def live(self) -> bool:
        """Whether giving power is allowed."""
        return self.state is Freshness.LIVE


def heard(connection: Connection, now: float) -> Connection:
    """Something came over the stream. Only `caught_up` makes a connection live; this keeps a live one so."""
    return replace(connection, heard_at=now)


def caught_up(connection: Connection, now: float) -> Connection:
    """The stream is open and the mirror is true at its cursor."""
    return replace(connection, state=Freshness.LIVE, heard_at=now, failures=0, problem="")


def behind(connection: Connection) -> Connection:
    """What is shown lags behind the stream, so it is not fresh although the stream speaks."""
    return replace(connection, state=Freshness.STALE) if connection.state is Freshness.LIVE else connection


def passed(connection: Connection, now: float) -> Connection:
    """Time has passed: silence makes a live connection stale, and a stale one offline."""
    silent = connection.silent_for(now)
    if connection.state is Freshness.LIVE and silent >= STALE_AFTER:
        return replace(connection, state=Freshness.STALE)
    if connection.state is Freshness.STALE and silent >= OFFLINE_AFTER:
        return replace(connection, state=Freshness.OFFLINE)
    return connection


def lost(connection: Connection, problem: str) -> Connection:
    """The stream ended or an attempt failed. A live connection is stale first, until its silence makes it offline."""
    state = Freshness.STALE if connection.state in (Freshness.LIVE, Freshness.STALE) else Freshness.OFFLINE
    return replace(connection, state=state, failures=connection.failures + 1, problem=problem)


def with_plane_time(connection: Connection, plane: float, ours: float) -> Connection:
    """Take the plane's clock over, smoothed: a slow answer must not make countdowns jump. Both in seconds since the epoch."""
    seen = plane - ours
    offset = seen if abs(seen - connection.offset) > 2.0 else connection.offset + (seen - connection.offset) / 8
    return replace(connection, offset=offset)


def backoff(failures: int, chance: float) -> float:
    """Seconds until the next attempt: doubling to a most, with full jitter above a quarter. `chance` is from 0 to 1."""
    most: float = min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** min(max(failures - 1, 0), 10))
    return most * (0.25 + 0.75 * chance)
