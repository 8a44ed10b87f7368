"""Tables: they fit the terminal by leaving out whole columns, the least important first, and are plain when piped.

Owns how a table is laid out. Text is made inert here, cell by cell, so that no caller can forget it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from console.cli.text import one_line
from console.tui.present.inert import clip, painted_width

R = TypeVar("R")
GAP = "  "


@dataclass(eq=False, slots=False)
class Column(Generic[R]):
    """One column. `priority` 0 never leaves; of the others the highest number leaves first. `right` is for numbers."""

    title: str
    get: Callable[[R], str]
    priority: int = 0
    right: bool = False


def lay_out(columns: Sequence[Column[R]], rows: Iterable[R], width: int | None) -> list[str]:
    """The lines of a table, its titles first. Without a width every column stays, whole."""
    cells = [[column.title for column in columns], *([one_line(column.get(row)) for column in columns] for row in rows)]
    kept = list(range(len(columns)))
    sizes = [max(painted_width(line[index]) for line in cells) for index in kept]
    if width is not None:
        kept = _fitting(columns, sizes, width)
        sizes = _shrunk(kept, sizes, width)
    return [_line(columns, line, kept, sizes) for line in cells]


def _fitting(columns: Sequence[Column[R]], sizes: Sequence[int], width: int) -> list[int]:
    kept = list(range(len(columns)))
    while _total(kept, sizes) > width:
        leaving = max(
            (index for index in kept if columns[index].priority), key=lambda i: (columns[i].priority, i), default=None
        )
        if leaving is None:
            break
        kept.remove(leaving)
    return kept


def _shrunk(kept: Sequence[int], sizes: Sequence[int], width: int) -> list[int]:
    """When only columns are left that never leave: the widest of them give way until it fits."""
    smaller = list(sizes)
    while _total(kept, smaller) > width:
        widest = max(kept, key=lambda index: smaller[index])
        if smaller[widest] <= 4:
            break
        smaller[widest] -= 1
    return smaller


def _total(kept: Sequence[int], sizes: Sequence[int]) -> int:
    return sum(sizes[index] for index in kept) + len(GAP) * (len(kept) - 1)


def _line(columns: Sequence[Column[R]], cells: Sequence[str], kept: Sequence[int], sizes: Sequence[int]) -> str:
    parts = []
    for index in kept:
        text = clip(cells[index], sizes[index])
        pad = " " * (sizes[index] - painted_width(text))
        parts.append(pad + text if columns[index].right else text + pad)
    return GAP.join(parts).rstrip()
