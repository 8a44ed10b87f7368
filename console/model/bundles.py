"""Policy bundles as the plane keeps them.

draft → validated → requested → published → superseded
requested → validated (its request ended without publication)
superseded → published (rolling back)
"""

from typing import ClassVar, Literal

from pydantic import Field

from console.model.base import Digest, Entity, Identifier, Input, Instant, Reason, Shape
from console.model.machine import machine
from console.model.states import BundleState

__all__ = ["BundleState"]


BUNDLE = machine(
    "bundle revision",
    {
        BundleState.DRAFT: {BundleState.VALIDATED},
        BundleState.VALIDATED: {BundleState.REQUESTED},
        BundleState.REQUESTED: {BundleState.PUBLISHED, BundleState.VALIDATED},
        BundleState.PUBLISHED: {BundleState.SUPERSEDED},
        BundleState.SUPERSEDED: {BundleState.PUBLISHED},
    },
)


class Finding(Shape):
    """Something that validation found: a stable code, where, a sentence, and what to do about it."""

    severity: Literal["error", "warning", "note"]
    code: str
    file: str
    line: int | None = None
    column: int | None = None
    policy_id: str | None = None
    text: str
    fix: str = ""


class TestResult(Shape):
    """One policy test: what was expected, and what came out."""

    __test__ = False
    name: str
    file: str
    passed: bool
    expected: str
    got: str
    detail: str = ""


class BundleFile(Shape):
    """One file of a bundle, by its path within the bundle."""

    path: str = Field(max_length=255)
    text: str = Field(max_length=1_048_576)


class Bundle(Entity):
    """A bundle's revision. `digest` is over the digests of its files.

    `revision` counts publications in this plane: 0 until it is published. `base_digest` and `base_revision` are those of the
    bundle that was in force when its publication was asked for, and `reason` is why that, or its rolling back, was asked.
    """

    collection: ClassVar[str] = "bundles"
    indexes: ClassVar[tuple[str, ...]] = ("state", "digest")

    name: str
    digest: Digest
    revision: int
    state: BundleState
    author: str
    created_at: Instant
    published_at: Instant | None = None
    superseded_at: Instant | None = None
    policies: int = 0
    findings: tuple[Finding, ...] = ()
    files: tuple[BundleFile, ...] = ()
    base_digest: Digest | None = None
    base_revision: int | None = None
    reason: str = ""
    approval_id: Identifier | None = None
    """The request for its publication."""
    restores: int | None = None
    """By rolling back: the earlier revision that it puts in force again."""
    tests_passed: int = 0
    tests_total: int = 0


class BundleView(Shape):
    """What the console shows of the published bundle: its files, its findings, and its policies in words."""

    bundle: Bundle
    policies: tuple["PolicyView", ...] = ()
    tests_passed: int = 0
    tests_total: int = 0
    tests: tuple[TestResult, ...] = ()
    grant_max_seconds: int | None = None
    """The longest grant that the bundle allows."""
    break_glass_max_seconds: int | None = None
    """The longest break-glass grant; None where the bundle allows none."""


class PolicyView(Shape):
    """One policy as people read it."""

    policy_id: str
    effect: Literal["permit", "forbid"]
    file: str
    reason: str = ""
    approval: str = ""
    grantable: bool = False
    template: bool = False
    controls: tuple[str, ...] = ()
    text: str = ""


class BundleDraft(Input):
    """A bundle's files as somebody would have them checked."""

    files: tuple[BundleFile, ...] = Field(min_length=1, max_length=256)

    def by_path(self) -> dict[str, str]:
        """The files' texts by their paths. Raises ValueError for a path that is there twice."""
        texts = {file.path: file.text for file in self.files}
        if len(texts) != len(self.files):
            raise ValueError("a file is there twice")
        return texts


class BundleChecked(Shape):
    """What validation says of a draft. `digest` is over its files; it is `ok` when nothing found is an error."""

    ok: bool
    digest: Digest
    findings: tuple[Finding, ...] = ()


class BundleTested(Shape):
    """What a draft's own tests say. `passed` of `total`; of a draft that does not validate none are run."""

    digest: Digest
    passed: int
    total: int
    results: tuple[TestResult, ...] = ()
    findings: tuple[Finding, ...] = ()


class PublicationInput(BundleDraft):
    """A draft that somebody asks to be published, in place of the bundle in force that it was made from (`base_digest`)."""

    base_digest: Digest
    reason: Reason


class RollbackInput(Input):
    """Why an earlier revision is put in force again."""

    reason: Reason


class FileChange(Shape):
    """One file that a publication would change. `diff` is unified, at most 64 KiB; where it is cut, its last line says so."""

    path: str
    change: Literal["added", "removed", "changed"]
    diff: str = ""


class PublicationDetail(Shape):
    """What the card of a publication shows: whose it is, what it would change, and what its tests and validation said.

    `moved` is whether another bundle than its base has come in force since: it cannot be published any more.
    """

    base_digest: Digest
    base_revision: int
    author: str
    reason: str
    files: tuple[FileChange, ...] = ()
    tests_passed: int = 0
    tests_total: int = 0
    findings: tuple[Finding, ...] = ()
    moved: bool = False
