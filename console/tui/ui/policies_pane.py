"""The pane over the bundle: its files as a tree, with policies, findings and tests under them, then its history.

Where there is a draft of the published bundle, the tree is of the draft, and a row above it says where the draft stands.
"""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.model.filter_fields import fields_for
from console.model.problems import ProblemError
from console.tui.present.cells import Cell
from console.tui.present.spans import Line, Span, Spans
from console.tui.present.views import policies as show
from console.tui.present.views.drafting import DraftFacts
from console.tui.present.views.fetched import FetchedRows
from console.tui.present.words import BLANK
from console.tui.ui.drafting import Drafting
from console.tui.ui.fetched import FetchedPane
from console.tui.ui.panes import Pane, brief
from console.tui.ui.widgets.rows import Rows
from console.tui.ui.world import World

if TYPE_CHECKING:
    from console.model.bundles import Bundle, BundleView

_FACTS_EVERY = 2.0
DRAFT = "draft"
"""The key of the row of the draft."""


@dataclass
class PoliciesPane(FetchedPane):
    """The published bundle. `enter` reads a file, at the line of what was under the cursor."""

    bundle: "BundleView | None" = None
    """The published one."""
    shown: "BundleView | None" = None
    """What the tree shows: the draft, where there is one."""
    drafting: Drafting = field(init=False)
    history: "list[Bundle]" = field(default_factory=list)
    facts: dict[str, show.Fact] = field(default_factory=dict)
    decisions: int = 0
    _facts_at: float = float("-inf")
    _laid: int = 0
    """How often the tree was laid out: what is made of it anew has nothing else that is sure to differ."""

    def __post_init__(self) -> None:
        self.drafting = Drafting.on_this_machine(self.world)

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
            self.bundle, self.shown, self.history, self.held = None, None, [], FetchedRows({}, self._cells)
            return
        try:
            self.history = await plane.revisions()
        except ProblemError:
            # The bundle is worth showing without its history.
            self.history = []
        self.bundle = bundle
        self._facts_at = float("-inf")
        self._count()
        await self.read_draft()

    async def read_draft(self) -> None:
        """Read what there is of drafts, show it, and have the plane say what it thinks of it."""
        if self.bundle is None:
            return
        await asyncio.to_thread(self.drafting.read, self.bundle.bundle)
        self._put()
        self.rearrange()
        await self.drafting.check()
        self._put()
        self.rearrange()

    def _put(self) -> None:
        """Lay the tree out of what is known."""
        if self.bundle is None:
            return
        self.shown = self.drafting.shown(self.bundle)
        facts = self.draft
        items = {} if facts is None else {DRAFT: show.PolicyItem(DRAFT, "draft", "draft", state=str(facts.stage), thing=facts)}
        for _, older in self.drafting.older:
            key = f"{DRAFT} {older.digest}"
            items[key] = show.PolicyItem(key, "draft", f"draft of r{older.revision}", state="moved", thing=older)
        items |= show.policy_items(self.shown, self.history, self.drafting.changed())
        self._laid += 1
        self.held = FetchedRows(items, self._cells, None, self._version)

    @property
    def draft(self) -> DraftFacts | None:
        """What is known of the draft of the published bundle."""
        return self.drafting.facts(self.history)

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

    def _version(self, item: show.PolicyItem) -> tuple[int, int]:
        return self._laid, self._stamp(item)

    def _cells(self, item: show.PolicyItem) -> tuple[Cell, ...]:
        return show.policy_cells(item, self.facts)

    def nothing(self) -> tuple[str, str]:
        return ("No bundle is published: everything is denied.", "Publish a bundle that validates.")

    def door(self, key: str) -> str:
        item: show.PolicyItem | None = self.item(key)
        if item is not None and item.kind == "draft":
            return "!diff"
        return "!source" if item is not None and item.kind != "revision" and self.text_of(item.file) is not None else ""

    def text_of(self, path: str) -> str | None:
        """The text of a file as it is shown; None where there is none."""
        if self.shown is None:
            return None
        return next((file.text for file in self.shown.bundle.files if file.path == path), None)

    def heading(self, key: str | None) -> Spans:
        if self.bundle is None:
            return ()
        draft = " (a draft of it)" if self.drafting.draft is not None else ""
        return (Span(f"{self.bundle.bundle.name}  r{self.bundle.bundle.revision}{draft}"),)

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
        bundle = self.shown
        if bundle is None or item is None:
            return ()
        stamp = (key, self._laid, *((self.decisions, self._stamp(item)) if item.kind == "policy" else ()))
        return self.once(stamp, lambda: show.policy_detail(item, bundle, self.facts, self.decisions))


def policies_pane(world: World) -> Pane:
    """The pane over the published bundle."""
    return PoliciesPane(world, "policies", "Policies", show.POLICY_COLUMNS, fields=fields_for("policies"), digit="5")
