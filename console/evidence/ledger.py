"""The evidence ledger: the read-side state that audit records are folded into. It owns nothing but what they said."""

from dataclasses import dataclass, field

from console.evidence.rows import (
    AgentRow,
    ApprovalRow,
    ContainmentRow,
    DelegationRow,
    GrantRow,
    LeaseRow,
    PermitRow,
    TaskRow,
    Track,
)
from console.model.frameworks import FrameworkReview


@dataclass(slots=True)
class Ledger:
    """Rows of what still changes, tracks of what does not. Two ledgers of the same records are equal."""

    first_seq: int | None = None
    first_at: int | None = None
    last_seq: int = -1
    last_at: int = 0
    records: int = 0
    unreadable: int = 0
    """Records whose body could not be read; they are in no figure."""
    complete_since: int | None = None
    """Where figures begin when rows were dropped for want of room; None while nothing was."""

    agents: dict[str, AgentRow] = field(default_factory=dict)
    operators: dict[str, bool] = field(default_factory=dict)
    tasks: dict[str, TaskRow] = field(default_factory=dict)
    leases: dict[str, LeaseRow] = field(default_factory=dict)
    unsettled: dict[str, LeaseRow] = field(default_factory=dict)
    """Leases whose credential may still work somewhere: the same rows as in `leases`."""
    approvals: dict[str, ApprovalRow] = field(default_factory=dict)
    grants: dict[str, GrantRow] = field(default_factory=dict)
    containments: dict[str, ContainmentRow] = field(default_factory=dict)
    locked: dict[str, set[str]] = field(default_factory=dict)
    """Agents and tasks under a lock, each with the ids of its locks."""
    permits: dict[str, PermitRow] = field(default_factory=dict)
    published: str | None = None
    framework_reviews: dict[tuple[str, str], FrameworkReview] = field(default_factory=dict)
    """The last review of each row, by framework and control."""

    decisions: Track[None] = field(default_factory=Track)
    denials: Track[tuple[str, str]] = field(default_factory=Track)
    """(decision, agent)"""
    without_intent: Track[str] = field(default_factory=Track)
    intent_judged: Track[None] = field(default_factory=Track)
    intent_denied: Track[str] = field(default_factory=Track)
    intent_allowed: Track[str] = field(default_factory=Track)
    untraceable: Track[str] = field(default_factory=Track)
    without_origin: Track[str] = field(default_factory=Track)
    delegated_decisions: Track[None] = field(default_factory=Track)
    broken_chains: Track[str] = field(default_factory=Track)
    latencies: Track[float] = field(default_factory=Track)
    high_allows: Track[tuple[str, bool, bool | None]] = field(default_factory=Track)
    """(decision, whether a person approved it, whether its digest was the one shown or None without an approval)"""
    calls: Track[None] = field(default_factory=Track)
    uncovered_calls: Track[str] = field(default_factory=Track)
    delegations: Track[DelegationRow] = field(default_factory=Track)
    reviews: Track[str] = field(default_factory=Track)
    rejections: Track[tuple[str, str, int]] = field(default_factory=Track)
    """(audit record, reason, how many refusals it stands for)"""
    under_lock: Track[str] = field(default_factory=Track)
    after_retirement: Track[str] = field(default_factory=Track)
    checks: Track[bool] = field(default_factory=Track)

    def tracks(self) -> tuple[Track[object], ...]:
        """Every track, for pruning."""
        found = (getattr(self, name) for name in self.__slots__)
        return tuple(value for value in found if isinstance(value, Track))
