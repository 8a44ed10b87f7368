"""Keys of one's own: overrides by stable id, checked so that a broken keymap always leaves a way out.

Owns which key an action has here and now. Loads no Textual.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from console.tui.present.inert import inert
from console.tui.ui.actions import ACTIONS, TABLE_KEYS

FIXED = ("back", "quit", "help", "command")
"""The way out: these keep their keys, whatever a keymap says."""
_RESERVED = {"ctrl+c", "ctrl+q", "ctrl+b", "ctrl+a", "ctrl+z", "ctrl+s", "enter", "escape", "space", "up", "down"}
_TABLE_DEFAULTS = {
    "table.down": "j",
    "table.up": "k",
    "table.first": "g",
    "table.last": "G",
    "table.mark-range": "v",
    "table.mark-all": "*",
    "table.mark": "space",
    "table.page-down": "pagedown",
    "table.page-up": "pageup",
    "table.open": "enter",
}


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys in force, by action; the overrides that changed anything; and what was wrong with the others."""

    keys: Mapping[str, str]
    overrides: Mapping[str, str]
    faults: tuple[str, ...] = ()


def keymap_of(wanted: Mapping[str, str]) -> Keymap:
    """Apply overrides one after the other; one that is unknown, fixed, reserved or taken is left out and told."""
    keys = {action.id: action.key for action in ACTIONS} | _TABLE_DEFAULTS
    known = set(keys) | {id for id, _, _ in TABLE_KEYS}
    moving = {id for id in wanted if id in known and id not in FIXED}
    overrides: dict[str, str] = {}
    faults: list[str] = []
    for id, key in wanted.items():
        name, shown = inert(id, 40).text, inert(key, 20).text
        if id not in known:
            faults.append(f"keymap: there is no action {name}")
        elif id in FIXED:
            faults.append(f"keymap: {name} keeps its key, so that there is always a way out")
        elif key in _RESERVED:
            faults.append(f"keymap: {shown} is kept for the terminal or the table; {name} keeps its key")
        else:
            held = [one for one, own in keys.items() if own == key and one != id and (one not in moving or one in overrides)]
            if held:
                faults.append(f"keymap: {shown} is the key of {held[0]} already; {name} keeps its key")
            else:
                keys[id] = overrides[id] = key
    # An action that should have moved and did not keeps a key that another may have taken meanwhile.
    for id in moving - set(overrides):
        for other in [one for one, own in overrides.items() if own == keys[id]]:
            keys[other] = _default(other)
            del overrides[other]
            faults.append(f"keymap: {keys[id]} stays with {id}; {other} keeps its key")
    return Keymap(keys, overrides, tuple(faults))


def _default(id: str) -> str:
    return next((action.key for action in ACTIONS if action.id == id), _TABLE_DEFAULTS.get(id, ""))
