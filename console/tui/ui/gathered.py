"""What was fetched for the details and the mirror does not hold: the stories of chains, the log's signed heads, class budgets.

Owns these and when each is worth fetching again. What was fetched before stays where the plane does not answer. Knows no
Textual.
"""

import tomllib
from collections import Counter, OrderedDict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.model.codes import ProblemError
from console.tui.present.inert import inert
from console.tui.ui.world import World

if TYPE_CHECKING:
    from console.tui.rows import ChainEntry, SignedHeads

KEPT = 8
"""So many stories are kept, and of each so many entries."""
MOST_RECORDS = 2_000
_BETWEEN = ("pending", "revoking", "irrevocable")
HEADS_EVERY = 15.0
ASIDE_AFTER = 5.0
"""Seconds that a console has been live before anything is fetched that nobody looks at closely."""
ASIDE_REST = 1.0
"""Seconds without a key before that."""


@dataclass(slots=True)
class ChainStory:
    """The records of a chain by seq, as far back as they were fetched."""

    records: "dict[int, ChainEntry]" = field(default_factory=dict)
    stamp: Hashable = None
    earlier: bool = False
    """The log holds entries before these."""


class Gathered:
    """Fetches and keeps."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.stories: OrderedDict[str, ChainStory] = OrderedDict()
        self.checkpoints: SignedHeads | None = None
        self.problem = ""
        """Why the signed heads are not known, where there is a reason."""
        self.budgets: Mapping[str, int] | None = None
        """Rows that a chain may read, by class; None is not known yet."""
        self._budgets_of = ""
        self._heads_at = float("-inf")
        self._aside_at = float("inf")

    # Stories

    def root_of(self, task_id: str) -> str:
        """The root of a task's chain; of a task that is not known the task itself."""
        row = self._world.source.tasks.get(task_id)
        return row.root_id if row is not None else task_id

    def story_of(self, task_id: str) -> ChainStory | None:
        """What was fetched of the chain of a task."""
        return self.stories.get(self.root_of(task_id))

    def story_is_whole(self, task_id: str) -> bool:
        """Whether nothing has happened in the chain since it was fetched, as far as the mirror knows."""
        held = self.story_of(task_id)
        return held is not None and held.stamp == self._stamp(self.root_of(task_id))

    async def fetch_story(self, task_id: str, *, earlier: bool = False) -> None:
        """Fetch the newest entries of the task's whole chain, or those before the oldest that is known."""
        plane, root = self._world.plane, self.root_of(task_id)
        held = self.stories.get(root) or ChainStory()
        if plane is None or (earlier and (not held.earlier or not held.records)):
            return
        stamp = self._stamp(root)
        try:
            records, more = await plane.chain_story(root, min(held.records) if earlier else None)
        except (ProblemError, OSError, TimeoutError):
            return
        met = any(record.seq in held.records for record in records)
        if not earlier and not met:
            # Between these and the ones that are known some may be missing.
            held.records.clear()
        if earlier or not held.records:
            held.earlier = more and len(held.records) + len(records) < MOST_RECORDS
        if not earlier:
            held.stamp = stamp
        held.records.update((record.seq, record) for record in records)
        self.stories[root] = held
        self.stories.move_to_end(root)
        while len(self.stories) > KEPT:
            self.stories.popitem(last=False)

    def _stamp(self, root: str) -> Hashable:
        source = self._world.source
        chain, leases, live, approvals, decisions, states = source.chains.get(root), 0, 0, 0, 0, {}
        for row in source.tasks.of("root", root):
            states[row.id] = row.state
            # Uses of a lease stand in no story.
            leases += source.leases.count("task", row.id)
            live += source.leases.count("live of task", row.id)
            approvals += sum(one.version for one in source.approvals.of("task", row.id))
            decisions += source.decisions.count("task", row.id)
        version = chain.version if chain else 0
        return (tuple(states.values()), version, leases, live, *self._unsettled(states, leases), approvals, decisions)

    def _unsettled(self, tasks: Collection[str], leases: int) -> tuple[int, ...]:
        """How many leases of these tasks are in each state that is neither active nor an end."""
        table = self._world.source.leases
        if table.count("state", *_BETWEEN) < leases:
            return tuple(sum(one.task_id in tasks for one in table.of("state", state)) for state in _BETWEEN)
        counts = Counter(one.state for task in tasks for one in table.of("task", task))
        return tuple(counts[state] for state in _BETWEEN)

    # The plane itself

    def wants_heads(self) -> bool:
        """Whether it is time to fetch the heads for a word in the strip alone. Asked again and again while live."""
        now = self._world.times.monotonic()
        self._aside_at = min(self._aside_at, now + ASIDE_AFTER)
        rested = now >= self._aside_at and now - self._world.touched_at >= ASIDE_REST
        return rested or self.checkpoints is not None

    async def fetch_heads(self) -> bool:
        """Fetch the log's signed heads, at most four times a minute. Returns whether it was asked."""
        plane, now = self._world.plane, self._world.times.monotonic()
        if plane is None or now - self._heads_at < HEADS_EVERY:
            return False
        self._heads_at = now
        try:
            self.checkpoints = await plane.heads()
            self.problem = ""
        except (ProblemError, OSError, TimeoutError) as error:
            self.problem = inert(str(error) or "no answer in time").text
        return True

    async def fetch_budgets(self) -> bool:
        """Fetch the class budgets of the published bundle, once for each bundle. Returns whether it was asked."""
        plane = self._world.plane
        published = max(self._world.source.bundles.of("state", "published"), key=lambda row: row.revision, default=None)
        if plane is None or published is None or published.digest == self._budgets_of:
            return False
        self._budgets_of = published.digest
        try:
            bundle = (await plane.policies()).bundle
        except (ProblemError, OSError, TimeoutError):
            self._budgets_of = ""
            return True
        manifest = next((file.text for file in bundle.files if file.path == "manifest.toml"), "")
        self.budgets = budgets_in(manifest)
        return True


def budgets_in(manifest: str) -> dict[str, int] | None:
    """The rows that a chain may read of each class, as a bundle's manifest has them; None of one that cannot be read."""
    from console.policy.tables import Manifest  # noqa: PLC0415 (loaded when a bundle is there to be read)

    try:
        budgets = Manifest.model_validate(tomllib.loads(manifest)).limits.read_budget
    except ValueError:
        return None
    return {name: int(rows) for name, rows in budgets.model_dump().items()}
