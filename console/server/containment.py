"""The kill switch: containing an agent and everything it delegated, and releasing it. Owns locks and their receipts.

Transaction one places the locks; from its commit on nothing under them succeeds. Then approvals and grants are voided,
leases taken back and tasks ended, in bounded commits, each with its receipt on the agent's lock; a restart finishes what
has no receipt. A lock that the store cannot take is held in memory until it can.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from console.model.actors import Actor, ActorKind
from console.model.agents import AGENT, Agent, AgentState
from console.model.approvals import Approval, ApprovalState
from console.model.exposure import residual_exposure
from console.model.grants import Grant, GrantState
from console.model.leases import LeaseState
from console.model.locks import ContainmentPreview, ContainmentTally, Lock, Receipt
from console.model.problems import ProblemError
from console.model.tasks import Task, TaskState
from console.server.authorization.ending import end_for, end_tree, void_for
from console.server.authorization.locks import LOCKS
from console.server.broker.debts import STORE_CODES, held
from console.server.broker.taking import take_all
from console.server.containment_reach import MANY, Reach, leases_then, live_leases, reach
from console.server.holds import Holds
from console.server.ports import Clock, Hooks, Store, Transaction

Step = Literal["lock", "void", "revoke", "end"]
CHUNK = 500
"""How many leases or tasks one commit touches at most."""
RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Held:
    """A containment that is in force in memory only: what its lock shall say, and what is held."""

    agent_id: str
    reason: str
    operator: Actor
    ids: tuple[str, ...]


class Containment:
    """Contains and releases agents."""

    def __init__(self, store: Store, clock: Clock, hooks: Hooks, holds: Holds, *, single_operator: bool = False) -> None:
        self._store = store
        self._clock = clock
        self._hooks = hooks
        self._holds = holds
        self._single_operator = single_operator
        self._owed: dict[str, Held] = {}
        self._woken = asyncio.Event()
        self._unfinished = True

    def preview(self, agent_id: str) -> ContainmentPreview:
        """What containing an agent would take with it, counted now. Raises ProblemError `not_found`."""
        agent, now = self._known(agent_id), self._clock.now()
        under = reach(self._store, agent)
        leases = list(live_leases(self._store, agent.id, under.task_ids).values())
        ends = [residual_exposure(lease.audience, expires_at=lease.expires_at, revoked_at=now) for lease in leases]
        return ContainmentPreview(
            agent_id=agent.id,
            agent_name=agent.name,
            critical=agent.critical,
            tasks=len(under.own),
            delegated_tasks=len(under.delegated),
            delegates=tuple(sorted({task.agent_name for task in under.delegated if task.agent_id != agent.id})),
            leases=len(leases),
            leases_by_issuer=_counted(lease.issuer for lease in leases),
            leases_by_revocability=_counted(lease.revocability.value for lease in leases),
            approvals=len(self._approvals(under)),
            grants=len(self._grants(under)),
            people_waiting=tuple(sorted({task.on_behalf_of for task in (*under.own, *under.delegated)})),
            residual_exposure_at=max((end for end in ends if end is not None), default=None),
        )

    async def contain(self, agent_id: str, reason: str, operator: Actor) -> ContainmentTally:
        """Contain an agent. Of one that is contained already, what has come of it so far.

        Raises ProblemError `not_found`; `not_an_edge` of a retired agent; and the store's with `held` among its facts: then
        it is in force in memory, and recorded as soon as the store can.
        """
        agent = self._known(agent_id)
        ids = (agent.id, *(task.id for task in reach(self._store, agent).delegated))
        owed = Held(agent.id, reason, operator, ids)
        self._holds.hold(ids)
        try:
            lock = await self._place(owed)
        except ProblemError as problem:
            if problem.code not in STORE_CODES:
                self._holds.lift(ids)
                raise
            self._owe(owed)
            raise held(problem) from None
        except BaseException:
            self._holds.lift(ids)
            raise
        self._holds.lift(ids)
        try:
            await self._finish(lock, operator)
        except ProblemError as problem:
            if problem.code not in STORE_CODES:
                raise
            # The lock stands and refuses everything; what has no receipt yet is done by `run` as soon as it can be.
            self._unfinished = True
            self._woken.set()
        return self.tally(lock.id)

    async def release(self, agent_id: str, reason: str, operator: Actor) -> Lock:
        """Release a contained agent; what was ended stays ended. Of a critical agent the first call only proposes.

        Raises ProblemError `not_found`, `not_an_edge` when it is not contained, and `not_eligible` when the second person is
        the first one.
        """
        agent = self._known(agent_id)
        standing = self._standing(agent.id)
        if standing is None:
            raise ProblemError("not_an_edge", "The agent is not contained.")
        await self._finish(standing, operator)
        return await self._store.write(lambda tx: self._release(tx, standing.id, reason, operator))

    def tally(self, lock_id: str) -> ContainmentTally:
        """How far the containment has come to which a lock belongs. Raises ProblemError `not_found`."""
        named = self._store.get(Lock, lock_id)
        lock = self._store.get(Lock, named.cause) if named is not None else None
        if lock is None:
            raise ProblemError("not_found", "There is no such lock.")
        task_ids = self._locked_tasks(lock)
        leases = leases_then(self._store, lock.agent_id, task_ids, lock.placed_at).values()
        counts = _counted(lease.state.value for lease in leases)
        ends = [lease.residual_exposure_at for lease in leases if lease.residual_exposure_at is not None]
        open_states = (LeaseState.PENDING, LeaseState.ACTIVE, LeaseState.REVOKING)
        # What was abandoned is not confirmed dead, so it counts with what is stuck.
        stuck = (LeaseState.IRREVOCABLE, LeaseState.ABANDONED)
        return ContainmentTally(
            lock=lock,
            leases=len(leases),
            confirmed=counts.get(LeaseState.REVOKED, 0),
            expired=counts.get(LeaseState.EXPIRED, 0) + counts.get(LeaseState.FAILED, 0),
            revoking=sum(counts.get(state, 0) for state in open_states),
            irrevocable=sum(counts.get(state, 0) for state in stuck),
            last_exposure_at=max(ends, default=None),
        )

    async def resume(self) -> int:
        """Finish every containment that a crash interrupted. Returns how many."""
        unfinished = [
            lock for lock in self._store.find(Lock, active=True, limit=MANY) if lock.cause == lock.id and not _has(lock, "end")
        ]
        for lock in unfinished:
            await self._finish(lock, Actor(kind=ActorKind.OPERATOR, id=lock.placed_by, name=lock.placed_by))
        return len(unfinished)

    async def settle(self) -> int:
        """Record the containments that are held in memory. Returns how many were. Raises the store's ProblemError."""
        done = 0
        for owed in list(self._owed.values()):
            lock = await self._place(owed)
            del self._owed[owed.agent_id]
            self._holds.lift(owed.ids)
            await self._finish(lock, owed.operator)
            done += 1
        return done

    async def run(self) -> None:
        """Resume what a crash interrupted; then, whenever something is held in memory only, record it. Until cancelled."""
        while True:
            self._woken.clear()
            try:
                if self._unfinished:
                    await self.resume()
                    self._unfinished = False
                await self.settle()
            except ProblemError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            await self._woken.wait()

    def _owe(self, owed: Held) -> None:
        before = self._owed.get(owed.agent_id)
        if before is not None:
            self._holds.lift(before.ids)
        self._owed[owed.agent_id] = owed
        self._woken.set()

    async def _place(self, owed: Held) -> Lock:
        """Transaction one: the locks, the agent's state, and the fence."""
        return await self._store.write(lambda tx: self._lock(tx, owed), takes_power=True)

    def _lock(self, tx: Transaction, owed: Held) -> Lock:
        agent = tx.get(Agent, owed.agent_id)
        if agent is None:
            raise ProblemError("not_found", "There is no such agent.")
        if agent.state is AgentState.RETIRED:
            raise ProblemError("not_an_edge", "The agent is retired.")
        standing = tx.find(Lock, target_id=agent.id, active=True, limit=1)
        if standing:
            return standing[0]
        under = reach(tx, agent)
        own_id = self._clock.new_id("lk")
        count = 1 + len(under.delegated)
        placed = Receipt(step="lock", at=tx.now, count=count, text=f"{count} locks placed")
        first = Lock(
            id=own_id,
            target="agent",
            target_id=agent.id,
            target_name=agent.name,
            cause=own_id,
            agent_id=agent.id,
            reason=owed.reason,
            placed_at=tx.now,
            placed_by=_name(owed.operator),
            receipts=(placed,),
        )
        lock = tx.put(first, "lock.placed", owed.operator)
        for task in under.delegated:
            target = {"id": self._clock.new_id("lk"), "target": "task", "target_id": task.id, "target_name": task.agent_name}
            tx.put(first.model_copy(update={**target, "receipts": ()}), "lock.placed", owed.operator)
        contained = agent.model_copy(update={"state": AGENT.step(agent.state, AgentState.CONTAINED)})
        tx.put(contained, "agent.contained", owed.operator, extra={"lock_id": own_id, "reason": owed.reason})
        tx.advance(LOCKS)
        return lock

    async def _finish(self, lock: Lock, operator: Actor) -> None:
        """Void, revoke, end: whatever has no receipt yet, in this order."""
        agent = self._known(lock.agent_id)
        task_ids = tuple(dict.fromkeys((*reach(self._store, agent).task_ids, *self._locked_tasks(lock))))
        if not _has(lock, "void"):
            await self._step(lock, "void", operator, lambda tx: self._void(tx, agent, task_ids, operator))
        if not _has(lock, "revoke"):
            ids = tuple(live_leases(self._store, agent.id, task_ids))
            for start in range(0, len(ids), CHUNK):
                part = ids[start : start + CHUNK]
                await self._store.write(_taking(part, operator), takes_power=True)
            await self._step(lock, "revoke", operator, lambda tx: self._revoked(tx, lock, task_ids, operator))
        if not _has(lock, "end"):
            await self._step(lock, "end", operator, lambda tx: self._end(tx, task_ids, operator))

    async def _step(self, lock: Lock, step: Step, operator: Actor, work: Callable[[Transaction], tuple[int, str]]) -> None:
        def verb(tx: Transaction) -> None:
            current = tx.get(Lock, lock.id)
            if current is None or _has(current, step):
                return
            count, text = work(tx)
            receipt = Receipt(step=step, at=tx.now, count=count, text=text)
            tx.put(current.model_copy(update={"receipts": (*current.receipts, receipt)}), "lock.receipt", operator)

        await self._store.write(verb, takes_power=True)

    def _void(self, tx: Transaction, agent: Agent, task_ids: tuple[str, ...], operator: Actor) -> tuple[int, str]:
        reason = "the agent is contained"
        voided = void_for(tx, agent_id=agent.id, task_ids=task_ids, reason=reason, actor=operator)
        ended = end_for(tx, self._hooks, agent_id=agent.id, task_ids=task_ids, reason=reason, actor=operator)
        return voided + ended, f"{voided} approval requests voided, {ended} grants ended"

    def _revoked(self, tx: Transaction, lock: Lock, task_ids: tuple[str, ...], operator: Actor) -> tuple[int, str]:
        # A lease that became live between the reading and here has been fenced off or is taken back now.
        take_all(tx, live_leases(tx, lock.agent_id, task_ids), "contained", operator)
        count = len(leases_then(tx, lock.agent_id, task_ids, lock.placed_at))
        return count, f"{count} leases are being revoked or were dead already"

    def _end(self, tx: Transaction, task_ids: tuple[str, ...], operator: Actor) -> tuple[int, str]:
        ended = 0
        for task_id in task_ids:
            task = tx.get(Task, task_id)
            if task is not None and task.state is TaskState.RUNNING:
                ended += len(end_tree(tx, self._hooks, task, TaskState.CONTAINED, operator, "the agent is contained"))
        return ended, f"{ended} tasks ended"

    def _release(self, tx: Transaction, lock_id: str, reason: str, operator: Actor) -> Lock:
        lock = tx.get(Lock, lock_id)
        agent = tx.get(Agent, lock.agent_id) if lock is not None else None
        if lock is None or agent is None or not lock.active:
            raise ProblemError("not_an_edge", "The agent is not contained any more.")
        who = _name(operator)
        if agent.critical and not self._single_operator:
            if not lock.release_proposed_by:
                proposed = lock.model_copy(update={"release_proposed_by": who, "release_reason": reason})
                return tx.put(proposed, "lock.release_proposed", operator)
            if lock.release_proposed_by == who:
                raise ProblemError(
                    "not_eligible", "You proposed this release yourself.", next_step="A second person must agree to it."
                )
        for one in tx.find(Lock, cause=lock.id, active=True, limit=MANY):
            changes = {"active": False, "released_at": tx.now, "released_by": who, "release_reason": reason}
            released = tx.put(one.model_copy(update=changes), "lock.released", operator)
            lock = released if one.id == lock_id else lock
        freed = agent.model_copy(update={"state": AGENT.step(agent.state, AgentState.ACTIVE)})
        tx.put(freed, "agent.released", operator, extra={"lock_id": lock_id, "reason": reason})
        tx.advance(LOCKS)
        return lock

    def _known(self, agent_id: str) -> Agent:
        agent = self._store.get(Agent, agent_id)
        if agent is None:
            raise ProblemError("not_found", "There is no such agent.")
        return agent

    def _standing(self, agent_id: str) -> Lock | None:
        found = self._store.find(Lock, target_id=agent_id, active=True, limit=1)
        return found[0] if found else None

    def _locked_tasks(self, lock: Lock) -> tuple[str, ...]:
        locks = self._store.find(Lock, cause=lock.id, limit=MANY)
        return tuple(one.target_id for one in locks if one.target == "task")

    def _approvals(self, under: Reach) -> set[str]:
        states = (ApprovalState.PENDING, ApprovalState.APPROVED)
        found = [self._store.find(Approval, limit=MANY, state=state, agent_id=under.agent.id) for state in states]
        for task_id in under.task_ids:
            found += [self._store.find(Approval, limit=MANY, state=state, task_id=task_id) for state in states]
        return {one.id for part in found for one in part}

    def _grants(self, under: Reach) -> set[str]:
        states = (GrantState.SCHEDULED, GrantState.ACTIVE)
        found = [self._store.find(Grant, limit=MANY, state=state, agent_id=under.agent.id) for state in states]
        for task_id in under.task_ids:
            found += [self._store.find(Grant, limit=MANY, state=state, task_id=task_id) for state in states]
        return {one.id for part in found for one in part}


def _taking(ids: tuple[str, ...], operator: Actor) -> Callable[[Transaction], int]:
    return lambda tx: len(take_all(tx, ids, "contained", operator))


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names))


def _has(lock: Lock, step: Step) -> bool:
    return any(receipt.step == step for receipt in lock.receipts)


def _name(actor: Actor) -> str:
    return actor.name or actor.id
