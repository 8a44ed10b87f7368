"""The card's parts beyond the mirror: access before and after, history, own load; and the five lines of a small screen."""

from datetime import timedelta

import pytest

from console.model.approvals import ApprovalDetail
from console.model.reviewing import Access, AccessChange, PastRequests, ReviewerLoad
from console.model.scales import DataClass
from console.tui.present.spans import Line, Tone, plain, spans_width
from console.tui.present.views.card import access_lines, brief_lines, card_lines, load_lines, past_lines
from tests.tui.present.test_views import AT, source
from tests.tui.state.plane_in_memory import NOW, agent, approval, lease, task


def said(lines: tuple[Line, ...] | list[Line]) -> list[str]:
    return [f"{line.label}|{plain(line.spans)}" for line in lines]


CHANGE = AccessChange(
    now=Access(held=2, rights=2, actions=2, resources=1, classes={DataClass.INTERNAL: 2}),
    then=Access(held=3, rights=3, actions=2, resources=2, classes={DataClass.INTERNAL: 2, DataClass.RESTRICTED: 1}),
)
PAST = PastRequests(approved=3, rejected=1, last_state="rejected", last_at=NOW - timedelta(minutes=5), last_by=("omar",))
LOAD = ReviewerLoad(reviewer="maya", approvals=11, rejections=1, median_reading_seconds=6.4, share_approved=11 / 12)


def detail(**more: object) -> ApprovalDetail:
    fields = {"approval": approval(), "eligible": ("lena",), "access": CHANGE, "past": PAST, "load": LOAD}
    return ApprovalDetail.model_validate(fields | more)


def test_access_stands_in_two_columns_and_growth_is_marked() -> None:
    told = [" ".join(line.split()) for line in said(access_lines(CHANGE))]
    assert told == [
        "ACCESS| now with this",
        "|leases 2 3 +1",
        "|rights 2 3 +1",
        "|actions 2 2",
        "|resources 1 2 +1",
        "|restricted 0 1 +1",
        "|internal 2 2",
    ]
    widths = {len(plain(line.spans[:3])) for line in access_lines(CHANGE)[1:]}
    assert len(widths) == 1


def test_history_is_counted_and_the_last_one_told() -> None:
    assert said(past_lines(PAST, AT)) == ["BEFORE|3 approved   1 rejected", "|last ✗ rejected 05:00 ago by omar"]
    assert "nothing like it" in said(past_lines(PastRequests(), AT))[0]


def test_own_load_is_told_and_haste_kindly() -> None:
    assert said(load_lines(LOAD)) == ["YOUR LOAD|11 approvals this hour   read 6 s each (median)   92 % approved"]
    hurried = load_lines(LOAD.model_copy(update={"hurried": True, "streak": 6}))
    assert "last 6 went by" in said(hurried)[1]
    assert hurried[1].spans[0].tone is Tone.WARN
    assert "nothing reviewed" in said(load_lines(ReviewerLoad(reviewer="maya")))[0]


def test_the_whole_card_keeps_its_order_with_everything_known() -> None:
    tables = source(agent(1), task(1), lease(1), approval())
    labels = [line.label for line in card_lines(tables, approval(), detail(), AT) if line.label]
    assert labels == [
        "WHY A PERSON", "RISK", "TOUCHED", "ADDS", "ACCESS", "HOLDS NOW", "REVOCABLE", "FOR", "DEADLINE", "BEFORE",
        "REVIEWS", "MAY REVIEW", "YOUR LOAD",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [40, 58, 78, 118])
@pytest.mark.parametrize("known", [True, False])
def test_a_small_screen_says_in_five_lines_why_a_person_is_asked(width: int, *, known: bool) -> None:
    tables = source(agent(1), task(1), lease(1), approval())
    lines = brief_lines(tables, approval(), detail() if known else None, AT, width)
    assert [line.label for line in lines] == ["WANTS", "WHY", "FOR", "RISK", "LEFT"]
    assert all(spans_width(line.spans) + 7 <= width for line in lines)
    assert "no-prod-without-owner" in said(lines)[1]
    if known and width >= 78:
        assert "rights 2 → 3" in said(lines)[3]
        assert "rejected 1 before" in said(lines)[3]
