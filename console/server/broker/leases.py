"""Leases: issuing, renewing and taking back. Owns the life of a lease up to the intent to revoke it.

A lease is recorded `pending` in the transaction of the decision that allows it, minted, recorded `active`, and only then is
the credential returned, once. From `pending` on somebody tracks it: this service while it mints, `revocation` afterwards.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol, TypeVar

from console.model.actors import PLANE, Actor
from console.model.agents import Agent
from console.model.approvals import Approval
from console.model.base import Json
from console.model.decisions import DecideInput, Decision, Outcome
from console.model.grants import Grant
from console.model.leases import (
    LIVE,
    Lease,
    LeaseInput,
    LeaseIssued,
    LeaseState,
    RenewInput,
    RevocationItem,
    RevocationResult,
    RevokeManyInput,
)
from console.model.problems import FieldError, ProblemError
from console.model.rights import Right
from console.model.tasks import Task
from console.server.authorization.bundles import BUNDLE_FENCE
from console.server.authorization.locks import LOCKS
from console.server.broker import lifecycle
from console.server.broker.bundled import AudienceOf
from console.server.broker.debts import Debts
from console.server.broker.issuers.base import Issuer, IssuerError, Minted, MintRequest, NothingMade
from console.server.broker.minting import Minting
from console.server.broker.scrub import scrubbed
from console.server.broker.standing import ground_refusal, lease_refusal
from console.server.broker.taking import selected, take_back
from console.server.broker.terms import Limits, renewed_until, terms
from console.server.holds import Holds
from console.server.ports import Answered, Clock, Moved, Repeated, Store, Transaction, once

T = TypeVar("T")
CHUNK = 500
"""How many leases one verb takes back at most, so that no other caller waits long for the writer."""
RENEW_TRIES = 4
MINT_SECONDS = 10.0
"""How long an issuer may take to make a credential."""


class Decides(Protocol):
    """What the broker needs of `authorization.decisions.Decisions`."""

    async def decide(
        self,
        asked: DecideInput,
        *,
        asked_by: Actor,
        kind: str = "evaluation",
        opens_request: bool = True,
        then: Callable[[Transaction, Decision], T] | None = None,
    ) -> tuple[Decision, T | None]: ...

    async def redecide(self, lease: Lease, seconds: int) -> Decision: ...


class Leases:
    """Issues, renews and takes back leases. An agent acts on its own leases only; another's is as if unknown."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        decisions: Decides,
        issuers: Mapping[str, Issuer],
        audience_of: AudienceOf,
        limits: Callable[[], Limits],
        holds: Holds,
        *,
        minting: Minting,
        debts: Debts,
    ) -> None:
        self._store = store
        self._clock = clock
        self._decisions = decisions
        self._issuers = issuers
        self._audience_of = audience_of
        self._holds = holds
        self._minting = minting
        self._debts = debts
        self._limits = limits

    async def issue(self, agent: Agent, asked: LeaseInput, caller: Actor) -> LeaseIssued:
        """Decide, record, mint, record, and return the credential.

        Raises ProblemError `denied` (decision, code and reasons in its facts), `needs_approval` (with `approval_id`),
        `invalid`, `beyond_ceiling`, `issuer_failed`, `locked`, `task_not_running`, and, for a repetition under one
        idempotency key, `secret_already_returned` (with `lease_id`), `in_progress` or `idempotency_mismatch`.
        """
        issuer = self._issuers.get(asked.issuer)
        if issuer is None:
            known = ", ".join(sorted(self._issuers))
            raise ProblemError(
                "invalid", "There is no such issuer.", errors=(FieldError(field="issuer", text=f"one of: {known}"),)
            )
        lease_id = self._clock.new_id("ls")
        question = DecideInput(
            agent=agent.id,
            task_id=asked.task_id,
            action=asked.action,
            resource=asked.resource,
            seconds=asked.seconds,
            uses=asked.uses,
            rows=asked.rows,
            issuer=asked.issuer,
            reason=asked.reason,
        )
        self._minting.begin(lease_id)
        try:
            decision, lease = await self._decisions.decide(
                question,
                asked_by=caller,
                kind="lease",
                then=lambda tx, decided: self._open(tx, lease_id, asked, decided, caller),
            )
            if decision.outcome is not Outcome.ALLOW or lease is None:
                raise refused(decision)
            return await self._mint(issuer, lease)
        except Repeated as repeated:
            raise self._repeated(repeated.answered) from None
        finally:
            self._minting.end(lease_id)

    async def renew(self, agent: Agent, lease_id: str, asked: RenewInput, caller: Actor) -> LeaseIssued:
        """Let an active lease live longer, decided anew; the credential in the answer replaces the one before.

        The longer life is recorded before the issuer prolongs, so that the record never says less than is true. Raises
        ProblemError `not_found`, `lease_not_active`, `locked`, `task_not_running`, `beyond_ceiling`, `denied`,
        `needs_approval`, `issuer_failed`, `undecided`.
        """
        lease = self._own(agent, lease_id)
        issuer = self._issuers[lease.issuer]
        try:
            renewed = await self._prolong(lease, asked, caller)
        except Repeated as repeated:
            raise self._repeated(repeated.answered, lease_id) from None
        try:
            async with asyncio.timeout(MINT_SECONDS):
                minted = await issuer.renew(self._request(renewed))
        except (IssuerError, TimeoutError):
            raise ProblemError(
                "issuer_failed", "The issuer did not prolong the credential; the one before still ends at its time."
            ) from None
        fresh = self._store.get(Lease, lease_id) or renewed
        refusal = lease_refusal(self._store, self._holds, fresh, self._clock.now())
        if refusal is not None:
            raise refusal
        return LeaseIssued(lease=fresh, credential=minted.credential)

    async def revoke(self, lease_id: str, reason: str, actor: Actor, agent: Agent | None = None) -> Lease:
        """Take one lease back: from the commit on it is refused. One that has ended already is returned as it is.

        With `agent`, only its own. Raises ProblemError `not_found`, and the store's with `held`: it is refused all the same.
        """
        if agent is not None:
            self._own(agent, lease_id)
        taken = await self._debts.take((lease_id,), reason, actor)
        if not taken:
            raise ProblemError("not_found", "There is no such lease.")
        return taken[0]

    async def revoke_many(self, asked: RevokeManyInput, actor: Actor) -> RevocationResult:
        """Take back every lease that a selector names. All are refused at once; the records follow in bounded commits.

        Raises ProblemError `not_found`, and the store's with `held`: all are refused even so, and recorded when it can be.
        """
        found: dict[str, None] = {}
        for lease in selected(self._store, asked):
            found[lease.id] = None
            if len(found) % CHUNK == 0:
                await asyncio.sleep(0)
        ids = list(found)
        done: list[Lease] = []
        failed: ProblemError | None = None
        with self._holds.holding(ids):
            for start in range(0, len(ids), CHUNK):
                try:
                    done.extend(await self._debts.take(tuple(ids[start : start + CHUNK]), asked.reason, actor))
                except ProblemError as problem:
                    failed = problem
        if failed is not None:
            raise failed
        items = tuple(
            RevocationItem(
                lease_id=lease.id,
                state=lease.state,
                revocability=lease.revocability,
                residual_exposure_at=lease.residual_exposure_at,
            )
            for lease in done
        )
        return RevocationResult(asked=len(ids), items=items)

    def _own(self, agent: Agent, lease_id: str) -> Lease:
        lease = self._store.get(Lease, lease_id)
        if lease is None or lease.agent_id != agent.id:
            raise ProblemError("not_found", "There is no such lease of yours.")
        return lease

    def _open(self, tx: Transaction, lease_id: str, asked: LeaseInput, decision: Decision, caller: Actor) -> Lease:
        """The `pending` row, in the transaction of the decision that allows it."""
        task = tx.get(Task, asked.task_id)
        audience = self._audience_of(asked.resource)
        if task is None:
            raise ProblemError("not_found", "There is no such task.")
        if audience is None:
            raise ProblemError(
                "issuer_failed",
                "No configured resource server takes tokens for this resource.",
                next_step="Add its audience to server.toml.",
            )
        approval = tx.get(Approval, decision.approval_id) if decision.approval_id else None
        grants = [grant for id in decision.grant_ids if (grant := tx.get(Grant, id)) is not None]
        bounds = terms(
            asked, decision, task=task, audience=audience, approval=approval, grants=grants, at=tx.now, limits=self._limits()
        )
        ask = decision.ask
        lease = Lease(
            id=lease_id,
            task_id=task.id,
            root_task_id=task.root_id,
            task_path=task.path,
            agent_id=decision.agent_id,
            agent_name=decision.agent_name,
            on_behalf_of=task.on_behalf_of,
            decision_id=decision.id,
            approval_id=decision.approval_id,
            grant_ids=decision.grant_ids,
            lifted=decision.lifted,
            issuer=asked.issuer,
            audience=audience,
            right=Right(actions=(ask.action,), resources=(ask.resource,), max_class=ask.data_class),
            action=ask.action,
            resource=ask.resource,
            data_class=ask.data_class,
            environment=ask.environment,
            risk_level=decision.risk.level,
            revocability=audience.revocability,
            requested_at=tx.now,
            expires_at=bounds.expires_at,
            max_expires_at=bounds.max_expires_at,
            max_ttl_seconds=bounds.ceiling_seconds,
            max_uses=bounds.uses,
            max_rows=bounds.rows,
        )
        return tx.put(lease, "lease.pending", caller)

    async def _mint(self, issuer: Issuer, lease: Lease) -> LeaseIssued:
        try:
            async with asyncio.timeout(MINT_SECONDS):
                minted = await issuer.mint(self._request(lease))
        except NothingMade as error:
            text = scrubbed(error)
            await self._store.write(lambda tx: _fail(tx, lease.id, text), takes_power=True)
            raise ProblemError("issuer_failed", lease_id=lease.id) from None
        except (IssuerError, TimeoutError):
            await self.revoke(lease.id, "the issuer did not say whether it made the credential", PLANE)
            raise ProblemError("issuer_failed", lease_id=lease.id) from None
        try:
            outcome = await self._store.write(lambda tx: self._activate(tx, lease.id, minted))
        except (ProblemError, Moved):
            await self.revoke(lease.id, "the credential could not be recorded as active", PLANE)
            raise
        if isinstance(outcome, ProblemError):
            raise outcome
        return LeaseIssued(lease=outcome, credential=minted.credential)

    def _activate(self, tx: Transaction, lease_id: str, minted: Minted) -> Lease | ProblemError:
        """The fence after minting: what was taken away meanwhile leaves a lease that is revoked at once."""
        lease = tx.get(Lease, lease_id)
        if lease is None or lease.state is not LeaseState.PENDING:
            return ProblemError("lease_not_active", "It was revoked while it was being issued.", lease_id=lease_id)
        refusal = ground_refusal(
            tx, self._holds, agent_id=lease.agent_id, task_id=lease.task_id, path=lease.task_path, at=tx.now, lease_id=lease.id
        )
        if refusal is None and lease.expires_at <= tx.now:
            refusal = ProblemError("issuer_failed", "The issuer took longer than the lease was to live.", lease_id=lease_id)
        if refusal is not None:
            take_back(tx, lease_id, f"not given out: {refusal.detail}", PLANE)
            return refusal
        return tx.put(lifecycle.activated(lease, minted.handle, tx.now), "lease.active", PLANE)

    async def _prolong(self, lease: Lease, asked: RenewInput, caller: Actor) -> Lease:
        for _ in range(RENEW_TRIES):
            current = self._store.get(Lease, lease.id) or lease
            at = self._clock.now()
            refusal = lease_refusal(self._store, self._holds, current, at)
            if refusal is not None:
                raise refusal
            task = self._store.get(Task, lease.task_id)
            if task is not None:
                renewed_until(current, task, asked.seconds, at)
            fences = {name: self._store.fence(name) for name in (LOCKS, BUNDLE_FENCE)}
            decision = await self._decisions.redecide(current, asked.seconds)
            if decision.outcome is not Outcome.ALLOW:
                raise refused(decision)
            try:
                return await self._store.write(
                    partial(self._renew, lease_id=lease.id, asked=asked, caller=caller, fences=fences)
                )
            except Moved:
                continue
        raise ProblemError("undecided")

    def _renew(self, tx: Transaction, lease_id: str, asked: RenewInput, caller: Actor, fences: Mapping[str, int]) -> Lease:
        tx.require(fences=fences)
        lease, task = tx.get(Lease, lease_id), None
        if lease is not None:
            task = tx.get(Task, lease.task_id)
        if lease is None or task is None:
            raise ProblemError("not_found", "There is no such lease.")
        refusal = lease_refusal(tx, self._holds, lease, tx.now)
        if refusal is not None:
            raise refusal
        return tx.put(lifecycle.renewed(lease, renewed_until(lease, task, asked.seconds, tx.now)), "lease.renewed", caller)

    def _request(self, lease: Lease) -> MintRequest:
        chain: list[str] = []
        for task_id in lease.task_path:
            task = self._store.get(Task, task_id)
            agent = self._store.get(Agent, task.agent_id) if task is not None else None
            if agent is None:
                raise NothingMade("an agent of the delegation chain is not known")
            chain.append(agent.spiffe_id)
        return MintRequest(lease=lease, client_id=chain[-1], chain=tuple(chain), at=self._clock.now())

    def _repeated(self, answered: Answered, lease_id: str = "") -> ProblemError:
        """What a repetition under one idempotency key is told; the secret is never told again."""
        current = once.get()
        if current is not None and current.request != answered.request:
            return ProblemError("idempotency_mismatch")
        decision = self._store.get(Decision, answered.id) if answered.collection == Decision.collection else None
        if decision is not None and decision.outcome is not Outcome.ALLOW:
            return refused(decision)
        if not lease_id:
            found = self._store.find(Lease, decision_id=answered.id, limit=1)
            lease_id = found[0].id if found else answered.id
        if lease_id in self._minting.ids:
            return ProblemError("in_progress", lease_id=lease_id)
        return ProblemError("secret_already_returned", lease_id=lease_id)


def refused(decision: Decision) -> ProblemError:
    """The problem that tells a decision which was not *allow*."""
    reasons: list[Json] = [{"policy_id": reason.policy_id, "text": reason.text} for reason in decision.determining]
    return ProblemError(
        "needs_approval" if decision.outcome is Outcome.ESCALATE else "denied",
        decision.text,
        decision_id=decision.id,
        decision_code=decision.code,
        approval_id=decision.approval_id,
        reasons=reasons,
    )


def _fail(tx: Transaction, lease_id: str, error: str) -> None:
    lease = tx.get(Lease, lease_id)
    if lease is None or lease.state not in LIVE:
        return
    tx.put(lifecycle.failed(lease, error, tx.now), "lease.failed", PLANE)
