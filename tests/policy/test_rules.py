"""The house's rules: each is broken once, found under its code, at its line; and the one right form is accepted."""

import pytest

from console.policy.validate import validate
from tests.policy.policy_sample import ALL, files_with, sample_files

GOOD = """
@id("mine") @reason("Somebody must agree.") @approval("security:1, resource-owner:1")
forbid (principal, action, resource) when { context.risk > 50 } when { context.tool.outward }
unless { context.approved.contains("mine") };
@id("lent") @reason("A grant lends it.") @grantable("security:1") @max_ttl("5m")
permit (principal == ?principal, action == Action::"orders.read", resource == ?resource);
"""


def errors(policies: str) -> list[tuple[str, str | None]]:
    found = validate(files_with(policies))
    return [(finding.code, finding.policy_id) for finding in found if finding.severity == "error"]


def test_the_right_forms_are_accepted() -> None:
    assert errors(ALL + GOOD) == []


APPROVED = 'context.approved.contains("mine")'


@pytest.mark.parametrize(
    "scope",
    [
        f"permit (principal, action, resource) unless {{ {APPROVED} }};",
        f"permit (principal, action, resource) when {{ {APPROVED} }};",
        "forbid (principal, action, resource) when { context.risk > 50 };",
        f"forbid (principal, action, resource) unless {{ {APPROVED} }};",
        f"forbid (principal, action, resource) unless {{ {APPROVED} }} when {{ context.risk > 50 }};",
        f"forbid (principal, action, resource) when {{ context.risk > 50 }} when {{ !{APPROVED} }};",
        f"forbid (principal, action, resource) when {{ context.risk > 50 }} unless {{ {APPROVED} || true }};",
        'forbid (principal, action, resource) when { context.risk > 50 } unless { context.approved.contains("other") };',
        'forbid (principal, action, resource) when { context.risk > 50 } unless { context.approved.containsAll(["mine"]) };',
        f"forbid (principal, action, resource) when {{ context.risk > 50 }} unless {{ true }} unless {{ {APPROVED} }};",
    ],
)
def test_any_other_form_with_approval_is_refused(scope: str) -> None:
    assert ("approval_form", "mine") in errors(f'@id("mine") @reason("Wrong.") @approval("security:1") {scope}')


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ('context.approved.contains("mine")', "approved_use"),
        ('context.approved.contains("other")', "approved_use"),
        ('context["approved"].contains("mine")', "approved_use"),
        ("context has approved", "approved_use"),
        ('!(context.approved.containsAny(["mine"]))', "approved_use"),
        ('(if context.risk > 1 then context else context).approved.contains("mine")', "context_whole"),
        ('{a: context}.a.approved.contains("mine")', "context_whole"),
        ("[context].isEmpty()", "context_whole"),
    ],
)
@pytest.mark.parametrize("effect", ["permit", "forbid"])
def test_approved_is_used_nowhere_else(effect: str, condition: str, code: str) -> None:
    found = errors(f'@id("mine") @reason("Wrong.") {effect} (principal, action, resource) when {{ {condition} }};')
    assert (code, "mine") in found


def test_an_approvable_policy_may_not_look_at_approvals_in_its_when_either() -> None:
    sneaky = GOOD.replace("context.risk > 50", 'context.approved.contains("mine")')
    assert ("approved_use", "mine") in errors(ALL + sneaky)


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("permit (principal == ?principal, action, resource == ?resource);", "template_unused"),
        ('@grantable("security:1") permit (principal, action, resource);', "grantable_form"),
        ('@grantable("security:1") forbid (principal == ?principal, action, resource == ?resource);', "grantable_form"),
        ('@grantable("security:1") permit (principal == ?principal, action, resource);', "grantable_form"),
        ('@grantable("security:1") permit (principal in ?principal, action, resource in ?resource);', "grantable_form"),
        ('@grantable("security") permit (principal == ?principal, action, resource == ?resource);', "policy_quorum"),
        ('@grantable("nobodies:1") permit (principal == ?principal, action, resource == ?resource);', "group_unknown"),
        ('@approval("security:0") forbid (principal, action, resource);', "policy_quorum"),
        ('@approval("") forbid (principal, action, resource);', "policy_quorum"),
        ('@max_ttl("5m") forbid (principal, action, resource);', "max_ttl_form"),
        ('@max_ttl("5 weeks") permit (principal, action, resource);', "policy_max_ttl"),
        ('@max_ttl("9h") permit (principal, action, resource);', "policy_max_ttl"),
        ('@obligation("keep copy") permit (principal, action, resource);', "policy_obligation"),
        ('@obligation("keep_copy") forbid (principal, action, resource);', "obligation_form"),
        ('@control("NHI7") permit (principal, action, resource);', "policy_control"),
        ('@aproval("security:1") forbid (principal, action, resource);', "policy_annotation"),
    ],
)
def test_each_annotation_is_checked(policy: str, code: str) -> None:
    assert (code, "mine") in errors(f'@id("mine") @reason("Wrong.") {policy}')


def test_every_policy_says_why_and_has_an_id_of_its_own() -> None:
    assert ("policy_reason", "mine") in errors('@id("mine") permit (principal, action, resource);')
    assert ("policy_id", None) in errors('@reason("Who?") permit (principal, action, resource);')
    assert ("policy_id", None) in errors('@id("gr@1") @reason("Who?") permit (principal, action, resource);')
    assert ("policy_id_twice", "all") in errors(ALL + ALL)


def test_an_id_used_twice_is_found_across_files() -> None:
    files = {**files_with(ALL), "policies/second.cedar": "\n\n" + ALL}
    (finding,) = [finding for finding in validate(files) if finding.severity == "error"]
    assert (finding.code, finding.file, finding.line) == ("policy_id_twice", "policies/second.cedar", 3)
    assert "policies/own.cedar" in finding.text


def test_restricted_data_must_be_guarded_by_a_forbid() -> None:
    files = {**files_with(""), "policies/own.cedar": ALL}
    assert [finding.code for finding in validate(files) if finding.severity == "error"] == ["highest_class_open"]


def test_an_untested_policy_is_a_warning() -> None:
    found = [finding for finding in validate(files_with(ALL)) if finding.severity == "warning"]
    assert [(finding.code, finding.policy_id) for finding in found] == [
        ("policy_untested", "all"),
        ("policy_untested", "class-guard"),
    ]


def test_the_sample_bundle_has_no_findings_at_all() -> None:
    assert validate(sample_files()) == ()
