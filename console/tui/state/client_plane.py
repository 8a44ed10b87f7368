"""The real plane behind the `Plane` protocol: the typed client, its errors told as the console understands them.

Owns the mapping of names and errors between the two; nothing else of the console calls the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from console.client.errors import ClientError, Refused, Resync, Unreachable
from console.client.feed import Event, SnapshotHead, SnapshotRow, SnapshotValues
from console.client.follow import Follower
from console.model.codes import ProblemError
from console.tui.state.columns import COLUMNS
from console.tui.state.plane import Tick, Who

if TYPE_CHECKING:
    from console.client.client import LeaseholdClient
    from console.client.transport import Sent, Token
    from console.model.approvals import Approval, ApprovalDetail, Narrowing, Publication, ReviewInput
    from console.model.audit import AuditRecord, Checkpoints, InclusionProof
    from console.model.bundles import Bundle, BundleChecked, BundleDraft, BundleTested, BundleView, PublicationInput
    from console.model.frameworks import (
        FrameworkReview,
        Frameworks,
        FrameworkView,
        MetricView,
        SeedRows,
    )
    from console.model.grants import Grant, GrantInput, GrantTerms
    from console.model.leases import Lease, RevocationResult, RevokeManyInput
    from console.model.locks import ContainmentPreview, ContainmentTally, Lock
    from console.model.reviewing import GrantPreview, ReviewPreview
    from console.model.tasks import Task
    from console.tui.rows import SignedHeads
    from console.tui.state.entries import Entry

T = TypeVar("T")
_ENTRIES = 100
"""So many entries of a chain are fetched at once."""


@asynccontextmanager
async def client_plane(
    authorization_url: str, broker_url: str, token: Token, *, on_sent: Callable[[Sent], None] | None = None
) -> AsyncIterator[ClientPlane]:
    """The plane at these addresses. `on_sent` hears of every request but those that only follow it."""

    def make() -> LeaseholdClient:
        from console.client.client import LeaseholdClient  # noqa: PLC0415

        return LeaseholdClient(authorization_url, broker_url, token, on_sent=on_sent)

    plane = ClientPlane(Follower(authorization_url, token), make)
    try:
        yield plane
    finally:
        await plane.close()


def as_problem(error: ClientError) -> ProblemError:
    """The problem that an error of the client stands for; what is no answer at all is `unreachable`."""
    if isinstance(error, Refused):
        return error.as_error()
    if isinstance(error, Resync):
        return ProblemError("resync", str(error))
    return ProblemError("unreachable", str(error), unknown=not isinstance(error, Unreachable) or error.unknown)


class ClientPlane:
    """A plane over HTTP. Every method raises ProblemError; see `plane.Plane`.

    The feed is read by `follower`. The typed client, whose models take long to load, is made by `make` with the first call
    that needs it, beside the screen.
    """

    def __init__(self, follower: Follower, make: Callable[[], LeaseholdClient]) -> None:
        self._follower = follower
        self._make = make
        self._client: LeaseholdClient | None = None

    async def close(self) -> None:
        """Close the connections of the typed client."""
        if self._client is not None:
            await self._client.close()

    async def _told(self, call: Callable[[LeaseholdClient], Awaitable[T]]) -> T:
        if self._client is None:
            made = await asyncio.to_thread(self._make)
            self._client = self._client or made
        try:
            return await call(self._client)
        except ClientError as error:
            raise as_problem(error) from None

    async def whoami(self) -> Who:
        try:
            return await self._follower.whoami()
        except ClientError as error:
            raise as_problem(error) from None

    async def snapshot(self) -> AsyncIterator[SnapshotHead | SnapshotRow | SnapshotValues]:
        try:
            async with aclosing(self._follower.snapshot(COLUMNS)) as rows:  # type: ignore[type-var]  # an async generator can be closed
                async for row in rows:
                    yield row
        except ClientError as error:
            raise as_problem(error) from None

    async def events(self, after: int | None) -> AsyncIterator[Event | Tick]:
        try:
            async with aclosing(self._follower.events(after)) as items:  # type: ignore[type-var]  # an async generator can be closed
                async for item in items:
                    yield item
        except ClientError as error:
            raise as_problem(error) from None

    async def approval_detail(self, id: str) -> ApprovalDetail:
        return await self._told(lambda client: client.show_approval(id))

    async def chain_story(self, root_id: str, before: int | None = None) -> tuple[list[Entry], bool]:
        from console.tui.state.entries import entries_of  # noqa: PLC0415 (with the first card that tells one)

        try:
            page = await self._follower.audit_page(root_id, before, _ENTRIES)
            # It may be long, and the screen need not wait for it.
            return await asyncio.to_thread(entries_of, page)
        except ClientError as error:
            raise as_problem(error) from None

    async def audit(self, before: int | None = None, filter: str = "") -> list[AuditRecord]:
        beginning = None if before is None else str(before)
        listed = await self._told(
            lambda client: client.list_audit(newest=True, limit=200, next=beginning, filter=filter or None)
        )
        return list(listed.items)

    async def records_of(self, object_id: str) -> list[AuditRecord]:
        return list((await self._told(lambda client: client.list_audit(object_id=object_id, newest=True, limit=200))).items)

    async def heads(self) -> SignedHeads:
        from console.tui.state.entries import heads_of  # noqa: PLC0415 - with the first that are fetched

        try:
            return heads_of(await self._follower.heads(2))
        except ClientError as error:
            raise as_problem(error) from None

    async def checkpoints(self) -> Checkpoints:
        return await self._told(lambda client: client.list_checkpoints(2))

    async def prove(self, seq: int, size: int) -> InclusionProof:
        return await self._told(lambda client: client.prove_record(seq, size))

    async def policies(self) -> BundleView:
        return await self._told(lambda client: client.show_current_bundle())

    async def revisions(self) -> list[Bundle]:
        return list((await self._told(lambda client: client.list_bundles(newest=True, limit=50))).items)

    async def revision(self, id: str) -> Bundle:
        return await self._told(lambda client: client.show_bundle(id))

    async def check_draft(self, files: Mapping[str, str]) -> BundleChecked:
        draft = _draft(files)
        return await self._told(lambda client: client.validate_bundle(draft))

    async def test_draft(self, files: Mapping[str, str]) -> BundleTested:
        draft = _draft(files)
        return await self._told(lambda client: client.test_bundle(draft))

    async def frameworks(self) -> Frameworks:
        return await self._told(lambda client: client.list_frameworks())

    async def framework(self, id: str) -> FrameworkView:
        return await self._told(lambda client: client.show_framework(id))

    async def seed_rows(self) -> SeedRows:
        return await self._told(lambda client: client.list_seed_rows())

    async def metric(self, id: str) -> MetricView:
        return await self._told(lambda client: client.show_metric(id))

    async def text(self, digest: str) -> str | None:
        return (await self._told(lambda client: client.show_text(digest))).text

    async def contain_preview(self, agent_id: str) -> ContainmentPreview:
        return await self._told(lambda client: client.preview_containment(agent_id))

    async def containment(self, lock_id: str) -> ContainmentTally:
        return await self._told(lambda client: client.show_tally(lock_id))

    async def preview_review(self, id: str, narrowing: Narrowing) -> ReviewPreview:
        return await self._told(lambda client: client.preview_review(id, narrowing))

    async def preview_grant(self, terms: GrantTerms) -> GrantPreview:
        return await self._told(lambda client: client.preview_grant(terms))

    async def review(self, id: str, review: ReviewInput) -> Approval:
        return await self._told(lambda client: client.review_approval(id, review))

    async def withdraw_approval(self, id: str, reason: str) -> Approval:
        return await self._told(lambda client: client.withdraw_approval(id, reason))

    async def create_grant(self, grant: GrantInput) -> Grant:
        return await self._told(lambda client: client.request_grant(grant))

    async def revoke_grant(self, id: str, reason: str) -> Grant:
        return await self._told(lambda client: client.revoke_grant(id, reason))

    async def review_break_glass(self, id: str, reason: str) -> Grant:
        return await self._told(lambda client: client.review_break_glass(id, reason))

    async def revoke_leases(self, selection: RevokeManyInput) -> RevocationResult:
        return await self._told(lambda client: client.revoke_leases(selection))

    async def retry_revocation(self, id: str) -> Lease:
        return await self._told(lambda client: client.retry_revocation(id))

    async def contain(self, agent_id: str, reason: str) -> ContainmentTally:
        return await self._told(lambda client: client.contain_agent(agent_id, reason))

    async def release(self, agent_id: str, reason: str) -> Lock:
        return await self._told(lambda client: client.release_agent(agent_id, reason))

    async def stop_task(self, id: str, reason: str) -> Task:
        return await self._told(lambda client: client.stop_task(id, reason))

    async def request_publication(self, asked: PublicationInput) -> Publication:
        return await self._told(lambda client: client.request_publication(asked))

    async def roll_back(self, bundle_id: str, reason: str) -> Bundle:
        return await self._told(lambda client: client.roll_back(bundle_id, reason))

    async def review_framework(self, framework: str, control: str, standing: str, note: str) -> FrameworkReview:
        from console.model.frameworks import FrameworkReviewInput  # noqa: PLC0415

        asked = FrameworkReviewInput(control=control, standing=standing, note=note)
        return await self._told(lambda client: client.review_framework(framework, asked))


def _draft(files: Mapping[str, str]) -> BundleDraft:
    from console.model.bundles import BundleDraft, BundleFile  # noqa: PLC0415

    return BundleDraft(files=tuple(BundleFile(path=path, text=text) for path, text in files.items()))
