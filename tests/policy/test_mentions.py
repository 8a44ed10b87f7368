"""Handing the engine only what policies mention answers as handing it everything does, and so does keeping answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.base import Json
from console.policy.compile import Compiled, compile_bundle
from console.policy.context import with_changes
from console.policy.mentions import Mentions, same_shape
from console.policy.question import Link, Principal, Question
from tests.policy.policy_sample import ALL, compiled_with, files_with, question, unvalidated

QUORUM = '@approval("security:1")'
TERMS = (
    "context.risk >= 30",
    "context.task.depth > 1",
    "context.task has depth && context.task.intent_known",
    "context has chain && context.chain.rows.restricted > 10",
    "context.chain.tools.contains(resource.name)",
    "context.task == context.task",
    "context.chain.rows == {public: 0, internal: 0, confidential: 0, restricted: 2}",
    "[context.request.rows, 5].contains(2)",
    "(if context.rights.within_task then context.chain else context.chain).sends > 1",
    'context.task.intent like "answer*"',
    "context.now > 1800000001",
    "context.task.age_seconds > 1",
    "context.no_such_fact == 1",
    "context.task.no_such_fact == 1",
    "context.request.rows * 4611686018427387904 >= 0",
    'principal in Team::"finance" || principal in Role::"planner"',
    'resource in Audience::"crm"',
)
policies = st.lists(
    st.tuples(st.sampled_from(("permit", "forbid", "approvable")), st.lists(st.sampled_from(TERMS), min_size=1, max_size=2)),
    min_size=1,
    max_size=8,
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "risk": st.integers(0, 60),
        "task": st.fixed_dictionaries({}, optional={"depth": st.integers(0, 3), "age_seconds": st.integers(0, 3)}),
        "chain": st.fixed_dictionaries(
            {},
            optional={
                "rows": st.fixed_dictionaries({}, optional={"restricted": st.integers(0, 20)}),
                "sends": st.integers(0, 3),
                "tools": st.lists(st.sampled_from(("crm/orders", "mailer")), max_size=2),
            },
        ),
        "request": st.fixed_dictionaries({"rows": st.integers(0, 4)}),
        "now": st.integers(1_800_000_000, 1_800_000_003),
        "revocability": st.sampled_from(("instant", "ünknown", 7)),
        "unheard_of": st.just("a fact that no schema knows"),
    },
)
agents = st.sampled_from((Principal("alpha", "support", "executor"), Principal("beta", "finance", "planner")))
approvals = st.frozensets(st.integers(0, 8).map("p-{}".format), max_size=3)


def written(drawn: list[tuple[str, list[str]]]) -> str:
    texts = [ALL]
    for number, (kind, terms) in enumerate(drawn):
        head = f'@id("p-{number}") @reason("One.")'
        if kind == "approvable":
            lifted = f'unless {{ context.approved.contains("p-{number}") }}'
            texts.append(f"{head} {QUORUM} forbid (principal, action, resource) when {{ {' && '.join(terms)} }} {lifted};")
        else:
            texts.append(f"{head} {kind} (principal, action, resource) when {{ {' && '.join(terms)} }};")
    return "\n".join(texts)


@settings(max_examples=80, deadline=None)
@given(policies, st.lists(st.tuples(changes, agents, approvals), min_size=1, max_size=12))
def test_a_chosen_context_and_a_kept_answer_say_what_the_whole_says(
    drawn: list[tuple[str, list[str]]], asked: list[tuple[dict[str, Any], Principal, frozenset[str]]]
) -> None:
    plain = unvalidated(written(drawn))
    keeping = Compiled(plain.parsed, cached_answers=4)
    for facts, principal, approved in (*asked, *asked):
        one = question(plain, principal=principal, changes=facts)
        whole = plain.decide(one, approved=approved, sliced=False)
        assert plain.decide(one, approved=approved) == whole
        assert keeping.decide(one, approved=approved) == whole


def test_answers_are_kept_by_everything_that_they_depend_on() -> None:
    files = files_with(ALL + '@id("p") @reason("One.") forbid (principal, action, resource) when { context.task.depth > 1 };')
    bundle = compile_bundle(files, cached_answers=2)
    assert bundle.kept is not None
    one = question(bundle)
    first = bundle.decide(one, approved=frozenset())
    assert bundle.decide(question(bundle, changes={"risk": 44, "now": 1_900_000_000}), approved=frozenset()) is first
    assert bundle.kept.hits == 1
    assert bundle.decide(question(bundle, changes={"task": {"depth": 2}}), approved=frozenset()) is not first
    assert bundle.decide(replace(one, principal=Principal("else", "finance", "planner")), approved=frozenset()) is not first
    assert bundle.kept.hits == 1
    assert len(bundle.kept) == 2
    lent = (Link("p", "gr_1", one.principal.name, one.target.name),)
    assert bundle.decide(one, approved=frozenset(), links=lent) is not first


@pytest.mark.parametrize("term", ["context.now > 5", "context.task.age_seconds > 5", "context.task == context.task"])
def test_nothing_is_kept_across_time(term: str) -> None:
    text = f'{ALL} @id("p") @reason("One.") permit (principal, action, resource) when {{ {term} }};'
    bundle = compile_bundle(files_with(text), cached_answers=8)
    assert bundle.kept is not None
    for _ in range(2):
        bundle.decide(question(bundle), approved=frozenset())
    assert (len(bundle.kept), bundle.kept.hits) == (0, 0)


def test_an_error_is_not_kept() -> None:
    parsed = unvalidated(
        ALL + '@id("p") @reason("One.") forbid (principal, action, resource) when { context.gone == 1 };'
    ).parsed
    bundle = Compiled(parsed, cached_answers=8)
    assert bundle.decide(question(bundle), approved=frozenset()).code == "engine_error"
    assert bundle.kept is not None
    assert len(bundle.kept) == 0


@pytest.mark.parametrize(
    "changes", [{"unheard_of": 1}, {"risk": "high"}, {"chain": {"tools": [1]}}, {"risk": 2**70}, {"task": {"intent": "\ud800"}}]
)
def test_facts_that_the_schema_does_not_take_are_refused_even_where_nobody_mentions_them(changes: Mapping[str, Json]) -> None:
    bundle = compiled_with(ALL)
    asked = question(bundle)
    refused = bundle.decide(
        Question(asked.principal, asked.action, asked.target, with_changes(asked.context, changes)), approved=frozenset()
    )
    assert refused.code == "engine_error"


@pytest.mark.parametrize(
    ("term", "tree"),
    [
        ("true", {}),
        ("context.risk > 1", {"risk": None}),
        ("context.task.depth > 1 && context.task.intent_known", {"task": {"depth": None, "intent_known": None}}),
        ("context.task.depth > 1 && context.task == context.task", {"task": None}),
        ("context has chain && context.chain.rows has public", {"chain": None}),
        ("context.chain has rows", {"chain": {"rows": None}}),
        ("{a: context.now}.a > 1", {"now": None}),
        ("[context] == [context]", None),
        ("(if context.risk > 1 then context.chain else context.chain).sends > 1", {"risk": None, "chain": None}),
    ],
)
def test_what_is_mentioned(term: str, tree: Mapping[str, Any] | None) -> None:
    own = unvalidated(f'@id("p") @reason("One.") permit (principal, action, resource) when {{ {term} }};').parsed.policies
    assert Mentions.of(policy.est for policy in own if policy.id == "p").tree == tree


def test_a_shape_is_compared_exactly() -> None:
    known: Json = {"a": 1, "b": {"c": True, "d": ["x"]}, "e": "text"}
    assert same_shape(known, {"a": 5, "b": {"c": False, "d": []}, "e": ""})
    for given_ in (
        {"a": True, "b": {"c": False, "d": []}, "e": ""},
        {"a": 1.0, "b": {"c": False, "d": []}, "e": ""},
        {"a": 1, "b": {"c": False, "d": [1]}, "e": ""},
        {"a": 1, "b": {"c": False}, "e": ""},
        {"a": 1, "b": {"c": False, "d": [], "f": 1}, "e": ""},
        {"a": 2**60, "b": {"c": False, "d": []}, "e": ""},
        {"a": 1, "b": {"c": False, "d": []}, "e": "é"},
        None,
    ):
        assert not same_shape(known, given_)
