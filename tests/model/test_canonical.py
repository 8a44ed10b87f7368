"""Whichever way canonical JSON is written, it is what the library of RFC 8785 writes."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from console.model.base import Json
from console.model.canonical import canonical

INTEGERS = st.integers(-(2**53 - 1), 2**53 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def values(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Json]:
    return st.recursive(
        st.none() | st.booleans() | INTEGERS | numbers | TEXTS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
        max_leaves=20,
    )


@given(values(FLOATS))
def test_any_value_is_written_as_rfc_8785_wants(value: Json) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value", [0.0, -0.0, 1e-4, 9.999e-5, 1e-7, 1e16, 1e15, 123456789012345.6, 1e21, 1e300, 2.0**53, 5e-324, 1 / 3]
)
def test_numbers_at_the_edges_are_written_as_rfc_8785_wants(value: float) -> None:
    assert canonical([value]) == rfc8785.dumps([value])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, -(2**53), {"a": [2**60]}, "\ud800"])
def test_what_json_cannot_carry_is_refused(value: Json) -> None:
    with pytest.raises(ValueError):
        canonical(value)
