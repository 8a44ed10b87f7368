"""Panes over what is fetched and not mirrored: what all of them share, and how they come into being on their first visit.

Owns what was fetched, when, and what went wrong: loading, nothing, refused, failed and stale are looks of their own.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.model.codes import ProblemError
from console.model.filters import evaluate
from console.tui.present.cells import instant, sentence
from console.tui.present.inert import inert
from console.tui.present.spans import Line
from console.tui.present.views.fetched import FetchedRows
from console.tui.rows import moment
from console.tui.ui.panes import Pane, plain_data
from console.tui.ui.widgets.rows import Condition, NoRows, Notice, Rows
from console.tui.ui.world import World

_REFUSED = frozenset({"not_allowed", "not_signed_in", "credential_expired"})


class Panes(dict[str, Pane]):
    """The panes by name. Those of `makers` are made when they are first asked for; only those that are made are walked over."""

    def __init__(self, made: Mapping[str, Pane], makers: "Mapping[str, Callable[[Panes], Pane]]") -> None:
        super().__init__(made)
        self._makers = makers

    def __missing__(self, name: str) -> Pane:
        pane = self._makers[name](self)
        self[name] = pane
        return pane

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._makers


@dataclass
class FetchedPane(Pane):
    """The base: asks the plane when it is shown, keeps what it answered, and filters it here."""

    siblings: Mapping[str, Pane] | None = None
    held: FetchedRows[Any] | None = None
    read_at: float | None = None
    problem: str = ""
    refused: bool = False
    reading: bool = False
    above: str = ""
    """The view that `esc` goes up to."""
    by_plane: bool = False
    """The plane filters, not the console."""
    followed: bool = False
    """Read again every two seconds while it is shown."""
    wanted: str = ""
    """The key that the cursor goes to once it is there."""
    _shown: tuple[object, FetchedRows[Any]] | None = None
    _told: tuple[Hashable, tuple[Line, ...]] | None = None

    async def load(self) -> None:
        """Ask the plane. What was known before stays when it does not answer."""
        if self.reading:
            return
        if self.world.plane is None:
            self.problem = "the plane has not answered yet"
            return
        await self._carefully(self.fetch)

    async def _carefully(self, ask: Callable[[], Awaitable[None]]) -> None:
        self.reading = True
        try:
            await ask()
            self.problem, self.refused, self.read_at = "", False, self.world.now()
        except (ProblemError, OSError, TimeoutError) as error:
            self.problem = inert(str(error) or "no answer in time").text
            self.refused = isinstance(error, ProblemError) and error.code in _REFUSED
        finally:
            self.reading = False

    async def fetch(self) -> None:
        """Ask the plane for the rows."""
        raise NotImplementedError

    async def load_older(self) -> None:
        """Fetch what lies before the last row, where there is such a thing."""

    def look_up(self, key: str) -> Awaitable[None] | None:
        """What the detail of a row needs beside the row and does not have yet; None when it has it."""
        return None

    def door(self, key: str) -> str:
        """Where `enter` on a row leads; nothing where it opens the row's own detail."""
        return ""

    def go_up(self) -> str:
        """The view that `esc` leads to; nothing where this is the top."""
        return self.above

    def forget(self) -> None:
        """Begin anew: something else is asked for."""
        self.held, self._shown, self.problem, self.refused = None, None, "", False

    def once(self, stamp: Hashable, make: Callable[[], tuple[Line, ...]]) -> tuple[Line, ...]:
        """The lines of a detail that is long to make: made again only when the stamp differs, though painted every second."""
        if self._told is None or self._told[0] != stamp:
            self._told = (stamp, make())
        return self._told[1]

    def report(self, suffix: str) -> tuple[str, str] | None:
        """The suffix and the text of a file that says more than the rows that are shown; None where the rows are all."""
        return None

    def rearrange(self) -> None:
        super().rearrange()
        if self.wanted and self.table is not None and self.table.move_to(self.wanted):
            self.wanted = ""

    def rows(self) -> Rows:
        return self._selected() or NoRows()

    @property
    def keys(self) -> Sequence[str]:
        held = self._selected()
        return held.keys if held is not None else ()

    def _selected(self) -> FetchedRows[Any] | None:
        """The rows that the filter lets through, the same ones until either changes."""
        held = self.held
        if held is None or self.node is None or self.fields is None or self.by_plane:
            return held
        if self._shown is None or self._shown[0] != (id(held), self.node):
            now = datetime.fromtimestamp(self.world.now(), UTC)
            node, fields = self.node, self.fields
            keys = tuple(key for key, item in held.items.items() if evaluate(node, item, fields, now))
            self._shown = ((id(held), node), FetchedRows(held.items, held.make, keys, held.stamp))
        return self._shown[1]

    def notice(self) -> Notice:
        if self.held is None:
            if self.refused:
                return Notice(Condition.FAILED, f"Refused: {self.problem}", "Ask somebody whose role may read this.")
            if self.problem:
                # What follows stands in one line, and at 80 cells the reason must be in it.
                what = "" if self.problem.startswith("The plane could not be reached") else "This could not be read: "
                return Notice(Condition.FAILED, sentence(f"{what}{self.problem}"), "u reads it again.")
            return Notice(Condition.LOADING, "Reading from the plane…")
        at = instant(moment(self.read_at)) if self.read_at else "before"
        if self.problem:
            return Notice(Condition.STALE, sentence(f"Not read again since {at}: {self.problem}"), "u tries again.")
        if not self.world.live:
            return Notice(Condition.STALE, f"Not live: this was read at {at}.", "u tries again.")
        if self.keys:
            return Notice()
        if self.filter_text:
            return Notice(Condition.NOTHING_MATCHES, "Nothing matches the filter.", "esc clears it.")
        return Notice(Condition.EMPTY, *self.nothing())

    def nothing(self) -> tuple[str, str]:
        """What is said of an empty list, and what can be done."""
        return ("Nothing here.", "")

    def record(self, key: str) -> object:
        return plain_data(self.held.items[key]) if self.held is not None and key in self.held.items else None

    def item(self, key: str | None) -> Any:
        """What stands in a row."""
        return self.held.items.get(key) if self.held is not None and key is not None else None

    def values(self, field_name: str) -> list[str]:
        wanted = None if self.fields is None else self.fields.get(field_name)
        if wanted is None or self.held is None or wanted.kind != "text" or field_name in ("id", "says"):
            return []
        found: dict[str, None] = {}
        for item in self.held.items.values():
            value = wanted.get(item)
            several: Iterable[Any] = value if isinstance(value, tuple | list) else (value,)
            found.update((str(one), None) for one in several if one)
        return sorted(found)[:200]


def fetched_panes(world: World) -> "dict[str, Callable[[Panes], Pane]]":
    """How to make the panes over what is fetched, by name. What they load is loaded when one is first visited."""

    def audit(panes: Panes) -> Pane:
        from console.tui.ui.audit_pane import audit_pane  # noqa: PLC0415 (on the first visit)

        return audit_pane(world)

    def policies(panes: Panes) -> Pane:
        from console.tui.ui.policies_pane import policies_pane  # noqa: PLC0415 (on the first visit)

        return policies_pane(world)

    def frameworks(name: str) -> Callable[[Panes], Pane]:
        def make(panes: Panes) -> Pane:
            from console.tui.ui.framework_panes import framework_pane  # noqa: PLC0415 (on the first visit)

            return framework_pane(world, name, panes)

        return make

    names = ("frameworks", "controls", "measures", "examples")
    return {"policies": policies, "audit": audit, **{name: frameworks(name) for name in names}}
