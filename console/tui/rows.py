"""The rows that the console keeps of the plane's entities: slotted, compact, their texts inert.

Owns what of an entity the console remembers. `tui.state` makes rows, `tui.present` reads them; neither imports the other.
Instants are seconds since the epoch (UTC), spans are seconds, states are the plane's own words (an unknown word of a newer
plane stays a word).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from console.model.approvals import Approval

LIVE_LEASES = ("pending", "active")
UNSETTLED_LEASES = ("pending", "active", "revoking", "irrevocable")


def moment(seconds: float) -> datetime:
    """The aware UTC instant of seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


class Doer(Protocol):
    """Who did something, as an audit record names it."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A checkpoint of the log as far as a word about it needs: over how many records, and when."""

    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class SignedHeads:
    """The newest checkpoints, newest first, and how many records the log holds."""

    items: tuple[SignedHead, ...]
    size: int


class ChainEntry(Protocol):
    """An audit record as the story of its chain needs it. It is fetched, and its texts are not inert."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def actor(self) -> Doer: ...
    @property
    def object(self) -> str: ...
    @property
    def object_id(self) -> str: ...
    @property
    def agent_id(self) -> str | None: ...
    @property
    def task_id(self) -> str | None: ...
    @property
    def body(self) -> Mapping[str, Any]: ...


@dataclass(slots=True, frozen=True)
class RightRow:
    """A right as it is shown; shared between the rows that repeat it."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    max_class: str


@dataclass(slots=True, eq=True)
class AgentRow:
    """An agent."""

    id: str
    version: int
    name: str
    spiffe_id: str
    owner: str
    team: str
    role: str
    environment: str
    purpose: str
    critical: bool
    third_party: bool
    entitlement: tuple[RightRow, ...]
    state: str
    registered_at: float
    last_seen_at: float | None
    retired_at: float | None


@dataclass(slots=True, eq=True)
class TaskRow:
    """A task; `path` and `agents` run from the root to the task itself."""

    id: str
    version: int
    agent_id: str
    agent_name: str
    purpose: str
    text_digest: str | None
    on_behalf_of: str
    rights: tuple[RightRow, ...]
    parent_id: str | None
    root_id: str
    path: tuple[str, ...]
    agents: tuple[str, ...]
    state: str
    opened_at: float
    deadline_at: float
    heartbeat_due_at: float
    ended_at: float | None
    ended_by: str
    end_reason: str

    @property
    def depth(self) -> int:
        """How many delegations lie between the root and this task."""
        return max(0, len(self.path) - 1)


@dataclass(slots=True, eq=True)
class ChainRow:
    """The ledger of a chain, by its root task. `counted` and `claimed` are rows read by class."""

    id: str
    version: int
    highest_class: str
    counted: dict[str, int]
    claimed: dict[str, int]
    sends: int
    sent_bytes: int
    reads: int
    resources: tuple[str, ...]
    tools: tuple[str, ...]
    last_observed_at: float | None


@dataclass(slots=True, eq=True)
class LeaseRow:
    """A lease, without its audience's address and its chain of ids: a hundred thousand of them must fit."""

    id: str
    version: int
    task_id: str
    root_task_id: str
    agent_id: str
    agent_name: str
    on_behalf_of: str
    decision_id: str
    approval_id: str | None
    grant_ids: tuple[str, ...]
    issuer: str
    audience: str
    check: str
    cache_seconds: int
    skew_seconds: int
    action: str
    resource: str
    data_class: str
    environment: str
    risk_level: str
    state: str
    revocability: str
    requested_at: float
    expires_at: float
    max_expires_at: float
    renewals: int
    max_uses: int | None
    uses: int
    max_rows: int | None
    rows: int
    last_used_at: float | None
    revoke_requested_at: float | None
    revoked_by: str
    revoke_reason: str
    ended_at: float | None
    residual_exposure_at: float | None
    attempts: int
    next_attempt_at: float | None
    last_error: str


@dataclass(slots=True, eq=True)
class ApprovalRow:
    """An approval request. There are few, and each is read closely, so `entity` is the whole of it, texts inert."""

    id: str
    version: int
    state: str
    revision: int
    digest: str
    risk_score: int
    risk_level: str
    agent_id: str | None
    agent_name: str
    task_id: str | None
    requested_at: float
    deadline_at: float
    due_at: float | None
    entity: "Approval"


@dataclass(slots=True, eq=True)
class GrantRow:
    """A grant."""

    id: str
    version: int
    kind: str
    agent_id: str
    agent_name: str
    task_id: str | None
    covers: tuple[str, ...]
    template: str | None
    scope: RightRow
    state: str
    approval_id: str | None
    requested_by: str
    reason: str
    requested_at: float
    starts_at: float
    ends_at: float
    uses: int | None
    uses_left: int | None
    ended_at: float | None
    ended_by: str
    end_reason: str
    review_due_at: float | None
    reviewed_by: str


@dataclass(slots=True, eq=True)
class LockRow:
    """A lock on an agent or a task."""

    id: str
    version: int
    target: str
    target_id: str
    target_name: str
    cause: str
    agent_id: str
    active: bool
    reason: str
    placed_at: float
    placed_by: str
    released_at: float | None
    released_by: str
    release_reason: str
    release_proposed_by: str


@dataclass(slots=True, eq=True)
class BundleRow:
    """A bundle's revision, without its files."""

    id: str
    version: int
    name: str
    digest: str
    revision: int
    state: str
    author: str
    created_at: float
    published_at: float | None
    policies: int
    findings: int


@dataclass(slots=True, eq=True)
class DecisionRow:
    """A decision, without its facts."""

    id: str
    version: int
    kind: str
    at: float
    outcome: str
    agent_id: str
    agent_name: str
    task_id: str | None
    root_task_id: str | None
    purpose: str
    action: str
    resource: str
    environment: str
    data_class: str
    tool: str
    effect: str
    determining: tuple[str, ...]
    code: str
    text: str
    revision: int
    risk_score: int
    risk_level: str
    approval_id: str | None
    latency_seconds: float


@dataclass(slots=True, eq=True)
class OperatorRow:
    """An operator; `id` is the name."""

    id: str
    version: int
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    token_expires_at: float
    removed: bool


Row: TypeAlias = (
    AgentRow | TaskRow | ChainRow | LeaseRow | ApprovalRow | GrantRow | LockRow | BundleRow | DecisionRow | OperatorRow
)
