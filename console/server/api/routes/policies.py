"""Routes of policy bundles: what is in force, the checks of a draft, asking for its publication, and rolling back."""

import asyncio
from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from console.model.approvals import Publication
from console.model.base import Digest, Identifier
from console.model.bundles import (
    Bundle,
    BundleChecked,
    BundleDraft,
    BundleState,
    BundleTested,
    BundleView,
    PublicationInput,
    RollbackInput,
)
from console.model.events import Page
from console.model.problems import FieldError, ProblemError
from console.policy.bundle import BundleRefused, bundle_digest
from console.policy.testing import run_tests
from console.policy.validate import validate
from console.server.api.answers import ListQuery, check_match, known, page, tell
from console.server.api.entries import Routes
from console.server.api.routes.reviews import operator_of
from console.server.api.routing import CallOf
from console.server.identity.access import Act

bundles = Routes("authorization", "bundles")


class BundlesQuery(ListQuery):
    """Which revisions to list."""

    state: BundleState | None = None
    digest: Digest | None = None


@bundles.get("/authorization/v1/bundles", Act.READ, Page)
async def list_bundles(call: CallOf, query: Annotated[BundlesQuery, Query()]) -> Response:
    """The revisions, without their files."""
    return page(call, Bundle, query, without=frozenset({"files"}))


@bundles.get("/authorization/v1/bundles/current", Act.READ, BundleView)
async def show_current_bundle(call: CallOf) -> Response:
    """The bundle in force: its files, findings, policies in words, and how many of its tests pass."""
    return tell(await asyncio.to_thread(call.services.bundles.view))


@bundles.post("/authorization/v1/bundles/validate", Act.CHECK, BundleChecked, changes=False, large=True)
async def validate_bundle(call: CallOf, draft: BundleDraft) -> Response:
    """Validate a draft as publication would. It is kept nowhere."""
    files = _files(draft)
    findings = await asyncio.to_thread(validate, files)
    ok = all(finding.severity != "error" for finding in findings)
    return tell(BundleChecked(ok=ok, digest=bundle_digest(files), findings=findings))


@bundles.post("/authorization/v1/bundles/test", Act.CHECK, BundleTested, changes=False, large=True)
async def test_bundle(call: CallOf, draft: BundleDraft) -> Response:
    """Run a draft's own tests. It is kept nowhere."""
    files = _files(draft)
    digest = bundle_digest(files)
    try:
        results = await asyncio.to_thread(run_tests, files)
    except BundleRefused as refused:
        return tell(BundleTested(digest=digest, passed=0, total=0, findings=tuple(refused.findings)))
    passed = sum(result.passed for result in results)
    return tell(BundleTested(digest=digest, passed=passed, total=len(results), results=results))


@bundles.post("/authorization/v1/bundles/publications", Act.REQUEST_PUBLICATION, Publication, status=201, large=True)
async def request_publication(call: CallOf, asked: PublicationInput) -> Response:
    """Ask that a draft be published in place of the bundle that it was made from. Another policy author reviews it."""
    _files(asked)
    return tell(await call.services.publications.request(operator_of(call), asked), status=201)


@bundles.post("/authorization/v1/bundles/{bundle_id}/rollback", Act.ROLL_BACK, Bundle)
async def roll_back(call: CallOf, bundle_id: Annotated[Identifier, Path()], asked: RollbackInput) -> Response:
    """Put the files of an earlier revision in force again, as a new revision."""
    check_match(call, known(call, Bundle, bundle_id))
    return tell(await call.services.publications.roll_back(operator_of(call), bundle_id, asked.reason))


@bundles.get("/authorization/v1/bundles/{bundle_id}", Act.READ, Bundle)
async def show_bundle(call: CallOf, bundle_id: Annotated[Identifier, Path()]) -> Response:
    """One revision with its files."""
    return tell(known(call, Bundle, bundle_id))


def _files(draft: BundleDraft) -> dict[str, str]:
    try:
        return draft.by_path()
    except ValueError:
        raise ProblemError(
            "invalid", "A file is there twice.", errors=(FieldError(field="files", text="each path once"),)
        ) from None
