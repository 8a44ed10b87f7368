"""From the wire to rows: every string is made inert here, once, and shared between the rows that repeat it.

Owns the reading of an entity's JSON. Pure but for the pool of shared strings. Imported by `tui.state` only.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from console.tui.rows import (
    AgentRow,
    ApprovalRow,
    BundleRow,
    ChainRow,
    DecisionRow,
    GrantRow,
    LeaseRow,
    LockRow,
    OperatorRow,
    RightRow,
    Row,
    TaskRow,
)

Body = Mapping[str, Any]
_POOL_LIMIT = 200_000
_LEASE_NAMES = tuple(one.name for one in fields(LeaseRow))
_lease_values = attrgetter(*_LEASE_NAMES)
_VERSION, _USES, _ROWS, _LAST_USED = map(_LEASE_NAMES.index, ("version", "uses", "rows", "last_used_at"))


class Unreadable(ValueError):
    """An entity whose shape this console cannot read. Nothing is kept of it."""


class Pool(dict[str, str]):
    """Inert texts by what they were, each made inert once. Nothing is kept of what is no text."""

    def __init__(self, inert: Callable[[str], str]) -> None:
        super().__init__()
        self._inert = inert

    def __missing__(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError("a text was expected")
        if len(self) >= _POOL_LIMIT:
            self.clear()
        self[value] = known = self._inert(value)
        return known


class Ingest:
    """Reads entities. `inert` makes one foreign text safe to paint and bounds its length."""

    def __init__(self, inert: Callable[[str], str]) -> None:
        self._inert = inert
        self.pool = Pool(inert)
        self._rights: dict[str, RightRow] = {}
        self._readers: dict[str, Callable[[Body], Row]] = {
            "agents": self._agent,
            "tasks": self._task,
            "chains": self._chain,
            "leases": self._lease,
            "approvals": self._approval,
            "grants": self._grant,
            "locks": self._lock,
            "bundles": self._bundle,
            "decisions": self._decision,
            "operators": self._operator,
        }

    def knows(self, collection: str) -> bool:
        """Whether this console keeps rows of a collection."""
        return collection in self._readers

    def row(self, collection: str, body: Body) -> Row:
        """The row of an entity's JSON. Raises Unreadable."""
        try:
            return self._readers[collection](body)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise Unreadable(f"{collection}: {type(error).__name__}") from None

    def used(self, before: LeaseRow, body: Body) -> LeaseRow | None:
        """The row of a lease that was only used since `before`; None where more is different. Raises Unreadable.

        It is what comes most often by far, so it is read without making every text of it inert again.
        """
        try:
            if body["id"] != before.id or body["state"] != before.state or body["renewals"] != before.renewals:
                return None
            values = list(_lease_values(before))
            values[_VERSION] = body["version"]
            values[_USES] = int(body["uses"])
            values[_ROWS] = int(body["rows"])
            values[_LAST_USED] = maybe_when(body.get("last_used_at"))
        except KeyError:
            return None
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise Unreadable(f"leases: {type(error).__name__}") from None
        return LeaseRow(*values)

    def text(self, value: Any, missing: str = "") -> str:
        """An inert text, shared."""
        return missing if value is None else self.pool[value]

    def own(self, value: Any) -> str:
        """An inert text that no other row repeats, such as an id; not shared."""
        if not isinstance(value, str):
            raise TypeError("a text was expected")
        return value if value.isascii() and value.isprintable() and len(value) <= 64 else self._inert(value)

    def maybe(self, value: Any) -> str | None:
        """An inert text, shared, or None."""
        return None if value is None else self.text(value)

    def texts(self, values: Any) -> tuple[str, ...]:
        """Several inert texts, shared."""
        return tuple(self.text(value) for value in values or ())

    def clean(self, value: Any) -> Any:
        """A whole JSON value with every string in it made inert."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(key): self.clean(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(item) for item in value]
        return value

    def right(self, value: Any) -> RightRow:
        """A right, shared: agents and tasks repeat the same few."""
        key = repr(value)
        known = self._rights.get(key)
        if known is None:
            if len(self._rights) >= 10_000:
                self._rights.clear()
            known = self._rights[key] = RightRow(
                self.texts(value["actions"]), self.texts(value["resources"]), self.text(value["max_class"])
            )
        return known

    def rights(self, values: Any) -> tuple[RightRow, ...]:
        """Several rights, shared."""
        return tuple(self.right(value) for value in values or ())

    def actor(self, value: Any) -> str:
        """An actor as people call it."""
        return "" if value is None else self.text(value.get("name") or value["id"])

    def _agent(self, body: Body) -> AgentRow:
        text = self.text
        return AgentRow(
            id=text(body["id"]),
            version=body["version"],
            name=text(body["name"]),
            spiffe_id=text(body["spiffe_id"]),
            owner=text(body["owner"]),
            team=text(body["team"]),
            role=text(body["role"]),
            environment=text(body["environment"]),
            purpose=text(body.get("purpose")),
            critical=bool(body.get("critical")),
            third_party=bool(body.get("third_party")),
            entitlement=self.rights(body.get("entitlement")),
            state=text(body["state"]),
            registered_at=when(body["registered_at"]),
            last_seen_at=maybe_when(body.get("last_seen_at")),
            retired_at=maybe_when(body.get("retired_at")),
        )

    def _task(self, body: Body) -> TaskRow:
        text = self.text
        intent = body["intent"]
        return TaskRow(
            id=text(body["id"]),
            version=body["version"],
            agent_id=text(body["agent_id"]),
            agent_name=text(body["agent_name"]),
            purpose=text(intent["purpose"]),
            text_digest=intent.get("text_digest"),
            on_behalf_of=text(body["on_behalf_of"]),
            rights=self.rights(body.get("rights")),
            parent_id=self.maybe(body.get("parent_id")),
            root_id=text(body["root_id"]),
            path=self.texts(body.get("path")),
            agents=self.texts(body.get("agents")),
            state=text(body["state"]),
            opened_at=when(body["opened_at"]),
            deadline_at=when(body["deadline_at"]),
            heartbeat_due_at=when(body["heartbeat_due_at"]),
            ended_at=maybe_when(body.get("ended_at")),
            ended_by=self.actor(body.get("ended_by")),
            end_reason=text(body.get("end_reason")),
        )

    def _chain(self, body: Body) -> ChainRow:
        return ChainRow(
            id=self.text(body["id"]),
            version=body["version"],
            highest_class=self.text(body["highest_class"]),
            counted={self.text(name): int(part["rows"]) for name, part in (body.get("counted") or {}).items()},
            claimed={self.text(name): int(part["rows"]) for name, part in (body.get("claimed") or {}).items()},
            sends=int(body.get("sends", 0)),
            sent_bytes=int(body.get("sent_bytes", 0)),
            reads=int(body.get("reads", 0)),
            resources=self.texts(body.get("resources")),
            tools=self.texts(body.get("tools")),
            last_observed_at=maybe_when(body.get("last_observed_at")),
        )

    def _lease(self, body: Body) -> LeaseRow:
        text = self.text
        audience = body["audience"]
        return LeaseRow(
            id=self.own(body["id"]),
            version=body["version"],
            task_id=text(body["task_id"]),
            root_task_id=text(body["root_task_id"]),
            agent_id=text(body["agent_id"]),
            agent_name=text(body["agent_name"]),
            on_behalf_of=text(body["on_behalf_of"]),
            decision_id=self.own(body["decision_id"]),
            approval_id=self.maybe(body.get("approval_id")),
            grant_ids=self.texts(body.get("grant_ids")),
            issuer=text(body["issuer"]),
            audience=text(audience["name"]),
            check=text(audience.get("check"), "introspect"),
            cache_seconds=int(audience.get("cache_seconds", 0)),
            skew_seconds=int(audience.get("skew_seconds", 0)),
            action=text(body["action"]),
            resource=text(body["resource"]),
            data_class=text(body["data_class"]),
            environment=text(body["environment"]),
            risk_level=text(body["risk_level"]),
            state=text(body["state"]),
            revocability=text(body["revocability"]),
            requested_at=when(body["requested_at"]),
            expires_at=when(body["expires_at"]),
            max_expires_at=when(body["max_expires_at"]),
            renewals=int(body.get("renewals", 0)),
            max_uses=body.get("max_uses"),
            uses=int(body.get("uses", 0)),
            max_rows=body.get("max_rows"),
            rows=int(body.get("rows", 0)),
            last_used_at=maybe_when(body.get("last_used_at")),
            revoke_requested_at=maybe_when(body.get("revoke_requested_at")),
            revoked_by=self.actor(body.get("revoked_by")),
            revoke_reason=text(body.get("revoke_reason")),
            ended_at=maybe_when(body.get("ended_at")),
            residual_exposure_at=maybe_when(body.get("residual_exposure_at")),
            attempts=int(body.get("attempts", 0)),
            next_attempt_at=maybe_when(body.get("next_attempt_at")),
            last_error=text(body.get("last_error")),
        )

    def _approval(self, body: Body) -> ApprovalRow:
        # Approvals are few and read closely; what models them loads with the first of them.
        from console.model.approvals import Approval  # noqa: PLC0415

        entity = Approval.model_validate(self.clean(body))
        due = entity.due_at()
        return ApprovalRow(
            id=entity.id,
            version=entity.version,
            state=self.text(str(entity.state)),
            revision=entity.revision,
            digest=entity.digest,
            risk_score=entity.risk.score,
            risk_level=self.text(str(entity.risk.level)),
            agent_id=entity.agent_id,
            agent_name=entity.agent_name,
            task_id=entity.task_id,
            requested_at=entity.requested_at.timestamp(),
            deadline_at=entity.deadline_at.timestamp(),
            due_at=due.timestamp() if due else None,
            entity=entity,
        )

    def _grant(self, body: Body) -> GrantRow:
        text = self.text
        return GrantRow(
            id=text(body["id"]),
            version=body["version"],
            kind=text(body["kind"]),
            agent_id=text(body["agent_id"]),
            agent_name=text(body["agent_name"]),
            task_id=self.maybe(body.get("task_id")),
            covers=self.texts(body.get("covers")),
            template=self.maybe(body.get("template")),
            scope=self.right(body["scope"]),
            state=text(body["state"]),
            approval_id=self.maybe(body.get("approval_id")),
            requested_by=text(body["requested_by"]),
            reason=text(body.get("reason")),
            requested_at=when(body["requested_at"]),
            starts_at=when(body["starts_at"]),
            ends_at=when(body["ends_at"]),
            uses=body.get("uses"),
            uses_left=body.get("uses_left"),
            ended_at=maybe_when(body.get("ended_at")),
            ended_by=text(body.get("ended_by")),
            end_reason=text(body.get("end_reason")),
            review_due_at=maybe_when(body.get("review_due_at")),
            reviewed_by=text(body.get("reviewed_by")),
        )

    def _lock(self, body: Body) -> LockRow:
        text = self.text
        return LockRow(
            id=text(body["id"]),
            version=body["version"],
            target=text(body["target"]),
            target_id=text(body["target_id"]),
            target_name=text(body.get("target_name")),
            cause=text(body["cause"]),
            agent_id=text(body["agent_id"]),
            active=bool(body["active"]),
            reason=text(body.get("reason")),
            placed_at=when(body["placed_at"]),
            placed_by=text(body.get("placed_by")),
            released_at=maybe_when(body.get("released_at")),
            released_by=text(body.get("released_by")),
            release_reason=text(body.get("release_reason")),
            release_proposed_by=text(body.get("release_proposed_by")),
        )

    def _bundle(self, body: Body) -> BundleRow:
        return BundleRow(
            id=self.text(body["id"]),
            version=body["version"],
            name=self.text(body["name"]),
            digest=self.text(body["digest"]),
            revision=int(body["revision"]),
            state=self.text(body["state"]),
            author=self.text(body.get("author")),
            created_at=when(body["created_at"]),
            published_at=maybe_when(body.get("published_at")),
            policies=int(body.get("policies", 0)),
            findings=len(body.get("findings") or ()),
        )

    def _decision(self, body: Body) -> DecisionRow:
        text = self.text
        ask, risk = body["ask"], body["risk"]
        return DecisionRow(
            id=self.own(body["id"]),
            version=body["version"],
            kind=text(body["kind"]),
            at=when(body["at"]),
            outcome=text(body["outcome"]),
            agent_id=text(body["agent_id"]),
            agent_name=text(body["agent_name"]),
            task_id=self.maybe(body.get("task_id")),
            root_task_id=self.maybe(body.get("root_task_id")),
            purpose=text(body.get("purpose")),
            action=text(ask["action"]),
            resource=text(ask["resource"]),
            environment=text(ask["environment"]),
            data_class=text(ask["data_class"]),
            tool=text(body.get("tool")),
            effect=text(body.get("effect")),
            determining=tuple(text(reason["policy_id"]) for reason in body.get("determining") or ()),
            code=text(body["code"]),
            text=text(body["text"]),
            revision=int(body["bundle_revision"]),
            risk_score=int(risk["score"]),
            risk_level=text(risk["level"]),
            approval_id=self.maybe(body.get("approval_id")),
            latency_seconds=float(body.get("latency_seconds", 0.0)),
        )

    def _operator(self, body: Body) -> OperatorRow:
        return OperatorRow(
            id=self.text(body["id"]),
            version=body["version"],
            roles=self.texts(body["roles"]),
            groups=self.texts(body.get("groups")),
            token_expires_at=when(body["token_expires_at"]),
            removed=bool(body.get("removed")),
        )


def when(value: Any) -> float:
    """Seconds since the epoch of an instant on the wire. Raises ValueError for one without a zone."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("an instant without a zone")
    return at.timestamp()


def maybe_when(value: Any) -> float | None:
    """The same, where there may be none."""
    return None if value is None else when(value)
