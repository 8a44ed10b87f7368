"""Metrics of decisions, tool calls, delegations and identity documents. An escalation is not a denial in any share."""

from collections import Counter
from collections.abc import Iterable

from console.evidence.ledger import Ledger
from console.evidence.measure import Measure, Span, count, largest, nothing, percentile, share
from console.evidence.metrics.types import Compute
from console.evidence.rows import SECOND, DelegationRow, Track

BURST = 5
FIVE_MINUTES = 300 * SECOND


def _share_without(population: Track[None], failing: Track[str], span: Span, query: str) -> Measure:
    n = population.count(span.since, span.until)
    failed = failing.between(span.since, span.until)
    return share(n - len(failed), n, query, newest_at=population.newest(span.since, span.until), counter_examples=failed)


def _count_of(population: Track[None], found: Iterable[str], span: Span, query: str) -> Measure:
    names = tuple(found)
    n = population.count(span.since, span.until)
    return count(len(names), n, query, newest_at=population.newest(span.since, span.until), counter_examples=names)


def decision_count(ledger: Ledger, span: Span, target: float | None) -> Measure:
    n = ledger.decisions.count(span.since, span.until)
    fresh = ledger.decisions.newest(span.since, span.until)
    return count(n, n, "Decisions recorded in the window.", newest_at=fresh)


def denial_share(ledger: Ledger, span: Span, target: float | None) -> Measure:
    denied = ledger.denials.count(span.since, span.until)
    n = ledger.decisions.count(span.since, span.until)
    query = "Decisions recorded in the window with the outcome deny, over all of them; escalations are not denials."
    return share(denied, n, query, newest_at=ledger.decisions.newest(span.since, span.until))


def denial_bursts(ledger: Ledger, span: Span, target: float | None) -> Measure:
    tally = Counter((agent, at // FIVE_MINUTES) for at, (_, agent) in ledger.denials.timed(span.since, span.until))
    bursts = [agent for (agent, _), number in tally.items() if number >= BURST]
    n = ledger.decisions.count(span.since, span.until)
    query = "Pairs of agent and five-minute span with at least 5 denials in the window; n is decisions."
    fresh = ledger.decisions.newest(span.since, span.until)
    return count(len(bursts), n, query, newest_at=fresh, counter_examples=bursts)


def intent_declared_share(ledger: Ledger, span: Span, target: float | None) -> Measure:
    query = "Decisions recorded in the window whose task had declared an intent, over all decisions."
    return _share_without(ledger.decisions, ledger.without_intent, span, query)


def intent_mismatch_denials(ledger: Ledger, span: Span, target: float | None) -> Measure:
    query = "Denials in the window whose fact task.fits_intent was not true; n is decisions that carry the fact."
    return _count_of(ledger.intent_judged, ledger.intent_denied.between(span.since, span.until), span, query)


def intent_mismatch_permits(ledger: Ledger, span: Span, target: float | None) -> Measure:
    query = "Allows in the window whose fact task.fits_intent was not true; n is decisions that carry the fact."
    return _count_of(ledger.intent_judged, ledger.intent_allowed.between(span.since, span.until), span, query)


def decision_policy_traceable_share(ledger: Ledger, span: Span, target: float | None) -> Measure:
    query = "Decisions in the window that name the bundle that was published when they were recorded, over all decisions."
    return _share_without(ledger.decisions, ledger.untraceable, span, query)


def attributable_share(ledger: Ledger, span: Span, target: float | None) -> Measure:
    query = "Decisions in the window of a known task that names whom it is done for, over all decisions."
    return _share_without(ledger.decisions, ledger.without_origin, span, query)


def chain_complete_share(ledger: Ledger, span: Span, target: float | None) -> Measure:
    query = "Decisions in the window of delegated tasks whose every ancestor is recorded and that name an origin."
    return _share_without(ledger.delegated_decisions, ledger.broken_chains, span, query)


def decision_latency_p95_ms(ledger: Ledger, span: Span, target: float | None) -> Measure:
    values = [(value, "") for value in ledger.latencies.between(span.since, span.until)]
    query = "Decisions in the window that carry a time: milliseconds from question to answer, 95th percentile."
    return percentile(values, 95, query, newest_at=ledger.latencies.newest(span.since, span.until))


_CALL = "named lease or decision leads to an earlier allow of the same agent for the same action on the resource or above it"


def decision_coverage(ledger: Ledger, span: Span, target: float | None) -> Measure:
    query = f"Calls reported by resource servers and enforcement points in the window whose {_CALL}, over all such calls."
    return _share_without(ledger.calls, ledger.uncovered_calls, span, query)


def ungoverned_tool_calls(ledger: Ledger, span: Span, target: float | None) -> Measure:
    query = f"Calls reported by resource servers and enforcement points in the window, less those whose {_CALL}."
    return _count_of(ledger.calls, ledger.uncovered_calls.between(span.since, span.until), span, query)


def auth_rejections(ledger: Ledger, span: Span, target: float | None) -> Measure:
    found = ledger.rejections.between(span.since, span.until)
    query = (
        "Identity documents refused in the window, by reason, those that one record stands for included; n is refusals alone."
    )
    if not found:
        return nothing(query, "no refusal was recorded, and acceptances are not: nobody can say that anything was checked")
    reasons: Counter[str] = Counter()
    for _, reason, number in found:
        reasons[reason] += number
    return count(
        reasons.total(),
        reasons.total(),
        query,
        newest_at=ledger.rejections.newest(span.since, span.until),
        counter_examples=(record for record, _, _ in reversed(found)),
        breakdown=dict(reasons.most_common(20)),
    )


def _delegations(ledger: Ledger, span: Span) -> list[DelegationRow]:
    return ledger.delegations.between(span.since, span.until)


def delegations_widening(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in _delegations(ledger, span) if row.widened is not None]
    wider = [row.task_id for row in rows if row.widened]
    query = "Delegations in the window whose rights do not lie within the recorded rights of the parent task."
    fresh = ledger.delegations.newest(span.since, span.until)
    return count(len(wider), len(rows), query, newest_at=fresh, counter_examples=wider)


def delegations_outliving_parent(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in _delegations(ledger, span) if row.outlives is not None]
    later = [row.task_id for row in rows if row.outlives]
    query = "Delegations in the window whose task's deadline lies after that of the recorded parent."
    fresh = ledger.delegations.newest(span.since, span.until)
    return count(len(later), len(rows), query, newest_at=fresh, counter_examples=later)


def delegations_unknown_actor(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _delegations(ledger, span)
    unknown = [row.task_id for row in rows if not row.known_agent]
    query = "Delegations in the window to an agent that was not registered and active when they were recorded."
    fresh = ledger.delegations.newest(span.since, span.until)
    return count(len(unknown), len(rows), query, newest_at=fresh, counter_examples=unknown)


def delegation_depth_max(ledger: Ledger, span: Span, target: float | None) -> Measure:
    values = [(row.depth, row.task_id) for row in _delegations(ledger, span)]
    query = "The largest number of delegations between a task and its root, among delegations in the window."
    return largest(values, query, newest_at=ledger.delegations.newest(span.since, span.until), target=target)


METRICS: dict[str, Compute] = {
    compute.__name__: compute
    for compute in (
        decision_count,
        denial_share,
        denial_bursts,
        intent_declared_share,
        intent_mismatch_denials,
        intent_mismatch_permits,
        decision_policy_traceable_share,
        attributable_share,
        chain_complete_share,
        decision_latency_p95_ms,
        decision_coverage,
        ungoverned_tool_calls,
        auth_rejections,
        delegations_widening,
        delegations_outliving_parent,
        delegations_unknown_actor,
        delegation_depth_max,
    )
}
