"""The mirror: whatever happens to the feed, it ends up believing what the plane knows."""

import json
import tracemalloc
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.client.feed import Event, SnapshotHead, SnapshotRow
from console.model.grants import GrantState
from console.model.leases import LeaseState
from console.model.locks import Lock
from console.tui.present.inert import inert
from console.tui.state.mirror import KEPT, NEAREST, Mirror, NeedsResync
from tests.tui.state.plane_in_memory import NOW, PlaneInMemory, agent, an_id, approval, grant, lease, task


def new_mirror() -> Mirror:
    return Mirror(lambda text: inert(text).text)


def load(mirror: Mirror, plane: PlaneInMemory) -> None:
    rows = [SnapshotRow(collection=one.collection, body=json.loads(one.model_dump_json())) for one in plane.entities.values()]
    mirror.load(SnapshotHead(cursor=plane.cursor, at=NOW, rows={}), rows)


def believes(mirror: Mirror) -> object:
    """All rows and all indexes, as sets."""
    tables = mirror.tables
    names = ("agents", "tasks", "leases", "approvals", "grants", "locks")
    return {
        name: (
            tables.table(name).rows,
            {index: {value: set(ids) for value, ids in by.items()} for index, by in tables.table(name).by.items()},
        )
        for name in names
    }


_entities = st.one_of(
    st.builds(lambda n, s: lease(n, state=s), st.integers(1, 4), st.sampled_from(list(LeaseState))),
    st.builds(lambda n, a: lease(n, agent_id=an_id("ag", a)), st.integers(1, 4), st.integers(1, 3)),
    st.builds(task, st.integers(1, 3)),
    st.builds(lambda n: task(n + 10, parent=task(n)), st.integers(1, 3)),
    st.builds(lambda n, s: approval(n, score=s), st.integers(1, 3), st.integers(0, 100)),
    st.builds(agent, st.integers(1, 3)),
    st.builds(grant, st.integers(1, 3)),
)


@settings(deadline=None)
@given(st.lists(_entities, max_size=20), st.integers(0, 20), st.data())
def test_any_interleaving_gap_duplicate_and_order_converges(changes: list, taken_at: int, data: st.DataObject) -> None:  # type: ignore[type-arg]
    plane, mirror = PlaneInMemory(), new_mirror()
    for entity in changes[:taken_at]:
        plane.put(entity)
    load(mirror, plane)
    for entity in changes[taken_at:]:
        plane.put(entity)
    if plane.events_sent:
        delivered = data.draw(st.lists(st.sampled_from(plane.events_sent), max_size=40))
        for event in delivered:
            before = mirror.cursor
            try:
                news = mirror.apply(event)
            except NeedsResync:
                assert event.cursor > before + 1
                load(mirror, plane)
            else:
                assert news == (event.cursor > before)
    for event in plane.events_sent:
        mirror.apply(event)
    wanted = new_mirror()
    load(wanted, plane)
    assert mirror.cursor == plane.cursor
    assert believes(mirror) == believes(wanted)
    assert mirror.tables.next_expiry() == wanted.tables.next_expiry()


def test_nothing_is_applied_before_a_snapshot() -> None:
    plane, mirror = PlaneInMemory(), new_mirror()
    event = plane.put(agent())
    with pytest.raises(NeedsResync):
        mirror.apply(event)


def test_a_batch_names_what_changed_and_starts_anew() -> None:
    plane, mirror = PlaneInMemory(), new_mirror()
    load(mirror, plane)
    assert mirror.take_changes().reset
    mirror.apply(plane.put(approval(1), "approval.requested"))
    mirror.apply(plane.put(lease(1)))
    changes = mirror.take_changes()
    assert changes.dirty == {"approvals": {approval(1).id}, "leases": {lease(1).id}}
    assert changes.kinds == [("approval.requested", approval(1).id)]
    assert not mirror.take_changes()


def test_text_from_outside_is_inert_at_ingest() -> None:
    plane, mirror = PlaneInMemory(), new_mirror()
    load(mirror, plane)
    mirror.apply(plane.put(task(1, end_reason="done\x1b]52;c;eA==\x07\u202e")))
    mirror.apply(plane.put(approval(1, end_reason="a\u200bb")))
    assert mirror.tables.tasks.get(task(1).id).end_reason == "done␛]52;c;eA==␇␣U+202E"  # type: ignore[union-attr]
    assert mirror.tables.approvals.get(approval(1).id).entity.end_reason == "a␣U+200Bb"  # type: ignore[union-attr]


def test_an_unknown_collection_and_an_unreadable_entity_are_passed_over_and_counted() -> None:
    plane, mirror = PlaneInMemory(), new_mirror()
    load(mirror, plane)
    assert mirror.apply(Event(cursor=1, at=NOW, kind="x.y", collection="novelties", id="x", body={})) is False
    assert mirror.apply(Event(cursor=2, at=NOW, kind="lease.active", collection="leases", id="x", body={"id": 7}))
    assert (mirror.cursor, mirror.unreadable) == (2, 1)


def test_locks_standing_are_found_by_their_target() -> None:
    plane, mirror = PlaneInMemory(), new_mirror()
    load(mirror, plane)
    lock = Lock(
        id=an_id("lk", 1),
        target="agent",
        target_id=agent().id,
        cause=an_id("lk", 1),
        agent_id=agent().id,
        reason="odd reads",
        placed_at=NOW,
        placed_by="rosa",
    )
    mirror.apply(plane.put(lock))
    assert [row.id for row in mirror.tables.locks.of("standing", agent().id)] == [lock.id]
    mirror.apply(plane.put(lock.model_copy(update={"active": False})))
    assert mirror.tables.locks.of("standing", agent().id) == []


def test_ended_rows_leave_oldest_first_and_are_told_of() -> None:
    plane, mirror = PlaneInMemory(), new_mirror()
    load(mirror, plane)
    first = grant(0, state=GrantState.EXPIRED)
    mirror.apply(plane.put(first))
    mirror.take_changes()
    for number in range(1, KEPT["grants"] + 1):
        mirror.apply(plane.put(grant(number, state=GrantState.EXPIRED)))
    assert mirror.tables.grants.get(first.id) is None
    assert len(mirror.tables.grants) == KEPT["grants"]
    assert first.id in mirror.take_changes().dirty["grants"]


def test_the_next_expiry_is_of_a_live_lease() -> None:
    plane, mirror = PlaneInMemory(), new_mirror()
    load(mirror, plane)
    for number in (1, 2, 3):
        mirror.apply(plane.put(lease(number, expires_at=NOW + timedelta(seconds=number))))
    mirror.apply(plane.put(lease(1, state=LeaseState.REVOKED)))
    assert mirror.tables.next_expiry() == NOW.timestamp() + 2


def test_ten_thousand_leases_stay_small() -> None:
    bodies = []
    for number in range(10_000):
        body = json.loads(lease(1).model_dump_json())
        body |= {"id": an_id("ls", number), "decision_id": an_id("dc", number), "task_id": an_id("tk", number // 3)}
        bodies.append(json.dumps(body))
    mirror = new_mirror()
    tracemalloc.start()
    try:
        mirror.load(
            SnapshotHead(cursor=1, at=NOW, rows={}), (SnapshotRow(collection="leases", body=json.loads(one)) for one in bodies)
        )
        size = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(mirror.tables.leases) == 10_000
    assert size < 12_000_000, f"{size / 10_000:.0f} bytes a lease"


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["used", "rows", "renewed", "revoking", "look"])), max_size=20))
def test_uses_between_other_changes_and_looks_are_taken_over_exactly(happenings: list[tuple[int, str]]) -> None:
    plane, mirror = PlaneInMemory(), new_mirror()
    leases = {number: lease(number) for number in (1, 2)}
    for one in leases.values():
        plane.put(one)
    load(mirror, plane)
    leases[3] = lease(3)
    for number, what in happenings:
        one = leases[number]
        if what == "look":
            assert mirror.tables.leases.count("state", "active") <= 3
            continue
        changes: dict[str, object] = {
            "used": {"uses": one.uses + 1, "last_used_at": NOW + timedelta(seconds=one.version)},
            "rows": {"rows": one.rows + 7},
            "renewed": {"renewals": one.renewals + 1, "expires_at": one.expires_at + timedelta(seconds=9)},
            "revoking": {"state": LeaseState.REVOKING, "revoke_reason": "enough"},
        }[what]
        leases[number] = one = one.model_copy(update={"version": one.version + 1, **changes})
        mirror.apply(plane.put(one, "lease.used" if what in ("used", "rows") else f"lease.{what}"))
    wanted = new_mirror()
    load(wanted, plane)
    assert believes(mirror) == believes(wanted)
    assert mirror.tables.next_expiry() == wanted.tables.next_expiry()


def test_the_next_expiry_is_found_again_when_the_nearest_have_gone() -> None:
    plane, mirror = PlaneInMemory(), new_mirror()
    load(mirror, plane)
    assert mirror.tables.next_expiry() is None
    count = NEAREST + 5
    for number in range(count):
        mirror.apply(plane.put(lease(number, expires_at=NOW + timedelta(seconds=number))))
    assert mirror.tables.next_expiry() == NOW.timestamp()
    for number in range(count - 2):
        mirror.apply(plane.put(lease(number, state=LeaseState.REVOKED)))
    assert mirror.tables.next_expiry() == NOW.timestamp() + count - 2
    mirror.apply(plane.put(lease(0, expires_at=NOW + timedelta(seconds=1))))
    assert mirror.tables.next_expiry() == NOW.timestamp() + 1
