"""What the evidence ledger keeps of each object: slotted rows, and tracks of instants in order.

Instants are whole microseconds since 1970 in UTC, so that differences and boundaries are exact.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from console.model.base import Json

T = TypeVar("T")

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """The microseconds of an aware instant."""
    return round(at.timestamp() * SECOND)


def parse(text: Json) -> int:
    """The microseconds of an RFC 3339 instant. Raises ValueError for anything else, a naive instant included."""
    if not isinstance(text, str):
        raise ValueError("an instant is text")  # noqa: TRY004 (one kind of error for every unreadable body)
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant carries its zone")
    return micros(at)


def parse_optional(text: Json) -> int | None:
    """As `parse`, with None for None."""
    return None if text is None else parse(text)


def instant(at: int) -> datetime:
    """The aware UTC instant of some microseconds."""
    return _EPOCH + timedelta(microseconds=at)


class Track(Generic[T]):
    """Things that happened, each with its instant, in order. Counting within a span is a binary search."""

    __slots__ = ("_items", "_times")

    def __init__(self) -> None:
        self._times: list[int] = []
        self._items: list[T] = []

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Track) and self._times == other._times and self._items == other._items

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __len__(self) -> int:
        return len(self._times)

    def add(self, at: int, item: T) -> None:
        """Append. An instant before the last one counts as the last one: the record's time never runs backwards."""
        self._times.append(max(at, self._times[-1]) if self._times else at)
        self._items.append(item)

    def count(self, since: int, until: int) -> int:
        """How many lie within, both ends included."""
        return max(0, bisect_right(self._times, until) - bisect_left(self._times, since))

    def between(self, since: int, until: int) -> list[T]:
        """Those that lie within, both ends included, oldest first."""
        return self._items[bisect_left(self._times, since) : bisect_right(self._times, until)]

    def timed(self, since: int, until: int) -> list[tuple[int, T]]:
        """As `between`, each with its instant."""
        first, last = bisect_left(self._times, since), bisect_right(self._times, until)
        return list(zip(self._times[first:last], self._items[first:last], strict=True))

    def newest(self, since: int, until: int) -> int | None:
        """The instant of the newest within, or None."""
        last = bisect_right(self._times, until)
        return self._times[last - 1] if last and self._times[last - 1] >= since else None

    def forget(self, before: int, keep: int) -> int | None:
        """Drop what lies before an instant, and the oldest beyond `keep`.

        Returns the instant of the newest one that was dropped only for want of room, or None.
        """
        old = bisect_left(self._times, before)
        surplus = len(self._times) - keep
        cut = max(old, surplus)
        lost = self._times[surplus - 1] if surplus > old else None
        if cut > 0:
            del self._times[:cut]
            del self._items[:cut]
        return lost


@dataclass(slots=True)
class AgentRow:
    """An agent: what the measures of ownership and environment need."""

    id: str
    owner: str
    purpose: str
    environment: str
    third_party: bool
    state: str
    registered_at: int
    retired_at: int | None
    seen_at: int | None
    changed_at: int


@dataclass(slots=True)
class TaskRow:
    """A task. `rights` is kept while it runs, for the subset test of what is delegated from it."""

    id: str
    agent_id: str
    path: tuple[str, ...]
    on_behalf_of: str
    opened_at: int
    deadline_at: int
    ended_at: int | None
    rights: Json
    changed_at: int


@dataclass(slots=True)
class DelegationRow:
    """A delegation, judged when its record came."""

    task_id: str
    depth: int
    widened: bool | None
    outlives: bool | None
    known_agent: bool


@dataclass(slots=True)
class PermitRow:
    """An allow: what a lease or a tool call is matched with."""

    at: int
    agent_id: str
    action: str
    resource: str


@dataclass(slots=True)
class LeaseRow:
    """A lease. `issued_at` is when its credential may first have existed; None while nothing was issued."""

    id: str
    task_id: str
    agent_id: str
    path: tuple[str, ...]
    decision_id: str
    action: str
    resource: str
    environment: str
    only_expiry: bool
    offline: bool
    ceiling: int
    state: str
    issued_at: int | None
    first_expires_at: int
    expires_at: int
    renewals: int
    uses: int
    revoke_at: int | None
    ended_at: int | None
    permitted: bool
    crosses: bool | None
    third_party: bool
    changed_at: int

    @property
    def end_at(self) -> int:
        """The earlier of the entry into revoking and expiry."""
        return self.expires_at if self.revoke_at is None else min(self.revoke_at, self.expires_at)


@dataclass(slots=True)
class ReviewRow:
    """A review. `reading_seconds` is how long the card was open, as the console said."""

    reviewer: str
    verdict: str
    at: int
    reading_seconds: float | None


@dataclass(slots=True)
class ApprovalRow:
    """An approval request."""

    id: str
    kind: str
    digest: str
    requested_by: str
    on_behalf_of: str
    requested_at: int
    state: str
    approved_at: int | None
    rejected_at: int | None
    use_until: int | None
    reviews: tuple[ReviewRow, ...]
    changed_at: int

    @property
    def answered_at(self) -> int | None:
        """When people answered it, by approving or by rejecting."""
        return self.approved_at if self.approved_at is not None else self.rejected_at

    @property
    def own_only(self) -> bool:
        """Whether nobody but the asker answered: the first review of a grant is the granter's own act."""
        return bool(self.reviews) and all(review.reviewer == self.requested_by for review in self.reviews)


@dataclass(slots=True)
class GrantRow:
    """A grant."""

    id: str
    kind: str
    approval_id: str | None
    state: str
    requested_at: int
    starts_at: int
    ends_at: int
    ended_at: int | None
    reviewed: bool
    changed_at: int


@dataclass(slots=True)
class ContainmentRow:
    """A containment: the lock on an agent and what must end before it is effective."""

    id: str
    agent_id: str
    placed_at: int
    automatic: bool
    reached_at: int
    """The latest of the locks' placing and the ends of the leases under them, so far."""
    waiting: set[str] = field(default_factory=set)
    leases: int = 0
    released_at: int | None = None
    changed_at: int = 0

    @property
    def effective_at(self) -> int | None:
        """When every lock was committed and every lease under it was dead; None while one is not."""
        return None if self.waiting else self.reached_at
