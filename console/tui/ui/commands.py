"""The command line and the palette: words over the registry, the views and the live objects.

    :leases agent:planner       a view, with a filter          :contain executor-2     an act on a named agent
    :sort agent                 an action with its argument    :approve                any action by its id

Owns the reading of a command and what could come next. Loads no Textual.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from console.model.filter_grammar import completion, parse_filter
from console.model.filters import FilterError
from console.tui.present.inert import inert
from console.tui.ui.actions import ACTIONS, VIEWS
from console.tui.ui.panes import Pane
from console.tui.ui.world import World

VIEW_NAMES = (*(name for name, _, _ in VIEWS), "grants")
ON_AGENT = ("contain", "release", "grant")
_WITH_ARGUMENT = {"sort": "by a column", "theme": "by its name", "write": "csv or json"}
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was read: a view with a filter, or an action with its argument."""

    view: str = ""
    action: str = ""
    argument: str = ""


@dataclass(frozen=True, slots=True)
class CommandFault(Exception):
    """A command that cannot be read: at which character, and why."""

    at: int
    words: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What could come next: `text` replaces what stands from `start` on."""

    text: str
    start: int
    words: str = ""


def read_command(text: str, panes: dict[str, Pane], world: World, themes: Sequence[str] = ()) -> Command | None:
    """Read a command; None while nothing is typed. Raises CommandFault."""
    word, at, rest = _split(text)
    if not word:
        return None
    if word in VIEW_NAMES:
        fields = panes[word].fields if word in panes else None
        if rest and fields is None and word != "audit":
            raise CommandFault(at, f"{word} takes no filter")
        if rest and fields is not None:
            try:
                parse_filter(rest, fields)
            except FilterError as error:
                raise CommandFault(at + error.position, error.text) from None
        return Command(view=word, argument=rest)
    action = next((one for one in ACTIONS if one.id == word), None)
    if action is None:
        raise CommandFault(len(text) - len(text.lstrip()), f"there is no command {inert(word, 40).text}")
    if rest and word in ON_AGENT:
        if not world.source.agents.by["name"].get(rest):
            raise CommandFault(at, "no agent is called so")
    elif rest and word == "sort" and rest not in _columns(panes):
        raise CommandFault(at, "no column is called so")
    elif rest and word == "theme" and rest not in themes:
        raise CommandFault(at, "no theme is called so")
    elif rest and word == "write" and rest not in ("csv", "json"):
        raise CommandFault(at, "csv or json")
    elif rest and word not in _WITH_ARGUMENT:
        raise CommandFault(at, f"{word} takes nothing more; it acts on the row under the cursor")
    return Command(action=word, argument=rest)


def offers(text: str, cursor: int, panes: dict[str, Pane], world: World, themes: Sequence[str] = ()) -> list[Offer]:
    """What could stand at the cursor."""
    before = text[:cursor]
    word, at, rest = _split(before)
    if " " not in before.lstrip():
        start = len(before) - len(before.lstrip())
        named = [(name, f"view {name}") for name in VIEW_NAMES]
        named += [(one.id, one.help) for one in ACTIONS if not one.id.startswith("view.")]
        return [Offer(name + _after(name), start, words) for name, words in named if name.startswith(word)][:_SHOWN]
    if word in panes and panes[word].fields is not None:
        pane = panes[word]
        found = completion(rest, len(rest), pane.fields or {}, pane.values)
        return [Offer(one.text, at + one.start, one.hint) for one in found][:_SHOWN]
    if word in ON_AGENT:
        rows = world.source.agents.rows.values()
        return [Offer(row.name, at, row.state) for row in rows if row.name.startswith(rest)][:_SHOWN]
    if word == "sort":
        return [Offer(name, at) for name in sorted(_columns(panes)) if name.startswith(rest)][:_SHOWN]
    if word == "theme":
        return [Offer(name, at) for name in themes if name.startswith(rest)]
    return [Offer(name, at) for name in ("csv", "json") if name.startswith(rest)] if word == "write" else []


def _after(name: str) -> str:
    return " " if name in ON_AGENT or name in _WITH_ARGUMENT else ""


def _columns(panes: dict[str, Pane]) -> set[str]:
    return {column.key for pane in panes.values() for column in pane.sortable()}


def _split(text: str) -> tuple[str, int, str]:
    """The first word, where its argument begins, and the argument."""
    bare = text.lstrip()
    word, _, _ = bare.partition(" ")
    rest_at = len(text) - len(bare) + len(word)
    while rest_at < len(text) and text[rest_at] == " ":
        rest_at += 1
    return word.lower(), rest_at, text[rest_at:].rstrip()
