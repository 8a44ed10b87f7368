"""Panes: one for each list that can be shown, with its filter, its order and its table.

Owns cursor-independent state of a view (filter, sorting, hidden columns, what was fetched). A pane knows what stands in a
row and whose it is; it paints nothing itself.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from console.model.filters import Fields, Node
from console.tui.present.cells import Column, short_digest, short_id
from console.tui.present.spans import Line, Span, Spans
from console.tui.present.status import standing
from console.tui.present.views import agents, approvals, grants, leases, stuck, tasks
from console.tui.present.views.view import View, ViewRows
from console.tui.rows import AgentRow, ApprovalRow, GrantRow, LeaseRow, TaskRow
from console.tui.ui.widgets.rows import Condition, NoRows, Notice, Rows
from console.tui.ui.widgets.table import LiveTable
from console.tui.ui.world import World

_STEP = 2_000
"""So many rows are looked at without a pause: a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a row is about, captured at a key press."""

    collection: str
    id: str
    label: str
    agent_id: str = ""
    agent_name: str = ""
    task_id: str = ""


@dataclass
class Pane:
    """The base of the panes: a list that has nothing."""

    world: World
    name: str
    title: str
    columns: tuple[Column, ...] = ()
    table: LiveTable | None = None
    fields: Fields | None = None
    filter_text: str = ""
    node: Node | None = None
    sorting: tuple[str, bool] | None = None
    hidden: frozenset[str] = frozenset()
    digit: str = ""
    depends_on: frozenset[str] = frozenset()

    def sortable(self) -> tuple[Column, ...]:
        """The columns by which it can be sorted."""
        return ()

    @property
    def settled(self) -> bool:
        """Whether the order is the one that was asked for, up to the last change heard of."""
        return True

    def hear(self, dirty: Mapping[str, Collection[str]]) -> None:
        """Rows of the mirror have changed: ids by collection."""

    def pass_time(self, *, sweep: bool) -> None:
        """A second has passed; with `sweep` every row is looked at that more than its own change can move."""

    def prepare(self) -> None:
        """Have the order taken by `step`, whether or not the pane is in sight."""

    def step(self, rows: int) -> bool:
        """Go on taking the order, by no more than so many rows. Returns whether it is settled."""
        return True

    def rearrange(self) -> None:
        """Take the present order and give it to the table."""
        if self.table is not None:
            self.table.show(self.rows(), self.notice())

    def rows(self) -> Rows:
        """The rows in the present order."""
        return NoRows()

    def notice(self) -> Notice:
        """In which condition the rows are."""
        return Notice()

    def lines(self, key: str | None) -> tuple[Line, ...]:
        """The detail of a row."""
        return ()

    def brief(self, key: str | None, room: int, width: int) -> tuple[Line, ...]:
        """The few lines of the detail that decide, for a small screen: at most `room`, of at most `width` cells."""
        return brief(self.lines(key), room)

    def heading(self, key: str | None) -> Spans:
        """What stands in the upper edge of the detail."""
        return (Span(short_id(key)),) if key else ()

    def subject(self, key: str | None) -> Subject | None:
        """Whose row it is."""
        return None

    def record(self, key: str) -> object:
        """The row as plain data, for `Y` and `o`."""
        return {"id": key}

    def values(self, field_name: str) -> list[str]:
        """What is known to stand in a field, for completion."""
        return []

    @property
    def cursor(self) -> str | None:
        """The id under the cursor."""
        return self.table.cursor if self.table is not None else None

    @property
    def keys(self) -> Sequence[str]:
        """The ids that are shown."""
        return ()


@dataclass
class MirrorPane(Pane):
    """A view over the mirror."""

    view: View[Any] = field(default=approvals.VIEW)
    view_rows: ViewRows[Any] | None = None
    """What the table is fed with."""
    made: ViewRows[Any] | None = None
    """What it will be fed with, once there is an order: another one after a snapshot."""

    def sortable(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.sortable and column.key in self.view.sort_keys)

    def _feed(self) -> ViewRows[Any]:
        """The rows; made anew when a snapshot has replaced the tables."""
        if self.made is None or self.made.source is not self.world.source:
            made = tasks.TaskTree if self.view is tasks.VIEW else ViewRows
            self.made = made(self.view, self.world.source, self.world.now)
        self.made.arrange(self.node, self.sorting)
        return self.made

    @property
    def settled(self) -> bool:
        return self.made is None or self.made.settled

    def hear(self, dirty: Mapping[str, Collection[str]]) -> None:
        if self.made is not None:
            self.made.hear(dirty)

    def pass_time(self, *, sweep: bool) -> None:
        if self.made is not None:
            self.made.pass_time(sweep=sweep)

    def prepare(self) -> None:
        self._feed()

    def step(self, rows: int) -> bool:
        return self.made is None or self.made.step(rows)

    def rows(self) -> Rows:
        feed = self._feed()
        feed.step(_STEP)
        if feed.arranged or self.view_rows is None:
            self.view_rows = feed
        return self.view_rows

    def notice(self) -> Notice:
        world, connection = self.world, self.world.connection
        if world.signed_out:
            condition = Condition.STALE if world.mirror.loaded else Condition.FAILED
            return Notice(condition, "Your sign-in has ended or was not accepted.", world.signed_out)
        stand = standing(
            str(connection.state),
            loaded=world.mirror.loaded and self.made is not None and self.made.arranged,
            shown=len(self.keys),
            filtered=self.node is not None,
            empty=self.view.empty,
            hint=self.view.hint,
            silent=connection.silent_for(world.times.monotonic()),
            problem=connection.problem,
        )
        return Notice(Condition(stand.condition), stand.words, stand.hint)

    @property
    def keys(self) -> Sequence[str]:
        return self.view_rows.keys if self.view_rows is not None else ()

    def row(self, key: str | None) -> Any:
        """The row of an id, wherever it is shown; None when it has left."""
        return None if key is None else self.view.book(self.world.source).get(key)

    def lines(self, key: str | None) -> tuple[Line, ...]:
        row = self.row(key)
        if row is None:
            return ()
        if isinstance(row, ApprovalRow):
            return approvals.card_lines(self.world.source, row.entity, self.world.detail_of(row.id), self.world.now())
        return self.view.detail(self.world.source, row, self.world.now())

    def brief(self, key: str | None, room: int, width: int) -> tuple[Line, ...]:
        row = self.row(key)
        if not isinstance(row, ApprovalRow) or room > _FEW:
            return super().brief(key, room, width)
        world = self.world
        return approvals.brief_lines(world.source, row.entity, world.detail_of(row.id), world.now(), width)

    def heading(self, key: str | None) -> Spans:
        row = self.row(key)
        if isinstance(row, ApprovalRow):
            return (Span(f"{short_id(row.id)}  rev {row.revision}  digest {short_digest(row.digest)}"),)
        return super().heading(key if row is not None else None)

    def subject(self, key: str | None) -> Subject | None:
        row = self.row(key)
        match row:
            case ApprovalRow():
                label = f"{row.agent_name or row.entity.requested_by}: {approvals.wants(row.entity)}"
                return Subject(self.name, row.id, label, row.agent_id or "", row.agent_name, row.task_id or "")
            case TaskRow():
                return Subject(self.name, row.id, f"{row.agent_name} {short_id(row.id)}", row.agent_id, row.agent_name, row.id)
            case LeaseRow():
                label = f"{row.agent_name}: {row.action} {row.resource}"
                return Subject("leases", row.id, label, row.agent_id, row.agent_name, row.task_id)
            case GrantRow():
                label = f"{row.agent_name}: {grants.lifts(row)}"
                return Subject(self.name, row.id, label, row.agent_id, row.agent_name, row.task_id or "")
            case AgentRow():
                return Subject(self.name, row.id, row.name, row.id, row.name)
        return None

    def record(self, key: str) -> object:
        return plain_data(self.row(key))

    def values(self, field_name: str) -> list[str]:
        """Names that stand in a field, from the rows themselves; bounded, because it is asked for with every key."""
        wanted = None if self.fields is None else self.fields.get(field_name)
        if wanted is None or wanted.kind != "text" or field_name == "id":
            return []
        found: dict[str, None] = {}
        for number, row in enumerate(self.view.book(self.world.source).rows.values()):
            if number >= 2_000 or len(found) >= 200:
                break
            held = wanted.get(row)
            for one in held if isinstance(held, tuple | list) else (held,):
                if one:
                    found[str(one)] = None
        return sorted(found)


def plain_data(value: object) -> object:
    """A row as plain data that JSON can hold."""
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(mode="json")
    if isinstance(value, ApprovalRow):
        return plain_data(value.entity)
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain_data(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain_data(one) for key, one in value.items()}
    if isinstance(value, tuple | list | frozenset | set):
        return [plain_data(one) for one in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


_NEEDS = {
    "approvals": ("approvals", "grants", "chains", "leases", "tasks"),
    "tasks": ("tasks", "chains", "leases", "decisions"),
    "leases": ("leases", "tasks"),
    "grants": ("grants",),
    "stuck": ("leases", "tasks"),
    "agents": ("agents", "tasks", "leases", "locks"),
}


def mirror_panes(world: World) -> dict[str, Pane]:
    """The panes over the mirror, by name."""
    digits = {"approvals": "1", "tasks": "2", "leases": "3", "grants": "3", "stuck": "3", "agents": "4"}
    return {
        view.name: MirrorPane(
            world,
            view.name,
            view.title,
            view.columns,
            fields=view.fields,
            digit=digits[view.name],
            depends_on=frozenset(_NEEDS[view.name]),
            view=view,
        )
        for view in (approvals.VIEW, tasks.VIEW, leases.VIEW, grants.VIEW, stuck.VIEW, agents.VIEW)
    }


def brief(lines: Sequence[Line], room: int) -> tuple[Line, ...]:
    """The few lines of a detail that decide, for a small screen: its beginning, then what is labelled, without blanks."""
    kept = [line for line in lines if line.spans and not line.quoted]
    head = [line for line in kept[:2] if not line.label]
    rest = [line for line in kept[len(head) :] if line.label in _BRIEF]
    others = [line for line in kept[len(head) :] if line not in rest and line.label]
    return tuple((head + rest + others)[:room])


_FEW = 5
"""So few lines are given one thought each; with more room the whole detail is shortened instead."""
_BRIEF = ("WHY A PERSON", "RISK", "STATE", "LEASES", "DEADLINE")
Describe = Callable[[Any], str]
