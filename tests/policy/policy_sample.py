"""Bundles for the tests of policy: the sample estate's, and small ones with policies of the test's own."""

from collections.abc import Mapping
from pathlib import Path

from console.model.base import Json
from console.policy.bundle import read_bundle
from console.policy.compile import Compiled, compile_bundle
from console.policy.context import plain_context, with_changes
from console.policy.question import Principal, Question, Target

SAMPLE = Path(__file__).parents[2] / "sample_config" / "bundle"

SUPPORT = Principal("support-executor", "support", "executor", trust_domain="example.org")

GUARD = """
@id("class-guard") @reason("Restricted data is never read here.")
forbid (principal, action, resource) when { resource.data_class > 3 };
"""
ALL = '@id("all") @reason("Everything is permitted in this test.") permit (principal, action, resource);'


def sample_files() -> dict[str, str]:
    """The sample bundle's files by path."""
    return {path.relative_to(SAMPLE).as_posix(): path.read_text() for path in SAMPLE.rglob("*") if path.is_file()}


def files_with(policies: str, **changes: str) -> dict[str, str]:
    """The sample bundle with these policies alone, and without tests."""
    kept = {path: text for path, text in sample_files().items() if not path.startswith(("policies/", "tests/"))}
    return {**kept, "policies/own.cedar": policies + GUARD, **changes}


def compiled_with(policies: str) -> Compiled:
    """A validated bundle with these policies."""
    return compile_bundle(files_with(policies))


def unvalidated(policies: str) -> Compiled:
    """A bundle that the validator never saw: what evaluation does on its own."""
    return Compiled(read_bundle(files_with(policies)))


def question(
    bundle: Compiled,
    action: str = "orders.read",
    resource: str = "crm/orders",
    *,
    intent: str = "answer-customer",
    principal: Principal = SUPPORT,
    changes: Mapping[str, Json] | None = None,
) -> Question:
    """A question of an unremarkable task, with single facts changed."""
    tool, target = bundle.tool(action), bundle.resource(resource)
    assert tool is not None
    assert isinstance(target, Target)
    context = plain_context(tool, target, intent, bundle.intent(intent))
    return Question(principal, action, target, with_changes(context, changes or {}))
