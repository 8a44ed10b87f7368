"""A driver for the whole console: presses keys and waits on conditions, never on time.

`Estate` is the plane in memory with everything that the console asks beside the feed; every mutation it receives is kept in
`sent`, and its effect is put on the stream unless `silent`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from console.model import merkle
from console.model.agents import AgentState
from console.model.approvals import Approval, ApprovalState, Review, ReviewInput
from console.model.audit import AuditRecord, Checkpoint, Checkpoints, InclusionProof
from console.model.bundles import BundleView
from console.model.canonical import canonical
from console.model.frameworks import FrameworkReview, Frameworks, FrameworkView, MetricView, SeedRows
from console.model.grants import Grant, GrantInput, GrantState
from console.model.leases import Lease, LeaseState, RevocationResult, RevokeManyInput
from console.model.locks import ContainmentPreview, ContainmentTally, Lock
from console.model.operators import Whoami
from console.model.problems import ProblemError
from console.model.tasks import Task, TaskState
from console.tui.rows import SignedHead, SignedHeads
from console.tui.state.plane import Plane
from console.tui.ui.app import Console
from console.tui.ui.message import MessageLine
from console.tui.ui.options import ConsoleOptions
from console.tui.ui.widgets.filterline import FilterLine
from console.tui.ui.widgets.sheet import Sheet
from tests.tui.state.plane_in_memory import NOW, MemoryTick, OwnTimes, agent, an_id, approval, lease, task
from tests.tui.ui.reviewing_plane import ReviewingPlane

ROLES = ("viewer", "approver", "responder")
SECONDS = 10.0


class Estate(ReviewingPlane):
    """The whole plane in memory."""

    def __init__(self, *, roles: tuple[str, ...] = ROLES) -> None:
        super().__init__()
        self.roles = roles
        self.silent = False
        self.records: list[AuditRecord] = []
        self.frameworks_listed: Frameworks | None = None
        self.framework_view: FrameworkView | None = None
        self.metric_view: MetricView | None = None
        self.checkpoint_size = 0
        self.forged_leaf = ""
        self.left_to_confirm = 0
        self.story_page = 200

    async def whoami(self) -> Whoami:
        if self.fail is not None and self.fail.code == "credential_expired":
            raise self.fail
        return Whoami.model_validate(
            {
                "kind": "operator",
                "name": "maya",
                "roles": self.roles,
                "groups": ("security",),
                "now": NOW,
                "expires_at": NOW + timedelta(hours=1),
            }
        )

    async def chain_story(self, root_id: str, before: int | None = None) -> tuple[list[AuditRecord], bool]:
        chain = {one.id for one in self.entities.values() if isinstance(one, Task) and one.root_id == root_id}
        told = [one for one in self.records if one.task_id in chain and (before is None or one.seq < before)]
        newest = sorted(told, key=lambda one: -one.seq)
        return newest[: self.story_page], len(newest) > self.story_page

    async def audit(self, before: int | None = None, filter: str = "") -> list[AuditRecord]:
        newest = sorted(self.records, key=lambda one: -one.seq)
        return [one for one in newest if before is None or one.seq < before][:200]

    async def records_of(self, object_id: str) -> list[AuditRecord]:
        return sorted((one for one in self.records if one.object_id == object_id), key=lambda one: -one.seq)

    def _leaves(self, size: int) -> list[bytes]:
        held = sorted(self.records, key=lambda one: one.seq)[:size]
        return [merkle.leaf_hash(canonical(one)) for one in held]

    async def heads(self) -> SignedHeads:
        listed = await self.checkpoints()
        return SignedHeads(tuple(SignedHead(one.size, one.at) for one in listed.items), listed.size)

    async def checkpoints(self) -> Checkpoints:
        if self.checkpoint_size == 0:
            return Checkpoints(items=(), size=len(self.records))
        peaks = merkle.peaks_of(self._leaves(self.checkpoint_size))
        made = Checkpoint(
            size=self.checkpoint_size,
            root=merkle.root(peaks).hex(),
            peaks=tuple(one.hex() for one in peaks),
            at=NOW,
            log="a-log",
            key_id="k1",
            signature="s",
        )
        return Checkpoints(items=(made,), size=len(self.records))

    async def prove(self, seq: int, size: int) -> InclusionProof:
        leaves = self._leaves(size)
        return InclusionProof(
            seq=seq,
            size=size,
            leaf=self.forged_leaf or leaves[seq].hex(),
            path=tuple(step.hex() for step in merkle.inclusion_path(leaves, seq)),
            root=merkle.root(merkle.peaks_of(leaves)).hex(),
        )

    async def policies(self) -> BundleView:
        if self.bundle is None:
            raise ProblemError("not_ready")
        return self.bundle

    async def frameworks(self) -> Frameworks:
        if self.frameworks_listed is None:
            raise ProblemError("not_ready")
        return self.frameworks_listed

    async def seed_rows(self) -> SeedRows:
        return SeedRows(items=())

    async def framework(self, id: str) -> FrameworkView:
        if self.framework_view is None:
            raise ProblemError("not_found")
        return self.framework_view

    async def metric(self, id: str) -> MetricView:
        if self.metric_view is None:
            raise ProblemError("not_found")
        return self.metric_view

    async def review_framework(self, framework: str, control: str, standing: str, note: str) -> FrameworkReview:
        self._take("review_framework", f"{framework}:{control}", note)
        assert self.framework_view is not None
        row = next(one for one in self.framework_view.rows if one.control == control)
        made = FrameworkReview(
            framework=framework,
            control=control,
            state=row.state,
            digest=row.digest,
            standing=standing,
            note=note,
            reviewer="maya",
            at=NOW,
        )
        rows = tuple(one.model_copy(update={"review": made}) if one is row else one for one in self.framework_view.rows)
        self.framework_view = self.framework_view.model_copy(update={"rows": rows})
        return made

    async def text(self, digest: str) -> str | None:
        return self.agent_text

    def _held(self, agent_id: str) -> list[Lease]:
        return [one for one in self.entities.values() if isinstance(one, Lease) and one.agent_id == agent_id]

    async def contain_preview(self, agent_id: str) -> ContainmentPreview:
        whose = self._get("agents", agent_id)
        leases = self._held(agent_id)
        return ContainmentPreview(
            agent_id=agent_id,
            agent_name=whose.name,
            critical=whose.critical,
            tasks=1,
            delegated_tasks=0,
            leases=len(leases),
            leases_by_issuer={"tokens": len(leases)},
            leases_by_revocability={"instant": len(leases)},
            approvals=1,
            grants=0,
        )

    def _tally(self, lock: Lock) -> ContainmentTally:
        count = len(self._held(lock.agent_id))
        return ContainmentTally(
            lock=lock,
            leases=count,
            confirmed=count - self.left_to_confirm,
            expired=0,
            revoking=self.left_to_confirm,
            irrevocable=0,
        )

    async def containment(self, lock_id: str) -> ContainmentTally:
        return self._tally(self._get("locks", lock_id))

    async def review(self, id: str, review: ReviewInput) -> Approval:
        self._take("review", id, review)
        held: Approval = self._get("approvals", id)
        made = Review(
            reviewer="maya",
            verdict=review.verdict,
            at=NOW,
            reason=review.reason,
            revision=review.revision,
            digest=review.digest,
            groups=("security",),
        )
        state = ApprovalState.REJECTED if review.verdict == "reject" else ApprovalState.APPROVED
        after = held.model_copy(update={"reviews": (*held.reviews, made), "state": state})
        if not self.silent:
            self.put(after, f"approval.{state}")
        return after

    async def create_grant(self, grant: GrantInput) -> Grant:
        self._take("create_grant", grant.agent_id, grant)
        made = Grant(
            id=an_id("gr", 900 + len(self.sent)),
            kind=grant.kind,
            agent_id=grant.agent_id,
            agent_name="executor-1",
            covers=grant.covers,
            template=grant.template,
            scope=grant.scope,
            requested_by="maya",
            reason=grant.reason,
            requested_at=NOW,
            starts_at=NOW,
            ends_at=NOW + timedelta(seconds=grant.seconds),
            seconds=grant.seconds,
            uses=grant.uses,
            uses_left=grant.uses,
            state=GrantState.ACTIVE,
        )
        self.put(made, "grant.active")
        return made

    async def revoke_grant(self, id: str, reason: str) -> Grant:
        self._take("revoke_grant", id, reason)
        after: Grant = self._get("grants", id).model_copy(update={"state": GrantState.REVOKED})
        self.put(after, "grant.revoked")
        return after

    async def revoke_leases(self, selection: RevokeManyInput) -> RevocationResult:
        self._take("revoke_leases", "", selection)
        items = []
        for id in selection.lease_ids or ():
            after = self._get("leases", id).model_copy(update={"state": LeaseState.REVOKED, "ended_at": NOW})
            self.put(after, "lease.revoked")
            items.append({"lease_id": id, "state": "revoked", "revocability": "instant"})
        return RevocationResult.model_validate({"asked": len(items), "items": items})

    async def retry_revocation(self, id: str) -> Lease:
        self._take("retry_revocation", id, None)
        after: Lease = self._get("leases", id).model_copy(update={"state": LeaseState.REVOKING})
        self.put(after, "lease.revoking")
        return after

    async def contain(self, agent_id: str, reason: str) -> ContainmentTally:
        self._take("contain", agent_id, reason)
        held = self._get("agents", agent_id)
        lock = Lock(
            id=an_id("lk", 1),
            target="agent",
            target_id=agent_id,
            target_name=held.name,
            cause=an_id("lk", 1),
            agent_id=agent_id,
            reason=reason,
            placed_at=NOW,
            placed_by="maya",
        )
        self.put(lock, "lock.placed")
        self.put(held.model_copy(update={"state": AgentState.CONTAINED}), "agent.contained")
        return self._tally(lock)

    async def release(self, agent_id: str, reason: str) -> Lock:
        self._take("release", agent_id, reason)
        held = self._get("agents", agent_id)
        self.put(held.model_copy(update={"state": AgentState.ACTIVE}), "agent.released")
        lock: Lock = next(one for one in self.entities.values() if isinstance(one, Lock))
        return lock

    async def stop_task(self, id: str, reason: str) -> Task:
        self._take("stop_task", id, reason)
        after: Task = self._get("tasks", id).model_copy(update={"state": TaskState.CANCELLED, "ended_at": NOW})
        self.put(after, "task.cancelled")
        return after


def populated(**options: Any) -> Estate:
    """An estate with two agents, their tasks, leases and requests."""
    estate = Estate(**options)
    for number in (1, 2):
        by = agent(number)
        of = task(number, by=by)
        estate.put(by)
        estate.put(of)
        estate.put(lease(number, of))
    for number, score in ((1, 82), (2, 60), (3, 30)):
        by = agent(1 if number == 1 else 2)
        estate.put(approval(number, score, agent_id=by.id, agent_name=by.name))
    return estate


class Driver:
    """Presses keys, reads the screen, waits on conditions."""

    def __init__(self, app: Console, pilot: Pilot[None], estate: Estate) -> None:
        self.app, self.pilot, self.estate = app, pilot, estate
        self.times = app.world.times
        self.heartbeat = True
        """Whether the plane gives signs of life while the driver waits."""

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, condition: Callable[[], object], why: str = "") -> None:
        """Wait until a condition holds; fails with the screen when it does not in time."""
        try:
            async with asyncio.timeout(SECONDS):
                while not condition():
                    self.pass_time(0.05)
                    await self.pilot.pause()
                    await asyncio.sleep(0)
        except TimeoutError:
            raise AssertionError(f"{why or 'the condition never held'}; the screen was:\n{self.screen_text()}") from None

    def pass_time(self, seconds: float) -> None:
        """Move the console's clocks; a plane that lives is heard meanwhile."""
        assert isinstance(self.times, OwnTimes)
        self.times.seconds += seconds
        if self.heartbeat:
            self.estate.send(MemoryTick())

    async def type(self, text: str) -> None:
        await self.pilot.press(*["space" if one == " " else one for one in text])

    @property
    def said(self) -> str:
        return self.app.screen_stack[0].query_one(MessageLine).words

    @property
    def sheet(self) -> Sheet | None:
        return self.app.screen if isinstance(self.app.screen, Sheet) else None

    async def open_sheet(self) -> Sheet:
        """Wait for a sheet whose confirming key is alive."""
        await self.until(lambda: self.sheet is not None and self.sheet.armed, "no sheet was armed")
        assert self.sheet is not None
        return self.sheet

    async def shown(self, words: str) -> None:
        await self.until(lambda: words in self.screen_text(), f"{words!r} was never on the screen")

    def screen_text(self) -> str:
        """What the terminal shows, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def view(self, digit: str, name: str) -> None:
        await self.press(digit)
        await self.until(lambda: self.app.pane.name == name, f"the view {name} did not open")

    async def filled(self, name: str, value: str) -> None:
        """Put a value into an input of a form at once."""
        self.app.screen.query_one(name, Input).value = value

    @property
    def line(self) -> FilterLine:
        return self.app.query_one("#command", FilterLine)


@asynccontextmanager
async def console(
    estate: Estate, size: tuple[int, int] = (80, 24), *, live: bool = True, **options: Any
) -> AsyncIterator[Driver]:
    """The console on an estate, live unless it is not to be waited for."""

    @asynccontextmanager
    async def open_plane() -> AsyncIterator[Plane]:
        yield estate

    given: dict[str, Any] = {"open_plane": open_plane, "environment": "test", "start": "armed"} | options
    made = ConsoleOptions(**given)
    app = Console(made, times=OwnTimes())
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot, estate)
        if live:
            await driver.until(lambda: app.world.live and app.world.identified and app.pane.cursor is not None, "never live")
        yield driver
