"""Approvals: reviewing, narrowing, withdrawing, and what time and another bundle do to requests."""

import logging
from collections.abc import Callable
from functools import partial

from console.model.actors import PLANE, Role
from console.model.agents import Agent
from console.model.approvals import (
    Approval,
    ApprovalDetail,
    ApprovalKind,
    ApprovalState,
    Narrowing,
    ReviewInput,
    is_narrower,
    narrow,
)
from console.model.bundles import Bundle
from console.model.decisions import Ask, DecideInput, Outcome, QuorumPart
from console.model.leases import LIVE, Lease
from console.model.operators import Operator
from console.model.problems import FieldError, ProblemError
from console.model.quorum import merge
from console.server.authorization.bundles import BUNDLE_FENCE, Bundles
from console.server.authorization.drafts import Draft, Drafts
from console.server.authorization.ending import settle
from console.server.authorization.grants import Grants
from console.server.authorization.lapsing import drifted, ended, expire, redecide, void
from console.server.authorization.publications import Publications
from console.server.authorization.publications import actor_of as operator_actor
from console.server.authorization.requests import (
    approve,
    check_reviewer,
    check_shown,
    drift,
    review_of,
    reviewed,
    revised,
    taken_back,
    used,
    why_not,
)
from console.server.authorization.reviewers import access, load, past, removed_reviewers
from console.server.authorization.tasks import actor_of
from console.server.ports import Clock, Moved, Reader, Store, Transaction

log = logging.getLogger(__name__)

TRIES = 8


class Approvals:
    """Reviews of approval requests. First transition wins; a review binds to the digest and revision that were shown."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        bundles: Bundles,
        drafts: Drafts,
        grants: Grants,
        publications: Publications,
        *,
        single_operator: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._bundles = bundles
        self._drafts = drafts
        self._grants = grants
        self._publications = publications
        self._single = single_operator
        self._redecided = bundles.fence

    def detail(self, approval_id: str, looker: Operator | None = None) -> ApprovalDetail:
        """A request with what the card shows beside it, for the operator who looks. Raises ProblemError `not_found`."""
        approval = self._known(approval_id)
        eligible, excluded = [], {}
        wanted = Role.POLICY_AUTHOR if approval.kind is ApprovalKind.PUBLICATION else Role.APPROVER
        for operator in self._store.find(Operator, removed=False, limit=500):
            if wanted not in operator.roles:
                continue
            why = why_not(approval, operator, single_operator=self._single)
            if why is None:
                eligible.append(operator.id)
            else:
                excluded[operator.id] = why[1]
        return ApprovalDetail(
            approval=approval,
            agent_text=self._store.text(approval.text_digest) if approval.text_digest else None,
            eligible=tuple(eligible),
            excluded=excluded,
            holds=self._holds(approval),
            access=access(self._store, approval),
            past=past(self._store, approval),
            load=load(self._store, looker.id, self._clock.now()) if looker is not None else None,
            publication=self._publications.detail(approval),
        )

    async def review(self, operator: Operator, approval_id: str, asked: ReviewInput) -> Approval:
        """Approve, approve narrowed, or reject. Raises ProblemError as `requests.reviewed`, and `conflict` on drift."""
        for _ in range(TRIES):
            try:
                return await self._review(operator, approval_id, asked)
            except Moved:
                continue
        raise ProblemError("undecided")

    async def withdraw(self, operator: Operator, approval_id: str, reason: str) -> Approval:
        """Take one's own approval back, or one's own request for a publication, before anything came of it.

        Raises ProblemError `not_found`, `not_an_edge`.
        """

        def verb(tx: Transaction) -> Approval:
            approval = tx.get(Approval, approval_id)
            if approval is None:
                raise ProblemError("not_found", "There is no such approval request.")
            if approval.kind is ApprovalKind.PUBLICATION and approval.requested_by == operator.id:
                after, kind = ended(approval, ApprovalState.CANCELLED, tx, reason), "approval.cancelled"
            else:
                after = taken_back(approval, operator.id, tx.now, reason)
                kind = "approval.void" if after.state is ApprovalState.VOID else "approval.withdrawn"
            kept = tx.put(after, kind, operator_actor(operator), extra={"withdrawn": reason})
            if kept.ended_at is not None:
                settle(tx, kept, operator_actor(operator))
            return kept

        return await self._store.write(verb, takes_power=True)

    async def cancel(self, agent: Agent, approval_id: str, reason: str) -> Approval:
        """Withdraw one's own pending request. Raises ProblemError `not_found`, `not_an_edge`."""

        def verb(tx: Transaction) -> Approval:
            approval = tx.get(Approval, approval_id)
            if approval is None or approval.agent_id != agent.id or approval.kind is not ApprovalKind.ACTION:
                raise ProblemError("not_found", "There is no such request of yours.")
            changed = ended(approval, ApprovalState.CANCELLED, tx, reason)
            return tx.put(changed, "approval.cancelled", actor_of(agent))

        return await self._store.write(verb)

    async def sweep(self) -> int:
        """End the requests whose deadline, or whose time of use, has passed; decide the others again under a new bundle.

        Returns how many were due.
        """
        due = self._store.due(Approval, self._clock.now(), limit=200)
        for one in due:
            await self._store.write(partial(expire, approval_id=one.id), takes_power=True)
        fence = self._bundles.fence
        if fence != self._redecided:
            try:
                await self.redecide_pending()
                self._redecided = fence
            except ProblemError as problem:
                # What is due must go on ending on time though this cannot be recorded; a review decides again by itself.
                log.warning("what is pending could not be decided again under the new bundle: %s", problem.code)
        return len(due)

    async def redecide_pending(self) -> int:
        """After a new bundle: decide every pending request again, and end those that it no longer allows.

        Returns how many changed.
        """
        changed = 0
        for approval in self._store.find(Approval, state=ApprovalState.PENDING, limit=10_000):
            try:
                changed += await self._redecide(approval)
            except Moved:
                changed += 1  # It was reviewed, ended or drawn anew meanwhile, and that was under the new bundle.
            except ProblemError as problem:
                if problem.code not in ("not_found", "invalid", "not_an_edge"):
                    raise
                log.warning("%s could not be decided again: %s", approval.id, problem.code)
        return changed

    async def _redecide(self, approval: Approval) -> int:
        if approval.kind is ApprovalKind.ACTION:
            return await self._store.write(partial(redecide, approval=approval, draft=self.draw(approval, approval.ask)))
        if not self._lapsed(self._store, approval):
            return 0

        def verb(tx: Transaction) -> int:
            why = self._lapsed(tx, approval)
            if why:
                void(tx, approval, why)
            return bool(why)

        return await self._store.write(verb)

    async def _review(self, operator: Operator, approval_id: str, asked: ReviewInput) -> Approval:
        approval = self._known(approval_id)
        check_shown(approval, asked, self._clock.now())
        check_reviewer(approval, operator, single_operator=self._single)
        verb: Callable[[Transaction], tuple[Approval, ProblemError | None]]
        if asked.verdict == "reject":
            verb = lambda tx: (self._commit(tx, operator, approval, asked), None)  # noqa: E731
        elif approval.kind is not ApprovalKind.ACTION:
            if asked.narrowing is not None:
                raise ProblemError("invalid", "Only a request for an action can be narrowed.")
            if approval.kind is ApprovalKind.PUBLICATION:
                return await self._publish(operator, approval, asked)
            verb = partial(self._commit_standing, operator=operator, approval=approval, asked=asked)
        else:
            verb = self._approve_action(operator, approval, asked)
        kept, problem = await self._store.write(verb)
        if problem is not None:
            raise problem
        return kept

    def _approve_action(
        self, operator: Operator, approval: Approval, asked: ReviewInput
    ) -> Callable[[Transaction], tuple[Approval, ProblemError | None]]:
        now_draft = self.draw(approval, approval.ask)
        changes = drift(approval, now_draft)
        if now_draft.decision.outcome is Outcome.DENY:
            return lambda tx: (void(tx, approval, now_draft.decision.text), drifted(approval, (now_draft.decision.text,)))
        if changes:
            return lambda tx: self._keep_drift(tx, approval, now_draft, changes)
        if asked.narrowing is None:
            return lambda tx: (self._commit(tx, operator, approval, asked, now_draft), None)
        if approval.ask is None:
            raise ProblemError("invalid", "This request cannot be narrowed.")
        smaller = narrowed_ask(approval.ask, asked.narrowing)
        draft = self.draw(approval, smaller)
        narrowed = draft.decision.ask
        if draft.decision.outcome is Outcome.DENY or not is_narrower(narrowed, approval.ask):
            raise ProblemError("invalid", f"The narrowed request would be denied: {draft.decision.text}")
        return lambda tx: (self._commit_narrowed(tx, operator, approval, asked, draft), None)

    async def _publish(self, operator: Operator, approval: Approval, asked: ReviewInput) -> Approval:
        """Publish with the review that meets the quorum; the bundle is compiled before anything is committed."""
        compiled, unfit = await self._publications.prepare(approval)

        def verb(tx: Transaction) -> tuple[Bundle | None, tuple[Approval, ProblemError | None]]:
            if unfit:
                return None, (void(tx, approval, unfit), drifted(approval, (unfit,)))
            kept, problem = self._commit_standing(tx, operator, approval, asked)
            published = kept.state is ApprovalState.CONSUMED
            return (tx.get(Bundle, kept.bundle_id or "") if published else None), (kept, problem)

        if compiled is None:
            _, (kept, problem) = await self._store.write(verb)
        else:
            kept, problem = await self._bundles.commit(compiled, verb)
        if problem is not None:
            raise problem
        return kept

    def _commit_standing(
        self, tx: Transaction, operator: Operator, approval: Approval, asked: ReviewInput
    ) -> tuple[Approval, ProblemError | None]:
        """A review of a grant or a publication, unless the bundle in force no longer allows it: then the request is void."""
        why = self._lapsed(tx, approval)
        if why:
            return void(tx, approval, why), drifted(approval, (why,))
        return self._commit(tx, operator, approval, asked), None

    def _lapsed(self, reader: Reader, approval: Approval) -> str:
        if approval.kind is ApprovalKind.PUBLICATION:
            return self._publications.lapsed(reader, approval)
        if reader.fence(BUNDLE_FENCE) != self._bundles.fence:
            raise Moved
        return self._grants.lapsed(reader, approval)

    def _commit(
        self, tx: Transaction, operator: Operator, approval: Approval, asked: ReviewInput, draft: Draft | None = None
    ) -> Approval:
        tx.require(approval, *(draft.require if draft else ()), fences=draft.fences if draft else None)
        current = tx.get(Operator, operator.id)
        if current is None or current.removed:
            raise ProblemError("not_allowed", "You are no longer enrolled.")
        after = reviewed(
            approval,
            current,
            asked,
            now=tx.now,
            use_seconds=self._use_seconds(),
            single_operator=self._single,
            removed=removed_reviewers(tx, approval),
            hurried=_hurried(tx, operator, asked),
        )
        return self._keep(tx, after, operator)

    def _commit_narrowed(
        self, tx: Transaction, operator: Operator, approval: Approval, asked: ReviewInput, draft: Draft
    ) -> Approval:
        tx.require(approval, *draft.require, fences=draft.fences)
        words = f"narrowed by {operator.id}"
        smaller = revised(approval, draft, (words,), narrowed_from=approval.narrowed_from or approval.ask)
        shown = asked.model_copy(update={"digest": smaller.digest, "revision": smaller.revision, "narrowing": None})
        tx_kept = tx.put(smaller, "approval.revised", operator_actor(operator))
        hurried = _hurried(tx, operator, asked)
        if draft.decision.outcome is Outcome.ALLOW:
            review = review_of(tx_kept, operator, shown, now=tx.now, single_operator=self._single, hurried=hurried)
            with_review = tx_kept.model_copy(update={"reviews": (review,)})
            return self._keep(tx, approve(with_review, now=tx.now, use_seconds=self._use_seconds()), operator)
        after = reviewed(
            tx_kept,
            operator,
            shown,
            now=tx.now,
            use_seconds=self._use_seconds(),
            single_operator=self._single,
            hurried=hurried,
        )
        return self._keep(tx, after, operator)

    def _keep(self, tx: Transaction, after: Approval, operator: Operator) -> Approval:
        kind = "approval.reviewed" if after.state is ApprovalState.PENDING else f"approval.{after.state.value}"
        kept = tx.put(after, kind, operator_actor(operator))
        if kept.state is ApprovalState.APPROVED and kept.kind is ApprovalKind.GRANT and kept.grant_id is not None:
            self._grants.give(tx, kept.grant_id, operator_actor(operator))
            kept = tx.put(used(kept, kept.grant_id, tx.now), "approval.consumed", operator_actor(operator))
        elif kept.state is ApprovalState.APPROVED and kept.kind is ApprovalKind.PUBLICATION:
            bundle = self._publications.publish(tx, kept, operator_actor(operator))
            kept = tx.put(used(kept, bundle.id, tx.now), "approval.consumed", operator_actor(operator))
        if kept.state is ApprovalState.REJECTED:
            settle(tx, kept, operator_actor(operator))
        return kept

    def _keep_drift(
        self, tx: Transaction, approval: Approval, draft: Draft, changes: tuple[str, ...]
    ) -> tuple[Approval, ProblemError]:
        tx.require(approval)
        if draft.decision.outcome is Outcome.ALLOW:
            kept = void(tx, approval, "no person is needed any more; the agent may ask again")
        else:
            kept = tx.put(revised(approval, draft, changes), "approval.revised", PLANE)
        return kept, drifted(kept, changes)

    def quorum_of(self, draft: Draft) -> tuple[QuorumPart, ...]:
        """Who must agree to what a draft escalates."""
        return merge(reason.quorum for reason in draft.blocking)

    def draw(self, approval: Approval, ask: Ask | None) -> Draft:
        """The decision of a request's ask, or of a smaller one, as it would be now. Raises ProblemError `invalid`."""
        if ask is None:
            raise ProblemError("invalid", "The request names no action.")
        asked = DecideInput(
            agent=ask.agent_id,
            task_id=ask.task_id,
            action=ask.action,
            resource=ask.resource,
            seconds=ask.seconds,
            uses=ask.uses,
            rows=ask.rows,
            issuer=ask.issuer,
        )
        return self._drafts.draw(asked, asked_by=PLANE, kind="evaluation", use_approvals=False)

    def _known(self, approval_id: str) -> Approval:
        approval = self._store.get(Approval, approval_id)
        if approval is None:
            raise ProblemError("not_found", "There is no such approval request.")
        return approval

    def _use_seconds(self) -> int:
        if self._bundles.active is None:
            raise ProblemError("no_policy")
        return self._bundles.active.limits.approval_use_seconds

    def _holds(self, approval: Approval) -> tuple[str, ...]:
        if approval.task_id is None:
            return ()
        live = [lease for lease in self._store.find(Lease, task_id=approval.task_id, limit=64) if lease.state in LIVE]
        return tuple(f"{lease.action} on {lease.resource} until {lease.expires_at:%H:%M:%SZ}" for lease in live)


def narrowed_ask(ask: Ask, smaller: Narrowing) -> Ask:
    """The narrowed ask. Raises ProblemError `invalid`, naming the field, where it is not narrower."""
    try:
        return narrow(ask, smaller)
    except ValueError as error:
        field, _, text = str(error).partition(": ")
        raise ProblemError("invalid", f"That is not narrower: {error}.", errors=(FieldError(field=field, text=text),)) from None


def _hurried(tx: Transaction, operator: Operator, asked: ReviewInput) -> bool:
    """Whether the reviewer had been approving too fast to have read, when this review was made: a fact for the evidence."""
    return asked.verdict == "approve" and load(tx, operator.id, tx.now).hurried
