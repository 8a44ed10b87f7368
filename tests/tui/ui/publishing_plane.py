"""The part of the plane in memory that is asked about drafts and publications.

A line with `wrong` in a file is an error, one with `odd` a warning; a test passes unless the files hold `breaks`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from console.model.approvals import Approval, ApprovalKind, ApprovalState, Publication
from console.model.bundles import (
    Bundle,
    BundleChecked,
    BundleFile,
    BundleState,
    BundleTested,
    BundleView,
    FileChange,
    Finding,
    PublicationDetail,
    PublicationInput,
    TestResult,
)
from console.model.decisions import QuorumPart
from console.model.problems import ProblemError
from console.policy.bundle import bundle_digest
from console.tui.state.drafts import changes_of
from tests.tui.state.plane_in_memory import NOW, PlaneInMemory, an_id, approval


class PublishingPlane(PlaneInMemory):
    """Keeps each revision with its files; `fail_checks` refuses to check drafts."""

    def __init__(self) -> None:
        super().__init__()
        self.bundle: BundleView | None = None
        self.earlier: list[Bundle] = []
        """Revisions before the published one, and requested ones, newest first, with their files."""
        self.fail_checks: BaseException | None = None
        self.checks = 0

    def _take(self, verb: str, id: str, body: Any) -> None:
        raise NotImplementedError

    async def revisions(self) -> list[Bundle]:
        every = ([] if self.bundle is None else [self.bundle.bundle]) + self.earlier
        return [one.model_copy(update={"files": ()}) for one in every]

    async def revision(self, id: str) -> Bundle:
        return next(one for one in self.earlier if one.id == id)

    async def check_draft(self, files: Mapping[str, str]) -> BundleChecked:
        self.checks += 1
        if self.fail_checks is not None:
            raise self.fail_checks
        found = _found(files)
        return BundleChecked(ok=all(one.severity != "error" for one in found), digest=bundle_digest(files), findings=found)

    async def test_draft(self, files: Mapping[str, str]) -> BundleTested:
        broken = any("breaks" in text for text in files.values())
        results = tuple(
            TestResult(name=f"t{number}", file="tests/all.toml", passed=number > 1 or not broken, expected="allow", got="deny")
            for number in range(1, 4)
        )
        passed = sum(one.passed for one in results)
        return BundleTested(digest=bundle_digest(files), passed=passed, total=3, results=results)

    async def request_publication(self, asked: PublicationInput) -> Publication:
        self._take("request_publication", asked.base_digest, asked)
        assert self.bundle is not None
        now = self.bundle.bundle
        if asked.base_digest != now.digest:
            raise ProblemError("conflict", "Another bundle is published by now.")
        request = self._request(asked.by_path(), asked.reason)
        made = now.model_copy(
            update={
                "id": an_id("pb", 50),
                "revision": 0,
                "state": BundleState.REQUESTED,
                "author": "maya",
                "digest": request.digest,
                "files": asked.files,
                "base_digest": now.digest,
                "base_revision": now.revision,
                "approval_id": request.id,
                "reason": asked.reason,
            }
        )
        self.earlier.insert(0, made)
        self.put(request, "approval.requested")
        return Publication(bundle=made, approval=request)

    def _request(self, files: Mapping[str, str], reason: str) -> Approval:
        return publication(digest=bundle_digest(files), requested_by="maya", bundle_id=an_id("pb", 50))

    def detail_of_publication(self, asked: Approval) -> PublicationDetail | None:
        """What the card of a request for publication shows."""
        made = next((one for one in self.earlier if one.approval_id == asked.id), None)
        if asked.kind is not ApprovalKind.PUBLICATION or self.bundle is None or made is None:
            return None
        old, new = ({file.path: file.text for file in one.files} for one in (self.bundle.bundle, made))
        return PublicationDetail(
            base_digest=made.base_digest or made.digest,
            base_revision=made.base_revision or 0,
            author=made.author,
            reason=made.reason,
            files=tuple(FileChange(path=one.path, change=one.change, diff=one.diff) for one in changes_of(old, new)),
            tests_passed=3,
            tests_total=3,
            findings=_found(new),
            moved=made.base_digest != self.bundle.bundle.digest,
        )

    async def roll_back(self, bundle_id: str, reason: str) -> Bundle:
        self._take("roll_back", bundle_id, reason)
        assert self.bundle is not None
        now, old = self.bundle.bundle, await self.revision(bundle_id)
        again = {"id": an_id("pb", 60), "revision": now.revision + 1, "state": BundleState.PUBLISHED, "author": "maya"}
        made = old.model_copy(update=again | {"published_at": NOW, "superseded_at": None, "restores": old.revision})
        self.earlier.insert(0, now.model_copy(update={"state": BundleState.SUPERSEDED, "superseded_at": NOW}))
        self.bundle = self.bundle.model_copy(update={"bundle": made})
        self.put(made.model_copy(update={"files": ()}), "bundle.published")
        return made


def publication(**changes: Any) -> Approval:
    """A pending request for a publication."""
    facts = {
        "kind": ApprovalKind.PUBLICATION,
        "state": ApprovalState.PENDING,
        "ask": None,
        "agent_id": None,
        "agent_name": "",
        "task_id": None,
        "root_task_id": None,
        "chain": None,
        "blocking": (),
        "requested_by": "petra",
        "quorum": (QuorumPart(group="policy-author", count=1),),
        "deadline_at": NOW + timedelta(hours=8),
        "max_ttl_seconds": None,
    }
    return approval(50, 30, **facts | changes)


def published(number: int = 2, **changes: Any) -> Bundle:
    """A revision of a small bundle."""
    files = {
        "manifest.toml": 'name = "estate"\n',
        "policies/one.cedar": '@id("one")\npermit(principal, action, resource);\n' + ("// r2\n" if number > 1 else ""),
        "tests/all.toml": '[[test]]\nname = "t1"\n',
    }
    facts = {
        "id": an_id("pb", number),
        "name": "estate",
        "digest": bundle_digest(files),
        "revision": number,
        "state": BundleState.PUBLISHED if number > 1 else BundleState.SUPERSEDED,
        "author": "petra",
        "created_at": NOW - timedelta(days=3 - number),
        "published_at": NOW - timedelta(days=3 - number),
        "policies": 1,
        "files": tuple(BundleFile(path=path, text=text) for path, text in files.items()),
    }
    return Bundle.model_validate(facts | changes)


def _found(files: Mapping[str, str]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            severity="error" if "wrong" in words else "warning",
            code="made_up",
            file=path,
            line=line,
            text=f"Line {line} is it.",
        )
        for path, text in files.items()
        for line, words in enumerate(text.split("\n"), 1)
        if "wrong" in words or "odd" in words
    )
