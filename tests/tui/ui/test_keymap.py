"""Keys of one's own: conflicts are told, the way out stays."""

import pytest

from console.tui.ui.actions import ACTIONS, TABLE_KEYS
from console.tui.ui.keymap import FIXED, keymap_of


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
        ({"contain": "ctrl+c"}, "kept for the terminal"),
        ({"no-such": "x"}, "there is no action no-such"),
        ({"contain": "j"}, "is the key of table.down already"),
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
