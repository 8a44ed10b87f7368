"""What a whole plane does a second over HTTP: python -m tests.bench.bench_plane [--seconds N]

Method. The plane runs in a process of its own (`plane_process`): uvicorn with uvloop on loopback, the sample bundle, SQLite
with `synchronous=FULL`; every decision, lease and revocation is durable with its audit record before it is answered. This
process is the client: raw HTTP/1.1 connections (`http_load`), each with one request under way, requests made beforehand.
Each request proves its caller by a JWT-SVID. Before most figures the same load runs for half a second unmeasured. The last
column is the processor time of the plane's whole process for each answer, which other work on the machine sways least.

- Decisions: agent, task and resource are drawn so that no two questions of a run are the same ("distinct"), or so that 640
  are asked over and over ("recurring"); with and without the cache of policy's answers. Each answer must be an allow, and
  the audit log must have grown by at least as many records as decisions were answered.
- Leases: each is issued for a resource of its own (two commits: pending, active) and given back by RFC 7009, or revoked at
  /broker/v1/leases/{id}/revoke.
- Introspection: of 1,000 live leases in turn, by the resource server that they are meant for.
- Containment: an agent with 1,000 leases is contained while the resource server introspects all of them in turn on eight
  connections. "Last use accepted" is when the last answer `active` was read, counted from the moment at which the request
  to contain was sent; "all seen refused" when each of the 1,000 had been refused once; "confirmed" when the tally says
  that none is being revoked any more.

Prints tables in Markdown, with the machine they were taken on.
"""

import argparse
import asyncio
import itertools
import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import uvloop

from console.client import LeaseholdClient
from console.model.actors import Role
from console.model.agents import Agent, AgentRegistration
from console.model.operators import OperatorInput
from console.model.rights import Right
from console.model.scales import DataClass
from console.model.tasks import IntentInput, TaskOpening
from tests.bench.http_load import Connection, Measured, Reply, load, request
from tests.plane_settings import DOCS, DOMAIN, first_token, svid

AGENTS, TASKS = 16, 4
RECURRING = 640
CACHED = 4096
LEASES = 1000
WATCHERS = 8
WARM_SECONDS = 0.5
CONFIRM_SECONDS = 60.0
FORM = "application/x-www-form-urlencoded"
ALL = Right(actions=("*",), resources=("*",), max_class=DataClass.RESTRICTED)


@dataclass(frozen=True)
class Worker:
    """An agent with its credential and its running tasks."""

    agent: Agent
    token: str
    task_ids: tuple[str, ...]


@dataclass(frozen=True)
class Estate:
    """A plane that serves, and who calls it."""

    url: str
    pid: int
    workers: tuple[Worker, ...]
    victim: Worker
    server: str
    admin: LeaseholdClient
    responder: LeaseholdClient
    tell: Callable[[str], Awaitable[list[str]]]
    """Asks the process for what `plane_process` says that it does, waits until it is done, and returns what it said of it."""


@asynccontextmanager
async def serving(data: Path, cached: int) -> AsyncIterator[Estate]:
    """A fresh plane in a process of its own, its agents registered and their tasks open."""
    command = (sys.executable, "-m", "tests.bench.plane_process", str(data), str(cached))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        url = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
        assert url, "the plane did not start"
        token = first_token(data)
        async with LeaseholdClient(url, url, lambda: token) as admin:
            names = [f"summariser-{number}" for number in range(AGENTS + 1)]
            workers = [await _worker(url, data, admin, name) for name in names]
            enrolled = await admin.enrol_operator(OperatorInput(name="ravi", roles=(Role.RESPONDER,)))
            async with LeaseholdClient(url, url, lambda: enrolled.token) as responder:
                tell = partial(_tell, process)
                yield Estate(url, process.pid, tuple(workers[:-1]), workers[-1], svid(data, DOCS), admin, responder, tell)
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 30)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _tell(process: asyncio.subprocess.Process, line: str) -> list[str]:
    if process.stdin is None or process.stdout is None:
        raise AssertionError("the process was started with pipes")
    process.stdin.write(f"{line}\n".encode())
    await process.stdin.drain()
    answer = await asyncio.wait_for(process.stdout.readline(), 120)
    done, *said = answer.decode().split()
    assert done == "done", answer
    return said


async def _worker(url: str, data: Path, admin: LeaseholdClient, name: str) -> Worker:
    asked = AgentRegistration(
        name=name,
        spiffe_id=f"spiffe://{DOMAIN}/agents/{name}",
        owner="ravi",
        team="support",
        role="summariser",
        entitlement=(ALL,),
    )
    agent = await admin.register_agent(asked)
    token = svid(data, agent.spiffe_id)
    opening = TaskOpening(
        intent=IntentInput(purpose="summarise-contract"),
        on_behalf_of="a-customer",
        rights=(ALL,),
        seconds=14_400,
        heartbeat_seconds=600,
    )
    async with LeaseholdClient(url, url, lambda: token) as client:
        tasks = [await client.open_task(opening) for _ in range(TASKS)]
    return Worker(agent, token, tuple(opened.task.id for opened in tasks))


def questions(estate: Estate, start: int, count: int | None = None) -> Iterator[bytes]:
    """Evaluations, each of another agent, task or page; `count` of them over and over, or ever new ones."""
    numbers = itertools.count(start) if count is None else itertools.cycle(range(start, start + count))
    for number in numbers:
        worker = estate.workers[number % AGENTS]
        asked = {
            "subject": {"type": "agent", "id": worker.agent.id},
            "action": {"name": "documents.read"},
            "resource": {"type": "resource", "id": f"docs/handbook/page-{number // (AGENTS * TASKS)}"},
            "context": {"task": {"id": worker.task_ids[number // AGENTS % TASKS]}},
        }
        yield request(estate.url, "POST", "/access/v1/evaluation", worker.token, json.dumps(asked).encode())


def lease_requests(estate: Estate, workers: tuple[Worker, ...], start: int = 0, seconds: int = 900) -> Iterator[bytes]:
    """Asks for leases, each on a page of its own."""
    for number in itertools.count(start):
        worker = workers[number % len(workers)]
        asked = {
            "task_id": worker.task_ids[number // len(workers) % TASKS],
            "action": "documents.read",
            "resource": f"docs/handbook/sheet-{number}",
            "seconds": seconds,
        }
        yield request(estate.url, "POST", "/broker/v1/leases", worker.token, json.dumps(asked).encode())


def introspections(estate: Estate, tokens: list[str]) -> Iterator[bytes]:
    """Introspections of these tokens in turn, without end."""
    made = [
        request(estate.url, "POST", "/broker/v1/introspect", estate.server, urlencode({"token": token}).encode(), FORM)
        for token in tokens
    ]
    return itertools.cycle(made)


def allowed(reply: Reply) -> bool:
    return reply.status == 200 and b'"decision":true' in reply.body


def active(reply: Reply) -> bool:
    return reply.status == 200 and b'"active":true' in reply.body


def status(number: int) -> Callable[[Reply], bool]:
    return lambda reply: reply.status == number


def row(name: str, connections: int, measured: Measured) -> str:
    """A line of a table. Raises RuntimeError where an answer was not what was wanted: such a figure means nothing."""
    if measured.unwanted:
        raise RuntimeError(f"{name} was answered otherwise than expected: {measured.unwanted}")
    times = f"{measured.percentile(0.5):.2f} / {measured.percentile(0.99):.2f}"
    return f"| {name} | {connections} | {measured.rate:,.0f} | {times} | {measured.processor_ms:.2f} |"


HEAD = "| | connections | a second | p50 / p99 ms | processor of the plane, ms each |\n|---|---|---|---|---|"


async def decisions(folder: Path, seconds: float) -> None:
    """Decisions a second with the cache off and on."""
    print(f"\n### Decisions, recorded durably before they are answered\n\n{HEAD}", flush=True)
    starts = itertools.count(1, 1_000_000)
    for cached in (0, CACHED):
        async with serving(folder / f"cached-{cached}", cached) as estate:
            kinds = (("distinct", None), ("recurring", RECURRING)) if cached else (("distinct", None),)
            for kind, count in kinds:
                for connections in (1, 8, 32):
                    asked = questions(estate, next(starts), count)
                    await load(estate.url, asked, connections=connections, pid=estate.pid, seconds=WARM_SECONDS, wanted=allowed)
                    before = (await estate.admin.make_checkpoint()).size
                    measured = await load(
                        estate.url, asked, connections=connections, pid=estate.pid, seconds=seconds, wanted=allowed
                    )
                    grown = (await estate.admin.make_checkpoint()).size - before
                    if grown < len(measured.latencies):
                        raise RuntimeError(f"{len(measured.latencies)} decisions left only {grown} audit records")
                    print(row(f"{kind}, cache {'on' if cached else 'off'}", connections, measured), flush=True)


async def leases(estate: Estate, seconds: float) -> None:
    """Leases issued, introspected and revoked a second."""
    print(f"\n### Leases\n\n{HEAD}", flush=True)
    issued: list[tuple[str, str]] = []

    def keep(reply: Reply) -> None:
        told = json.loads(reply.body)
        issued.append((told["lease"]["agent_id"], told["credential"] + " " + told["lease"]["id"]))

    asked = lease_requests(estate, estate.workers)
    for connections in (1, 8, 32):
        await load(
            estate.url, asked, connections=connections, pid=estate.pid, seconds=WARM_SECONDS, wanted=status(201), each=keep
        )
        measured = await load(
            estate.url, asked, connections=connections, pid=estate.pid, seconds=seconds, wanted=status(201), each=keep
        )
        print(row("issued", connections, measured), flush=True)
    tokens = [held.partition(" ")[0] for _, held in issued[-LEASES:]]
    for connections in (1, 8, 32):
        asked = introspections(estate, tokens)
        await load(estate.url, asked, connections=connections, pid=estate.pid, seconds=WARM_SECONDS, wanted=active)
        measured = await load(estate.url, asked, connections=connections, pid=estate.pid, seconds=seconds, wanted=active)
        print(row("introspected", connections, measured), flush=True)
    credentials = {worker.agent.id: worker.token for worker in estate.workers}
    for connections in (1, 8, 32):
        part, issued = issued[: len(issued) // 2], issued[len(issued) // 2 :]
        given = (_give_back(estate, credentials[agent_id], held) for agent_id, held in part)
        measured = await load(estate.url, given, connections=connections, pid=estate.pid, seconds=seconds, wanted=status(200))
        print(row("given back (RFC 7009)", connections, measured), flush=True)
    taken = (_revoke(estate, credentials[agent_id], held) for agent_id, held in issued)
    measured = await load(estate.url, taken, connections=32, pid=estate.pid, seconds=seconds, wanted=status(200))
    print(row("revoked (/leases/{id}/revoke)", 32, measured), flush=True)


def _give_back(estate: Estate, token: str, held: str) -> bytes:
    body = urlencode({"token": held.partition(" ")[0]}).encode()
    return request(estate.url, "POST", "/broker/v1/revoke", token, body, FORM)


def _revoke(estate: Estate, token: str, held: str) -> bytes:
    path = f"/broker/v1/leases/{held.partition(' ')[2]}/revoke"
    return request(estate.url, "POST", path, token, b'{"reason":"measured"}')


async def containment(estate: Estate) -> None:
    """How fast an agent with a thousand leases is stopped, seen from its resource server."""
    tokens: list[str] = []
    asked = itertools.islice(lease_requests(estate, (estate.victim,), 10_000_000), LEASES)
    await load(
        estate.url,
        asked,
        connections=16,
        pid=estate.pid,
        seconds=60,
        wanted=status(201),
        each=lambda reply: tokens.append(json.loads(reply.body)["credential"]),
    )
    seen: list[tuple[int, Reply]] = []
    contained = asyncio.Event()
    work = [asyncio.create_task(_watch(estate, tokens, number, seen, contained)) for number in range(WATCHERS)]
    while len(seen) < LEASES:  # noqa: ASYNC110 (a measurement may look again; nothing waits on it)
        await asyncio.sleep(0.01)
    began = time.perf_counter()
    tally = await estate.responder.contain_agent(estate.victim.agent.id, "measured")
    answered = time.perf_counter()
    while tally.revoking and time.perf_counter() < began + CONFIRM_SECONDS:
        await asyncio.sleep(0.01)
        tally = await estate.responder.show_tally(tally.lock.id)
    confirmed = time.perf_counter()
    contained.set()
    await asyncio.gather(*work)
    accepted = max((reply.read_at for _, reply in seen if active(reply)), default=began)
    first_refused: dict[int, float] = {}
    for number, reply in seen:
        if not active(reply):
            first_refused.setdefault(number, reply.read_at)
    if len(first_refused) < len(tokens) or tally.revoking or tally.confirmed != len(tokens):
        raise RuntimeError(f"not everything was contained: {len(first_refused)} refused, {tally.confirmed} confirmed")
    late = sum(active(reply) and reply.sent_at > answered for _, reply in seen)
    print(f"\n### Containment of an agent with {LEASES:,} leases\n\n| from the sending of the request | ms |\n|---|---|")
    print(f"| last use accepted | {(accepted - began) * 1000:.0f} |")
    print(f"| all {LEASES:,} seen refused, asked in turn on {WATCHERS} connections | {_ms(first_refused, began):.0f} |")
    print(f"| answered, with every revocation committed | {(answered - began) * 1000:.0f} |")
    print(f"| every lease confirmed revoked | {(confirmed - began) * 1000:.0f} |")
    print(f"| uses accepted that were sent after the answer | {late} of {len(seen):,} asked |", flush=True)


async def _watch(
    estate: Estate, tokens: list[str], number: int, seen: list[tuple[int, Reply]], contained: asyncio.Event
) -> None:
    """Introspect one share of the tokens in turn, and go round once more after the containment is over."""
    share = range(number, len(tokens), WATCHERS)
    asked = introspections(estate, [tokens[one] for one in share])
    connection = await Connection.open(estate.url)
    try:
        while True:
            last = contained.is_set()
            for one in share:
                reply = await connection.ask(next(asked))
                seen.append((one, reply))
            if last:
                return
    finally:
        connection.close()


def _ms(times: dict[int, float], began: float) -> float:
    return (max(times.values()) - began) * 1000


def machine(folder: Path) -> str:
    """What the figures were taken on."""
    cpus = Path("/proc/cpuinfo")
    models = (
        [line.partition(":")[2].strip() for line in cpus.read_text().splitlines() if line.startswith("model name")]
        if cpus.exists()
        else []
    )
    times = []
    with (folder / "probe").open("wb") as probe:
        for _ in range(100):
            begun = time.perf_counter()
            probe.write(bytes(4096))
            probe.flush()
            os.fsync(probe.fileno())
            times.append(time.perf_counter() - begun)
    sync = sorted(times)[50] * 1000
    return (
        f"{os.cpu_count()} of {models[0] if models else platform.machine()}, {platform.system()}, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}, fsync of 4 KiB {sync:.2f} ms (median), "
        f"load before {os.getloadavg()[0]:.1f}"
    )


async def measure(seconds: float) -> None:
    """All of it, on fresh planes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"Machine: {machine(folder)}.")
        print(f"One plane process, one client process, loopback, {seconds:g} s a figure.", flush=True)
        await decisions(folder, seconds)
        async with serving(folder / "leases", CACHED) as estate:
            await leases(estate, seconds)
        async with serving(folder / "containment", CACHED) as estate:
            await containment(estate)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=4.0, help="how long each figure is taken")
    chosen = options.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(chosen.seconds))


if __name__ == "__main__":
    main()
