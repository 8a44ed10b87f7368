"""A plane in memory for the tests of the console's state: entities, a feed with cursors, faults on request."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from console.client.feed import Event, SnapshotHead, SnapshotRow
from console.model.agents import Agent
from console.model.approvals import Approval, ApprovalKind, ChainGlance
from console.model.base import Entity
from console.model.decisions import Ask, PolicyReason, QuorumPart, Risk, RiskFactor
from console.model.exposure import Audience
from console.model.grants import Grant
from console.model.ids import make_id
from console.model.leases import Lease, LeaseState
from console.model.problems import ProblemError
from console.model.rights import Right
from console.model.scales import DataClass, RiskLevel
from console.model.tasks import Intent, Task

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
DIGEST = "sha256:" + "7f" * 32
RIGHT = Right(actions=("customers.read",), resources=("crm/*",), max_class=DataClass.RESTRICTED)


def an_id(prefix: str, number: int) -> str:
    return make_id(prefix, NOW, number.to_bytes(10, "big"))


def agent(number: int = 1, **changes: Any) -> Agent:
    base = Agent(
        id=an_id("ag", number),
        name=f"executor-{number}",
        spiffe_id=f"spiffe://estate.test/agents/executor-{number}",
        owner="olga",
        team="crm",
        role="executor",
        environment="production",
        entitlement=(RIGHT,),
        registered_at=NOW - timedelta(days=3),
        last_seen_at=NOW - timedelta(seconds=4),
    )
    return base.model_copy(update=changes)


def task(number: int = 1, parent: Task | None = None, by: Agent | None = None, **changes: Any) -> Task:
    by = by or agent()
    id = an_id("tk", number)
    base = Task(
        id=id,
        agent_id=by.id,
        agent_name=by.name,
        intent=Intent(purpose="rotate-key"),
        on_behalf_of="maya",
        rights=(RIGHT,),
        parent_id=parent.id if parent else None,
        root_id=parent.root_id if parent else id,
        path=(*(parent.path if parent else ()), id),
        agents=(*(parent.agents if parent else ()), by.name),
        opened_at=NOW - timedelta(minutes=6),
        deadline_at=NOW + timedelta(minutes=9),
        heartbeat_seconds=30,
        heartbeat_due_at=NOW + timedelta(seconds=20),
    )
    return base.model_copy(update=changes)


def lease(number: int = 1, of: Task | None = None, **changes: Any) -> Lease:
    of = of or task()
    audience = Audience(name="crm", spiffe_id="spiffe://estate.test/crm", check="introspect", cache_seconds=0)
    base = Lease(
        id=an_id("ls", number),
        task_id=of.id,
        root_task_id=of.root_id,
        task_path=of.path,
        agent_id=of.agent_id,
        agent_name=of.agent_name,
        on_behalf_of=of.on_behalf_of,
        decision_id=an_id("dc", number),
        issuer="tokens",
        audience=audience,
        right=RIGHT,
        action="customers.read",
        resource="crm/customers",
        data_class=DataClass.RESTRICTED,
        environment="production",
        risk_level=RiskLevel.HIGH,
        state=LeaseState.ACTIVE,
        revocability=audience.revocability,
        requested_at=NOW - timedelta(seconds=60),
        active_at=NOW - timedelta(seconds=60),
        expires_at=NOW + timedelta(seconds=60),
        max_expires_at=NOW + timedelta(seconds=600),
        max_ttl_seconds=660,
    )
    return base.model_copy(update=changes)


def approval(number: int = 1, score: int = 82, **changes: Any) -> Approval:
    by, of = agent(), task()
    ask = Ask(
        agent_id=by.id,
        task_id=of.id,
        action="deploy.assume_role",
        resource="cloud/roles/deploy",
        data_class=DataClass.CONFIDENTIAL,
        environment="production",
        seconds=1800,
    )
    quorum = (QuorumPart(group="security", count=1), QuorumPart(group="resource-owner", count=1, people=("lena",)))
    base = Approval(
        id=an_id("ap", number),
        kind=ApprovalKind.ACTION,
        digest=DIGEST,
        original_digest=DIGEST,
        ask=ask,
        agent_id=by.id,
        agent_name=by.name,
        agent_owner="olga",
        task_id=of.id,
        root_task_id=of.root_id,
        blocking=(
            PolicyReason(
                policy_id="no-prod-without-owner", effect="forbid", text="production needs its service owner", quorum=quorum
            ),
        ),
        quorum=quorum,
        risk=Risk(score=score, level=RiskLevel.of(score), factors=(RiskFactor(points=30, text="new system after a secret"),)),
        chain=ChainGlance(
            agents=("planner-1", "executor-1"),
            on_behalf_of="maya",
            purpose="rotate-key",
            highest_class=DataClass.RESTRICTED,
            rows={DataClass.RESTRICTED: 305},
            sends=0,
            depth=1,
        ),
        max_ttl_seconds=3600,
        requested_at=NOW - timedelta(seconds=42),
        requested_by=by.name,
        deadline_at=NOW + timedelta(seconds=130),
    )
    return base.model_copy(update=changes)


def grant(number: int = 1, **changes: Any) -> Grant:
    base = Grant(
        id=an_id("gr", number),
        kind="elevation",
        agent_id=agent().id,
        agent_name=agent().name,
        covers=("no-prod-without-owner",),
        scope=RIGHT,
        requested_by="maya",
        reason="migration window",
        requested_at=NOW - timedelta(minutes=10),
        starts_at=NOW - timedelta(minutes=5),
        ends_at=NOW + timedelta(minutes=25),
        seconds=1800,
        uses=5,
        uses_left=3,
    )
    return base.model_copy(update=changes)


@dataclass(frozen=True)
class MemoryTick:
    """A keepalive."""

    at: datetime | None = None


class OwnTimes:
    """Clocks that stand still until a test moves them."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return NOW.timestamp() + self.seconds - 1000.0


class PlaneInMemory:
    """A plane that keeps entities and sends events to whoever listens."""

    def __init__(self) -> None:
        self.entities: dict[tuple[str, str], Entity] = {}
        self.events_sent: list[Event] = []
        self.listeners: list[asyncio.Queue[Any]] = []
        self.opened_after: list[int | None] = []
        self.snapshots = 0
        self.refuse: list[BaseException] = []
        self.forget_before = 0
        self.during_snapshot: list[Entity] = []

    @property
    def cursor(self) -> int:
        return len(self.events_sent)

    def put(self, entity: Entity, kind: str = "thing.changed") -> Event:
        """Change an entity and tell all listeners."""
        before = self.entities.get((entity.collection, entity.id))
        entity = entity.model_copy(update={"version": before.version + 1 if before else 1})
        self.entities[entity.collection, entity.id] = entity
        event = Event(
            cursor=self.cursor + 1,
            at=NOW,
            kind=kind,
            collection=entity.collection,
            id=entity.id,
            body=json.loads(entity.model_dump_json()),
        )
        self.events_sent.append(event)
        self.send(event)
        return event

    def send(self, item: Any) -> None:
        """Put something on every open stream: an event, a tick, or an exception that breaks it."""
        for listener in self.listeners:
            listener.put_nowait(item)

    async def snapshot(self) -> AsyncIterator[SnapshotHead | SnapshotRow]:
        self.snapshots += 1
        entities = list(self.entities.values())
        yield SnapshotHead(cursor=self.cursor, at=NOW, rows={"all": len(entities)})
        for late in self.during_snapshot:
            self.put(late)
        self.during_snapshot.clear()
        for entity in entities:
            yield SnapshotRow(collection=entity.collection, body=json.loads(entity.model_dump_json()))

    async def events(self, after: int | None) -> AsyncIterator[Event | MemoryTick]:
        self.opened_after.append(after)
        if self.refuse:
            raise self.refuse.pop(0)
        if after is not None and after < self.forget_before:
            raise ProblemError("resync")
        inbox: asyncio.Queue[Any] = asyncio.Queue()
        self.listeners.append(inbox)
        try:
            for event in self.events_sent[after:] if after is not None else ():
                yield event
            yield MemoryTick(NOW)
            while True:
                item = await inbox.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.listeners.remove(inbox)
