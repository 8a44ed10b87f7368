"""Cells and columns of a table, the placing of columns in a width, and how figures and times are written.

Owns the way numbers, durations, instants and ids look everywhere in the console. Pure. Imported by `tui` only.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from console.tui.present.inert import inert, is_inert
from console.tui.present.spans import Tone

GAP = 2
"""Cells between two columns."""
_EIGHTHS = "▁▂▃▄▅▆▇█"


class Align(StrEnum):
    """At which edge of its column a text stands."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of one row. Its text is inert, whoever makes it."""

    text: str = ""
    tone: Tone = Tone.TEXT
    strong: bool = False
    align: Align | None = None
    """Instead of the column's own edge."""

    def __post_init__(self) -> None:
        if not is_inert(self.text):
            object.__setattr__(self, "text", inert(self.text).text)


@dataclass(frozen=True, slots=True)
class Column:
    """How one kind of value stands in a table."""

    key: str
    title: str
    width: int
    """Cells; of a flexible column the least."""
    priority: int = 0
    """The highest leaves first where there is no room; 0 never leaves, and from `WELCOME` on it is only welcome."""
    align: Align = Align.LEFT
    flexible: bool = False
    """Takes a share of the room that is left, and is the only kind that is ever cut with `…`."""
    most: int = 0
    """Of a flexible column: the most cells it takes; 0 for no bound."""
    ample: int = 0
    """Of a flexible column: the cells that it has before a column that is only welcome is shown; 0 for its least."""
    ticking: bool = False
    """Changes with the clock alone, so a change is not worth marking."""
    sortable: bool = True


@dataclass(frozen=True, slots=True)
class Placed:
    """A column that is shown: its index among all columns, where it begins and how wide it is, in cells."""

    index: int
    x: int
    width: int


WELCOME = 3
"""From this priority on a column is shown only where the flexible ones have ample room."""


def place(columns: Sequence[Column], width: int, hidden: Collection[str] = ()) -> tuple[Placed, ...]:
    """Choose and place the columns that fit into `width` cells.

    Columns leave by priority, whole; only when none may leave any more are flexible ones narrowed below their least.
    """
    kept = [index for index, column in enumerate(columns) if column.key not in hidden]
    while kept and _needed(columns, kept) > width:
        last = max(kept, key=lambda index: (columns[index].priority, index))
        if columns[last].priority == 0:
            break
        kept.remove(last)
    widths = {index: columns[index].width for index in kept}
    _spread(columns, widths, width - sum(widths.values()) - GAP * max(0, len(kept) - 1))
    placed: list[Placed] = []
    x = 0
    for index in kept:
        if x >= width:
            break
        placed.append(Placed(index, x, min(widths[index], width - x)))
        x += widths[index] + GAP
    return tuple(placed)


def _needed(columns: Sequence[Column], kept: Sequence[int]) -> int:
    ample = any(columns[index].priority >= WELCOME for index in kept)
    widths = (max(columns[index].width, columns[index].ample if ample else 0) for index in kept)
    return sum(widths) + GAP * max(0, len(kept) - 1)


def _spread(columns: Sequence[Column], widths: dict[int, int], room: int) -> None:
    """Give the room that is left to flexible columns, or take what is missing from them."""
    while room:
        step = 1 if room > 0 else -1
        able = [
            index
            for index in widths
            if columns[index].flexible
            and (
                (step > 0 and (not columns[index].most or widths[index] < columns[index].most))
                or (step < 0 and widths[index] > 4)
            )
        ]
        if not able:
            return
        share = max(1, abs(room) // len(able))
        for index in able:
            move = min(share, abs(room))
            if step > 0 and columns[index].most:
                move = min(move, columns[index].most - widths[index])
            if step < 0:
                move = min(move, widths[index] - 4)
            widths[index] += step * move
            room -= step * move


def countdown(seconds: float) -> str:
    """A time that runs: `02:10` below an hour, `3h05` below four days, then `5d04h`. Below nothing it is `00:00`."""
    whole = max(0, math.floor(seconds))
    minutes, second = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes:02d}:{second:02d}"
    hours, minute = divmod(minutes, 60)
    if hours < 96:
        return f"{hours}h{minute:02d}"
    days, hour = divmod(hours, 24)
    return f"{days}d{hour:02d}h"


def span_of_time(seconds: float) -> str:
    """A time that was given: `45s`, `30m`, `2h`, `1h30m`, `3d`."""
    whole = max(0, round(seconds))
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts[:2]) or "0s"


def instant(moment: datetime) -> str:
    """A moment of the day in UTC: `14:32:11Z`."""
    return moment.astimezone(UTC).strftime("%H:%M:%SZ")


def day_and_instant(moment: datetime) -> str:
    """A moment in UTC with its day: `2026-03-01 14:32:11Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def figure(number: float) -> str:
    """A count with its thousands parted: `2,413`."""
    return f"{number:,}" if isinstance(number, int) else f"{number:,.1f}"


def percent(share: float) -> str:
    """A share from 0 to 1: `61 %`. Only nothing is `0 %`, and only everything is `100 %`."""
    if share <= 0:
        return "0 %"
    if share >= 1:
        return "100 %"
    return f"{min(99, max(1, round(share * 100)))} %"


def bar(share: float, width: int = 10) -> tuple[str, str]:
    """The full and the empty part of a bar for a share from 0 to 1; anything above nothing shows at least one block."""
    full = min(width, max(0, round(share * width)))
    if share > 0 and full == 0:
        full = 1
    return "█" * full, "░" * (width - full)


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as blocks of eight heights, the highest value being full."""
    shown = list(values)[-width:]
    top = max(shown, default=0)
    if top <= 0:
        return _EIGHTHS[0] * len(shown)
    return "".join(_EIGHTHS[min(7, max(0, math.ceil(value / top * 8) - 1))] for value in shown)


def sentence(words: str) -> str:
    """With one full stop, wherever its last part came from."""
    return words.rstrip(". ") + "."


def short_id(identifier: str, tail: int = 3) -> str:
    """An id as it is shown, `tk_…42f`; `y` copies it whole."""
    prefix, mark, rest = identifier.partition("_")
    if not mark or len(rest) <= tail + 2:
        return identifier
    return f"{prefix}_…{rest[-tail:]}"


def short_digest(digest: str) -> str:
    """A digest as it is shown, `7f2a…c1`."""
    bare = digest.rpartition(":")[2]
    return bare if len(bare) <= 8 else f"{bare[:4]}…{bare[-2:]}"
