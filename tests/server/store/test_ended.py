"""The rule for what a snapshot leaves out."""

import json
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from console.model.base import Entity
from console.model.leases import LeaseState
from console.model.tasks import Chain
from console.server.ports import Transaction
from console.server.store.ended import DECISIONS_KEPT, ended_at
from console.server.store.sqlite import SqliteStore
from tests.server.store import sample
from tests.server.store.sample import PLANE, START, HandClock

LONG_AGO = START - timedelta(days=3)


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        (sample.task(), None),
        (sample.ended_task(LONG_AGO), LONG_AGO),
        (sample.lease(), None),
        (sample.lease(state=LeaseState.REVOKING, ended_at=LONG_AGO), None),
        (sample.lease(state=LeaseState.IRREVOCABLE), None),
        (sample.lease(state=LeaseState.REVOKED, ended_at=LONG_AGO), LONG_AGO),
        (sample.lease(state=LeaseState.FAILED), START),
        (sample.lock(), None),
        (sample.lock(active=False, released_at=LONG_AGO), LONG_AGO),
        (sample.agent(), None),
        (sample.decision(), None),
    ],
)
def test_only_what_nothing_can_follow_has_ended(entity: Entity, expected: object) -> None:
    assert ended_at(entity, START) == expected


def put_all(entities: Sequence[Entity], transaction: Transaction) -> None:
    for entity in entities:
        transaction.put(entity, "sample.kept", PLANE)


async def test_each_collection_has_its_bound(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "data", HandClock())
    gone = sample.ended_task(LONG_AGO)
    stays = sample.task()
    others: tuple[Entity, ...] = (
        gone,
        stays,
        Chain(id=gone.id),
        Chain(id=stays.id),
        sample.lock(active=False, released_at=START - timedelta(hours=23)),
        sample.lock(active=False, released_at=LONG_AGO),
        sample.lock(),
        sample.agent(),
    )
    await store.write(partial(put_all, others))
    decisions = [sample.decision() for _ in range(DECISIONS_KEPT + 3)]

    await store.write(partial(put_all, decisions))
    _, counts, rows = store.snapshot(["tasks", "chains", "locks", "agents", "decisions"])
    shown = [json.loads(body)["id"] for collection, body in rows if collection == "decisions"]
    assert counts == {"tasks": 1, "chains": 1, "locks": 2, "agents": 1, "decisions": DECISIONS_KEPT}
    assert shown == [decision.id for decision in decisions[3:]]
    await store.close()
