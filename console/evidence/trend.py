"""A metric over the recent past: the same figure over short spans, one behind the other. Owns how the spans are cut.

A figure of what happened in a window can be taken over any earlier span. A figure of what stands now cannot: the ledger
keeps what stands, and not what stood; `AS_IT_STANDS` names those, and of them no past is ever made up.
"""

from collections.abc import Iterator
from datetime import datetime

from console.evidence.measure import Span
from console.evidence.metrics import COMPUTED, definitions
from console.evidence.projection import MAX_WINDOW_SECONDS, Projection
from console.evidence.rows import SECOND, instant, micros
from console.model.frameworks import TrendPoint

STEPS = (60, 300, 900, 3_600, 21_600)
"""Seconds of a span; the shortest is taken that reaches over the whole past with at most `MOST_POINTS`."""
MOST_POINTS = 32

AS_IT_STANDS = frozenset(
    {
        "tasks_open_overdue",
        "revocations_unconfirmed",
        "idle_agents_with_live_lease",
        "concurrent_leases_max",
        "third_party_live_leases",
        "standing_grants_active",
        "break_glass_unreviewed",
        "kill_incomplete",
        "post_kill_activity",
        "agents_without_owner",
        "agents_owner_departed",
        "agents_without_purpose",
        "agents_registered",
        "dormant_agents",
        "retired_agent_activity",
        "audit_gaps",
        "audit_oldest_days",
        "audit_check_age",
    }
)


def spans_of(projection: Projection, now: datetime) -> tuple[int, tuple[Span, ...]]:
    """The step in seconds and the spans, oldest first, the last one up to `now`; no span where nothing was recorded.

    They begin where the record begins, or where it is held from, or seven days ago.
    """
    ledger, until = projection.ledger, micros(now)
    if ledger.first_at is None:
        return STEPS[0], ()
    since = max(ledger.first_at, ledger.complete_since or 0, until - MAX_WINDOW_SECONDS * SECOND)
    for seconds in STEPS:
        step = seconds * SECOND
        begin = since // step * step
        count = (until - begin) // step + 1
        if count <= MOST_POINTS or seconds == STEPS[-1]:
            starts = [begin + number * step for number in range(max(0, count))][-MOST_POINTS:]
            return seconds, tuple(Span(at, min(at + step - 1, until)) for at in starts)
    raise AssertionError("the last step is always taken")


def why_none(metric_id: str, spans: tuple[Span, ...]) -> str:
    """Why a metric has no trend; empty where it has one."""
    if metric_id not in COMPUTED:
        return "It is not measured here yet."
    if metric_id in AS_IT_STANDS:
        return "This figure is of what stands now; the record is not folded in a way that says what stood before."
    if len(spans) < 2:
        return "Not enough history: the record is younger than two spans."
    return ""


def points_of(metric_id: str, projection: Projection, spans: tuple[Span, ...]) -> Iterator[TrendPoint]:
    """The metric over each span, one at a time, so that the caller may do something else between them. Raises KeyError."""
    function, target = COMPUTED[metric_id], definitions()[metric_id].target
    for span in spans:
        found = function(projection.ledger, span, target)
        yield TrendPoint(at=instant(span.since), value=found.value if found.n else None, n=found.n)
