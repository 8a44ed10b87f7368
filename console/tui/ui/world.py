"""What the running console knows: the mirror, the session, the plane behind them, and what was fetched for the cards.

Owns the session and the fetched details. Knows no Textual; the application reads it and is told of changes.
"""

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from console.model.codes import ProblemError
from console.tui.present.inert import inert
from console.tui.present.status import StatusFacts, mirror_facts
from console.tui.state.connection import Connection, Freshness, backoff, lost, passed
from console.tui.state.intents import Dispatcher, Intent, Outcome, Refusal, Result
from console.tui.state.mirror import Changes, Mirror, Tables
from console.tui.state.plane import Plane
from console.tui.state.session import ARMED_FOR, Session, arm, disarm, touched
from console.tui.state.sync import Synchronizer, SystemTimes, Times
from console.tui.ui.options import ConsoleOptions

if TYPE_CHECKING:
    from console.model.approvals import ApprovalDetail

SIGNED_OUT = frozenset({"not_signed_in", "credential_expired", "wrong_audience"})
_KEPT = 200
UNDO_SECONDS = 60.0
"""For how long what was given last can be taken back with one key."""
_UNDOES = frozenset({"approval.withdraw", "grant.revoke"})
_GIVES = frozenset({"grant.create", "grant.break_glass", "approval.approve", "approval.narrow"})
_IDENTIFY_EVERY = 30.0
_RETRY_OPEN = 2.0
_UNHEARD = 100
"""How many batches wait for somebody who listens; the newest are kept."""
_STEADY = 60.0
"""After how many seconds without an unexpected error the next one is the first again."""


class World:
    """One console's knowledge. `heard` is told of every batch; `times` are the clocks.

    `failed` is told of what nobody expected, also of what `heard` raised; the plane is followed again after it. Without
    them the world follows its plane unheard until somebody listens.
    """

    def __init__(
        self,
        options: ConsoleOptions,
        heard: Callable[[Changes], None] | None = None,
        *,
        times: Times | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        failed: Callable[[BaseException], None] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.options = options
        self.times: Times = times or SystemTimes()
        self.mirror = Mirror(lambda text: inert(text).text)
        until = self.times.monotonic() + ARMED_FOR if options.start == "armed" and not options.read_only else None
        self.session = Session(
            options.operator, environment=options.environment, read_only=options.read_only, armed_until=until
        )
        self.plane: Plane | None = None
        self.dispatcher: Dispatcher | None = None
        self.signed_out = ""
        """Why the plane does not know who is here, with the next step; empty while it does."""
        self.identified = False
        self.answered_in: float | None = None
        """How many seconds the plane took for the last answer to who is here."""
        self.touched_at = float("-inf")
        """When a key was pressed last (monotonic)."""
        self.given: tuple[float, object] | None = None
        """What was given last, an approval or a grant, and when (monotonic)."""
        self.details: OrderedDict[Hashable, ApprovalDetail] = OrderedDict()
        self._sync: Synchronizer | None = None
        self._unheard: deque[Changes] = deque(maxlen=_UNHEARD)
        self._unexpected: deque[BaseException] = deque(maxlen=_UNHEARD)
        self._told = heard or self._unheard.append
        self._pause = pause
        self._failed = failed or self._unexpected.append
        self._chance = chance
        self._failures = 0
        self._hurry = asyncio.Event()

    def listen(self, heard: Callable[[Changes], None], failed: Callable[[BaseException], None]) -> None:
        """Hear from now on, and at once of everything until now."""
        self._told, self._failed = heard, failed
        for error in self._unexpected:
            failed(error)
        for changes in self._unheard:
            self._heard(changes)
        self._unexpected.clear()
        self._unheard.clear()

    # Time and state

    @property
    def source(self) -> Tables:
        """The tables that the views read."""
        return self.mirror.tables

    @property
    def connection(self) -> Connection:
        """The connection as it is now, which may be older than the last batch."""
        return self._sync.connection if self._sync is not None else self.session.connection

    def now(self) -> float:
        """The plane's clock in seconds since the epoch, as far as it is known."""
        return self.times.wall() + self.connection.offset

    @property
    def live(self) -> bool:
        """Whether what is shown is fresh."""
        return self.connection.live

    def facts(self) -> StatusFacts:
        """What the strip tells now."""
        monotonic, session = self.times.monotonic(), self.session
        left = None if session.expires_at is None else max(0.0, session.expires_at - self.now())
        figures: dict[str, Any] = dict(mirror_facts(self.source, self.now()))
        return StatusFacts(
            environment=session.environment,
            operator=session.operator or "not known",
            mode=session.mode(monotonic),
            connection=str(self.connection.state),
            sign_in_left=left,
            armed_left=session.armed_for(monotonic),
            silent=self.connection.silent_for(monotonic),
            production=self.options.colour == "red",
            loaded=self.mirror.loaded,
            **figures,
        )

    def touch(self) -> None:
        """A key was pressed."""
        self.touched_at = self.times.monotonic()
        self.session = touched(self.session, self.touched_at)

    def turn_arming(self) -> str:
        """Arm, or be SAFE again. Returns the sentence that says what it is now."""
        now = self.times.monotonic()
        if self.session.read_only:
            return "READ-ONLY: this console cannot be armed."
        if self.session.armed_for(now) > 0:
            self.session = disarm(self.session)
            return "SAFE: what gives power needs ! first."
        self.session = arm(self.session, now)
        return "ARMED: what gives power works for five idle minutes."

    def disarm(self) -> None:
        """Be SAFE, whatever it was."""
        self.session = disarm(self.session)

    # Acts

    def check(self, act: str) -> Refusal | None:
        """Why an act may not be sent now."""
        if self.session.read_only or self.dispatcher is not None:
            checker = self.dispatcher or Dispatcher(_NO_PLANE, monotonic=self.times.monotonic, wall=self.times.wall)
            if self.identified or self.session.read_only:
                return checker.check(act, replace(self.session, connection=self.connection))
        return Refusal(self.signed_out or "The plane has not answered yet: nothing can be sent.")

    def remember(self, result: Result) -> None:
        """Keep what was given last, so that it can be taken back, until it was."""
        # A publication is in force at once; what takes it back is rolling back.
        lasting = str(getattr(result.answer, "kind", "")) == "publication"
        if result.outcome is Outcome.DONE and result.intent.act in _GIVES and result.answer is not None and not lasting:
            self.given = (self.times.monotonic(), result.answer)
        taken = result.outcome is Outcome.DONE and result.intent.act in _UNDOES
        if taken and self.given is not None and getattr(self.given[1], "id", "") == result.intent.target.id:
            self.given = None

    def undo_left(self) -> float:
        """Seconds for which what was given last can still be taken back; 0 where there is nothing."""
        return 0.0 if self.given is None else max(0.0, self.given[0] + UNDO_SECONDS - self.times.monotonic())

    async def send(self, intent: Intent) -> Result:
        """Send an act. Never raises for what the plane answers."""
        if self.dispatcher is None:
            raise ProblemError("unreachable", "The plane has not answered yet; nothing was sent.")
        return await self.dispatcher.send(intent, replace(self.session, connection=self.connection))

    def settled(self) -> list[Result]:
        """Outcomes that were unknown and no longer are."""
        if self.dispatcher is None:
            return []
        return self.dispatcher.reconcile(self.source, replace(self.session, connection=self.connection))

    # What is fetched for the cards

    def detail_of(self, id: str) -> "ApprovalDetail | None":
        """What was fetched of an approval request, when it is of its present version."""
        row = self.source.approvals.get(id)
        return None if row is None else self.details.get((id, row.version))

    async def fetch_detail(self, id: str) -> "ApprovalDetail | None":
        """Fetch what the card shows beside the request itself. None where the plane did not answer."""
        if self.plane is None:
            return None
        try:
            detail = await self.plane.approval_detail(id)
        except (ProblemError, OSError, TimeoutError):
            return None
        row = self.source.approvals.get(id)
        if row is not None and (row.revision, row.digest) == (detail.approval.revision, detail.approval.digest):
            _keep(self.details, (id, row.version), detail)
        return detail

    # The plane

    def reconnect(self) -> None:
        """Try the plane again now instead of waiting."""
        self._hurry.set()
        if self._sync is not None:
            self._sync.reconnect()

    async def run(self) -> None:
        """Open the plane and follow it, for ever; a plane that cannot be opened is tried again.

        So is one that could not be followed for a reason that nobody expected, after ever longer pauses.
        """
        while True:
            began, wait = self.times.monotonic(), _RETRY_OPEN
            try:
                async with self.options.open_plane() as plane:
                    await self._follow(plane)
            except (ProblemError, OSError, TimeoutError) as problem:
                self._note(problem)
                self._lose(str(problem) or "no answer")
            except Exception as error:
                steady = self.times.monotonic() - began >= _STEADY
                self._failures = 1 if steady else self._failures + 1
                wait = backoff(self._failures, self._chance())
                self._lose("something went wrong in the console")
                self._failed(error)
            await self._wait(wait)

    def _lose(self, problem: str) -> None:
        """Nothing is followed any more; what is shown gets older from now on."""
        self.session = replace(self.session, connection=lost(self.connection, problem))
        self._sync = None
        self._heard(Changes())

    async def _wait(self, seconds: float) -> None:
        """Wait for the next attempt, or until somebody asks for it, while what is shown gets older."""
        self._hurry.clear()
        hurried = asyncio.create_task(self._hurry.wait())
        try:
            while seconds > 0 and not hurried.done():
                pausing = asyncio.ensure_future(self._pause(min(seconds, 1.0)))
                await asyncio.wait({hurried, pausing}, return_when=asyncio.FIRST_COMPLETED)
                pausing.cancel()
                seconds -= 1.0
                aged = passed(self.session.connection, self.times.monotonic())
                self.session = replace(self.session, connection=aged)
                self._heard(Changes())
        finally:
            hurried.cancel()

    async def _follow(self, plane: Plane) -> None:
        self.plane = plane
        self.dispatcher = Dispatcher(
            plane, monotonic=self.times.monotonic, wall=self.times.wall, request_id=self.options.request_id
        )
        self._sync = Synchronizer(plane, self.mirror, self._hear, times=self.times)
        # What is known of the plane's clock and of its silence is kept; fresh it is only once the mirror is true again.
        self._sync.connection = replace(self.session.connection, state=Freshness.CONNECTING)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sync.run())
            group.create_task(self._identify(plane))

    async def _identify(self, plane: Plane) -> None:
        """Ask who is signed in, and ask again from time to time: roles change, and a sign-in ends."""
        while True:
            wait = _IDENTIFY_EVERY
            asked_at = self.times.monotonic()
            try:
                who = await plane.whoami()
            except (ProblemError, OSError, TimeoutError) as problem:
                self._note(problem)
                wait = _RETRY_OPEN
            else:
                self.answered_in = self.times.monotonic() - asked_at
                self.signed_out = ""
                self.identified = True
                self.session = replace(
                    self.session,
                    operator=inert(who.name, 64).text,
                    roles=frozenset(map(str, who.roles)),
                    groups=frozenset(who.groups),
                    expires_at=None if who.expires_at is None else who.expires_at.timestamp(),
                )
            self._heard(Changes())
            await self._pause(wait)

    def _note(self, problem: BaseException) -> None:
        if isinstance(problem, ProblemError) and problem.code in SIGNED_OUT:
            self.signed_out = f"{inert(problem.detail).text}. Sign in again: leasehold login."
            self.identified = False

    def _heard(self, changes: Changes) -> None:
        """Tell the listener. What it cannot do with it is told too, and does not end the following."""
        try:
            self._told(changes)
        except Exception as error:
            self._failed(error)

    def _hear(self, changes: Changes, connection: Connection) -> None:
        if connection.state is Freshness.LIVE:
            self.signed_out = "" if self.identified else self.signed_out
        self.session = replace(self.session, connection=connection)
        self._heard(changes)


class _NoPlane:
    """No plane is open; a dispatcher over it only checks."""


_NO_PLANE: Any = _NoPlane()


def _keep(kept: "OrderedDict[Any, Any]", key: Hashable, value: object) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _KEPT:
        kept.popitem(last=False)
