"""A synthetic audit log for the tests of evidence: real entities, written at exact instants."""

from datetime import UTC, datetime, timedelta
from typing import Any

from console.evidence.measure import Measure
from console.evidence.metrics import compute
from console.evidence.projection import Projection
from console.model.actors import PLANE, Actor, ActorKind
from console.model.agents import Agent
from console.model.approvals import Approval, ChainGlance, Review
from console.model.audit import AuditRecord
from console.model.base import Entity
from console.model.bundles import Bundle
from console.model.decisions import Ask, Decision, Fact, QuorumPart, Risk
from console.model.exposure import Audience
from console.model.grants import Grant
from console.model.ids import make_id
from console.model.leases import Lease
from console.model.locks import Lock, Receipt
from console.model.operators import Operator
from console.model.rights import Right
from console.model.scales import DataClass, RiskLevel
from console.model.tasks import Intent, Task

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
READ = Right(actions=("customers.read",), resources=("crm/*",), max_class=DataClass.CONFIDENTIAL)
HOUR = timedelta(hours=1)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def ident(prefix: str, number: int) -> str:
    return make_id(prefix, T0, number.to_bytes(10, "big"))


AGENT, OTHER_AGENT = ident("ag", 1), ident("ag", 2)
TASK, LEASE, DECISION, BUNDLE = ident("tk", 1), ident("ls", 1), ident("dc", 1), ident("pb", 1)


class Log:
    """Records in order; each method writes one and returns the log."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []

    def write(self, kind: str, seconds: float, entity: Entity | None, *, actor: Actor = PLANE, **body: Any) -> "Log":
        dumped = {} if entity is None else {"entity": entity.model_dump(mode="json")}
        self.records.append(
            AuditRecord(
                seq=len(self.records),
                at=at(seconds),
                kind=kind,
                actor=actor,
                object=kind.split(".", maxsplit=1)[0],
                object_id=entity.id if entity is not None else "none",
                agent_id=getattr(entity, "agent_id", None) or body.get("observation", {}).get("agent_id"),
                body={**dumped, **body},
            )
        )
        return self

    def agent(self, seconds: float = 0, kind: str = "agent.registered", **changes: Any) -> "Log":
        facts: dict[str, Any] = {
            "id": AGENT, "name": "reader", "spiffe_id": "spiffe://example.test/reader", "owner": "ada", "team": "sales",
            "role": "executor", "environment": "production", "purpose": "reads", "entitlement": (READ,),
            "registered_at": at(seconds),
        } | changes  # fmt: skip
        return self.write(kind, seconds, Agent(**facts))

    def task(self, seconds: float = 0, kind: str = "task.opened", **changes: Any) -> "Log":
        task_id = changes.get("id", TASK)
        facts: dict[str, Any] = {
            "id": task_id, "agent_id": AGENT, "agent_name": "reader", "intent": Intent(purpose="answer"),
            "on_behalf_of": "carol",
            "rights": (READ,), "root_id": changes.get("path", (task_id,))[0], "path": (task_id,), "agents": ("reader",),
            "opened_at": at(seconds), "deadline_at": at(seconds + 900), "heartbeat_seconds": 30,
            "heartbeat_due_at": at(seconds + 30),
        } | changes  # fmt: skip
        return self.write(kind, seconds, Task(**facts))

    def ended_task(self, seconds: float, opened: float = 0, **changes: Any) -> "Log":
        return self.task(seconds, "task.completed", opened_at=at(opened), ended_at=at(seconds), state="completed", **changes)

    def decision(self, seconds: float = 0, *, fits: bool | None = None, level: str = "low", **changes: Any) -> "Log":
        facts: dict[str, Any] = {
            "id": DECISION, "kind": "lease", "at": at(seconds), "outcome": "allow", "agent_id": AGENT, "agent_name": "reader",
            "task_id": TASK, "root_task_id": TASK, "purpose": "answer", "asked_by": PLANE, "digest": DIGEST,
            "code": "permitted", "text": "Allowed.", "bundle_id": BUNDLE, "bundle_revision": 1, "risk": Risk(score=10,
            level=RiskLevel(level)),
            "ask": Ask(agent_id=AGENT, task_id=TASK, action="customers.read", resource="crm/customers",
                       data_class=DataClass.INTERNAL, environment="production"),
            "facts": () if fits is None else (Fact(name="task.fits_intent", value=fits, source="bundle", age_seconds=0),),
        } | changes  # fmt: skip
        return self.write("decision.made", seconds, Decision(**facts))

    def lease(
        self, seconds: float = 0, kind: str = "lease.active", *, ttl: float = 120, issued: float = 0, **changes: Any
    ) -> "Log":
        audience = Audience(name="crm", spiffe_id="spiffe://example.test/crm", check=changes.pop("check", "introspect"))
        facts: dict[str, Any] = {
            "id": LEASE, "task_id": TASK, "root_task_id": TASK, "task_path": (TASK,), "agent_id": AGENT, "agent_name": "reader",
            "on_behalf_of": "carol", "decision_id": DECISION, "issuer": "tokens", "audience": audience, "right": READ,
            "action": "customers.read", "resource": "crm/customers", "data_class": "internal", "environment": "production",
            "risk_level": "low", "state": kind.split(".")[1], "revocability": audience.revocability, "requested_at": at(issued),
            "active_at": at(issued), "expires_at": at(issued + ttl), "max_expires_at": at(issued + 900), "max_ttl_seconds": 900,
        } | changes  # fmt: skip
        if facts["state"] in ("renewed", "irrevocable"):
            facts["state"] = "active" if facts["state"] == "renewed" else "irrevocable"
        return self.write(kind, seconds, Lease(**facts))

    def approval(self, seconds: float, kind: str, /, *, requested: float = 0, **changes: Any) -> "Log":
        state = kind.split(".")[1]
        facts: dict[str, Any] = {
            "id": ident("ap", 1), "kind": "action", "state": "pending" if state in ("requested", "reviewed") else state,
            "digest": DIGEST, "original_digest": DIGEST, "quorum": (QuorumPart(group="security", count=1),),
            "risk": Risk(score=60, level=RiskLevel.HIGH), "requested_at": at(requested), "requested_by": "reader",
            "deadline_at": at(requested + 600), "chain": ChainGlance(agents=("reader",), on_behalf_of="carol", purpose="answer",
            highest_class=DataClass.INTERNAL),
        } | changes  # fmt: skip
        return self.write(kind, seconds, Approval(**facts))

    def approved(
        self, seconds: float, *, requested: float = 0, reading: float | None = None, who: str = "olga", **changes: Any
    ) -> "Log":
        review = Review(reviewer=who, verdict="approve", at=at(seconds), revision=1, digest=DIGEST, reading_seconds=reading)
        more = {"approved_at": at(seconds), "use_until": at(seconds + 300), "reviews": (review,)} | changes
        return self.approval(seconds, "approval.approved", requested=requested, **more)

    def rejected(self, seconds: float, *, requested: float = 0, **changes: Any) -> "Log":
        review = Review(reviewer="olga", verdict="reject", at=at(seconds), revision=1, digest=DIGEST)
        return self.approval(
            seconds, "approval.rejected", requested=requested, ended_at=at(seconds), reviews=(review,), **changes
        )

    def grant(self, seconds: float, kind: str = "grant.active", /, **changes: Any) -> "Log":
        facts: dict[str, Any] = {
            "id": ident("gr", 1), "kind": "elevation", "agent_id": AGENT, "agent_name": "reader", "scope": READ,
            "state": kind.split(".")[1], "requested_by": "olga", "reason": "ahead of need", "requested_at": at(seconds),
            "starts_at": at(seconds), "ends_at": at(seconds + 600), "seconds": 600,
        } | changes  # fmt: skip
        return self.write(kind, seconds, Grant(**facts))

    def lock(self, seconds: float, kind: str = "lock.placed", *, placed: float | None = None, **changes: Any) -> "Log":
        facts: dict[str, Any] = {
            "id": ident("lk", 1), "target": "agent", "target_id": AGENT, "cause": ident("lk", 1), "agent_id": AGENT,
            "reason": "hijacked", "placed_at": at(seconds if placed is None else placed), "placed_by": "rob",
        } | changes  # fmt: skip
        return self.write(kind, seconds, Lock(**facts), actor=Actor(kind=ActorKind.OPERATOR, id="rob"))

    def receipt(self, seconds: float, placed: float) -> "Log":
        receipt = Receipt(step="lock", at=at(seconds), count=1, text="locked")
        return self.lock(seconds, "lock.receipt", placed=placed, receipts=(receipt,))

    def call(self, seconds: float, *, counts: bool = True, **changes: Any) -> "Log":
        seen = {
            "direction": "read", "resource": "crm/customers", "action": "customers.read", "lease_id": LEASE,
            "decision_id": None, "agent_id": AGENT, "task_id": TASK, "counts": counts, "by": "resource-server",
            "permitted_by": LEASE,
        } | changes  # fmt: skip
        return self.write("task.observed", seconds, None, observation=seen)

    def bundle(self, seconds: float, kind: str = "bundle.published", **changes: Any) -> "Log":
        facts: dict[str, Any] = {"id": BUNDLE, "name": "house", "digest": DIGEST, "revision": 1, "state": kind.split(".")[1],
                                 "author": "ada", "created_at": at(seconds)} | changes  # fmt: skip
        return self.write(kind, seconds, Bundle(**facts))

    def operator(self, seconds: float, **changes: Any) -> "Log":
        facts: dict[str, Any] = {"id": "ada", "roles": ("viewer",), "enrolled_at": at(seconds), "enrolled_by": "plane",
                                 "token_expires_at": at(seconds + 60)} | changes  # fmt: skip
        return self.write("operator.enrolled", seconds, Operator(**facts))

    def projection(self) -> Projection:
        return Projection.of(self.records)

    def measure(self, metric: str, now: float = 1000, window: timedelta = HOUR) -> Measure:
        return compute(metric, self.projection(), at(now), window)
