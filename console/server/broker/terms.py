"""For how long, how often and for how many rows a lease may be used: the smallest of everything that bounds it.

Pure. Owns the arithmetic of a lease's life; instants are aware UTC, spans are seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.model.approvals import Approval
from console.model.decisions import Decision
from console.model.exposure import Audience
from console.model.grants import Grant
from console.model.leases import Lease, LeaseInput
from console.model.problems import ProblemError
from console.model.tasks import Task


@dataclass(frozen=True, slots=True)
class Limits:
    """The ceilings of every lease, in seconds: of any, and of one whose token is verified offline."""

    ceiling_seconds: int
    offline_ceiling_seconds: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What a lease may do: until when now, until when at most, how often, how many rows. None: no bound."""

    expires_at: datetime
    max_expires_at: datetime
    ceiling_seconds: int
    uses: int | None
    rows: int | None


def terms(
    asked: LeaseInput,
    decision: Decision,
    *,
    task: Task,
    audience: Audience,
    approval: Approval | None,
    grants: Iterable[Grant],
    at: datetime,
    limits: Limits,
) -> Terms:
    """The terms of a lease that a decision allows.

    Raises ProblemError `invalid` for a number of uses that nobody could count, `beyond_ceiling` when no second is left.
    """
    approved = approval.ask if approval is not None else None
    seconds = [limits.ceiling_seconds, decision.max_ttl_seconds, approved.seconds if approved else None]
    if audience.check == "offline":
        seconds.append(limits.offline_ceiling_seconds)
    ceiling = min(value for value in seconds if value is not None)
    latest = min(at + timedelta(seconds=ceiling), task.deadline_at, *(grant.ends_at for grant in grants))
    expires_at = min(at + timedelta(seconds=asked.seconds), latest)
    if expires_at < at + timedelta(seconds=1):
        raise ProblemError("beyond_ceiling", "The task or what was granted for it ends within a second.")
    uses = _least(asked.uses, decision.ask.uses, approved.uses if approved else None)
    if uses is not None and audience.check == "offline":
        raise ProblemError(
            "invalid",
            f"{audience.name} verifies tokens offline, so nobody could count the uses of this lease.",
            next_step="Ask without a number of uses, or for a shorter time.",
        )
    return Terms(
        expires_at=whole_second(expires_at),
        max_expires_at=latest,
        ceiling_seconds=ceiling,
        uses=uses,
        rows=_least(asked.rows, decision.ask.rows, approved.rows if approved else None),
    )


def renewed_until(lease: Lease, task: Task, seconds: int, at: datetime) -> datetime:
    """Until when a renewal for `seconds` makes a lease live; a renewal never shortens.

    Raises ProblemError `beyond_ceiling`, with the seconds that are left, past the lease's ceiling or its task's deadline.
    """
    latest = min(lease.max_expires_at, task.deadline_at)
    wanted = at + timedelta(seconds=seconds)
    if wanted > latest:
        left = max(0, int((latest - at).total_seconds()))
        raise ProblemError(
            "beyond_ceiling",
            f"The lease can live {left} seconds more at most.",
            latest=latest.isoformat(),
            seconds=left,
        )
    return max(whole_second(wanted), lease.expires_at)


def whole_second(at: datetime) -> datetime:
    """The last whole second up to an instant: a token's `exp` counts seconds, and its lease must not outlive it."""
    return at.replace(microsecond=0)


def _least(*bounds: int | None) -> int | None:
    return min((bound for bound in bounds if bound is not None), default=None)
