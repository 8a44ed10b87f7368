"""Entities, actors and a clock for the store's tests and its bench."""

import itertools
import secrets
from datetime import UTC, datetime, timedelta

from console.model.actors import PLANE, Actor, ActorKind
from console.model.agents import Agent
from console.model.decisions import Ask, Decision, Fact, Outcome, PolicyReason, QuorumPart, Risk, RiskFactor
from console.model.exposure import Audience, Revocability
from console.model.ids import make_id
from console.model.leases import Lease, LeaseState
from console.model.locks import Lock
from console.model.operators import OperatorToken
from console.model.rights import Right
from console.model.scales import DataClass, RiskLevel
from console.model.tasks import Intent, Task, TaskState

START = datetime(2026, 3, 1, 9, 0, 0, 250_000, tzinfo=UTC)
OPERATOR = Actor(kind=ActorKind.OPERATOR, id="mara", name="mara")
RIGHT = Right(actions=("customers.read",), resources=("crm/*",), max_class=DataClass.CONFIDENTIAL)

__all__ = ["OPERATOR", "PLANE", "START", "HandClock", "agent", "decision", "lease", "lock", "operator_token", "task"]


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def raise_to(self, instant: datetime) -> None:
        self.at = max(self.at, instant)

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def new_id(self, prefix: str) -> str:
        return make_id(prefix, self.at, secrets.token_bytes(10))


_made = itertools.count()


def fresh(prefix: str) -> str:
    """An id; later ones sort behind earlier ones, as those of a running plane do."""
    return make_id(prefix, START + timedelta(milliseconds=next(_made)), secrets.token_bytes(10))


def agent(name: str = "planner", **changes: object) -> Agent:
    made = Agent(
        id=fresh("ag"),
        name=name,
        spiffe_id=f"spiffe://plane.test/agent/{name}",
        owner="mara",
        team="support",
        role="planner",
        environment="production",
        entitlement=(RIGHT,),
        registered_at=START,
    )
    return made.model_copy(update=changes)


def task(**changes: object) -> Task:
    id = str(changes.get("id") or fresh("tk"))
    made = Task(
        id=id,
        agent_id=fresh("ag"),
        agent_name="planner",
        intent=Intent(purpose="support-case"),
        on_behalf_of="jo",
        rights=(RIGHT,),
        root_id=id,
        path=(id,),
        agents=("planner",),
        opened_at=START,
        deadline_at=START + timedelta(seconds=900),
        heartbeat_seconds=30,
        heartbeat_due_at=START + timedelta(seconds=30),
    )
    return made.model_copy(update=changes)


def ended_task(ended_at: datetime, **changes: object) -> Task:
    return task(state=TaskState.COMPLETED, ended_at=ended_at, **changes)


def lease(**changes: object) -> Lease:
    task_id = fresh("tk")
    made = Lease(
        id=fresh("ls"),
        task_id=task_id,
        root_task_id=task_id,
        task_path=(task_id,),
        agent_id=fresh("ag"),
        agent_name="executor",
        on_behalf_of="jo",
        decision_id=fresh("dc"),
        issuer="tokens",
        audience=Audience(name="crm", spiffe_id="spiffe://plane.test/resource/crm"),
        right=RIGHT,
        action="customers.read",
        resource="crm/customers",
        data_class=DataClass.CONFIDENTIAL,
        environment="production",
        risk_level=RiskLevel.MEDIUM,
        state=LeaseState.ACTIVE,
        revocability=Revocability.INSTANT,
        requested_at=START,
        expires_at=START + timedelta(seconds=120),
        max_expires_at=START + timedelta(seconds=900),
        max_ttl_seconds=900,
    )
    return made.model_copy(update=changes)


def lock(**changes: object) -> Lock:
    id = fresh("lk")
    made = Lock(
        id=id,
        target="agent",
        target_id=fresh("ag"),
        cause=id,
        agent_id=fresh("ag"),
        reason="it reads too much",
        placed_at=START,
        placed_by="mara",
    )
    return made.model_copy(update=changes)


def operator_token(**changes: object) -> OperatorToken:
    made = OperatorToken(id="sha256:" + "0" * 64, operator="mara", token_digest="sha256:" + "0" * 64, expires_at=START)
    return made.model_copy(update=changes)


def decision(**changes: object) -> Decision:
    task_id = fresh("tk")
    agent_id = fresh("ag")
    made = Decision(
        id=fresh("dc"),
        kind="evaluation",
        at=START,
        outcome=Outcome.ALLOW,
        agent_id=agent_id,
        agent_name="executor",
        task_id=task_id,
        root_task_id=task_id,
        purpose="support-case",
        asked_by=Actor(kind=ActorKind.ENFORCEMENT_POINT, id="spiffe://plane.test/pep/crm", name="crm"),
        ask=Ask(
            agent_id=agent_id,
            task_id=task_id,
            action="customers.read",
            resource="crm/customers",
            data_class=DataClass.CONFIDENTIAL,
            environment="production",
            rows=20,
        ),
        digest="sha256:" + "a" * 64,
        determining=(
            PolicyReason(
                policy_id="support-reads-customers",
                effect="permit",
                text="Support work reads customers, at most 500 rows",
                quorum=(QuorumPart(group="security", count=1),),
            ),
        ),
        code="permitted",
        text="Support work reads customers.",
        bundle_id=fresh("pb"),
        bundle_revision=3,
        facts=tuple(
            Fact(name=name, value=value, source="plane", age_seconds=age)
            for name, value, age in (
                ("chain.highest_class", "internal", 0.0),
                ("chain.rows.confidential", 40, 1.25),
                ("chain.sends", 0, 0.003),
                ("agent.state", "active", 0.0),
                ("task.age_seconds", 12.5, 0.0),
                ("locks", 0, 0.0),
            )
        ),
        risk=Risk(score=30, level=RiskLevel.MEDIUM, factors=(RiskFactor(points=30, text="confidential data"),)),
        latency_seconds=0.00042,
    )
    return made.model_copy(update=changes)
