"""A decision before it is committed: read, ask policy, and say what the commit must fence, spend and open.

Nothing here writes. Deciding, previewing, reviewing and narrowing all draw their decision here, so that they agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from console.model.actors import Actor
from console.model.agents import Agent, AgentState
from console.model.approvals import Approval, ApprovalState
from console.model.base import Entity
from console.model.canonical import digest
from console.model.decisions import Ask, DecideInput, Decision, Outcome, PolicyReason, QuorumPart, Risk
from console.model.exposure import Audience
from console.model.grants import Grant, GrantState
from console.model.leases import Lease, LeaseState
from console.model.problems import ProblemError
from console.model.quorum import AGENT_OWNER
from console.model.scales import DataClass, RiskLevel
from console.model.tasks import Chain, Task, TaskState
from console.policy.compile import Compiled
from console.policy.question import Answer, Link
from console.server.authorization.bundles import BUNDLE_FENCE, Bundles
from console.server.authorization.facts import Known, facts_of, question_of, risk_of, within_rights
from console.server.authorization.locks import LOCKS, locked_by
from console.server.authorization.registry import Registry
from console.server.authorization.reviewers import stands
from console.server.holds import Holds
from console.server.ports import Clock, Reader

NO_RISK = Risk(score=0, level=RiskLevel.LOW)
_STANDING = (ApprovalState.APPROVED, ApprovalState.PENDING)


@dataclass(frozen=True)
class Draft:
    """A decision that is not committed yet.

    `blocking` are the policies a person would have to lift; `approval` is to be consumed and `grants` are to be spent where
    it commits; `request` is the approval request that stands for this ask already.
    """

    decision: Decision
    blocking: tuple[PolicyReason, ...] = ()
    approval: Approval | None = None
    grants: tuple[Grant, ...] = ()
    request: Approval | None = None
    known: Known | None = None
    require: tuple[Entity, ...] = ()
    fences: Mapping[str, int] = field(default_factory=dict)


class Drafts:
    """Draws decisions from what the store holds now."""

    def __init__(
        self,
        store: Reader,
        clock: Clock,
        bundles: Bundles,
        registry: Registry,
        audiences: Mapping[str, Audience],
        trust_domain: str,
        holds: Holds,
    ) -> None:
        self._store = store
        self._clock = clock
        self._bundles = bundles
        self._registry = registry
        self._audiences = audiences
        self._trust_domain = trust_domain
        self._holds = holds

    def draw(
        self,
        asked: DecideInput,
        *,
        asked_by: Actor,
        kind: str,
        use_approvals: bool = True,
        approved: frozenset[str] = frozenset(),
        links: tuple[Link, ...] = (),
        supposed: tuple[Grant, ...] = (),
    ) -> Draft:
        """The decision as it would be now. `approved` and `links` are added to what approvals and grants lift, and `supposed`
        are grants as if they were in force: for previews.

        Raises ProblemError `not_found` for an unknown agent, and for a task or a lease that is not that agent's.
        """
        now = self._clock.now()
        fences = {LOCKS: self._store.fence(LOCKS), BUNDLE_FENCE: self._bundles.fence}
        agent = self._registry.known(asked.agent)
        task = self._task(agent, asked)
        compiled = self._bundles.active
        blank = self._blank(agent, task, asked, asked_by, kind, now)
        refusal = self._refusal(agent, task, asked, compiled, now)
        if refusal is not None or compiled is None or task is None:
            code, text = refusal or ("no_policy", "No policy bundle is active.")
            return Draft(decision=blank.model_copy(update={"code": code, "text": text}), fences=fences)
        known = self._known(agent, task, asked, compiled, now, supposed)
        blank = _place(blank, known, asked)
        risk = risk_of(known, compiled)
        within = within_rights(known)
        question = question_of(known, asked, compiled, risk, within, self._trust_domain)
        facts = facts_of(known, question.context, self._bundles.bundle.published_at if self._bundles.bundle else None)
        blank = blank.model_copy(update={"risk": risk, "facts": facts})
        rights = _beyond(known, within)
        if rights is not None:
            return Draft(decision=blank.model_copy(update=rights), known=known, fences=fences)
        request = standing_request(self._store, task.id, blank.digest)
        approval = request if use_approvals and request is not None and _usable(request, blank.digest, now) else None
        approval = approval if approval is not None and stands(self._store, approval) else None
        lease = self._lease(agent, task, known, asked, now)
        lifted_by_lease = frozenset(lease.lifted) if lease else frozenset()
        by_approval = frozenset(reason.policy_id for reason in approval.blocking) if approval else frozenset()
        by_grant = frozenset(covered for grant in known.elevations for covered in grant.covers)
        answer = compiled.decide(
            question,
            approved=approved | lifted_by_lease | by_approval | by_grant,
            links=(*links, *_links(known)),
        )
        decision, blocking = self._answered(blank, answer, known, now)
        if decision.outcome is not Outcome.ALLOW:
            return Draft(
                decision=decision, blocking=blocking, request=request, known=known, require=(known.chain,), fences=fences
            )
        free = approved | lifted_by_lease
        needed = frozenset(answer.lifted) - free
        consumed = approval if approval is not None and needed & by_approval else None
        # What a lease was given under a grant has spent that grant's use already, where it was given.
        linked = tuple(grant_id for grant_id in answer.grants if lease is None or grant_id not in lease.grant_ids)
        spent = _spend(known.elevations, needed - (by_approval if consumed else frozenset()), linked)
        seconds = [int((grant.ends_at - now).total_seconds()) for grant in spent]
        seconds += [decision.max_ttl_seconds] if decision.max_ttl_seconds is not None else []
        decision = decision.model_copy(
            update={
                "approval_id": consumed.id if consumed else None,
                "grant_ids": tuple(grant.id for grant in spent),
                "lifted": tuple(sorted(answer.lifted)),
                "max_ttl_seconds": min(seconds, default=compiled.limits.max_ttl_seconds),
            }
        )
        fenced: tuple[Entity, ...] = (known.chain, *((consumed,) if consumed else ()), *spent)
        return Draft(
            decision=decision, approval=consumed, grants=spent, request=request, known=known, require=fenced, fences=fences
        )

    def _task(self, agent: Agent, asked: DecideInput) -> Task | None:
        if asked.task_id is None:
            return None
        task = self._store.get(Task, asked.task_id)
        if task is None or task.agent_id != agent.id:
            raise ProblemError("not_found", "There is no such task of this agent.")
        return task

    def _blank(
        self, agent: Agent, task: Task | None, asked: DecideInput, asked_by: Actor, kind: str, now: datetime
    ) -> Decision:
        bundle = self._bundles.bundle
        ask = Ask(
            agent_id=agent.id,
            task_id=asked.task_id,
            action=asked.action,
            resource=asked.resource,
            data_class=DataClass.RESTRICTED,
            environment="unknown",
            issuer=asked.issuer,
            seconds=asked.seconds,
            uses=asked.uses,
            rows=asked.rows,
        )
        return Decision(
            id=self._clock.new_id("dc"),
            kind=kind,
            at=now,
            outcome=Outcome.DENY,
            agent_id=agent.id,
            agent_name=agent.name,
            task_id=task.id if task else None,
            root_task_id=task.root_id if task else None,
            purpose=task.intent.purpose if task else "",
            asked_by=asked_by,
            ask=ask,
            digest=digest(ask),
            code="denied",
            text="",
            bundle_id=bundle.id if bundle else None,
            bundle_revision=bundle.revision if bundle else 0,
            risk=NO_RISK,
        )

    def _refusal(
        self, agent: Agent, task: Task | None, asked: DecideInput, compiled: Compiled | None, now: datetime
    ) -> tuple[str, str] | None:
        """What stands before any policy: locks, ends, and what nobody has described."""
        if compiled is None:
            return "no_policy", "No policy bundle is active; everything is denied."
        if agent.state is AgentState.RETIRED:
            return "agent_retired", f"{agent.name} is retired."
        path = task.path if task else ()
        if agent.state is AgentState.CONTAINED or locked_by(self._store, agent.id, path) or self._holds.held(agent.id, path):
            return "locked", f"{agent.name} or the task above it is contained."
        if task is None:
            return "no_task", "An action is decided for a task, and none was named."
        due = task.due_at()
        if task.state is not TaskState.RUNNING or due is None or due <= now:
            return "task_not_running", "The task has ended, was silent too long, or its time is over."
        if compiled.tool(asked.action) is None:
            return "unknown_action", "The bundle knows no tool with this action."
        if compiled.resource(asked.resource) is None:
            return "unknown_resource", "The bundle knows no such resource."
        return None

    def _known(
        self,
        agent: Agent,
        task: Task,
        asked: DecideInput,
        compiled: Compiled,
        now: datetime,
        supposed: tuple[Grant, ...],
    ) -> Known:
        tool, resource = compiled.tool(asked.action), compiled.resource(asked.resource)
        if tool is None or resource is None:
            raise AssertionError("refused before")
        return Known(
            agent=agent,
            task=task,
            chain=self._store.get(Chain, task.root_id) or Chain(id=task.root_id),
            tool=tool,
            resource=resource,
            elevations=self._elevations(agent, task, asked, resource.data_class, now, supposed),
            audience=self._audiences.get(resource.audience),
            now=now,
        )

    def _elevations(
        self,
        agent: Agent,
        task: Task,
        asked: DecideInput,
        data_class: DataClass,
        now: datetime,
        supposed: tuple[Grant, ...],
    ) -> tuple[Grant, ...]:
        states = (GrantState.ACTIVE, GrantState.SCHEDULED)
        kept = (grant for state in states for grant in self._store.find(Grant, agent_id=agent.id, state=state))
        found = [
            grant
            for grant in (*kept, *supposed)
            if grant.covers_now(now)
            and (grant.task_id is None or grant.task_id in task.path)
            and grant.scope.allows(asked.action, asked.resource, data_class)
        ]
        return tuple(sorted(found, key=lambda grant: grant.ends_at))

    def _lease(self, agent: Agent, task: Task, known: Known, asked: DecideInput, now: datetime) -> Lease | None:
        """The lease under which the action is about to be done, if it covers the action now."""
        if asked.lease_id is None:
            return None
        lease = self._store.get(Lease, asked.lease_id)
        if lease is None or lease.agent_id != agent.id or lease.task_id != task.id:
            raise ProblemError("not_found", "There is no such lease of this task.")
        covers = lease.right.allows(asked.action, asked.resource, known.resource.data_class)
        return lease if lease.state is LeaseState.ACTIVE and lease.expires_at > now and covers else None

    def _answered(
        self, blank: Decision, answer: Answer, known: Known, now: datetime
    ) -> tuple[Decision, tuple[PolicyReason, ...]]:
        owner = known.agent.owner
        determining = tuple(_with_owner(reason, owner) for reason in answer.determining)
        blocking = tuple(_with_owner(reason, owner) for reason in answer.blocking)
        changes = {
            "outcome": answer.outcome,
            "code": answer.code,
            "text": sentence(answer.outcome, answer.code, blocking or determining),
            "determining": blocking or determining,
            "obligations": answer.obligations,
            "max_ttl_seconds": answer.max_ttl_seconds,
            "valid_until": now if answer.outcome is Outcome.ALLOW else None,
        }
        return blank.model_copy(update=changes), blocking


def standing_request(reader: Reader, task_id: str | None, asked_digest: str) -> Approval | None:
    """The request that stands for an ask of a task: the exact digest before a narrowed one, approved before pending."""
    # Most tasks wait for nothing, and that is the same lookup for each of their asks.
    if not any(reader.find(Approval, task_id=task_id, state=state, limit=1) for state in _STANDING):
        return None
    for state in _STANDING:
        found = reader.find(Approval, task_id=task_id, digest=asked_digest, state=state, limit=1)
        if found:
            return found[0]
    for state in _STANDING:
        found = reader.find(Approval, task_id=task_id, original_digest=asked_digest, state=state, limit=1)
        if found:
            return found[0]
    return None


def sentence(outcome: Outcome, code: str, reasons: tuple[PolicyReason, ...]) -> str:
    """Why, for people: one sentence."""
    words = " ".join(dict.fromkeys(reason.text for reason in reasons if reason.text))
    if outcome is Outcome.ALLOW:
        return words or "A policy permits it for this task."
    if outcome is Outcome.ESCALATE:
        return f"A person must approve this: {words}" if words else "A person must approve this."
    if code == "engine_error":
        return "A policy could not be evaluated, so the answer is no."
    return words or "No policy permits this for the task."


def _place(blank: Decision, known: Known, asked: DecideInput) -> Decision:
    """Fill in what the bundle says of the action and the resource; the digest is over exactly that."""
    ask = blank.ask.model_copy(
        update={
            "data_class": known.resource.data_class,
            "environment": known.resource.environment,
            "issuer": asked.issuer or known.tool.issuer,
        }
    )
    return blank.model_copy(update={"ask": ask, "digest": digest(ask), "tool": known.tool.name, "effect": known.tool.effect})


def _beyond(known: Known, within: tuple[bool, bool]) -> dict[str, object] | None:
    """The ceiling holds whatever policy says: the entitlement of the agent and the rights of the task."""
    entitled, in_task = within
    if entitled and in_task:
        return None
    whose = "the task's rights" if entitled else f"the entitlement of {known.agent.name}"
    return {"code": "beyond_rights", "text": f"{known.tool.action} on {known.resource.name} lies beyond {whose}."}


def _usable(request: Approval, asked_digest: str, now: datetime) -> bool:
    in_time = request.use_until is not None and now < request.use_until
    return request.state is ApprovalState.APPROVED and request.digest == asked_digest and in_time


def _links(known: Known) -> tuple[Link, ...]:
    return tuple(
        Link(template_id=grant.template, grant_id=grant.id, principal_name=known.agent.name, resource_name=known.resource.name)
        for grant in known.elevations
        if grant.template is not None
    )


def _spend(elevations: tuple[Grant, ...], needed: frozenset[str], linked: tuple[str, ...]) -> tuple[Grant, ...]:
    """The fewest grants that lift what is needed, those that end first first; linked ones always."""
    spent = [grant for grant in elevations if grant.id in linked]
    left = set(needed)
    for grant in elevations:
        if left & set(grant.covers):
            left -= set(grant.covers)
            if grant not in spent:
                spent.append(grant)
    return tuple(spent)


def _with_owner(reason: PolicyReason, owner: str) -> PolicyReason:
    if not any(part.group == AGENT_OWNER for part in reason.quorum):
        return reason
    quorum: tuple[QuorumPart, ...] = tuple(
        part.model_copy(update={"people": (owner,)}) if part.group == AGENT_OWNER else part for part in reason.quorum
    )
    return reason.model_copy(update={"quorum": quorum})
