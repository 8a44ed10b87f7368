"""Rows by columns: the same rows as of whole entities, and what cannot be read is counted."""

import json
from typing import Any

import pytest

from console.client.feed import SnapshotHead, SnapshotRow, SnapshotValues
from console.model.actors import PLANE
from console.model.base import Entity
from console.model.decisions import Decision
from console.model.leases import Lease, LeaseState
from console.tui.present.inert import inert
from console.tui.state.columns import COLUMNS, row_of
from console.tui.state.ingest import Ingest
from console.tui.state.mirror import Mirror
from tests.server.store import sample
from tests.tui.state.plane_in_memory import NOW, lease

ENTITIES: list[Lease | Decision] = [
    lease(1),
    lease(
        2, state=LeaseState.IRREVOCABLE, revoked_by=PLANE, revoke_requested_at=NOW, last_error="no\x1b[31m answer", attempts=3
    ),
    lease(3, grant_ids=("gr_" + "0" * 26,), max_uses=5, uses=2, max_rows=100, rows=7, last_used_at=NOW, ended_at=NOW),
    sample.decision(),
    sample.decision().model_copy(update={"determining": (), "task_id": None, "root_task_id": None}),
]


def at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name)
    return body


def told(entity: Entity) -> tuple[dict[str, Any], list[Any]]:
    """An entity as its whole body, and as the values of its columns."""
    body = json.loads(entity.model_dump_json())
    return body, [at(body, path) for path in COLUMNS[entity.collection]]


@pytest.mark.parametrize("entity", ENTITIES, ids=[f"{one.collection}-{number}" for number, one in enumerate(ENTITIES)])
def test_an_entity_makes_the_same_row_whole_and_by_columns(entity: Entity) -> None:
    ingest = Ingest(lambda text: inert(text).text)
    body, values = told(entity)
    assert row_of(ingest, entity.collection, values) == ingest.row(entity.collection, body)


def test_every_column_is_a_field_of_the_plane() -> None:
    for collection, paths in COLUMNS.items():
        shape = Lease if collection == "leases" else Decision
        for path in paths:
            name, _, rest = path.partition(".")
            field = shape.model_fields[name]
            assert not rest or rest in field.annotation.model_fields, path  # type: ignore[union-attr]


def test_a_snapshot_by_columns_is_the_same_belief() -> None:
    whole, columns = Mirror(lambda text: inert(text).text), Mirror(lambda text: inert(text).text)
    head = SnapshotHead(cursor=7, at=NOW, rows={})
    whole.load(head, [SnapshotRow(one.collection, told(one)[0]) for one in ENTITIES])
    columns.load(head, [SnapshotValues(one.collection, [told(one)[1]]) for one in ENTITIES])
    assert columns.tables.leases.rows == whole.tables.leases.rows
    assert columns.tables.decisions.rows == whole.tables.decisions.rows
    assert (columns.cursor, columns.unreadable) == (7, 0)


@pytest.mark.parametrize("collection", [*COLUMNS, "agents", "nothing"])
def test_values_that_cannot_be_read_are_counted(collection: str) -> None:
    mirror = Mirror(lambda text: inert(text).text)
    good = told(ENTITIES[0])[1]
    mirror.load(SnapshotHead(cursor=1, at=NOW, rows={}), [SnapshotValues(collection, [good[:-1], [None] * len(good), []])])
    assert mirror.unreadable == 3
    assert not mirror.tables.leases.rows
