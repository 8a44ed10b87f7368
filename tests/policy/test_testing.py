"""The bundle's own tests: they run, they can fail, and in the sample bundle they notice the loss of any policy."""

import pytest

from console.policy.bundle import BundleRefused, read_bundle
from console.policy.compile import Compiled, compile_bundle
from console.policy.source import split_policies
from console.policy.testing import run_tests
from tests.policy.policy_sample import SAMPLE, compiled_with, files_with, sample_files

POLICIES = [
    (path.name, number)
    for path in sorted((SAMPLE / "policies").glob("*.cedar"))
    for number, _ in enumerate(split_policies(path.name, path.read_text()))
]

CASES = """
[agents.support-executor]
team = "support"
role = "executor"

[[test]]
name = "as it is"
agent = "support-executor"
action = "orders.read"
resource = "crm/orders"
intent = "answer-customer"
expect = "{expect}"
{more}
"""


def run(expect: str, more: str = "", policies: str = "") -> tuple[bool, str, str]:
    files = files_with(policies, **{"tests/own.toml": CASES.format(expect=expect, more=more)})
    (result,) = run_tests(files)
    assert (result.name, result.file) == ("as it is", "tests/own.toml")
    return result.passed, result.got, result.detail


def test_the_sample_bundle_passes_its_tests() -> None:
    results = run_tests(compile_bundle(sample_files()))
    assert len(results) >= 25
    assert [result for result in results if not result.passed] == []
    outcomes = {result.expected.split()[0].rstrip(":") for result in results}
    assert outcomes == {"allow", "deny", "escalate"}


@pytest.mark.parametrize(("name", "number"), POLICIES)
def test_the_sample_tests_notice_the_loss_of_a_policy(name: str, number: int) -> None:
    files = sample_files()
    path = f"policies/{name}"
    lost = list(split_policies(path, files[path]))[number].text
    weaker = Compiled(read_bundle({**files, path: files[path].replace(lost, "")}))
    assert len(weaker.policies) == len(POLICIES) - 1
    assert any(not result.passed for result in run_tests(weaker))


def test_a_test_fails_on_outcome_code_or_policies() -> None:
    assert run("deny") == (True, "deny no_permit: no policy", "")
    assert run("allow")[0] is False
    assert run("deny", 'code = "forbidden"')[0] is False
    assert run("deny", 'policies = ["class-guard"]')[0] is False
    assert run("deny", 'code = "no_permit"\npolicies = []')[0] is True


def test_a_test_that_names_what_the_bundle_does_not_know_fails() -> None:
    files = files_with("")
    for old, new, sentence in (
        ('agent = "support-executor"', 'agent = "stranger"', "no agent stranger"),
        ('action = "orders.read"', 'action = "orders.burn"', "carries out orders.burn"),
        ('resource = "crm/orders"', 'resource = "attic"', "resource attic"),
    ):
        text = CASES.format(expect="deny", more="").replace(old, new)
        (result,) = run_tests({**files, "tests/own.toml": text})
        assert result.passed is False
        assert sentence in result.detail


def test_tests_of_a_bundle_that_does_not_compile_are_refused() -> None:
    with pytest.raises(BundleRefused):
        run_tests(files_with("permit"))


def test_a_bundle_without_tests_has_no_results() -> None:
    assert run_tests(compiled_with("")) == ()
