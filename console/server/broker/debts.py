"""Revocations that the store could not take: in force in memory, and recorded as soon as it can."""

from dataclasses import dataclass, field
from functools import partial

from console.model.actors import Actor
from console.model.leases import Lease
from console.model.problems import ProblemError
from console.server.broker.taking import take_all
from console.server.holds import Holds
from console.server.ports import Store

STORE_CODES = frozenset({"store_full", "store_unavailable"})
"""The problems that say that the store failed, rather than that the act was wrong."""


@dataclass(frozen=True, slots=True)
class Debt:
    """Leases that are refused already, and what their record shall say."""

    lease_ids: tuple[str, ...]
    reason: str
    actor: Actor


@dataclass
class Debts:
    """Takes leases back, and remembers what could not be recorded. Its leases are held until they are."""

    store: Store
    holds: Holds
    owed: list[Debt] = field(default_factory=list)

    async def take(self, lease_ids: tuple[str, ...], reason: str, actor: Actor) -> list[Lease]:
        """Take leases back in one commit.

        Raises ProblemError `store_full` or `store_unavailable`, with `held` among its facts: they are refused all the same.
        """
        self.holds.hold(lease_ids)
        try:
            taken = await self._record(Debt(lease_ids, reason, actor))
        except ProblemError as problem:
            if problem.code not in STORE_CODES:
                self.holds.lift(lease_ids)
                raise
            self.owed.append(Debt(lease_ids, reason, actor))
            raise held(problem) from None
        except BaseException:
            self.holds.lift(lease_ids)
            raise
        self.holds.lift(lease_ids)
        return taken

    async def settle(self) -> None:
        """Record what is owed. Raises ProblemError when the store still cannot; what is left stays held."""
        while self.owed:
            debt = self.owed[0]
            await self._record(debt)
            self.owed.pop(0)
            self.holds.lift(debt.lease_ids)

    async def _record(self, debt: Debt) -> list[Lease]:
        verb = partial(take_all, lease_ids=debt.lease_ids, reason=debt.reason, actor=debt.actor)
        return await self.store.write(verb, takes_power=True)


def held(problem: ProblemError) -> ProblemError:
    """The same problem of the store, saying that the act is in force although it is not recorded."""
    return ProblemError(
        problem.code,
        "It is in force: everything under it is refused from now on. It could not be recorded yet.",
        next_step="Make room; the record follows by itself.",
        held=True,
    )
