"""Slices: of all policies, those whose scope can cover a question, parsed once and kept as a handle.

A policy is left out only where its scope names an action, principal or resource that the question's are neither equal to
nor in. Such a policy cannot be satisfied, and Cedar looks at no condition of it, so that decision, reasons and errors are those
of the full set. Action groups are expanded by the engine itself.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cedarpy

from console.policy.entities import ACTION, AGENT, RESOURCE, Term, principal_terms, resource_terms, uid
from console.policy.mentions import Mentions
from console.policy.parsed import Policy
from console.policy.question import Principal, Target

_HANDLES = 4_096


@dataclass(frozen=True, slots=True)
class Slice:
    """The policies that can cover a question, the ids of the templates among them, and what of the context they mention."""

    handle: cedarpy.PolicySet
    templates: frozenset[str]
    size: int
    mentions: Mentions


def load_policies(policies: Iterable[Policy]) -> Slice:
    """The policies under their own ids, as one handle."""
    static: dict[str, Any] = {}
    templates: dict[str, Any] = {}
    chosen = list(policies)
    for policy in chosen:
        (templates if policy.template else static)[policy.id] = policy.est
    document = {"staticPolicies": static, "templates": templates, "templateLinks": []}
    handle = cedarpy.PolicySet.from_json_str(json.dumps(document), release_gil=True)
    return Slice(handle, frozenset(templates), len(static), Mentions.of(policy.est for policy in chosen))


class SliceIndex:
    """All policies by action, then by what their scopes say of principal and resource. `actions` are those to index."""

    def __init__(self, policies: Sequence[Policy], actions: Iterable[str], schema: cedarpy.Schema) -> None:
        groups = {name for policy in policies for name in _scope_entities(policy.est["action"])}
        self._buckets: dict[str, dict[tuple[Term | None, Term | None], list[Policy]]] = {}
        self._named: dict[str, frozenset[Term]] = {}
        for action, covering in groups_of(actions, groups, schema).items():
            buckets: dict[tuple[Term | None, Term | None], list[Policy]] = defaultdict(list)
            for policy in policies:
                if _covers(policy.est["action"], action, covering):
                    buckets[_term(policy.est["principal"]), _term(policy.est["resource"])].append(policy)
            self._buckets[action] = dict(buckets)
            self._named[action] = frozenset(term for key in buckets for term in key if term is not None)

        @lru_cache(maxsize=_HANDLES)
        def handle(action: str, named: tuple[Term, ...]) -> Slice:
            return load_policies(self._gather(action, named))

        self._handle = handle

    def find(self, principal: Principal, action: str, target: Target) -> Slice:
        """The slice for a question. An action that is not indexed has an empty one, which permits nothing."""
        named = self._named.get(action, frozenset())
        terms = (*principal_terms(principal), *resource_terms(target))
        return self._handle(action, tuple(term for term in terms if term in named))

    def _gather(self, action: str, named: tuple[Term, ...]) -> list[Policy]:
        buckets = self._buckets.get(action, {})
        ends = (None, *named)
        return [policy for first in ends for second in ends for policy in buckets.get((first, second), ())]


def groups_of(actions: Iterable[str], names: Iterable[str], schema: cedarpy.Schema) -> dict[str, frozenset[str]]:
    """For each action, which of the named actions and groups it is or is in, as the engine sees the schema."""
    probes = {
        name: {
            "effect": "permit",
            "principal": {"op": "All"},
            "action": {"op": "in", "entity": uid((ACTION, name))},
            "resource": {"op": "All"},
            "conditions": [],
        }
        for name in names
    }
    policies = cedarpy.PolicySet.from_json_str(json.dumps({"staticPolicies": probes, "templates": {}, "templateLinks": []}))
    entities = cedarpy.Entities.from_json_str("[]", schema)
    found = {}
    for action in actions:
        asked = {"principal": uid((AGENT, "-")), "action": uid((ACTION, action)), "resource": uid((RESOURCE, "-"))}
        result = cedarpy.is_authorized({**asked, "context": {}}, policies, entities)
        found[action] = frozenset(result.diagnostics.reasons)
    return found


def _scope_entities(scope: Mapping[str, Any]) -> tuple[str, ...]:
    named = scope.get("entities") or ([scope["entity"]] if "entity" in scope else [])
    return tuple(entity["id"] for entity in named if entity["type"] == ACTION)


def _covers(scope: Mapping[str, Any], action: str, covering: frozenset[str]) -> bool:
    if scope["op"] == "All":
        return True
    named = _scope_entities(scope)
    return action in named if scope["op"] == "==" else not covering.isdisjoint(named)


def _term(scope: Mapping[str, Any]) -> Term | None:
    """The one entity that a principal or resource must be or be in, or None where the scope does not name one."""
    place = scope.get("in", scope)
    entity = place.get("entity")
    return (entity["type"], entity["id"]) if entity is not None else None
