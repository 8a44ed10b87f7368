"""Rows by columns: of the collections that have many rows, a snapshot brings only what the console keeps of each.

Owns what is asked for, in the order in which the values come, and how they become rows. An event brings the whole entity,
which `ingest` reads; both make the same row of the same entity.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from console.tui.rows import DecisionRow, LeaseRow, Row
from console.tui.state.ingest import Ingest, Unreadable, maybe_when, when

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "leases": (
        "id", "version", "task_id", "root_task_id", "agent_id", "agent_name", "on_behalf_of", "decision_id", "approval_id",
        "grant_ids", "issuer", "audience.name", "audience.check", "audience.cache_seconds", "audience.skew_seconds", "action",
        "resource", "data_class", "environment", "risk_level", "state", "revocability", "requested_at", "expires_at",
        "max_expires_at", "renewals", "max_uses", "uses", "max_rows", "rows", "last_used_at", "revoke_requested_at",
        "revoked_by", "revoke_reason", "ended_at", "residual_exposure_at", "attempts", "next_attempt_at", "last_error",
    ),
    "decisions": (
        "id", "version", "kind", "at", "outcome", "agent_id", "agent_name", "task_id", "root_task_id", "purpose",
        "ask.action", "ask.resource", "ask.environment", "ask.data_class", "tool", "effect", "determining", "code", "text",
        "bundle_revision", "risk.score", "risk.level", "approval_id", "latency_seconds",
    ),
}  # fmt: skip
"""By collection the paths of the values, in the order of the row's own fields."""


def row_of(ingest: Ingest, collection: str, values: Sequence[Any]) -> Row:
    """The row of an entity's values, in the order of `COLUMNS`. Raises Unreadable."""
    try:
        return _READERS[collection](ingest, values)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Unreadable(f"{collection}: {type(error).__name__}") from None


def _lease(ingest: Ingest, values: Sequence[Any]) -> LeaseRow:
    # Straight from the pool: of ten thousand leases every call counts. What may be missing goes the longer way.
    text, own, maybe, shared = ingest.text, ingest.own, ingest.maybe, ingest.pool
    (
        id, version, task_id, root_task_id, agent_id, agent_name, on_behalf_of, decision_id, approval_id,
        grant_ids, issuer, audience, check, cache_seconds, skew_seconds, action,
        resource, data_class, environment, risk_level, state, revocability, requested_at, expires_at,
        max_expires_at, renewals, max_uses, uses, max_rows, rows, last_used_at, revoke_requested_at,
        revoked_by, revoke_reason, ended_at, residual_exposure_at, attempts, next_attempt_at, last_error,
    ) = values  # fmt: skip
    return LeaseRow(
        own(id), version, shared[task_id], shared[root_task_id], shared[agent_id], shared[agent_name], shared[on_behalf_of],
        own(decision_id), maybe(approval_id), ingest.texts(grant_ids), shared[issuer], shared[audience],
        text(check, "introspect"), int(cache_seconds or 0), int(skew_seconds or 0), shared[action],
        shared[resource], shared[data_class], shared[environment], shared[risk_level], shared[state], shared[revocability],
        when(requested_at), when(expires_at), when(max_expires_at), int(renewals or 0), max_uses, int(uses or 0), max_rows,
        int(rows or 0), maybe_when(last_used_at), maybe_when(revoke_requested_at), ingest.actor(revoked_by),
        text(revoke_reason), maybe_when(ended_at), maybe_when(residual_exposure_at), int(attempts or 0),
        maybe_when(next_attempt_at), text(last_error),
    )  # fmt: skip


def _decision(ingest: Ingest, values: Sequence[Any]) -> DecisionRow:
    text, maybe = ingest.text, ingest.maybe
    (
        id, version, kind, at, outcome, agent_id, agent_name, task_id, root_task_id, purpose, action, resource, environment,
        data_class, tool, effect, determining, code, words, revision, score, level, approval_id, latency,
    ) = values  # fmt: skip
    return DecisionRow(
        ingest.own(id), version, text(kind), when(at), text(outcome), text(agent_id), text(agent_name), maybe(task_id),
        maybe(root_task_id), text(purpose), text(action), text(resource), text(environment), text(data_class), text(tool),
        text(effect), tuple(text(reason["policy_id"]) for reason in determining or ()), text(code), text(words),
        int(revision), int(score), text(level), maybe(approval_id), float(latency or 0.0),
    )  # fmt: skip


_READERS: Mapping[str, Callable[[Ingest, Sequence[Any]], Row]] = {"leases": _lease, "decisions": _decision}
