"""Validation of what the engine judges: syntax, types, the schema against the facts, and texts made to exhaust it."""

import pytest

from console.model.bundles import Finding
from console.policy.validate import validate
from tests.policy.policy_sample import ALL, files_with, sample_files


def errors(files: dict[str, str]) -> list[Finding]:
    return [finding for finding in validate(files) if finding.severity == "error"]


@pytest.mark.parametrize(
    "body",
    [
        "permit (principal, action, resource) when { context.tsk.depth > 1 };",
        'permit (principal, action == Action::"orders.raed", resource);',
        'permit (principal in Crew::"a", action, resource);',
        'permit (principal, action, resource) when { context.risk > "high" };',
        "permit (principal, action, resource) when { principal.salary > 1 };",
    ],
)
def test_a_policy_that_does_not_fit_the_schema_is_found_at_its_line(body: str) -> None:
    found = errors(files_with(f'{ALL}\n\n// why\n@id("wrong") @reason("Wrong.")\n{body}'))
    assert {(finding.code, finding.policy_id, finding.line) for finding in found} == {("policy_types", "wrong", 4)}
    assert "policy0" not in found[0].text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n\npermit (principal, action resource);", 3),
        ('\n@id("a") permit (principal, action, resource) when { 1 + };', 2),
        (";", 1),
        (f"{ALL}\n;", 2),
        (f"{ALL}\npermit (principal, action, resource)", 2),
        (f'{ALL}\n@id("x) permit (principal, action, resource);', 2),
        (f'{ALL}\n@id("a") @id("b") permit (principal, action, resource);', 2),
    ],
)
def test_a_policy_that_does_not_parse_is_found_at_its_line(text: str, line: int) -> None:
    (found,) = errors({**files_with(""), "policies/wrong.cedar": text})
    assert (found.code, found.file, found.line) == ("policy_syntax", "policies/wrong.cedar", line)


@pytest.mark.parametrize(
    "body",
    [
        "(" * 50_000 + "true" + ")" * 50_000,
        "[" * 1_000 + "]" * 1_000,
        "{a:" * 1_000 + "1" + "}" * 1_000,
        "if true then true else " * 300 + "true",
        " && ".join(["context.risk > 1"] * 100),
        " || ".join(["true"] * 100_000),
        "context" + ".task" * 1_000,
        "!" * 5_000 + "true",
        '"' + "a" * 100_000 + '" == "a"',
        '("' + '\\"' * 50_000,
    ],
)
def test_a_text_that_would_exhaust_the_engine_is_a_finding(body: str) -> None:
    policy = f'@id("bomb") @reason("Too much.") permit (principal, action, resource) when {{ {body} }};'
    found = errors(files_with(ALL + policy))
    assert found
    assert {finding.code for finding in found} <= {"policy_too_large", "policy_syntax"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("entity Team;", "entity Team"),
        ("type Rows = {", "type Row = {"),
        ("  third_party: Bool,\n", ""),
        ("  third_party: Bool,\n", "  third_party: Bool,\n  salary: Long,\n"),
        ("entity Agent in [Team, Role]", "entity Agent in [Team]"),
        ("  risk: Long,\n  rights: Rights,", "  rights: Rights,"),
        ("  now: Long,\n", "  now: Long,\n  weather: String,\n"),
        ('"notes.write", ', ""),
        ("entity Role;", "entity Role { x: " + "Set<" * 20_000 + "String" + ">" * 20_000 + " };"),
    ],
)
def test_a_schema_that_does_not_take_the_facts_is_found(old: str, new: str) -> None:
    files = sample_files()
    assert old in files["schema.cedarschema"]
    found = errors({**files, "schema.cedarschema": files["schema.cedarschema"].replace(old, new)})
    assert "schema" in {finding.code for finding in found}
    assert found[0].file == "schema.cedarschema"


def test_validation_says_the_same_twice() -> None:
    files = files_with('@id("wrong") permit (principal, action, resource) when { context.x };')
    assert validate(files) == validate(files)
    assert [finding.code for finding in errors(files)] == ["policy_reason", "policy_types"]
