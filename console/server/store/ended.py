"""What a snapshot leaves out: the one rule for what ended long ago. Pure."""

from datetime import datetime, timedelta
from typing import Final

from console.model.approvals import APPROVAL, Approval
from console.model.base import Entity
from console.model.grants import GRANT, Grant
from console.model.leases import LEASE, Lease
from console.model.locks import Lock
from console.model.tasks import TASK, Task

KEPT_AFTER_END: Final = timedelta(hours=1)
LOCKS_KEPT_AFTER_END: Final = timedelta(days=1)
DECISIONS_KEPT: Final = 2_000


def ended_at(entity: Entity, now: datetime) -> datetime | None:
    """When an entity ended; None while it has not, or where its kind does not end. `now` stands in where it does not say."""
    match entity:
        case Task():
            return (entity.ended_at or now) if TASK.ended(entity.state) else None
        case Lease():
            return (entity.ended_at or now) if LEASE.ended(entity.state) else None
        case Approval():
            return (entity.ended_at or now) if APPROVAL.ended(entity.state) else None
        case Grant():
            return (entity.ended_at or now) if GRANT.ended(entity.state) else None
        case Lock():
            return None if entity.active else entity.released_at or now
        case _:
            return None


def still_shown(collection: str, now: datetime) -> tuple[str, tuple[datetime | int, ...]]:
    """The condition under which a row belongs into a snapshot, as SQL with its values.

    A chain goes with its root task. Decisions are the newest 2,000. What is not named here is always shown.
    """
    recent = "(ended_at IS NULL OR ended_at > ?)"
    match collection:
        case "tasks" | "leases" | "approvals" | "grants":
            return recent, (now - KEPT_AFTER_END,)
        case "locks":
            return recent, (now - LOCKS_KEPT_AFTER_END,)
        case "chains":
            gone = "SELECT 1 FROM tasks WHERE tasks.id = chains.id AND tasks.ended_at <= ?"
            return f"NOT EXISTS ({gone})", (now - KEPT_AFTER_END,)
        case "decisions":
            oldest = "SELECT id FROM decisions ORDER BY id DESC LIMIT 1 OFFSET ?"
            return f"id >= coalesce(({oldest}), '')", (DECISIONS_KEPT - 1,)
        case _:
            return "1", ()
