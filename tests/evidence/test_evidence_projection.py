"""The projection: order, rebuilding, unreadable bodies, deletion, bounds and speed."""

import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.evidence.metrics import COMPUTED, measure_all
from console.evidence.projection import HORIZON_SECONDS, PRUNE_EVERY, Projection
from console.model.audit import AuditRecord
from console.model.frameworks import Verdict
from tests.evidence.evidence_log import DECISION, LEASE, Log, at, ident


def _day(rounds: int = 1) -> Log:
    log = Log().bundle(0).operator(0).agent()
    for number in range(rounds):
        start = number * 60.0
        task, lease, decision = ident("tk", number + 1), ident("ls", number + 1), ident("dc", number + 1)
        log.task(start, id=task)
        log.decision(start + 1, id=decision, task_id=task, fits=True, level="high" if number % 3 == 0 else "low")
        log.lease(start + 1, "lease.pending", id=lease, task_id=task, decision_id=decision, issued=start + 1, active_at=None)
        log.lease(start + 1, id=lease, task_id=task, decision_id=decision, issued=start + 1)
        log.call(start + 5, lease_id=lease, task_id=task)
        log.ended_task(start + 30, start, id=task)
        log.lease(start + 31, "lease.revoked", id=lease, task_id=task, issued=start + 1, revoke_requested_at=at(start + 30),
                  ended_at=at(start + 31))  # fmt: skip
    return log.approved(20).grant(20).lock(40).receipt(40, placed=40)


@given(st.integers(0, 40), st.integers(1, 8))
def test_rebuilding_from_the_log_gives_the_same_state(cut, rounds):
    records = _day(rounds).records
    live = Projection.of(records[:cut])
    for record in records[max(0, cut - 3) :]:
        live.apply(record)
    assert live.ledger == Projection.of(records).ledger


def test_a_record_that_was_folded_before_changes_nothing():
    projection = Projection.of(_day().records)
    assert not projection.apply(_day().records[4])
    assert projection.ledger == Projection.of(_day().records).ledger


@pytest.mark.parametrize("metric", sorted(set(COMPUTED) - {"audit_gaps", "audit_oldest_days"}))
def test_deleting_every_record_behind_a_figure_makes_it_no_data(metric):
    records = [record for record in _day(3).records if record.kind.startswith("operator.")]
    log = Log()
    log.records = records
    assert log.measure(metric).n == 0


@pytest.mark.parametrize(
    "body", [{}, {"entity": {}}, {"entity": {"id": 5}}, {"entity": None}, {"observation": {"counts": True}}]
)
@pytest.mark.parametrize(
    "kind", ["lease.active", "task.opened", "decision.made", "approval.approved", "grant.active", "lock.placed", "agent.seen"]
)
def test_a_body_that_cannot_be_read_is_counted_and_stops_nothing(kind, body):
    log = Log().agent().decision()
    log.write(kind, 5, None)
    log.records[-1] = log.records[-1].model_copy(update={"body": body})
    log.decision(6, id=ident("dc", 2))
    projection = log.projection()
    assert projection.ledger.unreadable == 1
    assert log.measure("decision_count").value == 2


def test_an_instant_without_a_zone_is_not_read():
    log = Log().lease()
    log.records[0].body["entity"]["expires_at"] = "2026-03-01T12:00:00"
    assert log.projection().ledger.unreadable == 1


def test_what_ended_long_ago_is_dropped_and_what_still_stands_is_kept():
    log = (
        Log()
        .task()
        .decision()
        .lease(ttl=60)
        .ended_task(30)
        .lease(31, "lease.revoked", revoke_requested_at=at(30), ended_at=at(31))
    )
    log.task(31, id=ident("tk", 2))
    log.decision(HORIZON_SECONDS + 100, id=ident("dc", 2))
    log.records[-1] = log.records[-1].model_copy(update={"seq": PRUNE_EVERY})
    ledger = log.projection().ledger
    assert LEASE not in ledger.leases
    assert DECISION not in ledger.permits
    assert list(ledger.tasks) == [ident("tk", 2)]
    assert ledger.complete_since is None


def test_want_of_room_is_bounded_and_told():
    projection = Projection(max_rows=10, max_track=10)
    for record in _day(PRUNE_EVERY // 7 + 1).records:
        projection.apply(record)
    ledger = projection.ledger
    assert len(ledger.leases) < 40
    assert projection.complete_since is not None
    found = measure_all(projection, at(9000), window=_week())
    assert found["lease_ttl_p95"].since == projection.complete_since


def _week():
    return timedelta(days=7)


@pytest.mark.parametrize("seconds", [0, -1, 7 * 86_400 + 1])
def test_a_window_out_of_bounds_is_refused(seconds):
    with pytest.raises(ValueError, match="window"):
        measure_all(Projection(), at(0), timedelta(seconds=seconds))


def test_metrics_that_are_not_measured_here_say_so():
    found = measure_all(Projection.of(_day().records), at(100), _week())
    for metric in set(found) - set(COMPUTED):
        assert found[metric].verdict is Verdict.NO_DATA
        assert found[metric].reason.startswith("not measured here yet")


def test_a_record_is_folded_in_well_under_a_tenth_of_a_millisecond():
    records: list[AuditRecord] = _day(400).records
    best = min(_seconds(records) for _ in range(3))
    assert best / len(records) < 100e-6


def _seconds(records: list[AuditRecord]) -> float:
    start = time.perf_counter()
    Projection.of(records)
    return time.perf_counter() - start
