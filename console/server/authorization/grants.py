"""Grants: asking for one, giving it once its quorum is met, ending it, and what time does to it."""

from datetime import datetime, timedelta
from functools import partial

from console.model.actors import PLANE, Actor, ActorKind
from console.model.agents import Agent, AgentState
from console.model.approvals import Approval, ApprovalKind, ApprovalState, ChainGlance, Review, reviewers_of
from console.model.canonical import digest
from console.model.decisions import PolicyReason, QuorumPart, Risk, RiskFactor
from console.model.grants import GRANT, Grant, GrantInput, GrantState
from console.model.operators import Operator
from console.model.problems import FieldError, ProblemError
from console.model.quorum import is_met, merge
from console.model.scales import DataClass, RiskLevel
from console.model.tasks import Chain, Task, TaskState
from console.policy.compile import Compiled
from console.server.authorization.bundles import Bundles
from console.server.authorization.covering import covered
from console.server.authorization.ending import end_grant
from console.server.authorization.locks import locked_by
from console.server.authorization.requests import why_not
from console.server.ports import Clock, Hooks, Reader, Store, Transaction

FARTHEST = timedelta(days=30)
"""How far ahead a grant may begin."""
SCORES = {DataClass.PUBLIC: 10, DataClass.INTERNAL: 25, DataClass.CONFIDENTIAL: 45, DataClass.RESTRICTED: 65}


class Grants:
    """Dated, time-boxed elevations. A grant never lifts what cannot be lifted."""

    def __init__(self, store: Store, clock: Clock, bundles: Bundles, hooks: Hooks, *, single_operator: bool = False) -> None:
        self._store = store
        self._clock = clock
        self._bundles = bundles
        self._hooks = hooks
        self.single_operator = single_operator

    async def request(self, operator: Operator, asked: GrantInput) -> Grant:
        """Ask for a grant; the asker's act is the first review, and if that meets the quorum, it is given at once.

        Raises ProblemError `not_found`, `locked`, `not_grantable`, `task_not_running`, `invalid`.
        """
        compiled = self._bundles.active
        if compiled is None:
            raise ProblemError("no_policy")
        self._check_bounds(compiled, operator, asked)
        grant_id, approval_id = self._clock.new_id("gr"), self._clock.new_id("ap")

        def verb(tx: Transaction) -> Grant:
            grant, approval, _ = self._draw(tx, operator, asked, compiled, tx.now, (grant_id, approval_id))
            actor = Actor(kind=ActorKind.OPERATOR, id=operator.id, name=operator.id)
            tx.put(grant, "grant.requested", actor)
            approval = self.with_first_review(approval, operator, asked.reason)
            approval = tx.put(approval, "approval.requested", actor)
            if self.single_operator or is_met(approval.quorum, reviewers_of(approval)):
                given = self.give(tx, grant_id, actor)
                done = {"approved_at": tx.now, "ended_at": tx.now, "end_reason": "used", "consumed_by": grant_id}
                approved = tx.put(
                    approval.model_copy(update={"state": ApprovalState.APPROVED, "approved_at": tx.now}),
                    "approval.approved",
                    actor,
                )
                tx.put(approved.model_copy(update={"state": ApprovalState.CONSUMED, **done}), "approval.consumed", actor)
                return given
            kept = tx.get(Grant, grant_id)
            if kept is None:
                raise AssertionError("put in this transaction")
            return kept

        return await self._store.write(verb)

    def drawn(self, reader: Reader, operator: Operator, asked: GrantInput, compiled: Compiled) -> tuple[Grant, Approval, Agent]:
        """The grant, its request and its agent as they would be, if this operator asked now. Raises as `request`."""
        self._check_bounds(compiled, operator, asked)
        ids = (self._clock.new_id("gr"), self._clock.new_id("ap"))
        return self._draw(reader, operator, asked, compiled, self._clock.now(), ids)

    def with_first_review(self, approval: Approval, operator: Operator, reason: str) -> Approval:
        """The request with its asker's own act as the first review, where the asker may review at all."""
        return _first_review(approval, operator, reason, single_operator=self.single_operator)

    def _draw(
        self,
        reader: Reader,
        operator: Operator,
        asked: GrantInput,
        compiled: Compiled,
        now: datetime,
        ids: tuple[str, str],
    ) -> tuple[Grant, Approval, Agent]:
        agent = self._agent(reader, asked)
        blocking = covered(compiled, asked, agent)
        limits = compiled.limits
        starts_at = max(asked.starts_at or now, now)
        glass = asked.kind == "break-glass"
        grant = Grant(
            id=ids[0],
            kind=asked.kind,
            agent_id=agent.id,
            agent_name=agent.name,
            task_id=asked.task_id,
            covers=asked.covers,
            template=asked.template,
            scope=asked.scope,
            approval_id=ids[1],
            requested_by=operator.id,
            reason=asked.reason,
            requested_at=now,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(seconds=asked.seconds),
            seconds=asked.seconds,
            uses=asked.uses,
            uses_left=asked.uses,
            review_due_at=now + timedelta(seconds=limits.break_glass_review_seconds) if glass else None,
        )
        approval = _request(grant, agent, blocking, ids[1], compiled, asked)
        quorum = (QuorumPart(group=limits.break_glass_group, count=1),) if glass else approval.quorum
        return grant, approval.model_copy(update={"chain": _glance(reader, asked), "quorum": quorum}), agent

    def give(self, tx: Transaction, grant_id: str, actor: Actor) -> Grant:
        """Put a requested grant in force, from now or from its beginning. Part of the transaction that meets its quorum.

        Its time runs from its beginning; a grant approved late starts late and keeps its length.
        """
        grant = tx.get(Grant, grant_id)
        if grant is None:
            raise ProblemError("not_found", "There is no such grant.")
        starts_at = max(grant.starts_at, tx.now)
        scheduled = grant.model_copy(
            update={
                "state": GRANT.step(grant.state, GrantState.SCHEDULED),
                "starts_at": starts_at,
                "ends_at": starts_at + timedelta(seconds=grant.seconds),
            }
        )
        kept = tx.put(scheduled, "grant.scheduled", actor)
        return self._begin(tx, kept) if starts_at <= tx.now else kept

    def lapsed(self, reader: Reader, approval: Approval) -> str:
        """Why the bundle in force no longer allows what a pending request asks for, in words; empty while it does."""
        compiled, grant = self._bundles.active, reader.get(Grant, approval.grant_id or "")
        agent = reader.get(Agent, grant.agent_id) if grant is not None else None
        if compiled is None or grant is None or agent is None:
            return "nothing says any more who may give it"
        limits, glass = compiled.limits, grant.kind == "break-glass"
        if glass and not limits.break_glass_allowed:
            return "the bundle in force does not allow break-glass"
        most = limits.break_glass_max_seconds if glass else limits.grant_max_seconds
        if grant.seconds > most:
            return f"under the bundle in force it may last {most} s at most"
        try:
            quorum = merge(reason.quorum for reason in covered(compiled, grant, agent))
        except ProblemError as problem:
            return problem.detail
        quorum = (QuorumPart(group=limits.break_glass_group, count=1),) if glass else quorum
        return "" if set(quorum) == set(approval.quorum) else "who must agree has changed under the bundle in force"

    async def revoke(self, actor: Actor, grant_id: str, reason: str) -> Grant:
        """End a scheduled or active grant; what another still gives stays. Raises ProblemError `not_found`, `not_an_edge`."""

        def verb(tx: Transaction) -> Grant:
            grant = tx.get(Grant, grant_id)
            if grant is None:
                raise ProblemError("not_found", "There is no such grant.")
            if not GRANT.may(grant.state, GrantState.REVOKED):
                raise ProblemError("not_an_edge", f"The grant is {grant.state}.", state=grant.state.value)
            return end_grant(tx, self._hooks, grant, GrantState.REVOKED, actor, reason)

        return await self._store.write(verb, takes_power=True)

    async def review_break_glass(self, operator: Operator, grant_id: str, reason: str) -> Grant:
        """Look at a broken glass afterwards, as somebody other than who broke it. Being late is no reason not to.

        Raises ProblemError `not_found` (also for what was never given, or is no break-glass), `self_review`,
        `already_reviewed`.
        """

        def verb(tx: Transaction) -> Grant:
            grant = tx.get(Grant, grant_id)
            if grant is None or grant.kind != "break-glass" or grant.state in (GrantState.REQUESTED, GrantState.REJECTED):
                raise ProblemError("not_found", "There is no such break-glass grant.")
            if grant.reviewed_by:
                raise ProblemError("already_reviewed", f"{grant.reviewed_by} has reviewed it already.")
            if operator.id == grant.requested_by and not self.single_operator:
                raise ProblemError("self_review", "You broke the glass yourself; another person looks at it.")
            task = tx.get(Task, grant.task_id) if grant.task_id else None
            if task is not None and task.on_behalf_of == operator.id and not self.single_operator:
                raise ProblemError("self_review", "It was done on your behalf.")
            changed = grant.model_copy(update={"reviewed_by": operator.id, "reviewed_at": tx.now})
            actor = Actor(kind=ActorKind.OPERATOR, id=operator.id, name=operator.id)
            return tx.put(changed, "grant.reviewed", actor, extra={"review": reason, "single_operator": self.single_operator})

        return await self._store.write(verb)

    async def sweep(self) -> int:
        """Begin the grants whose time has come and end those whose time is over. Returns how many were due."""
        due = self._store.due(Grant, self._clock.now(), limit=200)
        for one in due:
            await self._store.write(partial(self._tick, grant_id=one.id), takes_power=True)
        return len(due)

    def _tick(self, tx: Transaction, grant_id: str) -> None:
        grant = tx.get(Grant, grant_id)
        if grant is not None and grant.state is GrantState.SCHEDULED and grant.starts_at <= tx.now:
            grant = self._begin(tx, grant)
        if grant is not None and grant.state is GrantState.ACTIVE and grant.ends_at <= tx.now:
            end_grant(tx, self._hooks, grant, GrantState.EXPIRED, PLANE, "its time was over")

    def _begin(self, tx: Transaction, grant: Grant) -> Grant:
        changed = grant.model_copy(update={"state": GRANT.step(grant.state, GrantState.ACTIVE)})
        return tx.put(changed, "grant.active", PLANE)

    def _agent(self, tx: Reader, asked: GrantInput) -> Agent:
        agent = tx.get(Agent, asked.agent_id)
        if agent is None or agent.state is AgentState.RETIRED:
            raise ProblemError("not_found", "There is no such agent.")
        task = tx.get(Task, asked.task_id) if asked.task_id else None
        if asked.task_id and (task is None or task.agent_id != agent.id):
            raise ProblemError("not_found", "There is no such task of this agent.")
        if task is not None and task.state is not TaskState.RUNNING:
            raise ProblemError("task_not_running", f"The task has {task.state} already.")
        if agent.state is AgentState.CONTAINED or locked_by(tx, agent.id, task.path if task else ()) is not None:
            raise ProblemError("locked", f"{agent.name} is contained.")
        return agent

    def _check_bounds(self, compiled: Compiled, operator: Operator, asked: GrantInput) -> None:
        limits = compiled.limits
        most = limits.grant_max_seconds
        if asked.starts_at is not None and asked.starts_at - self._clock.now() > FARTHEST:
            errors = (FieldError(field="starts_at", text=f"at most {FARTHEST.days} days ahead"),)
            raise ProblemError("invalid", f"A grant may begin {FARTHEST.days} days ahead at most.", errors=errors)
        if asked.kind == "break-glass":
            if not limits.break_glass_allowed:
                raise ProblemError("not_grantable", "The bundle does not allow break-glass.")
            if limits.break_glass_group not in operator.groups:
                raise ProblemError("not_eligible", f"Only {limits.break_glass_group} may break the glass.")
            most = limits.break_glass_max_seconds
        if asked.seconds > most:
            raise ProblemError(
                "invalid", f"A grant may last {most} s at most.", errors=(FieldError(field="seconds", text=f"at most {most}"),)
            )


def _request(
    grant: Grant, agent: Agent, blocking: tuple[PolicyReason, ...], approval_id: str, compiled: Compiled, asked: GrantInput
) -> Approval:
    score = SCORES[asked.scope.max_class] + (10 if agent.critical else 0) + (10 if grant.kind == "break-glass" else 0)
    factors = (RiskFactor(points=score, text=f"elevates {agent.name} up to {asked.scope.max_class} for {asked.seconds} s"),)
    asked_digest = digest({"grant": asked.model_dump(mode="json"), "id": grant.id})
    return Approval(
        id=approval_id,
        kind=ApprovalKind.GRANT,
        digest=asked_digest,
        original_digest=asked_digest,
        grant_id=grant.id,
        agent_id=agent.id,
        agent_name=agent.name,
        agent_owner=agent.owner,
        task_id=grant.task_id,
        blocking=blocking,
        quorum=merge(reason.quorum for reason in blocking),
        risk=Risk(score=score, level=RiskLevel.of(score), factors=factors),
        max_ttl_seconds=compiled.limits.grant_max_seconds,
        requested_at=grant.requested_at,
        requested_by=grant.requested_by,
        deadline_at=grant.requested_at + timedelta(seconds=compiled.limits.approval_deadline_seconds),
    )


def _glance(tx: Reader, asked: GrantInput) -> ChainGlance | None:
    """For a grant of one task: for whom the work is done, who must not review it, and what the chain has done."""
    task = tx.get(Task, asked.task_id) if asked.task_id else None
    if task is None:
        return None
    chain = tx.get(Chain, task.root_id) or Chain(id=task.root_id)
    return ChainGlance(
        agents=task.agents,
        on_behalf_of=task.on_behalf_of,
        purpose=task.intent.purpose,
        highest_class=chain.highest_class,
        rows={data_class: chain.rows(data_class) for data_class in DataClass if chain.rows(data_class)},
        sends=chain.sends,
        depth=task.depth,
    )


def _first_review(approval: Approval, operator: Operator, reason: str, *, single_operator: bool) -> Approval:
    """The asker's own act as the first review, where the asker may review at all."""
    if why_not(approval, operator, single_operator=single_operator) is not None:
        return approval
    review = Review(
        reviewer=operator.id,
        verdict="approve",
        at=approval.requested_at,
        reason=reason,
        revision=approval.revision,
        digest=approval.digest,
        groups=operator.groups,
        single_operator=single_operator,
    )
    return approval.model_copy(update={"reviews": (review,)})
