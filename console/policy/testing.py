"""Policy tests: questions with expected answers, kept in the bundle and run by the same engine that decides."""

from collections.abc import Iterator, Mapping

from console.model.bundles import TestResult
from console.model.decisions import Outcome
from console.policy.compile import Compiled, compile_bundle
from console.policy.context import plain_context, with_changes
from console.policy.question import Answer, Link, Principal, Question
from console.policy.tables import TestAgent, TestCase

_GRANT = "gr_00000000000000000000000000"


def run_tests(bundle: Compiled | Mapping[str, str]) -> tuple[TestResult, ...]:
    """Every test of a bundle, in order of files; takes a compiled bundle or its files.

    Raises BundleRefused where the files do not compile.
    """
    compiled = bundle if isinstance(bundle, Compiled) else compile_bundle(bundle)
    return tuple(_run_all(compiled))


def _run_all(compiled: Compiled) -> Iterator[TestResult]:
    for path, file in compiled.parsed.tests.items():
        for case in file.test:
            yield _run(compiled, path, case, file.agents)


def _run(compiled: Compiled, path: str, case: TestCase, agents: Mapping[str, TestAgent]) -> TestResult:
    expected = _expected(case)
    question = question_of(compiled, case, agents)
    if isinstance(question, str):
        return TestResult(name=case.name, file=path, passed=False, expected=expected, got="not asked", detail=question)
    links = tuple(Link(template, _GRANT, case.agent, case.resource) for template in case.grants)
    answer = compiled.decide(question, approved=frozenset(case.approved), links=links)
    names = tuple(sorted(reason.policy_id.partition("@")[0] for reason in answer.determining))
    passed = (
        answer.outcome is Outcome(case.expect)
        and case.code in (None, answer.code)
        and (case.policies is None or tuple(sorted(case.policies)) == names)
    )
    got = f"{answer.outcome.value} {answer.code}: {', '.join(names) or 'no policy'}"
    return TestResult(name=case.name, file=path, passed=passed, expected=expected, got=got, detail=_detail(answer))


def question_of(compiled: Compiled, case: TestCase, agents: Mapping[str, TestAgent]) -> Question | str:
    """The question that a test asks, or a sentence that says what it names and the bundle does not know."""
    agent, tool, target = agents.get(case.agent), compiled.tool(case.action), compiled.resource(case.resource)
    if agent is None:
        return f"The file describes no agent {case.agent}."
    if tool is None:
        return f"No tool carries out {case.action}."
    if target is None:
        return f"No entry describes the resource {case.resource}."
    principal = Principal(
        name=case.agent,
        team=agent.team,
        role=agent.role,
        environment=agent.environment,
        critical=agent.critical,
        third_party=agent.third_party,
        trust_domain=agent.trust_domain,
    )
    context = plain_context(tool, target, case.intent, compiled.intent(case.intent))
    return Question(principal, case.action, target, with_changes(context, case.context))


def _expected(case: TestCase) -> str:
    names = "" if case.policies is None else f": {', '.join(sorted(case.policies)) or 'no policy'}"
    return f"{case.expect}{f' {case.code}' if case.code else ''}{names}"


def _detail(answer: Answer) -> str:
    return "; ".join(answer.errors) or "; ".join(reason.text for reason in answer.determining)
