"""Locks and containment: the kill switch as records.

A lock stands on an agent or on a task. While it stands, no decision, lease, renewal or introspection under it succeeds.
Containing an agent places one lock on the agent and one on every task delegated from its tasks, all with the same `cause`.
"""

from typing import ClassVar, Literal

from pydantic import Field

from console.model.base import Entity, Identifier, Instant, Shape


class Lock(Entity):
    """A lock. `cause` is the id of the agent's lock that brought it about (its own id, on the agent's lock)."""

    collection: ClassVar[str] = "locks"
    indexes: ClassVar[tuple[str, ...]] = ("target_id", "cause", "active")

    target: Literal["agent", "task"]
    target_id: Identifier
    target_name: str = ""
    cause: Identifier
    agent_id: Identifier
    active: bool = True
    reason: str
    placed_at: Instant
    placed_by: str
    released_at: Instant | None = None
    released_by: str = ""
    release_reason: str = ""
    release_proposed_by: str = ""
    """Of a critical agent: who asked for the release that a second person must agree to."""
    receipts: tuple["Receipt", ...] = ()


class Receipt(Shape):
    """What one step of a containment did. `step` is lock, void, revoke or end; `count` is how many things it touched."""

    step: Literal["lock", "void", "revoke", "end"]
    at: Instant
    count: int = Field(ge=0)
    text: str


class ContainmentPreview(Shape):
    """What a containment would take with it, counted at an instant."""

    agent_id: Identifier
    agent_name: str
    critical: bool
    tasks: int
    delegated_tasks: int
    delegates: tuple[str, ...] = ()
    leases: int
    leases_by_issuer: dict[str, int] = Field(default_factory=dict)
    leases_by_revocability: dict[str, int] = Field(default_factory=dict)
    approvals: int
    grants: int
    people_waiting: tuple[str, ...] = ()
    residual_exposure_at: Instant | None = None


class ContainmentTally(Shape):
    """How far a containment has come. It is *done* only when nothing is revoking, and stuck shows in `irrevocable`."""

    lock: Lock
    leases: int
    confirmed: int
    expired: int
    revoking: int
    irrevocable: int
    last_exposure_at: Instant | None = None

    @property
    def done(self) -> bool:
        """Whether every lease is confirmed dead."""
        return self.revoking == 0 and self.irrevocable == 0
