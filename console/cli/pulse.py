"""The pulse of a plane in words: what stands where, most urgent first. Pure.

Owns what `leasehold overview` says, and under which command the rows behind each figure are found.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from console.cli.text import moment, span
from console.model.agents import Agent, AgentState
from console.model.approvals import Approval, ApprovalState
from console.model.bundles import Bundle, BundleState
from console.model.decisions import Decision, Outcome
from console.model.grants import Grant, GrantState
from console.model.leases import Lease, LeaseState
from console.model.scales import RiskLevel
from console.model.tasks import Task, TaskState

SOON = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what it is called, what it says, and the command that shows the rows behind it."""

    name: str
    text: str
    command: str


@dataclass(slots=True)
class Estate:
    """Everything that the pulse is taken of, as of an instant."""

    now: datetime
    tasks: list[Task] = field(default_factory=list)
    leases: list[Lease] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    bundles: list[Bundle] = field(default_factory=list)


def pulse(estate: Estate) -> list[Figure]:
    """The figures, in the order in which a person on call wants them."""
    return [
        _approvals(estate),
        _stuck(estate),
        _contained(estate),
        _decisions(estate),
        _tasks(estate),
        *_leases(estate),
        _grants(estate),
        _standing(estate),
        _policy(estate),
    ]


def _approvals(estate: Estate) -> Figure:
    waiting = [one for one in estate.approvals if one.state is ApprovalState.PENDING]
    command = "leasehold approvals list --filter state:pending"
    if not waiting:
        return Figure("approvals waiting", "none", command)
    critical = sum(one.risk.level is RiskLevel.CRITICAL for one in waiting)
    oldest = max(estate.now - one.requested_at for one in waiting)
    first = min(one.deadline_at for one in waiting)
    text = f"{len(waiting)}, {critical} of them critical; the oldest waits for {span(oldest.total_seconds())}"
    return Figure("approvals waiting", f"{text}; the first runs out at {moment(first)}", command)


def _stuck(estate: Estate) -> Figure:
    stuck = [one for one in estate.leases if one.state is LeaseState.IRREVOCABLE]
    revoking = sum(one.state is LeaseState.REVOKING for one in estate.leases)
    text = f"{len(stuck) or 'none'}; {revoking} more being revoked and not confirmed yet"
    return Figure("stuck revocations", text, "leasehold leases list --stuck")


def _contained(estate: Estate) -> Figure:
    names = sorted(one.name for one in estate.agents if one.state is AgentState.CONTAINED)
    active = sum(one.state is AgentState.ACTIVE for one in estate.agents)
    text = f"{len(names)}: {_some(names)}" if names else "none"
    return Figure("contained agents", f"{text}; {active} active", "leasehold agents list --filter state:contained")


def _decisions(estate: Estate) -> Figure:
    recent = [one for one in estate.decisions if estate.now - one.at <= MINUTE]
    command = "leasehold decisions list --filter 'age:<1m'"
    if not recent:
        return Figure("decisions in the last minute", "none", command)
    counts = Counter(one.outcome for one in recent)
    shares = [
        f"{100 * counts[outcome] // len(recent)} percent {word}"
        for outcome, word in ((Outcome.DENY, "denied"), (Outcome.ESCALATE, "sent to a person"))
    ]
    return Figure("decisions in the last minute", f"{len(recent)}, {', '.join(shares)}", command)


def _tasks(estate: Estate) -> Figure:
    running = [one for one in estate.tasks if one.state is TaskState.RUNNING]
    delegated = sum(one.parent_id is not None for one in running)
    text = f"{len(running)}, {delegated} of them delegated"
    return Figure("tasks running", text, "leasehold tasks list --filter state:running")


def _leases(estate: Estate) -> list[Figure]:
    live = [one for one in estate.leases if one.state is LeaseState.ACTIVE]
    soon = [one for one in live if one.expires_at - estate.now <= SOON]
    first = min((one.expires_at for one in live), default=None)
    next_one = f"; the next ends at {moment(first)}" if first is not None else ""
    late = sum(one.revocability.value == "at-expiry-only" for one in live)
    return [
        Figure("live leases", f"{len(live)}{next_one}", "leasehold leases list --live"),
        Figure("by issuer", _shares(one.issuer for one in live), "leasehold issuers list"),
        Figure(
            "by class", _shares(one.data_class.value for one in live), "leasehold leases list --filter 'class:>=confidential'"
        ),
        Figure("ending within 15 minutes", str(len(soon) or "none"), "leasehold leases list --live --filter 'expires:<15m'"),
        Figure(
            "revocable only by expiry", str(late or "none"), "leasehold leases list --live --filter revocability:at-expiry-only"
        ),
    ]


def _grants(estate: Estate) -> Figure:
    active = [one for one in estate.grants if one.state is GrantState.ACTIVE]
    glass = sum(one.kind == "break-glass" and not one.reviewed_by for one in estate.grants)
    text = f"{len(active) or 'none'}; break-glass grants without a review: {glass or 'none'}"
    return Figure("grants in force", text, "leasehold grants list --filter state:active")


def _standing(estate: Estate) -> Figure:
    wide = sorted(
        one.name
        for one in estate.agents
        if one.state is AgentState.ACTIVE and any("*" in (*right.actions, *right.resources) for right in one.entitlement)
    )
    text = f"agents with an entitlement without a bound: {len(wide)}: {_some(wide)}" if wide else "no agent without a bound"
    return Figure("standing privilege", text, "leasehold agents list")


def _policy(estate: Estate) -> Figure:
    published = [one for one in estate.bundles if one.state is BundleState.PUBLISHED]
    if not published:
        return Figure("policy", "no bundle is in force: everything is denied", "leasehold policy show")
    bundle = max(published, key=lambda one: one.revision)
    at = bundle.published_at
    age = f", in force for {span((estate.now - at).total_seconds())}" if at is not None else ""
    return Figure("policy", f"revision {bundle.revision}{age}", "leasehold policy show")


def _shares(values: Iterable[str]) -> str:
    counts = Counter(values)
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def _some(names: Sequence[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def as_facts(figures: Sequence[Figure]) -> Mapping[str, Mapping[str, str]]:
    """The figures as plain JSON types."""
    return {figure.name.replace(" ", "_"): {"text": figure.text, "command": figure.command} for figure in figures}
