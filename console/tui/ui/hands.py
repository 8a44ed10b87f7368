"""What the keys do that sends nothing: move between views, filter, sort, choose, copy, write out, help.

Owns nothing; every function takes the console. Acts are in `flows`; `HANDLERS` joins both to the registry.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from console.tui.present.spans import Span, Tone
from console.tui.present.times import STYLE
from console.tui.present.views.tasks import TaskTree
from console.tui.present.words import muted, text
from console.tui.rows import moment
from console.tui.ui.commands import VIEW_NAMES
from console.tui.ui.fetched import FetchedPane
from console.tui.ui.panes import MirrorPane
from console.tui.ui.screens.picker import Entry, Picker, among
from console.tui.ui.writing import as_csv, as_json, as_markdown, write_file

if TYPE_CHECKING:
    from console.tui.ui.app import Console


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


def columns(console: "Console", column: str = "") -> None:
    """Show or hide a column."""
    pane = console.pane
    if not pane.columns or pane.table is None:
        console.refuse("This view has no columns.")
        return
    if column:
        if column in {one.key for one in pane.columns}:
            turn_column(console, column)
        else:
            console.refuse("This view has no such column.")
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
    console.push_screen(Picker("columns: enter shows or hides one", among(entries), lambda key: turn_column(console, key)))


def turn_column(console: "Console", key: str) -> None:
    """Show a column, or hide it; where all would be hidden, all are shown."""
    pane = console.pane
    pane.hidden = pane.hidden ^ {key}
    if len(pane.hidden) == len(pane.columns):
        pane.hidden = frozenset()
    if pane.table is not None:
        pane.table.show_columns(pane.hidden)
    console.repaint()


def times(console: "Console", _: str = "") -> None:
    """Tell times as instants, or relative to now."""
    STYLE.absolute = not STYLE.absolute
    for pane in console.panes.values():
        if isinstance(pane, MirrorPane):
            pane.columns = STYLE.widened(pane.view.columns)
            if pane.table is not None:
                pane.table.columns = pane.columns
    told = "as instants (UTC)" if STYLE.absolute else "as how long ago and how soon"
    console.say(muted(f"Times are told {told}."))
    console.rearrange()
    console.repaint()


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
    report = pane.report(suffix) if isinstance(pane, FetchedPane) else None
    if report is not None:
        suffix, words = report
    elif suffix == "json":
        words = as_json([pane.record(key) for key in pane.keys])
    elif suffix == "markdown":
        suffix = "md"
        words = as_markdown([one.title for one in pane.columns], [rows.cells(key) for key in list(pane.keys)])
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


def turn(console: "Console", _: str = "") -> None:
    """Turn between leases, grants and stuck revocations."""
    console.open_view({"leases": "grants", "grants": "stuck"}.get(console.pane.name, "leases"))


def fold(console: "Console", _: str = "") -> None:
    """Fold what was delegated from the row's task, or unfold it."""
    pane = console.pane
    tree = pane.view_rows if isinstance(pane, MirrorPane) else None
    if not isinstance(tree, TaskTree) or pane.sorting is not None:
        console.refuse("Only the tree of tasks folds.")
        return
    words = tree.fold(pane.cursor)
    if words:
        console.refuse(words)
    console.rearrange()


def open_row(console: "Console", _: str = "") -> None:
    """Open the row under the cursor."""
    pane, key = console.pane, console.pane.cursor
    door = pane.door(key) if isinstance(pane, FetchedPane) and key is not None else ""
    if door:
        console.open_door(door)
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


def later(module: str, name: str) -> Callable[["Console", str], None]:
    """A key whose module loads when it is first pressed."""

    def begin(console: "Console", argument: str) -> None:
        getattr(import_module(f"console.tui.ui.{module}"), name)(console, argument)

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
    "review-glass": flow("afterwards", "review_glass"),
    "review": flow("looking", "mark_reviewed"),
    "prove": flow("looking", "prove"),
    "story": flow("looking", "tell_story"),
    "source": flow("looking", "read_source"),
    "edit": flow("publishing", "edit"),
    "diff": flow("publishing", "differences"),
    "publish": flow("publishing", "publish"),
    "discard": flow("publishing", "discard"),
    "rollback": flow("publishing", "roll_back"),
    "finding": flow("looking", "next_finding"),
    "finding-before": flow("looking", "finding_before"),
    "arm": arm,
    "open": open_row,
    "turn": turn,
    "back": lambda console, _: console.go_up(),
    "last": lambda console, _: console.go_last(),
    "earlier": lambda console, _: console.go_along(-1),
    "later": lambda console, _: console.go_along(1),
    **{f"view.{name}": go_to(name) for name in VIEW_NAMES if name not in ("grants", "stuck")},
    "filter": lambda console, _: console.begin_filter(),
    "command": lambda console, _: console.begin_command(),
    "palette": later("palette", "palette"),
    "watch": later("watching", "watch"),
    "watched": later("watching", "show_watched"),
    "time": times,
    "profile": later("profiles", "choose_profile"),
    "sort": sort,
    "columns": columns,
    "pause": pause,
    "reread": reread,
    "theme": later("wearing", "theme"),
    "mute": mute,
    "copy": later("copying", "copy_id"),
    "copy-record": later("copying", "copy_record"),
    "write": write,
    "fold": fold,
    "before": lambda console, _: console.fetch_earlier(),
    "log": show_log,
    "help": later("helping", "help_for_view"),
    "quit": lambda console, _: console.exit(),
}
