"""What the APIs serve: every service under one roof, filled by the program's roof and handed to the routes.

Services that have floors of their own are named by their classes; what is asked of the others is written down here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from console.model.actors import Actor
from console.model.audit import Checkpoint, InclusionProof
from console.model.frameworks import (
    FrameworkReview,
    FrameworkReviewInput,
    FrameworkSummary,
    FrameworkView,
    MetricView,
    SeedRowView,
)
from console.server.authorization.approvals import Approvals
from console.server.authorization.bundles import Bundles
from console.server.authorization.decisions import Decisions
from console.server.authorization.grants import Grants
from console.server.authorization.previews import Previews
from console.server.authorization.publications import Publications
from console.server.authorization.registry import Registry
from console.server.authorization.task_tokens import TaskTokens
from console.server.authorization.tasks import Tasks
from console.server.broker.exchange import Exchange
from console.server.broker.introspection import Introspection
from console.server.broker.issuers.base import Issuer
from console.server.broker.leases import Leases
from console.server.broker.revocation import Revocations
from console.server.containment import Containment
from console.server.identity.callers import Authenticator
from console.server.identity.operators import Operators
from console.server.notices.notices import Notices
from console.server.ports import Clock, Store


class AuditLog(Protocol):
    """The audit log beyond its records: signed heads, proofs, and the erasing of free texts."""

    async def checkpoint(self) -> Checkpoint: ...
    def prove(self, seq: int, size: int | None = None) -> InclusionProof: ...
    async def erase(self, digest: str, reason: str, actor: Actor) -> None: ...


class Evidence(Protocol):
    """Framework tables, computed from the record, and the reviews of their rows."""

    async def frameworks(self) -> Iterable[FrameworkSummary]: ...
    async def seed(self) -> tuple[SeedRowView, ...]: ...
    async def framework(self, framework_id: str) -> FrameworkView | None: ...
    async def metric(self, metric_id: str) -> MetricView | None: ...
    async def review(self, framework_id: str, asked: FrameworkReviewInput, actor: Actor) -> FrameworkReview: ...


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that a route may call.

    `audiences` are the audiences of the two APIs (`authorization`, `broker`), as tokens name them. `jwks` gives the public
    keys as a JWK set (RFC 7517). `ready` says why the plane does not serve yet; the empty word when it does.
    """

    store: Store
    clock: Clock
    audiences: Mapping[str, str]
    authenticator: Authenticator
    operators: Operators
    registry: Registry
    tasks: Tasks
    task_tokens: TaskTokens
    decisions: Decisions
    approvals: Approvals
    grants: Grants
    previews: Previews
    bundles: Bundles
    publications: Publications
    leases: Leases
    introspection: Introspection
    exchange: Exchange
    revocations: Revocations
    issuers: Mapping[str, Issuer]
    containment: Containment
    audit: AuditLog
    evidence: Evidence
    notices: Notices
    jwks: Callable[[], Mapping[str, Any]]
    ready: Callable[[], str]
