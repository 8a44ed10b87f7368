"""Panels beside each other, and the doors in what is laid out."""

import pytest

from console.tui.present.layout import Door, doors_in, lay_out, nearest, side_by_side
from console.tui.present.spans import Line, Span, plain


def test_panels_stand_beside_each_other_in_their_own_width() -> None:
    left = (Line((Span("one two three"),), label="A"), Line((Span("four"),), label="B"))
    lines = side_by_side(((left, 10), ((Line((Span("right"),)),), 8)), gap=2)
    assert [plain(line.spans).rstrip() for line in lines] == ["A  one two  right", "   three", "B  four"]


def test_neighbours_with_one_door_are_one_door() -> None:
    line = Line((Span("x "), Span("3", door="tasks"), Span(" tasks", door="tasks"), Span("  "), Span("4", door="leases")))
    assert doors_in(lay_out((line,), 40)) == (Door("tasks", 0, 2, 7), Door("leases", 0, 11, 1))


_GRID = {name: Door(name, y, x, 4) for name, y, x in (("a", 0, 0), ("b", 0, 60), ("c", 3, 2), ("d", 5, 60), ("e", 5, 0))}


@pytest.mark.parametrize(
    ("here", "dx", "dy", "there"),
    [
        ("a", 0, 1, "c"),
        ("b", 0, 1, "d"),
        ("c", 0, 1, "e"),
        ("d", 0, -1, "b"),
        ("a", 1, 0, "b"),
        ("e", 1, 0, "d"),
        ("b", -1, 0, "a"),
        ("e", 0, 1, None),
        ("b", 1, 0, None),
    ],
)
def test_the_next_door_keeps_to_its_column_or_its_line(here: str, dx: int, dy: int, there: str | None) -> None:
    found = nearest(list(_GRID.values()), _GRID[here], dx, dy)
    assert (found.name if found else None) == there
