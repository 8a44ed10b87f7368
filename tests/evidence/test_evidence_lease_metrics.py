"""Exact values of the metrics of leases."""

import pytest

from console.evidence.metrics import leases
from tests.evidence.evidence_log import AGENT, LEASE, OTHER_AGENT, Log, at, ident


@pytest.mark.parametrize("metric", sorted(leases.METRICS))
def test_an_empty_log_is_no_data(metric):
    found = Log().measure(metric)
    assert (found.value, found.n) == (None, 0)
    assert found.reason


def test_the_lifetime_is_as_first_issued_whatever_renewal_makes_of_it():
    log = Log().lease(ttl=120).lease(100, "lease.renewed", ttl=300, renewals=1)
    assert log.measure("lease_ttl_p95").value == 120
    assert log.measure("lease_renewals_max").value == 1


def test_percentiles_are_by_nearest_rank():
    log = Log()
    for number in range(1, 21):
        log.lease(id=ident("ls", number), ttl=number * 100)
    found = log.measure("lease_ttl_p95", now=1)
    assert (found.value, found.n) == (1900, 20)
    assert found.counter_examples[0] == ident("ls", 20)


@pytest.mark.parametrize(("now", "n"), [(3600, 1), (3600.000001, 0)])
def test_the_window_includes_its_first_instant_and_nothing_before(now, n):
    assert Log().lease().measure("lease_ttl_p95", now=now).n == n


def test_a_pending_lease_was_never_issued_but_one_taken_back_while_pending_may_have_been():
    log = Log().lease(kind="lease.pending", active_at=None)
    assert log.measure("lease_ttl_p95").n == 0
    log.lease(3, "lease.revoking", active_at=None, revoke_requested_at=at(3))
    assert log.measure("lease_ttl_p95").n == 1


@pytest.mark.parametrize(("ttl", "over"), [(900, 0), (900.000001, 1)])
def test_a_lifetime_of_exactly_the_ceiling_is_within_it(ttl, over):
    assert Log().lease(ttl=ttl).measure("leases_over_policy_ttl").value == over


@pytest.mark.parametrize(("revoked", "late"), [(15, 0), (15.000001, 1)])
def test_a_lease_outlives_its_task_after_five_seconds_of_grace(revoked, late):
    log = Log().task().lease().ended_task(10).lease(revoked, "lease.revoking", revoke_requested_at=at(revoked))
    found = log.measure("leases_outliving_task")
    assert (found.value, found.n) == (late, 1)
    assert found.counter_examples == ((LEASE,) if late else ())
    assert log.measure("revocation_lag_p95").value == pytest.approx(revoked - 10)


def test_a_lease_that_nobody_revokes_outlives_its_task_until_its_expiry():
    assert Log().task().lease(ttl=600).ended_task(10).measure("leases_outliving_task", now=20).value == 1


def test_open_tasks_are_overdue_after_four_hours():
    log = Log().task()
    assert log.measure("tasks_open_overdue", now=14_400).value == 0
    assert log.measure("tasks_open_overdue", now=14_401).value == 1
    assert log.ended_task(20).measure("tasks_open_overdue", now=14_401).n == 0


def test_short_leases_in_a_row_add_up():
    log = Log().lease().lease(110, id=ident("ls", 2), issued=110, ttl=120)
    assert log.measure("task_access_span_p95").value == 230
    assert log.measure("lease_effective_life_p95").value == 120


def test_a_revocation_is_unconfirmed_until_it_is_revoked_or_expired():
    log = Log().lease(ttl=900).lease(10, "lease.revoking", ttl=900, revoke_requested_at=at(10))
    assert log.measure("revocations_unconfirmed", now=20).value == 1
    assert log.measure("revocations_unconfirmed", now=900).value == 0
    log.lease(21, "lease.revoked", ttl=900, revoke_requested_at=at(10), ended_at=at(21))
    found = log.measure("revocations_unconfirmed", now=30)
    assert (found.value, found.n) == (0, 1)


def test_offline_leases_are_the_irrevocable_ones():
    log = Log().lease().lease(id=ident("ls", 2), check="offline")
    found = log.measure("leases_irrevocable_share")
    assert (found.value, found.numerator, found.n, found.counter_examples) == (0.5, 1, 2, (ident("ls", 2),))


@pytest.mark.parametrize(
    ("log", "loose"),
    [
        (Log().decision().lease(1, issued=1), 0),
        (Log().lease(1, issued=1), 1),
        (Log().decision(outcome="deny").lease(1, issued=1), 1),
        (Log().decision(outcome="escalate").lease(1, issued=1), 1),
        (Log().decision(at=at(2)).lease(2, issued=1), 1),
        (Log().decision(agent_id=OTHER_AGENT).lease(1, issued=1), 1),
    ],
)
def test_a_lease_is_traced_to_an_earlier_allow_of_its_agent(log, loose):
    assert log.measure("lease_without_permit").value == loose


def test_unused_leases_are_counted_only_where_use_is_seen():
    log = Log().lease().lease(120, "lease.expired", ended_at=at(120))
    log.lease(id=ident("ls", 2)).lease(120, "lease.expired", id=ident("ls", 2), uses=3)
    log.lease(id=ident("ls", 3), check="offline").lease(120, "lease.expired", id=ident("ls", 3), check="offline")
    found = log.measure("leases_never_used_share")
    assert (found.value, found.n, found.counter_examples) == (0.5, 2, (LEASE,))


def test_a_report_that_names_a_lease_is_a_use_of_it():
    log = Log().decision().lease().call(5).lease(120, "lease.expired", ended_at=at(120))
    assert log.measure("leases_never_used_share").value == 0


def test_an_agent_with_a_live_lease_and_no_open_task_is_idle():
    log = Log().agent().task().lease()
    assert log.measure("idle_agents_with_live_lease", now=60).value == 0
    log.ended_task(10)
    found = log.measure("idle_agents_with_live_lease", now=60)
    assert (found.value, found.n, found.counter_examples) == (1, 1, (AGENT,))
    assert log.measure("idle_agents_with_live_lease", now=121).value == 0


def test_live_leases_are_counted_by_agent():
    log = Log().agent(third_party=True).decision().lease().lease(id=ident("ls", 2))
    log.lease(id=ident("ls", 3), agent_id=OTHER_AGENT)
    assert log.measure("concurrent_leases_max", now=1).value == 2
    assert log.measure("third_party_live_leases", now=1).value == 2


def test_a_lease_of_another_environment_crosses():
    log = Log().agent(environment="test").lease()
    assert log.measure("cross_env_leases").counter_examples == (LEASE,)
