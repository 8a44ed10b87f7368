"""Notices: word to people who are not looking, sent by the plane to the webhooks that its configuration names.

A notice carries ids and facts, never what an agent wrote. How far each webhook has been told is kept in the store.
"""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from console.model.base import Entity, Instant, Shape


class NoticeKind(StrEnum):
    """What people are told. The second of a pair ends what the first began."""

    APPROVAL_CRITICAL = "approval.critical"
    APPROVAL_DEADLINE = "approval.deadline"
    APPROVAL_ENDED = "approval.ended"
    AGENT_CONTAINED = "agent.contained"
    AGENT_RELEASED = "agent.released"
    LEASE_STUCK = "lease.stuck"
    LEASE_SETTLED = "lease.settled"


ENDINGS: dict[NoticeKind, frozenset[NoticeKind]] = {
    NoticeKind.APPROVAL_ENDED: frozenset({NoticeKind.APPROVAL_CRITICAL, NoticeKind.APPROVAL_DEADLINE}),
    NoticeKind.AGENT_RELEASED: frozenset({NoticeKind.AGENT_CONTAINED}),
    NoticeKind.LEASE_SETTLED: frozenset({NoticeKind.LEASE_STUCK}),
}
"""The notices that end something, each with those that began it."""


class WebhookPosition(Entity):
    """How far a webhook has been told: everything up to `cursor` was delivered or given up. `id` is the webhook's name.

    `told` holds what was begun and has not ended, by subject, with the kinds that were told: what it takes to tell an end once.
    """

    collection: ClassVar[str] = "webhook_positions"

    cursor: int = Field(ge=0)
    told: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    delivered: int = 0
    delivered_at: Instant | None = None
    given_up: int = 0
    given_up_at: Instant | None = None
    last_error: str = ""
    """Why the newest notice that was given up could not be delivered."""


class WebhookStatus(Shape):
    """A webhook as people see it. Its address is shown by host alone: the rest of it may be a secret."""

    name: str
    shape: str
    host: str
    events: tuple[str, ...]
    cursor: int
    behind: int
    """How many events of the plane it has yet to look at."""
    delivered: int
    delivered_at: Instant | None = None
    given_up: int
    given_up_at: Instant | None = None
    failing_since: Instant | None = None
    """Since when the notice that is being sent could not be delivered; None when nothing waits."""
    attempts: int = 0
    """How often the notice that is being sent was tried."""
    last_error: str = ""


class Webhooks(Shape):
    """The webhooks of the plane's configuration."""

    items: tuple[WebhookStatus, ...]


class WebhookTested(Shape):
    """What came of sending a test notice, once, without a retry."""

    name: str
    delivered: bool
    status: int | None = None
    error: str = ""
