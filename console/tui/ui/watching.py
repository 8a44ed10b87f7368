"""Watched rows: what an operator wants to hear of when it changes, whichever view is open.

Owns what is watched and what became of it. Rings and says; opens nothing.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from console.tui.present.cells import instant
from console.tui.present.inert import inert
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.words import BLANK, muted, strong, text
from console.tui.rows import ApprovalRow, moment
from console.tui.state.mirror import Changes, Tables

if TYPE_CHECKING:
    from console.tui.ui.app import Console

MOST = 50
_KEPT = 20


@dataclass(slots=True)
class Watched:
    """One watched row; `told` are the changes heard of, newest last, each with its instant."""

    collection: str
    id: str
    label: str
    state: Hashable
    word: str
    told: list[tuple[float, str]] = field(default_factory=list)
    gone: bool = False


class Watches:
    """What is watched, by id."""

    def __init__(self) -> None:
        self.held: dict[str, Watched] = {}

    def turn(self, collection: str, id: str, label: str, row: Any) -> bool:
        """Watch a row, or let it go; whether it is watched now. Raises ValueError when too many are."""
        if self.held.pop(id, None) is not None:
            return False
        if len(self.held) >= MOST:
            raise ValueError(f"{MOST} rows are watched already; let one go first")
        self.held[id] = Watched(collection, id, inert(label).text, _state(row), row.state)
        return True

    def hear(self, changes: Changes, source: Tables, now: float) -> Iterator[tuple[Watched, str]]:
        """What has changed of what is watched, each with what it is now."""
        for one in self.held.values():
            if not changes.reset and one.id not in changes.dirty.get(one.collection, ()):
                continue
            row = source.table(one.collection).get(one.id)
            if row is None:
                if not one.gone and changes.reset:
                    one.gone = True
                    yield one, self._tell(one, now, "is not kept any more")
                continue
            if _state(row) != one.state:
                words = f"{one.word} → {row.state}" if row.state != one.word else f"{row.state}, changed"
                one.state, one.word = _state(row), row.state
                yield one, self._tell(one, now, words)

    def _tell(self, one: Watched, now: float, words: str) -> str:
        one.told.append((now, words))
        del one.told[:-_KEPT]
        return words


def _state(row: Any) -> Hashable:
    """What of a row is worth a word when it differs."""
    if isinstance(row, ApprovalRow):
        return (row.state, row.revision, len(row.entity.reviews))
    state: Hashable = row.state
    return state


def watch(console: "Console", _: str = "") -> None:
    """Watch the row under the cursor, or the marked ones; again lets it go."""
    subjects = [one for one in console.subjects() if one.collection in vars(console.world.source)]
    if not subjects:
        console.refuse("No row that can be watched is under the cursor.")
        return
    now = []
    for one in subjects:
        row = console.world.source.table(one.collection).get(one.id)
        if row is None:
            continue
        try:
            now.append(console.watches.turn(one.collection, one.id, one.label, row))
        except ValueError as error:
            console.refuse(f"{str(error)[:1].upper()}{str(error)[1:]}.")
            return
    many = f"{len(now)} rows" if len(now) > 1 else subjects[0].label
    if any(now):
        console.say(
            Span("◉ ", Tone.INFO, strong=True), text(f"Watching {many}."), muted("   it rings when it changes; W shows all")
        )
    else:
        console.say(muted(f"{many}: not watched any more."))
    if console.pane.table is not None:
        console.pane.table.show_watched(frozenset(console.watches.held))
    console.repaint()


def hear_watched(console: "Console", changes: Changes) -> None:
    """Ring and say what has become of what is watched."""
    for one, words in console.watches.hear(changes, console.world.source, console.world.now()):
        console.attention.ring()
        console.say(Span("◉ ", Tone.INFO, strong=True), strong(one.label), text(f"   {words}"), stay=True)


def show_watched(console: "Console", _: str = "") -> None:
    """Show what is watched and what became of it."""
    console.reading("watched", watched_lines(console.watches), lambda: watched_lines(console.watches))


def watched_lines(watches: Watches) -> tuple[Line, ...]:
    """What is watched, each with its changes, newest first."""
    if not watches.held:
        return (Line((muted("Nothing is watched: w on a row watches it, and rings when it changes."),)),)
    lines: list[Line] = []
    for one in watches.held.values():
        lines += [
            *((BLANK,) if lines else ()),
            Line((Span("◉ ", Tone.INFO), strong(one.label), muted(f"   {one.collection[:-1]}   "), text(one.word))),
            Line((muted(f"  {one.id}"),)),
        ]
        lines += [Line((muted(f"  {instant(moment(at))}  "), text(words))) for at, words in reversed(one.told)]
    return tuple(lines)
