"""The house's own rules for policies, checked on Cedar's JSON of them and never on their text.

The form that a person can lift is `forbid (…) when {…} unless { context.approved.contains("<its own id>") }` with
`@approval`; `context.approved` stands nowhere else, so that an approval lifts exactly the policy that it names.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from console.model.bundles import Finding
from console.model.quorum import AGENT_OWNER, RESOURCE_OWNER
from console.policy.bundle import MANIFEST, ParsedBundle
from console.policy.parsed import Policy

_CONTEXT = {"Var": "context"}
_CLASS_ATTRIBUTES = frozenset({"data_class", "data_class_name", "highest_class", "highest_class_name", "restricted"})


def check_rules(parsed: ParsedBundle) -> tuple[Finding, ...]:
    """What single policies do against the rules, in their order."""
    findings: list[Finding] = []
    for policy in parsed.policies:
        for rule in (_approval, _template, _permit_only, _lone_approved):
            findings += rule(policy)
        findings += _groups(policy, parsed.groups)
    return tuple(findings)


def check_whole(parsed: ParsedBundle) -> tuple[Finding, ...]:
    """What the policies leave open together; to be asked of a bundle all of whose policies could be read."""
    return (*_highest_class(parsed.policies), *_tested(parsed))


def lifts_itself(policy: Policy) -> bool:
    """Whether a policy has exactly the form that a person can lift."""
    kinds = [condition["kind"] for condition in policy.est["conditions"]]
    own = {"contains": {"left": _approved(), "right": {"Value": policy.id}}}
    return (
        policy.effect == "forbid"
        and not policy.template
        and len(kinds) >= 2
        and kinds == ["when"] * (len(kinds) - 1) + ["unless"]
        and policy.est["conditions"][-1]["body"] == own
    )


def _approved() -> dict[str, Any]:
    return {".": {"left": _CONTEXT, "attr": "approved"}}


def _nodes(tree: Any) -> Iterator[Any]:
    """Every node of a JSON tree, without recursion, so that no depth of nesting can exhaust the stack."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Mapping):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _approval(policy: Policy) -> Iterator[Finding]:
    if "approval" not in policy.est.get("annotations", {}) or lifts_itself(policy):
        return
    if policy.effect == "permit":
        text = "A permit carries @approval; only a forbid can be lifted."
        fix = "Remove @approval, and put it on the forbid in the way."
    else:
        text = "The policy carries @approval, but has not the form that a person can lift."
        fix = f'Write: forbid (…) when {{…}} unless {{ context.approved.contains("{policy.id}") }}.'
    yield _error(policy, "approval_form", text, fix)


def _lone_approved(policy: Policy) -> Iterator[Finding]:
    """`context` may be looked into attribute by attribute only: used whole, it could carry `approved` anywhere."""
    liftable = bool(policy.quorum) and lifts_itself(policy)
    conditions = policy.est["conditions"][:-1] if liftable else policy.est["conditions"]
    looked_into = 0
    whole = 0
    for node in _nodes(conditions):
        if node == _CONTEXT:
            whole += 1
        for operator in (".", "has"):
            part = node.get(operator) if isinstance(node, Mapping) else None
            if isinstance(part, Mapping) and part.get("left") == _CONTEXT:
                looked_into += 1
                if part.get("attr") == "approved":
                    text = "The policy uses context.approved otherwise than to be lifted itself."
                    fix = "Use it only as the unless of a forbid with @approval, with the policy's own id."
                    yield _error(policy, "approved_use", text, fix)
    if whole > looked_into:
        text = "The policy uses context as a whole, and so context.approved with it."
        yield _error(policy, "context_whole", text, "Name the attribute of context that is meant.")


def _template(policy: Policy) -> Iterator[Finding]:
    marked = "grantable" in policy.est.get("annotations", {})
    if marked and not (policy.template and policy.effect == "permit"):
        fix = "Make it a permit with principal == ?principal and resource == ?resource, or remove @grantable."
        yield _error(policy, "grantable_form", "Only a permit template can be @grantable.", fix)
    elif policy.template and not marked:
        fix = 'Add @grantable("security:1"), or write out the principal and the resource.'
        yield _error(policy, "template_unused", "The template is not @grantable, so nothing can ever link it.", fix)
    elif policy.template and [policy.est[part] for part in ("principal", "resource")] != [
        {"op": "==", "slot": "?principal"},
        {"op": "==", "slot": "?resource"},
    ]:
        text = "A grantable template is not bound to one agent and one resource."
        yield _error(policy, "grantable_form", text, "Write principal == ?principal and resource == ?resource.")


def _permit_only(policy: Policy) -> Iterator[Finding]:
    if policy.max_ttl_seconds is not None and policy.effect == "forbid":
        yield _error(policy, "max_ttl_form", "A forbid carries @max_ttl.", "Put it on the permit that it bounds.")
    if policy.obligations and policy.effect == "forbid" and not policy.quorum:
        text = "A forbid that nobody can lift carries @obligation, which can never be owed."
        yield _error(policy, "obligation_form", text, "Put it on a permit or on a forbid with @approval.")


def _groups(policy: Policy, groups: Iterable[str]) -> Iterator[Finding]:
    known = {*groups, RESOURCE_OWNER, AGENT_OWNER}
    for part in (*policy.quorum, *policy.grantable):
        if groups and part.group not in known:
            text = f"The quorum names the group {part.group}, which the manifest does not list."
            yield _error(policy, "group_unknown", text, f"Use a group of {MANIFEST}, or add it there.")


def _highest_class(policies: Iterable[Policy]) -> Iterator[Finding]:
    guarded = any(policy.effect == "forbid" and _looks_at_class(policy) for policy in policies)
    if not guarded:
        yield Finding(
            severity="error",
            code="highest_class_open",
            file=MANIFEST,
            text="No forbid looks at how sensitive data is, so restricted data is guarded by permits alone.",
            fix="Add a forbid on resource.data_class, on context.chain.highest_class or on context.chain.rows.restricted.",
        )


def _looks_at_class(policy: Policy) -> bool:
    looked_at = (node["."] for node in _nodes(policy.est["conditions"]) if isinstance(node, Mapping) and "." in node)
    return any(part.get("attr") in _CLASS_ATTRIBUTES for part in looked_at if isinstance(part, Mapping))


def _tested(parsed: ParsedBundle) -> Iterator[Finding]:
    named = {policy_id for file in parsed.tests.values() for case in file.test for policy_id in case.policies or ()}
    for policy in parsed.policies:
        if policy.id not in named:
            yield Finding(
                severity="warning",
                code="policy_untested",
                file=policy.source.file,
                line=policy.source.line,
                policy_id=policy.id,
                text="No test names this policy among the determining ones.",
                fix="Add a test that it decides.",
            )


def _error(policy: Policy, code: str, text: str, fix: str) -> Finding:
    return Finding(
        severity="error",
        code=code,
        file=policy.source.file,
        line=policy.source.line,
        policy_id=policy.id,
        text=text,
        fix=fix,
    )
