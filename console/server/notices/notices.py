"""Notices: a courier for each webhook of the configuration, and how they stand.

Each webhook has its own courier, connection and position, so that a slow or dead receiver delays nobody else.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from console.model.actors import PLANE, Actor
from console.model.notices import WebhookPosition, Webhooks, WebhookTested
from console.model.problems import ProblemError
from console.model.scales import RiskLevel
from console.server.notices.courier import Courier
from console.server.notices.notice import Notice
from console.server.notices.sending import Patience, Sender, Webhook
from console.server.ports import Clock, Store, Transaction

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)


class Notices:
    """Word to people who are not looking. `run` lives as long as the plane; without webhooks it ends at once."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        webhooks: Sequence[Webhook],
        *,
        plane: str,
        environment: str,
        random: Random | None = None,
        patience: Patience | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._random = random or SystemRandom()
        self._patience = patience or Patience()
        self._senders = {
            webhook.name: Sender(webhook, clock.now, plane=plane, environment=environment, transport=transport)
            for webhook in webhooks
        }
        self._couriers = {
            webhook.name: Courier(
                webhook, store, clock, self._senders[webhook.name], random=self._random, patience=self._patience
            )
            for webhook in webhooks
        }

    async def run(self) -> None:
        """Tell every webhook until cancelled."""
        await self._forget_others()
        if not self._couriers:
            return
        async with contextlib.AsyncExitStack() as stack:
            for sender in self._senders.values():
                await stack.enter_async_context(sender)
            async with asyncio.TaskGroup() as group:
                for name, courier in self._couriers.items():
                    group.create_task(self._keep_going(name, courier), name=f"webhook {name}")

    async def _keep_going(self, name: str, courier: Courier) -> None:
        """A courier's work, again and again: what is wrong with word going out never stops the plane that decides."""
        while True:
            try:
                await courier.run()
            except Exception as error:
                _log.exception("webhook %s: its courier failed and starts again", name)
                courier.stumbled(error)
            await asyncio.sleep(self._patience.longest_seconds)

    async def look(self) -> None:
        """Everything that is to be told now, by each courier in its own time: for tests."""
        await asyncio.gather(*(courier.look() for courier in self._couriers.values()))

    def status(self) -> Webhooks:
        """How each webhook stands."""
        return Webhooks(items=tuple(courier.status() for courier in self._couriers.values()))

    async def test(self, name: str, actor: Actor) -> WebhookTested:
        """Send a test notice, once, and put on the record what came of it. Raises ProblemError `not_found`."""
        sender = self._senders.get(name)
        if sender is None:
            raise ProblemError("not_found", "There is no such webhook.", next_step="See leasehold notices list.")
        now = self._clock.now()
        notice = Notice(
            id=self._clock.new_id("nt"),
            kind=None,
            subject=f"test:{name}",
            at=now,
            title="This is a test of Leasehold's notices",
            severity=RiskLevel.LOW,
            facts={"webhook": name},
            command="leasehold notices list",
        )
        answer = await sender.send(notice)
        tested = WebhookTested(name=name, delivered=answer.delivered, status=answer.status, error=answer.error)

        def verb(tx: Transaction) -> None:
            tx.record("notice.tested", actor, object="webhook", object_id=name, body=tested.model_dump(mode="json"))

        await self._store.write(verb)
        return tested

    def metrics(self) -> Iterator[str]:
        """Lines in the text form of Prometheus."""
        found = self.status().items
        counts = (
            ("leasehold_notices_delivered_total", "Notices delivered.", "counter", [one.delivered for one in found]),
            ("leasehold_notices_given_up_total", "Notices given up.", "counter", [one.given_up for one in found]),
            ("leasehold_notices_behind", "Events not looked at yet.", "gauge", [one.behind for one in found]),
            ("leasehold_notices_attempts", "Failed attempts at what waits.", "gauge", [one.attempts for one in found]),
        )
        for metric, text, kind, values in counts if found else ():
            yield f"# HELP {metric} {text}"
            yield f"# TYPE {metric} {kind}"
            for one, value in zip(found, values, strict=True):
                yield f'{metric}{{webhook="{one.name}"}} {value}'

    async def _forget_others(self) -> None:
        """Drop the positions of webhooks that are no longer configured: named again later, they begin from then."""
        gone = [one.id for one in self._store.find(WebhookPosition) if one.id not in self._couriers]
        if not gone:
            return

        def verb(tx: Transaction) -> None:
            for name in gone:
                tx.drop(WebhookPosition, name)
                tx.record("notice.forgotten", PLANE, object="webhook", object_id=name, body={})

        await self._store.write(verb)
