"""The broker over a world: real decisions, a real store, the token issuer, and an issuer that fails when it is told to."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from console.model.actors import Actor, ActorKind
from console.model.agents import Agent
from console.model.exposure import Audience, Revocability
from console.model.leases import Lease, LeaseInput, LeaseIssued
from console.model.tasks import Task
from console.server.authorization.task_tokens import TaskTokens
from console.server.authorization.tasks import actor_of
from console.server.broker.bundled import audience_of, budget_of, limits_of
from console.server.broker.debts import Debts
from console.server.broker.exchange import Exchange
from console.server.broker.followups import attach
from console.server.broker.introspection import Introspection
from console.server.broker.issuers.base import Confirmation, Description, Health, Issuer, Minted, MintRequest
from console.server.broker.issuers.tokens import TokenIssuer
from console.server.broker.leases import Leases
from console.server.broker.minting import Minting
from console.server.broker.revocation import Patience, Revocations
from console.server.containment import Containment
from console.server.identity.keys import KeyRing
from console.server.identity.tokens import OwnTokens
from tests.server.world import AUDIENCES, DOMAIN, TestClock, World, open_world

RESPONDER = Actor(kind=ActorKind.OPERATOR, id="ravi", name="ravi")
SECOND = Actor(kind=ActorKind.OPERATOR, id="maya", name="maya")
CACHED = Audience(name="docs", spiffe_id=f"spiffe://{DOMAIN}/servers/docs", cache_seconds=10, skew_seconds=5)
OFFLINE = Audience(name="outbox", spiffe_id=f"spiffe://{DOMAIN}/servers/outbox", check="offline", skew_seconds=5)
CRM = AUDIENCES["crm"]
WIRED = {"crm": CRM, "docs": CACHED, "outbox": OFFLINE}
ACTIONS = {
    "crm": ("customers.read", "crm/customers"),
    "docs": ("documents.read", "docs/public/prices"),
    "outbox": ("mail.send", "outbox/customer"),
}


@dataclass
class Fickle:
    """An issuer whose next answers a test lays down: an error to raise, or an instant from which the credential is dead."""

    mints: list[Exception] = field(default_factory=list)
    revokes: list[Exception | datetime] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    healthy: bool = True

    async def mint(self, request: MintRequest) -> Minted:
        if self.mints:
            raise self.mints.pop(0)
        self.made.add(request.reference)
        return Minted(credential=f"secret-of-{request.reference}", handle=f"role-{request.reference[-6:]}")

    async def renew(self, request: MintRequest) -> Minted:
        return await self.mint(request)

    async def revoke(self, lease: Lease, at: datetime) -> Confirmation:
        self.asked.append(lease.id)
        answer = self.revokes.pop(0) if self.revokes else at
        if isinstance(answer, Exception):
            raise answer
        self.made.discard(lease.id)
        return Confirmation(dead_at=answer)

    async def probe(self) -> Health:
        return Health(self.healthy, "as told")

    def describe(self) -> Description:
        return Description("fickle", (Revocability.INSTANT,))


@dataclass
class Estate:
    """The services of the broker, and short ways to do what tests do often."""

    world: World
    own: OwnTokens
    fickle: Fickle
    issuers: dict[str, Issuer]
    leases: Leases
    introspection: Introspection
    tokens: TaskTokens
    exchange: Exchange
    revocations: Revocations
    containment: Containment
    minting: Minting
    debts: Debts

    async def issue(self, agent: Agent, task: Task, where: str = "crm", **more: object) -> LeaseIssued:
        """A lease at an audience of the sample estate, as the agent asks for it."""
        action, resource = ACTIONS[where]
        fields = {"task_id": task.id, "action": action, "resource": resource} | more
        return await self.leases.issue(agent, LeaseInput.model_validate(fields), actor_of(agent))

    async def active(self, issued: LeaseIssued) -> bool:
        """Whether the audience of a lease is told that its credential is good."""
        answer = await self.introspection.introspect(issued.credential, issued.lease.audience)
        return answer.active

    def lease(self, issued: LeaseIssued | Lease) -> Lease:
        """A lease as it is recorded now."""
        found = self.world.store.get(Lease, issued.lease.id if isinstance(issued, LeaseIssued) else issued.id)
        assert found is not None
        return found

    async def pair(self, name: str = "support-executor") -> tuple[Agent, Task]:
        """An agent of the support team with a running task."""
        agent = await self.world.agent(name)
        return agent, await self.world.task(agent)


@asynccontextmanager
async def open_estate(
    folder: Path, *, clock: TestClock | None = None, own: OwnTokens | None = None, fickle: Fickle | None = None
) -> AsyncIterator[Estate]:
    """An estate in a folder; the same folder, clock and keys again are the same plane, restarted."""
    async with open_world(folder, clock=clock) as world:
        own = own or OwnTokens(KeyRing.create(world.clock.now()))
        fickle = fickle or Fickle()
        issuers: dict[str, Issuer] = {"tokens": TokenIssuer(own.sign, "https://plane.example"), "fickle": fickle}
        minting, debts = Minting(), Debts(world.store, world.holds)
        find = audience_of(world.bundles, WIRED)
        leases = Leases(
            world.store,
            world.clock,
            world.decisions,
            issuers,
            find,
            limits_of(world.bundles),
            world.holds,
            minting=minting,
            debts=debts,
        )
        attach(world.hooks, budget_of(world.bundles))

        tokens = TaskTokens(own.sign, own.verify, "https://plane.example", f"spiffe://{DOMAIN}/leasehold/authorization")

        def subject(token: str, now: datetime) -> tuple[str | None, str]:
            return tokens.read(token, now)

        yield Estate(
            world=world,
            own=own,
            fickle=fickle,
            issuers=issuers,
            leases=leases,
            introspection=Introspection(world.store, world.clock, world.holds, own.verify, WIRED),
            tokens=tokens,
            exchange=Exchange(leases, world.clock, subject, find),
            revocations=Revocations(
                world.store,
                world.clock,
                issuers,
                minting=minting,
                debts=debts,
                random=random.Random(7),
                patience=Patience(attempts=3, first_wait_seconds=1, longest_wait_seconds=4, orphan_seconds=15),
            ),
            containment=Containment(world.store, world.clock, world.hooks, world.holds),
            minting=minting,
            debts=debts,
        )
