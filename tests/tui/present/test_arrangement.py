"""The order that is kept from change to change is the order that a look at everything would take."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.events import SnapshotHead
from console.model.filter_grammar import parse_filter
from console.model.leases import LeaseState
from console.tui.present.views import leases
from console.tui.present.views.arrangement import Arrangement
from console.tui.present.views.ranking import BLOCK, Ranking
from console.tui.present.views.view import ViewRows, arrange
from console.tui.state.mirror import Mirror
from tests.tui.state.plane_in_memory import NOW, PlaneInMemory, an_id, lease

AT = NOW.timestamp()
FILTERS = ("", "agent:executor-1", "state:revoked", "id:ls_*", "expires:<1m", "rows:>2 or customers", "not state:active")
SORTINGS = (None, ("rows", False), ("agent", True), ("exposure", True), ("scope", False))

_changes = st.lists(
    st.builds(
        lambda number, state, seconds, rows, agent: lease(
            number,
            state=state,
            expires_at=NOW + timedelta(seconds=seconds),
            ended_at=None if state in ("active", "pending", "revoking", "irrevocable") else NOW + timedelta(seconds=seconds),
            rows=rows,
            agent_name=agent,
        ),
        st.integers(1, 12),
        st.sampled_from(list(LeaseState)),
        st.integers(-200, 200),
        st.integers(0, 5),
        st.sampled_from(["executor-1", "executor-2"]),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(
    _changes, _changes, st.sampled_from(FILTERS), st.sampled_from(SORTINGS), st.lists(st.integers(1, 6)), st.integers(0, 300)
)
def test_any_changes_in_any_steps_give_the_order_of_a_look_at_everything(
    before: list[Any], after: list[Any], text: str, sorting: Any, steps: list[int], later: int
) -> None:
    plane, mirror = PlaneInMemory(), Mirror(lambda text: text)
    mirror.load(SnapshotHead(cursor=0, at=NOW, rows={}), ())
    for entity in before:
        mirror.apply(plane.put(entity))
    node = parse_filter(text, leases.VIEW.fields) if text else None
    kept = Arrangement(leases.VIEW, mirror.tables, node, sorting)
    waiting = iter(steps)
    for entity in after:
        kept.step(AT, next(waiting, 1))
        mirror.apply(plane.put(entity))
        kept.hear([entity.id])
        mirror.tables  # noqa: B018 - looked at, so that what was heard of is in it
    while not kept.step(AT, 3):
        pass
    assert list(kept.keys) == arrange(leases.VIEW, mirror.tables, AT, node, sorting)
    kept.pass_time(sweep=True)
    while not kept.step(AT + later, 3):
        pass
    assert list(kept.keys) == arrange(leases.VIEW, mirror.tables, AT + later, node, sorting)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.one_of(st.none(), st.integers(0, 9))), max_size=40))
def test_a_ranking_is_sorted_and_what_was_read_of_it_never_changes(changes: list[tuple[str, int | None]]) -> None:
    ranking, wanted, read = Ranking(), {}, []
    for id, rank in changes:
        if rank is None:
            assert ranking.drop(id) == (wanted.pop(id, None) is not None)
        else:
            assert ranking.put(id, (rank, id)) == (wanted.get(id) != (rank, id))
            wanted[id] = (rank, id)
        expected = [place[-1] for place in sorted(wanted.values())]
        keys = ranking.keys
        read.append((keys, expected))
        assert list(keys) == expected == [keys[at] for at in range(len(keys))]
        assert ranking.after((5,)) == next((one for one in sorted(wanted.values()) if one >= (5,)), None)
    for keys, expected in read:
        assert keys[:] == expected
        assert [keys.find(one) for one in "abcdef"] == [expected.index(one) if one in expected else -1 for one in "abcdef"]


def test_blocks_are_cut_and_go_and_nothing_is_lost() -> None:
    ranking = Ranking()
    ids = [f"{number * 7919 % 5003:05}" for number in range(5003)]
    for id in ids:
        ranking.put(id, (id,))
    whole = ranking.keys
    assert list(whole) == sorted(ids)
    assert whole[2 * BLOCK - 3 : 2 * BLOCK + 3] == sorted(ids)[2 * BLOCK - 3 : 2 * BLOCK + 3]
    assert whole[::1000] == sorted(ids)[::1000]
    assert all(whole[whole.find(id)] == id for id in ids)
    for id in ids[:5000]:
        ranking.drop(id)
    assert list(ranking.keys) == sorted(ids[5000:])
    assert list(whole) == sorted(ids)


def test_a_long_list_is_taken_in_steps_while_the_old_order_is_shown() -> None:
    plane, mirror = PlaneInMemory(), Mirror(lambda text: text)
    mirror.load(SnapshotHead(cursor=0, at=NOW, rows={}), ())
    for number in range(300):
        mirror.apply(plane.put(lease(number, rows=number % 3)))
    rows = ViewRows(leases.VIEW, mirror.tables, lambda: AT)
    rows.rearrange()
    before = rows.keys
    rows.arrange(parse_filter("rows:>1", leases.VIEW.fields), None)
    assert not rows.step(100)
    assert rows.keys is before
    mirror.apply(plane.put(lease(2, rows=0)))
    rows.hear({"leases": {an_id("ls", 2)}})
    mirror.tables  # noqa: B018 - looked at, so that what was heard of is in it
    while not rows.step(100):
        pass
    assert set(rows.keys) == {an_id("ls", number) for number in range(300) if number % 3 == 2 and number != 2}


def test_a_filter_shows_of_what_has_ended_only_what_it_asks_for() -> None:
    plane, mirror = PlaneInMemory(), Mirror(lambda text: text)
    mirror.load(SnapshotHead(cursor=0, at=NOW, rows={}), ())
    gone = lease(2, state=LeaseState.REVOKED, ended_at=NOW - timedelta(hours=1))
    for one in (lease(1), gone, lease(3, state=LeaseState.REVOKED, ended_at=NOW)):
        mirror.apply(plane.put(one))

    def shown(text: str) -> set[str]:
        return set(arrange(leases.VIEW, mirror.tables, AT, parse_filter(text, leases.VIEW.fields)))

    assert shown("agent:executor-1") == {lease(1).id, lease(3).id}, "what the view shows unfiltered"
    assert shown("state:revoked") == {lease(3).id, gone.id}
    assert shown(f"id:{gone.id}") == {gone.id}
