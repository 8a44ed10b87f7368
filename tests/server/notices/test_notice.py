"""Which events are worth a notice, and what it carries."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from console.model.approvals import Approval, ApprovalState
from console.model.base import Entity
from console.model.leases import LeaseState
from console.model.notices import NoticeKind
from console.model.scales import RiskLevel
from console.server.notices.notice import MOST_WORD, Notice, near_deadline, of_event, retold, stuck_subject, wanted, word
from tests.server.world import START

from .receiver import a_lease, a_lock, an_approval, an_id

AP, LK = an_id("ap"), an_id("lk")
STUCK = stuck_subject(a_lease())
TOLD = {AP: ("approval.critical",), STUCK: ("lease.stuck",)}
ENDED = an_approval(state=ApprovalState.REJECTED)


def made(kind: str, entity: Entity, told: Mapping[str, tuple[str, ...]] | None = None, stuck: int = 0) -> Notice | None:
    return of_event(kind, entity, at=START, told=TOLD if told is None else told, stuck=lambda _lease: stuck)


@pytest.mark.parametrize(
    ("kind", "entity", "expected"),
    [
        ("approval.requested", an_approval(), NoticeKind.APPROVAL_CRITICAL),
        ("approval.revised", an_approval(revision=2), NoticeKind.APPROVAL_CRITICAL),
        ("approval.requested", an_approval(level=RiskLevel.HIGH), None),
        ("approval.reviewed", an_approval(), None),
        ("approval.approved", an_approval(state=ApprovalState.APPROVED), NoticeKind.APPROVAL_ENDED),
        ("approval.rejected", ENDED, NoticeKind.APPROVAL_ENDED),
        ("approval.expired", an_approval(state=ApprovalState.EXPIRED), NoticeKind.APPROVAL_ENDED),
        ("lock.placed", a_lock(), NoticeKind.AGENT_CONTAINED),
        ("lock.placed", a_lock(target="task", target_id=an_id("tk")), None),
        ("lock.released", a_lock(active=False, released_by="maya"), NoticeKind.AGENT_RELEASED),
        ("lease.revoked", a_lease(state=LeaseState.REVOKED), NoticeKind.LEASE_SETTLED),
        ("lease.expired", a_lease(state=LeaseState.EXPIRED), NoticeKind.LEASE_SETTLED),
        ("lease.irrevocable", a_lease(), None),
    ],
)
def test_what_is_told(kind: str, entity: Entity, expected: NoticeKind | None) -> None:
    notice = made(kind, entity)
    assert (notice.kind if notice else None) == expected


def test_an_end_is_told_only_of_what_was_told() -> None:
    assert made("approval.rejected", ENDED, told={}) is None
    assert made("lease.revoked", a_lease(state=LeaseState.REVOKED), told={}) is None


def test_what_is_stuck_of_one_agent_at_one_issuer_is_one_matter() -> None:
    first = made("lease.irrevocable", a_lease(), told={}, stuck=37)
    assert first is not None
    assert (first.kind, first.facts["stuck"], first.command) == (NoticeKind.LEASE_STUCK, "37", "leasehold leases list --stuck")
    assert made("lease.irrevocable", a_lease(2)) is None
    assert made("lease.revoked", a_lease(2, LeaseState.REVOKED), stuck=1) is None


def test_a_request_carries_its_facts_and_the_command_and_no_words_of_the_agent() -> None:
    notice = made("approval.requested", an_approval(end_reason="SAID BY AN AGENT"))
    assert notice is not None
    assert notice.facts == {
        "approval": AP,
        "kind": "action",
        "state": "pending",
        "revision": "1",
        "agent": "executor-2",
        "risk": "critical 85",
        "action": "customers.export",
        "class": "confidential",
        "environment": "production",
        "quorum": "security:1 data-owners:2",
        "deadline": "2026-11-23T04:00:00Z",
    }
    assert notice.command == f"leasehold approvals show {AP}"
    assert "SAID" not in repr(notice)
    assert "too much" not in repr(made("lock.placed", a_lock()))


def test_the_same_event_gives_the_same_id_and_another_gives_another() -> None:
    first, again = made("lock.placed", a_lock(version=1)), made("lock.placed", a_lock(version=1))
    other = made("lock.released", a_lock(version=2, active=False))
    assert first is not None
    assert other is not None
    assert first == again
    assert first.id != other.id
    assert first.subject == other.subject == LK
    assert "." not in first.id, "the id stands before a dot in what is signed"


@pytest.mark.parametrize(
    ("approval", "told", "is_told"),
    [
        (an_approval(seconds=120), {}, True),
        (an_approval(seconds=120), {AP: ("approval.critical",)}, True),
        (an_approval(seconds=120), {AP: ("approval.critical", "approval.deadline")}, False),
        (an_approval(seconds=3000), {}, False),
        (an_approval(seconds=0), {}, False),
        (an_approval(seconds=120, state=ApprovalState.APPROVED), {}, False),
        (an_approval(seconds=120, level=RiskLevel.LOW), {}, True),
    ],
)
def test_a_deadline_is_told_once_when_it_is_near(approval: Approval, told: dict[str, tuple[str, ...]], is_told: bool) -> None:
    notice = near_deadline(approval, START, 300, told)
    assert (notice is not None) == is_told
    if notice is not None:
        assert notice.id == (near_deadline(approval, START + timedelta(seconds=9), 300, told) or notice).id


def test_what_was_told_is_remembered_until_it_ends_and_within_a_bound() -> None:
    begun, ended = made("approval.requested", an_approval()), made("approval.rejected", ENDED)
    near = near_deadline(an_approval(seconds=120), START, 300, {})
    assert begun is not None
    assert ended is not None
    assert near is not None
    told = retold(retold({}, begun, 10), near, 10)
    assert told == {AP: ("approval.critical", "approval.deadline")}
    assert retold(told, ended, 10) == {}
    many = {f"s{n}": ("lease.stuck",) for n in range(10)}
    assert list(retold(many, begun, 10)) == [*(f"s{n}" for n in range(1, 10)), AP]


def test_an_end_goes_with_its_beginning_where_the_receiver_keeps_incidents() -> None:
    contained = frozenset({NoticeKind.AGENT_CONTAINED})
    assert not wanted(NoticeKind.AGENT_RELEASED, contained, always_ends=False)
    assert wanted(NoticeKind.AGENT_RELEASED, contained, always_ends=True)
    assert not wanted(NoticeKind.LEASE_SETTLED, contained, always_ends=True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("executor-2", "executor-2"),
        ("<!channel>", "??channel?"),
        ("a\nb\x1b[31m", "a?b??31m"),
        ("\u202eevil", "?evil"),
        ("x" * 200, "x" * (MOST_WORD - 3) + "..."),
    ],
)
def test_a_name_is_made_of_a_narrow_alphabet(text: str, shown: str) -> None:
    assert word(text) == shown
