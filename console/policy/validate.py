"""Validation: the one function that the editor runs locally and the plane runs again before anything is published.

Form and tables first, then each policy against the schema, then the house's rules, then whether the schema takes the
facts that the plane will ask with: a schema that does not would turn every decision into an engine error.
"""

import re
from collections.abc import Iterator, Mapping

import cedarpy

from console.model.bundles import Finding
from console.model.scales import DataClass
from console.policy.bundle import SCHEMA, ParsedBundle, ResourceIndex, has_errors, parse_bundle
from console.policy.context import plain_context
from console.policy.entities import entities_json, request
from console.policy.parsed import Policy
from console.policy.question import Principal, Question, Target
from console.policy.rules import check_rules, check_whole
from console.policy.source import MAX_NESTING, line_of, nesting

_PREFIX = re.compile(r"^for policy `policy\d+`, ")
_ACTION = re.compile(r' for Action::"[^"]*"')


def validate(files: Mapping[str, str]) -> tuple[Finding, ...]:
    """All that is wrong or noteworthy in a bundle; it may be published where no finding is an error."""
    return check(files)[1]


def check(files: Mapping[str, str]) -> tuple[ParsedBundle | None, tuple[Finding, ...]]:
    """The bundle as parsed, if its form allows, with every finding."""
    parsed, findings = parse_bundle(files)
    if parsed is None:
        return None, findings
    if nesting(parsed.schema, "([{<", ")]}>") > MAX_NESTING:
        return parsed, (*findings, _schema_error(parsed.schema, f"The schema is nested more than {MAX_NESTING} deep."))
    if not parsed.schema.strip():
        return parsed, findings
    try:
        schema = cedarpy.Schema.from_str(parsed.schema, release_gil=True)
    except ValueError as error:
        return parsed, (*findings, _schema_error(parsed.schema, f"The schema does not parse: {error}."))
    found = [*findings, *_check_facts(parsed, schema)]
    for policy in parsed.policies:
        found += _check_types(policy, schema)
    found += check_rules(parsed)
    if not has_errors(findings):
        found += check_whole(parsed)
    return parsed, tuple(found)


def _check_types(policy: Policy, schema: cedarpy.Schema) -> Iterator[Finding]:
    result = cedarpy.validate_policies(policy.source.text, schema, release_gil=True)
    # The engine tells the same of every action that the policy covers, in no order.
    texts = {_ACTION.sub("", _PREFIX.sub("", error.error)) for error in result.errors}
    for text in sorted(texts):
        yield Finding(
            severity="error",
            code="policy_types",
            file=policy.source.file,
            line=policy.source.line,
            policy_id=policy.id,
            text=f"The policy does not fit the schema: {text}.",
            fix="Correct the name or the type; every optional attribute needs a `has` before it.",
        )
    if not result.validation_passed and not result.errors:
        yield Finding(
            severity="error",
            code="policy_types",
            file=policy.source.file,
            line=policy.source.line,
            policy_id=policy.id,
            text="The policy does not fit the schema, and the engine does not say where.",
            fix="Compare it with the schema.",
        )


def _check_facts(parsed: ParsedBundle, schema: cedarpy.Schema) -> Iterator[Finding]:
    """Asks the schema, with no policies, one question of each tool about the bundle's first resource."""
    principal = Principal(name="an-agent", team="a-team", role="a-role", trust_domain="example.org")
    target = ResourceIndex(parsed.resources).find(parsed.resources[0].pattern.replace("*", "x"))
    target = target or Target("x", DataClass.PUBLIC, parsed.resources[0].audience, parsed.resources[0].environment)
    try:
        entities = cedarpy.Entities.from_json_str(entities_json(principal, target), schema)
    except ValueError as error:
        fix = "Declare Agent in [Team, Role] and Resource in [Audience] with the attributes of the sample bundle."
        yield _schema_error(parsed.schema, f"The schema does not take agents and resources as they are: {error}.", fix)
        return
    nothing = cedarpy.PolicySet.from_str("")
    intent = next(iter(parsed.intents.values()))
    for tool in parsed.tools.values():
        question = Question(principal, tool.action, target, plain_context(tool, target, intent.name, intent))
        result = cedarpy.is_authorized(request(question, ()), nothing, entities, schema)
        for refusal in result.diagnostics.errors:
            fix = "Declare the action for Agent, Resource and the context of the sample bundle."
            yield _schema_error(parsed.schema, f"The schema does not take the action {tool.action}: {refusal}.", fix)


def _schema_error(schema: str, text: str, fix: str = "Correct the schema.") -> Finding:
    """A finding about the schema, on the line of the first name between backquotes or quotes that can be found in it."""
    named = re.findall(r"[`\"]([^`\"]{1,80})[`\"]", text)
    line = next((found for name in named if (found := line_of(schema, re.escape(name)))), None)
    return Finding(severity="error", code="schema", file=SCHEMA, line=line, text=text, fix=fix)
