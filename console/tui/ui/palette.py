"""The palette: every action, view, profile and live object, found by typing. Over the same registry as keys and `:`.

Owns how live objects are looked for: in slices, so that a hundred thousand rows never hold up a key.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from console.tui.ui.actions import ACTIONS, TITLES, VIEWS, Action
from console.tui.ui.commands import name_and_words
from console.tui.ui.keymap import key_word
from console.tui.ui.screens.picker import Entry, Picker, among

if TYPE_CHECKING:
    from console.tui.ui.app import Console

COLLECTIONS = ("agents", "approvals", "tasks", "leases", "grants")
_SLICE = 256
"""How many rows are looked at before the next key may come in between."""
_MOST = 60
_LEAST_TYPED = 2


def palette(console: "Console", _: str = "") -> None:
    """Search every action, view and live object."""
    entries = palette_entries(console)

    def take(value: str) -> None:
        if value.startswith("!"):
            id, _, argument = value[1:].partition(" ")
            console.action_perform(id, argument)
        else:
            view, _, id = value.partition(" ")
            console.open_view(view, key=id)

    console.push_screen(Picker("palette", among(entries), take, later=lambda typed: live_objects(console, typed)))


def palette_entries(console: "Console") -> list[Entry]:
    """Every action with its key and, where it is dead now, why; every view; every other profile."""
    keys = console.keymap.keys
    entries = []
    for one in ACTIONS:
        if one.id.startswith("view."):
            continue
        why = why_dead(console, one)
        entries.append(Entry(f"!{one.id}", one.word, why or one.help, key_word(keys.get(one.id, "")), enabled=not why))
    # What can be done here stands first.
    entries.sort(key=lambda one: not one.enabled)
    entries += [Entry(f"!view.{name}", title, f"view {title}", key_word(keys[f"view.{name}"])) for name, _, title in VIEWS]
    here = console.world.options.profile
    entries += [
        Entry(f"!profile {one.name}", f"profile {one.name}", one.words, enabled=True)
        for one in console.world.options.profiles
        if one.name != here
    ]
    return entries


def why_dead(console: "Console", action: Action) -> str:
    """Why a key of the registry does nothing here and now; empty where it is alive."""
    if not action.offered(console.pane.name):
        return f"only in {', '.join(TITLES[name] for name in action.views if name in TITLES)}"
    refusal = console.world.check(action.act) if action.act else None
    return "" if refusal is None else refusal.text


def live_objects(console: "Console", typed: str) -> Iterator[Sequence[Entry]]:
    """The live objects in whose words everything that is typed is found, in slices; by a whole id at once."""
    words = typed.split()
    if len(typed) < _LEAST_TYPED:
        return
    source, found = console.world.source, 0
    for collection in COLLECTIONS:
        row = source.table(collection).rows.get(typed)
        if row is not None:
            yield [_entry(console, collection, typed)]
            return
    for collection in COLLECTIONS:
        rows = source.table(collection).rows
        ids = list(rows)
        for start in range(0, len(ids), _SLICE):
            some = []
            for id in ids[start : start + _SLICE]:
                row = rows.get(id)
                if row is None:
                    continue
                name, told = name_and_words(collection, id, row)
                where = f"{collection} {name} {told} {id}".lower()
                if all(word in where for word in words):
                    some.append(_entry(console, collection, id))
            found += len(some)
            yield some
            if found >= _MOST:
                return


def _entry(console: "Console", collection: str, id: str) -> Entry:
    subject = console.panes[collection].subject(id)
    row = console.world.source.table(collection).rows[id]
    return Entry(f"{collection} {id}", subject.label if subject is not None else id, f"{collection[:-1]} {row.state}")
