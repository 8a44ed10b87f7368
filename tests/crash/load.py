"""A load of real calls, and the model of what the plane acknowledged.

Only what an answer said is held against the plane afterwards. A call that was cut off may have been done or not; what it
would have changed is marked as open, and both outcomes are right.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from console.client import ClientError, LeaseholdClient, Refused, Unreachable
from console.model.agents import Agent
from console.model.approvals import ReviewInput
from console.model.decisions import DecideInput
from console.model.leases import LeaseInput
from console.model.rights import Right
from console.model.scales import DataClass
from console.model.tasks import IntentInput, TaskOpening

ALL = Right(actions=("*",), resources=("*",), max_class=DataClass.RESTRICTED)


@dataclass
class Given:
    """A lease as its answer told of it. `revoked` once a revocation was acknowledged, `open` once one was sent."""

    lease_id: str
    token: str
    agent: str
    task_id: str
    expires_at: datetime
    revoked: bool = False
    open: bool = False


@dataclass
class Acknowledged:
    """Everything that answers have told, over all rounds."""

    decisions: dict[str, bool] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    """Task id → agent id, of tasks that run as far as anybody was told."""
    ended: set[str] = field(default_factory=set)
    maybe_ended: set[str] = field(default_factory=set)
    leases: dict[str, Given] = field(default_factory=dict)
    reviews: dict[str, str] = field(default_factory=dict)
    contained: dict[str, str] = field(default_factory=dict)
    """Agent id → id of the lock, where containing was acknowledged and releasing was not asked for since."""
    maybe_contained: set[str] = field(default_factory=set)
    calls: int = 0


class Load:
    """Several workers that call at random, seeded, until the plane is gone or they have called often enough."""

    def __init__(
        self,
        seed: int,
        known: Acknowledged,
        agents: dict[str, tuple[Agent, LeaseholdClient]],
        reviewer: LeaseholdClient,
        responder: LeaseholdClient,
        server: LeaseholdClient,
    ) -> None:
        self._random = random.Random(seed)
        self._known = known
        self._agents = agents
        self._reviewer = reviewer
        self._responder = responder
        self._server = server
        self._pending: list[str] = []
        self._containings: Counter[str] = Counter()

    async def run(self, workers: int, calls: int) -> bool:
        """Returns whether the plane went away under it."""
        results = await asyncio.gather(*(self._work(calls) for _ in range(workers)))
        return any(results)

    async def _work(self, calls: int) -> bool:
        acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (60, self._open),
            (90, self._decide),
            (90, self._issue),
            (50, self._introspect),
            (30, self._revoke),
            (20, self._end),
            (30, self._escalate),
            (30, self._review),
            (4, self._contain),
            (12, self._release),
        ]
        weights = [weight for weight, _ in acts]
        for _ in range(calls):
            (act,) = self._random.choices([act for _, act in acts], weights)
            try:
                await act()
            except Unreachable:
                return True
            except Refused:
                continue
            except ClientError:
                return True
            finally:
                self._known.calls += 1
        return False

    def _agent(self) -> tuple[Agent, LeaseholdClient]:
        return self._random.choice(list(self._agents.values()))

    def _task(self) -> tuple[str, str] | None:
        running = [item for item in self._known.tasks.items() if item[0] not in self._known.maybe_ended]
        return self._random.choice(running) if running else None

    async def _open(self) -> None:
        agent, client = self._agent()
        if sum(owner == agent.id for owner in self._known.tasks.values()) > 20:
            return
        opening = TaskOpening(
            intent=IntentInput(purpose="refund-order", text="it arrived broken"),
            on_behalf_of="a-customer",
            rights=(ALL,),
            seconds=14_400,
            heartbeat_seconds=600,
        )
        before = self._containings[agent.id]
        opened = await client.open_task(opening)
        self._known.tasks[opened.task.id] = agent.id
        if before != self._containings[agent.id] or agent.id in self._known.maybe_contained:
            self._known.maybe_ended.add(opened.task.id)

    async def _decide(self) -> None:
        await self._ask("orders.read", "crm/orders")

    async def _escalate(self) -> None:
        await self._ask("payments.read", "crm/payment-methods")

    async def _ask(self, action: str, resource: str) -> None:
        found = self._task()
        if found is None:
            return
        task_id, agent_id = found
        asked = DecideInput(agent=agent_id, task_id=task_id, action=action, resource=resource, rows=self._random.randint(1, 9))
        answer = await self._agents[agent_id][1].decide(asked)
        assert answer.context is not None
        self._known.decisions[answer.context.id] = answer.decision
        if answer.context.approval_id is not None:
            self._pending.append(answer.context.approval_id)

    async def _issue(self) -> None:
        found = self._task()
        if found is None:
            return
        task_id, agent_id = found
        seconds = self._random.choice([2, 5, 300, 300])
        asked = LeaseInput(task_id=task_id, action="orders.read", resource="crm/orders", seconds=seconds)
        before = self._containings[agent_id]
        issued = await self._agents[agent_id][1].issue_lease(asked)
        lease = issued.lease
        given = Given(lease.id, issued.credential, agent_id, task_id, lease.expires_at)
        given.open = before != self._containings[agent_id] or agent_id in self._known.maybe_contained
        self._known.leases[lease.id] = given
        self._known.decisions[lease.decision_id] = True

    async def _introspect(self) -> None:
        if self._known.leases:
            given = self._random.choice(list(self._known.leases.values()))
            refused_before = given.revoked
            answer = await self._server.introspect_token(given.token)
            assert not (answer.active and refused_before), "a revoked lease was taken"

    async def _revoke(self) -> None:
        live = [given for given in self._known.leases.values() if not given.open]
        if not live:
            return
        given = self._random.choice(live)
        given.open = True
        await self._responder.revoke_lease(given.lease_id, "drill")
        given.revoked = True

    async def _end(self) -> None:
        found = self._task()
        if found is None:
            return
        task_id, agent_id = found
        self._known.maybe_ended.add(task_id)
        await self._agents[agent_id][1].complete_task(task_id, "done")
        self._known.ended.add(task_id)
        self._known.tasks.pop(task_id, None)

    async def _review(self) -> None:
        if not self._pending:
            return
        approval_id = self._pending.pop(self._random.randrange(len(self._pending)))
        shown = (await self._reviewer.show_approval(approval_id)).approval
        verdict = self._random.choice(["approve", "reject"])
        asked = ReviewInput.model_validate(
            {"verdict": verdict, "digest": shown.digest, "revision": shown.revision, "reason": "looked at it"}
        )
        await self._reviewer.review_approval(approval_id, asked)
        self._known.reviews[approval_id] = verdict

    async def _contain(self) -> None:
        agent, _ = self._agent()
        if agent.id in self._known.maybe_contained:
            return
        self._known.maybe_contained.add(agent.id)
        self._containings[agent.id] += 1
        self._known.maybe_ended.update(task for task, owner in self._known.tasks.items() if owner == agent.id)
        for given in self._known.leases.values():
            if given.agent == agent.id:
                given.open = True
        under = [given for given in self._known.leases.values() if given.agent == agent.id]
        tally = await self._responder.contain_agent(agent.id, "drill")
        self._known.contained[agent.id] = tally.lock.id
        for given in under:
            given.revoked = True

    async def _release(self) -> None:
        if not self._known.contained:
            return
        agent_id = self._random.choice(list(self._known.contained))
        self._known.contained.pop(agent_id, None)
        await self._responder.release_agent(agent_id, "drill over")
        self._known.maybe_contained.discard(agent_id)
