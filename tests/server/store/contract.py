"""What every store promises (`server.ports`), as one suite. A store's own test file subclasses it and gives `opener`.

Here: entities, fences, the log and texts. `feed_contract` holds the rest.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Protocol, TypeVar

import pytest

from console.model import merkle
from console.model.audit import Checkpoint
from console.model.base import Entity, Json
from console.model.canonical import canonical
from console.model.decisions import Decision
from console.model.leases import Lease, LeaseState
from console.model.locks import Lock
from console.model.operators import OperatorToken
from console.model.tasks import Task
from console.server.ports import Moved, Store, Transaction
from tests.server.store import sample
from tests.server.store.sample import OPERATOR, PLANE, START, HandClock

E = TypeVar("E", bound=Entity)


def put_with(entity: Entity, extra: dict[str, Json], transaction: Transaction) -> Entity:
    return transaction.put(entity, "lease.active", PLANE, extra=extra)


class Opener(Protocol):
    """Opens the store of a test, the same one each time; the fixture closes what stays open."""

    def __call__(self, clock: HandClock, *, keep_events: int = 200_000) -> Store: ...


def put(entity: Entity, kind: str, transaction: Transaction) -> Entity:
    return transaction.put(entity, kind, PLANE)


async def keep(store: Store, entity: E, kind: str = "task.opened") -> E:
    return await store.write(lambda transaction: transaction.put(entity, kind, PLANE))


class Refused(Exception):
    """A verb's own failure."""


class StoreContract:
    """The promises of `ports.Transaction` and `ports.Reader`, and of the log."""

    @pytest.fixture
    def clock(self) -> HandClock:
        return HandClock()

    @pytest.fixture
    async def store(self, opener: Opener, clock: HandClock) -> Store:
        return opener(clock)

    # Entities

    async def test_what_is_put_is_read_back_under_the_next_version(self, store: Store) -> None:
        kept = await keep(store, sample.lease(), "lease.active")
        assert kept.version == 1
        assert store.get(Lease, kept.id) == kept
        again = await keep(store, kept.model_copy(update={"uses": 1}), "lease.renewed")
        assert again.version == 2
        assert store.get(Lease, kept.id) == again
        assert store.get(Lease, "ls_nothing") is None

    async def test_two_verbs_from_one_reading_cannot_both_commit(self, store: Store) -> None:
        kept = await keep(store, sample.task())
        results = await asyncio.gather(*(keep(store, kept) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(result, Moved) for result in results) == 4
        assert store.get(Task, kept.id) == next(result for result in results if isinstance(result, Task))
        with pytest.raises(Moved):
            await keep(store, sample.task().model_copy(update={"version": 3}))

    async def test_entities_are_found_by_their_indexed_fields(self, store: Store) -> None:
        agent_id = sample.fresh("ag")
        mine = [await keep(store, sample.lease(agent_id=agent_id), "lease.active") for _ in range(5)]
        await keep(store, sample.lease(), "lease.active")
        ids = [lease.id for lease in mine]
        assert [lease.id for lease in store.find(Lease, agent_id=agent_id)] == ids
        assert [lease.id for lease in store.find(Lease, agent_id=agent_id, after=ids[1], limit=2)] == ids[2:4]
        assert [lease.id for lease in store.find(Lease, agent_id=agent_id, newest=True, limit=2)] == [ids[4], ids[3]]
        assert [lease.id for lease in store.find(Lease, agent_id=agent_id, newest=True, before=ids[1])] == [ids[0]]
        assert store.count(Lease) == 6
        assert store.count(Lease, agent_id=agent_id, state=LeaseState.ACTIVE) == 5
        assert store.count(Lease, agent_id=agent_id, state=LeaseState.REVOKED) == 0
        await keep(store, mine[0].model_copy(update={"state": LeaseState.REVOKING}), "lease.revoking")
        assert [lease.id for lease in store.find(Lease, state="revoking")] == ids[:1]
        with pytest.raises(ValueError, match="handle"):
            store.find(Lease, handle="x")

    async def test_absent_and_boolean_fields_are_found(self, store: Store) -> None:
        root = await keep(store, sample.task())
        await keep(store, sample.task(parent_id=root.id))
        assert [task.id for task in store.find(Task, parent_id=None)] == [root.id]
        standing = await keep(store, sample.lock(), "lock.placed")
        await keep(store, sample.lock(active=False, released_at=START), "lock.released")
        assert [lock.id for lock in store.find(Lock, active=True)] == [standing.id]

    async def test_what_is_due_comes_earliest_first(self, store: Store) -> None:
        late = await keep(store, sample.lease(expires_at=START + timedelta(seconds=90)), "lease.active")
        soon = await keep(store, sample.lease(expires_at=START + timedelta(seconds=10)), "lease.active")
        await keep(store, sample.lease(state=LeaseState.EXPIRED, ended_at=START), "lease.expired")
        assert store.due(Lease, START + timedelta(seconds=9)) == []
        assert [lease.id for lease in store.due(Lease, START + timedelta(seconds=10))] == [soon.id]
        assert [lease.id for lease in store.due(Lease, START + timedelta(days=1))] == [soon.id, late.id]
        assert len(store.due(Lease, START + timedelta(days=1), limit=1)) == 1
        await keep(store, soon.model_copy(update={"expires_at": START + timedelta(seconds=300)}), "lease.renewed")
        assert [lease.id for lease in store.due(Lease, START + timedelta(days=1))] == [late.id, soon.id]

    async def test_what_is_neither_audited_nor_mirrored_leaves_no_trace_and_may_go(self, store: Store) -> None:
        token = sample.operator_token()
        with pytest.raises(ValueError, match="operator_tokens"):
            await keep(store, token, "operator.enrolled")
        await store.write(lambda transaction: transaction.put(token, "", PLANE, audit=False, event=False))
        assert store.get(OperatorToken, token.id) is not None
        assert (store.head(), store.audit_size()) == (0, 0)
        await store.write(lambda transaction: transaction.drop(OperatorToken, token.id))
        assert store.get(OperatorToken, token.id) is None
        task = await keep(store, sample.task())
        with pytest.raises(ValueError, match="tasks"):
            await store.write(lambda transaction: transaction.drop(Task, task.id))

    # Transactions

    async def test_a_verb_reads_its_own_writes_and_others_do_not(self, store: Store) -> None:
        seen: list[object] = []

        def verb(transaction: Transaction) -> None:
            kept = transaction.put(sample.task(), "task.opened", PLANE)
            seen.append(transaction.get(Task, kept.id) == kept)
            seen.append(transaction.find(Task, root_id=kept.root_id) == [kept])
            seen.append(transaction.count(Task))
            seen.append(store.count(Task))
            seen.append(store.get(Task, kept.id))
            seen.append(len(transaction.due(Task, kept.deadline_at)))
            raise Refused

        with pytest.raises(Refused):
            await store.write(verb)
        assert seen == [True, True, 1, 0, None, 1]
        assert (store.count(Task), store.head(), store.audit_size()) == (0, 0, 0)

    async def test_a_failed_verb_takes_nothing_of_its_batch_with_it(self, store: Store) -> None:
        def fails(transaction: Transaction) -> None:
            transaction.put(sample.task(), "task.opened", PLANE)
            transaction.advance("locks")
            transaction.keep_text("words")
            raise Refused

        verbs: list[Callable[[Transaction], object]] = []
        for _ in range(50):
            verbs += [partial(put, sample.task(), "task.opened"), fails]
        results = await asyncio.gather(*(store.write(verb) for verb in verbs), return_exceptions=True)
        assert all(isinstance(result, Refused) for result in results[1::2])
        assert all(isinstance(result, Task) for result in results[::2])
        assert (store.count(Task), store.head(), store.audit_size(), store.fence("locks")) == (50, 50, 50, 0)
        assert [event.cursor for event in store.events(0)] == list(range(1, 51))
        assert [record.seq for record in store.audit()] == list(range(50))

    async def test_what_a_later_verb_reads_is_what_the_earlier_left(self, store: Store) -> None:
        kept = await keep(store, sample.lease(), "lease.active")

        def use(transaction: Transaction) -> int:
            current = transaction.get(Lease, kept.id)
            assert current is not None
            return transaction.put(current.model_copy(update={"uses": current.uses + 1}), "lease.used", PLANE).uses

        assert sorted(await asyncio.gather(*(store.write(use) for _ in range(100)))) == list(range(1, 101))

    async def test_a_fence_that_moved_stops_the_verb(self, store: Store) -> None:
        kept = await keep(store, sample.task())
        locks = store.fence("locks")

        def decide(transaction: Transaction) -> None:
            transaction.require(kept, fences={"locks": locks})
            transaction.put(sample.decision(), "decision.made", PLANE)

        await store.write(decide)
        assert await store.write(lambda transaction: transaction.advance("locks")) == locks + 1
        assert store.fence("locks") == locks + 1
        with pytest.raises(Moved):
            await store.write(decide)
        changed = await keep(store, kept)
        with pytest.raises(Moved):
            await store.write(lambda transaction: transaction.require(kept))
        await store.write(lambda transaction: transaction.require(changed, fences={"locks": locks + 1}))
        assert store.count(Decision) == 1

    async def test_time_never_runs_backwards(self, store: Store, clock: HandClock) -> None:
        clock.move(60)
        first = await store.write(lambda transaction: (put(sample.task(), "task.opened", transaction), transaction.now)[1])
        clock.move(-600)
        assert await store.write(lambda transaction: transaction.now) == first
        assert store.audit()[-1].at == first

    # The log

    async def test_records_are_read_on_and_back_of_one_task_or_of_several(self, store: Store) -> None:
        for _ in range(3):
            await store.write(partial(put, sample.task(), "task.opened"))
        first, second, third = (record.task_id or "" for record in store.audit())
        assert [record.seq for record in store.audit(task_id=(first, third))] == [0, 2]
        assert [record.seq for record in store.audit_before(3, 2)] == [2, 1]
        assert [record.seq for record in store.audit_before(2, task_id=(first, second, third))] == [1, 0]
        assert store.audit_before(0) == []

    async def test_each_put_leaves_a_complete_record_and_its_leaf(self, store: Store) -> None:
        lease = sample.lease()

        def verb(transaction: Transaction) -> Lease:
            digest = transaction.keep_text("the agent's words ünd more")
            return transaction.put(
                lease, "lease.pending", OPERATOR, extra={"why": 1.5, "étage": [1e-9, 2.0]}, texts={"reason": digest}
            )

        kept = await store.write(verb)
        (record,) = store.audit()
        assert (record.seq, record.kind, record.actor, record.at) == (0, "lease.pending", OPERATOR, START)
        assert (record.object, record.object_id) == ("lease", lease.id)
        assert (record.agent_id, record.task_id) == (lease.agent_id, lease.task_id)
        assert record.body["entity"] == kept.model_dump(mode="json")
        assert record.body["why"] == 1.5
        assert store.text(record.texts["reason"]) == "the agent's words ünd more"
        assert store.leaves(0, 1) == [merkle.leaf_hash(canonical(record))]

    async def test_records_without_an_entity_join_the_log(self, store: Store) -> None:
        def verb(transaction: Transaction) -> int:
            return transaction.record(
                "identity.rejected", PLANE, object="identity", object_id="unknown", body={"code": "wrong_audience"}
            )

        await keep(store, sample.task())
        assert await store.write(verb) == 1
        assert (store.audit_size(), store.head()) == (2, 1)
        assert [record.seq for record in store.audit(kind="identity.rejected")] == [1]
        assert [record.seq for record in store.audit(after=0)] == [1]
        assert [record.seq for record in store.audit(limit=1)] == [0]
        with pytest.raises(ValueError, match="body"):
            store.audit(body="x")

    async def test_the_tree_of_a_transaction_is_over_every_record(self, store: Store) -> None:
        for _ in range(7):
            await keep(store, sample.task())
        tree = await store.write(lambda transaction: transaction.tree())
        assert (tree.size, tree.peaks) == (7, merkle.peaks_of(store.leaves(0, 7)))

    async def test_checkpoints_are_kept_newest_first_and_only_of_the_log_as_it_stands(self, store: Store) -> None:
        def take(transaction: Transaction) -> Checkpoint:
            tree = transaction.tree()
            made = Checkpoint(
                size=tree.size,
                root=merkle.root(tree.peaks).hex(),
                peaks=tuple(peak.hex() for peak in tree.peaks),
                at=transaction.now,
                log=tree.log,
            )
            transaction.save_checkpoint(made)
            return made

        await keep(store, sample.task())
        first = await store.write(take)
        await keep(store, sample.task())
        second = await store.write(take)
        assert store.checkpoints() == [second, first]
        assert store.checkpoints(1) == [second]
        with pytest.raises(ValueError, match="checkpoint"):
            await store.write(lambda transaction: transaction.save_checkpoint(first))

    async def test_text_is_erased_and_its_digest_stays(self, store: Store) -> None:
        def verb(transaction: Transaction) -> str:
            digest = transaction.keep_text("secret plans")
            transaction.put(sample.task(), "task.opened", PLANE, texts={"intent": digest})
            return digest

        digest = await store.write(verb)
        other = await store.write(lambda transaction: transaction.keep_text("secret plans"))
        assert digest != other
        assert await store.write(lambda transaction: transaction.erase_text(digest))
        assert not await store.write(lambda transaction: transaction.erase_text(digest))
        assert store.text(digest) is None
        assert store.text(other) == "secret plans"
        assert store.audit()[0].texts == {"intent": digest}
