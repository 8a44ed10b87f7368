"""Rights: what one covers, and when one lies within another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from console.model.rights import Right, allowed, beyond, is_subset, matches, within
from console.model.scales import DataClass

NAMES = ["crm/customers", "crm/orders", "crm/orders/2026", "docs/board/minutes", "docs", "c"]
PATTERNS = ["*", "crm/*", "crm/orders*", "docs/board/*", "c*", *NAMES]
ACTIONS = ["customers.read", "orders.read", "orders.update", "mail.send"]
ACTION_PATTERNS = ["*", "orders.*", "customers.*", *ACTIONS]

rights = st.builds(
    Right,
    actions=st.lists(st.sampled_from(ACTION_PATTERNS), min_size=1, max_size=3).map(tuple),
    resources=st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3).map(tuple),
    max_class=st.sampled_from(DataClass),
)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*", "anything", True),
        ("crm/*", "crm/customers", True),
        ("crm/*", "crm", False),
        ("crm/customers", "crm/customers", True),
        ("crm/customers", "crm/customers/1", False),
        ("crm/c*", "crm/customers", True),
    ],
)
def test_a_pattern_covers_names_that_begin_like_it(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected


@pytest.mark.parametrize("outer", PATTERNS)
@pytest.mark.parametrize("inner", PATTERNS)
def test_within_means_that_every_name_covered_inside_is_covered_outside(inner: str, outer: str) -> None:
    universe = [*NAMES, "crm/orders-old", "x", "docs/board/x"]
    covered = [name for name in universe if matches(inner, name)]
    if within(inner, outer):
        assert all(matches(outer, name) for name in covered)
    elif not inner.endswith("*"):
        assert not matches(outer, inner)


@given(inner=rights, outer=rights)
def test_containment_never_lets_anything_through_that_the_outer_right_refuses(inner: Right, outer: Right) -> None:
    if not outer.contains(inner):
        return
    for action in ACTIONS:
        for resource in NAMES:
            for data_class in DataClass:
                assert not inner.allows(action, resource, data_class) or outer.allows(action, resource, data_class)


@given(bounds=st.lists(rights, max_size=4), asked=st.lists(rights, max_size=4))
def test_a_subset_allows_no_more_and_what_is_beyond_is_named(bounds: list[Right], asked: list[Right]) -> None:
    assert is_subset(asked, bounds) is (not beyond(asked, bounds))
    if is_subset(asked, bounds):
        for action in ACTIONS:
            for resource in NAMES:
                for data_class in DataClass:
                    assert not allowed(asked, action, resource, data_class) or allowed(bounds, action, resource, data_class)


@given(one=rights)
def test_every_right_lies_within_itself(one: Right) -> None:
    assert is_subset([one], [one])


@pytest.mark.parametrize("pattern", ["", "a**", "*a", "crm/*/x", "a b", "-", "é", "x" * 300])
def test_a_pattern_is_a_name_or_a_beginning_and_nothing_else(pattern: str) -> None:
    with pytest.raises(ValidationError):
        Right(actions=("customers.read",), resources=(pattern,))


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        Right.model_validate({"actions": ["a"], "resources": ["b"], "also": 1})
