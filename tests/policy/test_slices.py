"""The slice of a question answers as the full set does: same decision, same reasons, same errors."""

import cedarpy
from hypothesis import given, settings
from hypothesis import strategies as st

from console.policy.compile import Compiled
from console.policy.entities import entities_json, request
from console.policy.question import Link, Principal, Question
from console.policy.slices import SliceIndex, groups_of, load_policies
from tests.policy.policy_sample import compiled_with, question, unvalidated

NAMES = ("alpha", "beta")
TEAMS = ("support", "finance")
ROLES = ("planner", "executor")
RESOURCES = ("crm/orders", "crm/notes", "docs/public/a")
AUDIENCES = ("crm", "docs")
ACTIONS = ("orders.read", "notes.read", "documents.read", "orders.update", "mail.send")
GROUPS = ("reading", "writing", "sending")

principals = st.one_of(
    st.just("principal"),
    st.just("principal is Agent"),
    st.sampled_from(NAMES).map('principal == Agent::"{}"'.format),
    st.sampled_from(NAMES).map('principal in Agent::"{}"'.format),
    st.sampled_from(TEAMS).map('principal in Team::"{}"'.format),
    st.sampled_from(ROLES).map('principal is Agent in Role::"{}"'.format),
)
resources = st.one_of(
    st.just("resource"),
    st.just("resource is Resource"),
    st.sampled_from(RESOURCES).map('resource == Resource::"{}"'.format),
    st.sampled_from(AUDIENCES).map('resource in Audience::"{}"'.format),
    st.sampled_from(AUDIENCES).map('resource is Resource in Audience::"{}"'.format),
)
actions = st.one_of(
    st.just("action"),
    st.sampled_from(ACTIONS).map('action == Action::"{}"'.format),
    st.sampled_from(GROUPS + ACTIONS).map('action in Action::"{}"'.format),
    st.lists(st.sampled_from(GROUPS + ACTIONS), min_size=1, max_size=3).map(
        lambda names: "action in [" + ", ".join(f'Action::"{name}"' for name in names) + "]"
    ),
)
conditions = st.sampled_from(
    (
        "true",
        "context.risk >= 30",
        "context.task.depth > 1",
        "context.request.rows * 4611686018427387904 >= 0",
        "context.no_such_fact == 1",
        "resource.data_class == 1",
    )
)
static = st.builds(
    "{} ({}, {}, {}) when {{ {} }};".format,
    st.sampled_from(("permit", "permit", "forbid")),
    principals,
    actions,
    resources,
    conditions,
)
templates = st.builds("permit (principal == ?principal, {}, resource == ?resource) when {{ {} }};".format, actions, conditions)


def bundle_of(policies: list[str], lent: list[str]) -> Compiled:
    numbered = [f'@id("p-{number}") @reason("One.") {text}' for number, text in enumerate(policies)]
    numbered += [f'@id("t-{number}") @reason("Lent.") @grantable("security:1") {text}' for number, text in enumerate(lent)]
    return unvalidated("\n".join(numbered))


def questions(bundle: Compiled) -> list[Question]:
    return [
        question(
            bundle,
            action,
            resource,
            principal=Principal(name, team, role),
            changes={"request": {"rows": rows}, "task": {"depth": rows}},
        )
        for action in ACTIONS
        for resource in RESOURCES
        for name, team, role, rows in (("alpha", "support", "executor", 0), ("beta", "finance", "planner", 2))
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(static, min_size=1, max_size=14), st.lists(templates, max_size=3))
def test_a_slice_answers_as_the_full_set(policies: list[str], lent: list[str]) -> None:
    bundle = bundle_of(policies, lent)
    schema = cedarpy.Schema.from_str(bundle.parsed.schema)
    index = SliceIndex(bundle.parsed.policies, bundle.parsed.tools, schema)
    full = load_policies(bundle.parsed.policies)
    for asked in questions(bundle):
        entities = cedarpy.Entities.from_json_str(entities_json(asked.principal, asked.target), schema)
        part = index.find(asked.principal, asked.action, asked.target)
        ours = cedarpy.is_authorized(request(asked, ()), part.handle, entities, schema)
        theirs = cedarpy.is_authorized(request(asked, ()), full.handle, entities, schema)
        assert ours.decision is theirs.decision
        assert sorted(ours.diagnostics.reasons) == sorted(theirs.diagnostics.reasons)
        assert sorted(ours.diagnostics.errors) == sorted(theirs.diagnostics.errors)
        links = tuple(
            Link(f"t-{number}", f"gr_{number}", asked.principal.name, asked.target.name) for number in range(len(lent))
        )
        sliced = bundle.decide(asked, approved=frozenset(), links=links)
        assert sliced == bundle.decide(asked, approved=frozenset(), links=links, sliced=False)


def test_a_slice_holds_only_what_can_cover_the_question() -> None:
    policies = "".join(
        f'@id("own-{number}") @reason("One.") permit (principal == Agent::"a{number}", action, resource);'
        for number in range(50)
    )
    bundle = compiled_with(policies)
    schema = cedarpy.Schema.from_str(bundle.parsed.schema)
    index = SliceIndex(bundle.parsed.policies, bundle.parsed.tools, schema)
    target = bundle.resource("crm/orders")
    assert target is not None
    assert index.find(Principal("a7", "support", "executor"), "orders.read", target).size == 2
    assert index.find(Principal("nobody", "support", "executor"), "orders.read", target).size == 1
    assert index.find(Principal("a7", "support", "executor"), "not.an.action", target).size == 0


def test_action_groups_are_expanded_through_each_other() -> None:
    schema = cedarpy.Schema.from_str(
        """
        entity Agent; entity Resource;
        action any_use; action reading in [any_use]; action apart;
        action "a.read" in [reading] appliesTo { principal: Agent, resource: Resource };
        action "a.send" in [apart] appliesTo { principal: Agent, resource: Resource };
        """
    )
    found = groups_of(["a.read", "a.send"], {"any_use", "reading", "apart", "a.read", "absent"}, schema)
    assert found == {"a.read": {"any_use", "reading", "a.read"}, "a.send": {"apart"}}
