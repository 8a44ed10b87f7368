"""What the keys do that sends nothing: move between views, filter, sort, choose, copy, write out, help.

Owns nothing; every function takes the console. Acts are in `flows`; `HANDLERS` joins both to the registry.
"""

import json
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from console.tui.present.spans import Line, Span, Tone
from console.tui.present.words import BLANK, muted, said, text
from console.tui.rows import moment
from console.tui.ui.actions import ACTIONS, TABLE_KEYS, VIEWS
from console.tui.ui.commands import VIEW_NAMES
from console.tui.ui.fetched import ControlsPane, FetchedPane
from console.tui.ui.frame import key_word
from console.tui.ui.screens.picker import Entry, Picker, among
from console.tui.ui.writing import as_csv, as_json, write_file

if TYPE_CHECKING:
    from console.tui.ui.app import Console

_CLIPBOARD = 100_000


def sort(console: "Console", column: str = "") -> None:
    """Sort by a column: rising, falling, and a third time not at all."""
    pane = console.pane
    if not pane.sortable():
        console.refuse("This view has an order of its own.")
    elif column:
        _sort_by(console, column)
    else:
        entries = [Entry(one.key, one.title, _order_words(console, one.key)) for one in pane.sortable()]
        console.push_screen(Picker("sort by", among(entries), lambda key: _sort_by(console, key)))


def _order_words(console: "Console", key: str) -> str:
    now = console.pane.sorting
    if now is None or now[0] != key:
        return ""
    return "falling; again clears it" if now[1] else "rising; again turns it round"


def _sort_by(console: "Console", key: str) -> None:
    pane = console.pane
    if key not in {one.key for one in pane.sortable()}:
        console.refuse("This view cannot be sorted by that.")
        return
    if pane.sorting is None or pane.sorting[0] != key:
        pane.sorting = (key, False)
    else:
        pane.sorting = None if pane.sorting[1] else (key, True)
    if pane.table is not None:
        pane.table.show_sorting(pane.sorting[0] if pane.sorting else None, descending=bool(pane.sorting and pane.sorting[1]))
    console.rearrange()


def columns(console: "Console", _: str = "") -> None:
    """Show or hide a column."""
    pane = console.pane
    if not pane.columns or pane.table is None:
        console.refuse("This view has no columns.")
        return
    shown = pane.table.shown_columns
    words = {True: "shown", False: "hidden"}
    entries = [
        Entry(
            one.key,
            one.title,
            words[one.key not in pane.hidden] + ("" if one.key in shown or one.key in pane.hidden else "; no room for it now"),
        )
        for one in pane.columns
    ]

    def turn(key: str) -> None:
        pane.hidden = pane.hidden ^ {key}
        if len(pane.hidden) == len(pane.columns):
            pane.hidden = frozenset()
        if pane.table is not None:
            pane.table.show_columns(pane.hidden)

    console.push_screen(Picker("columns: enter shows or hides one", among(entries), turn))


def theme(console: "Console", name: str = "") -> None:
    """Choose a theme."""
    if name:
        console.wear(name)
        return
    entries = [Entry(one, one, "worn now" if one == console.theme else "") for one in console.palettes]
    console.push_screen(Picker("theme", among(entries), console.wear))


def palette(console: "Console", _: str = "") -> None:
    """Search every action, view and live object."""
    pane, keys = console.pane, console.keymap.keys
    entries = [
        Entry(f"!{one.id}", one.word, one.help, key_word(keys.get(one.id, "")), _alive(console, one.act))
        for one in ACTIONS
        if one.offered(pane.name) and not one.id.startswith("view.")
    ]
    entries += [Entry(f"!view.{name}", title, f"view {title}", digit) for name, digit, title in VIEWS]

    def find(typed: str) -> list[Entry]:
        found = list(among(entries)(typed))
        if len(typed) >= 2:
            found += _objects(console, typed)
        return found

    def take(value: str) -> None:
        if value.startswith("!"):
            console.action_perform(value[1:])
        else:
            view, _, id = value.partition(" ")
            console.open_view(view, key=id)

    console.push_screen(Picker("palette", find, take))


def _objects(console: "Console", typed: str, most: int = 30) -> list[Entry]:
    source, words = console.world.source, typed.split()
    found: list[Entry] = []
    for view, rows in (
        ("agents", source.agents.rows),
        ("approvals", source.approvals.rows),
        ("tasks", source.tasks.rows),
        ("leases", source.leases.rows),
        ("grants", source.grants.rows),
    ):
        for id, row in rows.items():
            subject = console.panes[view].subject(id)
            label = subject.label if subject is not None else id
            if all(word in f"{view} {label} {id}".lower() for word in words):
                found.append(Entry(f"{view} {id}", label, f"{view[:-1]} {row.state}"))
                if len(found) >= most:
                    return found
    return found


def _alive(console: "Console", act: str) -> bool:
    return not act or console.world.check(act) is None


def arm(console: "Console", _: str = "") -> None:
    """Arm, or be SAFE."""
    words = console.world.turn_arming()
    console.say(Span(words, Tone.WARN if words.startswith("ARMED") else Tone.INFO, strong=True))
    console.repaint()


def pause(console: "Console", _: str = "") -> None:
    """Hold the display still, or let it go on."""
    console.paused = not console.paused
    if console.paused:
        console.say(Span("PAUSED: the display holds still; p goes on. What happens is still taken in.", Tone.WARN))
    else:
        console.say(muted("The display goes on."))
        console.rearrange()
    console.repaint()


def mute(console: "Console", _: str = "") -> None:
    """Mute the bell, or unmute it."""
    console.attention.muted = not console.attention.muted
    console.say(muted("The bell is muted." if console.attention.muted else "The bell rings for critical requests."))
    console.repaint()


def reread(console: "Console", _: str = "") -> None:
    """Read again what is fetched; elsewhere try the plane again now."""
    if isinstance(console.pane, FetchedPane):
        console.load(console.pane)
        console.say(muted("Reading it again."))
    else:
        console.world.reconnect()
        console.say(muted("Live already." if console.world.live else "Trying the plane again now."))


def copy_id(console: "Console", _: str = "") -> None:
    """Copy the whole id of the row."""
    key = console.pane.cursor
    subject = console.pane.subject(key)
    _copy(console, subject.id if subject is not None else key or "", "the id")


def copy_record(console: "Console", _: str = "") -> None:
    """Copy the row as JSON."""
    key = console.pane.cursor
    _copy(console, json.dumps(console.pane.record(key), indent=2, ensure_ascii=True) if key else "", "the row as JSON")


def _copy(console: "Console", words: str, what: str) -> None:
    if not words:
        console.refuse("No row is under the cursor.")
    elif len(words) > _CLIPBOARD:
        console.refuse("This is too large for the clipboard; o writes it out.")
    else:
        console.copy_to_clipboard(words)
        console.say(
            Span("Copied ", Tone.OK),
            text(f"{what}: "),
            muted(" ".join(words.split())[:60]),
            muted("   through the terminal (OSC 52); one that forbids it has not taken it"),
        )


def write(console: "Console", suffix: str = "") -> None:
    """Write what is shown to a file."""
    pane, folder = console.pane, console.world.options.state_folder
    if folder is None:
        console.refuse("No folder is known to write to.")
        return
    if not pane.keys:
        console.refuse("Nothing is shown that could be written out.")
        return
    rows = pane.rows()
    if suffix == "json":
        words = as_json([pane.record(key) for key in pane.keys])
    else:
        suffix = "csv"
        words = as_csv([one.title for one in pane.columns], [rows.cells(key) for key in list(pane.keys)])
    try:
        path = write_file(folder / "written", pane.name, moment(console.world.times.wall()), suffix, words)
    except OSError as error:
        console.refuse(f"It could not be written: {error.strerror or error}.")
        return
    console.say(Span("Written ", Tone.OK), text(f"{len(pane.keys)} rows to {path}"), stay=True)


def show_log(console: "Console", _: str = "") -> None:
    """Show what this console has sent."""
    console.reading("command log", console.log_lines(), console.log_lines)


def help_for_view(console: "Console", _: str = "") -> None:
    """Help for this view, written from the registry."""
    pane, keys = console.pane, console.keymap.keys
    lines: list[Line] = []
    for group, title in (("acts", "ACTS"), ("find", "FIND"), ("show", "SHOW"), ("take out", "TAKE OUT"), ("move", "MOVE")):
        offered = [one for one in ACTIONS if one.group == group and one.offered(pane.name)]
        for number, one in enumerate(offered):
            tone = Tone.DANGER if one.takes else Tone.BRASS
            refusal = console.world.check(one.act) if one.act else None
            spans = [Span(f"{key_word(keys.get(one.id, '')) or 'enter':<8}", tone, strong=True), text(one.help)]
            if refusal is not None:
                why = "after !" if refusal.text.startswith("SAFE") else f"not now: {refusal.text}"
                spans.append(Span(f"   {why}", Tone.WARN if why == "after !" else Tone.MUTED))
            lines.append(Line(tuple(spans), label="" if number else title, hang=bool(number), indent=8))
    for number, (_, key, words) in enumerate(TABLE_KEYS):
        lines.append(
            Line((Span(f"{key:<8}", Tone.BRASS, strong=True), text(words)), label="" if number else "TABLE", hang=bool(number))
        )
    lines += [
        BLANK,
        said("SIGNS", muted("▲▲ critical   ▲ high   ■ medium   · low   ● lives   ◆ on its way   ✓ settled   ✗ refused")),
    ]
    if pane.fields:
        lines.append(said("FIELDS", muted(" ".join(f"{name}:" for name in pane.fields))))
    lines += [said("KEYMAP", Span(fault, Tone.WARN)) for fault in console.keymap.faults]
    console.reading(f"help: {pane.title}", lines)


def turn(console: "Console", _: str = "") -> None:
    """Turn between leases and grants."""
    console.open_view("grants" if console.pane.name == "leases" else "leases")


def open_row(console: "Console", _: str = "") -> None:
    """Open the row under the cursor."""
    pane, key = console.pane, console.pane.cursor
    if pane.name == "frameworks" and key is not None and not key.startswith("asked-"):
        controls = console.panes["controls"]
        if isinstance(controls, ControlsPane):
            controls.choose(key)
        console.open_view("controls")
    elif key is not None:
        console.open_detail()


def go_to(name: str) -> Callable[["Console", str], None]:
    """A key that opens a view."""
    return lambda console, filter: console.open_view(name, filter if filter else None)


def flow(module: str, name: str) -> Callable[["Console", str], None]:
    """A key that begins a flow. The flow's module, with its models and sheets, loads when its key is first pressed."""

    def begin(console: "Console", _: str) -> None:
        getattr(import_module(f"console.tui.ui.flows.{module}"), name)(console)

    return begin


HANDLERS: dict[str, Callable[["Console", str], None]] = {
    "approve": flow("reviews", "approve"),
    "reject": flow("reviews", "reject"),
    "narrow": flow("reviews", "narrow_down"),
    "grant": flow("granting", "grant"),
    "revoke": flow("taking", "revoke"),
    "contain": flow("taking", "contain"),
    "release": flow("taking", "release"),
    "stop": flow("taking", "stop"),
    "retry": flow("taking", "retry"),
    "undo": flow("undoing", "undo"),
    "arm": arm,
    "open": open_row,
    "turn": turn,
    "back": lambda console, _: console.go_up(),
    "last": lambda console, _: console.go_last(),
    "earlier": lambda console, _: console.go_along(-1),
    "later": lambda console, _: console.go_along(1),
    **{f"view.{name}": go_to(name) for name in VIEW_NAMES if name != "grants"},
    "filter": lambda console, _: console.begin_filter(),
    "command": lambda console, _: console.begin_command(),
    "palette": palette,
    "sort": sort,
    "columns": columns,
    "pause": pause,
    "reread": reread,
    "theme": theme,
    "mute": mute,
    "copy": copy_id,
    "copy-record": copy_record,
    "write": write,
    "log": show_log,
    "help": help_for_view,
    "quit": lambda console, _: console.exit(),
}
