"""Where the cursor goes, what has changed, and four looks that cannot be mistaken for each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.tui.present.cells import Cell, Column
from console.tui.present.spans import plain
from console.tui.ui.widgets.rows import Changes, Condition, Notice, notice_lines, settle

KEYS = st.lists(st.text("abcdefgh", min_size=1, max_size=2), unique=True, max_size=12)


@given(KEYS, st.data())
def test_the_cursor_stays_with_its_id(before: list[str], data: st.DataObject) -> None:
    after = data.draw(st.permutations([*before, "zz"]))
    for index, key in enumerate(before):
        assert after[settle(before, index, key, after)] == key


@given(KEYS, KEYS)
def test_the_cursor_of_a_row_that_left_goes_to_a_neighbour(before: list[str], after: list[str]) -> None:
    for index, key in enumerate(before):
        place = settle(before, index, key, after)
        if not after:
            assert place == -1
            continue
        assert 0 <= place < len(after)
        kept = [one for one in before if one in after]
        if key not in after and kept:
            below = [one for one in before[index + 1 :] if one in after]
            above = [one for one in before[:index] if one in after]
            assert after[place] == (below[0] if below else above[-1])


def test_a_first_row_gets_the_cursor() -> None:
    assert settle((), -1, None, ("a", "b")) == 0
    assert settle(("a",), 0, "a", ()) == -1


def test_each_condition_has_a_look_of_its_own() -> None:
    looks = {condition: notice_lines(Notice(condition)) for condition in Condition}
    assert looks.pop(Condition.READY) == ()
    assert len({plain(lines[0]) for lines in looks.values()}) == len(looks)
    assert len({lines[0][0].tone for lines in looks.values()}) == len(looks)
    assert all(lines[0][0].text.strip() for lines in looks.values())


@pytest.mark.parametrize("condition", [condition for condition in Condition if condition is not Condition.READY])
def test_a_condition_says_the_words_and_the_hint_that_it_is_given(condition: Condition) -> None:
    said = " ".join(map(plain, notice_lines(Notice(condition, "in other words", "press r"))))
    assert "in other words" in said
    assert "press r" in said


def test_a_changed_cell_is_marked_for_a_second_and_a_ticking_one_never() -> None:
    time = [100.0]
    changes = Changes(lambda: time[0])
    columns = (Column("state", "STATE", 8), Column("left", "LEFT", 5, ticking=True))
    assert not changes.note("a", (Cell("active"), Cell("00:02")), (Cell("active"), Cell("00:01")), columns)
    assert changes.note("a", (Cell("active"), Cell("00:02")), (Cell("revoking"), Cell("00:01")), columns)
    assert changes.of("a") == {0}
    time[0] += 0.5
    assert changes.rest() == frozenset()
    assert changes.wait() == pytest.approx(0.5)
    time[0] += 0.6
    assert changes.rest() == {"a"}
    assert changes.of("a") == frozenset()
    assert changes.wait() is None
