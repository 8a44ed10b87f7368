"""Leases: short-lived credentials for one task.

    pending    → active | failed | revoking
    active     → expired | revoking
    revoking   → revoked | irrevocable | expired
    irrevocable → revoking (retry) | expired | abandoned (force)

Renewal leaves a lease `active`. An offline token is never `revoked` before it cannot work; until then it is `revoking`.
"""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from console.model.actors import Actor
from console.model.base import (
    ActionName,
    Entity,
    FreeText,
    Identifier,
    Input,
    Instant,
    Name,
    Reason,
    ResourceName,
    Shape,
)
from console.model.exposure import Audience, Revocability
from console.model.machine import machine
from console.model.rights import Right
from console.model.scales import DataClass, RiskLevel
from console.model.states import LeaseState

__all__ = ["LeaseState"]


LEASE = machine(
    "lease",
    {
        LeaseState.PENDING: {LeaseState.ACTIVE, LeaseState.FAILED, LeaseState.REVOKING},
        LeaseState.ACTIVE: {LeaseState.EXPIRED, LeaseState.REVOKING},
        LeaseState.REVOKING: {LeaseState.REVOKED, LeaseState.IRREVOCABLE, LeaseState.EXPIRED},
        LeaseState.IRREVOCABLE: {LeaseState.REVOKING, LeaseState.EXPIRED, LeaseState.ABANDONED},
        LeaseState.FAILED: set(),
        LeaseState.EXPIRED: set(),
        LeaseState.REVOKED: set(),
        LeaseState.ABANDONED: set(),
    },
)

LIVE = frozenset({LeaseState.PENDING, LeaseState.ACTIVE})
"""States in which a credential may be used or is about to be."""

UNSETTLED = frozenset({LeaseState.PENDING, LeaseState.ACTIVE, LeaseState.REVOKING, LeaseState.IRREVOCABLE})
"""States in which a credential may still work somewhere."""


class LeaseInput(Input):
    """What an agent asks for: one action on one resource, for how long (seconds), how often, how many rows at most.

    `reason` is the agent's own words, shown fenced to whoever must approve.
    """

    task_id: Identifier
    action: ActionName
    resource: ResourceName
    seconds: int = Field(default=120, ge=1, le=14_400)
    uses: int | None = Field(default=None, ge=1, le=1_000_000)
    rows: int | None = Field(default=None, ge=1, le=2**53 - 1)
    issuer: Name = "tokens"
    reason: FreeText = ""


class RenewInput(Input):
    """For how many seconds from now a lease shall live. Never past its ceiling, never past its task."""

    seconds: int = Field(default=120, ge=1, le=14_400)


class RevokeInput(Input):
    """Why a lease is taken back."""

    reason: Reason


class RevokeManyInput(Input):
    """Which leases to take back: exactly one selector."""

    reason: Reason
    lease_ids: tuple[Identifier, ...] | None = Field(default=None, min_length=1, max_length=10_000)
    task_id: Identifier | None = None
    subtree: bool = False
    """With `task_id`: the tasks delegated from it as well."""
    agent_id: Identifier | None = None
    issuer: Name | None = None
    all: Literal[True] | None = None

    @model_validator(mode="after")
    def exactly_one(self) -> "RevokeManyInput":
        chosen = [self.lease_ids, self.task_id, self.agent_id, self.issuer, self.all]
        if sum(value is not None for value in chosen) != 1:
            raise ValueError("name exactly one of lease_ids, task_id, agent_id, issuer, all")
        return self


class Lease(Entity):
    """A lease. The credential itself is never here; `handle` is what the issuer knows it by.

    `max_expires_at` is the ceiling that was in force at issue, copied here so that a later policy does not rewrite history.
    `residual_exposure_at` is set from the entry into `revoking` on; None there means unknown.
    """

    collection: ClassVar[str] = "leases"
    indexes: ClassVar[tuple[str, ...]] = ("agent_id", "task_id", "root_task_id", "state", "issuer", "decision_id")

    task_id: Identifier
    root_task_id: Identifier
    task_path: tuple[Identifier, ...]
    agent_id: Identifier
    agent_name: Name
    on_behalf_of: Name
    decision_id: Identifier
    approval_id: Identifier | None = None
    grant_ids: tuple[Identifier, ...] = ()
    lifted: tuple[str, ...] = ()
    """Ids of the policies that an approval or a grant had lifted for the decision that gave this lease."""
    issuer: Name
    audience: Audience
    right: Right
    action: ActionName
    resource: ResourceName
    data_class: DataClass
    environment: Name
    risk_level: RiskLevel
    state: LeaseState = LeaseState.PENDING
    revocability: Revocability
    handle: str | None = None
    requested_at: Instant
    active_at: Instant | None = None
    expires_at: Instant
    max_expires_at: Instant
    max_ttl_seconds: int
    renewals: int = 0
    max_uses: int | None = None
    uses: int = 0
    max_rows: int | None = None
    rows: int = 0
    last_used_at: Instant | None = None
    revoke_requested_at: Instant | None = None
    revoked_by: Actor | None = None
    revoke_reason: str = ""
    ended_at: Instant | None = None
    residual_exposure_at: Instant | None = None
    attempts: int = 0
    next_attempt_at: Instant | None = None
    last_error: str = ""

    def due_at(self) -> datetime | None:
        """Expiry while live; while revoking, the earlier of the next attempt and the instant when it can no longer work."""
        if self.state in LIVE:
            return self.expires_at
        if self.state is LeaseState.REVOKING:
            ends = [at for at in (self.next_attempt_at, self.residual_exposure_at) if at is not None]
            return min(ends, default=None)
        return self.residual_exposure_at if self.state is LeaseState.IRREVOCABLE else None


class LeaseIssued(Shape):
    """The answer to an issue call. The credential is returned here, once, and stored nowhere."""

    lease: Lease
    credential: str = Field(repr=False)
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 (RFC 6750's name for the type, not a secret)


class RevocationItem(Shape):
    """What became of one lease: *revoking* is asked for, *revoked* is confirmed."""

    lease_id: Identifier
    state: LeaseState
    revocability: Revocability
    residual_exposure_at: Instant | None = None


class RevocationResult(Shape):
    """What a call that revokes several leases did, item by item."""

    asked: int
    items: tuple[RevocationItem, ...]


class IssuerStatus(Shape):
    """An issuer as the console shows it: is it healthy, how does it revoke, what is waiting."""

    name: Name
    healthy: bool
    detail: str = ""
    revocability: tuple[Revocability, ...]
    live_leases: int
    revoking: int
    irrevocable: int
    oldest_revoking_at: Instant | None = None


class Issuers(Shape):
    """The issuers by name, each with its health and what it has yet to revoke."""

    items: tuple[IssuerStatus, ...]
