"""The states of the house and the other closed lists of words, without the models that carry them.

What follows what is said where each model is; this file only names the words, so that knowing them loads no model.
"""

from enum import StrEnum


class AgentState(StrEnum):
    """Where an agent stands."""

    ACTIVE = "active"
    CONTAINED = "contained"
    RETIRED = "retired"


class TaskState(StrEnum):
    """Where a task stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CONTAINED = "contained"


class LeaseState(StrEnum):
    """Where a lease stands."""

    PENDING = "pending"
    ACTIVE = "active"
    FAILED = "failed"
    EXPIRED = "expired"
    REVOKING = "revoking"
    REVOKED = "revoked"
    IRREVOCABLE = "irrevocable"
    ABANDONED = "abandoned"


class ApprovalState(StrEnum):
    """Where an approval request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    VOID = "void"
    CONSUMED = "consumed"


class ApprovalKind(StrEnum):
    """What is asked: one action, a grant, or the publication of a bundle."""

    ACTION = "action"
    GRANT = "grant"
    PUBLICATION = "publication"


class GrantState(StrEnum):
    """Where a grant stands."""

    REQUESTED = "requested"
    REJECTED = "rejected"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    REVOKED = "revoked"


class BundleState(StrEnum):
    """Where a bundle's revision stands."""

    DRAFT = "draft"
    VALIDATED = "validated"
    REQUESTED = "requested"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class Outcome(StrEnum):
    """The three outcomes."""

    ALLOW = "allow"
    DENY = "deny"
    ESCALATE = "escalate"


class Revocability(StrEnum):
    """How soon a revocation is felt."""

    INSTANT = "instant"
    AT_NEXT_CHECK = "at-next-check"
    AT_EXPIRY_ONLY = "at-expiry-only"
    UNKNOWN = "unknown"
