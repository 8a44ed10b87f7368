"""Cells: columns leave whole and by priority, figures and times have one form each."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.tui.present.cells import (
    GAP,
    Cell,
    Column,
    bar,
    countdown,
    day_and_instant,
    figure,
    instant,
    percent,
    place,
    sentence,
    short_digest,
    short_id,
    span_of_time,
    sparkline,
)

COLUMNS = (
    Column("wait", "WAIT", 5, 3),
    Column("risk", "RISK", 11),
    Column("agent", "AGENT", 12, 1),
    Column("wants", "WANTS", 14, flexible=True, most=60),
    Column("where", "WHERE", 6, 4),
)


def _shown(width: int, hidden: tuple[str, ...] = ()) -> list[str]:
    return [COLUMNS[one.index].key for one in place(COLUMNS, width, hidden)]


def test_columns_leave_by_priority() -> None:
    assert _shown(56) == ["wait", "risk", "agent", "wants", "where"]
    assert _shown(55) == ["wait", "risk", "agent", "wants"]
    assert _shown(46) == ["risk", "agent", "wants"]
    assert _shown(38) == ["risk", "wants"]
    assert _shown(10) == ["risk"]
    assert _shown(56, ("agent",)) == ["wait", "risk", "wants", "where"]


@given(st.integers(0, 250))
def test_placed_columns_stay_inside_and_apart(width: int) -> None:
    placed = place(COLUMNS, width)
    for one, other in pairwise(placed):
        assert one.x + one.width + GAP == other.x
    assert not placed or placed[-1].x + placed[-1].width <= width
    for one in placed:
        column = COLUMNS[one.index]
        assert column.flexible or one.width == column.width or width < 27
        assert not column.most or one.width <= column.most


def test_a_flexible_column_takes_what_is_left() -> None:
    assert {COLUMNS[one.index].key: one.width for one in place(COLUMNS, 76)}["wants"] == 34


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "00:00"),
        (0, "00:00"),
        (38.9, "00:38"),
        (130, "02:10"),
        (3599, "59:59"),
        (3600, "1h00"),
        (86_400, "24h00"),
        (446_400, "5d04h"),
    ],
)
def test_countdowns(seconds: float, text: str) -> None:
    assert countdown(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (45, "45s"), (1800, "30m"), (5400, "1h30m"), (259_200, "3d"), (90_061, "1d1h")]
)
def test_given_times(seconds: float, text: str) -> None:
    assert span_of_time(seconds) == text


def test_instants_are_utc() -> None:
    moment = datetime(2026, 3, 1, 16, 32, 11, tzinfo=timezone(timedelta(hours=2)))
    assert instant(moment) == "14:32:11Z"
    assert day_and_instant(moment.astimezone(UTC)) == "2026-03-01 14:32:11Z"


def test_figures() -> None:
    assert (figure(1_204_551), figure(38.25)) == ("1,204,551", "38.2")
    assert [percent(share) for share in (0, 0.001, 0.61, 0.999, 1)] == ["0 %", "1 %", "61 %", "99 %", "100 %"]
    assert bar(0.61) == ("██████", "░░░░")
    assert bar(0.001) == ("█", "░░░░░░░░░")
    assert sparkline([0, 1, 4, 8], 3) == "▁▄█"
    assert sparkline([0, 0], 8) == "▁▁"


def test_ids_and_digests_are_short_on_screen() -> None:
    assert short_id("tk_01HXYZABC42f") == "tk_…42f"
    assert short_id("tk_1") == "tk_1"
    assert short_digest("sha256:7f2a0011c1") == "7f2a…c1"


def test_a_cell_makes_foreign_text_inert_itself() -> None:
    assert Cell("a\nb").text == "a␊b"


def test_a_column_that_is_only_welcome_waits_until_the_flexible_ones_have_ample_room() -> None:
    columns = (Column("what", "WHAT", 10, flexible=True, most=40, ample=30), Column("more", "MORE", 8, priority=3))
    shown = {width: [columns[placed.index].key for placed in place(columns, width)] for width in (20, 39, 40)}
    assert shown == {20: ["what"], 39: ["what"], 40: ["what", "more"]}
    assert [placed.width for placed in place(columns, 40)] == [30, 8]


def test_a_sentence_ends_with_one_full_stop() -> None:
    assert sentence("It was not read: nobody answers.") == "It was not read: nobody answers."
    assert sentence("It was not read: nobody answers") == "It was not read: nobody answers."
    assert sentence("It was not read: nobody answers..") == "It was not read: nobody answers."
