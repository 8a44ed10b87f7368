"""Metrics of approval requests and grants: whether people answer, how long they look, and what stands without an end.

A request that nobody but its asker answered (a grant whose quorum its granter met alone) waited for nobody: it is left out
of the times and of the share of hasty approvals.
"""

from collections import defaultdict

from console.evidence.ledger import Ledger
from console.evidence.measure import Measure, Span, count, largest, newest, percentile, share
from console.evidence.metrics.types import Compute
from console.evidence.rows import SECOND, ApprovalRow, GrantRow

STANDING = 3600 * SECOND
STAMP_SECONDS = 5.0
HOUR = 3600 * SECOND
DAY = 86_400 * SECOND
_IN_FORCE = ("active", "scheduled")


def _requested(ledger: Ledger, span: Span) -> list[ApprovalRow]:
    return [row for row in ledger.approvals.values() if span.holds(row.requested_at)]


def _answered(ledger: Ledger, span: Span) -> list[ApprovalRow]:
    return [row for row in _requested(ledger, span) if row.answered_at is not None and not row.own_only]


def _fresh(rows: list[ApprovalRow] | list[GrantRow]) -> int | None:
    return newest(row.changed_at for row in rows)


def _times(rows: list[ApprovalRow]) -> list[tuple[float, str]]:
    return [((row.answered_at - row.requested_at) / SECOND, row.id) for row in rows if row.answered_at is not None]


def high_risk_approval_share(ledger: Ledger, span: Span, target: float | None) -> Measure:
    found = ledger.high_allows.between(span.since, span.until)
    alone = [decision for decision, approved, _ in found if not approved]
    query = (
        "Allows of high or critical risk recorded in the window, with an approval met at or before them and in date, "
        "their own or that of a grant they stood on, over all such allows."
    )
    fresh = ledger.high_allows.newest(span.since, span.until)
    return share(len(found) - len(alone), len(found), query, newest_at=fresh, counter_examples=alone)


def approval_payload_match_share(ledger: Ledger, span: Span, target: float | None) -> Measure:
    found = [(name, match) for name, _, match in ledger.high_allows.between(span.since, span.until) if match is not None]
    other = [name for name, match in found if not match]
    query = "Allows of high or critical risk in the window that name an approval, whose action digest equals the approval's."
    fresh = ledger.high_allows.newest(span.since, span.until)
    return share(len(found) - len(other), len(found), query, newest_at=fresh, counter_examples=other)


def approval_time_p50(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _answered(ledger, span)
    query = "Requests made in the window and answered by others: approval or rejection minus request, median by nearest rank."
    return percentile(_times(rows), 50, query, newest_at=_fresh(rows), target=target)


def approval_time_p95(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _answered(ledger, span)
    query = "Requests made in the window and answered by others: approval or rejection minus request, 95th percentile."
    return percentile(_times(rows), 95, query, newest_at=_fresh(rows), target=target)


def rubber_stamp_share(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in _answered(ledger, span) if row.approved_at is not None]
    hasty = [row.id for row in rows if _looked_seconds(row) < STAMP_SECONDS]
    query = (
        "Requests made in the window and approved by others, where the shortest look of an approving reviewer was under 5 s: "
        "the reading time that came with the review, but never more than the time since the request."
    )
    return share(len(hasty), len(rows), query, newest_at=_fresh(rows), counter_examples=hasty)


def _looked_seconds(row: ApprovalRow) -> float:
    """The shortest look behind an approval, in seconds."""
    looks = []
    for review in row.reviews:
        if review.verdict == "approve" and review.reviewer != row.requested_by:
            waited = (review.at - row.requested_at) / SECOND
            looks.append(waited if review.reading_seconds is None else min(waited, review.reading_seconds))
    return min(looks, default=((row.approved_at or row.requested_at) - row.requested_at) / SECOND)


def self_approvals(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in _requested(ledger, span) if row.approved_at is not None and row.kind != "grant"]
    own = [
        row.id
        for row in rows
        if any(
            review.verdict == "approve" and review.reviewer in (row.requested_by, row.on_behalf_of) for review in row.reviews
        )
    ]
    query = (
        "Requests for actions and publications made in the window and approved, with an approving review by who asked or for "
        "whom it was asked; grants are left out, because the granter's own act is their first review."
    )
    return count(len(own), len(rows), query, newest_at=_fresh(rows), counter_examples=own)


def approver_load_max(ledger: Ledger, span: Span, target: float | None) -> Measure:
    loads: dict[tuple[str, int], int] = defaultdict(int)
    for at, reviewer in ledger.reviews.timed(span.since, span.until):
        loads[reviewer, at // HOUR] += 1
    values = [(number, reviewer) for (reviewer, _), number in loads.items()]
    query = "Reviews recorded in the window, counted by reviewer and clock hour: the largest count; n is those pairs."
    return largest(values, query, newest_at=ledger.reviews.newest(span.since, span.until), target=target)


def approval_refusal_share(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _answered(ledger, span)
    rejected = sum(row.state == "rejected" for row in rows)
    query = "Requests made in the window and rejected, over all made in it that others answered."
    return share(rejected, len(rows), query, newest_at=_fresh(rows))


def approval_timeouts(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = _requested(ledger, span)
    silent = [row.id for row in rows if row.state == "expired" and row.approved_at is None]
    query = "Requests made in the window that expired before anybody had approved or rejected them."
    return count(len(silent), len(rows), query, newest_at=_fresh(rows), counter_examples=silent)


def standing_grants_active(ledger: Ledger, span: Span, target: float | None) -> Measure:
    rows = [row for row in ledger.grants.values() if span.holds(row.requested_at) or row.state in _IN_FORCE]
    standing = [
        row.id for row in rows if row.state in _IN_FORCE and row.starts_at <= span.until and row.ends_at > span.until + STANDING
    ]
    query = "Grants in force now that end more than 3,600 s from now; n is grants asked for in the window or still standing."
    return count(len(standing), len(rows), query, newest_at=_fresh(rows), counter_examples=standing)


def break_glass_unreviewed(ledger: Ledger, span: Span, target: float | None) -> Measure:
    given = ("active", "expired", "exhausted", "revoked")
    rows = [row for row in ledger.grants.values() if row.kind == "break-glass" and row.state in given]
    late = [row.id for row in rows if not row.reviewed and row.requested_at < span.until - DAY]
    query = "Break-glass grants kept here that were given more than a day ago and carry no later review."
    return count(len(late), len(rows), query, newest_at=_fresh(rows), counter_examples=late)


METRICS: dict[str, Compute] = {
    compute.__name__: compute
    for compute in (
        high_risk_approval_share,
        approval_payload_match_share,
        approval_time_p50,
        approval_time_p95,
        rubber_stamp_share,
        self_approvals,
        approver_load_max,
        approval_refusal_share,
        approval_timeouts,
        standing_grants_active,
        break_glass_unreviewed,
    )
}
