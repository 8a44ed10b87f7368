"""Tables and words: what leaves when there is little room, and that nothing foreign reaches the terminal as it is."""

from datetime import UTC, datetime, timedelta

import pytest

from console.cli.failures import Failure
from console.cli.inputs import rights_of
from console.cli.tables import Column, lay_out
from console.cli.text import fenced, left, span
from console.tui.present.inert import is_inert, painted_width

Row = tuple[str, str, str]
COLUMNS = (
    Column[Row]("ID", lambda row: row[0]),
    Column[Row]("NAME", lambda row: row[1], priority=1),
    Column[Row]("NOTE", lambda row: row[2], priority=2),
)
ROWS: list[Row] = [("a1", "planner", "a long note about nothing"), ("b22", "executor-2", "x")]


def test_whole_columns_leave_the_least_important_first() -> None:
    assert lay_out(COLUMNS, ROWS, None)[0].split() == ["ID", "NAME", "NOTE"]
    assert lay_out(COLUMNS, ROWS, 30)[0].split() == ["ID", "NAME"]
    assert lay_out(COLUMNS, ROWS, 8)[0].split() == ["ID"]


@pytest.mark.parametrize("width", [4, 8, 20, 40, 80])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    rows = [("宽" * 30, "\x1b[31mred\x1b[0m", "e\u0301" * 50)]
    for line in lay_out(COLUMNS, rows, width):
        assert painted_width(line) <= width
        assert is_inert(line)


def test_a_fence_counts_what_was_hidden() -> None:
    told = fenced("line\n\x1b[2J\u202egone")
    assert all(line.startswith("  ") for line in told.split("\n"))
    assert "2 hidden characters" in told
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.9, "59s"), (60, "1m 00s"), (3661, "1h 01m"), (90_000, "1d 01h"), (-5, "-5s")]
)
def test_spans_have_two_parts_at_most(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_what_is_past_has_nothing_left() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert left(now + timedelta(seconds=90), now) == "1m 30s"
    assert left(now, now) == ""
    assert left(None, now) == ""


def test_rights_are_read_from_words_and_from_json() -> None:
    (word,) = rights_of(("orders.read,notes.read@crm/*@confidential",))
    (same,) = rights_of(('{"actions": ["orders.read", "notes.read"], "resources": ["crm/*"], "max_class": "confidential"}',))
    assert word == same
    assert rights_of(("orders.read@crm/orders",))[0].max_class == "internal"
    assert rights_of(("mail.send@mailto:a@b@public",))[0].resources == ("mailto:a@b",)
    for wrong in ("orders.read", "@", "orders.read@crm/*@secret space", "{", "[1]"):
        with pytest.raises(Failure):
            rights_of((wrong,))
