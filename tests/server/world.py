"""A plane below HTTP for tests: the real store in a folder of its own, the sample bundle, a clock that the test moves."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.model.actors import Actor, ActorKind, Role
from console.model.agents import Agent, AgentRegistration
from console.model.decisions import DecideInput, Decision
from console.model.exposure import Audience
from console.model.ids import make_id
from console.model.operators import Operator
from console.model.rights import Right
from console.model.scales import DataClass
from console.model.tasks import Delegation, IntentInput, ObservationInput, Task, TaskOpening
from console.server.authorization.approvals import Approvals
from console.server.authorization.bundles import Bundles
from console.server.authorization.decisions import Decisions
from console.server.authorization.drafts import Drafts
from console.server.authorization.grants import Grants
from console.server.authorization.previews import Previews
from console.server.authorization.publications import Publications
from console.server.authorization.registry import Registry
from console.server.authorization.sweep import Sweep
from console.server.authorization.task_tokens import TaskTokens
from console.server.authorization.tasks import Tasks
from console.server.holds import Holds
from console.server.identity.keys import KeyRing
from console.server.identity.tokens import OwnTokens
from console.server.ports import Hooks
from console.server.store.sqlite import SqliteStore
from console.server.store.transaction import Tracer

BUNDLE = Path(__file__).parents[2] / "sample_config" / "bundle"
START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DOMAIN = "example.org"
ADMIN = Actor(kind=ActorKind.OPERATOR, id="ida", name="ida")
CRM = Actor(kind=ActorKind.RESOURCE_SERVER, id=f"spiffe://{DOMAIN}/servers/crm", name="crm")
AUDIENCES = {name: Audience(name=name, spiffe_id=f"spiffe://{DOMAIN}/servers/{name}") for name in ("crm", "docs", "outbox")}
PEOPLE = {
    "maya": ((Role.APPROVER,), ("security", "finance")),
    "omar": ((Role.APPROVER,), ("security", "data-owners")),
    "lena": ((Role.APPROVER,), ("data-owners", "finance")),
    "ravi": ((Role.RESPONDER,), ("security",)),
    "ida": ((Role.ADMIN,), ()),
}
ALL = Right(actions=("*",), resources=("*",), max_class=DataClass.RESTRICTED)


class TestClock:
    """A clock that stands still until it is moved."""

    __test__ = False

    def __init__(self, at: datetime = START) -> None:
        self._at = at
        self._ids = itertools.count(1)

    def now(self) -> datetime:
        return self._at

    def move(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)

    def new_id(self, prefix: str) -> str:
        return make_id(prefix, self._at, next(self._ids).to_bytes(10, "big"))


@dataclass
class World:
    """The services of the authorization API over a real store, and short ways to do what tests do often."""

    store: SqliteStore
    clock: TestClock
    hooks: Hooks
    holds: Holds
    bundles: Bundles
    registry: Registry
    drafts: Drafts
    decisions: Decisions
    tasks: Tasks
    grants: Grants
    approvals: Approvals
    publications: Publications
    previews: Previews
    sweep: Sweep
    operators: dict[str, Operator]

    async def agent(self, name: str, *, role: str = "executor", team: str = "support", **more: object) -> Agent:
        """A registered agent whose entitlement is everything, unless it is said otherwise."""
        fields = {
            "name": name,
            "spiffe_id": f"spiffe://{DOMAIN}/agents/{name}",
            "owner": "ravi",
            "team": team,
            "role": role,
            "entitlement": (ALL,),
        } | more
        return await self.registry.register(AgentRegistration.model_validate(fields), ADMIN)

    async def task(self, agent: Agent, purpose: str = "answer-customer", **more: object) -> Task:
        """A running task with all rights for a quarter of an hour."""
        fields = {"intent": IntentInput(purpose=purpose), "on_behalf_of": "a-customer", "rights": (ALL,), "seconds": 900}
        fields |= {"heartbeat_seconds": 600} | more
        return (await self.tasks.open(agent, TaskOpening.model_validate(fields))).task

    async def child(self, agent: Agent, parent: Task, to: str, **more: object) -> Task:
        """A task delegated from another."""
        fields = {"agent": to, "intent": IntentInput(purpose=parent.intent.purpose), "rights": (ALL,), "seconds": 300} | more
        return (
            await self.tasks.delegate(agent, parent.id, Delegation.model_validate({"heartbeat_seconds": 300} | fields))
        ).task

    async def decide(self, agent: Agent, task: Task | None, action: str, resource: str, **more: object) -> Decision:
        """One decision, as the single evaluation endpoint asks for it."""
        fields = {"agent": agent.id, "task_id": task.id if task else None, "action": action, "resource": resource} | more
        actor = Actor(kind=ActorKind.AGENT, id=agent.id, name=agent.name)
        decision, _ = await self.decisions.decide(DecideInput.model_validate(fields), asked_by=actor)
        return decision

    async def read(self, task: Task, resource: str, rows: int) -> None:
        """What the resource server reports after a read."""
        seen = ObservationInput(direction="read", resource=resource, rows=rows, size_bytes=rows * 100)
        await self.tasks.observe(CRM, None, task.id, seen, resource.partition("/")[0])


def bundle_files(folder: Path = BUNDLE) -> dict[str, str]:
    """The files of a bundle by their path within it."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@asynccontextmanager
async def open_world(
    folder: Path, *, clock: TestClock | None = None, single_operator: bool = False, tracer: Tracer | None = None
) -> AsyncIterator[World]:
    """A world in a folder; the same folder again is the same plane, restarted. `tracer` hears of the writer's steps."""
    clock = clock or TestClock()
    store = SqliteStore.open(folder, clock, **({"tracer": tracer} if tracer is not None else {}))
    try:
        hooks, holds = Hooks(), Holds()
        bundles = Bundles(store, clock)
        await bundles.start(bundle_files())
        registry = Registry(store, clock)
        drafts = Drafts(store, clock, bundles, registry, AUDIENCES, DOMAIN, holds)
        own = OwnTokens(KeyRing.create(clock.now()))
        tokens = TaskTokens(own.sign, own.verify, "https://plane.example", f"spiffe://{DOMAIN}/leasehold/authorization")
        tasks = Tasks(store, clock, bundles, tokens, hooks)
        grants = Grants(store, clock, bundles, hooks, single_operator=single_operator)
        publications = Publications(store, clock, bundles, single_operator=single_operator)
        approvals = Approvals(store, clock, bundles, drafts, grants, publications, single_operator=single_operator)
        yield World(
            store=store,
            clock=clock,
            hooks=hooks,
            holds=holds,
            bundles=bundles,
            registry=registry,
            drafts=drafts,
            decisions=Decisions(store, clock, bundles, drafts, hooks),
            tasks=tasks,
            grants=grants,
            approvals=approvals,
            publications=publications,
            previews=Previews(store, clock, bundles, drafts, approvals, grants),
            sweep=Sweep(tasks, approvals, grants),
            operators=await _enrol(store, clock),
        )
    finally:
        await store.close()


async def _enrol(store: SqliteStore, clock: TestClock) -> dict[str, Operator]:
    enrolled = {}
    for name, (roles, groups) in PEOPLE.items():
        found = store.get(Operator, name)
        operator = Operator(
            id=name,
            roles=roles,
            groups=groups,
            enrolled_at=clock.now(),
            enrolled_by="ida",
            token_expires_at=clock.now() + timedelta(hours=8),
        )
        enrolled[name] = found or await store.write(lambda tx, operator=operator: tx.put(operator, "operator.enrolled", ADMIN))
    return enrolled
