"""How times are told: how long ago and how soon, or as instants. Owns that one choice; the views ask here and obey it.

Pure but for the choice, which the application sets.
"""

from dataclasses import dataclass

from console.tui.present.cells import countdown
from console.tui.rows import moment

WIDTH = 9
"""Cells that a told instant takes at most within four weeks: `14:32:11Z`, `+1d 14:32`."""
_DAY = 86_400


@dataclass(slots=True)
class TimeStyle:
    """Whether times are told as instants."""

    absolute: bool = False


STYLE = TimeStyle()
"""The choice that is in force."""


def until(at: float, now: float, style: TimeStyle = STYLE) -> str:
    """How soon something is (`02:10`), or when (`14:32:11Z`, on another day `+1d 14:32`). Seconds since the epoch, UTC."""
    return told(at, now) if style.absolute else countdown(at - now)


def since(at: float, now: float, style: TimeStyle = STYLE) -> str:
    """How long ago something was, or when. Seconds since the epoch, UTC."""
    return told(at, now) if style.absolute else countdown(now - at)


def told(at: float, now: float) -> str:
    """An instant in UTC; of another day with how many days lie between."""
    days = int(at // _DAY) - int(now // _DAY)
    return f"{moment(at):%H:%M:%SZ}" if not days else f"{days:+d}d {moment(at):%H:%M}"
