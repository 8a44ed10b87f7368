"""A reviewer's load and the streak that is too fast, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from console.model.approvals import Review
from console.model.reviewing import HURRIED_STREAK, LEAST_READING_SECONDS, LOAD_SECONDS, access_of, load_of
from console.model.scales import DataClass

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
FAST = LEAST_READING_SECONDS - 1


def review(ago: float, reading: float | None = FAST, verdict: str = "approve", reviewer: str = "maya") -> Review:
    fields = {"reviewer": reviewer, "verdict": verdict, "at": NOW - timedelta(seconds=ago), "reading_seconds": reading}
    return Review.model_validate(fields | {"revision": 1, "digest": "sha256:" + "7f" * 32})


def fast(count: int, since: float = 0.0) -> list[Review]:
    return [review(since + 10.0 * number) for number in range(count)]


@pytest.mark.parametrize(
    ("reviews", "streak", "hurried"),
    [
        ([], 0, False),
        (fast(HURRIED_STREAK - 1), HURRIED_STREAK - 1, False),
        (fast(HURRIED_STREAK), HURRIED_STREAK, True),
        (list(reversed(fast(HURRIED_STREAK))), HURRIED_STREAK, True),
        # One that was read ends the streak, wherever it lies.
        ([review(0, LEAST_READING_SECONDS), *fast(HURRIED_STREAK, 5)], 0, False),
        ([*fast(2), review(25, 30.0), *fast(HURRIED_STREAK, 30)], 2, False),
        # A rejection ends it too, and so does what was not measured.
        ([review(0, FAST, "reject"), *fast(HURRIED_STREAK, 5)], 0, False),
        ([review(0, None), *fast(HURRIED_STREAK, 5)], 0, False),
        # After a pause it is another sitting.
        (fast(HURRIED_STREAK, 601), 0, False),
        # Somebody else's haste is not one's own.
        ([review(number, FAST, reviewer="omar") for number in range(9)], 0, False),
    ],
)
def test_a_streak_of_fast_approvals_is_hurried(reviews: list[Review], streak: int, *, hurried: bool) -> None:
    load = load_of("maya", reviews, NOW)
    assert (load.streak, load.hurried) == (streak, hurried)


def test_the_load_counts_the_last_hour_of_one_reviewer() -> None:
    reviews = [
        review(10, 4.0),
        review(20, 20.0),
        review(30, None),
        review(40, 12.0, "reject"),
        review(LOAD_SECONDS + 1, 900.0),
        review(50, 900.0, reviewer="omar"),
    ]
    load = load_of("maya", reviews, NOW)
    assert (load.approvals, load.rejections) == (3, 1)
    assert load.median_reading_seconds == 12.0
    assert load.share_approved == 0.75


def test_who_reviewed_nothing_has_no_share_and_no_time() -> None:
    load = load_of("maya", [], NOW)
    assert (load.approvals, load.median_reading_seconds, load.share_approved) == (0, None, None)


def test_access_counts_what_is_different_and_takes_the_higher_class() -> None:
    rights = [
        ("a.read", "x", DataClass.INTERNAL),
        ("a.read", "x", DataClass.RESTRICTED),
        ("a.read", "y", DataClass.INTERNAL),
        ("b.send", "y", DataClass.PUBLIC),
    ]
    access = access_of(rights, 4)
    assert (access.held, access.rights, access.actions, access.resources) == (4, 3, 2, 2)
    assert access.classes == {DataClass.RESTRICTED: 1, DataClass.INTERNAL: 1, DataClass.PUBLIC: 1}
