"""What the broker adds to the transactions of the floor below: an ended task, an ended grant, an observation.

Runs in the writer's thread, inside those transactions, so that leases are taken back in the same commit.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from console.model.actors import PLANE, Actor
from console.model.approvals import Approval
from console.model.exposure import Revocability
from console.model.grants import Grant, GrantState
from console.model.leases import LIVE, Lease
from console.model.scales import DataClass
from console.model.tasks import Chain, ObservationInput, Task
from console.server.broker.bundled import BudgetOf
from console.server.broker.taking import live, take_back
from console.server.ports import Hooks, Transaction


def attach(hooks: Hooks, budget: BudgetOf) -> None:
    """Let the broker follow what happens below."""
    hooks.task_ended.append(task_ended)
    hooks.grant_ended.append(grant_ended)
    hooks.observed.append(Observed(budget))


def task_ended(tx: Transaction, task: Task, actor: Actor) -> None:
    """Take back every lease of the task, whoever ended it."""
    for lease in list(live(tx, task_id=task.id)):
        take_back(tx, lease.id, f"task {task.state.value}", actor)


def grant_ended(tx: Transaction, grant: Grant, actor: Actor) -> None:
    """Take back what only this grant gave. What another grant or an approval gives as well is kept, for as long as that one."""
    for lease in list(live(tx, agent_id=grant.agent_id)):
        if grant.id not in lease.grant_ids:
            continue
        ground = other_ground(tx, lease, grant)
        if ground is None:
            take_back(tx, lease.id, f"grant {grant.state.value}", actor)
            continue
        kept = _shortened(lease, ground.grants, without=grant.id)
        if kept is None or kept.expires_at <= tx.now:
            take_back(tx, lease.id, f"grant {grant.state.value}; what is left cannot shorten it", actor)
        else:
            tx.put(kept, "lease.kept", actor, extra={"ended_grant": grant.id})


class Observed:
    """Counts what was read against the lease that was presented, and against the budget of its chain."""

    def __init__(self, budget: BudgetOf) -> None:
        self._budget = budget

    def __call__(self, tx: Transaction, task: Task, seen: ObservationInput, counts: bool) -> None:
        """Take back what has read more than it was given. An agent's own report counts too: it can only make less of it."""
        if seen.direction != "read":
            return
        lease = tx.get(Lease, seen.lease_id) if seen.lease_id else None
        if lease is not None and lease.task_id == task.id and seen.rows:
            rows = min(lease.rows + seen.rows, 2**53 - 1)
            lease = tx.put(lease.model_copy(update={"rows": rows}), "lease.used", PLANE, audit=False)
            if lease.max_rows is not None and lease.rows >= lease.max_rows and lease.state in LIVE:
                take_back(tx, lease.id, "read budget spent", PLANE)
        self._freeze(tx, task)

    def _freeze(self, tx: Transaction, task: Task) -> None:
        """Take back the chain's leases on data of a class of which the chain has read more than its budget."""
        chain = tx.get(Chain, task.root_id)
        if chain is None:
            return
        spent = {one for one in DataClass if chain.rows(one) > self._budget(one)}
        if not spent:
            return
        for lease in list(live(tx, root_task_id=task.root_id)):
            if lease.data_class in spent:
                take_back(tx, lease.id, f"the chain's read budget of {lease.data_class.value} is spent", PLANE)


@dataclass(frozen=True, slots=True)
class Ground:
    """What still gives a lease after a grant ended: these grants, besides what an approval gave."""

    grants: tuple[Grant, ...]


def other_ground(tx: Transaction, lease: Lease, ended: Grant) -> Ground | None:
    """What lifts everything for a lease that the ended grant had lifted; None when something is no longer lifted."""
    others = [grant for grant in _candidates(tx, lease, ended) if _in_force(grant, lease, tx)]
    used: dict[str, Grant] = {grant.id: grant for grant in others if grant.id in lease.grant_ids}
    if ended.template is not None:
        same = next((grant for grant in others if grant.template == ended.template), None)
        return Ground((*used.values(), same)) if same is not None else None
    approval = tx.get(Approval, lease.approval_id) if lease.approval_id else None
    approved = {reason.policy_id for reason in approval.blocking} if approval is not None else set()
    for policy_id in (one for one in lease.lifted if one in ended.covers and one not in approved):
        other = next((grant for grant in others if policy_id in grant.covers), None)
        if other is None:
            return None
        used[other.id] = other
    return Ground(tuple(used.values()))


def _candidates(tx: Transaction, lease: Lease, ended: Grant) -> Iterable[Grant]:
    for state in (GrantState.ACTIVE, GrantState.SCHEDULED, GrantState.EXHAUSTED):
        for grant in tx.find(Grant, agent_id=lease.agent_id, state=state):
            if grant.id != ended.id:
                yield grant


def _in_force(grant: Grant, lease: Lease, tx: Transaction) -> bool:
    """In force by itself, or spent for this very lease and still within its time."""
    spent_for_it = grant.state is GrantState.EXHAUSTED and grant.id in lease.grant_ids and tx.now < grant.ends_at
    if not (grant.covers_now(tx.now) or spent_for_it):
        return False
    meant = grant.task_id is None or grant.task_id in lease.task_path
    return meant and grant.scope.allows(lease.action, lease.resource, lease.data_class)


def _shortened(lease: Lease, grants: tuple[Grant, ...], *, without: str) -> Lease | None:
    """The lease on its new ground, living no longer than that; None where its credential cannot be made to die sooner."""
    latest = min((grant.ends_at for grant in grants), default=lease.max_expires_at)
    if latest < lease.expires_at and lease.revocability is Revocability.AT_EXPIRY_ONLY:
        return None
    ids = dict.fromkeys((*(id for id in lease.grant_ids if id != without), *(grant.id for grant in grants)))
    return lease.model_copy(
        update={
            "grant_ids": tuple(ids),
            "expires_at": min(lease.expires_at, latest),
            "max_expires_at": min(lease.max_expires_at, latest),
        }
    )
