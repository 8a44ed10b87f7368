"""The command line and the palette: words over the registry, the views and the live objects.

    :leases agent:planner       a view, with a filter          :contain executor-2     an act on a named agent
    :sort agent                 an action with its argument    :revoke ls_0192…        an act on a lease by its id
    :profile staging            another plane                  :approve                any action by its id

Owns the reading of a command and what could come next. Loads no Textual.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from time import perf_counter
from typing import Any

from console.model.filter_grammar import completion, expected, parse_filter
from console.model.filters import Fields, FilterError
from console.tui.present.inert import inert
from console.tui.ui.actions import ACTIONS, BY_ID, VIEWS, Action
from console.tui.ui.panes import Pane
from console.tui.ui.world import World

VIEW_NAMES = (*(name for name, _, _ in VIEWS), "grants", "stuck")
SHORT = {"q": "quit", "h": "help", "o": "write"}
"""What hands that know other consoles type."""
FORMATS = ("csv", "json", "markdown")
_SHOWN = 40
_LONGEST_LOOK = 0.003
"""For how many seconds rows are looked through for one completion, however many there are."""
_OF_PREFIX = {"ag": "agents", "tk": "tasks", "ls": "leases", "ap": "approvals", "gr": "grants"}
_UNDER_WAY = {
    "leases": ("active", "pending", "revoking", "irrevocable"),
    "tasks": ("running",),
    "approvals": ("pending",),
    "grants": ("active", "scheduled", "requested"),
}
"""What is offered of a collection: what has ended is named by its whole id."""
_COMPARED = ((">=", "at least"), ("<=", "at most"), (">", "more than"), ("<", "less than"))
_BETWEEN = (("and", "both; a blank means it too"), ("or", "one of the two"), ("not", "what does not match"))
_AT_VALUE = re.compile(r"([A-Za-z_]+):$")
_AT_WORD = re.compile(r"[^\s(]\s+([a-z]*)$")


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was read: a view with a filter, an action with its argument, or with the id of a row `on` a collection."""

    view: str = ""
    action: str = ""
    argument: str = ""
    on: str = ""


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


@dataclass(frozen=True, slots=True)
class Named:
    """Names that are known to the application alone, with a word about each."""

    themes: Mapping[str, str] = field(default_factory=dict)
    profiles: Mapping[str, str] = field(default_factory=dict)


def read_command(text: str, panes: dict[str, Pane], world: World, named: Named | None = None) -> Command | None:
    """Read a command; None while nothing is typed. Raises CommandFault."""
    word, at, rest = _split(text)
    if not word:
        return None
    if word in VIEW_NAMES:
        return _view(word, at, rest, panes)
    action = BY_ID.get(SHORT.get(word, word))
    if action is None:
        raise CommandFault(len(text) - len(text.lstrip()), f"there is no command {inert(word, 40).text}")
    if not rest:
        return Command(action=action.id)
    if action.on:
        return _named_object(action, at, rest, world)
    choices = _choices(action, panes, named or Named())
    if choices is None:
        raise CommandFault(at, f"{action.id} takes nothing more; it acts on the row under the cursor")
    if rest not in choices:
        raise CommandFault(at, f"no {action.argument} is called so")
    return Command(action=action.id, argument=rest)


def offers(text: str, cursor: int, panes: dict[str, Pane], world: World, named: Named | None = None) -> list[Offer]:
    """What could stand at the cursor."""
    before = text[:cursor]
    word, at, rest = _split(before)
    if " " not in before.lstrip():
        start = len(before) - len(before.lstrip())
        known = [(name, f"view {name}") for name in VIEW_NAMES]
        known += [(one.id, one.help) for one in ACTIONS if not one.id.startswith("view.")]
        return [Offer(name + _after(name), start, words) for name, words in known if name.startswith(word)][:_SHOWN]
    if word in panes and panes[word].fields is not None:
        pane = panes[word]
        return [
            Offer(one.text, at + one.start, one.words) for one in filter_offers(rest, len(rest), pane.fields or {}, pane.values)
        ]
    action = BY_ID.get(SHORT.get(word, word))
    if action is None:
        return []
    if action.on:
        found = [Offer(name, at, words) for name, words in _objects(action, rest, world)]
        return sorted(found, key=lambda one: not one.text.startswith(rest))
    choices = _choices(action, panes, named or Named()) or {}
    return [Offer(name, at, words) for name, words in choices.items() if name.startswith(rest)][:_SHOWN]


def filter_offers(text: str, at: int, fields: Fields, values: Callable[[str], Iterable[str]] = lambda name: ()) -> list[Offer]:
    """What could stand at the cursor of a filter: fields, values, comparisons, and what joins two terms."""
    before = text[:at]
    # An example of a text is no value that anybody means.
    examples = {one for field in fields.values() if field.kind == "text" for one in expected(field)}
    found = [Offer(one.text, one.start, one.hint) for one in completion(text, at, fields, values) if one.text not in examples]
    value, word = _AT_VALUE.search(before), _AT_WORD.search(before)
    if value is not None and value[1].lower() in fields and fields[value[1].lower()].kind in ("number", "instant", "duration"):
        found += [Offer(sign, at, words) for sign, words in _COMPARED]
    elif word is not None:
        found += [Offer(f"{name} ", word.start(1), words) for name, words in _BETWEEN if name.startswith(word[1])]
    return found[:_SHOWN]


def _view(word: str, at: int, rest: str, panes: dict[str, Pane]) -> Command:
    fields = panes[word].fields if word in panes else None
    if rest and fields is None and word != "audit":
        raise CommandFault(at, f"{word} takes no filter")
    if rest and fields is not None:
        try:
            parse_filter(rest, fields)
        except FilterError as error:
            raise CommandFault(at + error.position, error.text) from None
    return Command(view=word, argument=rest)


def _named_object(action: Action, at: int, rest: str, world: World) -> Command:
    """The row that is named: an agent by its name, anything by its whole id."""
    collection = _OF_PREFIX.get(rest.partition("_")[0], "")
    if "agents" in action.on:
        found = world.source.agents.by["name"].get(rest)
        if found:
            return Command(action=action.id, argument=next(iter(found)), on="agents")
        if collection != "agents":
            raise CommandFault(at, "no agent is called so")
    if collection not in action.on:
        raise CommandFault(at, f"{action.id} takes the id of one of {' or '.join(action.on)}")
    if world.source.table(collection).get(rest) is None:
        raise CommandFault(at, f"none of the {collection} has this id")
    return Command(action=action.id, argument=rest, on=collection)


def _objects(action: Action, begun: str, world: World) -> Iterator[tuple[str, str]]:
    """Rows that could be named: whose id begins so, or whose words have it."""
    until, wanted, count = perf_counter() + _LONGEST_LOOK, begun.lower(), 0
    for collection in action.on:
        table = world.source.table(collection)
        states = _UNDER_WAY.get(collection)
        ids: Iterable[str] = table.rows if states is None else chain(*(table.by["state"].get(one, ()) for one in states))
        for number, id in enumerate(ids):
            row = table.rows[id]
            if count >= _SHOWN or (not number % 64 and perf_counter() > until):
                return
            name, words = name_and_words(collection, id, row)
            if name.startswith(begun) or id.startswith(begun) or (wanted and wanted in words.lower()):
                count += 1
                yield name, words


def name_and_words(collection: str, id: str, row: Any) -> tuple[str, str]:
    """What a row is called on the command line, and what is said beside it."""
    if collection == "agents":
        return row.name, f"{row.state} {row.role}"
    if collection == "leases":
        return id, f"{row.state} {row.agent_name} {row.action} {row.resource}"
    if collection == "tasks":
        return id, f"{row.state} {row.agent_name} {row.purpose}"
    if collection == "grants":
        return id, f"{row.state} {row.agent_name} {' '.join(row.covers)}"
    ask = row.entity.ask
    return id, f"{row.state} {row.agent_name} {ask.action if ask else ''} {ask.resource if ask else ''}"


def _choices(action: Action, panes: dict[str, Pane], named: Named) -> Mapping[str, str] | None:
    """What an action takes after its name; None where it takes nothing."""
    match action.argument:
        case "column":
            every = {column.key: column for pane in panes.values() for column in pane.sortable()}
            return {key: f"sort by {every[key].title.lower()}" for key in sorted(every)}
        case "shown column":
            return {column.key: "shows or hides it" for pane in panes.values() for column in pane.columns}
        case "theme":
            return named.themes
        case "profile":
            return named.profiles
        case "format":
            return dict.fromkeys(FORMATS, "")
    return None


def _after(name: str) -> str:
    action = BY_ID.get(name)
    return " " if action is not None and (action.on or action.argument) else ""


def _split(text: str) -> tuple[str, int, str]:
    """The first word, where its argument begins, and the argument."""
    bare = text.lstrip()
    word, _, _ = bare.partition(" ")
    rest_at = len(text) - len(bare) + len(word)
    while rest_at < len(text) and text[rest_at] == " ":
        rest_at += 1
    return word.lower(), rest_at, text[rest_at:].rstrip()
