"""How times are told: how long ago and how soon, or as instants. Owns that one choice; the views ask here and obey it.

Pure but for the choice, which the application sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from console.tui.present.cells import Column, countdown
from console.tui.rows import moment

WIDTH = 10
"""Cells that a told instant takes, up to a hundred days away: `14:32:11Z`, `+12d 14:32`."""
_DAY = 86_400


@dataclass(slots=True)
class TimeStyle:
    """Whether times are told as instants."""

    absolute: bool = False

    def widened(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """The columns with room for what stands in those that tell a time."""
        if not self.absolute:
            return tuple(columns)
        return tuple(replace(one, width=max(one.width, WIDTH)) if one.ticking and not one.flexible else one for one in columns)


STYLE = TimeStyle()
"""The choice that is in force."""


def until(at: float, now: float, style: TimeStyle = STYLE) -> str:
    """How soon something is (`02:10`), or when (`14:32:11Z`, on another day `+1d 14:32`). Seconds since the epoch, UTC."""
    return told(at, now) if style.absolute else countdown(at - now)


def since(at: float, now: float, style: TimeStyle = STYLE) -> str:
    """How long ago something was, or when. Seconds since the epoch, UTC."""
    return told(at, now) if style.absolute else countdown(now - at)


def lasted(begun: float, ended: float | None, now: float, style: TimeStyle = STYLE) -> str:
    """For how long something went on, or has gone on; or when it began. Seconds since the epoch, UTC."""
    return told(begun, now) if style.absolute else countdown((now if ended is None else ended) - begun)


def told(at: float, now: float) -> str:
    """An instant in UTC; of another day with how many days lie between."""
    days = int(at // _DAY) - int(now // _DAY)
    return f"{moment(at):%H:%M:%SZ}" if not days else f"{days:+d}d {moment(at):%H:%M}"
