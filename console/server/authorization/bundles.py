"""Bundles: which policy is in force. The last good one stays on any failure."""

from collections.abc import Mapping

from console.model.actors import PLANE, Actor
from console.model.bundles import Bundle, BundleFile, BundleState, BundleView
from console.model.problems import ProblemError
from console.policy.compile import Compiled, compile_bundle
from console.policy.testing import run_tests
from console.server.ports import Clock, Store, Transaction

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
        published = self._store.find(Bundle, state=BundleState.PUBLISHED, newest=True, limit=1)
        if published:
            bundle = published[0]
            self._compiled = compile_bundle(
                {file.path: file.text for file in bundle.files}, cached_answers=self._cached_answers
            )
            self._bundle = bundle
        elif files is not None:
            await self.publish(files, author, PLANE)

    async def publish(self, files: Mapping[str, str], author: str, actor: Actor) -> Bundle:
        """Put a bundle in force that compiles, and supersede the one before. Nothing changes if it does not compile.

        Raises `policy.BundleRefused` with its findings.
        """
        compiled = compile_bundle(files, cached_answers=self._cached_answers)
        bundle_id = self._clock.new_id("pb")

        def verb(tx: Transaction) -> Bundle:
            for old in tx.find(Bundle, state=BundleState.PUBLISHED):
                changed = old.model_copy(update={"state": BundleState.SUPERSEDED, "superseded_at": tx.now})
                tx.put(changed, "bundle.superseded", actor)
            bundle = Bundle(
                id=bundle_id,
                name=compiled.name,
                digest=compiled.digest,
                revision=tx.advance(BUNDLE_FENCE),
                state=BundleState.PUBLISHED,
                author=author,
                created_at=tx.now,
                published_at=tx.now,
                policies=len(compiled.policies),
                findings=tuple(compiled.findings),
                files=tuple(BundleFile(path=path, text=text) for path, text in sorted(files.items())),
            )
            return tx.put(bundle, "bundle.published", actor)

        bundle = await self._store.write(verb)
        self._compiled, self._bundle = compiled, bundle
        return bundle

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
