"""A bundle's revision made ready to decide: everything parsed once. It owns the three outcomes.

Cedar answers allow or deny, and a policy that fails to evaluate is skipped by it, a `forbid` too. Here every diagnostic
error is a deny, whatever Cedar answered beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import cedarpy

from console.model.bundles import Finding, PolicyView
from console.model.decisions import Outcome, PolicyReason, QuorumPart
from console.policy.bundle import BundleRefused, IntentFacts, ParsedBundle, ResourceIndex, Tool, has_errors
from console.policy.entities import EntityLoader, request
from console.policy.parsed import Policy
from console.policy.question import Answer, Link, Question, ResourceFacts
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

    def __init__(self, parsed: ParsedBundle, findings: Iterable[Finding] = ()) -> None:
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
        try:
            entities = self._entities.load(question.principal, question.target)
            policies, linked = self._policies(question, links, sliced=sliced)
        except ValueError as error:
            return _engine_error((str(error),))

        def ask(ids: frozenset[str]) -> _Asked:
            return self._ask(policies, question, entities, ids)

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

    def _policies(
        self, question: Question, links: tuple[Link, ...], *, sliced: bool
    ) -> tuple[cedarpy.PolicySet, Mapping[str, Link]]:
        """The policies to ask and, by id, the links among them."""
        if sliced:
            found = self._slices.find(question.principal, question.action, question.target)
        else:
            self._full = found = self._full or load_policies(self.parsed.policies)
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
        self, policies: cedarpy.PolicySet, question: Question, entities: cedarpy.Entities, approved: frozenset[str]
    ) -> _Asked:
        try:
            result = cedarpy.is_authorized(request(question, approved), policies, entities, self._schema)
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


def compile_bundle(files: Mapping[str, str]) -> Compiled:
    """A bundle, validated and made ready to decide.

    Raises BundleRefused with all findings where one of them is an error.
    """
    parsed, findings = check(files)
    if parsed is None or has_errors(findings):
        raise BundleRefused(findings)
    return Compiled(parsed, findings)


def _engine_error(errors: tuple[str, ...], reasons: tuple[PolicyReason, ...] = ()) -> Answer:
    return Answer(outcome=Outcome.DENY, code="engine_error", determining=reasons, errors=tuple(sorted(set(errors))))
