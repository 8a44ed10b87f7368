"""The agents: a planner takes cases and delegates them, an executor does the work, a summariser condenses.

Owns their loops. Each is a process with an identity of its own. A contained one goes on running and asks now and then, so
that its release is felt.
"""

import asyncio
import json
import random
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any, Final

import httpx

from console.client import ClientError, LeaseholdClient
from console.demo.cases import make_plan
from console.demo.hijack import follow
from console.demo.plans import Lane, Plan, Step
from console.demo.poison import address_in
from console.demo.spool import LOOK_SECONDS, Handover, Reply, reply, take_work
from console.demo.work import HEARTBEAT_SECONDS, Contained, Trouble, Unsettled, Work, trouble_of
from console.demo.workload import StepLog, Workload
from console.model.agents import AgentState
from console.model.tasks import IntentInput, TaskOpening

FLOW_SECONDS: Final = 600
PERSON_SECONDS: Final = 900
PERSON_LANES: Final = {"support": 2, "finance": 2, "research": 1}
"""How many cases that need a person a planner has open at once: they wait in the console, a handful and never a flood."""
ASK_SECONDS: Final = 3.0


class Agent:
    """What all three have: the client, the resource servers, the log, and how containment is lived through."""

    def __init__(self, own: Workload, client: LeaseholdClient, http: httpx.AsyncClient, log: StepLog) -> None:
        self.own = own
        self.client = client
        self.http = http
        self.log = log
        self._free = asyncio.Event()
        self._free.set()

    def work(self, task_id: str, task_token: str, deadline: float) -> Work:
        """The work on a task of this agent."""
        return Work(self.own, self.client, self.http, self.log, task_id=task_id, task_token=task_token, deadline=deadline)

    async def free(self) -> None:
        """Wait until this agent is not contained."""
        await self._free.wait()

    async def stopped(self, where: str) -> None:
        """After a failure: idle for as long as it is this agent that is contained."""
        if not self._free.is_set():
            return
        self._free.clear()
        try:
            if not await self._is_contained():
                return
            self.log.write(where, "contained")
            while await self._is_contained():  # noqa: ASYNC110 - it is the plane that is asked
                await asyncio.sleep(max(0.3, ASK_SECONDS / self.own.speed))
            self.log.write(where, "released")
        finally:
            self._free.set()

    async def end(self, work: Work, trouble: Trouble | None) -> Reply:
        """End a task, done or failed, and say so. A task that has ended already stays as it is."""
        try:
            if trouble is None:
                await self.client.complete_task(work.task_id)
            else:
                await self.client.fail_task(work.task_id, trouble.detail)
        except ClientError as error:
            work.note("end", "refused", code=trouble_of(error).code)
        outcome = "completed" if trouble is None else "failed"
        work.note("end", outcome, code=trouble.code if trouble else "")
        if trouble is not None:
            await self.stopped("task")
        return Reply(
            task_id=work.task_id,
            outcome="completed" if trouble is None else "failed",
            text=trouble.detail if trouble else "",
        )

    async def _is_contained(self) -> bool:
        try:
            return (await self.client.show_agent(self.own.agent_id)).state is AgentState.CONTAINED
        except ClientError as error:
            self.log.write("ask", "refused", code=trouble_of(error).code)
            return True


async def guarded_work(work: Work, steps: Coroutine[Any, Any, None]) -> Trouble | None:
    """Do the work of a task to its end; what came in the way, or None."""
    try:
        await work.alive(steps)
    except Trouble as trouble:
        return trouble
    return None


async def plan_cases(agent: Agent) -> None:
    """A planner: one lane of ordinary cases, and some of cases that need a person."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_lane(agent, "flow", 0, 1))
        lanes = PERSON_LANES[agent.own.team]
        for lane in range(lanes):
            group.create_task(_lane(agent, "person", lane, lanes))


async def _lane(agent: Agent, lane: Lane, first: int, every: int) -> None:
    own = agent.own
    chance = random.Random(f"{own.seed}/{own.name}/{lane}/{first}/pace")  # noqa: S311 - repeatable on purpose
    await asyncio.sleep(chance.uniform(1, 5 if lane == "flow" else 25) / own.speed)
    number = first
    while True:
        await agent.free()
        await _case(agent, make_plan(own.seed, own.name, own.team, lane, number, own.first_hijack))
        number += every
        await asyncio.sleep(chance.uniform(2, 6) / own.speed if lane == "flow" else chance.uniform(15, 50) / own.speed)


async def _case(agent: Agent, plan: Plan) -> None:
    """One case, from the opening of its task to the end."""
    seconds = PERSON_SECONDS if plan.lane == "person" else FLOW_SECONDS
    asked = TaskOpening(
        intent=IntentInput(purpose=plan.purpose, text=plan.text),
        on_behalf_of=plan.on_behalf_of,
        rights=plan.rights(),
        seconds=seconds,
        heartbeat_seconds=HEARTBEAT_SECONDS,
    )
    try:
        opened = await agent.client.open_task(asked)
    except ClientError as error:
        trouble = trouble_of(error)
        agent.log.write("open", "refused", code=trouble.code, detail=trouble.detail)
        if isinstance(trouble, Contained):
            await agent.stopped("open")
        elif isinstance(trouble, Unsettled):
            await asyncio.sleep(1.0)
        return
    work = agent.work(opened.task.id, opened.task_token, opened.task.deadline_at.timestamp())
    work.note("open", "done", purpose=plan.purpose, lane=plan.lane, number=plan.number)
    await agent.end(work, await guarded_work(work, _planned(agent, work, plan)))


async def _planned(agent: Agent, work: Work, plan: Plan) -> None:
    for step in plan.planning:
        await work.do(step)
    crew = agent.own.crew["executor"]
    answer = await work.delegate(
        crew[plan.number % len(crew)],
        plan.purpose,
        plan.work,
        more=plan.summary,
        after=plan.summary_after,
        number=plan.number,
        lane=plan.lane,
    )
    if answer.outcome == "failed":
        raise Trouble("delegate_failed", answer.text or "What was delegated failed.")


async def take_orders(agent: Agent) -> None:
    """An executor or a summariser: do what is handed over, several tasks side by side."""
    folder = agent.own.spool(agent.own.name)
    async with asyncio.TaskGroup() as group:
        while True:
            await agent.free()
            for handover in take_work(folder):
                group.create_task(_handed(agent, handover))
            await asyncio.sleep(LOOK_SECONDS)


async def _handed(agent: Agent, given: Handover) -> None:
    work = agent.work(given.task_id, given.task_token, given.deadline)
    work.note("take", "done", purpose=given.purpose, lane=given.lane, number=given.number)
    answer = await agent.end(work, await guarded_work(work, _steps(agent, work, given)))
    reply(agent.own.spool(given.reply_to), answer)


async def _steps(agent: Agent, work: Work, given: Handover) -> None:
    for done, step in enumerate(given.steps):
        if given.summary and done == given.summary_after:
            await _summarise(agent, work, given)
        await _step(agent, work, given, step)
    if given.summary and given.summary_after >= len(given.steps):
        await _summarise(agent, work, given)


async def _summarise(agent: Agent, work: Work, given: Handover) -> None:
    crew = agent.own.crew["summariser"]
    answer = await work.delegate(
        crew[given.number % len(crew)], given.purpose, given.summary, number=given.number, lane=given.lane
    )
    if answer.outcome == "failed":
        work.note("summary", "failed", detail=answer.text)


async def _step(agent: Agent, work: Work, given: Handover, step: Step) -> None:
    """One step. What was read is believed, as a language model believes it: poisoned text takes the agent over."""
    answer = await work.do(step)
    address = address_in(json.dumps(answer, ensure_ascii=False)) if step.method == "GET" else None
    if address is not None:
        luck = random.Random(f"{agent.own.seed}/{agent.own.name}/{given.number}/hijack")  # noqa: S311 - repeatable on purpose
        await follow(work, address, agent.own.team, luck)


LOOPS: Final[dict[str, Callable[[Agent], Coroutine[Any, Any, None]]]] = {
    "planner": plan_cases,
    "executor": take_orders,
    "summariser": take_orders,
}


async def run_agent(own: Workload) -> None:
    """Be an agent of the estate until cancelled."""
    with closing(StepLog(own.data, own.name)) as log:
        async with own.client() as client, httpx.AsyncClient(timeout=20.0, trust_env=False) as http:
            log.write("start", "done")
            await LOOPS[own.kind](Agent(own, client, http, log))
