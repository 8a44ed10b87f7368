"""Grants: dated, time-boxed elevations of an agent or a task.

requested → scheduled → active → expired | exhausted
requested → rejected
scheduled | active → revoked
"""

from datetime import datetime
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from console.model.base import Entity, Identifier, Input, Instant, Name, Reason
from console.model.machine import machine
from console.model.rights import Right
from console.model.states import GrantState

__all__ = ["GrantState"]


GRANT = machine(
    "grant",
    {
        GrantState.REQUESTED: {GrantState.SCHEDULED, GrantState.REJECTED},
        GrantState.SCHEDULED: {GrantState.ACTIVE, GrantState.REVOKED},
        GrantState.ACTIVE: {GrantState.EXPIRED, GrantState.EXHAUSTED, GrantState.REVOKED},
        GrantState.REJECTED: set(),
        GrantState.EXPIRED: set(),
        GrantState.EXHAUSTED: set(),
        GrantState.REVOKED: set(),
    },
)


class GrantTerms(Input):
    """What a grant shall be: an agent or a task, what it shall cover, where, from when, for how long, how often.

    Either `covers` names approvable policies, or `template` names a template that the bundle marks `@grantable`.
    `starts_at` None means now; `seconds` is its length; `uses` None means as often as the time allows.
    """

    agent_id: Identifier
    task_id: Identifier | None = None
    covers: tuple[str, ...] = Field(default=(), max_length=16)
    template: str | None = Field(default=None, max_length=128)
    scope: Right
    starts_at: Instant | None = None
    seconds: int = Field(ge=1, le=86_400)
    uses: int | None = Field(default=None, ge=1, le=100_000)
    kind: Literal["elevation", "break-glass"] = "elevation"

    @model_validator(mode="after")
    def covers_something(self) -> Self:
        if bool(self.covers) == (self.template is not None):
            raise ValueError("name either the policies that the grant covers or one grantable template")
        return self


class GrantInput(GrantTerms):
    """What an approver asks for, and why."""

    reason: Reason


class GrantEnding(Input):
    """Why a grant is ended early."""

    reason: Reason


class GrantReview(Input):
    """What another person says after having looked at a break-glass grant."""

    reason: Reason


class Grant(Entity):
    """A grant. Its uses are spent where a decision commits."""

    collection: ClassVar[str] = "grants"
    indexes: ClassVar[tuple[str, ...]] = ("agent_id", "task_id", "state", "approval_id")

    kind: Literal["elevation", "break-glass"]
    agent_id: Identifier
    agent_name: Name
    task_id: Identifier | None = None
    covers: tuple[str, ...] = ()
    template: str | None = None
    scope: Right
    state: GrantState = GrantState.REQUESTED
    approval_id: Identifier | None = None
    requested_by: Name
    reason: str
    requested_at: Instant
    starts_at: Instant
    ends_at: Instant
    seconds: int
    uses: int | None = None
    uses_left: int | None = None
    ended_at: Instant | None = None
    ended_by: str = ""
    end_reason: str = ""
    review_due_at: Instant | None = None
    """Break-glass only: by when another person must have reviewed it."""
    reviewed_by: str = ""
    reviewed_at: Instant | None = None

    def due_at(self) -> datetime | None:
        if self.state is GrantState.SCHEDULED:
            return self.starts_at
        return self.ends_at if self.state is GrantState.ACTIVE else None

    def covers_now(self, at: datetime) -> bool:
        """Whether it is in force at an instant: by state, by time and by uses."""
        return (
            self.state in (GrantState.ACTIVE, GrantState.SCHEDULED)
            and self.starts_at <= at < self.ends_at
            and (self.uses_left is None or self.uses_left > 0)
        )
