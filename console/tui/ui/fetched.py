"""Panes over what is fetched and not mirrored: policies, frameworks and their controls, the audit log.

Owns what was fetched, when, and what went wrong: loading, failed, stale and ready are four looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from console.model.audit import AuditRecord
from console.model.bundles import BundleView
from console.model.frameworks import Frameworks, FrameworkSummary, FrameworkView, SeedRowView
from console.model.problems import ProblemError
from console.tui.present.cells import Cell, Column, figure, instant, short_id
from console.tui.present.inert import inert
from console.tui.present.spans import Line, Span, Spans
from console.tui.present.views import fetched as show
from console.tui.present.words import BLANK, muted, plural, said, strong, text
from console.tui.rows import moment
from console.tui.ui.panes import Pane, Subject, plain_data
from console.tui.ui.widgets.rows import Condition, NoRows, Notice, Rows
from console.tui.ui.world import World

_MOST_RECORDS = 5_000


@dataclass
class FetchedPane(Pane):
    """The base: asks the plane when it is shown, and keeps what it answered."""

    held: show.FetchedRows[Any] | None = None
    read_at: float | None = None
    problem: str = ""
    reading: bool = False

    async def load(self) -> None:
        """Ask the plane. What was known before stays when it does not answer."""
        if self.reading:
            return
        if self.world.plane is None:
            self.problem = "the plane has not answered yet"
            return
        self.reading = True
        try:
            await self.fetch()
            self.problem, self.read_at = "", self.world.now()
        except (ProblemError, OSError, TimeoutError) as error:
            self.problem = inert(str(error) or "no answer in time").text
        finally:
            self.reading = False

    async def fetch(self) -> None:
        """Ask the plane for the rows."""
        raise NotImplementedError

    def rows(self) -> Rows:
        return self.held if self.held is not None else NoRows()

    @property
    def keys(self) -> Sequence[str]:
        return self.held.keys if self.held is not None else ()

    def notice(self) -> Notice:
        if self.held is None:
            if self.problem:
                return Notice(Condition.FAILED, f"This could not be read: {self.problem}.", "u reads it again.")
            return Notice(Condition.LOADING, "Reading from the plane…")
        if self.problem:
            at = instant(moment(self.read_at)) if self.read_at else "before"
            return Notice(Condition.STALE, f"Not read again since {at}: {self.problem}.", "u tries again.")
        return Notice() if self.keys else Notice(Condition.EMPTY, *self.nothing())

    def nothing(self) -> tuple[str, str]:
        """What is said of an empty list, and what can be done."""
        return ("Nothing here.", "")

    def record(self, key: str) -> object:
        return plain_data(self.held.items[key]) if self.held is not None and key in self.held.items else None

    def item(self, key: str | None) -> Any:
        """What stands in a row."""
        return self.held.items.get(key) if self.held is not None and key is not None else None


@dataclass
class PoliciesPane(FetchedPane):
    """The published bundle: its policies, its findings, its tests."""

    bundle: BundleView | None = None

    async def fetch(self) -> None:
        if self.world.plane is not None:
            self.bundle = await self.world.plane.policies()
            self.held = show.policy_rows(self.bundle)

    def nothing(self) -> tuple[str, str]:
        return ("The published bundle holds no policy: everything is denied.", "Publish a bundle that validates.")

    def heading(self, key: str | None) -> Spans:
        return (Span(f"{self.bundle.bundle.name}  r{self.bundle.bundle.revision}"),) if self.bundle else ()

    def lines(self, key: str | None) -> tuple[Line, ...]:
        policy = self.item(key)
        head = show.policy_detail(policy) if policy is not None else ()
        if self.bundle is None:
            return head
        return (*head, BLANK, *show.bundle_detail(self.bundle))


@dataclass
class FrameworksPane(FetchedPane):
    """The frameworks, their controls counted by state. `enter` opens one."""

    listed: Frameworks | None = None

    async def fetch(self) -> None:
        if self.world.plane is not None:
            self.listed = await self.world.plane.frameworks()
            asked = await self.world.plane.seed_rows()
            items: dict[str, FrameworkSummary | SeedRowView] = {f"asked-{at}": one for at, one in enumerate(asked.items, 1)}
            self.held = show.FetchedRows(items | {one.id: one for one in self.listed.items}, _framework_cells)

    def heading(self, key: str | None) -> Spans:
        item = self.item(key)
        if isinstance(item, SeedRowView):
            return (Span("a row that the product was asked for"),)
        return (Span(item.title),) if item is not None else ()

    def lines(self, key: str | None) -> tuple[Line, ...]:
        item = self.item(key)
        if isinstance(item, SeedRowView):
            return show.seed_detail(item)
        if item is None:
            return ()
        return (
            Line((strong(item.title), muted(f"   {item.version}"))),
            Line((muted(item.publisher),)),
            BLANK,
            said("SUPPORTED", strong(figure(item.supported)), muted(f" of {plural(item.controls, 'control')}")),
            said("GAPS", strong(figure(item.gaps))),
            said("NO DATA", strong(figure(item.no_data)), muted("   nothing was observed, which is never a pass")),
            said("NOT OURS", strong(figure(item.out_of_scope)), muted("   out of scope of this product")),
            said("AS OF", text(instant(item.as_of))),
            said("SOURCE", muted(item.url)),
            *((said("IDS", muted("the ids are ours; the source numbers nothing")),) if item.ids_are_local else ()),
            BLANK,
            Line((muted("enter opens its controls"),)),
        )


def _framework_cells(item: FrameworkSummary | SeedRowView) -> tuple[Cell, ...]:
    return show.seed_cells(item) if isinstance(item, SeedRowView) else show.framework_cells(item)


@dataclass
class ControlsPane(FetchedPane):
    """The controls of one framework, each with its evidence."""

    framework: str = ""
    view: FrameworkView | None = None

    def choose(self, framework: str) -> None:
        """Show another framework."""
        if framework != self.framework:
            self.framework, self.view, self.held, self.problem = framework, None, None, ""

    async def fetch(self) -> None:
        if self.world.plane is not None:
            wanted = self.framework
            view = await self.world.plane.framework(wanted)
            if wanted == self.framework:
                self.view, self.held = view, show.control_rows(view.rows)

    def heading(self, key: str | None) -> Spans:
        return (Span(self.view.title if self.view else self.framework),)

    def lines(self, key: str | None) -> tuple[Line, ...]:
        row = self.item(key)
        return show.control_detail(row) if row is not None else ()


@dataclass
class AuditPane(FetchedPane):
    """The log, newest first; older records are fetched when the end comes near, newer ones as they are committed."""

    records: dict[int, AuditRecord] = field(default_factory=dict)
    beginning_reached: bool = False

    async def fetch(self) -> None:
        if self.world.plane is not None:
            self._take(await self.world.plane.audit(None, self.filter_text))

    async def load_older(self) -> None:
        """Fetch the records before the oldest one."""
        if self.reading or self.beginning_reached or not self.records or self.world.plane is None:
            return
        self.reading = True
        try:
            older = await self.world.plane.audit(min(self.records), self.filter_text)
            self.beginning_reached = not older or len(self.records) + len(older) >= _MOST_RECORDS
            self._take(older)
            self.problem = ""
        except (ProblemError, OSError, TimeoutError) as error:
            self.problem = inert(str(error) or "no answer in time").text
        finally:
            self.reading = False

    def forget(self) -> None:
        """Another filter: begin anew."""
        self.records.clear()
        self.held, self.beginning_reached, self.problem = None, False, ""

    def nothing(self) -> tuple[str, str]:
        return ("No record matches the filter.", "esc clears it.") if self.filter_text else ("The log is empty.", "")

    def _take(self, records: Sequence[AuditRecord]) -> None:
        fresh = [one for one in records if one.seq not in self.records]
        self.records.update((one.seq, one) for one in fresh)
        if fresh or self.held is None:
            self.held = show.audit_rows(list(self.records.values()))

    def lines(self, key: str | None) -> tuple[Line, ...]:
        record = self.item(key)
        return show.audit_detail(record) if record is not None else ()

    def heading(self, key: str | None) -> Spans:
        return (Span(f"record {key}"),) if key else ()

    def subject(self, key: str | None) -> Subject | None:
        record = self.item(key)
        if not isinstance(record, AuditRecord):
            return None
        agent = self.world.source.agents.get(record.agent_id) if record.agent_id else None
        name = agent.name if agent is not None else ""
        label = f"record {record.seq} {short_id(record.object_id)}"
        return Subject("audit", record.object_id, label, record.agent_id or "", name, record.task_id or "")


def fetched_panes(world: World) -> dict[str, Pane]:
    """The panes over what is fetched, by name."""

    def columns(given: Sequence[Column]) -> tuple[Column, ...]:
        return tuple(given)

    return {
        "policies": PoliciesPane(world, "policies", "Policies", columns(show.POLICY_COLUMNS), digit="5"),
        "frameworks": FrameworksPane(world, "frameworks", "Frameworks", columns(show.FRAMEWORK_COLUMNS), digit="6"),
        "controls": ControlsPane(world, "controls", "Frameworks", columns(show.CONTROL_COLUMNS), digit="6"),
        "audit": AuditPane(world, "audit", "Audit", columns(show.AUDIT_COLUMNS), digit="7"),
    }
