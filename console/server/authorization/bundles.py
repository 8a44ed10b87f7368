"""Bundles: which policy is in force. The last good one stays on any failure."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from console.model.actors import PLANE, Actor
from console.model.bundles import BUNDLE, Bundle, BundleFile, BundleState, BundleView
from console.model.problems import ProblemError
from console.policy.compile import Compiled, compile_bundle
from console.policy.testing import run_tests
from console.server.ports import Clock, Reader, Store, Transaction

T = TypeVar("T")

BUNDLE_FENCE = "bundle"
"""The fence that every publication advances."""


class Bundles:
    """Holds the published bundle, compiled, and its record."""

    def __init__(self, store: Store, clock: Clock, *, cached_answers: int = 0) -> None:
        """`cached_answers` is how many answers of policy the bundle in force keeps; 0 keeps none."""
        self._store = store
        self._cached_answers = cached_answers
        self._clock = clock
        self._compiled: Compiled | None = None
        self._bundle: Bundle | None = None
        self._running: set[asyncio.Task[object]] = set()

    @property
    def active(self) -> Compiled | None:
        """The compiled bundle in force; None means that everything is denied."""
        return self._compiled

    @property
    def bundle(self) -> Bundle | None:
        """The record of the bundle in force."""
        return self._bundle

    @property
    def fence(self) -> int:
        """The value of `BUNDLE_FENCE` that the policies in force belong to; a later one says that they are superseded."""
        return self._bundle.revision if self._bundle is not None else 0

    async def start(self, files: Mapping[str, str] | None, author: str = "plane") -> None:
        """Load the published bundle or, at the very first start, publish `files`.

        Raises `policy.BundleRefused` when neither parses: a plane does not serve on a bundle that it cannot read.
        """
        bundle = in_force(self._store)
        if bundle is not None:
            self._compiled, self._bundle = self.compiled(texts_of(bundle)), bundle
        elif files is not None:
            await self.publish(files, author, PLANE)

    async def publish(self, files: Mapping[str, str], author: str, actor: Actor) -> Bundle:
        """Put a bundle in force that compiles, and supersede the one before. Nothing changes if it does not compile.

        Raises `policy.BundleRefused` with its findings.
        """
        compiled = self.compiled(files)
        bundle_id = self._clock.new_id("pb")

        def verb(tx: Transaction) -> tuple[Bundle, Bundle]:
            bundle = put_in_force(tx, validated(compiled, files, bundle_id, author, tx), actor)
            return bundle, bundle

        return await self.commit(compiled, verb)

    def compiled(self, files: Mapping[str, str]) -> Compiled:
        """Files, compiled as a bundle in force is. Raises `policy.BundleRefused` with its findings."""
        return compile_bundle(files, cached_answers=self._cached_answers)

    async def commit(self, compiled: Compiled, verb: Callable[[Transaction], tuple[Bundle | None, T]]) -> T:
        """Run a verb that may put the bundle of `compiled` in force; once that is durable, decisions rest on it.

        The verb returns the bundle that it put in force, or None, and what is returned here. It goes on to its end when its
        caller is gone: the policies that decide never stay behind those on record.
        """
        task = asyncio.ensure_future(self._commit(compiled, verb))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _commit(self, compiled: Compiled, verb: Callable[[Transaction], tuple[Bundle | None, T]]) -> T:
        bundle, result = await self._store.write(verb)
        if bundle is not None and bundle.revision > self.fence:
            self._compiled, self._bundle = compiled, bundle
        return result

    def view(self) -> BundleView:
        """The published bundle as people read it, with its findings and its tests run. Raises ProblemError `no_policy`."""
        if self._bundle is None or self._compiled is None:
            raise ProblemError("no_policy")
        results = run_tests(self._compiled)
        limits = self._compiled.limits
        return BundleView(
            bundle=self._bundle,
            policies=self._compiled.policies,
            tests_passed=sum(result.passed for result in results),
            tests_total=len(results),
            tests=results,
            grant_max_seconds=limits.grant_max_seconds,
            break_glass_max_seconds=limits.break_glass_max_seconds if limits.break_glass_allowed else None,
        )


def in_force(reader: Reader) -> Bundle | None:
    """The bundle in force as the record has it."""
    published = reader.find(Bundle, state=BundleState.PUBLISHED, newest=True, limit=1)
    return published[0] if published else None


def texts_of(bundle: Bundle) -> dict[str, str]:
    """The texts of a bundle's files by their paths."""
    return {file.path: file.text for file in bundle.files}


def validated(compiled: Compiled, files: Mapping[str, str], bundle_id: str, author: str, tx: Transaction) -> Bundle:
    """The record of a bundle that compiles, before anything becomes of it."""
    return Bundle(
        id=bundle_id,
        name=compiled.name,
        digest=compiled.digest,
        revision=0,
        state=BundleState.VALIDATED,
        author=author,
        created_at=tx.now,
        policies=len(compiled.policies),
        findings=tuple(compiled.findings),
        files=tuple(BundleFile(path=path, text=text) for path, text in sorted(files.items())),
    )


def put_in_force(tx: Transaction, bundle: Bundle, actor: Actor) -> Bundle:
    """Publish a bundle under the next revision and supersede the one in force; what was decided under that is fenced off."""
    for old in tx.find(Bundle, state=BundleState.PUBLISHED):
        state = BUNDLE.step(old.state, BundleState.SUPERSEDED)
        tx.put(old.model_copy(update={"state": state, "superseded_at": tx.now}), "bundle.superseded", actor)
    update = {"state": BundleState.PUBLISHED, "revision": tx.advance(BUNDLE_FENCE), "published_at": tx.now}
    return tx.put(bundle.model_copy(update=update), "bundle.published", actor)
