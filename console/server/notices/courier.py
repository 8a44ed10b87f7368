"""One webhook's courier: reads the feed from where it stopped, sends what is worth a notice, and remembers how far it came.

Owns the position of its webhook. The position moves on after a delivery and never before it, so that a restart sends again,
under the same id, what may not have arrived. It holds one notice and one page of the feed, however long its receiver is dead.
"""

import asyncio
import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from console.model.actors import PLANE
from console.model.approvals import Approval
from console.model.base import Json
from console.model.leases import Lease, LeaseState
from console.model.notices import WebhookPosition, WebhookStatus
from console.model.problems import ProblemError
from console.server.notices.notice import (
    COLLECTIONS,
    ENTITIES,
    KINDS,
    Notice,
    near_deadline,
    of_event,
    retold,
    stuck_subject,
    wanted,
)
from console.server.notices.sending import Answer, Patience, Sender, Webhook
from console.server.ports import Clock, Store, StoredEvent, Transaction

PAGE: Final = 200
LOOK_SECONDS: Final = 1.0
"""How often it looks for deadlines that have come near."""
SAVE_SECONDS: Final = 30.0
"""How often the position is kept while there is nothing to tell."""
MOST_TOLD: Final = 1000
MOST_OWED: Final = 100
MOST_STUCK: Final = 1000
_STUCK_ENDS: Final = frozenset({"lease.revoked", "lease.expired", "lease.abandoned"})

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Trying:
    """The notice that is being sent: since when it could not be delivered, how often it was tried, and the newest error."""

    since: datetime | None = None
    attempts: int = 0
    error: str = ""


class Courier:
    """Tells one webhook. `run` lives as long as the plane; tests drive `look`."""

    def __init__(
        self, webhook: Webhook, store: Store, clock: Clock, sender: Sender, *, random: Random, patience: Patience
    ) -> None:
        self._webhook = webhook
        self._store = store
        self._clock = clock
        self._sender = sender
        self._random = random
        self._patience = patience
        self._woken = asyncio.Event()
        self._trying = Trying()
        self._owed: list[dict[str, Json]] = []
        kept = store.get(WebhookPosition, webhook.name)
        # A webhook that is new hears of what happens from now on, not of the past.
        self._position = kept or WebhookPosition(id=webhook.name, cursor=store.head())
        self._cursor = self._position.cursor
        self._dirty = kept is None

    def status(self) -> WebhookStatus:
        """How it stands now."""
        position, trying, webhook = self._position, self._trying, self._webhook
        return WebhookStatus(
            name=webhook.name,
            shape=webhook.shape,
            host=webhook.host,
            events=tuple(sorted(kind.value for kind in webhook.events)),
            cursor=self._cursor,
            behind=max(0, self._store.head() - self._cursor),
            delivered=position.delivered,
            delivered_at=position.delivered_at,
            given_up=position.given_up,
            given_up_at=position.given_up_at,
            failing_since=trying.since,
            attempts=trying.attempts,
            last_error=trying.error or position.last_error,
        )

    async def run(self) -> None:
        """Tell what happens until cancelled."""
        stop = self._store.subscribe(self._heard)
        try:
            saved_at = self._now()
            await self._save()
            self._woken.set()
            while True:
                if self._woken.is_set():
                    self._woken.clear()
                    await self._catch_up()
                await self._deadlines()
                if self._now() - saved_at >= SAVE_SECONDS:
                    saved_at = self._now()
                    await self._save()
                await self._rest()
        finally:
            stop()

    def stumbled(self, error: Exception) -> None:
        """Something failed that nobody expected: it shows until the next delivery."""
        self._trying.since = self._trying.since or self._clock.now()
        self._trying.error = f"the courier failed ({type(error).__name__})"

    async def look(self) -> None:
        """Tell everything that is to be told now: for tests."""
        await self._catch_up()
        await self._deadlines()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _heard(self, events: list[StoredEvent]) -> None:
        """One commit's events. When all is told and there is nothing in them for us, the cursor just goes with them."""
        worth = any(self._may_be_worth(event) for event in events)
        if self._cursor + 1 == events[0].cursor and not worth:
            self._cursor = events[-1].cursor
        else:
            self._woken.set()

    def _may_be_worth(self, event: StoredEvent) -> bool:
        """Whether an event must be read. Ends of leases come by the thousand, and matter only while something is stuck."""
        if event.kind not in KINDS:
            return False
        return event.kind not in _STUCK_ENDS or any(subject.startswith("stuck:") for subject in self._position.told)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _catch_up(self) -> None:
        """Everything behind the cursor, a page at a time."""
        while True:
            head = self._store.head()
            try:
                events = self._store.events(self._cursor, PAGE, COLLECTIONS)
            except ProblemError as problem:
                await self._lose(problem)
                return
            for event in events:
                notice = self._read(event) if self._may_be_worth(event) else None
                if notice is not None:
                    await self._deliver(notice, event.cursor)
                self._cursor = max(self._cursor, event.cursor)
            if len(events) < PAGE:
                self._cursor = max(self._cursor, head)
                return
            await asyncio.sleep(0)

    def _read(self, event: StoredEvent) -> Notice | None:
        """The notice of an event, if this webhook is told of its kind."""
        body: dict[str, Any] = json.loads(event.text)
        entity = ENTITIES[event.collection].model_validate(body["body"])
        at = datetime.fromisoformat(body["at"])
        notice = of_event(event.kind, entity, at=at, told=self._position.told, stuck=self._stuck)
        if notice is None or self._wants(notice):
            return notice
        if notice.ends:
            # Nobody here is told of the end; it has ended all the same, and may begin anew.
            self._change(told=retold(self._position.told, notice, MOST_TOLD))
        return None

    def _wants(self, notice: Notice) -> bool:
        always_ends = self._webhook.shape == "pagerduty"
        return notice.kind is not None and wanted(notice.kind, self._webhook.events, always_ends=always_ends)

    def _stuck(self, lease: Lease) -> int:
        """How many leases of its agent are stuck at its issuer by now, or are being tried again after they were."""
        found = (
            one
            for state in (LeaseState.IRREVOCABLE, LeaseState.REVOKING)
            for one in self._store.find(Lease, agent_id=lease.agent_id, state=state, limit=MOST_STUCK)
        )
        subject = stuck_subject(lease)
        waiting = (one for one in found if one.state is LeaseState.IRREVOCABLE or one.last_error)
        return sum(stuck_subject(one) == subject for one in waiting)

    async def _deadlines(self) -> None:
        """What waits and is about to run out."""
        from_now = self._webhook.deadline_seconds
        now = self._clock.now()
        for approval in self._store.due(Approval, now + timedelta(seconds=from_now), limit=MOST_TOLD):
            notice = near_deadline(approval, now, from_now, self._position.told)
            if notice is not None and self._wants(notice):
                await self._deliver(notice, None)

    async def _deliver(self, notice: Notice, cursor: int | None) -> None:
        """Send until it is delivered, or given up. Either way the position goes on, in one commit."""
        self._trying = Trying()
        while True:
            answer = await self._sender.send(notice)
            self._trying.attempts += 1
            if answer.delivered or answer.final or self._trying.attempts >= self._webhook.tries:
                break
            self._trying.since = self._trying.since or self._clock.now()
            self._trying.error = answer.error
            await asyncio.sleep(self._patience.wait(self._trying.attempts, self._random, answer.wait_seconds))
        if cursor is not None:
            self._cursor = max(self._cursor, cursor)
        self._note(notice, answer)
        self._trying = Trying()
        await self._save()

    def _note(self, notice: Notice, answer: Answer) -> None:
        position = self._position
        self._change(told=retold(position.told, notice, MOST_TOLD))
        if answer.delivered:
            self._change(delivered=position.delivered + 1, delivered_at=self._clock.now(), last_error="")
            return
        attempts = self._trying.attempts
        self._give_up({"notice": notice.id, "subject": notice.subject, "attempts": attempts, "error": answer.error})

    async def _lose(self, problem: ProblemError) -> None:
        """Events that are no longer kept cannot be told: that is said, and it goes on from now."""
        head = self._store.head()
        error = f"events {self._cursor + 1} to {head} were no longer kept ({problem.code})"
        self._give_up({"notice": "", "subject": "", "attempts": 0, "error": error})
        self._cursor = head
        await self._save()

    def _give_up(self, body: dict[str, Json]) -> None:
        """Count what was given up, and owe the record of it, which is written with the next position."""
        error = str(body["error"])
        _log.warning("webhook %s: a notice was given up: %s", self._webhook.name, error)
        self._owed = [*self._owed, body][-MOST_OWED:]
        self._change(given_up=self._position.given_up + 1, given_up_at=self._clock.now(), last_error=error)

    def _change(self, **changes: object) -> None:
        self._position = self._position.model_copy(update=changes)
        self._dirty = True

    async def _save(self) -> None:
        """Keep the position and what is owed to the record. A store that fails is asked again with the next position."""
        if not self._dirty and self._cursor == self._position.cursor:
            return
        self._change(cursor=self._cursor)
        position, owed = self._position, tuple(self._owed)

        def verb(tx: Transaction) -> WebhookPosition:
            for body in owed:
                tx.record("notice.given_up", PLANE, object="webhook", object_id=position.id, body=body)
            kept = tx.get(WebhookPosition, position.id)
            current = position.model_copy(update={"version": kept.version if kept is not None else 0})
            return tx.put(current, "webhook.told", PLANE, audit=False, event=False)

        try:
            self._position = await self._store.write(verb)
        except ProblemError as problem:
            _log.warning("webhook %s: its position could not be kept: %s", self._webhook.name, problem.code)
            return
        self._dirty = False
        self._owed = self._owed[len(owed) :]
