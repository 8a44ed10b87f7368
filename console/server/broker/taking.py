"""Taking leases back within a transaction: which ones, and the durable intent. Used by every act that revokes.

The intent is what is committed here; the issuers are asked afterwards, by `revocation`.
"""

from collections.abc import Iterable, Iterator

from console.model.actors import Actor
from console.model.leases import LIVE, Lease, LeaseState, RevokeManyInput
from console.model.problems import ProblemError
from console.model.tasks import Task
from console.server.broker import lifecycle
from console.server.ports import Reader, Transaction, Value

PAGE = 1000
LIVE_STATES = tuple(state for state in LeaseState if state in LIVE)


def pages(reader: Reader, *, begin: str = "", **equals: Value) -> Iterator[Lease]:
    """All leases whose indexed fields equal these values, by id from behind `begin`, however many there are."""
    after = begin
    while found := reader.find(Lease, after=after, before="", limit=PAGE, newest=False, **equals):
        yield from found
        if len(found) < PAGE:
            return
        after = found[-1].id


def live(reader: Reader, **equals: Value) -> Iterator[Lease]:
    """The leases that may be used or are about to be."""
    for state in LIVE_STATES:
        yield from pages(reader, begin="", state=state, **equals)


def selected(reader: Reader, asked: RevokeManyInput) -> Iterable[Lease]:
    """The leases that a selector names. Of ids, all that exist; otherwise the live ones. Raises ProblemError `not_found`."""
    if asked.lease_ids is not None:
        found = [reader.get(Lease, id) for id in dict.fromkeys(asked.lease_ids)]
        if any(lease is None for lease in found):
            raise ProblemError("not_found", "At least one of these leases does not exist; none was revoked.")
        return [lease for lease in found if lease is not None]
    if asked.task_id is not None:
        task = reader.get(Task, asked.task_id)
        if task is None:
            raise ProblemError("not_found", "There is no such task.")
        if asked.subtree:
            return (lease for lease in live(reader, root_task_id=task.root_id) if task.id in lease.task_path)
        return live(reader, task_id=task.id)
    if asked.agent_id is not None:
        return live(reader, agent_id=asked.agent_id)
    if asked.issuer is not None:
        return live(reader, issuer=asked.issuer)
    return live(reader)


def take_back(tx: Transaction, lease_id: str, reason: str, actor: Actor) -> Lease | None:
    """Commit the intent to revoke a live lease; one that is not live is returned as it is. None when there is none."""
    lease = tx.get(Lease, lease_id)
    if lease is None or lease.state not in LIVE:
        return lease
    return tx.put(lifecycle.taken_back(lease, reason, actor, tx.now), "lease.revoking", actor)


def take_all(tx: Transaction, lease_ids: Iterable[str], reason: str, actor: Actor) -> list[Lease]:
    """As `take_back`, for many; ids that are not known are left out."""
    return [lease for id in lease_ids if (lease := take_back(tx, id, reason, actor)) is not None]
