"""Exact values of the metrics of approval requests, grants and containment."""

import pytest

from console.evidence.metrics import approvals, containment
from console.model.approvals import Review
from tests.evidence.evidence_log import DECISION, LEASE, OTHER, OTHER_AGENT, TASK, Log, at, ident


@pytest.mark.parametrize("metric", sorted(approvals.METRICS | containment.METRICS))
def test_an_empty_log_is_no_data(metric):
    found = Log().measure(metric)
    assert (found.value, found.n) == (None, 0)


@pytest.mark.parametrize(("level", "n"), [("low", 0), ("medium", 0), ("high", 1), ("critical", 1)])
def test_critical_risk_counts_with_high(level, n):
    log = Log().decision(10, level=level)
    assert log.measure("high_risk_approval_share").n == n
    assert log.measure("high_risk_approval_share").counter_examples == ((DECISION,) if n else ())


@pytest.mark.parametrize(
    ("approved", "decided", "value"),
    [(5, 10, 1), (5, 5, 1), (5, 305, 1), (5, 305.000001, 0), (11, 10, 0)],
)
def test_an_approval_counts_when_met_before_the_allow_and_in_date(approved, decided, value):
    log = Log().approved(approved).decision(max(decided, approved), at=at(decided), level="high", approval_id=ident("ap", 1))
    assert log.measure("high_risk_approval_share").value == value


def test_an_approval_that_was_only_asked_for_does_not_count():
    log = Log().approval(0, "approval.requested").decision(10, level="high", approval_id=ident("ap", 1))
    assert log.measure("high_risk_approval_share").value == 0


def test_a_grant_counts_through_its_own_approval():
    grant = ident("gr", 1)
    log = Log().approved(1, kind="grant").grant(2, approval_id=ident("ap", 1)).decision(10, level="high", grant_ids=(grant,))
    assert log.measure("high_risk_approval_share").value == 1
    assert Log().grant(2).decision(10, level="high", grant_ids=(grant,)).measure("high_risk_approval_share").value == 0


def test_what_ran_is_compared_with_what_was_shown():
    log = Log().approved(1).decision(2, level="high", approval_id=ident("ap", 1))
    log.decision(3, id=ident("dc", 2), level="critical", approval_id=ident("ap", 1), digest=OTHER)
    found = log.measure("approval_payload_match_share")
    assert (found.value, found.n, found.counter_examples) == (0.5, 2, (ident("dc", 2),))


def test_rejections_count_in_the_time_to_an_answer():
    log = Log().approved(10).rejected(30, id=ident("ap", 2)).approval(40, "approval.expired", id=ident("ap", 3))
    assert log.measure("approval_time_p50").value == 10
    found = log.measure("approval_time_p95")
    assert (found.value, found.n) == (30, 2)
    refusals = log.measure("approval_refusal_share")
    assert (refusals.value, refusals.n) == (0.5, 2)
    silence = log.measure("approval_timeouts")
    assert (silence.value, silence.n, silence.counter_examples) == (1, 3, (ident("ap", 3),))


def test_an_approval_that_ran_out_unused_was_still_answered():
    log = Log().approved(10).approval(400, "approval.expired", approved_at=at(10))
    assert log.measure("approval_time_p50").value == 10
    assert log.measure("approval_timeouts").value == 0


@pytest.mark.parametrize(
    ("after", "reading", "share"),
    [(4.999999, None, 1), (5, None, 0), (60, 4.9, 1), (60, 5, 0), (2, 3600, 1)],
)
def test_a_hasty_approval_is_measured_from_display_and_never_beyond_the_request(after, reading, share):
    found = Log().approved(after, reading=reading).measure("rubber_stamp_share")
    assert (found.value, found.n) == (share, 1)


def test_a_granters_own_first_review_is_no_hasty_answer():
    log = Log().approved(0, kind="grant", requested_by="olga")
    assert log.measure("rubber_stamp_share").n == 0
    assert log.measure("approval_time_p50").n == 0
    assert log.measure("self_approvals").n == 0


@pytest.mark.parametrize(("who", "own"), [("olga", 0), ("carol", 1)])
def test_approving_what_is_asked_on_ones_own_behalf_is_counted(who, own):
    assert Log().approved(20, who=who).measure("self_approvals").value == own


def test_load_counts_each_review_once_by_clock_hour():
    first = Review(reviewer="olga", verdict="approve", at=at(1), revision=1, digest="sha256:" + "a" * 64)
    log = Log().approval(1, "approval.reviewed", reviews=(first,))
    second = first.model_copy(update={"reviewer": "rob", "at": at(2)})
    log.approval(2, "approval.approved", reviews=(first, second), approved_at=at(2))
    log.approved(3, id=ident("ap", 2))
    found = log.measure("approver_load_max")
    assert (found.value, found.n) == (2, 2)


@pytest.mark.parametrize(("lasts", "standing"), [(3610, 0), (3610.000001, 1)])
def test_a_grant_stands_when_it_lasts_beyond_an_hour_from_now(lasts, standing):
    log = Log().grant(0, ends_at=at(lasts))
    assert log.measure("standing_grants_active", now=10).value == standing


def test_an_ended_or_unapproved_grant_does_not_stand():
    log = Log().grant(0, "grant.revoked", ends_at=at(80_000), ended_at=at(5))
    log.grant(0, "grant.requested", id=ident("gr", 2), ends_at=at(80_000))
    found = log.measure("standing_grants_active", now=10)
    assert (found.value, found.n) == (0, 2)


def test_break_glass_must_be_reviewed_within_a_day():
    assert Log().grant(0).measure("break_glass_unreviewed", now=86_401).n == 0
    log = Log().grant(0, kind="break-glass")
    assert log.measure("break_glass_unreviewed", now=86_400).value == 0
    assert log.measure("break_glass_unreviewed", now=86_401).value == 1
    log.grant(90_000, "grant.expired", kind="break-glass", requested_at=at(0), reviewed_by="rob")
    assert log.measure("break_glass_unreviewed", now=90_001).value == 0


def _contained() -> Log:
    return Log().agent().task().lease(ttl=900).lock(10).receipt(10.25, placed=10)


def test_a_containment_without_leases_is_effective_when_its_locks_are():
    found = Log().agent().lock(10).receipt(10.25, placed=10).measure("kill_latency_p95")
    assert (found.value, found.n) == (0.25, 1)


def test_a_containment_is_effective_when_its_last_lease_is_dead():
    log = _contained().lease(11, "lease.revoking", ttl=900, revoke_requested_at=at(11))
    assert log.measure("kill_latency_p95").n == 0
    assert log.measure("kill_incomplete", now=70).value == 0
    assert log.measure("kill_incomplete", now=71).value == 1
    log.lease(12.5, "lease.revoked", ttl=900, revoke_requested_at=at(11), ended_at=at(12.5))
    found = log.measure("kill_latency_p95")
    assert (found.value, found.n, found.counter_examples) == (2.5, 1, (ident("lk", 1),))
    assert log.measure("kill_incomplete").value == 0


@pytest.mark.parametrize("state", ["irrevocable", "abandoned"])
def test_a_stuck_lease_never_makes_a_containment_effective(state):
    log = _contained().lease(11, f"lease.{state}", ttl=900, revoke_requested_at=at(11))
    assert log.measure("kill_latency_p95").n == 0
    assert log.measure("kill_incomplete").value == 1


def test_the_leases_of_delegated_tasks_count_through_the_locks_on_them():
    child = ident("tk", 2)
    log = Log().agent().task().task(1, id=child, agent_id=OTHER_AGENT, path=(TASK, child), parent_id=TASK)
    log.lease(2, id=ident("ls", 2), agent_id=OTHER_AGENT, task_id=child, task_path=(TASK, child), ttl=500)
    log.lock(10).lock(10, id=ident("lk", 2), target="task", target_id=child)
    assert log.measure("kill_latency_p95").n == 0
    log.lease(14, "lease.revoked", id=ident("ls", 2), agent_id=OTHER_AGENT, task_id=child, ended_at=at(14), ttl=500)
    assert log.measure("kill_latency_p95").value == 4


def test_an_allow_and_a_lease_under_a_lock_are_found_by_order_not_by_time():
    log = Log().agent().task().decision(1).lock(10).decision(10, id=ident("dc", 2)).lease(10, issued=10)
    found = log.measure("post_kill_activity")
    assert (found.value, found.counter_examples) == (2, (ident("dc", 2), LEASE))
    log = (
        Log()
        .agent()
        .task()
        .lock(10)
        .decision(11, outcome="deny")
        .lock(20, "lock.released", placed=10, active=False, released_at=at(20))
    )
    assert log.decision(21).measure("post_kill_activity").value == 0
    assert log.measure("containment_recovery_p50").value == 10
    assert log.measure("breaker_trips").value == 0
