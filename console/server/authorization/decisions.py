"""Decisions: drawn from what is known, committed under the fence, then answered. Nothing is answered that is not recorded."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from console.model.actors import PLANE, Actor
from console.model.agents import Agent, AgentState
from console.model.approvals import APPROVAL, Approval, ApprovalState
from console.model.decisions import DecideInput, Decision, Outcome
from console.model.grants import Grant, GrantState
from console.model.leases import Lease
from console.model.problems import ProblemError
from console.model.tasks import Task, TaskState
from console.policy.question import Link
from console.server.authorization.bundles import Bundles
from console.server.authorization.drafts import Draft, Drafts, standing_request
from console.server.authorization.ending import end_grant
from console.server.authorization.requests import drift, request_of, revised, voided
from console.server.authorization.reviewers import stands
from console.server.ports import Clock, Hooks, Moved, Store, Transaction

T = TypeVar("T")

TRIES = 8
"""How often a decision whose facts have moved is drawn again before the caller is told that it is undecided."""


class Decisions:
    """Answers what agents and enforcement points ask."""

    def __init__(self, store: Store, clock: Clock, bundles: Bundles, drafts: Drafts, hooks: Hooks) -> None:
        self._store = store
        self._clock = clock
        self._bundles = bundles
        self._drafts = drafts
        self._hooks = hooks

    async def decide(
        self,
        asked: DecideInput,
        *,
        asked_by: Actor,
        kind: str = "evaluation",
        opens_request: bool = True,
        then: Callable[[Transaction, Decision], T] | None = None,
    ) -> tuple[Decision, T | None]:
        """Decide, commit, answer. On allow, `then` runs in the same transaction and its result is returned beside.

        `opens_request` false is for batches and searches: they neither use an approval nor open a request.
        Raises ProblemError `not_found`, `undecided`, and the store's own.
        """
        started = time.perf_counter()
        for _ in range(TRIES):
            draft = self._drafts.draw(asked, asked_by=asked_by, kind=kind, use_approvals=opens_request)
            took = round(time.perf_counter() - started, 6)
            verb = partial(
                self._commit,
                draft=draft,
                decision=draft.decision.model_copy(update={"latency_seconds": took}),
                asked=asked,
                open_as=self._clock.new_id("ap") if opens_request else None,
                then=then,
            )
            try:
                return await self._store.write(verb)
            except Moved:
                continue
        raise ProblemError("undecided")

    async def redecide(self, lease: Lease, seconds: int) -> Decision:
        """Decide anew whether a lease may go on for so many seconds. Raises as `decide`."""
        asked = DecideInput(
            agent=lease.agent_id,
            task_id=lease.task_id,
            lease_id=lease.id,
            action=lease.action,
            resource=lease.resource,
            seconds=seconds,
            uses=lease.max_uses,
            rows=lease.max_rows,
            issuer=lease.issuer,
        )
        decision, _ = await self.decide(asked, asked_by=PLANE, kind="renewal", opens_request=False)
        return decision

    def preview(self, asked: DecideInput, *, approved: frozenset[str] = frozenset(), links: tuple[Link, ...] = ()) -> Decision:
        """What would be decided now, with these policies lifted. Writes nothing; nobody may act on it."""
        return self._drafts.draw(
            asked, asked_by=PLANE, kind="search", approved=approved, links=links, use_approvals=False
        ).decision

    def _commit(
        self,
        tx: Transaction,
        *,
        draft: Draft,
        decision: Decision,
        asked: DecideInput,
        open_as: str | None,
        then: Callable[[Transaction, Decision], T] | None,
    ) -> tuple[Decision, T | None]:
        _fence(tx, draft)
        if decision.outcome is Outcome.ESCALATE and open_as is not None:
            decision = self._escalate(tx, draft, decision, asked, open_as)
        kept = tx.put(decision, "decision.made", decision.asked_by)
        if kept.outcome is not Outcome.ALLOW:
            return kept, None
        self._spend(tx, draft, kept)
        return kept, then(tx, kept) if then is not None else None

    def _escalate(self, tx: Transaction, draft: Draft, decision: Decision, asked: DecideInput, approval_id: str) -> Decision:
        # Asked again inside the transaction, so that two calls never open two requests.
        standing = standing_request(tx, decision.task_id, decision.digest)
        if standing is not None and standing.state is ApprovalState.APPROVED and standing.digest == decision.digest:
            # What was approved no longer suffices, and somebody must be asked anew.
            why = "another policy stands in the way now" if stands(tx, standing) else "a reviewer is no longer enrolled"
            tx.put(voided(standing, tx.now, why), "approval.void", PLANE)
            standing = None
        if standing is None:
            limits = self._bundles.active.limits if self._bundles.active else None
            if limits is None:
                raise Moved
            text_digest = tx.keep_text(asked.reason) if asked.reason else None
            request = request_of(
                draft,
                approval_id,
                now=tx.now,
                deadline_seconds=limits.approval_deadline_seconds,
                max_ttl_seconds=decision.max_ttl_seconds or limits.max_ttl_seconds,
                text_digest=text_digest,
            )
            texts = {"reason": text_digest} if text_digest else None
            standing = tx.put(request, "approval.requested", decision.asked_by, texts=texts)
        elif standing.state is ApprovalState.PENDING and standing.digest == decision.digest:
            changes = drift(standing, draft)
            if changes:
                standing = tx.put(revised(standing, draft, changes), "approval.revised", PLANE)
        text = decision.text
        if standing.narrowed_from is not None and standing.ask is not None and standing.digest != decision.digest:
            text = f"Less was approved than was asked: ask again for {_words(standing)}."
        return decision.model_copy(update={"approval_id": standing.id, "text": text})

    def _spend(self, tx: Transaction, draft: Draft, decision: Decision) -> None:
        """Consume the approval and spend the grants that the decision rests on; both were fenced."""
        if draft.approval is not None:
            if not stands(tx, draft.approval):
                raise Moved
            consumed = draft.approval.model_copy(
                update={
                    "state": APPROVAL.step(draft.approval.state, ApprovalState.CONSUMED),
                    "ended_at": tx.now,
                    "end_reason": "used",
                    "consumed_by": decision.id,
                }
            )
            tx.put(consumed, "approval.consumed", decision.asked_by)
        for grant in draft.grants:
            self._use(tx, grant, decision)

    def _use(self, tx: Transaction, grant: Grant, decision: Decision) -> None:
        if grant.state is GrantState.SCHEDULED:
            grant = tx.put(grant.model_copy(update={"state": GrantState.ACTIVE}), "grant.active", PLANE)
        if grant.uses_left is None:
            return
        used = grant.model_copy(update={"uses_left": grant.uses_left - 1})
        used = tx.put(used, "grant.used", decision.asked_by, extra={"decision_id": decision.id})
        if used.uses_left == 0:
            end_grant(tx, Hooks(), used, GrantState.EXHAUSTED, PLANE, "its uses are spent")


def _fence(tx: Transaction, draft: Draft) -> None:
    """What was read must still stand: locks, bundle, ledger, approval and grants by version, agent and task by what they say.

    A heartbeat changes a task's version and nothing that a decision stands on, so tasks are compared by meaning.
    Raises Moved.
    """
    tx.require(*draft.require, fences=draft.fences)
    if draft.decision.outcome is Outcome.DENY or draft.known is None:
        return
    task, agent = tx.get(Task, draft.known.task.id), tx.get(Agent, draft.known.agent.id)
    if task is None or task.state is not TaskState.RUNNING or task.rights != draft.known.task.rights:
        raise Moved
    if agent is None or agent.state is not AgentState.ACTIVE or agent.entitlement != draft.known.agent.entitlement:
        raise Moved


def _words(approval: Approval) -> str:
    """A narrowed ask as an agent reads it."""
    ask = approval.ask
    if ask is None:
        return "what the request names"
    bounds = [f"{ask.action} on {ask.resource}"]
    bounds += [f"at most {ask.seconds} s"] if ask.seconds is not None else []
    bounds += [f"at most {ask.uses} uses"] if ask.uses is not None else []
    bounds += [f"at most {ask.rows} rows"] if ask.rows is not None else []
    return ", ".join(bounds)
