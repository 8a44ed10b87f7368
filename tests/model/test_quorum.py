"""Quorums: parsing, merging, and the matching of people to seats."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.decisions import QuorumPart
from console.model.quorum import assign, is_eligible, is_met, merge, parse_quorum, seats


def part(group: str, count: int = 1, *people: str) -> QuorumPart:
    return QuorumPart(group=group, count=count, people=people)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("security:1", (part("security"),)),
        ("security:1, resource-owner:2", (part("security"), part("resource-owner", 2))),
        (" agent-owner:10 ", (part("agent-owner", 10),)),
    ],
)
def test_an_annotation_becomes_parts(text: str, parts: tuple[QuorumPart, ...]) -> None:
    assert parse_quorum(text) == parts


@pytest.mark.parametrize("text", ["", "security", "security:0", "security:11", "Security:1", "a:1,a:2", "a:1,,b:1", "a:1;b:1"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"group:count|twice"):
        parse_quorum(text)


def test_merging_takes_the_largest_count_and_keeps_other_people_apart() -> None:
    merged = merge(
        [(part("security"),), (part("security", 2), part("resource-owner", 1, "lena")), (part("resource-owner", 1, "omar"),)]
    )
    assert set(merged) == {part("security", 2), part("resource-owner", 1, "lena"), part("resource-owner", 1, "omar")}


def test_one_person_never_fills_two_seats() -> None:
    quorum = (part("security"), part("resource-owner", 1, "lena"))
    assert not is_met(quorum, {"lena": {"security"}})
    assert is_met(quorum, {"lena": {"security"}, "maya": {"security"}})


def test_a_reviewer_of_two_groups_moves_to_the_seat_that_the_other_lacks() -> None:
    quorum = (part("security"), part("finance"))
    for order in permutations([("maya", {"security", "finance"}), ("omar", {"security"})]):
        assert is_met(quorum, dict(order))


def test_an_empty_quorum_is_never_met() -> None:
    assert not is_met((), {"maya": {"security"}})


GROUPS = ["security", "finance", "data"]
quorums = st.lists(st.builds(part, st.sampled_from(GROUPS), st.integers(1, 2)), min_size=1, max_size=2).map(tuple)
people = st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from(GROUPS)), max_size=4)


@given(quorum=quorums, reviewers=people)
def test_the_matching_is_as_large_as_trying_every_order(quorum: tuple[QuorumPart, ...], reviewers: dict[str, set[str]]) -> None:
    wanted = [one for one in quorum for _ in range(one.count)]
    names = [*reviewers, *[None] * len(wanted)]
    best = max(
        sum(name is not None and is_eligible(seat, name, reviewers[name]) for name, seat in zip(order, wanted, strict=False))
        for order in permutations(names, len(wanted))
    )
    found = assign(quorum, reviewers)
    assert len(found) == best
    assert len(set(found.values())) == len(found)
    assert is_met(quorum, reviewers) is (best == seats(quorum))
