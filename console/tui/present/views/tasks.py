"""The Tasks view: a tree by delegation, what each chain has touched and spent."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from console.model.filter_fields import fields_for
from console.model.filters import with_getters
from console.tui.present import times
from console.tui.present.cells import Align, Cell, Column, bar, countdown, figure, percent, short_id
from console.tui.present.look import CLASS, RISK, TASK
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views.ranking import Keys
from console.tui.present.views.view import Source, View, ViewRows
from console.tui.present.words import (
    BLANK,
    budget,
    budget_tone,
    chain,
    clock,
    dim,
    muted,
    plural,
    right_words,
    said,
    sign_of,
    strong,
    text,
    under,
)
from console.tui.rows import ChainRow, TaskRow

ENDED_SHOWN = 300.0
_UNKNOWN: Mapping[str, int] = {}

COLUMNS = (
    Column("task", "TASK", 25, flexible=True, most=40, sortable=False),
    Column("intent", "INTENT", 16, flexible=True, most=32),
    Column("state", "STATE", 11),
    Column("age", "AGE", 5, priority=5, align=Align.RIGHT, ticking=True),
    Column("left", "LEFT", 5, priority=1, align=Align.RIGHT, ticking=True),
    Column("leases", "LEASES", 6, align=Align.RIGHT),
    Column("class", "TOUCHED", 15, priority=3),
    Column("budget", "BUDGET", 11, priority=4, sortable=False),
    Column("rows", "ROWS", 7, priority=6, align=Align.RIGHT),
    Column("sends", "SENDS", 5, priority=7, align=Align.RIGHT),
    Column("risk", "RISK", 11, priority=8),
    Column("behalf", "FOR WHOM", 12, priority=9),
    Column("id", "ID", 8, priority=10, sortable=False),
)
Budgets = Mapping[str, int]
"""The rows that a chain may read of each class; empty until the bundle's are known."""
_CHAIN_SHOWN = 12


def held(source: Source, row: TaskRow) -> int:
    """How many of its leases live."""
    return source.leases.count("live of task", row.id)


def _risk(source: Source, row: TaskRow) -> str | None:
    last = source.decisions.last("task", row.id)
    return last.risk_level if last is not None else None


def spent(ledger: ChainRow, budgets: Budgets) -> list[tuple[str, int, int]]:
    """Each class that was read, the nearest to its end first: its name, the rows, and how many may be read (0: not known).

    Rows by the agent's own word count too: they may add, never subtract.
    """
    names = dict.fromkeys((*ledger.counted, *ledger.claimed))
    read = [(name, ledger.counted.get(name, 0) + ledger.claimed.get(name, 0), budgets.get(name, 0)) for name in names]
    return sorted(read, key=lambda one: one[1] / one[2] if one[2] else 0.0, reverse=True)


def _budget_cell(ledger: ChainRow | None, budgets: Budgets) -> Cell:
    worst = next(iter(spent(ledger, budgets)), None) if ledger else None
    if worst is None or not worst[2] or not worst[1]:
        return Cell("-" if ledger else "", Tone.MUTED)
    share = worst[1] / worst[2]
    full, rest = bar(share, 5)
    return Cell(f"{full}{rest} {percent(share):>5}", budget_tone(share))


def cells_under(
    source: Source, row: TaskRow, now: float, branch: str = "", budgets: Budgets = _UNKNOWN, below: int = 0
) -> tuple[Cell, ...]:
    """One task, behind the branch of the tree on which it hangs, with the number of those folded away `below` it.

    What was touched stands at the root: it is the chain's.
    """
    ledger = source.chains.get(row.root_id) if row.parent_id is None else None
    running = row.state == "running"
    pressing = row.deadline_at - now < 60 or row.heartbeat_due_at - now < 5
    level = _risk(source, row)
    return (
        Cell(f"{branch}{row.agent_name}{f' (+{below})' if below else ''}", Tone.DELEGATION if row.parent_id else Tone.TEXT),
        Cell(row.purpose),
        sign_of(TASK, row.state).cell(1),
        Cell(times.lasted(row.opened_at, row.ended_at, now), Tone.MUTED),
        Cell(times.until(row.deadline_at, now) if running else "-", Tone.WARN if running and pressing else Tone.TEXT),
        Cell(figure(held(source, row))),
        sign_of(CLASS, ledger.highest_class).cell() if ledger else Cell(),
        _budget_cell(ledger, budgets),
        Cell(figure(sum(ledger.counted.values()) + sum(ledger.claimed.values())) if ledger else ""),
        Cell(figure(ledger.sends) if ledger else "", Tone.WARN if ledger and ledger.sends else Tone.TEXT),
        sign_of(RISK, level).cell() if level else Cell("-", Tone.MUTED),
        Cell(row.on_behalf_of, Tone.MUTED),
        Cell(short_id(row.id), Tone.DIM),
    )


def cells(source: Source, row: TaskRow, now: float) -> tuple[Cell, ...]:
    """One task by itself."""
    return cells_under(source, row, now)


def order(row: TaskRow, now: float) -> Any:
    """Running first, newest first."""
    return (row.state != "running", -row.opened_at, row.id)


def tree(source: Source, ids: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Put tasks under those that delegated them, keeping their order among brothers. Returns ids, and the branch of each.

    An ancestor of a task that is shown is shown as well, so that no branch hangs in the air.
    """
    chosen: dict[str, None] = {}
    for id in ids:
        row = source.tasks.get(id)
        if row is not None:
            chosen.update(dict.fromkeys(one for one in row.path if source.tasks.get(one) is not None))
    below: dict[str | None, list[str]] = {}
    for id in chosen:
        parent = source.tasks.rows[id].parent_id
        below.setdefault(parent if parent in chosen else None, []).append(id)
    keys: list[str] = []
    branches: dict[str, str] = {}
    waiting = [(id, "", "") for id in reversed(below.get(None, []))]
    while waiting:
        id, branch, stem = waiting.pop()
        keys.append(id)
        branches[id] = branch
        children = below.get(id, [])
        for number in range(len(children) - 1, -1, -1):
            last = number == len(children) - 1
            waiting.append((children[number], f"{stem}{'└ ' if last else '├ '}", f"{stem}{'  ' if last else '│ '}"))
    return keys, branches


def detail(source: Source, row: TaskRow, now: float, budgets: Budgets = _UNKNOWN) -> tuple[Line, ...]:
    """Intent, time, the chain as a tree, what it has touched and spent, and the rights; the story is fetched beside it."""
    ledger = source.chains.get(row.root_id)
    lines = [
        Line((strong(row.purpose), muted(f"   task {short_id(row.id)}"))),
        Line((muted("on behalf of "), *chain(row.agents, row.on_behalf_of))),
        BLANK,
        said(
            "STATE", sign_of(TASK, row.state).span(), muted(f"   open for {countdown((row.ended_at or now) - row.opened_at)}")
        ),
    ]
    if row.state == "running":
        lines.append(
            said(
                "DEADLINE",
                strong(countdown(row.deadline_at - now)),
                muted(f"   silent until {clock(row.heartbeat_due_at)} at most"),
            )
        )
    else:
        why = f": {row.end_reason}" if row.end_reason else ""
        lines.append(said("ENDED", text(clock(row.ended_at)), muted(f" by {row.ended_by or 'the plane'}{why}")))
    lines += _chain_tree(source, row, now)
    if ledger is not None:
        lines.append(said("TOUCHED", sign_of(CLASS, ledger.highest_class).span(), muted(f"   {plural(ledger.reads, 'read')}")))
        for name, rows, most in spent(ledger, budgets):
            sign, claimed = sign_of(CLASS, name), ledger.claimed.get(name, 0)
            own = (muted(f"   {figure(claimed)} by its own word"),) if claimed else ()
            counted = budget(rows, most) if most else (strong(figure(rows)), muted(" rows; the budget is not known yet"))
            lines.append(under(Span(f"{sign.glyph:<3}{name:<13}", sign.tone), *counted, *own))
        lines.append(said("SENT", strong(plural(ledger.sends, "time")), muted(f", {figure(ledger.sent_bytes)} bytes")))
        if ledger.resources:
            more_resources = f" and {len(ledger.resources) - 6} more" if len(ledger.resources) > 6 else ""
            lines.append(said("RESOURCES", text(", ".join(ledger.resources[:6])), muted(more_resources)))
    leases = (strong(figure(held(source, row))), muted(" live"))
    lines.append(said("LEASES", *(replace(one, door=f"leases task:{row.id}") for one in leases)))
    if row.text_digest is not None:
        lines.append(said("ITS WORDS", muted("kept apart under their digest; the audit log shows them")))
    lines += [
        Line((text(right_words(right)),), label="" if number else "RIGHTS", hang=bool(number))
        for number, right in enumerate(row.rights[:8])
    ]
    return tuple(lines)


def _chain_tree(source: Source, row: TaskRow, now: float) -> list[Line]:
    """Everybody in the chain, each under the one that delegated: a door to each task."""
    keys, branches = tree(source, (one.id for one in source.tasks.of("root", row.root_id)))
    lines = []
    for number, key in enumerate(keys[:_CHAIN_SHOWN]):
        one = source.tasks.rows[key]
        sign, here = sign_of(TASK, one.state), key == row.id
        lives = held(source, one)
        spans = (
            dim(branches[key]),
            Span(one.agent_name, Tone.DELEGATION, strong=here, door=f"tasks @{key}"),
            muted("  "),
            Span(f"{sign.glyph} {sign.word}", sign.tone, whole=True),
            muted(f"  {countdown((one.ended_at or now) - one.opened_at)}  {one.purpose}"),
            *((muted("  "), Span(plural(lives, "lease"), door=f"leases task:{key}")) if lives else ()),
            *((Span("  ← this", Tone.BRASS),) if here and len(keys) > 1 else ()),
        )
        lines.append(said("CHAIN", *spans) if not number else under(*spans))
    if len(keys) > _CHAIN_SHOWN:
        more = f"and {len(keys) - _CHAIN_SHOWN} more"
        lines.append(under(Span(more, Tone.MUTED, door=f"tasks root:{row.root_id}")))
    return lines


def _depends(source: Source, row: TaskRow) -> Hashable:
    ledger = source.chains.get(row.root_id) if row.parent_id is None else None
    return (held(source, row), ledger.version if ledger else 0, _risk(source, row))


VIEW: View[TaskRow] = View(
    name="tasks",
    title="Tasks",
    columns=COLUMNS,
    fields=with_getters(fields_for("tasks"), {"intent": attrgetter("purpose")}),
    book=lambda source: source.tasks,
    cells=cells,
    detail=detail,
    order=order,
    shown=lambda row, now: row.state == "running" or (row.ended_at or row.deadline_at) > now - ENDED_SHOWN,
    sort_keys={
        "intent": lambda source, row: row.purpose,
        "state": lambda source, row: row.state,
        "age": lambda source, row: row.opened_at,
        "left": lambda source, row: row.deadline_at,
        "leases": held,
        "behalf": lambda source, row: row.on_behalf_of,
    },
    depends=_depends,
    ticks=lambda row: row.state == "running",
    empty="No task is running.",
    hint="Agents open tasks; each appears here under the one that delegated it.",
)


@dataclass(slots=True)
class TaskTree(ViewRows[TaskRow]):
    """The rows of the Tasks view: a tree, unless it is sorted by a column."""

    branches: dict[str, str] = field(default_factory=dict)
    budgets: Budgets = field(default_factory=dict)
    folded: dict[str, int] = field(default_factory=dict)
    """Tasks whose delegates are folded away, and how many of them there are."""
    _flat: Keys | None = field(default=None, repr=False)

    def _take(self, keys: Keys) -> None:
        """The order is this one: put it as a tree, unless it is sorted by a column."""
        if keys is not self._flat:
            self._flat = keys
            sorted_by = self._shown is not None and self._shown.asked is not None
            self.keys, self.branches = (keys, {}) if sorted_by else self._folded(*tree(self.source, keys))

    def fold(self, id: str | None) -> str:
        """Fold what is below a task, or unfold it; of a task with nothing below, what is below its parent. Returns why not."""
        row = self.source.tasks.get(id) if id else None
        while row is not None and row.id not in self.folded and not self.source.tasks.count("parent", row.id):
            row = self.source.tasks.get(row.parent_id) if row.parent_id else None
        if row is None:
            return "Nothing was delegated from this task."
        if self.folded.pop(row.id, None) is None:
            self.folded[row.id] = 0
        self._flat = None
        return ""

    def _folded(self, keys: list[str], branches: dict[str, str]) -> tuple[list[str], dict[str, str]]:
        """The tree without what is folded away."""
        if not self.folded:
            return keys, branches
        kept: list[str] = []
        self.folded = {id: 0 for id in self.folded if id in branches}
        for key in keys:
            away = next((one for one in self.source.tasks.rows[key].path[:-1] if one in self.folded), None)
            if away is None:
                kept.append(key)
            else:
                self.folded[away] += 1
        return kept, branches

    def version(self, key: str) -> Hashable:
        """Differs whenever the cells would differ. Raises KeyError when the row has left."""
        return (ViewRows.version(self, key), self.branches.get(key, ""), bool(self.budgets), self.folded.get(key, 0))

    def cells(self, key: str) -> Sequence[Cell]:
        """The cells of a row. Raises KeyError when it has left."""
        branch, below = self.branches.get(key, ""), self.folded.get(key, 0)
        return cells_under(self.source, self.row(key), self.now(), branch, self.budgets, below)
