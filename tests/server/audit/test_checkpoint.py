"""Checkpoints are taken by count and by time, recorded, and not taken for their own sake; proofs and exports of the log."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.model.canonical import canonical
from console.model.decisions import Outcome
from console.model.problems import ProblemError
from console.server.audit.checkpoint import PeriodicCheckpoints, is_signed, take
from console.server.audit.export import jsonl, ocsf
from console.server.audit.log import inclusion_proof, proves, records
from console.server.ports import Transaction
from console.server.store.sqlite import SqliteStore
from tests.server.audit.signing import TestSigner
from tests.server.store import sample
from tests.server.store.sample import OPERATOR, PLANE, HandClock


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path, HandClock())
    yield opened
    await opened.close()


async def open_tasks(store: SqliteStore, count: int) -> None:
    for _ in range(count):
        await store.write(lambda transaction: transaction.put(sample.task(), "task.opened", PLANE))


async def audit_grows_to(store: SqliteStore, size: int) -> None:
    async with asyncio.timeout(10):
        while store.audit_size() < size:  # noqa: ASYNC110 (nothing tells of a record without an event)
            await asyncio.sleep(0.001)


async def test_a_checkpoint_is_kept_signed_and_recorded(store: SqliteStore) -> None:
    signer = TestSigner()
    await open_tasks(store, 3)
    checkpoint = await take(store, signer)
    assert (checkpoint.size, store.checkpoints()) == (3, [checkpoint])
    assert is_signed(checkpoint, signer.verify)
    record = store.audit()[-1]
    assert (record.kind, record.body) == ("audit.checkpoint", {"checkpoint": checkpoint.model_dump(mode="json")})


async def test_checkpoints_come_after_so_many_records(store: SqliteStore) -> None:
    running = asyncio.create_task(PeriodicCheckpoints(store, TestSigner(), every_records=4, every_seconds=3600).run())
    await asyncio.sleep(0)
    await open_tasks(store, 3)
    assert store.checkpoints() == []
    await open_tasks(store, 1)
    await audit_grows_to(store, 5)
    await open_tasks(store, 4)
    await audit_grows_to(store, 10)
    assert [checkpoint.size for checkpoint in store.checkpoints()] == [9, 4]
    running.cancel()
    await asyncio.wait([running])


async def test_checkpoints_come_after_so_many_seconds_and_never_for_their_own_record(store: SqliteStore) -> None:
    await open_tasks(store, 1)
    periodic = PeriodicCheckpoints(store, TestSigner(), every_seconds=0.001)
    running = asyncio.create_task(periodic.run())
    await audit_grows_to(store, 2)
    await open_tasks(store, 1)
    await audit_grows_to(store, 4)
    assert [checkpoint.size for checkpoint in store.checkpoints()] == [3, 1]
    assert periodic.new_records() == 0
    running.cancel()
    await asyncio.wait([running])


async def test_every_record_below_a_checkpoint_can_be_proven(store: SqliteStore) -> None:
    await open_tasks(store, 6)
    checkpoint = await take(store, TestSigner())
    await open_tasks(store, 2)
    for seq in range(6):
        proof = inclusion_proof(store, seq, checkpoint)
        assert proof.root == checkpoint.root
        assert proves(proof)
        assert not proves(proof.model_copy(update={"leaf": "00" * 32}))
        assert not proves(proof.model_copy(update={"leaf": "zz"}))
    with pytest.raises(ProblemError, match="not covered"):
        inclusion_proof(store, 6, checkpoint)


async def test_records_are_read_page_by_page(store: SqliteStore) -> None:
    def many(transaction: Transaction) -> None:
        for _ in range(2_500):
            transaction.put(sample.lock(), "lock.placed", OPERATOR)

    await store.write(many)
    await open_tasks(store, 1)
    assert [record.seq for record in records(store)] == list(range(2_501))
    assert [record.seq for record in records(store, kind="task.opened")] == [2_500]
    assert [record.seq for record in records(store, after=2_498)] == [2_499, 2_500]


async def test_exports_carry_the_whole_record(store: SqliteStore) -> None:
    denied = sample.decision(outcome=Outcome.DENY)
    for entity, kind in (
        (sample.agent(), "agent.registered"),
        (sample.lease(), "lease.active"),
        (sample.lease(), "lease.revoked"),
        (denied, "decision.made"),
    ):
        await store.write(lambda transaction, entity=entity, kind=kind: transaction.put(entity, kind, OPERATOR))  # type: ignore[misc]
    await store.write(
        lambda transaction: transaction.record("identity.rejected", PLANE, object="identity", object_id="x", body={})
    )
    kept = store.audit()
    assert [line.encode() for line in jsonl(kept)] == [canonical(record) + b"\n" for record in kept]
    events = [json.loads(line) for line in ocsf(kept, product_version="1.0")]
    assert [(event["class_uid"], event["activity_id"], event["status"]) for event in events] == [
        (3004, 1, "Success"),
        (3003, 1, "Success"),
        (3005, 2, "Success"),
        (6003, 99, "Failure"),
        (3002, 1, "Failure"),
    ]
    for event, record in zip(events, kept, strict=True):
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["time"] == int(record.at.timestamp() * 1000)
        assert event["unmapped"]["leasehold"] == record.model_dump(mode="json")
    assert events[0]["actor"]["user"]["name"] == "mara"


async def test_a_number_that_rfc_8785_does_not_take_back_is_exported_all_the_same(store: SqliteStore) -> None:
    await store.write(
        lambda transaction: transaction.record("plane.started", PLANE, object="plane", object_id="x", body={"number": 1e16})
    )
    assert json.loads("".join(jsonl(store.audit())))["body"] == {"number": 10**16}
