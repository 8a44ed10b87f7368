"""Help for the open view, written from the registry: what each key does here, as it is mapped, and why a dead one is dead."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.tui.present.spans import Line, Span, Spans, Tone, spans_width, wrap
from console.tui.present.words import BLANK, muted, text
from console.tui.ui.actions import ACTIONS, TABLE_KEYS, Action
from console.tui.ui.commands import VIEW_NAMES
from console.tui.ui.keymap import key_word
from console.tui.ui.screens.reading import Reading

if TYPE_CHECKING:
    from console.tui.ui.app import Console

_GROUPS = (("acts", "ACTS"), ("move", "MOVE"), ("find", "FIND"), ("show", "SHOW"), ("take out", "TAKE OUT"))
_KEY = 10
_TWO = 150
"""From this width of the terminal on, help stands in two columns."""
_SIGNS = "▲▲ critical   ▲ high   ■ medium   · low   ● lives   ◆ on its way   ✓ settled   ✗ refused"


def help_for_view(console: "Console", _: str = "") -> None:
    """Help for this view."""
    width = console.size.width
    console.push_screen(Reading(f"help: {console.pane.title}", help_lines(console, width), wide=width >= _TWO))


def help_lines(console: "Console", width: int) -> tuple[Line, ...]:
    """The whole help: one column of groups, or two where there is room."""
    groups = [_group(console, name, title) for name, title in _GROUPS]
    groups.append(_table_group(console))
    groups = [one for one in groups if one]
    after = _after(console)
    if width < _TWO:
        body = [line for one in groups for line in (*one, BLANK)]
        return (*body, *after)
    left = [line for one in groups[:2] for line in (*one, BLANK)]
    right = [line for one in groups[2:] for line in (*one, BLANK)]
    return (*_beside(left, right, (width - 16) // 2), *after)


def _group(console: "Console", group: str, title: str) -> list[Line]:
    offered = [one for one in ACTIONS if one.group == group and one.offered(console.pane.name)]
    views = [one for one in offered if one.id.startswith("view.")]
    lines = [_action(console, one) for one in offered if one not in views]
    if views:
        keys = console.keymap.keys
        spans: list[Span] = []
        for one in views:
            spans += [Span(key_word(keys[one.id]), Tone.BRASS, strong=True), text(f" {one.word}   ")]
        lines.append(Line(tuple(spans)))
    return [Line((Span(title, Tone.BRASS, strong=True),)), *lines] if lines else []


def _action(console: "Console", action: Action) -> Line:
    refusal = console.world.check(action.act) if action.act else None
    tone = Tone.DIM if refusal is not None else Tone.DANGER if action.takes else Tone.BRASS
    key = key_word(console.keymap.keys.get(action.id, "") or action.shown)
    spans = [Span(f"{key:<{_KEY}}", tone, strong=refusal is None), text(action.help)]
    if refusal is not None:
        spans.append(Span("   after !" if refusal.text.startswith("SAFE") else f"   not now: {refusal.text}", Tone.WARN))
    return Line(tuple(spans), indent=_KEY)


def _table_group(console: "Console") -> list[Line]:
    if console.pane.table is None:
        return []
    lines = [Line((Span("TABLE", Tone.BRASS, strong=True),))]
    for id, usual, words in TABLE_KEYS:
        key = key_word(console.keymap.overrides[id]) if id in console.keymap.overrides else usual
        lines.append(Line((Span(f"{key:<{_KEY}}", Tone.BRASS, strong=True), text(words)), indent=_KEY))
    return lines


def _after(console: "Console") -> list[Line]:
    lines = [
        Line((Span("SIGNS     ", Tone.BRASS, strong=True), muted(_SIGNS)), indent=_KEY),
        Line((Span("COMMANDS  ", Tone.BRASS, strong=True), muted(_commands())), indent=_KEY),
    ]
    if console.pane.fields:
        names = " ".join(f"{name}:" for name in console.pane.fields)
        lines.append(Line((Span("FIELDS    ", Tone.BRASS, strong=True), muted(names)), indent=_KEY))
    lines += [
        Line((Span("KEYMAP    ", Tone.WARN, strong=True), Span(one, Tone.WARN)), indent=_KEY) for one in console.keymap.faults
    ]
    return lines


def _commands() -> str:
    """What `:` knows, from the registry."""
    with_object = ", ".join(f":{one.id}" for one in ACTIONS if one.on)
    with_word = ", ".join(f":{one.id} {one.argument.rpartition(' ')[2].upper()}" for one in ACTIONS if one.argument)
    views = ", ".join(f":{name}" for name in VIEW_NAMES[:3])
    return f"{views} … FILTER;  {with_object} NAME or ID;  {with_word};  and every action by its name. tab completes."


def _beside(left: Sequence[Line], right: Sequence[Line], width: int) -> list[Line]:
    """Two columns of lines, each `width` cells wide."""
    one, other = _laid(left, width), _laid(right, width)
    height = max(len(one), len(other))
    one += [()] * (height - len(one))
    other += [()] * (height - len(other))
    return [Line((*a, Span(" " * (width - spans_width(a) + 3)), *b)) if b else Line(a) for a, b in zip(one, other, strict=True)]


def _laid(lines: Sequence[Line], width: int) -> list[Spans]:
    laid: list[Spans] = []
    for line in lines:
        for number, part in enumerate(wrap(line.spans, width, line.indent)):
            laid.append((Span(" " * line.indent), *part) if number and line.indent else part)
    return laid
