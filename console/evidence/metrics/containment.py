"""Metrics of containment: how soon a stop is felt everywhere, and whether anything slipped under a lock.

A containment is effective when every lock of it is committed and every lease that was unsettled under them is revoked or
expired. An offline credential is dead only when it can no longer work, and so keeps its containment waiting until then.
"""

from console.evidence.ledger import Ledger
from console.evidence.measure import Measure, Span, count, newest, percentile
from console.evidence.metrics.types import Compute
from console.evidence.rows import SECOND, ContainmentRow

MINUTE = 60 * SECOND


def _placed(ledger: Ledger, span: Span) -> list[ContainmentRow]:
    return [row for row in ledger.containments.values() if span.holds(row.placed_at)]


def _standing(ledger: Ledger, span: Span) -> list[ContainmentRow]:
    """Those placed in the window, and older ones that are not effective or not released."""
    return [
        row
        for row in ledger.containments.values()
        if span.holds(row.placed_at) or (row.placed_at < span.since and (row.effective_at is None or row.released_at is None))
    ]


def _fresh(rows: list[ContainmentRow]) -> int | None:
    return newest(row.changed_at for row in rows)


def kill_latency_p95(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in _placed(ledger, span) if row.effective_at is not None]
    values = [((row.effective_at - row.placed_at) / SECOND, row.id) for row in rows if row.effective_at is not None]
    query = (
        "Containments placed in the window and effective: the last of their locks' commits and of their leases' ends "
        "(revoked or expired), minus the placing of the agent's lock, 95th percentile."
    )
    return percentile(values, 95, query, newest_at=_fresh(rows), target=target)


def kill_incomplete(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _standing(ledger, span)
    late = [row.id for row in rows if row.effective_at is None and row.placed_at < span.until - MINUTE]
    query = "Containments placed more than 60 s ago with a lease under them that is neither revoked nor expired."
    return count(len(late), len(rows), query, newest_at=_fresh(rows), counter_examples=late)


def post_kill_activity(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _standing(ledger, span)
    found = ledger.under_lock.between(span.since, span.until)
    query = (
        "Allows and lease issues recorded in the window while a lock stood on their agent or on a task of their path, "
        "by the order of the audit record; n is containments."
    )
    return count(len(found), len(rows), query, newest_at=_fresh(rows), counter_examples=found)


def breaker_trips(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _placed(ledger, span)
    automatic = [row.id for row in rows if row.automatic]
    query = "Containments in the window that the plane placed by itself."
    return count(len(automatic), len(rows), query, newest_at=_fresh(rows), counter_examples=automatic)


def containment_recovery_p50(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in _placed(ledger, span) if row.released_at is not None and row.released_at <= span.until]
    values = [((row.released_at - row.placed_at) / SECOND, row.id) for row in rows if row.released_at is not None]
    query = "Containments placed in the window and released: release minus placing, median by nearest rank."
    return percentile(values, 50, query, newest_at=_fresh(rows))


METRICS: dict[str, Compute] = {
    compute.__name__: compute
    for compute in (kill_latency_p95, kill_incomplete, post_kill_activity, breaker_trips, containment_recovery_p50)
}
