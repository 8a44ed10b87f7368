"""How records of leases, approval requests, grants and locks change the evidence ledger."""

from console.evidence.fold_work import Body, optional, section, text, texts, under_lock
from console.evidence.ledger import Ledger
from console.evidence.rows import (
    SECOND,
    ApprovalRow,
    ContainmentRow,
    GrantRow,
    LeaseRow,
    ReviewRow,
    parse,
    parse_optional,
)
from console.model.actors import ActorKind
from console.model.audit import AuditRecord
from console.model.base import Json

_SETTLED = frozenset({"revoked", "expired", "failed"})
_ONLY_EXPIRY = frozenset({"at-expiry-only", "unknown"})


def number(value: Json) -> int:
    """A whole number. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a count is a whole number")  # noqa: TRY004 (one kind of error for every unreadable body)
    return value


def fold_lease(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """lease.*: the row; at its issue it is traced to its allow; at its end the containments that wait for it hear of it."""
    lease_id, state = text(entity, "id"), text(entity, "state")
    before = ledger.leases.get(lease_id)
    expires_at = parse(entity["expires_at"])
    revoke_at = parse_optional(entity.get("revoke_requested_at"))
    issued_at = parse_optional(entity.get("active_at"))
    if issued_at is None and revoke_at is not None:
        issued_at = parse(entity["requested_at"])
    row = LeaseRow(
        id=lease_id,
        task_id=text(entity, "task_id"),
        agent_id=text(entity, "agent_id"),
        path=texts(entity, "task_path"),
        decision_id=text(entity, "decision_id"),
        action=text(entity, "action"),
        resource=text(entity, "resource"),
        environment=text(entity, "environment"),
        only_expiry=text(entity, "revocability") in _ONLY_EXPIRY,
        offline=section(entity, "audience").get("check") == "offline",
        ceiling=number(entity["max_ttl_seconds"]) * SECOND,
        state=state,
        issued_at=issued_at,
        first_expires_at=expires_at if before is None or before.issued_at is None else before.first_expires_at,
        expires_at=expires_at,
        renewals=number(entity.get("renewals", 0)),
        uses=max(number(entity.get("uses", 0)), before.uses if before is not None else 0),
        revoke_at=revoke_at,
        ended_at=parse_optional(entity.get("ended_at")),
        permitted=before.permitted if before is not None else False,
        crosses=before.crosses if before is not None else None,
        third_party=before.third_party if before is not None else False,
        changed_at=at,
    )
    if issued_at is not None and (before is None or before.issued_at is None):
        _judge_issue(ledger, row, issued_at, at)
    ledger.leases[lease_id] = row
    if state in _SETTLED or state == "abandoned":
        ledger.unsettled.pop(lease_id, None)
    else:
        ledger.unsettled[lease_id] = row
    if state in _SETTLED:
        for containment in ledger.containments.values():
            if lease_id in containment.waiting:
                containment.waiting.discard(lease_id)
                containment.reached_at = max(containment.reached_at, row.ended_at or at)
                containment.changed_at = at


def _judge_issue(ledger: Ledger, row: LeaseRow, issued_at: int, at: int) -> None:
    permit = ledger.permits.get(row.decision_id)
    row.permitted = permit is not None and permit.agent_id == row.agent_id and permit.at <= issued_at
    agent = ledger.agents.get(row.agent_id)
    if agent is not None:
        row.crosses = agent.environment != row.environment
        row.third_party = agent.third_party
        if agent.retired_at is not None:
            ledger.after_retirement.add(at, row.id)
    if row.revoke_at is None and under_lock(ledger, row.agent_id, row.path):
        ledger.under_lock.add(at, row.id)


def fold_approval(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """approval.*: the row; reviews that were not seen before are counted for their reviewers."""
    approval_id = text(entity, "id")
    before = ledger.approvals.get(approval_id)
    state = text(entity, "state")
    reviews = tuple(_review(item) for item in _objects(entity.get("reviews")))
    for review in reviews:
        if before is None or review not in before.reviews:
            ledger.reviews.add(at, review.reviewer)
    ledger.approvals[approval_id] = ApprovalRow(
        id=approval_id,
        kind=text(entity, "kind"),
        digest=text(entity, "digest"),
        requested_by=text(entity, "requested_by"),
        on_behalf_of=optional(section(entity, "chain"), "on_behalf_of") or "",
        requested_at=parse(entity["requested_at"]),
        state=state,
        approved_at=parse_optional(entity.get("approved_at")),
        rejected_at=(parse_optional(entity.get("ended_at")) or at) if state == "rejected" else None,
        use_until=parse_optional(entity.get("use_until")),
        reviews=reviews,
        changed_at=at,
    )


def _objects(value: Json) -> list[Body]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _review(item: Body) -> ReviewRow:
    reading = item.get("reading_seconds")
    return ReviewRow(
        reviewer=text(item, "reviewer"),
        verdict=text(item, "verdict"),
        at=parse(item["at"]),
        reading_seconds=float(reading) if isinstance(reading, int | float) else None,
    )


def fold_grant(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """grant.*: the row is the entity."""
    grant_id = text(entity, "id")
    ledger.grants[grant_id] = GrantRow(
        id=grant_id,
        kind=text(entity, "kind"),
        approval_id=optional(entity, "approval_id"),
        state=text(entity, "state"),
        requested_at=parse(entity["requested_at"]),
        starts_at=parse(entity["starts_at"]),
        ends_at=parse(entity["ends_at"]),
        ended_at=parse_optional(entity.get("ended_at")),
        reviewed=bool(entity.get("reviewed_by")),
        changed_at=at,
    )


def fold_lock(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """lock.*: what stands, and the containment that the agent's lock and the locks it caused make up together.

    A containment waits for every lease that was unsettled under one of its locks when that lock was placed.
    """
    lock_id, target_id, cause = text(entity, "id"), text(entity, "target_id"), text(entity, "cause")
    if entity.get("active") is True:
        ledger.locked.setdefault(target_id, set()).add(lock_id)
    elif target_id in ledger.locked:
        ledger.locked[target_id].discard(lock_id)
        if not ledger.locked[target_id]:
            del ledger.locked[target_id]
    if record.kind == "lock.placed":
        placed_at = parse(entity["placed_at"])
        if cause == lock_id:
            automatic = record.actor.kind is ActorKind.PLANE
            ledger.containments[lock_id] = ContainmentRow(lock_id, target_id, placed_at, automatic, placed_at)
        containment = ledger.containments.get(cause)
        if containment is not None:
            containment.reached_at = max(containment.reached_at, placed_at)
            under = {row.id for row in ledger.unsettled.values() if row.agent_id == target_id or target_id in row.path}
            containment.leases += len(under - containment.waiting)
            containment.waiting |= under
    containment = ledger.containments.get(cause)
    if containment is None:
        return
    containment.changed_at = at
    if cause == lock_id:
        containment.released_at = parse_optional(entity.get("released_at"))
    for receipt in _objects(entity.get("receipts")):
        if receipt.get("step") == "lock":
            containment.reached_at = max(containment.reached_at, parse(receipt["at"]))
