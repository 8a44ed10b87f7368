"""The dispatcher: what may be sent when and by whom, and what is said of every kind of answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from console.client.feed import SnapshotHead
from console.model.approvals import Approval, ApprovalKind, Narrowing, Review, ReviewInput
from console.model.bundles import Bundle, BundleFile, BundleState, PublicationInput
from console.model.grants import GrantInput
from console.model.leases import LeaseState, RevocationItem, RevocationResult, RevokeManyInput
from console.model.problems import ProblemError
from console.tui.state.acts import (
    ACTS,
    Confirm,
    approval_confirmation,
    publication_confirmation,
    release_confirmation,
    reviewing_roles,
    taking_confirmation,
)
from console.tui.state.connection import Connection, Freshness, caught_up
from console.tui.state.intents import Dispatcher, Intent, Outcome, Target
from console.tui.state.mirror import Mirror
from console.tui.state.session import ARMED_FOR, Session, arm, disarm, touched
from tests.tui.state.plane_in_memory import (
    DIGEST,
    NOW,
    RIGHT,
    OwnTimes,
    PlaneInMemory,
    agent,
    an_id,
    approval,
    grant,
    lease,
    task,
)

LIVE = caught_up(Connection(), 1000.0)
ALL = frozenset({"approver", "responder", "policy-author"})


class SendingPlane:
    """Counts every mutation and answers as told."""

    def __init__(self, answer: object = None) -> None:
        self.answer = answer
        self.sent: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: object) -> object:
            self.sent.append((name, *arguments))
            if isinstance(self.answer, BaseException):
                raise self.answer
            return self.answer

        return call


def review(verdict: str = "approve", **changes: Any) -> ReviewInput:
    return ReviewInput.model_validate({"verdict": verdict, "digest": DIGEST, "revision": 1, "reason": "seen"} | changes)


LEASES = RevokeManyInput(reason="odd", lease_ids=(lease(1).id, lease(2).id))
GRANT = GrantInput(agent_id=agent().id, covers=("x",), scope=RIGHT, seconds=60, reason="window")
APPROVAL = Target("approvals", approval().id, "deploy", revision=1, digest=DIGEST)
PUBLICATION = PublicationInput(files=(BundleFile(path="manifest.toml", text=""),), base_digest=DIGEST, reason="tighter")
INTENTS = {
    "approval.approve": Intent("approval.approve", APPROVAL, review()),
    "approval.narrow": Intent("approval.narrow", APPROVAL, review(narrowing=Narrowing(seconds=60))),
    "approval.reject": Intent("approval.reject", APPROVAL, review("reject")),
    "approval.withdraw": Intent("approval.withdraw", APPROVAL, "wrong row"),
    "grant.create": Intent("grant.create", Target("agents", agent().id), GRANT),
    "grant.break_glass": Intent(
        "grant.break_glass", Target("agents", agent().id), GRANT.model_copy(update={"kind": "break-glass"})
    ),
    "grant.revoke": Intent("grant.revoke", Target("grants", grant().id), "over"),
    "grant.review": Intent("grant.review", Target("grants", grant().id), "looked"),
    "lease.revoke": Intent("lease.revoke", Target("leases", lease(1).id), LEASES),
    "lease.retry": Intent("lease.retry", Target("leases", lease(1).id), ""),
    "task.stop": Intent("task.stop", Target("tasks", task().id), "enough"),
    "agent.contain": Intent("agent.contain", Target("agents", agent().id, "executor-1"), "odd reads"),
    "agent.release": Intent("agent.release", Target("agents", agent().id), "cleared"),
    "framework.review": Intent("framework.review", Target("controls", "csa:L1/x:y", digest=DIGEST), "looked"),
    "bundle.request": Intent("bundle.request", Target("bundles", DIGEST, "a draft", digest=DIGEST), PUBLICATION),
    "bundle.rollback": Intent("bundle.rollback", Target("bundles", an_id("pb", 1), "r1"), "it broke the build"),
}


def dispatcher(plane: object, times: OwnTimes | None = None) -> Dispatcher:
    times = times or OwnTimes()
    return Dispatcher(plane, monotonic=times.monotonic, wall=times.wall)  # type: ignore[arg-type]  # stands in for the sending half


def session(**changes: Any) -> Session:
    return replace(arm(Session("maya", ALL, connection=LIVE), 1000.0), **changes)


def test_every_act_has_an_intent_here() -> None:
    assert set(INTENTS) == set(ACTS)


@pytest.mark.parametrize("act", ACTS)
async def test_an_armed_live_operator_of_the_role_sends_exactly_one_call(act: str) -> None:
    plane = SendingPlane()
    one = dispatcher(plane)
    result = await one.send(INTENTS[act], session())
    assert result.outcome is Outcome.DONE
    assert len(plane.sent) == 1
    entry = one.log.entries[-1]
    assert (entry.status, entry.outcome) == (200, Outcome.DONE)
    assert "{" not in entry.path


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"read_only": True}, lambda spec: False),
        ({"roles": frozenset()}, lambda spec: False),
        (
            {"roles": frozenset({"viewer", "auditor", "admin", "policy-author"})},
            lambda spec: bool({"auditor", "policy-author"} & spec.roles),
        ),
        ({"roles": frozenset({"responder"})}, lambda spec: "responder" in spec.roles),
        ({"roles": frozenset({"approver"})}, lambda spec: "approver" in spec.roles),
        ({"armed_until": None}, lambda spec: not spec.gives),
        ({"armed_until": 999.0}, lambda spec: not spec.gives),
        ({"connection": replace(LIVE, state=Freshness.STALE)}, lambda spec: spec.stale),
        ({"connection": replace(LIVE, state=Freshness.OFFLINE)}, lambda spec: spec.stale),
        ({"connection": Connection()}, lambda spec: spec.stale),
    ],
)
async def test_what_is_not_allowed_sends_nothing_and_says_why(act: str, changes: dict[str, Any], allowed: Any) -> None:
    plane = SendingPlane()
    result = await dispatcher(plane).send(INTENTS[act], session(**changes))
    assert (result.outcome is Outcome.DONE) == allowed(ACTS[act])
    assert bool(plane.sent) == allowed(ACTS[act])
    assert result.text


def test_nothing_that_gives_is_allowed_while_stale_or_safe() -> None:
    for spec in ACTS.values():
        assert spec.arming == spec.gives
        assert not (spec.gives and spec.stale)


@pytest.mark.parametrize(
    "intent",
    [
        Intent("approval.approve", APPROVAL, review(revision=2)),
        Intent("approval.approve", APPROVAL, review(digest="sha256:" + "00" * 32)),
        Intent("approval.approve", APPROVAL, review("reject")),
        Intent("approval.reject", APPROVAL, review()),
        Intent("approval.approve", APPROVAL, review(narrowing=Narrowing(seconds=1))),
        Intent("approval.narrow", APPROVAL, review()),
        Intent("grant.create", Target("agents", agent().id), GRANT.model_copy(update={"kind": "break-glass"})),
        Intent("bundle.request", Target("bundles", DIGEST, digest="sha256:" + "00" * 32), PUBLICATION),
    ],
)
async def test_a_review_of_anything_but_what_was_captured_is_not_sent(intent: Intent) -> None:
    plane = SendingPlane()
    result = await dispatcher(plane).send(intent, session())
    assert result.outcome is Outcome.REFUSED
    assert plane.sent == []


@pytest.mark.parametrize(
    ("answer", "outcome", "status"),
    [
        (ProblemError("conflict"), Outcome.CONFLICT, 409),
        (ProblemError("already_reviewed"), Outcome.CONFLICT, 409),
        (ProblemError("self_review"), Outcome.REFUSED, 403),
        (ProblemError("not_allowed"), Outcome.REFUSED, 403),
        (ProblemError("unreachable"), Outcome.UNKNOWN, None),
        (ProblemError("unreachable", unknown=False), Outcome.REFUSED, None),
        (ProblemError("internal"), Outcome.UNKNOWN, 500),
        (TimeoutError(), Outcome.UNKNOWN, None),
        (OSError("reset"), Outcome.UNKNOWN, None),
    ],
)
async def test_each_kind_of_answer_has_its_outcome(answer: BaseException, outcome: Outcome, status: int | None) -> None:
    one = dispatcher(SendingPlane(answer))
    result = await one.send(INTENTS["approval.approve"], session())
    assert result.outcome is outcome
    assert one.log.entries[-1].status == status
    assert len(one.unknown) == (outcome is Outcome.UNKNOWN)


async def test_revoking_says_what_is_confirmed_and_what_was_left_out() -> None:
    item = RevocationItem(lease_id=lease(1).id, state=LeaseState.REVOKED, revocability=lease(1).revocability)
    result = await dispatcher(SendingPlane(RevocationResult(asked=2, items=(item,)))).send(INTENTS["lease.revoke"], session())
    assert result.outcome is Outcome.PARTLY
    assert "1 confirmed" in result.text
    still = item.model_copy(update={"state": LeaseState.REVOKING})
    result = await dispatcher(SendingPlane(RevocationResult(asked=1, items=(still,)))).send(INTENTS["lease.revoke"], session())
    assert (result.outcome, "0 confirmed" in result.text) == (Outcome.DONE, True)


async def unknown(act: str, times: OwnTimes) -> Dispatcher:
    one = dispatcher(SendingPlane(TimeoutError()), times)
    await one.send(INTENTS[act], session())
    return one


def believing(*entities: Any) -> Mirror:
    plane, mirror = PlaneInMemory(), Mirror(lambda text: text)
    mirror.load(SnapshotHead(cursor=0, at=NOW, rows={}), ())
    for entity in entities:
        mirror.apply(plane.put(entity))
    return mirror


def asked(**changes: Any) -> Approval:
    return approval(9, **{"kind": ApprovalKind.PUBLICATION, "ask": None, "requested_by": "maya"} | changes)


def revision(**changes: Any) -> Bundle:
    facts = {"id": an_id("pb", 2), "name": "estate", "digest": DIGEST, "revision": 2, "state": BundleState.PUBLISHED}
    return Bundle.model_validate(facts | {"author": "maya", "created_at": NOW - timedelta(days=1)} | changes)


MINE = Review(reviewer="maya", verdict="approve", at=NOW, revision=1, digest=DIGEST)


@pytest.mark.parametrize(
    ("act", "without", "having"),
    [
        ("approval.approve", [approval()], [approval(reviews=(MINE,))]),
        ("approval.reject", [approval(reviews=(MINE,))], [approval(reviews=(MINE.model_copy(update={"verdict": "reject"}),))]),
        ("grant.create", [grant(reason="window")], [grant(reason="window", requested_at=NOW)]),
        ("grant.revoke", [grant()], [grant(state="revoked")]),
        ("task.stop", [task()], [task(state="cancelled")]),
        ("agent.contain", [agent()], [agent(state="contained")]),
        ("agent.release", [agent(state="contained")], [agent()]),
        ("lease.revoke", [lease(1), lease(2, state="revoked")], [lease(1, revoke_requested_at=NOW), lease(2, state="revoked")]),
        ("lease.retry", [lease(1, state="irrevocable")], [lease(1, state="revoking")]),
        ("bundle.request", [asked(requested_by="petra")], [asked(requested_at=NOW)]),
        ("bundle.rollback", [revision()], [revision(published_at=NOW)]),
    ],
)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
async def test_what_is_unknown_is_settled_by_the_stream(act: str, without: list[Any], having: list[Any]) -> None:
    times = OwnTimes()
    one = await unknown(act, times)
    assert one.reconcile(believing(*without).tables, session()) == []
    assert [result.outcome for result in one.reconcile(believing(*having).tables, session())] == [Outcome.DONE]
    assert one.unknown == ()


async def test_without_a_sign_on_a_live_stream_it_did_not_happen_and_a_stale_one_says_nothing() -> None:
    times = OwnTimes()
    one = await unknown("agent.contain", times)
    tables = believing(agent()).tables
    stale = session(connection=replace(LIVE, state=Freshness.STALE))
    one.reconcile(tables, stale)
    times.seconds += 60
    assert one.reconcile(tables, stale) == []
    assert one.reconcile(tables, session()) == []
    times.seconds += 31
    assert [result.outcome for result in one.reconcile(tables, session())] == [Outcome.REFUSED]


def test_arming_ends_after_five_idle_minutes() -> None:
    armed = arm(Session("maya", ALL), 0.0)
    assert armed.mode(ARMED_FOR - 1) == "ARMED"
    assert armed.mode(ARMED_FOR) == "SAFE"
    assert touched(armed, 200.0).mode(ARMED_FOR + 100) == "ARMED"
    assert touched(armed, ARMED_FOR + 1).mode(ARMED_FOR + 2) == "SAFE"
    assert disarm(armed).mode(1.0) == "SAFE"
    assert arm(Session("maya", ALL, read_only=True), 0.0).mode(1.0) == "READ-ONLY"


@pytest.mark.parametrize(
    ("level", "kind", "typed"),
    [
        ("low", Confirm.YES, ""),
        ("medium", Confirm.YES, ""),
        ("high", Confirm.REASON, ""),
        ("critical", Confirm.REASON_TYPED, "deploy"),
        ("apocalyptic", Confirm.REASON_TYPED, "deploy"),
    ],
)
def test_an_approval_is_confirmed_by_risk(level: str, kind: Confirm, typed: str) -> None:
    confirmation = approval_confirmation(level, "cloud/roles/deploy")
    assert (confirmation.kind, confirmation.typed) == (kind, typed)
    assert confirmation.needs_reason == (kind is not Confirm.YES)


@pytest.mark.parametrize(
    ("confirm", "production", "kind", "typed"),
    [
        (Confirm.YES, False, Confirm.YES, ""),
        (Confirm.REASON, False, Confirm.REASON, ""),
        (Confirm.YES, True, Confirm.YES_TYPED, "estate"),
        (Confirm.REASON, True, Confirm.REASON_TYPED, "estate"),
        (Confirm.REASON_TYPED, False, Confirm.REASON_TYPED, "estate"),
        (Confirm.YES_TYPED, False, Confirm.YES_TYPED, "estate"),
    ],
)
def test_a_publication_is_typed_in_production(confirm: Confirm, production: bool, kind: Confirm, typed: str) -> None:
    confirmation = publication_confirmation(confirm, "estate", production=production)
    assert (confirmation.kind, confirmation.typed) == (kind, typed)


def test_a_publication_is_reviewed_by_policy_authors_and_all_else_by_approvers() -> None:
    assert reviewing_roles("publication") == {"policy-author"}
    assert reviewing_roles("action") == reviewing_roles("anything") == {"approver"}


def test_taking_much_is_typed() -> None:
    assert taking_confirmation(25, "ag_x7f2q").kind is Confirm.YES
    assert taking_confirmation(26, "ag_x7f2q").typed == "7f2q"
    assert taking_confirmation(0, "ag_x7f2q", critical=True).kind is Confirm.YES_TYPED
    assert release_confirmation("executor-2").typed == "executor-2"


async def test_a_row_of_a_framework_is_named_by_both_its_ids_and_bound_to_its_standing() -> None:
    plane = SendingPlane()
    one = dispatcher(plane)
    await one.send(INTENTS["framework.review"], session())
    assert plane.sent == [("review_framework", "csa", "L1/x:y", DIGEST, "looked")]
    assert one.log.entries[-1].path == "/authorization/v1/frameworks/csa/reviews"


async def test_what_the_stream_does_not_tell_of_is_not_waited_for_there() -> None:
    one = dispatcher(SendingPlane(TimeoutError()))
    result = await one.send(INTENTS["framework.review"], session())
    assert result.outcome is Outcome.UNKNOWN
    assert "Read it again" in result.next_step
    assert one.unknown == ()
