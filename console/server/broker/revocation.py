"""Revocation as a durable intent, and expiry on time: what is recorded here is worked off, whatever happens in between.

Owns every change of a lease after the intent to revoke it, and every change that time alone brings. It is woken by the
store's events and by the next due instant; it never polls. A restart finds the intents in the store and goes on.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random

from console.model.actors import PLANE, Actor
from console.model.leases import Lease, LeaseState
from console.model.machine import NotAnEdge
from console.model.problems import ProblemError
from console.server.broker import lifecycle
from console.server.broker.debts import Debts
from console.server.broker.issuers.base import Confirmation, Issuer, IssuerError
from console.server.broker.minting import Minting
from console.server.broker.scrub import scrubbed
from console.server.broker.taking import pages, take_back
from console.server.ports import Clock, Store, StoredEvent, Transaction

BATCH = 500
"""How many leases one verb settles at most."""
MOST_BUSY = 2000
"""How many leases are being revoked at the same time at most; the others wait in the store."""
TROUBLE_SECONDS = 1.0
"""How long to wait when the store fails."""
FAR = timedelta(days=3650)
WAKING = frozenset({"lease.active", "lease.renewed", "lease.revoking", "lease.kept"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How an issuer is asked: spans in seconds. After `attempts` refusals a lease is irrevocable until somebody retries."""

    attempts: int = 6
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 60.0
    answer_seconds: float = 10.0
    at_once: int = 16
    """How many revocations one issuer is asked for at the same time."""
    orphan_seconds: float = 15.0
    """How long a `pending` lease may be nobody's before it is settled."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of asking an issuer once: its answer, or an error that was scrubbed."""

    lease_id: str
    answer: Confirmation | None
    error: str = ""


class Revocations:
    """Works off what is to be revoked and what is due. `run` lives as long as the plane; tests drive `step`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        issuers: Mapping[str, Issuer],
        *,
        minting: Minting,
        debts: Debts,
        random: Random,
        patience: Patience | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._issuers = issuers
        self._minting = minting
        minting.on_end = self.wake
        self._debts = debts
        self._random = random
        self._patience = patience or Patience()
        self._woken = asyncio.Event()
        self._busy: set[str] = set()
        self._work: set[asyncio.Task[None]] = set()
        self._gates = {name: asyncio.Semaphore(self._patience.at_once) for name in issuers}
        self._trouble = False

    async def run(self) -> None:
        """Settle what a restart left, then work until cancelled."""
        stop = self._store.subscribe(self._heard)
        try:
            orphans_before = self._clock.now()
            while True:
                self._woken.clear()
                if self._trouble:
                    self._trouble = False
                    await asyncio.sleep(TROUBLE_SECONDS)
                try:
                    await self._settle_pending(orphans_before)
                    if not await self._begin():
                        await self._rest()
                except ProblemError:
                    self._trouble = True
        finally:
            stop()
            for work in self._work:
                work.cancel()
            await asyncio.gather(*self._work, return_exceptions=True)

    async def step(self) -> None:
        """Everything that is due now, to its end: for tests, and for a plane that is shutting down."""
        while await self._begin():
            await self._finish()
            if self._trouble:
                self._trouble = False
                return
        await self._finish()

    async def resume(self) -> None:
        """Settle the `pending` leases that a crash left behind: their issuers are asked to revoke by reference."""
        await self._settle_pending(self._clock.now())

    def wake(self) -> None:
        """Look again now. Called on the event loop's thread."""
        self._woken.set()

    async def retry(self, lease_id: str, actor: Actor) -> Lease:
        """Ask the issuer again for a lease that is irrevocable. Raises ProblemError `not_found`, `not_an_edge`."""

        def verb(tx: Transaction) -> Lease:
            lease = _known(tx, lease_id)
            return tx.put(_edge(lambda: lifecycle.retried(lease, tx.now)), "lease.revoking", actor, extra={"retry": True})

        return await self._store.write(verb, takes_power=True)

    async def abandon(self, lease_id: str, actor: Actor, reason: str) -> Lease:
        """Stop tracking a lease that is irrevocable; access may live on. Raises ProblemError `not_found`, `not_an_edge`."""

        def verb(tx: Transaction) -> Lease:
            lease = _known(tx, lease_id)
            return tx.put(_edge(lambda: lifecycle.abandoned(lease, tx.now)), "lease.abandoned", actor, extra={"reason": reason})

        return await self._store.write(verb)

    def _heard(self, events: list[StoredEvent]) -> None:
        if any(event.kind in WAKING for event in events):
            self.wake()

    async def _rest(self) -> None:
        """Until something changes or comes due."""
        due = self._next_due()
        wait = None if due is None else max(0.001, (due - self._clock.now()).total_seconds())
        try:
            async with asyncio.timeout(wait):
                await self._woken.wait()
        except TimeoutError:
            return

    def _next_due(self) -> datetime | None:
        aside = self._busy | self._minting.ids
        found = self._store.due(Lease, self._clock.now() + FAR, limit=1 + len(aside))
        times = [due for lease in found if self._is_open(lease) and (due := lease.due_at()) is not None]
        orphans = self._store.find(Lease, state=LeaseState.PENDING, limit=1 + len(aside))
        grace = timedelta(seconds=self._patience.orphan_seconds)
        times += [lease.requested_at + grace for lease in orphans if lease.id not in aside]
        return min(times, default=None)

    async def _begin(self) -> bool:
        """Start on what is due: time's own changes are committed here, issuers are asked beside. Whether more is due."""
        await self._debts.settle()
        now = self._clock.now()
        await self._settle_pending(now - timedelta(seconds=self._patience.orphan_seconds))
        if len(self._busy) >= MOST_BUSY:
            return False
        found = self._store.due(Lease, now, limit=BATCH + len(self._busy | self._minting.ids))
        due = [lease for lease in found if self._is_open(lease)]
        outlived = [lease.id for lease in due if _outlived(lease, now)]
        if outlived:
            await self._store.write(lambda tx: _expire(tx, outlived), takes_power=True)
        gone = set(outlived)
        asked: dict[str, list[Lease]] = {}
        for lease in due:
            if lease.id not in gone and lease.state is LeaseState.REVOKING:
                asked.setdefault(lease.issuer, []).append(lease)
        for name, leases in asked.items():
            self._busy.update(lease.id for lease in leases)
            work = asyncio.create_task(self._ask_all(name, leases))
            self._work.add(work)
            work.add_done_callback(self._work.discard)
        return bool(outlived or asked)

    def _is_open(self, lease: Lease) -> bool:
        """Whether time's work on it is ours: not under way already, and not `pending`, which is settled apart."""
        aside = lease.id in self._busy or lease.id in self._minting.ids
        return not aside and lease.state is not LeaseState.PENDING

    async def _finish(self) -> None:
        while self._work:
            await asyncio.gather(*self._work)

    async def _ask_all(self, issuer: str, leases: list[Lease]) -> None:
        """Ask one issuer for a batch and commit its answers together."""
        try:
            attempts = await asyncio.gather(*(self._ask(issuer, lease) for lease in leases))
            await self._store.write(lambda tx: self._apply(tx, attempts), takes_power=True)
        except ProblemError:
            # The intents stand in the store and are due still; the next pass asks again.
            self._trouble = True
        finally:
            self._busy.difference_update(lease.id for lease in leases)
            self.wake()

    async def _ask(self, name: str, lease: Lease) -> Attempt:
        issuer = self._issuers.get(name)
        if issuer is None:
            return Attempt(lease.id, None, "the issuer is not configured any more")
        try:
            async with self._gates[name], asyncio.timeout(self._patience.answer_seconds):
                return Attempt(lease.id, await issuer.revoke(lease, self._clock.now()))
        except TimeoutError:
            return Attempt(lease.id, None, "the issuer did not answer in time")
        except (IssuerError, OSError, ValueError) as error:
            return Attempt(lease.id, None, scrubbed(error))

    def _apply(self, tx: Transaction, attempts: list[Attempt]) -> None:
        for attempt in attempts:
            lease = tx.get(Lease, attempt.lease_id)
            if lease is None or lease.state is not LeaseState.REVOKING:
                continue
            if attempt.answer is not None:
                changed = lifecycle.answered(lease, attempt.answer, tx.now)
                settled = changed.state is not LeaseState.REVOKING
                tx.put(changed, f"lease.{changed.state.value}", PLANE, audit=settled)
                continue
            changed = lifecycle.unanswered(lease, attempt.error, again_at=self._again_at(lease, tx.now))
            tx.put(changed, f"lease.{changed.state.value}", PLANE)

    def _again_at(self, lease: Lease, now: datetime) -> datetime | None:
        """Twice as long after each refusal, up to the longest wait, less up to half at random; None after the last."""
        made = lease.attempts + 1
        if made >= self._patience.attempts:
            return None
        wait = min(self._patience.longest_wait_seconds, self._patience.first_wait_seconds * 2 ** (made - 1))
        return now + timedelta(seconds=wait * self._random.uniform(0.5, 1.0))

    async def _settle_pending(self, before: datetime) -> None:
        """Take back the `pending` leases from before an instant that nobody is minting."""
        found = [
            lease.id
            for lease in pages(self._store, state=LeaseState.PENDING)
            if lease.requested_at <= before and lease.id not in self._minting.ids
        ]
        for start in range(0, len(found), BATCH):
            await self._store.write(partial(_orphaned, ids=found[start : start + BATCH]), takes_power=True)


def _outlived(lease: Lease, now: datetime) -> bool:
    """Whether time alone ends it: active past its expiry, or not confirmed dead but dead of age."""
    if lease.state is LeaseState.ACTIVE:
        return lease.expires_at <= now
    if lease.state is LeaseState.IRREVOCABLE:
        return lifecycle.outlived_at(lease) <= now
    certain = lease.residual_exposure_at
    return (
        lease.state is LeaseState.REVOKING
        and lifecycle.outlived_at(lease) <= now
        and (certain is None or certain >= lifecycle.outlived_at(lease))
    )


def _expire(tx: Transaction, ids: list[str]) -> None:
    for id in ids:
        lease = tx.get(Lease, id)
        if lease is not None and _outlived(lease, tx.now):
            tx.put(lifecycle.expired(lease, tx.now), "lease.expired", PLANE)


def _orphaned(tx: Transaction, ids: list[str]) -> None:
    for id in ids:
        take_back(tx, id, "its credential was never given out", PLANE)


def _known(tx: Transaction, lease_id: str) -> Lease:
    lease = tx.get(Lease, lease_id)
    if lease is None:
        raise ProblemError("not_found", "There is no such lease.")
    return lease


def _edge(change: Callable[[], Lease]) -> Lease:
    try:
        return change()
    except NotAnEdge as error:
        raise ProblemError("not_an_edge", f"{error}.") from None
