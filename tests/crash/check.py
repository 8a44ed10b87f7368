"""What must hold after a restart: nothing acknowledged is lost, no fence was crossed, nothing is valid past its time."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from console.client import LeaseholdClient
from console.model.approvals import ApprovalState
from console.model.audit import AuditRecord, Checkpoint
from console.model.leases import LeaseState
from console.model.tasks import TaskState
from console.server.audit.verify import LoggedRecord, verify
from console.server.store.offline import OfflineLog
from tests.crash.load import Acknowledged, Given

UNUSABLE = {LeaseState.REVOKED, LeaseState.REVOKING, LeaseState.EXPIRED, LeaseState.FAILED, LeaseState.IRREVOCABLE}


async def check_state(known: Acknowledged, admin: LeaseholdClient, server: LeaseholdClient) -> None:
    """Everything acknowledged, asked of the restarted plane over HTTP."""
    sample = list(known.decisions.items())[-40:]
    for decision_id, allowed in sample:
        kept = await admin.show_decision(decision_id)
        assert (kept.outcome.value == "allow") is allowed
    for task_id in list(known.ended)[-20:]:
        assert (await admin.show_task(task_id)).state is not TaskState.RUNNING
    for task_id in list(known.tasks)[-20:]:
        task = await admin.show_task(task_id)
        assert task.state is TaskState.RUNNING or task_id in known.maybe_ended, f"{task_id} was ended by nobody"
    for approval_id, verdict in list(known.reviews.items())[-20:]:
        approval = (await admin.show_approval(approval_id)).approval
        assert any(review.verdict == verdict for review in approval.reviews), f"a review of {approval_id} is lost"
        assert verdict == "approve" or approval.state is ApprovalState.REJECTED
    for agent_id, lock_id in known.contained.items():
        assert (await admin.show_lock(lock_id)).active
        assert (await admin.show_agent(agent_id)).state.value == "contained"
    await asyncio.gather(*(_check_lease(given, known, admin, server) for given in list(known.leases.values())[-40:]))


async def _check_lease(given: Given, known: Acknowledged, admin: LeaseholdClient, server: LeaseholdClient) -> None:
    before = datetime.now(UTC)
    answer = await server.introspect_token(given.token)
    lease = await admin.show_lease(given.lease_id)
    if given.revoked:
        assert not answer.active, f"{given.lease_id} was revoked and is taken"
        assert lease.state in UNUSABLE
    if before >= given.expires_at:
        assert not answer.active, f"{given.lease_id} is taken past its time"
    taken_back = given.open or given.task_id in known.maybe_ended or given.agent in known.maybe_contained
    if not taken_back and datetime.now(UTC) < given.expires_at:
        assert answer.active, f"{given.lease_id} should live and is {lease.state}: {lease.revoke_reason}"


def check_log(data: Path, earlier: Checkpoint | None) -> list[AuditRecord]:
    """The whole log, verified offline. Returns its records."""
    records: list[AuditRecord] = []
    with OfflineLog(data / "store") as log:

        def each() -> "list[LoggedRecord]":
            logged = [LoggedRecord(*row) for row in log.records()]
            records.extend(AuditRecord.model_validate_json(record.text) for record in logged)
            return logged

        result = verify(each(), log.checkpoints(), check_signature=lambda _: True, earlier=earlier, tree=log.tree)
    assert result.ok, result.faults
    return records


def check_fences(records: list[AuditRecord]) -> None:
    """No allow, and no lease that begins to work, between the lock of its agent or task and the release."""
    locked: set[str] = set()
    for record in records:
        entity = record.body.get("entity")
        if not isinstance(entity, dict):
            continue
        if record.kind == "lock.placed":
            locked.add(str(entity["target_id"]))
        elif record.kind == "lock.released":
            locked.discard(str(entity["target_id"]))
        gives = (record.kind == "decision.made" and entity["outcome"] == "allow") or record.kind in (
            "lease.pending",
            "lease.active",
            "lease.renewed",
            "approval.consumed",
            "task.opened",
        )
        if gives:
            under = {str(entity.get("agent_id")), str(entity.get("task_id")), *map(str, entity.get("task_path") or ())}
            assert not under & locked, f"record {record.seq} ({record.kind}) crossed the fence"
