"""Keys of one's own: conflicts are told, the way out stays."""

import pytest

from console.tui.ui.actions import ACTIONS, TABLE_KEYS
from console.tui.ui.keymap import FIXED, canonical, keymap_of, shown_key
from tests.tui.ui.driver import console, populated


def test_without_overrides_every_action_has_its_own_key() -> None:
    keymap = keymap_of({})
    used = [key for key in keymap.keys.values() if key]
    assert len(used) == len(set(used))
    assert {one.id for one in ACTIONS} | {id for id, _, _ in TABLE_KEYS} == set(keymap.keys)


@pytest.mark.parametrize("id", FIXED)
def test_the_way_out_cannot_be_moved(id: str) -> None:
    keymap = keymap_of({id: "ctrl+x"})
    assert not keymap.overrides
    assert "way out" in keymap.faults[0]


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({"contain": "a"}, "is the key of approve already"),
        ({"contain": "ctrl+c"}, "ctrl+c cannot be taken: it is the shell's interrupt; contain keeps K"),
        ({"no-such": "x"}, "there is no action no-such"),
        ({"contain": "j"}, "j is the key of table.down (down) already; contain keeps K"),
        ({"contain": "ctrl+b"}, "tmux's prefix"),
        ({"contain": "ctrl+a"}, "screen's prefix"),
        ({"contain": "Ctrl+Z"}, "the shell's suspend"),
        ({"contain": "y", "copy": "ctrl+y"}, "y confirms a sheet"),
        ({"contain": "*"}, "* is the key of table.mark-all (mark all that is shown) already"),
        ({"table.down": "K"}, "K is the key of contain already; table.down (down) keeps j"),
        ({"contain": "ctrl+x", "approve": "ctrl+x"}, "is the key of contain already"),
    ],
)
def test_what_cannot_be_is_left_out_and_told(wanted: dict[str, str], fault: str) -> None:
    keymap = keymap_of(wanted)
    assert fault in " ".join(keymap.faults)
    used = [key for key in keymap.keys.values() if key]
    assert len(used) == len(set(used))


def test_two_keys_can_be_exchanged() -> None:
    keymap = keymap_of({"approve": "r", "reject": "a"})
    assert not keymap.faults
    assert (keymap.keys["approve"], keymap.keys["reject"]) == ("r", "a")


def test_an_exchange_that_fails_halfway_leaves_both_where_they_were() -> None:
    keymap = keymap_of({"approve": "r", "reject": "ctrl+c"})
    assert (keymap.keys["approve"], keymap.keys["reject"]) == ("a", "r")
    assert not keymap.overrides


@pytest.mark.parametrize(
    ("one", "other"), [("*", "asterisk"), ("Ctrl+X", "ctrl+x"), ("esc", "escape"), ("F5", "f5"), ("+", "plus")]
)
def test_one_key_has_one_name(one: str, other: str) -> None:
    assert canonical(one) == canonical(other) == other


def test_a_key_of_the_table_can_be_moved_and_is_shown_as_written() -> None:
    keymap = keymap_of({"table.mark-all": "ctrl+x", "contain": "*"})
    assert not keymap.faults
    assert keymap.keys["contain"] == "asterisk"
    assert shown_key(keymap.keys["contain"]) == "*"


async def test_the_worst_keymap_leaves_every_way_out() -> None:
    wanted = {one.id: "ctrl+c" for one in ACTIONS} | {id: "escape" for id, _, _ in TABLE_KEYS}
    async with console(populated(), keymap=wanted) as driver:
        await driver.press("?")
        await driver.shown("help")
        await driver.press("escape")
        await driver.until(lambda: len(driver.app.screen_stack) == 1)
        await driver.press(":")
        await driver.type("quit")
        await driver.press("enter")
        await driver.until(lambda: not driver.app.is_running, ":quit did not leave")


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_keys_are_shown_and_answer_as_they_were_mapped(size: tuple[int, int]) -> None:
    async with console(populated(), size, keymap={"contain": "f6", "sort": "*", "table.mark-all": "ctrl+x"}) as driver:
        await driver.shown("f6 contain")
        await driver.press("K")
        assert driver.sheet is None
        await driver.press("*")
        await driver.shown("sort by")
        await driver.press("escape")
        await driver.until(lambda: len(driver.app.screen_stack) == 1)
        await driver.press("ctrl+x")
        assert driver.app.pane.table is not None
        assert len(driver.app.pane.table.marks) == 3
        await driver.press("f6")
        await driver.open_sheet()
