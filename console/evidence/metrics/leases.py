"""Metrics of leases: how long access lives, whether it ends with its task, and whether an allow stands behind it."""

from collections import defaultdict

from console.evidence.ledger import Ledger
from console.evidence.measure import Measure, Span, count, largest, newest, percentile, share
from console.evidence.metrics.types import Compute
from console.evidence.rows import SECOND, LeaseRow, TaskRow

GRACE = 5 * SECOND
TASK_MAX = 14_400 * SECOND


def _issued(ledger: Ledger, span: Span) -> list[LeaseRow]:
    return [row for row in ledger.leases.values() if span.holds(row.issued_at)]


def _ended(ledger: Ledger, span: Span) -> list[LeaseRow]:
    return [row for row in _issued(ledger, span) if row.end_at <= span.until]


def _live(ledger: Ledger, span: Span) -> list[LeaseRow]:
    return [row for row in ledger.unsettled.values() if row.state == "active" and row.expires_at > span.until]


def _of_ended_tasks(ledger: Ledger, span: Span) -> list[tuple[LeaseRow, TaskRow, int]]:
    found = []
    for row in ledger.leases.values():
        task = ledger.tasks.get(row.task_id)
        if row.issued_at is not None and task is not None and task.ended_at is not None and span.holds(task.ended_at):
            found.append((row, task, task.ended_at))
    return found


def _fresh(rows: list[LeaseRow]) -> int | None:
    return newest(row.changed_at for row in rows)


def _life(row: LeaseRow, end: int) -> float:
    return (end - (row.issued_at or 0)) / SECOND


def lease_ttl_p95(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _issued(ledger, span)
    values = [(_life(row, row.first_expires_at), row.id) for row in rows]
    query = "Leases issued in the window: expiry as first issued minus issue, nearest-rank 95th percentile."
    return percentile(values, 95, query, newest_at=_fresh(rows), target=target)


def lease_effective_life_p95(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _ended(ledger, span)
    values = [(_life(row, row.end_at), row.id) for row in rows]
    query = "Leases issued in the window and ended: the earlier of revoking and expiry, minus issue, 95th percentile."
    return percentile(values, 95, query, newest_at=_fresh(rows), target=target)


def leases_over_policy_ttl(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _issued(ledger, span)
    over = [row.id for row in rows if row.expires_at - (row.issued_at or 0) > row.ceiling]
    query = "Leases issued in the window whose latest expiry, renewals included, lies beyond issue plus the lease's ceiling."
    return count(len(over), len(rows), query, newest_at=_fresh(rows), counter_examples=over)


def leases_outliving_task(ledger: Ledger, span: Span, target: float | None) -> Measure:
    pairs = _of_ended_tasks(ledger, span)
    late = [row.id for row, _, ended_at in pairs if row.end_at > ended_at + GRACE]
    query = "Leases of tasks that ended in the window, that entered revoking or expired more than 5 s after the task's end."
    fresh = newest(max(row.changed_at, task.changed_at) for row, task, _ in pairs)
    return count(len(late), len(pairs), query, newest_at=fresh, counter_examples=late)


def tasks_open_overdue(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in ledger.tasks.values() if row.ended_at is None and row.opened_at <= span.until]
    late = [row.id for row in rows if span.until - row.opened_at > TASK_MAX]
    query = "Tasks open now that were opened more than 14,400 s ago."
    return count(len(late), len(rows), query, newest_at=newest(row.changed_at for row in rows), counter_examples=late)


def task_access_span_p95(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _issued(ledger, span)
    spans: dict[str, tuple[int, int]] = {}
    for row in rows:
        first, last = spans.get(row.task_id, (row.issued_at or 0, row.end_at))
        spans[row.task_id] = (min(first, row.issued_at or 0), max(last, row.end_at))
    values = [((last - first) / SECOND, task_id) for task_id, (first, last) in spans.items()]
    query = "Tasks with leases issued in the window: last lease end minus first lease issue, 95th percentile."
    return percentile(values, 95, query, newest_at=_fresh(rows), target=target)


def lease_renewals_max(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _issued(ledger, span)
    query = "The largest number of renewals among leases issued in the window."
    return largest([(row.renewals, row.id) for row in rows], query, newest_at=_fresh(rows), target=target)


def revocation_lag_p95(ledger: Ledger, span: Span, target: float | None) -> Measure:
    values, fresh = [], []
    for row, task, ended_at in _of_ended_tasks(ledger, span):
        if row.revoke_at is not None and row.expires_at > ended_at and row.revoke_at >= ended_at:
            values.append(((row.revoke_at - ended_at) / SECOND, row.id))
            fresh.append(max(row.changed_at, task.changed_at))
    query = "Leases unexpired when their task ended in the window and then revoked: revoking minus task end, 95th percentile."
    return percentile(values, 95, query, newest_at=newest(fresh), target=target)


def revocations_unconfirmed(ledger: Ledger, span: Span, target: float | None) -> Measure:
    open_states = ("revoking", "irrevocable", "abandoned")
    rows = [
        row
        for row in ledger.leases.values()
        if row.revoke_at is not None
        and row.revoke_at <= span.until
        and (row.revoke_at >= span.since or row.state in open_states)
    ]
    waiting = [row.id for row in rows if row.state in open_states and row.expires_at > span.until]
    query = "Leases whose revocation was asked for in the window or is still open; counted: not confirmed and not yet expired."
    return count(len(waiting), len(rows), query, newest_at=_fresh(rows), counter_examples=waiting)


def leases_irrevocable_share(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _issued(ledger, span)
    stuck = [row.id for row in rows if row.only_expiry]
    query = "Leases issued in the window whose revocability is at-expiry-only or unknown, over all issued in it."
    return share(len(stuck), len(rows), query, newest_at=_fresh(rows), counter_examples=stuck)


def lease_without_permit(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _issued(ledger, span)
    loose = [row.id for row in rows if not row.permitted]
    query = "Leases issued in the window for which no allow of the same agent had been recorded at or before the issue."
    return count(len(loose), len(rows), query, newest_at=_fresh(rows), counter_examples=loose)


def leases_never_used_share(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in _ended(ledger, span) if not row.offline and row.state in ("revoked", "expired")]
    unused = [row.id for row in rows if row.uses == 0]
    query = (
        "Leases issued in the window and ended, with no use at introspection and no report that names them; "
        "leases that are verified offline are left out, because their use is not seen."
    )
    return share(len(unused), len(rows), query, newest_at=_fresh(rows), counter_examples=unused)


def idle_agents_with_live_lease(ledger: Ledger, span: Span, target: float | None) -> Measure:
    active = [row for row in ledger.agents.values() if row.state == "active"]
    busy = {row.agent_id for row in ledger.tasks.values() if row.ended_at is None}
    idle = sorted({row.agent_id for row in _live(ledger, span)} - busy)
    query = "Agents with a lease that is active and unexpired now and with no open task; n is the active agents."
    return count(len(idle), len(active), query, newest_at=newest(row.changed_at for row in active), counter_examples=idle)


def concurrent_leases_max(ledger: Ledger, span: Span, target: float | None) -> Measure:
    held: dict[str, int] = defaultdict(int)
    rows = _live(ledger, span)
    for row in rows:
        held[row.agent_id] += 1
    query = "Leases active and unexpired now, counted by agent: the largest count."
    return largest([(number, agent) for agent, number in held.items()], query, newest_at=_fresh(rows), target=target)


def cross_env_leases(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in _issued(ledger, span) if row.crosses is not None]
    crossing = [row.id for row in rows if row.crosses]
    query = "Leases issued in the window to known agents, whose environment was not the agent's when they were issued."
    return count(len(crossing), len(rows), query, newest_at=_fresh(rows), counter_examples=crossing)


def third_party_live_leases(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _live(ledger, span)
    theirs = [row.id for row in rows if row.third_party]
    query = "Leases active and unexpired now, held by agents registered as a third party's."
    return count(len(theirs), len(rows), query, newest_at=_fresh(rows), counter_examples=theirs)


METRICS: dict[str, Compute] = {
    compute.__name__: compute
    for compute in (
        lease_ttl_p95,
        lease_effective_life_p95,
        leases_over_policy_ttl,
        leases_outliving_task,
        tasks_open_overdue,
        task_access_span_p95,
        lease_renewals_max,
        revocation_lag_p95,
        revocations_unconfirmed,
        leases_irrevocable_share,
        lease_without_permit,
        leases_never_used_share,
        idle_agents_with_live_lease,
        concurrent_leases_max,
        cross_env_leases,
        third_party_live_leases,
    )
}
