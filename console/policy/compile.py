"""A bundle's revision made ready to decide: everything parsed once. It owns the three outcomes.

Cedar answers allow or deny, and a policy that fails to evaluate is skipped by it, a `forbid` too. Here every diagnostic
error is a deny, whatever Cedar answered beside it.
"""

import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import cedarpy

from console.model.base import Json
from console.model.bundles import Finding, PolicyView
from console.model.decisions import Outcome, PolicyReason, QuorumPart
from console.model.scales import DataClass
from console.policy.bundle import BundleRefused, IntentFacts, ParsedBundle, ResourceIndex, Tool, has_errors
from console.policy.context import plain_context, with_changes
from console.policy.entities import EntityLoader, request
from console.policy.kept import KeptAnswers
from console.policy.mentions import Mentions, same_shape
from console.policy.parsed import Policy
from console.policy.question import Answer, Link, Principal, Question, ResourceFacts
from console.policy.rules import lifts_itself
from console.policy.slices import Slice, SliceIndex, load_policies
from console.policy.tables import Limits
from console.policy.validate import check

_MAX_LINKS = 32


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the engine answered once."""

    allowed: bool
    reasons: tuple[str, ...]
    errors: tuple[str, ...]


class Compiled:
    """One revision of a bundle, immutable, safe to use from several threads.

    `digest` names the revision's files, `findings` are the warnings it was validated with, `limits` its bounds.
    """

    def __init__(self, parsed: ParsedBundle, findings: Iterable[Finding] = (), *, cached_answers: int = 0) -> None:
        """`cached_answers` is how many answers are kept for questions that are asked again; 0 keeps none."""
        self.parsed = parsed
        self.digest = parsed.digest
        self.name = parsed.name
        self.limits: Limits = parsed.limits
        self.findings = tuple(findings)
        self.policies: tuple[PolicyView, ...] = tuple(policy.view() for policy in parsed.policies)
        self._by_id = {policy.id: policy for policy in parsed.policies}
        self._approvable = frozenset(policy.id for policy in parsed.policies if policy.quorum and lifts_itself(policy))
        self._resources = ResourceIndex(parsed.resources)
        self._schema = cedarpy.Schema.from_str(parsed.schema, release_gil=True)
        self._entities = EntityLoader(self._schema)
        self._slices = SliceIndex(parsed.policies, parsed.tools, self._schema)
        self._full: Slice | None = None
        self._shapes = accepted_shapes(self.tools, self._schema)
        self.kept = KeptAnswers(cached_answers) if cached_answers > 0 else None

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What the bundle says of each action."""
        return tuple(self.parsed.tools.values())

    @property
    def intents(self) -> tuple[IntentFacts, ...]:
        """The intents that a task may declare."""
        return tuple(self.parsed.intents.values())

    def tool(self, action: str) -> Tool | None:
        """The tool that carries out an action, or None where the bundle knows none."""
        return self.parsed.tools.get(action)

    def resource(self, name: str) -> ResourceFacts | None:
        """The facts of a resource by its longest matching pattern; None, which callers must deny, where nothing matches."""
        return self._resources.find(name)

    def intent(self, purpose: str) -> IntentFacts | None:
        """An intent by its name, or None where the bundle does not know it."""
        return self.parsed.intents.get(purpose)

    def approval(self, policy_id: str) -> tuple[QuorumPart, ...]:
        """The quorum that lifts a policy; empty where nobody can lift it, or where there is no such policy."""
        return self._by_id[policy_id].quorum if policy_id in self._approvable else ()

    def grantable(self, template_id: str) -> tuple[QuorumPart, ...]:
        """The quorum that may link a template by a grant; empty where it is not grantable, or there is no such template."""
        policy = self._by_id.get(template_id)
        return policy.grantable if policy else ()

    def policy(self, policy_id: str) -> PolicyView | None:
        """One policy as people read it; a linked template is found under its link's id too."""
        policy = self._by_id.get(policy_id.partition("@")[0])
        return policy.view() if policy else None

    def decide(
        self, question: Question, *, approved: frozenset[str], links: tuple[Link, ...] = (), sliced: bool = True
    ) -> Answer:
        """The outcome of a question, given the ids whose quorum is met and the templates that grants link.

        Ids that nobody can lift count for nothing in `approved`, and links to other agents or resources for nothing in
        `links`. `sliced` False asks all policies at once, which answers the same, slower.
        """
        given = approved & self._approvable
        fits = sliced and same_shape(self._shapes.get(question.action), dict(question.context))
        try:
            found = self._slice(question, sliced=sliced)
            key = self._key(question, found, given, links) if fits and self.kept is not None else None
            kept = self.kept.get(key) if self.kept is not None and key is not None else None
            if kept is not None:
                return kept
            answer = self._decide(question, found, given, links, found.mentions if fits else None)
        except ValueError as error:
            return _engine_error((str(error),))
        if self.kept is not None and key is not None and not answer.errors:
            self.kept.keep(key, answer)
        return answer

    def _key(self, question: Question, found: Slice, given: frozenset[str], links: tuple[Link, ...]) -> Hashable:
        """Everything that an answer of this revision depends on; None where it depends on the time."""
        if not found.mentions.timeless:
            return None
        facts = json.dumps(found.mentions.choose(question.context))
        return self.digest, question.principal, question.action, question.target, facts, given, links

    def _decide(
        self, question: Question, found: Slice, given: frozenset[str], links: tuple[Link, ...], mentions: Mentions | None
    ) -> Answer:
        """Ask the engine, until it permits or cannot be lifted further. Raises ValueError where it cannot be asked."""
        entities = self._entities.load(question.principal, question.target)
        policies, linked = self._linked(found, question, links)

        def ask(ids: frozenset[str]) -> _Asked:
            return self._ask(policies, entities, request(question, ids, mentions), mentions)

        first = ask(given)
        added: frozenset[str] = frozenset()
        last = first
        while not last.errors and not last.allowed:
            more = frozenset(last.reasons) - given - added
            if not more or not more <= self._approvable:
                break
            added |= more
            last = ask(given | added)
        bare = ask(frozenset()) if given and last.allowed else last
        errors = (*last.errors, *bare.errors)
        if errors:
            return _engine_error(errors, self._reasons(last.reasons, linked, question))
        if not last.allowed:
            return self._deny(question, linked, (*first.reasons, *added, *last.reasons))
        lifted = tuple(sorted(given.intersection(bare.reasons)))
        return self._permit(question, linked, last, lifted, tuple(sorted(added)))

    def _deny(self, question: Question, linked: Mapping[str, Link], reasons: Iterable[str]) -> Answer:
        forbids = tuple(sorted(set(reasons)))
        lasting = any(reason not in self._approvable for reason in forbids)
        return Answer(
            outcome=Outcome.DENY,
            code="forbidden" if lasting else "no_permit",
            determining=self._reasons(forbids, linked, question),
            controls=self._controls(forbids, linked),
        )

    def _permit(
        self, question: Question, linked: Mapping[str, Link], last: _Asked, lifted: tuple[str, ...], added: tuple[str, ...]
    ) -> Answer:
        permits = [self._policy(reason, linked) for reason in sorted(last.reasons)]
        spans = [policy.max_ttl_seconds for policy in permits if policy.max_ttl_seconds is not None]
        in_force = (*permits, *(self._by_id[policy_id] for policy_id in (*lifted, *added)))
        obligations = tuple(sorted({name for policy in in_force for name in policy.obligations}))
        blocking = self._reasons(added, linked, question)
        return Answer(
            outcome=Outcome.ESCALATE if added else Outcome.ALLOW,
            code="needs_approval" if added else "permitted",
            determining=blocking or self._reasons(last.reasons, linked, question),
            blocking=blocking,
            lifted=lifted,
            grants=self._grants(last.reasons, linked),
            obligations=obligations,
            max_ttl_seconds=min(spans, default=None),
            controls=self._controls((*last.reasons, *lifted, *added), linked),
        )

    @staticmethod
    def _grants(reasons: Iterable[str], linked: Mapping[str, Link]) -> tuple[str, ...]:
        """The one grant that the permission rests on: none where a policy of the bundle permits it anyway."""
        permits = set(reasons)
        if not permits <= set(linked):
            return ()
        return next(((link.grant_id,) for policy_id, link in linked.items() if policy_id in permits), ())

    def _slice(self, question: Question, *, sliced: bool) -> Slice:
        if sliced:
            return self._slices.find(question.principal, question.action, question.target)
        self._full = self._full or load_policies(self.parsed.policies)
        return self._full

    def _linked(
        self, found: Slice, question: Question, links: tuple[Link, ...]
    ) -> tuple[cedarpy.PolicySet, Mapping[str, Link]]:
        """The policies to ask and, by id, the links among them."""
        wanted = {
            link.policy_id: link
            for link in links
            if link.template_id in found.templates
            and self.grantable(link.template_id)
            and link.principal_name == question.principal.name
            and link.resource_name == question.target.name
        }
        if not wanted:
            return found.handle, {}
        linked = dict(list(wanted.items())[:_MAX_LINKS])
        values = {
            "?principal": {"type": "Agent", "id": question.principal.name},
            "?resource": {"type": "Resource", "id": question.target.name},
        }
        batch = [{"template_id": link.template_id, "new_id": key, "values": values} for key, link in linked.items()]
        return found.handle.with_linked_batch(batch), linked

    def _ask(
        self, policies: cedarpy.PolicySet, entities: cedarpy.Entities, asked: dict[str, Any], mentions: Mentions | None
    ) -> _Asked:
        """One answer of the engine. A part of a context has no schema of its own; the whole is checked against it."""
        try:
            result = cedarpy.is_authorized(asked, policies, entities, self._schema if mentions is None else None)
            decision, found = result.decision, result.diagnostics
        except (ValueError, TypeError, KeyError) as error:
            return _Asked(False, (), (f"the engine did not answer: {error}",))
        errors = tuple(found.errors)
        if decision is cedarpy.Decision.NoDecision and not errors:
            errors = ("the engine came to no decision",)
        return _Asked(decision is cedarpy.Decision.Allow, tuple(found.reasons), errors)

    def _policy(self, policy_id: str, linked: Mapping[str, Link]) -> Policy:
        link = linked.get(policy_id)
        return self._by_id[link.template_id if link else policy_id]

    def _reasons(self, ids: Iterable[str], linked: Mapping[str, Link], question: Question) -> tuple[PolicyReason, ...]:
        owners = question.target.owners
        return tuple(self._policy(policy_id, linked).as_reason(policy_id, owners) for policy_id in sorted(ids))

    def _controls(self, ids: Iterable[str], linked: Mapping[str, Link]) -> tuple[str, ...]:
        return tuple(sorted({control for policy_id in ids for control in self._policy(policy_id, linked).controls}))


def accepted_shapes(tools: Iterable[Tool], schema: cedarpy.Schema) -> dict[str, dict[str, Json]]:
    """For each action whose plain context the schema accepts whole, that context: the names and types to be had."""
    principal = Principal(name="an-agent", team="a-team", role="a-role", trust_domain="example.org")
    target = ResourceFacts("x", DataClass.PUBLIC, "an-audience", "production")
    entities = cedarpy.Entities.from_json_str("[]", schema)
    nothing = cedarpy.PolicySet.from_str("")
    found: dict[str, dict[str, Json]] = {}
    for tool in tools:
        context = with_changes(plain_context(tool, target, "an-intent", None), {"chain": {"tools": ["a-tool"]}})
        question = Question(principal, tool.action, target, context)
        if not cedarpy.is_authorized(request(question, ("an-id",)), nothing, entities, schema).diagnostics.errors:
            found[tool.action] = context
    return found


def compile_bundle(files: Mapping[str, str], *, cached_answers: int = 0) -> Compiled:
    """A bundle, validated and made ready to decide; `cached_answers` as `Compiled` has it.

    Raises BundleRefused with all findings where one of them is an error.
    """
    parsed, findings = check(files)
    if parsed is None or has_errors(findings):
        raise BundleRefused(findings)
    return Compiled(parsed, findings, cached_answers=cached_answers)


def _engine_error(errors: tuple[str, ...], reasons: tuple[PolicyReason, ...] = ()) -> Answer:
    return Answer(outcome=Outcome.DENY, code="engine_error", determining=reasons, errors=tuple(sorted(set(errors))))
