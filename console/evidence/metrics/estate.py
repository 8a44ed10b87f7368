"""Metrics of the register of agents and of the audit record itself."""

from console.evidence.ledger import Ledger
from console.evidence.measure import Measure, Span, count, newest, nothing
from console.evidence.metrics.types import Compute
from console.evidence.rows import SECOND, AgentRow

DAY = 86_400 * SECOND
DORMANT = 30 * DAY
RETAINED_DAYS = 183


def _active(ledger: Ledger) -> list[AgentRow]:
    return [row for row in ledger.agents.values() if row.state == "active"]


def _fresh(rows: list[AgentRow]) -> int | None:
    return newest(row.changed_at for row in rows)


def _failing(rows: list[AgentRow], failing: list[str], query: str) -> Measure:
    return count(len(failing), len(rows), query, newest_at=_fresh(rows), counter_examples=failing)


def agents_without_owner(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _active(ledger)
    return _failing(rows, [row.id for row in rows if not row.owner.strip()], "Active agents now whose owner is blank.")


def agents_owner_departed(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in _active(ledger) if row.owner.strip()]
    gone = [row.id for row in rows if not ledger.operators.get(row.owner, False)]
    return _failing(rows, gone, "Active agents now whose owner is not an operator who is enrolled.")


def agents_without_purpose(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _active(ledger)
    return _failing(rows, [row.id for row in rows if not row.purpose.strip()], "Active agents now whose purpose is blank.")


def agents_registered(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = list(ledger.agents.values())
    return count(len(_active(ledger)), len(rows), "Agents active now; n is all in the register.", newest_at=_fresh(rows))


def dormant_agents(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _active(ledger)
    silent = [row.id for row in rows if (row.seen_at or row.registered_at) < span.until - DORMANT]
    return _failing(rows, silent, "Active agents with no act in the audit record, and not seen, for 30 days.")


def retired_agent_activity(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in ledger.agents.values() if row.retired_at is not None]
    found = ledger.after_retirement.between(span.since, span.until)
    query = "Allows and lease issues recorded in the window after the agent's retirement; n is retired agents."
    return _failing(rows, found, query)


def audit_gaps(ledger: Ledger, span: Span, target: float | None) -> Measure:
    query = "Numbers absent between the lowest and the highest seq of the audit records that were read."
    if ledger.first_seq is None:
        return nothing(query, "no audit record was read")
    return count(ledger.last_seq - ledger.first_seq + 1 - ledger.records, ledger.records, query, newest_at=ledger.last_at)


def audit_oldest_days(ledger: Ledger, span: Span, target: float | None) -> Measure:
    query = "Days since the oldest audit record that was read."
    if ledger.first_at is None:
        return nothing(query, "no audit record was read")
    days = (span.until - ledger.first_at) / DAY
    if ledger.first_seq == 0 and days < RETAINED_DAYS:
        return nothing(query, "the log is whole from its first record, and younger than the time that records must be kept")
    return count(days, ledger.records, query, newest_at=ledger.last_at)


def audit_chain_ok(ledger: Ledger, span: Span, target: float | None) -> Measure:
    checks = ledger.checks.timed(span.since, span.until)
    query = "The result of the newest full verification of the audit record in the window: 1 good, 0 bad."
    if not checks:
        return nothing(query, "no full verification was recorded in the window")
    return count(float(checks[-1][1]), len(checks), query, newest_at=checks[-1][0])


def audit_check_age(ledger: Ledger, span: Span, target: float | None) -> Measure:
    checks = ledger.checks.timed(span.since, span.until)
    query = "Seconds since the newest full verification of the audit record in the window."
    if not checks:
        return nothing(query, "no full verification was recorded in the window")
    return count((span.until - checks[-1][0]) / SECOND, len(checks), query, newest_at=checks[-1][0])


METRICS: dict[str, Compute] = {
    compute.__name__: compute
    for compute in (
        agents_without_owner,
        agents_owner_departed,
        agents_without_purpose,
        agents_registered,
        dormant_agents,
        retired_agent_activity,
        audit_gaps,
        audit_oldest_days,
        audit_chain_ok,
        audit_check_age,
    )
}
