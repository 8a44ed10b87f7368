"""What people are told: notices, made of what happened. Pure.

Owns which events are worth a notice, which facts it carries, and that none of them is a text that an agent wrote freely.
What it carries is made of words of a narrow alphabet (`word`), however it came in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from console.model.approvals import APPROVAL, Approval
from console.model.base import Entity
from console.model.leases import Lease
from console.model.locks import Lock
from console.model.notices import ENDINGS, NoticeKind
from console.model.scales import RiskLevel

COLLECTIONS: Final = frozenset({"approvals", "locks", "leases"})
KINDS: Final = frozenset(
    {
        "approval.requested",
        "approval.revised",
        "approval.approved",
        "approval.rejected",
        "approval.expired",
        "approval.cancelled",
        "approval.withdrawn",
        "approval.void",
        "lock.placed",
        "lock.released",
        "lease.irrevocable",
        "lease.revoked",
        "lease.expired",
        "lease.abandoned",
    }
)
"""The events that a notice may come of."""
ENTITIES: Final[Mapping[str, type[Entity]]] = {kind.collection: kind for kind in (Approval, Lock, Lease)}
MOST_WORD: Final = 96
_KNOWN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/@:+-")

Told = Mapping[str, tuple[str, ...]]
"""What was begun and has not ended, by subject, with the kinds that were told of it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. `id` is the same however often it is sent; `subject` is the same for what begins and what ends.

    `title` and `facts` are in words of a narrow alphabet; `command` is what to run to see more.
    """

    id: str
    kind: NoticeKind | None
    """None for a test."""
    subject: str
    at: datetime
    title: str
    severity: RiskLevel
    facts: Mapping[str, str] = field(default_factory=dict)
    command: str = ""

    @property
    def ends(self) -> bool:
        """Whether it ends what another began."""
        return self.kind in ENDINGS


def word(text: str) -> str:
    """A name as it may stand in a message: letters, digits and a few signs, at most 96 of them. Others become `?`."""
    kept = "".join(character if character in _KNOWN else "?" for character in text[:MOST_WORD])
    return kept if len(text) <= MOST_WORD else f"{kept[:-3]}..."


def wanted(kind: NoticeKind, events: frozenset[NoticeKind], *, always_ends: bool) -> bool:
    """Whether a webhook is told of a kind. `always_ends`: an end is told of whatever beginning is told."""
    return kind in events or (always_ends and bool(ENDINGS.get(kind, frozenset()) & events))


def of_event(kind: str, entity: Entity, *, at: datetime, told: Told, stuck: Callable[[Lease], int]) -> Notice | None:
    """The notice that an event is worth, if any. `stuck` counts what is stuck of a lease's agent at its issuer by now."""
    if isinstance(entity, Approval):
        return _of_approval(kind, entity, at, told)
    if isinstance(entity, Lock):
        return _of_lock(kind, entity, at)
    if isinstance(entity, Lease):
        return _of_lease(kind, entity, at, told, stuck)
    return None


def near_deadline(approval: Approval, now: datetime, seconds: int, told: Told) -> Notice | None:
    """The notice that a request's time is running out, once for each request."""
    if approval.state.value != "pending" or NoticeKind.APPROVAL_DEADLINE in told.get(approval.id, ()):
        return None
    if not now < approval.deadline_at <= now + timedelta(seconds=seconds):
        return None
    return _approval(NoticeKind.APPROVAL_DEADLINE, approval, now, "An approval request is about to run out")


def retold(told: Told, notice: Notice, most: int) -> dict[str, tuple[str, ...]]:
    """What is begun and not ended once this notice was told. Beyond `most` subjects the oldest is let go of."""
    after = {subject: kinds for subject, kinds in told.items() if subject != notice.subject}
    if notice.kind is not None and not notice.ends:
        after[notice.subject] = tuple(dict.fromkeys((*told.get(notice.subject, ()), notice.kind.value)))
    return dict(list(after.items())[-most:])


def stuck_subject(lease: Lease) -> str:
    """Leases of one agent that are stuck at one issuer are one matter."""
    return f"stuck:{lease.agent_id}:{word(lease.issuer)}"


def _of_approval(kind: str, approval: Approval, at: datetime, told: Told) -> Notice | None:
    if kind in ("approval.requested", "approval.revised"):
        if approval.risk.level is not RiskLevel.CRITICAL:
            return None
        return _approval(NoticeKind.APPROVAL_CRITICAL, approval, at, "A critical request waits for approval")
    if approval.id not in told or not (APPROVAL.ended(approval.state) or kind == "approval.approved"):
        return None
    return _approval(NoticeKind.APPROVAL_ENDED, approval, at, f"An approval request ended: {approval.state.value}")


def _approval(kind: NoticeKind, approval: Approval, at: datetime, title: str) -> Notice:
    facts = {
        "approval": approval.id,
        "kind": approval.kind.value,
        "state": approval.state.value,
        "revision": str(approval.revision),
        "agent": word(approval.agent_name),
        "risk": f"{approval.risk.level.value} {approval.risk.score}",
        "action": word(approval.ask.action) if approval.ask else "",
        "class": approval.ask.data_class.value if approval.ask else "",
        "environment": word(approval.ask.environment) if approval.ask else "",
        "quorum": " ".join(f"{word(part.group)}:{part.count}" for part in approval.quorum[:8]),
        "deadline": _moment(approval.deadline_at),
    }
    command = f"leasehold approvals show {approval.id}"
    return _made(kind, approval, approval.id, at, title, approval.risk.level, facts, command)


def _of_lock(kind: str, lock: Lock, at: datetime) -> Notice | None:
    if lock.target != "agent":
        return None
    placed = kind == "lock.placed"
    facts = {
        "lock": lock.id,
        "agent": word(lock.target_name),
        "by": word(lock.placed_by if placed else lock.released_by),
    }
    command = f"leasehold agents show {lock.agent_id}"
    if placed:
        title, told_as = "An agent was contained", NoticeKind.AGENT_CONTAINED
        return _made(told_as, lock, lock.id, at, title, RiskLevel.CRITICAL, facts, command)
    title, told_as = "An agent was released", NoticeKind.AGENT_RELEASED
    return _made(told_as, lock, lock.id, at, title, RiskLevel.MEDIUM, facts, command)


def _of_lease(kind: str, lease: Lease, at: datetime, told: Told, stuck: Callable[[Lease], int]) -> Notice | None:
    subject = stuck_subject(lease)
    if (kind == "lease.irrevocable") == (subject in told):
        return None
    count = stuck(lease)
    facts = {
        "agent": word(lease.agent_name),
        "issuer": word(lease.issuer),
        "lease": lease.id,
        "class": lease.data_class.value,
        "stuck": str(count),
        "dies": _moment(lease.residual_exposure_at) or "unknown",
    }
    if kind == "lease.irrevocable":
        title, told_as, level = "A revocation is stuck", NoticeKind.LEASE_STUCK, RiskLevel.CRITICAL
        return _made(told_as, lease, subject, at, title, level, facts, "leasehold leases list --stuck")
    if count:
        return None
    title, told_as, level = "No revocation of this agent is stuck any more", NoticeKind.LEASE_SETTLED, RiskLevel.MEDIUM
    return _made(told_as, lease, subject, at, title, level, facts, f"leasehold leases show {lease.id}")


def _made(
    kind: NoticeKind,
    entity: Entity,
    subject: str,
    at: datetime,
    title: str,
    severity: RiskLevel,
    facts: Mapping[str, str],
    command: str,
) -> Notice:
    # The version tells one event of a thing from the next, and is the same when the event is read again after a restart.
    number = entity.version if kind is not NoticeKind.APPROVAL_DEADLINE else 0
    id = f"{kind.value.replace('.', '-')}_{entity.id}_{number}"
    return Notice(id, kind, subject, at, title, severity, {name: text for name, text in facts.items() if text}, command)


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")
