"""How a task ends: itself, everything delegated from it, and all that was asked or granted for it, in one transaction."""

from collections.abc import Iterable

from console.model.actors import Actor
from console.model.approvals import APPROVAL, Approval, ApprovalState
from console.model.bundles import BUNDLE, Bundle, BundleState
from console.model.grants import GRANT, Grant, GrantState
from console.model.tasks import TASK, Task, TaskState
from console.server.ports import Hooks, Transaction


def tree(tx: Transaction, task: Task) -> list[Task]:
    """A task and every running task delegated from it, parents first."""
    found, waiting = [task], [task]
    while waiting:
        parent = waiting.pop()
        children = tx.find(Task, parent_id=parent.id, state=TaskState.RUNNING, limit=10_000)
        found.extend(children)
        waiting.extend(children)
    return found


def end_tree(tx: Transaction, hooks: Hooks, task: Task, state: TaskState, actor: Actor, reason: str) -> list[Task]:
    """End a running task and everything delegated from it. Returns the ended tasks, the task itself first.

    Children of a task that completed or failed are cancelled; of one that expired or was contained, they share its fate.
    """
    ended = []
    for one in tree(tx, task):
        own = one.id == task.id
        inherited = state if state in (TaskState.EXPIRED, TaskState.CONTAINED) else TaskState.CANCELLED
        target = state if own else inherited
        changed = one.model_copy(
            update={
                "state": TASK.step(one.state, target),
                "ended_at": tx.now,
                "ended_by": actor,
                "end_reason": reason if own else f"its parent task has {state}",
            }
        )
        texts = {"note": changed.end_text_digest} if changed.end_text_digest else None
        ended.append(tx.put(changed, f"task.{target.value}", actor, texts=texts))
    ids = [one.id for one in ended]
    why = "the task has ended" if state is not TaskState.CONTAINED else "the agent is contained"
    void_for(tx, task_ids=ids, reason=why, actor=actor)
    end_for(tx, hooks, task_ids=ids, reason=why, actor=actor)
    for one in ended:
        for hook in hooks.task_ended:
            hook(tx, one, actor)
    return ended


def void_for(tx: Transaction, *, agent_id: str | None = None, task_ids: Iterable[str] = (), reason: str, actor: Actor) -> int:
    """Void the approval requests, pending or approved, of an agent or of tasks. Returns how many."""
    count = 0
    for state in (ApprovalState.PENDING, ApprovalState.APPROVED):
        found: list[Approval] = []
        if agent_id is not None:
            found.extend(tx.find(Approval, agent_id=agent_id, state=state, limit=100_000))
        for task_id in task_ids:
            found.extend(tx.find(Approval, task_id=task_id, state=state, limit=100_000))
        for approval in {one.id: one for one in found}.values():
            changed = approval.model_copy(
                update={
                    "state": APPROVAL.step(approval.state, ApprovalState.VOID),
                    "ended_at": tx.now,
                    "end_reason": reason,
                }
            )
            tx.put(changed, "approval.void", actor)
            settle_grant(tx, changed, actor)
            count += 1
    return count


def end_for(
    tx: Transaction, hooks: Hooks, *, agent_id: str | None = None, task_ids: Iterable[str] = (), reason: str, actor: Actor
) -> int:
    """Revoke the grants, scheduled or active, of an agent or of tasks. Returns how many."""
    count = 0
    for state in (GrantState.SCHEDULED, GrantState.ACTIVE):
        found: list[Grant] = []
        if agent_id is not None:
            found.extend(tx.find(Grant, agent_id=agent_id, state=state, limit=100_000))
        for task_id in task_ids:
            found.extend(tx.find(Grant, task_id=task_id, state=state, limit=100_000))
        for grant in {one.id: one for one in found}.values():
            end_grant(tx, hooks, grant, GrantState.REVOKED, actor, reason)
            count += 1
    return count


def end_grant(tx: Transaction, hooks: Hooks, grant: Grant, state: GrantState, actor: Actor, reason: str) -> Grant:
    """End one grant; the floors above take back what nothing else still gives."""
    changed = grant.model_copy(
        update={
            "state": GRANT.step(grant.state, state),
            "ended_at": tx.now,
            "ended_by": actor.name or actor.id,
            "end_reason": reason,
        }
    )
    kept = tx.put(changed, f"grant.{state.value}", actor)
    for hook in hooks.grant_ended:
        hook(tx, kept, actor)
    return kept


def settle(tx: Transaction, approval: Approval, actor: Actor) -> None:
    """What was asked for by a request that has ended without approval: a grant was never given, a bundle is a draft again."""
    settle_grant(tx, approval, actor)
    bundle = tx.get(Bundle, approval.bundle_id) if approval.bundle_id else None
    if bundle is not None and bundle.state is BundleState.REQUESTED:
        changed = bundle.model_copy(update={"state": BUNDLE.step(bundle.state, BundleState.VALIDATED)})
        tx.put(changed, "bundle.validated", actor, extra={"reason": approval.end_reason or approval.state.value})


def settle_grant(tx: Transaction, approval: Approval, actor: Actor) -> None:
    """A grant whose request has ended without approval was never given."""
    grant = tx.get(Grant, approval.grant_id) if approval.grant_id else None
    if grant is not None and grant.state is GrantState.REQUESTED:
        changed = grant.model_copy(
            update={"state": GrantState.REJECTED, "ended_at": tx.now, "end_reason": approval.end_reason or approval.state.value}
        )
        tx.put(changed, "grant.rejected", actor)
