"""The life of leases under random sequences of everything that can happen to them, against a small model of it.

The model keeps, for each lease that was issued, whether anything has ended it. What introspection says must agree with the
model at every step, in both directions: nothing works that was ended, and nothing was ended that should live.
"""

import asyncio
import tempfile
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from console.model.agents import Agent
from console.model.leases import LEASE, UNSETTLED, Lease, LeaseIssued, LeaseState, RenewInput
from console.model.problems import ProblemError
from console.model.tasks import Task, TaskEnding
from console.server.authorization.tasks import actor_of
from console.server.broker.issuers.base import IssuerError
from tests.server.broker.estate import RESPONDER, Estate, Fickle, open_estate
from tests.server.world import TestClock

T = TypeVar("T")
AGENTS = ("support-executor", "support-helper")


@dataclass
class Known:
    """What the model knows of one lease: its present credential, when that ends, and whether anything ended it."""

    issued: LeaseIssued
    agent: str
    task_ends_at: datetime
    ends_at: datetime
    ended: bool = False

    def alive(self, now: datetime) -> bool:
        return not self.ended and now < min(self.ends_at, self.task_ends_at)


class LeaseLife(RuleBasedStateMachine):
    """Issue, renew, revoke, wait, end tasks, contain, release, restart: in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.clock, self.fickle = TestClock(), Fickle()
        self.opened = open_estate(Path(self.folder.name) / "plane", clock=self.clock, fickle=self.fickle)
        self.estate: Estate = self.runner.run(self.opened.__aenter__())
        self.agents: dict[str, Agent] = {}
        self.tasks: dict[str, Task] = {}
        self.contained: set[str] = set()
        self.leases: list[Known] = []

    def teardown(self) -> None:
        self.runner.run(self.opened.__aexit__(None, None, None))
        self.runner.close()
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        for name in AGENTS:
            self.agents[name] = self.runner.run(self.estate.world.agent(name))
            self.tasks[name] = self.runner.run(self.estate.world.task(self.agents[name]))

    def attempt(self, act: Awaitable[T]) -> tuple[T | None, str]:
        """What an act returned, or the code of the problem that it ended in."""

        async def wait() -> tuple[T | None, str]:
            try:
                return await act, ""
            except ProblemError as problem:
                return None, problem.code

        return self.runner.run(wait())

    def runs(self, name: str) -> bool:
        due = self.tasks[name].due_at()
        return name not in self.contained and due is not None and self.clock.now() < due

    @rule(name=st.sampled_from(AGENTS), where=st.sampled_from(("crm", "docs", "outbox")), seconds=st.integers(2, 200))
    def issue(self, name: str, where: str, seconds: int) -> None:
        agent, task = self.agents[name], self.tasks[name]
        issued, code = self.attempt(self.estate.issue(agent, task, where, seconds=seconds))
        if issued is None:
            assert code == "beyond_ceiling" or (code == "denied" and not self.runs(name))
            return
        assert self.runs(name)
        task_ends_at = task.due_at()
        assert task_ends_at is not None
        ends_at = issued.lease.expires_at.replace(microsecond=0)
        self.leases.append(Known(issued, name, task_ends_at, ends_at))

    @rule(name=st.sampled_from(AGENTS), error=st.sampled_from(["refused", "unclear"]))
    def mint_without_luck(self, name: str, error: str) -> None:
        self.fickle.mints = [IssuerError(error)]
        before = self.estate.world.store.count(Lease, state=LeaseState.ACTIVE)
        asked = self.estate.issue(self.agents[name], self.tasks[name], issuer="fickle", seconds=5)
        assert self.attempt(asked)[1] in ("issuer_failed", "denied", "beyond_ceiling")
        self.fickle.mints = []
        assert self.estate.world.store.count(Lease, state=LeaseState.ACTIVE) == before

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 1000), seconds=st.integers(1, 400))
    def renew(self, which: int, seconds: int) -> None:
        known = self.leases[which % len(self.leases)]
        agent = self.agents[known.agent]
        asked = RenewInput(seconds=seconds)
        renewed, code = self.attempt(self.estate.leases.renew(agent, known.issued.lease.id, asked, actor_of(agent)))
        if renewed is None:
            dead = ("lease_not_active", "locked", "task_not_running")
            assert code == "beyond_ceiling" if known.alive(self.clock.now()) else code in dead
            return
        assert known.alive(self.clock.now())
        assert renewed.lease.expires_at <= renewed.lease.max_expires_at
        known.issued, known.ends_at = renewed, renewed.lease.expires_at.replace(microsecond=0)

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 1000))
    def revoke(self, which: int) -> None:
        known = self.leases[which % len(self.leases)]
        self.runner.run(self.estate.leases.revoke(known.issued.lease.id, "no longer needed", RESPONDER))
        known.ended = True

    @rule(seconds=st.integers(1, 120))
    def wait(self, seconds: int) -> None:
        self.clock.move(seconds)

    @rule()
    def work_off(self) -> None:
        self.runner.run(self.estate.world.sweep.step())
        self.runner.run(self.estate.revocations.step())

    @rule(name=st.sampled_from(AGENTS))
    def end_task(self, name: str) -> None:
        ending = self.estate.world.tasks.complete(self.agents[name], self.tasks[name].id, TaskEnding())
        assert self.attempt(ending)[1] in ("", "task_not_running")
        self.ended(name)
        if name not in self.contained:
            self.tasks[name] = self.runner.run(self.estate.world.task(self.agents[name]))

    @rule(name=st.sampled_from(AGENTS))
    def contain(self, name: str) -> None:
        tally = self.runner.run(self.estate.containment.contain(self.agents[name].id, "hijacked", RESPONDER))
        counted = tally.confirmed + tally.expired + tally.revoking + tally.irrevocable
        assert counted == tally.leases
        self.contained.add(name)
        self.ended(name)

    @rule(name=st.sampled_from(AGENTS))
    def release(self, name: str) -> None:
        if name not in self.contained:
            return
        self.runner.run(self.estate.containment.release(self.agents[name].id, "false alarm", RESPONDER))
        self.contained.discard(name)
        self.tasks[name] = self.runner.run(self.estate.world.task(self.agents[name]))

    @precondition(lambda self: self.leases)
    @rule()
    def crash_while_minting(self) -> None:
        """What a crash between mint and record leaves behind: a `pending` row, and a credential that nobody was given."""
        like = self.leases[-1].issued.lease
        changes = {"id": self.clock.new_id("ls"), "version": 0, "state": LeaseState.PENDING, "active_at": None}
        orphan = like.model_copy(update={**changes, "issuer": "fickle"})
        self.fickle.made.add(orphan.id)
        self.runner.run(self.estate.world.store.write(lambda tx: tx.put(orphan, "lease.pending", RESPONDER)))
        self.restart()
        self.runner.run(self.estate.revocations.step())
        assert orphan.id not in self.fickle.made or self.estate.lease(orphan).state is LeaseState.EXPIRED

    @rule()
    def restart(self) -> None:
        own = self.estate.own
        self.runner.run(self.opened.__aexit__(None, None, None))
        self.opened = open_estate(Path(self.folder.name) / "plane", clock=self.clock, own=own, fickle=self.fickle)
        self.estate = self.runner.run(self.opened.__aenter__())
        self.runner.run(self.estate.revocations.resume())
        self.runner.run(self.estate.containment.resume())
        assert self.estate.world.store.count(Lease, state=LeaseState.PENDING) == 0

    def ended(self, name: str) -> None:
        task_id = self.tasks[name].id
        for known in self.leases:
            if known.issued.lease.task_id == task_id:
                known.ended = True

    @invariant()
    def introspection_agrees_with_the_model(self) -> None:
        now = self.clock.now()
        for known in self.leases:
            assert self.runner.run(self.estate.active(known.issued)) is known.alive(now)

    @invariant()
    def records_agree_with_the_state_machine(self) -> None:
        store = self.estate.world.store
        assert sum(store.count(Lease, state=state) for state in LeaseState) == len(store.find(Lease))
        for known in self.leases:
            lease = store.get(Lease, known.issued.lease.id)
            assert lease is not None
            assert (lease.ended_at is None) is (lease.state in UNSETTLED)
            if lease.state in (LeaseState.REVOKING, LeaseState.REVOKED):
                assert lease.residual_exposure_at is not None
            if lease.state is LeaseState.REVOKED:
                assert lease.residual_exposure_at is not None
                assert lease.residual_exposure_at <= self.clock.now()
                assert lease.audience.check == "introspect"
            states = [LeaseState(str(record.body["entity"]["state"])) for record in store.audit(object_id=lease.id)]  # type: ignore[index, call-overload]
            assert states[0] is LeaseState.PENDING
            assert all(one is two or LEASE.may(one, two) for one, two in pairwise(states))


LeaseLife.TestCase.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLeaseLife = LeaseLife.TestCase
