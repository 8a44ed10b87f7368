"""Publications: a policy author asks, another one agrees, and the bundle comes in force; and rolling back.

Owns what may be asked for, and what a publication must still stand on when it is committed.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from console.model.actors import Actor, ActorKind, Role
from console.model.approvals import Approval, ApprovalKind, ApprovalState, Publication
from console.model.base import Json
from console.model.bundles import (
    BUNDLE,
    Bundle,
    BundleState,
    FileChange,
    Finding,
    PublicationDetail,
    PublicationInput,
    TestResult,
)
from console.model.decisions import QuorumPart, Risk, RiskFactor
from console.model.operators import Operator
from console.model.problems import ProblemError
from console.model.scales import RiskLevel
from console.policy.bundle import BundleRefused
from console.policy.changes import file_changes
from console.policy.compile import Compiled
from console.policy.testing import run_tests
from console.server.authorization.bundles import Bundles, in_force, put_in_force, texts_of, validated
from console.server.ports import Clock, Reader, Store, Transaction

RISK_POINTS = 60
"""High whatever it changes: every later decision rests on it."""
MOST_AUTHORS = 500
MOST_TOLD = 50
"""How many findings, or failed tests, a refusal carries."""
_KEPT_CHANGES = 16


class Publications:
    """Asks for publications, publishes what was agreed to, and rolls back."""

    def __init__(self, store: Store, clock: Clock, bundles: Bundles, *, single_operator: bool = False) -> None:
        self._store = store
        self._clock = clock
        self._bundles = bundles
        self._single = single_operator
        self._changes: dict[tuple[str, str], tuple[FileChange, ...]] = {}

    async def request(self, operator: Operator, asked: PublicationInput) -> Publication:
        """Ask that a draft be published in place of the bundle that it was made from.

        What is asked for already is answered with the request that stands. Raises ProblemError `bundle_refused` and
        `tests_failed` (with what was found), `conflict` (another bundle is in force than the draft was made from),
        `nothing_changed`, `no_reviewer`, `no_policy`.
        """
        files = asked.by_path()
        compiled = await self._compiled(files)
        results = await asyncio.to_thread(run_tests, compiled)
        _check_tests(results)
        bundle_id, approval_id = self._clock.new_id("pb"), self._clock.new_id("ap")

        def verb(tx: Transaction) -> Publication:
            author = _enrolled(tx, operator)
            base = _base(tx)
            if base.digest != asked.base_digest:
                raise ProblemError(
                    "conflict",
                    f"Revision {base.revision} has come in force since the draft was made.",
                    next_step="Rebase the draft on the bundle in force, then ask again.",
                    digest=base.digest,
                    revision=base.revision,
                )
            _check_new(base, compiled.digest)
            standing = _standing(tx, compiled.digest)
            if standing is not None:
                return standing
            bundle = validated(compiled, files, bundle_id, author.id, tx).model_copy(
                update={
                    "state": BUNDLE.step(BundleState.VALIDATED, BundleState.REQUESTED),
                    "base_digest": base.digest,
                    "base_revision": base.revision,
                    "reason": asked.reason,
                    "approval_id": approval_id,
                    "tests_passed": len(results),
                    "tests_total": len(results),
                }
            )
            kept = tx.put(bundle, "bundle.requested", actor_of(author))
            changed = sum(before != after for before, after in _pairs(texts_of(base), files))
            approval = self._approval(tx, kept, approval_id, changed)
            return Publication(bundle=kept, approval=tx.put(approval, "approval.requested", actor_of(author)))

        return await self._store.write(verb)

    async def roll_back(self, operator: Operator, bundle_id: str, reason: str) -> Bundle:
        """Put the files of an earlier revision in force again, as a revision of its own.

        Raises ProblemError `not_found`, `not_an_edge` (it was never in force, or is now), `nothing_changed`, `bundle_refused`
        (this program does not take it any more), `no_policy`.
        """
        earlier = self._store.get(Bundle, bundle_id)
        if earlier is None:
            raise ProblemError("not_found", "There is no such bundle.")
        if earlier.state is not BundleState.SUPERSEDED:
            text = f"Only an earlier revision that was in force can be put in force again; this one is {earlier.state}."
            raise ProblemError("not_an_edge", text, state=earlier.state.value)
        files = texts_of(earlier)
        compiled = await self._kept(earlier)
        new_id = self._clock.new_id("pb")

        def verb(tx: Transaction) -> tuple[Bundle, Bundle]:
            author = _enrolled(tx, operator)
            base = _base(tx)
            _check_new(base, compiled.digest)
            again = validated(compiled, files, new_id, author.id, tx).model_copy(
                update={
                    "state": BUNDLE.step(earlier.state, BundleState.PUBLISHED),
                    "base_digest": base.digest,
                    "base_revision": base.revision,
                    "reason": reason,
                    "restores": earlier.revision,
                    "tests_passed": earlier.tests_passed,
                    "tests_total": earlier.tests_total,
                }
            )
            kept = put_in_force(tx, again, actor_of(author))
            return kept, kept

        return await self._bundles.commit(compiled, verb)

    async def prepare(self, approval: Approval) -> tuple[Compiled | None, str]:
        """The bundle of a request, compiled before anything is committed; or why it cannot be published, in words."""
        bundle = self._store.get(Bundle, approval.bundle_id or "")
        if bundle is None:
            return None, "its bundle is no longer known"
        try:
            return await self._kept(bundle), ""
        except ProblemError as problem:
            return None, problem.detail

    def publish(self, tx: Transaction, approval: Approval, actor: Actor) -> Bundle:
        """Put the bundle of an approved request in force: part of the transaction that meets its quorum.

        Raises ProblemError `conflict` where `lapsed` has something to say.
        """
        bundle, why = _asked(tx, approval)
        if bundle is None or why:
            raise ProblemError("conflict", why)
        published = bundle.model_copy(update={"state": BUNDLE.step(bundle.state, BundleState.PUBLISHED)})
        return put_in_force(tx, published, actor)

    def lapsed(self, reader: Reader, approval: Approval) -> str:
        """Why a request for publication can no longer be met, in words; empty while it can."""
        return _asked(reader, approval)[1]

    def detail(self, approval: Approval) -> PublicationDetail | None:
        """What the card of a request for publication shows; None for any other request."""
        bundle = self._store.get(Bundle, approval.bundle_id) if approval.bundle_id else None
        if approval.kind is not ApprovalKind.PUBLICATION or bundle is None or bundle.base_digest is None:
            return None
        pending = approval.state is ApprovalState.PENDING
        return PublicationDetail(
            base_digest=bundle.base_digest,
            base_revision=bundle.base_revision or 0,
            author=bundle.author,
            reason=bundle.reason,
            files=self._changed(bundle, bundle.base_digest),
            tests_passed=bundle.tests_passed,
            tests_total=bundle.tests_total,
            findings=bundle.findings,
            moved=pending and bool(self.lapsed(self._store, approval)),
        )

    def _changed(self, bundle: Bundle, base_digest: str) -> tuple[FileChange, ...]:
        key = (base_digest, bundle.digest)
        if key not in self._changes:
            base = next(iter(self._store.find(Bundle, digest=base_digest, newest=True, limit=1)), None)
            while len(self._changes) >= _KEPT_CHANGES:
                self._changes.pop(next(iter(self._changes)))
            self._changes[key] = file_changes(texts_of(base) if base else {}, texts_of(bundle))
        return self._changes[key]

    async def _kept(self, bundle: Bundle) -> Compiled:
        compiled = await self._compiled(texts_of(bundle))
        if compiled.digest != bundle.digest:
            raise ProblemError("bundle_refused", "The files that are kept are not those that were asked for.")
        return compiled

    async def _compiled(self, files: Mapping[str, str]) -> Compiled:
        try:
            return await asyncio.to_thread(self._bundles.compiled, files)
        except BundleRefused as refused:
            errors = [finding for finding in refused.findings if finding.severity == "error"]
            text = f"The bundle has {_count(len(errors), 'error')}: {_where(errors[0])}" if errors else "The bundle has errors."
            findings: list[Json] = [finding.model_dump(mode="json") for finding in errors[:MOST_TOLD]]
            raise ProblemError("bundle_refused", text, findings=findings) from None

    def _approval(self, tx: Transaction, bundle: Bundle, approval_id: str, changed: int) -> Approval:
        active = self._bundles.active
        if active is None:
            raise ProblemError("no_policy")
        authors = [one for one in tx.find(Operator, removed=False, limit=MOST_AUTHORS) if Role.POLICY_AUTHOR in one.roles]
        people = tuple(one.id for one in authors if self._single or one.id != bundle.author)
        if not people:
            raise ProblemError("no_reviewer", "No other policy author is enrolled, and nobody publishes their own draft.")
        differ = f"{_count(changed, 'file')} {'differs' if changed == 1 else 'differ'} from revision {bundle.base_revision}"
        factors = (RiskFactor(points=RISK_POINTS, text=f"replaces the policies that every decision rests on; {differ}"),)
        return Approval(
            id=approval_id,
            kind=ApprovalKind.PUBLICATION,
            digest=bundle.digest,
            original_digest=bundle.digest,
            bundle_id=bundle.id,
            quorum=(QuorumPart(group=Role.POLICY_AUTHOR.value, count=1, people=people),),
            risk=Risk(score=RISK_POINTS, level=RiskLevel.of(RISK_POINTS), factors=factors),
            requested_at=tx.now,
            requested_by=bundle.author,
            deadline_at=tx.now + timedelta(seconds=active.limits.approval_deadline_seconds),
        )


def actor_of(operator: Operator) -> Actor:
    """An operator as the one who acts."""
    return Actor(kind=ActorKind.OPERATOR, id=operator.id, name=operator.id)


def _asked(reader: Reader, approval: Approval) -> tuple[Bundle | None, str]:
    """The bundle whose publication is asked for, and why it can no longer be published, in words."""
    bundle = reader.get(Bundle, approval.bundle_id or "")
    base = in_force(reader)
    if bundle is None or bundle.state is not BundleState.REQUESTED or bundle.digest != approval.digest:
        return None, "its bundle is not asked for any more"
    if base is None or base.digest != bundle.base_digest:
        what = f"revision {base.revision} has" if base is not None else "another bundle has"
        return bundle, f"{what} come in force since it was asked for; the draft must be rebased"
    return bundle, ""


def _base(tx: Transaction) -> Bundle:
    base = in_force(tx)
    if base is None:
        raise ProblemError("no_policy")
    return base


def _standing(tx: Transaction, digest: str) -> Publication | None:
    """The request that stands for these very files."""
    for bundle in tx.find(Bundle, digest=digest, state=BundleState.REQUESTED, newest=True, limit=1):
        approval = tx.get(Approval, bundle.approval_id or "")
        if approval is not None:
            return Publication(bundle=bundle, approval=approval)
    return None


def _enrolled(tx: Transaction, operator: Operator) -> Operator:
    """The operator as enrolled now: a role that was lost while the bundle was compiled counts."""
    current = tx.get(Operator, operator.id)
    if current is None or current.removed or Role.POLICY_AUTHOR not in current.roles:
        raise ProblemError("not_allowed", "You are no policy author any more.")
    return current


def _check_new(base: Bundle, digest: str) -> None:
    if base.digest == digest:
        raise ProblemError(
            "nothing_changed", f"These are the very files of revision {base.revision}, which is in force.", digest=digest
        )


def _check_tests(results: tuple[TestResult, ...]) -> None:
    failed = [result for result in results if not result.passed]
    if failed:
        text = f"{len(failed)} of its {_count(len(results), 'test')} fail, first {failed[0].name} in {failed[0].file}."
        tests: list[Json] = [result.model_dump(mode="json") for result in failed[:MOST_TOLD]]
        raise ProblemError("tests_failed", text, tests=tests)


def _pairs(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str | None, str | None]]:
    return [(before.get(path), after.get(path)) for path in sorted({*before, *after})]


def _where(finding: Finding) -> str:
    line = f":{finding.line}" if finding.line is not None else ""
    return f"{finding.file}{line}: {finding.text}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
