"""The panes of frameworks, from the list down to the rows: frameworks, controls, figures, counter-examples."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from console.model.filter_fields import fields_for
from console.model.filters import Fields, with_getters
from console.model.problems import ProblemError
from console.tui.present.cells import Cell, Column
from console.tui.present.inert import inert
from console.tui.present.spans import Line, Span, Spans
from console.tui.present.views import frameworks as show
from console.tui.present.views.fetched import FetchedRows
from console.tui.present.words import BLANK, muted
from console.tui.ui.fetched import FetchedPane
from console.tui.ui.panes import Pane, Subject
from console.tui.ui.world import World

if TYPE_CHECKING:
    from console.model.audit import Checkpoints
    from console.model.frameworks import ControlRow, FrameworkView, MeasureView, MetricView
    from console.tui.ui.audit_pane import AuditPane

_ASKED = "asked-"
_TABLES = {"ls": "leases", "tk": "tasks", "ag": "agents", "ap": "approvals", "gr": "grants"}


@dataclass
class FrameworksPane(FetchedPane):
    """The frameworks, their controls counted by state. `enter` opens one."""

    async def fetch(self) -> None:
        if self.world.plane is not None:
            listed = await self.world.plane.frameworks()
            asked = await self.world.plane.seed_rows()
            items: dict[str, Any] = {f"{_ASKED}{at}": one for at, one in enumerate(asked.items, 1)}
            self.held = FetchedRows(items | {one.id: one for one in listed.items}, _framework_cells)

    def door(self, key: str) -> str:
        if key.startswith(_ASKED) or self.siblings is None:
            return ""
        cast("ControlsPane", self.siblings["controls"]).choose(key)
        return "controls"

    def heading(self, key: str | None) -> Spans:
        item = self.item(key)
        if item is None:
            return ()
        return (Span("a row that the product was asked for" if (key or "").startswith(_ASKED) else item.title),)

    def lines(self, key: str | None) -> tuple[Line, ...]:
        item = self.item(key)
        if item is None:
            return ()
        return show.seed_detail(item) if (key or "").startswith(_ASKED) else show.framework_detail(item)


def _framework_cells(item: Any) -> tuple[Cell, ...]:
    return show.framework_cells(item) if hasattr(item, "controls") else show.seed_cells(item)


@dataclass
class ControlsPane(FetchedPane):
    """The controls of one framework, each with its evidence and its last review. `enter` opens its figures."""

    framework: str = ""
    view: "FrameworkView | None" = None
    checkpoints: "Checkpoints | None" = None

    def choose(self, framework: str) -> None:
        """Show another framework."""
        if framework != self.framework:
            self.forget()
            self.framework, self.view = framework, None

    async def fetch(self) -> None:
        if self.world.plane is not None and self.framework:
            wanted = self.framework
            view = await self.world.plane.framework(wanted)
            if wanted == self.framework:
                self.view = view
                self.held = FetchedRows({row.control: row for row in view.rows}, show.control_cells)
                self.checkpoints = await self.world.plane.checkpoints()

    def nothing(self) -> tuple[str, str]:
        return ("No framework is chosen.", "esc goes to the list.") if not self.framework else super().nothing()

    def door(self, key: str) -> str:
        row: ControlRow | None = self.item(key)
        if row is None or not row.evidence or self.siblings is None:
            return ""
        cast("MeasuresPane", self.siblings["measures"]).choose(self.framework, row.control)
        return "measures"

    def heading(self, key: str | None) -> Spans:
        return (Span(self.view.title if self.view else self.framework),)

    def lines(self, key: str | None) -> tuple[Line, ...]:
        row = self.item(key)
        head = show.control_detail(row) if row is not None else ()
        return (*head, BLANK, *show.catalogue_lines(self.view)) if self.view is not None else head

    def subject(self, key: str | None) -> Subject | None:
        row: ControlRow | None = self.item(key)
        return Subject("controls", row.control, f"{row.control} {row.title}") if row is not None else None

    def report(self, suffix: str) -> tuple[str, str] | None:
        if self.view is None:
            return None
        from console.evidence.export import to_csv, to_json  # noqa: PLC0415 (with the first report)

        shown = set(self.keys)
        view = self.view.model_copy(update={"rows": tuple(row for row in self.view.rows if row.control in shown)})
        signed = self.checkpoints.items[0] if self.checkpoints is not None and self.checkpoints.items else None
        write = to_json if suffix == "json" else to_csv
        return ("json" if suffix == "json" else "csv", write(view, signed, self.filter_text))


@dataclass
class MeasuresPane(FetchedPane):
    """The figures of one control, each with its definition, its query and its trend. `enter` opens what speaks against it."""

    framework: str = ""
    control: str = ""
    metrics: "dict[str, MetricView]" = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def choose(self, framework: str, control: str) -> None:
        """Show another control's figures."""
        if (framework, control) != (self.framework, self.control):
            self.forget()
            self.framework, self.control = framework, control

    async def fetch(self) -> None:
        if self.world.plane is not None and self.control:
            wanted = (self.framework, self.control)
            view = await self.world.plane.framework(self.framework)
            row = next((one for one in view.rows if one.control == wanted[1]), None)
            if wanted == (self.framework, self.control):
                evidence = row.evidence if row is not None else ()
                self.metrics.clear()
                self.problems.clear()
                self.held = FetchedRows({one.metric: one for one in evidence}, show.measure_cells)

    def look_up(self, key: str) -> Awaitable[None] | None:
        if key in self.metrics or key in self.problems or self.item(key) is None or self.world.plane is None:
            return None
        self.problems[key] = ""
        return self._look_up(key)

    async def _look_up(self, key: str) -> None:
        assert self.world.plane is not None
        try:
            self.metrics[key] = await self.world.plane.metric(key)
        except (ProblemError, OSError, TimeoutError) as error:
            self.problems[key] = f"{inert(str(error) or 'no answer in time').text}   u reads it again"

    def nothing(self) -> tuple[str, str]:
        return ("Nothing evidences this control here.", "esc goes up.")

    def door(self, key: str) -> str:
        measure: MeasureView | None = self.item(key)
        if measure is None or not measure.counter_examples or self.siblings is None:
            return ""
        cast("ExamplesPane", self.siblings["examples"]).choose(measure)
        return "examples"

    def heading(self, key: str | None) -> Spans:
        return (Span(f"{self.control}  figure {key}" if key else self.control),)

    def lines(self, key: str | None) -> tuple[Line, ...]:
        measure = self.item(key)
        if measure is None or key is None:
            return ()
        return show.measure_detail(measure, self.metrics.get(key), self.problems.get(key, ""))


@dataclass
class ExamplesPane(FetchedPane):
    """What speaks against a figure. `enter` opens the view on that row, or the records of what is no longer held."""

    measure: "MeasureView | None" = None

    def choose(self, measure: "MeasureView") -> None:
        """Show another figure's counter-examples."""
        self.forget()
        self.measure = measure

    async def fetch(self) -> None:
        ids = self.measure.counter_examples if self.measure is not None else ()
        self.held = FetchedRows({id: id for id in ids}, self._cells)

    def _cells(self, id: str) -> tuple[Cell, ...]:
        row = self._row(id)
        label = getattr(row, "name", "") or getattr(row, "agent_name", "")
        what = " ".join(str(getattr(row, one, "") or "") for one in ("action", "resource", "purpose")).strip()
        return show.example_cells(id, f"{label}  {what}".strip(), str(getattr(row, "state", getattr(row, "outcome", ""))))

    def _row(self, id: str) -> object | None:
        source, prefix = self.world.source, id.partition("_")[0]
        name = "decisions" if prefix == "dc" else _TABLES.get(prefix)
        return getattr(source, name).get(id) if name is not None else None

    def door(self, key: str) -> str:
        table = _TABLES.get(key.partition("_")[0])
        if table is not None and self._row(key) is not None:
            return f"{table} @{key}"
        if self.siblings is None:
            return ""
        audit = cast("AuditPane", self.siblings["audit"])
        if key.startswith("audit:"):
            audit.begin_at(int(key.removeprefix("audit:")))
        elif show.example_kind(key) == "name":
            return f"audit actor:{key}"
        else:
            audit.tell_of(key)
        return "audit"

    def nothing(self) -> tuple[str, str]:
        return ("Nothing speaks against this figure.", "esc goes up.")

    def heading(self, key: str | None) -> Spans:
        return (Span(f"against: {self.measure.title}" if self.measure is not None else "against"),)

    def lines(self, key: str | None) -> tuple[Line, ...]:
        if self.measure is None or key is None:
            return ()
        return (
            Line((Span(key, strong=True), muted(f"   {show.example_kind(key)}"))),
            Line((muted("speaks against: "), *show.measured(self.measure))),
            BLANK,
            Line((Span(self.measure.query),)),
            BLANK,
            Line((muted("enter opens it"),)),
        )


def framework_pane(world: World, name: str, panes: Mapping[str, Pane]) -> Pane:
    """One of the panes of frameworks. Raises KeyError for another name."""
    columns, above = _PANES[name][1:]
    fields = _list_fields() if name == "frameworks" else fields_for(name) if name != "examples" else None
    return _PANES[name][0](world, name, "Frameworks", columns, fields=fields, digit="6", siblings=panes, above=above)


_PANES: dict[str, tuple[type[FetchedPane], tuple[Column, ...], str]] = {
    "frameworks": (FrameworksPane, show.FRAMEWORK_COLUMNS, ""),
    "controls": (ControlsPane, show.CONTROL_COLUMNS, "frameworks"),
    "measures": (MeasuresPane, show.MEASURE_COLUMNS, "controls"),
    "examples": (ExamplesPane, show.EXAMPLE_COLUMNS, "measures"),
}


def _list_fields() -> Fields:
    """The list also holds rows as they were asked for, which have other fields: what they have not is absent in them."""

    def lenient(name: str, get: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda row: get(row) if hasattr(row, "controls") else row.claim if name == "title" else None

    fields = fields_for("frameworks")
    return with_getters(fields, {name: lenient(name, one.get) for name, one in fields.items()})
