"""The real plane behind the `Plane` protocol: the typed client, its errors told as the console understands them.

Owns the mapping of names and errors between the two; nothing else of the console calls the client.
"""

from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing
from typing import TypeVar

from console.client.client import LeaseholdClient
from console.client.errors import ClientError, Refused, Resync, Unreachable
from console.client.feed import Event, SnapshotHead, SnapshotRow
from console.client.stream import Tick as ClientTick
from console.model import events
from console.model.approvals import Approval, ApprovalDetail, Narrowing, ReviewInput
from console.model.audit import AuditRecord, Checkpoints, InclusionProof
from console.model.bundles import Bundle, BundleView
from console.model.frameworks import (
    FrameworkReview,
    FrameworkReviewInput,
    Frameworks,
    FrameworkView,
    MetricView,
    SeedRows,
)
from console.model.grants import Grant, GrantInput, GrantTerms
from console.model.leases import Lease, RevocationResult, RevokeManyInput
from console.model.locks import ContainmentPreview, ContainmentTally, Lock
from console.model.operators import Whoami
from console.model.problems import ProblemError
from console.model.reviewing import GrantPreview, ReviewPreview
from console.model.tasks import Task
from console.tui.state.plane import Tick

T = TypeVar("T")


def as_problem(error: ClientError) -> ProblemError:
    """The problem that an error of the client stands for; what is no answer at all is `unreachable`."""
    if isinstance(error, Refused):
        return error.as_error()
    if isinstance(error, Resync):
        return ProblemError("resync", str(error))
    return ProblemError("unreachable", str(error), unknown=not isinstance(error, Unreachable) or error.unknown)


async def _told(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except ClientError as error:
        raise as_problem(error) from None


class ClientPlane:
    """A plane over HTTP. Every method raises ProblemError; see `plane.Plane`."""

    def __init__(self, client: LeaseholdClient) -> None:
        self._client = client

    async def whoami(self) -> Whoami:
        return await _told(self._client.show_whoami())

    async def snapshot(self) -> AsyncIterator[SnapshotHead | SnapshotRow]:
        try:
            async with aclosing(self._client.snapshot()) as rows:  # type: ignore[type-var]  # an async generator can be closed
                async for row in rows:
                    if isinstance(row, events.SnapshotHead):
                        yield SnapshotHead(row.cursor, row.at, row.rows)
                    else:
                        yield SnapshotRow(row.collection, row.body)
        except ClientError as error:
            raise as_problem(error) from None

    async def events(self, after: int | None) -> AsyncIterator[Event | Tick]:
        try:
            async with aclosing(self._client.events(after)) as items:  # type: ignore[type-var]  # an async generator can be closed
                async for item in items:
                    if isinstance(item, ClientTick):
                        yield item
                    else:
                        yield Event(item.cursor, item.at, item.kind, item.collection, item.id, item.body)
        except ClientError as error:
            raise as_problem(error) from None

    async def approval_detail(self, id: str) -> ApprovalDetail:
        return await _told(self._client.show_approval(id))

    async def chain_story(self, root_id: str, before: int | None = None) -> tuple[list[AuditRecord], bool]:
        beginning = None if before is None else str(before)
        listed = await _told(self._client.list_audit(root_id=root_id, newest=True, limit=200, next=beginning))
        return list(listed.items), listed.next is not None

    async def audit(self, before: int | None = None, filter: str = "") -> list[AuditRecord]:
        beginning = None if before is None else str(before)
        listed = await _told(self._client.list_audit(newest=True, limit=200, next=beginning, filter=filter or None))
        return list(listed.items)

    async def records_of(self, object_id: str) -> list[AuditRecord]:
        return list((await _told(self._client.list_audit(object_id=object_id, newest=True, limit=200))).items)

    async def checkpoints(self) -> Checkpoints:
        return await _told(self._client.list_checkpoints(2))

    async def prove(self, seq: int, size: int) -> InclusionProof:
        return await _told(self._client.prove_record(seq, size))

    async def policies(self) -> BundleView:
        return await _told(self._client.show_current_bundle())

    async def revisions(self) -> list[Bundle]:
        return list((await _told(self._client.list_bundles(newest=True, limit=50))).items)

    async def frameworks(self) -> Frameworks:
        return await _told(self._client.list_frameworks())

    async def framework(self, id: str) -> FrameworkView:
        return await _told(self._client.show_framework(id))

    async def seed_rows(self) -> SeedRows:
        return await _told(self._client.list_seed_rows())

    async def metric(self, id: str) -> MetricView:
        return await _told(self._client.show_metric(id))

    async def text(self, digest: str) -> str | None:
        return (await _told(self._client.show_text(digest))).text

    async def contain_preview(self, agent_id: str) -> ContainmentPreview:
        return await _told(self._client.preview_containment(agent_id))

    async def containment(self, lock_id: str) -> ContainmentTally:
        return await _told(self._client.show_tally(lock_id))

    async def preview_review(self, id: str, narrowing: Narrowing) -> ReviewPreview:
        return await _told(self._client.preview_review(id, narrowing))

    async def preview_grant(self, terms: GrantTerms) -> GrantPreview:
        return await _told(self._client.preview_grant(terms))

    async def review(self, id: str, review: ReviewInput) -> Approval:
        return await _told(self._client.review_approval(id, review))

    async def withdraw_approval(self, id: str, reason: str) -> Approval:
        return await _told(self._client.withdraw_approval(id, reason))

    async def create_grant(self, grant: GrantInput) -> Grant:
        return await _told(self._client.request_grant(grant))

    async def revoke_grant(self, id: str, reason: str) -> Grant:
        return await _told(self._client.revoke_grant(id, reason))

    async def review_break_glass(self, id: str, reason: str) -> Grant:
        return await _told(self._client.review_break_glass(id, reason))

    async def revoke_leases(self, selection: RevokeManyInput) -> RevocationResult:
        return await _told(self._client.revoke_leases(selection))

    async def retry_revocation(self, id: str) -> Lease:
        return await _told(self._client.retry_revocation(id))

    async def contain(self, agent_id: str, reason: str) -> ContainmentTally:
        return await _told(self._client.contain_agent(agent_id, reason))

    async def release(self, agent_id: str, reason: str) -> Lock:
        return await _told(self._client.release_agent(agent_id, reason))

    async def stop_task(self, id: str, reason: str) -> Task:
        return await _told(self._client.stop_task(id, reason))

    async def review_framework(self, framework: str, control: str, standing: str, note: str) -> FrameworkReview:
        asked = FrameworkReviewInput(control=control, standing=standing, note=note)
        return await _told(self._client.review_framework(framework, asked))
