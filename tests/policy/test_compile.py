"""Decisions: the three outcomes, what an approval and a grant do, and that every doubt is a deny."""

from dataclasses import replace

import cedarpy
import pytest

from console.model.base import Json
from console.model.decisions import Outcome
from console.policy.bundle import BundleRefused
from console.policy.compile import Compiled, compile_bundle
from console.policy.entities import entities_json, request
from console.policy.question import Answer, Link, Principal, Question
from console.policy.validate import validate
from tests.policy.policy_sample import ALL, SUPPORT, compiled_with, files_with, question, sample_files, unvalidated

LIFTABLE = """
@id("{id}") @reason("Somebody must agree to {id}.") @approval("{quorum}") @control("owasp_agentic_2026:ASI02")
forbid (principal, action, resource) when {{ {when} }} unless {{ context.approved.contains("{id}") }};
"""
LASTING = """
@id("never") @reason("Nobody can lift this.")
forbid (principal, action, resource) when { context.risk >= 50 };
"""
OVERFLOWING = """
@id("overflows") @reason("This forbid fails where a number grows too large.")
forbid (principal, action, resource) when { context.request.rows * 4611686018427387904 > 0 };
"""


def liftable(policy_id: str, when: str, quorum: str = "security:1") -> str:
    return LIFTABLE.format(id=policy_id, when=when, quorum=quorum)


def ask(bundle: Compiled, asked: Question, *approved: str, links: tuple[Link, ...] = ()) -> Answer:
    answer = bundle.decide(asked, approved=frozenset(approved), links=links)
    assert bundle.decide(asked, approved=frozenset(approved), links=links, sliced=False) == answer
    return answer


def ids(reasons: tuple[object, ...]) -> list[str]:
    return [getattr(reason, "policy_id", "") for reason in reasons]


def test_a_permit_allows_and_brings_its_conditions() -> None:
    permits = """
    @id("one") @reason("First.") @max_ttl("10m") @obligation("keep_copy") @control("owasp_nhi_2025:NHI7:2025")
    permit (principal in Team::"support", action, resource);
    @id("two") @reason("Second.") @max_ttl("90s") @obligation("mask")
    permit (principal in Role::"executor", action, resource);
    """
    bundle = compiled_with(permits)
    answer = ask(bundle, question(bundle))
    assert (answer.outcome, answer.code) == (Outcome.ALLOW, "permitted")
    assert ids(answer.determining) == ["one", "two"]
    assert answer.max_ttl_seconds == 90
    assert answer.obligations == ("keep_copy", "mask")
    assert answer.controls == ("owasp_nhi_2025:NHI7:2025",)
    assert (answer.blocking, answer.lifted, answer.grants, answer.errors) == ((), (), (), ())


def test_without_a_permit_nothing_is_allowed() -> None:
    bundle = compiled_with("")
    answer = ask(bundle, question(bundle))
    assert (answer.outcome, answer.code, answer.determining) == (Outcome.DENY, "no_permit", ())


def test_an_approvable_forbid_escalates_with_its_quorum() -> None:
    bundle = compiled_with(ALL + liftable("big", "context.risk >= 10", "security:1, resource-owner:1, agent-owner:1"))
    answer = ask(bundle, question(bundle))
    assert (answer.outcome, answer.code) == (Outcome.ESCALATE, "needs_approval")
    (reason,) = answer.blocking
    assert (reason.policy_id, reason.effect, reason.text) == ("big", "forbid", "Somebody must agree to big.")
    assert [(part.group, part.people) for part in reason.quorum] == [
        ("security", ()),
        ("resource-owner", ("lena",)),
        ("agent-owner", ()),
    ]
    assert answer.determining == answer.blocking
    assert bundle.approval("big")
    assert bundle.approval("all") == ()


def test_every_policy_in_the_way_is_named_and_all_must_be_approved() -> None:
    bundle = compiled_with(ALL + liftable("first", "context.risk >= 10") + liftable("second", "context.task.depth == 0"))
    asked = question(bundle)
    assert ids(ask(bundle, asked).blocking) == ["first", "second"]
    one = ask(bundle, asked, "first")
    assert (one.outcome, ids(one.blocking), one.lifted) == (Outcome.ESCALATE, ["second"], ("first",))
    both = ask(bundle, asked, "first", "second")
    assert (both.outcome, both.lifted) == (Outcome.ALLOW, ("first", "second"))


def test_an_approval_that_was_not_needed_is_not_lifted() -> None:
    bundle = compiled_with(ALL + liftable("needed", "context.risk >= 10") + liftable("spare", "context.risk >= 99"))
    answer = ask(bundle, question(bundle), "needed", "spare")
    assert (answer.outcome, answer.lifted) == (Outcome.ALLOW, ("needed",))


def test_a_forbid_without_approval_is_lifted_by_nobody() -> None:
    bundle = compiled_with(ALL + LASTING + liftable("big", "context.risk >= 10"))
    answer = ask(bundle, question(bundle, changes={"risk": 50}), "never", "big")
    assert (answer.outcome, answer.code, ids(answer.determining)) == (Outcome.DENY, "forbidden", ["never"])


def test_a_lasting_forbid_beside_an_approvable_one_denies() -> None:
    bundle = compiled_with(ALL + LASTING + liftable("big", "context.risk >= 10"))
    answer = ask(bundle, question(bundle, changes={"risk": 50}))
    assert (answer.outcome, answer.code, ids(answer.determining)) == (Outcome.DENY, "forbidden", ["big", "never"])


def test_no_approval_stands_in_for_a_permit() -> None:
    bundle = compiled_with(liftable("big", "context.risk >= 10"))
    answer = ask(bundle, question(bundle))
    assert (answer.outcome, answer.code, ids(answer.determining)) == (Outcome.DENY, "no_permit", ["big"])
    assert ask(bundle, question(bundle), "big").code == "no_permit"


def test_a_forbid_that_overflows_denies_though_it_validates_and_cedar_allows() -> None:
    files = files_with(ALL + OVERFLOWING)
    assert [finding for finding in validate(files) if finding.severity == "error"] == []
    bundle = compile_bundle(files)
    asked = question(bundle, changes={"request": {"rows": 5}})
    schema = cedarpy.Schema.from_str(files["schema.cedarschema"])
    entities = cedarpy.Entities.from_json_str(entities_json(asked.principal, asked.target), schema)
    raw = cedarpy.is_authorized(request(asked, ()), files["policies/own.cedar"], entities, schema)
    assert raw.decision is cedarpy.Decision.Allow
    answer = ask(bundle, asked)
    assert (answer.outcome, answer.code) == (Outcome.DENY, "engine_error")
    assert "overflow" in answer.errors[0]
    assert ask(bundle, question(bundle)).outcome is Outcome.ALLOW


@pytest.mark.parametrize(
    "condition",
    [
        "context.nothing_of_the_kind == 1",
        "resource.price > 3",
        "principal.badge.number == 7",
        "context.task.intent > 3",
        'context.environment.contains("x")',
    ],
)
@pytest.mark.parametrize("effect", ["forbid", "permit"])
def test_a_policy_that_fails_past_the_validator_denies(effect: str, condition: str) -> None:
    failing = f'@id("fails") @reason("It fails.") {effect} (principal, action, resource) when {{ {condition} }};'
    assert any(finding.code == "policy_types" for finding in validate(files_with(ALL + failing)))
    bundle = unvalidated(ALL + failing)
    answer = ask(bundle, question(bundle))
    assert (answer.outcome, answer.code) == (Outcome.DENY, "engine_error")
    assert "fails" in answer.errors[0]


def test_an_approval_does_not_cover_an_error() -> None:
    bundle = compiled_with(ALL + liftable("big", "context.risk >= 10") + OVERFLOWING)
    asked = question(bundle, changes={"request": {"rows": 5}})
    assert ask(bundle, asked).code == "engine_error"
    assert ask(bundle, asked, "big").code == "engine_error"


@pytest.mark.parametrize(
    "changes",
    [
        {"risk": "high"},
        {"risk": 1.5},
        {"risk": float("nan")},
        {"risk": 2**63},
        {"risk": None},
        {"surprise": True},
        {"task": "tk"},
        {"chain": {"rows": {"restricted": "many"}}},
    ],
)
def test_facts_that_do_not_fit_the_schema_deny(changes: dict[str, Json]) -> None:
    bundle = compiled_with(ALL)
    answer = ask(bundle, question(bundle, changes=changes))
    assert (answer.outcome, answer.code) == (Outcome.DENY, "engine_error")


def test_a_missing_fact_denies() -> None:
    bundle = compiled_with(ALL)
    asked = question(bundle)
    less = {key: value for key, value in asked.context.items() if key != "rights"}
    assert ask(bundle, replace(asked, context=less)).code == "engine_error"


def test_an_action_that_nothing_knows_denies() -> None:
    bundle = compiled_with(ALL)
    asked = replace(question(bundle), action="everything.delete")
    answer = bundle.decide(asked, approved=frozenset())
    assert (answer.outcome, answer.code) == (Outcome.DENY, "engine_error")
    assert bundle.tool("everything.delete") is None


def test_what_the_caller_puts_under_approved_counts_for_nothing() -> None:
    bundle = compiled_with(ALL + liftable("big", "context.risk >= 10"))
    asked = question(bundle, changes={"approved": ["big"]})
    assert ask(bundle, asked).outcome is Outcome.ESCALATE


@pytest.mark.parametrize(
    "name", ['x"', 'x"; permit(principal,action,resource);//', "a\nb", "\\", 'Agent::"boss"', "\u202eboss"]
)
def test_a_name_is_never_read_as_policy(name: str) -> None:
    bundle = compiled_with('@id("boss") @reason("Only one.") permit (principal == Agent::"boss", action, resource);')
    answer = ask(bundle, question(bundle, principal=replace(SUPPORT, name=name)))
    assert (answer.outcome, answer.errors) == (Outcome.DENY, ())
    boss = Principal("boss", "support", "executor")
    assert ask(bundle, question(bundle, principal=boss)).outcome is Outcome.ALLOW


TEMPLATE = """
@id("lent") @reason("A grant lends it.") @grantable("security:1") @max_ttl("60s")
permit (principal == ?principal, action == Action::"orders.read", resource == ?resource) when { context.risk < 90 };
"""


def test_a_grant_links_a_template_for_one_agent_and_one_resource() -> None:
    bundle = compiled_with(TEMPLATE)
    link = Link("lent", "gr_1", "support-executor", "crm/orders")
    asked = question(bundle)
    assert ask(bundle, asked).code == "no_permit"
    answer = ask(bundle, asked, links=(link,))
    assert (answer.outcome, answer.grants, ids(answer.determining)) == (Outcome.ALLOW, ("gr_1",), ["lent@gr_1"])
    assert answer.max_ttl_seconds == 60
    assert bundle.grantable("lent")
    for other in (
        replace(link, principal_name="support-planner"),
        replace(link, resource_name="crm/notes"),
        replace(link, template_id="all"),
        replace(link, template_id="unknown"),
    ):
        assert ask(bundle, asked, links=(other,)).code == "no_permit"


def test_a_grant_lifts_no_forbid_and_is_not_spent_where_it_is_not_needed() -> None:
    bundle = compiled_with(TEMPLATE + LASTING)
    link = Link("lent", "gr_1", "support-executor", "crm/orders")
    assert ask(bundle, question(bundle, changes={"risk": 50}), links=(link,)).code == "forbidden"
    permitted = compiled_with(TEMPLATE + ALL)
    answer = ask(permitted, question(permitted), links=(link, replace(link, grant_id="gr_2")))
    assert (answer.outcome, answer.grants) == (Outcome.ALLOW, ())
    two = ask(bundle, question(bundle), links=(replace(link, grant_id="gr_2"), link))
    assert two.grants == ("gr_2",)


def test_a_linked_policy_that_fails_denies() -> None:
    failing = TEMPLATE.replace("context.risk < 90", "context.request.rows * 4611686018427387904 < 90")
    bundle = compiled_with(ALL + failing)
    link = Link("lent", "gr_1", "support-executor", "crm/orders")
    asked = question(bundle, changes={"request": {"rows": 5}})
    assert ask(bundle, asked).outcome is Outcome.ALLOW
    assert ask(bundle, asked, links=(link,)).code == "engine_error"


def test_a_bundle_with_errors_does_not_compile() -> None:
    with pytest.raises(BundleRefused) as refused:
        compile_bundle({**sample_files(), "policies/wrong.cedar": "permit (principal, action, resource)"})
    (finding,) = refused.value.findings
    assert (finding.code, finding.file, finding.line) == ("policy_syntax", "policies/wrong.cedar", 1)


def test_policies_are_told_in_words() -> None:
    bundle = compile_bundle(sample_files())
    view = bundle.policy("restricted-goes-out")
    assert view is not None
    assert (view.effect, view.approval, view.template) == ("forbid", "security:1, resource-owner:1", False)
    assert view.text.startswith('@id("restricted-goes-out")')
    assert view.text.endswith(";")
    lent = bundle.policy("temporary-document-access@gr_1")
    assert lent is not None
    assert (lent.grantable, lent.template) == (True, True)
    assert bundle.policy("no-such-policy") is None
