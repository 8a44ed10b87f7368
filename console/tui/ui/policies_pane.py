"""The pane over the published bundle: its files as a tree, with policies, findings and tests under them, then its history."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.model.filter_fields import fields_for
from console.model.problems import ProblemError
from console.tui.present.cells import Cell
from console.tui.present.spans import Line, Span, Spans
from console.tui.present.views import policies as show
from console.tui.present.views.fetched import FetchedRows
from console.tui.present.words import BLANK
from console.tui.ui.fetched import FetchedPane
from console.tui.ui.panes import Pane, brief
from console.tui.ui.widgets.rows import Rows
from console.tui.ui.world import World

if TYPE_CHECKING:
    from console.model.bundles import Bundle, BundleView

_FACTS_EVERY = 2.0


@dataclass
class PoliciesPane(FetchedPane):
    """The published bundle. `enter` reads a file, at the line of what was under the cursor."""

    bundle: "BundleView | None" = None
    history: "list[Bundle]" = field(default_factory=list)
    facts: dict[str, show.Fact] = field(default_factory=dict)
    decisions: int = 0
    _facts_at: float = float("-inf")

    async def fetch(self) -> None:
        plane = self.world.plane
        if plane is None:
            return
        try:
            bundle = await plane.policies()
        except ProblemError as problem:
            if problem.code != "no_policy":
                raise
            # Nothing is published: that is an answer, and a grave one, but no failure to read.
            self.bundle, self.history, self.held = None, [], FetchedRows({}, self._cells)
            return
        try:
            self.history = await plane.revisions()
        except ProblemError:
            # The bundle is worth showing without its history.
            self.history = []
        self.bundle = bundle
        self._facts_at = float("-inf")
        self._count()
        self.held = FetchedRows(show.policy_items(bundle, self.history), self._cells, None, self._stamp)

    def rows(self) -> Rows:
        self._count()
        return super().rows()

    def _count(self) -> None:
        """Count what each policy did, at most every two seconds."""
        now = self.world.times.monotonic()
        if now - self._facts_at >= _FACTS_EVERY:
            self._facts_at = now
            held = self.world.source.decisions.rows.values()
            self.facts, self.decisions = show.facts_of(held), len(held)

    def _stamp(self, item: show.PolicyItem) -> int:
        fact = self.facts.get(item.name) if item.kind == "policy" else None
        return fact.count if fact is not None else 0

    def _cells(self, item: show.PolicyItem) -> tuple[Cell, ...]:
        return show.policy_cells(item, self.facts)

    def nothing(self) -> tuple[str, str]:
        return ("No bundle is published: everything is denied.", "Publish a bundle that validates.")

    def door(self, key: str) -> str:
        item: show.PolicyItem | None = self.item(key)
        return "!source" if item is not None and item.kind != "revision" and self.text_of(item.file) is not None else ""

    def text_of(self, path: str) -> str | None:
        """The text of a file of the bundle; None where the plane does not tell it."""
        if self.bundle is None:
            return None
        return next((file.text for file in self.bundle.bundle.files if file.path == path), None)

    def heading(self, key: str | None) -> Spans:
        return (Span(f"{self.bundle.bundle.name}  r{self.bundle.bundle.revision}"),) if self.bundle else ()

    def lines(self, key: str | None) -> tuple[Line, ...]:
        head = self._own_lines(key)
        if self.bundle is None:
            return head
        return (*head, BLANK, *show.bundle_detail(self.bundle)) if head else show.bundle_detail(self.bundle)

    def brief(self, key: str | None, room: int, width: int) -> tuple[Line, ...]:
        lines = self._own_lines(key)
        item = self.item(key)
        return tuple(line for line in lines if line.spans)[:room] if item and item.kind == "file" else brief(lines, room)

    def _own_lines(self, key: str | None) -> tuple[Line, ...]:
        """What the row says itself, without the bundle around it."""
        item = self.item(key)
        bundle = self.bundle
        if bundle is None or item is None:
            return ()
        stamp = (key, self.read_at, *((self.decisions, self._stamp(item)) if item.kind == "policy" else ()))
        return self.once(stamp, lambda: show.policy_detail(item, bundle, self.facts, self.decisions))


def policies_pane(world: World) -> Pane:
    """The pane over the published bundle."""
    return PoliciesPane(world, "policies", "Policies", show.POLICY_COLUMNS, fields=fields_for("policies"), digit="5")
