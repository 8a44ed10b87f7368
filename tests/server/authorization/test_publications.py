"""Publications: what may be asked for, who reviews it, and that what is published decides, at once and after a restart."""

import asyncio
import threading
from pathlib import Path

import pytest

from console.model.actors import PLANE, Role
from console.model.approvals import ApprovalState, ReviewInput
from console.model.bundles import Bundle, BundleFile, BundleState
from console.model.decisions import DecideInput, Outcome
from console.model.operators import Operator
from console.model.problems import ProblemError
from console.model.scales import RiskLevel
from console.server.authorization.bundles import put_in_force, validated
from console.server.ports import Moved, Transaction
from tests.server.authorization.publishing import (
    STOP_FILE,
    asked,
    draft,
    enrol,
    in_force,
    kept,
    review,
    stopping,
    with_authors,
)
from tests.server.world import ADMIN, TestClock, World, bundle_files, open_world


@pytest.fixture
async def desk(world: World) -> World:
    return await with_authors(world)


async def refused(world: World, code: str, by: str = "paul", **changes: object) -> ProblemError:
    before = world.store.head()
    with pytest.raises(ProblemError) as caught:
        await world.publications.request(world.operators[by], draft(world, **{"changes": {}, **changes}))  # type: ignore[arg-type]
    assert caught.value.code == code
    assert world.store.head() == before
    return caught.value


async def test_a_draft_is_asked_for_reviewed_by_another_and_in_force(desk: World) -> None:
    first = in_force(desk)
    publication = await asked(desk)
    bundle, approval = publication.bundle, publication.approval
    assert (bundle.state, bundle.revision, bundle.author, bundle.base_revision) == (BundleState.REQUESTED, 0, "paul", 1)
    assert bundle.tests_passed == bundle.tests_total > 0
    assert (approval.kind, approval.digest, approval.bundle_id) == ("publication", bundle.digest, bundle.id)
    assert (approval.risk.level, approval.requested_by) == (RiskLevel.HIGH, "paul")
    assert [(part.group, part.count, part.people) for part in approval.quorum] == [("policy-author", 1, ("pete", "pia"))]
    assert in_force(desk) == first

    after = await review(desk, "pia", approval)
    assert (after.state, after.consumed_by, after.reviews[0].reviewer) == (ApprovalState.CONSUMED, bundle.id, "pia")
    published = in_force(desk)
    assert (published.id, published.revision, published.digest) == (bundle.id, 2, approval.digest)
    assert desk.store.fence("bundle") == desk.bundles.fence == 2
    old = desk.store.get(Bundle, first.id)
    assert old is not None
    assert old.state is BundleState.SUPERSEDED
    kinds = [record.kind for record in desk.store.audit() if record.object_id in (bundle.id, approval.id, first.id)]
    assert kinds[-6:] == [
        "bundle.requested",
        "approval.requested",
        "approval.approved",
        "bundle.superseded",
        "bundle.published",
        "approval.consumed",
    ]


async def test_the_card_shows_what_would_change(desk: World) -> None:
    publication = await asked(desk)
    detail = desk.approvals.detail(publication.approval.id, desk.operators["pia"])
    shown = detail.publication
    assert shown is not None
    assert (shown.author, shown.reason, shown.base_revision, shown.moved) == ("paul", "an incident", 1, False)
    assert [(one.path, one.change) for one in shown.files] == [(STOP_FILE, "added")]
    assert '+@id("executor-is-stopped")' in shown.files[0].diff
    assert shown.tests_passed == shown.tests_total
    assert detail.eligible == ("pete", "pia")
    assert detail.excluded == {"paul": "Who asks does not review."}
    await desk.bundles.publish({**bundle_files(), "policies/other.cedar": "// another\n"}, "ida", ADMIN)
    moved = desk.approvals.detail(publication.approval.id).publication
    assert moved is not None
    assert moved.moved


async def test_what_validation_refuses_is_not_asked_for(desk: World) -> None:
    problem = await refused(desk, "bundle_refused", changes={STOP_FILE: "forbid (principal, action"})
    assert STOP_FILE in problem.detail
    findings = problem.facts["findings"]
    assert isinstance(findings, list)
    assert findings


async def test_a_draft_whose_tests_fail_is_not_asked_for(desk: World) -> None:
    permits = bundle_files()["policies/permits.cedar"]
    problem = await refused(desk, "tests_failed", changes={"policies/permits.cedar": "", STOP_FILE: "// none"})
    assert permits
    assert isinstance(problem.facts["tests"], list)
    assert "tests fail" in problem.detail


async def test_what_is_in_force_already_is_not_asked_for(desk: World) -> None:
    await refused(desk, "nothing_changed")


async def test_a_draft_of_another_base_is_rebased_first(desk: World) -> None:
    problem = await refused(desk, "conflict", changes={STOP_FILE: "// one"}, base_digest="sha256:" + "0" * 64)
    assert "ebase" in problem.next_step
    assert problem.facts["revision"] == 1


async def test_a_file_there_twice_is_no_draft(desk: World) -> None:
    twice = draft(desk, {}, files=(BundleFile(path="manifest.toml", text=""), BundleFile(path="manifest.toml", text="x")))
    with pytest.raises(ValueError, match="twice"):
        await desk.publications.request(desk.operators["paul"], twice)


async def test_an_author_without_another_asks_in_vain(world: World) -> None:
    await enrol(world, "paul", Role.POLICY_AUTHOR)
    await refused(world, "no_reviewer", changes={STOP_FILE: "// one"})


async def test_an_author_who_was_removed_asks_in_vain(desk: World) -> None:
    gone = desk.operators["paul"].model_copy(update={"removed": True})
    await desk.store.write(lambda tx: tx.put(gone, "operator.removed", ADMIN))
    await refused(desk, "not_allowed", changes={STOP_FILE: "// one"})


async def test_the_same_draft_is_the_same_request(desk: World) -> None:
    first = await asked(desk)
    again = await asked(desk)
    other = await asked(desk, "pia")
    assert again == first == other
    assert [one.bundle.id for one in await asyncio.gather(*(asked(desk, note="x") for _ in range(4)))].count(
        first.bundle.id
    ) == 0
    assert desk.store.count(Bundle, state=BundleState.REQUESTED) == 2


@pytest.mark.parametrize(
    ("name", "code"), [("paul", "self_review"), ("maya", "not_eligible"), ("ida", "not_eligible"), ("late", "not_eligible")]
)
async def test_nobody_but_another_author_reviews(desk: World, name: str, code: str) -> None:
    publication = await asked(desk)
    desk.clock.move(1)
    await enrol(desk, "late", Role.POLICY_AUTHOR)
    for verdict in ("approve", "reject"):
        with pytest.raises(ProblemError) as caught:
            await review(desk, name, publication.approval, verdict)
        assert caught.value.code == code
    assert kept(desk, publication) == (publication.bundle, publication.approval)
    assert in_force(desk).revision == 1


async def test_a_group_with_the_name_of_the_role_gives_no_seat(desk: World) -> None:
    await enrol(desk, "sly", Role.APPROVER, groups=("policy-author",))
    desk.clock.move(1)
    publication = await asked(desk)
    with pytest.raises(ProblemError) as caught:
        await review(desk, "sly", publication.approval)
    assert caught.value.code == "not_eligible"


async def test_a_reviewer_who_lost_the_role_counts_for_nothing(desk: World) -> None:
    publication = await asked(desk)
    held = desk.operators["pia"]
    viewer = held.model_copy(update={"roles": (Role.VIEWER,)})
    await desk.store.write(lambda tx: tx.put(viewer, "operator.enrolled", ADMIN))
    with pytest.raises(ProblemError) as caught:
        await review(desk, "pia", publication.approval)
    assert caught.value.code == "not_eligible"
    assert in_force(desk).revision == 1


async def test_a_publication_is_taken_whole_with_a_reason_and_as_shown(desk: World) -> None:
    publication = await asked(desk)
    said = {"verdict": "approve", "digest": publication.approval.digest, "revision": 1, "reason": "read"}
    for changed in ({"narrowing": {"seconds": 5}}, {"reason": ""}, {"digest": "sha256:" + "0" * 64}):
        with pytest.raises(ProblemError) as caught:
            await desk.approvals.review(
                desk.operators["pia"], publication.approval.id, ReviewInput.model_validate(said | changed)
            )
        assert caught.value.code == ("conflict" if "digest" in changed else "invalid")
    assert kept(desk, publication) == (publication.bundle, publication.approval)


async def test_what_is_rejected_is_a_draft_again_and_may_be_asked_for_anew(desk: World) -> None:
    publication = await asked(desk)
    await review(desk, "pete", publication.approval, "reject")
    bundle, approval = kept(desk, publication)
    assert (bundle.state, approval.state, in_force(desk).revision) == (BundleState.VALIDATED, ApprovalState.REJECTED, 1)
    again = await asked(desk, "pia")
    assert again.bundle.id != bundle.id
    await review(desk, "paul", again.approval)
    assert in_force(desk).id == again.bundle.id


async def test_its_author_takes_it_back_and_nobody_else(desk: World) -> None:
    publication = await asked(desk)
    for name in ("pia", "maya"):
        with pytest.raises(ProblemError) as caught:
            await desk.approvals.withdraw(desk.operators[name], publication.approval.id, "no")
        assert caught.value.code == "not_found"
    await desk.approvals.withdraw(desk.operators["paul"], publication.approval.id, "a mistake in it")
    bundle, approval = kept(desk, publication)
    assert (bundle.state, approval.state, approval.end_reason) == (
        BundleState.VALIDATED,
        ApprovalState.CANCELLED,
        "a mistake in it",
    )
    with pytest.raises(ProblemError) as caught:
        await review(desk, "pia", publication.approval)
    assert caught.value.code == "not_an_edge"


async def test_what_nobody_reviews_in_time_is_a_draft_again(desk: World) -> None:
    publication = await asked(desk)
    desk.clock.move(901)
    await desk.approvals.sweep()
    bundle, approval = kept(desk, publication)
    assert (bundle.state, approval.state) == (BundleState.VALIDATED, ApprovalState.EXPIRED)


async def test_of_two_at_once_one_is_published_and_the_other_void(desk: World) -> None:
    first, second = await asked(desk, "paul", "one"), await asked(desk, "pia", "two")
    done = await asyncio.gather(
        review(desk, "pete", first.approval), review(desk, "pete", second.approval), return_exceptions=True
    )
    problems = [one for one in done if isinstance(one, ProblemError)]
    assert [problem.code for problem in problems] == ["conflict"]
    assert "rebased" in problems[0].detail
    states = {kept(desk, one)[0].state: kept(desk, one)[1].state for one in (first, second)}
    assert states == {BundleState.PUBLISHED: ApprovalState.CONSUMED, BundleState.VALIDATED: ApprovalState.VOID}
    assert in_force(desk).revision == desk.store.fence("bundle") == 2


async def test_what_rests_on_another_base_ends_with_the_sweep(desk: World) -> None:
    first, second = await asked(desk, "paul", "one"), await asked(desk, "pia", "two")
    await review(desk, "pete", first.approval)
    await desk.sweep.step()
    bundle, approval = kept(desk, second)
    assert (bundle.state, approval.state) == (BundleState.VALIDATED, ApprovalState.VOID)
    assert "revision 2" in approval.end_reason


@pytest.mark.parametrize("swapped", [False, True])
async def test_what_does_not_hold_is_void_and_the_last_good_bundle_stays(desk: World, *, swapped: bool) -> None:
    publication = await asked(desk)
    sound = tuple(BundleFile(path=path, text=text) for path, text in bundle_files().items())
    files = sound if swapped else (BundleFile(path="manifest.toml", text="no"),)
    spoilt = publication.bundle.model_copy(update={"files": files})
    await desk.store.write(lambda tx: tx.put(spoilt, "bundle.requested", ADMIN))
    before = desk.bundles.active
    with pytest.raises(ProblemError) as caught:
        await review(desk, "pia", publication.approval)
    assert caught.value.code == "conflict"
    bundle, approval = kept(desk, publication)
    assert (bundle.state, approval.state) == (BundleState.VALIDATED, ApprovalState.VOID)
    assert desk.bundles.active is before


async def test_no_decision_under_the_old_bundle_commits_after_the_new_one(desk: World) -> None:
    agent = await desk.agent("executor")
    task = await desk.task(agent)
    wanted = DecideInput(agent=agent.id, task_id=task.id, action="customers.read", resource="crm/customers", rows=1)
    drawn = desk.drafts.draw(wanted, asked_by=PLANE, kind="evaluation")
    assert drawn.decision.outcome is Outcome.ALLOW
    publication = await asked(desk)
    decided = [desk.decide(agent, task, "customers.read", "crm/customers", rows=1) for _ in range(40)]
    outcomes, _ = await asyncio.gather(asyncio.gather(*decided), review(desk, "pia", publication.approval))
    with pytest.raises(Moved):
        await desk.store.write(lambda tx: tx.require(fences=drawn.fences))
    last = await desk.decide(agent, task, "customers.read", "crm/customers", rows=1)
    assert (last.outcome, last.bundle_revision) == (Outcome.DENY, 2)
    records = desk.store.audit()
    since = next(one.seq for one in records if one.kind == "bundle.published" and one.object_id == publication.bundle.id)
    late = {one.object_id for one in records if one.kind == "decision.made" and one.seq > since}
    for decision in (*outcomes, last):
        assert (decision.bundle_revision == 2) is (decision.id in late)
        assert (decision.outcome is Outcome.DENY) is (decision.id in late)


async def test_it_comes_in_force_though_its_reviewer_is_gone(desk: World) -> None:
    files = {**bundle_files(), STOP_FILE: "// gone"}
    compiled = desk.bundles.compiled(files)
    begun, go_on = threading.Event(), threading.Event()

    def verb(tx: Transaction) -> tuple[Bundle, None]:
        begun.set()
        assert go_on.wait(10)
        return put_in_force(tx, validated(compiled, files, "pb_" + "0" * 26, "paul", tx), ADMIN), None

    waiting = asyncio.ensure_future(desk.bundles.commit(compiled, verb))
    await asyncio.to_thread(begun.wait, 10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()
    await desk.store.write(lambda tx: tx.now)
    assert in_force(desk).digest == compiled.digest


async def test_a_plane_that_died_before_it_took_over_does_so_at_its_start(tmp_path: Path) -> None:
    clock = TestClock()
    async with open_world(tmp_path / "plane", clock=clock) as world:
        await with_authors(world)
        publication = await asked(world)

        def verb(tx: Transaction) -> None:
            world.publications.publish(tx, publication.approval, ADMIN)

        await world.store.write(verb)
        assert world.bundles.fence == 1
    async with open_world(tmp_path / "plane", clock=clock) as again:
        assert (in_force(again).id, again.bundles.fence) == (publication.bundle.id, 2)


async def test_a_single_operator_publishes_alone_and_it_is_marked(tmp_path: Path) -> None:
    async with open_world(tmp_path / "plane", single_operator=True) as world:
        await enrol(world, "paul", Role.POLICY_AUTHOR)
        publication = await asked(world)
        after = await review(world, "paul", publication.approval)
        assert (after.state, after.reviews[0].single_operator) == (ApprovalState.CONSUMED, True)
        assert in_force(world).revision == 2
        with pytest.raises(ProblemError) as caught:
            await world.publications.request(Operator.model_validate(world.operators["maya"]), stopping(world, "two"))
        assert caught.value.code == "not_allowed"
