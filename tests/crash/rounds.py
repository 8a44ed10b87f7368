"""Rounds of serve, load, kill, restart, check over one data folder. Used by the tests and by the long run by hand.

python -m tests.crash.rounds ROUNDS [SEED]
"""

import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from console.client import LeaseholdClient
from console.model.actors import Role
from console.model.agents import Agent, AgentRegistration
from console.model.audit import Checkpoint
from console.model.operators import OperatorInput
from console.server.store.writer import STEPS
from tests.crash.check import check_fences, check_log, check_state
from tests.crash.load import ALL, Acknowledged, Load
from tests.plane_settings import CRM, DOMAIN, first_token, svid

AGENTS = 4
PEOPLE = {"maya": (Role.APPROVER, "security"), "ravi": (Role.RESPONDER, "security")}


class Rounds:
    """A data folder, what was acknowledged on it so far, and the rounds that go over it."""

    def __init__(self, data: Path, seed: int) -> None:
        self.data = data
        self.known = Acknowledged()
        self.killed: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._tokens: dict[str, str] = {}
        self._agents: dict[str, Agent] = {}
        self._earlier: Checkpoint | None = None

    async def prepare(self) -> None:
        """Enrol the operators and register the agents, undisturbed."""
        async with self._serving("", 0) as (url, _), self._client(url, first_token(self.data)) as admin:
            for name, (role, group) in PEOPLE.items():
                enrolled = await admin.enrol_operator(OperatorInput(name=name, roles=(role,), groups=(group,)))
                self._tokens[name] = enrolled.token
            for number in range(AGENTS):
                asked = AgentRegistration(
                    name=f"executor-{number}",
                    spiffe_id=f"spiffe://{DOMAIN}/agents/executor-{number}",
                    owner="ravi",
                    team="support",
                    role="executor",
                    entitlement=(ALL,),
                )
                agent = await admin.register_agent(asked)
                self._agents[agent.id] = agent

    async def round(self, step: str) -> None:
        """One round: load until the kill at a seeded time of this step, then restart and check."""
        count = self._random.randint(1, 40 if "begin" in step or "commit" in step or "publish" in step else 120)
        async with self._serving(step, count) as (url, process):
            async with self._clients(url) as (agents, reviewer, responder, server, _):
                load = Load(self._random.randrange(2**32), self.known, agents, reviewer, responder, server)
                await load.run(workers=8, calls=120)
                _kill(process)
            await process.wait()
            self.killed[step] += 1
        async with self._serving("", 0) as (url, _), self._clients(url) as (_, _, _, server, admin):
            await check_state(self.known, admin, server)
            records = check_log(self.data, self._earlier)
            check_fences(records)
            self._earlier = await admin.make_checkpoint()

    @asynccontextmanager
    async def _serving(self, step: str, count: int) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
        command = (sys.executable, "-m", "tests.crash.victim", str(self.data), step, str(count))
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        try:
            assert process.stdout is not None
            url = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
            assert url, "the plane did not start"
            yield url, process
        finally:
            _kill(process)
            await process.wait()

    @asynccontextmanager
    async def _clients(
        self, url: str
    ) -> AsyncIterator[
        tuple[dict[str, tuple[Agent, LeaseholdClient]], LeaseholdClient, LeaseholdClient, LeaseholdClient, LeaseholdClient]
    ]:
        async with AsyncExitStack() as stack:
            agents = {}
            for agent in self._agents.values():
                client = self._client(url, svid(self.data, agent.spiffe_id))
                agents[agent.id] = (agent, await stack.enter_async_context(client))
            people = [await stack.enter_async_context(self._client(url, self._tokens[name])) for name in ("maya", "ravi")]
            server = await stack.enter_async_context(self._client(url, svid(self.data, CRM)))
            admin = await stack.enter_async_context(self._client(url, first_token(self.data)))
            yield agents, people[0], people[1], server, admin

    def _client(self, url: str, token: str) -> LeaseholdClient:
        return LeaseholdClient(url, url, lambda: token)


def _kill(process: asyncio.subprocess.Process) -> None:
    """The last word, for a round whose load ended before its time came."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()


async def run(data: Path, rounds: int, seed: int) -> Rounds:
    """So many rounds, going through the writer's steps in turn."""
    running = Rounds(data, seed)
    await running.prepare()
    for number in range(rounds):
        await running.round(STEPS[(number + seed) % len(STEPS)])
    return running


def main() -> None:
    """Print what was done and what was found."""
    rounds, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        done = asyncio.run(run(Path(folder), rounds, seed))
        size = len(check_log(Path(folder), None))
    known, seconds = done.known, time.monotonic() - started
    print(f"{sum(done.killed.values())} kills in {seconds:.0f} s, over {len(done.killed)} of {len(STEPS)} steps")
    print(f"{known.calls} calls; acknowledged: {len(known.decisions)} decisions, {len(known.leases)} leases,")
    print(
        f"  {len(known.ended)} ended tasks, {len(known.reviews)} reviews; audit log of {size} records verified after each kill"
    )
    print("lost acknowledged changes 0, fences crossed 0, leases taken past their time 0")


if __name__ == "__main__":
    main()
