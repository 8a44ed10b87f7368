"""A whole plane for tests: both APIs over the real store and the real services, callers of every kind, a clock to move."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import Any

import httpx

from console.model.actors import PLANE, Role
from console.model.agents import Agent
from console.model.operators import OperatorInput
from console.server.api.app import Api
from console.server.api.services import Services
from console.server.api.settings import ApiSettings
from console.server.audit.live import AuditService, LiveEvidence
from console.server.authorization.task_tokens import TaskTokens
from console.server.authorization.tasks import Tasks
from console.server.broker.bundled import audience_of, budget_of, limits_of
from console.server.broker.debts import Debts
from console.server.broker.exchange import Exchange
from console.server.broker.followups import attach
from console.server.broker.introspection import Introspection
from console.server.broker.issuers.base import Issuer
from console.server.broker.issuers.tokens import TokenIssuer
from console.server.broker.leases import Leases
from console.server.broker.minting import Minting
from console.server.broker.revocation import Revocations
from console.server.containment import Containment
from console.server.identity.callers import Authenticator
from console.server.identity.keys import KeyRing
from console.server.identity.operators import Operators
from console.server.identity.payloads import PayloadSigner
from console.server.identity.svid import DevelopmentTrustDomain, TrustDomains
from console.server.identity.tokens import OwnTokens
from console.server.notices.notices import Notices
from tests.server.world import AUDIENCES, DOMAIN, World, open_world

URL = "http://plane.test"
AUTHORIZATION = f"spiffe://{DOMAIN}/leasehold/authorization"
BROKER = f"spiffe://{DOMAIN}/leasehold/broker"
GATEWAY = f"spiffe://{DOMAIN}/gateways/edge"
STAFF: dict[str, tuple[Role, ...]] = {
    "vera": (Role.VIEWER,),
    "paul": (Role.POLICY_AUTHOR,),
    "aude": (Role.AUDITOR,),
}
"""Operators beside those of the world, so that every role has somebody."""
BY_ROLE = {
    Role.VIEWER: "vera",
    Role.APPROVER: "maya",
    Role.RESPONDER: "ravi",
    Role.POLICY_AUTHOR: "paul",
    Role.AUDITOR: "aude",
    Role.ADMIN: "ida",
}


@dataclass
class Plane:
    """The application, the world behind it, and the credentials of everybody."""

    api: Api
    world: World
    services: Services
    trust: DevelopmentTrustDomain
    http: httpx.AsyncClient
    tokens: dict[str, str] = field(repr=False)

    def svid(self, spiffe_id: str, api: str = "authorization", seconds: int = 300) -> str:
        """A current JWT-SVID for one of the APIs."""
        audience = AUTHORIZATION if api == "authorization" else BROKER
        return self.trust.mint(spiffe_id, [audience], seconds, self.world.clock.now())

    def headers(self, who: str | Agent, api: str = "authorization") -> dict[str, str]:
        """The Authorization header of an operator by name, of an agent, or of a workload by its SPIFFE ID."""
        if isinstance(who, Agent):
            who = who.spiffe_id
        token = self.svid(who, api) if who.startswith("spiffe://") else self.tokens[who]
        return {"Authorization": f"Bearer {token}"}

    async def call(self, who: str | Agent | None, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request as somebody; the API follows from the path."""
        api = "broker" if path.startswith("/broker") else "authorization"
        sent = self.headers(who, api) if who is not None else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, path, json=body, headers=sent)

    async def opened(self, agent: Agent, purpose: str = "answer-customer", **more: Any) -> dict[str, Any]:
        """A task that the agent opened over HTTP: the whole answer."""
        body = {
            "intent": {"purpose": purpose, "text": "as asked"},
            "on_behalf_of": "a-customer",
            "rights": [{"actions": ["*"], "resources": ["*"], "max_class": "restricted"}],
            "heartbeat_seconds": 600,
        } | more
        response = await self.call(agent, "POST", "/authorization/v1/tasks", body)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer


@asynccontextmanager
async def open_plane(folder: Path, **settings: Any) -> AsyncIterator[Plane]:
    """A plane in a folder."""
    async with open_world(folder) as world:
        services, trust = wire(world)
        api = Api(services, ApiSettings(authorization_url=URL, broker_url=URL, environment="test", plane="unit", **settings))
        tokens = {}
        for name, roles in STAFF.items():
            enrolled = await services.operators.enrol(OperatorInput(name=name, roles=roles), PLANE)
            tokens[name] = enrolled.token
        for name in world.operators:
            tokens[name] = (await services.operators.renew(name, 8 * 3600, PLANE)).token
        transport = httpx.ASGITransport(app=api, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
            yield Plane(api=api, world=world, services=services, trust=trust, http=http, tokens=tokens)
        api.close_streams()


def wire(world: World) -> tuple[Services, DevelopmentTrustDomain]:
    """The services over a world's store, as the program's roof wires them."""
    store, clock, bundles, holds = world.store, world.clock, world.bundles, world.holds
    ring = KeyRing.create(clock.now())
    own = OwnTokens(ring)
    trust = DevelopmentTrustDomain(DOMAIN, KeyRing.create(clock.now()))
    task_tokens = TaskTokens(own.sign, own.verify, URL, AUTHORIZATION)
    attach(world.hooks, budget_of(bundles))
    minting, debts = Minting(), Debts(store, holds)
    issuers: dict[str, Issuer] = {"tokens": TokenIssuer(own.sign, URL)}
    find = audience_of(bundles, AUDIENCES)
    leases = Leases(store, clock, world.decisions, issuers, find, limits_of(bundles), holds, minting=minting, debts=debts)
    operators = Operators(store)
    services = Services(
        store=store,
        clock=clock,
        audiences={"authorization": AUTHORIZATION, "broker": BROKER},
        authenticator=Authenticator(
            store,
            operators,
            TrustDomains({DOMAIN: trust}),
            resource_servers=AUDIENCES.values(),
            enforcement_points=[GATEWAY],
        ),
        operators=operators,
        registry=world.registry,
        tasks=Tasks(store, clock, bundles, task_tokens, world.hooks),
        task_tokens=task_tokens,
        decisions=world.decisions,
        approvals=world.approvals,
        grants=world.grants,
        previews=world.previews,
        bundles=bundles,
        publications=world.publications,
        leases=leases,
        introspection=Introspection(store, clock, holds, own.verify, AUDIENCES),
        exchange=Exchange(leases, clock, task_tokens.read, find),
        revocations=Revocations(store, clock, issuers, minting=minting, debts=debts, random=SystemRandom()),
        issuers=issuers,
        containment=Containment(store, clock, world.hooks, holds),
        audit=AuditService(store, PayloadSigner(ring)),
        evidence=LiveEvidence(store, clock),
        notices=Notices(store, clock, (), plane="unit", environment="test"),
        jwks=ring.jwks,
        ready=lambda: "",
    )
    return services, trust
