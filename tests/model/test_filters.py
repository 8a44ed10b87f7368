"""The filter language: what it reads, what it matches, where it points when it cannot be read, and what it never does."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.filter_fields import FILTERED, fields_for
from console.model.filter_grammar import completion, parse_filter
from console.model.filters import (
    EVERYTHING,
    Absent,
    Comparison,
    Field,
    FilterError,
    Match,
    Node,
    Not,
    Pattern,
    Word,
    all_of,
    any_of,
    evaluate,
    filter_text,
)

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


@dataclass
class Row:
    """A row of no collection, with one field of each kind."""

    agent: str = "executor-2"
    state: str = "active"
    level: str = "high"
    risk: int = 82
    expires_at: datetime | None = field(default_factory=lambda: NOW + timedelta(minutes=4))
    opened_at: datetime | float = field(default_factory=lambda: NOW - timedelta(hours=2))
    took: float = 0.5
    tags: tuple[str, ...] = ("alpha", "beta")


FIELDS = {
    one.name: one
    for one in (
        Field("agent", "text", lambda row: row.agent, searched=True),
        Field("state", "enum", lambda row: row.state, ("active", "expired", "revoked")),
        Field("level", "enum", lambda row: row.level, ("low", "medium", "high", "critical"), scale=True),
        Field("risk", "number", lambda row: row.risk),
        Field("expires", "instant", lambda row: row.expires_at, measure="until"),
        Field("age", "instant", lambda row: row.opened_at),
        Field("took", "duration", lambda row: row.took),
        Field("tag", "text", lambda row: row.tags, searched=True),
    )
}


def matches(text: str, row: Row | None = None) -> bool:
    return evaluate(parse_filter(text, FIELDS), row or Row(), FIELDS, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "exec",
        "EXEC",
        "exec*",
        "alph",
        "agent:executor-2",
        "agent:exec*,planner*",
        "agent:!planner*",
        "state:active,expired",
        "state:!expired,revoked",
        "level:>=high",
        "level:<critical",
        "risk:>=70",
        "risk:82",
        "risk:!<10",
        "expires:<5m",
        "expires:>1m30s",
        "expires:<2026-03-01T03:05Z",
        "expires:<2026-03-01T03:05",
        "age:>1h",
        "age:<=1d",
        "took:<1s",
        "tag:beta",
        "risk:>70 exec",
        "risk:>70 and exec",
        "planner or exec",
        "not planner",
        "!planner",
        "(planner or exec) risk:>70",
        'agent:"executor-2"',
        "not (planner or risk:<5)",
    ],
)
def test_a_filter_that_matches(text: str) -> None:
    assert matches(text)


@pytest.mark.parametrize(
    "text",
    [
        "planner",
        "executor-2*x",
        "agent:executor",
        "agent:!exec*",
        "state:expired,revoked",
        "state:!active",
        "level:<high",
        "risk:<70",
        "expires:>5m",
        "age:<1h",
        "took:>1s",
        "exec planner",
        "not exec",
        "(exec) planner or beta planner",
        "agent:none",
    ],
)
def test_a_filter_that_does_not_match(text: str) -> None:
    assert not matches(text)


def test_what_a_row_has_not_matches_none_and_no_comparison() -> None:
    row = Row(expires_at=None, tags=())
    assert matches("expires:none", row)
    assert matches("tag:none", row)
    assert not matches("expires:<5m", row)
    assert not matches("expires:>5m", row)


def test_an_instant_may_be_seconds_since_the_epoch() -> None:
    assert matches("age:>1h", Row(opened_at=(NOW - timedelta(hours=2)).timestamp()))


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("agnt:x", 0, "agent"),
        ("exec agnt:x", 5, "agent"),
        ("state:actve", 6, "active"),
        ("risk:>=lots", 7, ">=70"),
        ("risk:", 5, ">=70"),
        ("level:>huge", 7, "critical"),
        ("(exec", 5, ")"),
        ('"exec', 0, '"'),
        ("exec)", 4, "or"),
        ("exec or", 7, "agent"),
        ("agent:>x", 7, "begin*"),
        ("expires:<soon", 9, "<5m"),
        ("expires:<5x", 9, "<5m"),
    ],
)
def test_an_error_points_at_the_character_and_says_what_could_stand_there(text: str, position: int, expected: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text, FIELDS)
    assert caught.value.position == position
    assert expected in caught.value.expected


@pytest.mark.parametrize(
    "text", ["x" * 513, "(" * 17 + "x" + ")" * 17, "!" * 18 + "x", "x " * 65, "state:" + ",".join(["active"] * 66)]
)
def test_length_depth_and_terms_are_bounded(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text, FIELDS)


_texts = st.text(min_size=0, max_size=12)
_patterns = st.builds(Pattern, _texts) | st.builds(Pattern, st.from_regex(r"\A[a-z]{0,4}\*[a-z-]{0,4}\Z"), st.just(True))
_comparisons = st.sampled_from(["=", "<", "<=", ">", ">="])
_matches = st.one_of(
    st.builds(
        Match, st.just("agent"), st.lists(_patterns | st.just(Absent()), min_size=1, max_size=3).map(tuple), st.booleans()
    ),
    st.builds(
        Match,
        st.just("risk"),
        st.lists(st.builds(Comparison, _comparisons, st.integers(-999, 999).map(float)), min_size=1, max_size=2).map(tuple),
        st.booleans(),
    ),
    st.builds(
        Match,
        st.just("age"),
        st.tuples(
            st.builds(Comparison, _comparisons, st.integers(0, 9999).map(float), st.just(True))
            | st.builds(Comparison, _comparisons, st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001 (Hypothesis takes naive bounds)
        ),
    ),
    st.builds(Match, st.just("level"), st.tuples(st.builds(Comparison, _comparisons, st.sampled_from(["low", "high"])))),
)
_nodes: st.SearchStrategy[Node] = st.recursive(
    st.builds(Word, _patterns) | _matches,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(all_of),
        st.lists(inner, min_size=2, max_size=3).map(any_of),
    ),
    max_leaves=8,
)


@given(_nodes)
def test_a_written_filter_is_read_back_as_the_same_tree(node: Node) -> None:
    text = filter_text(node)
    try:
        again = parse_filter(text, FIELDS)
    except FilterError as error:
        assert "at most" in error.text  # noqa: PT017 (only the bounds may refuse what was written)
        return
    assert again == node


@given(st.text(max_size=60) | st.text(alphabet='ab:!(),"<>=* \\rsk', max_size=40).map(lambda text: text.replace("r", "risk:")))
def test_nothing_that_is_typed_raises_anything_but_a_filter_error(text: str) -> None:
    try:
        node = parse_filter(text, FIELDS)
    except FilterError as error:
        assert 0 <= error.position <= max(len(text), 512)  # noqa: PT017 (either way out is right)
    else:
        evaluate(node, Row(), FIELDS, NOW)
        assert parse_filter(filter_text(node), FIELDS) == node
    for position in range(len(text) + 1):
        for candidate in completion(text, position, FIELDS):
            assert candidate.start <= position == candidate.end


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", "agent:"),
        ("ag", "agent:"),
        ("state:a", "active"),
        ("x state:!e", "expired"),
        ("level:>=c", "critical"),
        ("agent:pl", "planner-1"),
    ],
)
def test_fields_and_values_complete(text: str, first: str) -> None:
    offered = completion(text, len(text), FIELDS, lambda name: ("planner-1", "odd name") if name == "agent" else ())
    assert offered[0].text == first
    assert text[offered[0].start : offered[0].end] in first


def test_a_completed_value_with_a_space_is_quoted() -> None:
    offered = completion("agent:odd", 9, FIELDS, lambda name: ("odd name",))
    assert offered[0].text == '"odd name"'
    assert matches('agent:"odd name"', Row(agent="odd name"))


def test_every_collection_has_an_id_or_number_an_age_and_a_searched_field() -> None:
    assert {"approvals", "tasks", "leases", "agents", "grants", "decisions", "audit"} == set(FILTERED)
    for collection in FILTERED:
        fields = fields_for(collection)
        assert "age" in fields
        assert {"id", "seq"} & set(fields)
        assert any(one.searched for one in fields.values())
        assert parse_filter("  ", fields) == EVERYTHING
