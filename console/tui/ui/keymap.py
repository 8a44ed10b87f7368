"""Keys of one's own: overrides by stable id, checked so that a broken keymap always leaves a way out.

Owns which key an action has here and now, and which keys nobody may take, each with its reason. Loads no Textual.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from console.tui.present.inert import inert
from console.tui.ui.actions import ACTIONS, BY_ID, TABLE_KEYS

FIXED = ("back", "quit", "help", "command")
"""The way out: these keep their keys, whatever a keymap says. `ctrl+q` and `:quit` leave too."""
RESERVED = {
    "ctrl+c": "the shell's interrupt",
    "ctrl+z": "the shell's suspend",
    "ctrl+d": "the shell's end of input",
    "ctrl+s": "the terminal's stop",
    "ctrl+q": "the way out",
    "ctrl+b": "tmux's prefix",
    "ctrl+a": "screen's prefix",
    "ctrl+m": "enter to the terminal",
    "ctrl+j": "enter to the terminal",
    "ctrl+i": "tab to the terminal",
    "ctrl+h": "backspace to the terminal",
    "enter": "the table's and the sheets'",
    "escape": "the way up",
    "space": "the table's mark",
    "up": "the table's",
    "down": "the table's",
    "home": "the table's",
    "end": "the table's",
}
_SHEET = {"y": "confirms a sheet"}
"""Keys of the sheets. What opens a sheet may not have one, or the same key pressed twice would open and confirm."""
_TABLE_DEFAULTS = {
    "table.down": "j",
    "table.up": "k",
    "table.first": "g",
    "table.last": "G",
    "table.mark-range": "v",
    "table.mark-all": "asterisk",
    "table.mark": "space",
    "table.page-down": "pagedown",
    "table.page-up": "pageup",
    "table.open": "enter",
}
_NAMES = {
    "*": "asterisk",
    "-": "minus",
    "+": "plus",
    "/": "slash",
    ":": "colon",
    "?": "question_mark",
    "!": "exclamation_mark",
    ".": "full_stop",
    ",": "comma",
    ";": "semicolon",
    "[": "left_square_bracket",
    "]": "right_square_bracket",
    "#": "number_sign",
    "@": "at",
    "=": "equals_sign",
    "<": "less_than_sign",
    ">": "greater_than_sign",
    "&": "ampersand",
    "%": "percent_sign",
    "$": "dollar_sign",
    "_": "underscore",
    "~": "tilde",
    "|": "vertical_line",
    "\\": "backslash",
    "'": "apostrophe",
    '"': "quotation_mark",
    "(": "left_parenthesis",
    ")": "right_parenthesis",
    "{": "left_curly_bracket",
    "}": "right_curly_bracket",
    "^": "circumflex_accent",
    "`": "grave_accent",
    "esc": "escape",
    "return": "enter",
}
"""What a person writes, and what the terminal library calls the key: one key has one name here."""


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys in force, by action; the overrides that changed anything; and what was wrong with the others."""

    keys: Mapping[str, str]
    overrides: Mapping[str, str]
    faults: tuple[str, ...] = ()


def keymap_of(wanted: Mapping[str, str]) -> Keymap:
    """Apply overrides one after the other; one that is unknown, fixed, reserved or taken is left out and told."""
    keys = {action.id: action.key for action in ACTIONS} | _TABLE_DEFAULTS
    moving = {id for id in wanted if id in keys and id not in FIXED}
    overrides: dict[str, str] = {}
    faults: list[str] = []
    for id, written in wanted.items():
        key = canonical(written)
        why = _why_not(id, key, keys)
        held = [one for one, own in keys.items() if canonical(own) == key and one != id]
        held = [one for one in held if one not in moving or one in overrides]
        if not why and held:
            kept = shown_key(keys[id]) or "none"
            why = f"{shown_key(written)} is the key of {_named(held[0])} already; {_named(id)} keeps {kept}"
        if why:
            faults.append(f"keymap: {why}")
        else:
            keys[id] = overrides[id] = key
    # An action that should have moved and did not keeps a key that another may have taken meanwhile.
    for id in moving - set(overrides):
        for other in [one for one, own in overrides.items() if own == canonical(keys[id])]:
            keys[other] = _default(other)
            del overrides[other]
            faults.append(
                f"keymap: {shown_key(keys[id])} stays with {_named(id)}; {_named(other)} keeps {shown_key(keys[other])}"
            )
    return Keymap(keys, overrides, tuple(faults))


def canonical(key: str) -> str:
    """The one name of a key: `*` and `asterisk` are the same, and so are `Ctrl+X` and `ctrl+x`."""
    *modifiers, last = key.split("+") if len(key) > 1 and not key.endswith("+") else [key]
    # A lone letter is another one with shift; behind ctrl the terminal tells no difference.
    name = _NAMES.get(last, last if len(last) == 1 and not modifiers else last.lower())
    return "+".join((*(one.lower() for one in modifiers), name))


def _why_not(id: str, key: str, keys: Mapping[str, str]) -> str:
    name = inert(id, 40).text
    if id not in keys:
        return f"there is no action {name}"
    if id in FIXED:
        return f"{name} keeps its key, so that there is always a way out"
    if key in RESERVED:
        return f"{shown_key(key)} cannot be taken: it is {RESERVED[key]}; {_named(id)} keeps {shown_key(keys[id]) or 'none'}"
    if id in BY_ID and BY_ID[id].act and key in _SHEET:
        return f"{shown_key(key)} {_SHEET[key]}; {_named(id)} opens one and keeps {shown_key(keys[id])}"
    return ""


def _named(id: str) -> str:
    """An action by its id, with its word where that differs."""
    word = BY_ID[id].word if id in BY_ID else next((words for one, _, words in TABLE_KEYS if one == id), "")
    return id if not word or word == id else f"{id} ({word})"


def shown_key(key: str) -> str:
    """A key as a person writes it."""
    sign = next((sign for sign, name in _NAMES.items() if name == key and len(sign) == 1), key)
    return inert(sign, 20).text


def key_word(key: str) -> str:
    """A key as a person knows it."""
    return "esc" if key == "escape" else shown_key(key)


def _default(id: str) -> str:
    return BY_ID[id].key if id in BY_ID else _TABLE_DEFAULTS.get(id, "")
