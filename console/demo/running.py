"""Running the estate: its data, its plane, its people, its resource servers and its agents, and the end of them all.

Owns every process of the demo, by its id. What belongs to the roof is handed in: how identities are minted, where the first
operator's token lies, how the plane is started. Each child ends when this process ends, even if it is killed.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeVar

from console.client import Conflict, LeaseholdClient
from console.demo import leash, papers, records
from console.demo.estate import KEEPERS, PEOPLE, ROLES, Member, members, registration, server_settings
from console.demo.plans import first_hijacked
from console.demo.workload import Workload, put_private
from console.model.agents import Agent

T = TypeVar("T")
SVID_SECONDS: Final = 300
REFRESH_SECONDS: Final = 60.0
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 8.0
MAX_RESTARTS: Final = 20
OPERATORS_FILE: Final = "operators.json"
_FOLDERS: Final = ("workloads", "spool", "logs", "outbox")


class EstateFailed(Exception):
    """The estate could not start, or a part that it cannot live without has ended."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What was asked for. `speed` divides every time of thought."""

    data: Path
    seed: int
    agents: int
    speed: float
    listen: str
    bundle: Path


@dataclass(frozen=True, kw_only=True)
class Roof:
    """What only the roof can do. `address` gives the plane's two URLs once it serves; `mint` takes a SPIFFE ID and seconds."""

    serve: Sequence[str]
    address: Callable[[], tuple[str, str] | None]
    first_token: Callable[[], str | None] = field(repr=False)
    mint: Callable[[str, int], str] = field(repr=False)


class Estate:
    """The running estate. Use `start`, then `live`; `stop` ends every process that was started."""

    def __init__(self, settings: Settings, roof: Roof) -> None:
        """Raises ValueError for a number of agents that the estate cannot have."""
        self.settings = settings
        self.authorization_url = ""
        self.broker_url = ""
        self._roof = roof
        self._crew = members(settings.agents)
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._identities: dict[str, str] = {}
        self._programs: dict[str, list[str]] = {}

    @property
    def operators_file(self) -> Path:
        """Who may sign in, with their tokens (mode 0600)."""
        return self.settings.data / OPERATORS_FILE

    async def start(self) -> None:
        """Start everything; returns once all of it serves. Raises EstateFailed, ClientError, OSError."""
        await asyncio.to_thread(self._prepare)
        await self._spawn("plane", self._roof.serve)
        self.authorization_url, self.broker_url = await self._plane()
        people = await self._people()
        registered = await self._register(people["ida"])
        servers = await self._servers()
        await self._agents(registered, servers)

    async def live(self) -> None:
        """Renew the identities for as long as the estate lives. An agent that fails is started again, a few times.

        Raises EstateFailed when the plane or a resource server ends by itself, or agents fail again and again.
        """
        restarts = 0
        while True:
            for name in await self._ended(REFRESH_SECONDS):
                restarts += 1
                if name not in self._programs or restarts > MAX_RESTARTS:
                    self._check()
                await self._spawn(name, self._programs[name])
            for name, spiffe_id in self._identities.items():
                self._hand_identity(name, spiffe_id)

    async def stop(self) -> None:
        """End every process, the agents first and the plane last; whoever does not listen is killed."""
        for names in ([name for name in self._children if name != "plane"], ["plane"]):
            await asyncio.gather(*(_end(self._children[name]) for name in names if name in self._children))

    def _prepare(self) -> None:
        data = self.settings.data
        for name in _FOLDERS:
            (data / name).mkdir(mode=0o700, exist_ok=True)
        for member in self._crew:
            spool = data / "spool" / member.name
            shutil.rmtree(spool, ignore_errors=True)  # what was handed over to processes that are gone
            spool.mkdir(mode=0o700)
        put_private(data / "server.toml", server_settings(self.settings.listen))
        if not (data / "bundle").exists():
            shutil.copytree(self.settings.bundle, data / "bundle")
        if not (data / "crm.db").exists():
            records.fill(data / "crm.db", self.settings.seed)
        if not (data / "documents").exists():
            papers.fill(data / "documents", self.settings.seed)
        for path in (data / "workloads").glob("*.address"):
            path.unlink()

    async def _spawn(self, name: str, program: Sequence[str]) -> None:
        log = self.settings.data / "logs" / f"{name}.err"
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._children[name] = await asyncio.create_subprocess_exec(
                sys.executable,
                leash.__file__,
                str(os.getpid()),
                *program,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,  # ctrl+c reaches this process only, which then ends the others in order
            )
        finally:
            os.close(descriptor)

    async def _plane(self) -> tuple[str, str]:
        return await self._until(self._roof.address, "the plane")

    async def _people(self) -> dict[str, str]:
        """Enrol everybody with the first operator's token; those who are enrolled already get a new token."""
        before = json.loads(self.operators_file.read_text()) if self.operators_file.exists() else {}
        admin = before.get("ida", {}).get("token") or self._roof.first_token()
        if not admin:
            raise EstateFailed("The plane has operators already, and none of their tokens is here; use a new data folder.")
        tokens: dict[str, str] = {}
        async with self._client(admin) as client:
            for person in sorted(PEOPLE, key=lambda one: one.name == "ida"):
                try:
                    enrolled = await client.enrol_operator(person)
                except Conflict:
                    enrolled = await client.renew_operator(person.name, person.token_seconds)
                tokens[person.name] = enrolled.token
        book = {
            person.name: {"roles": [role.value for role in person.roles], "token": tokens[person.name]} for person in PEOPLE
        }
        put_private(self.operators_file, json.dumps(book, indent=1))
        return tokens

    async def _register(self, token: str) -> dict[str, Agent]:
        found: dict[str, Agent] = {}
        async with self._client(token) as client:
            for member in self._crew:
                try:
                    found[member.name] = await client.register_agent(registration(member))
                except Conflict:
                    found[member.name] = await client.show_agent(member.name)
        return found

    async def _servers(self) -> dict[str, str]:
        for keeper in KEEPERS:
            self._hand_identity(keeper.name, keeper.spiffe_id)
            own = self._workload("server", keeper.name).model_copy(update={"cache_seconds": keeper.cache_seconds})
            await self._start(own)
        addresses = {}
        for keeper in KEEPERS:
            path = self._workload("server", keeper.name).address_file
            addresses[keeper.name] = await self._until(partial(_text, path), keeper.name)
        return addresses

    async def _agents(self, registered: dict[str, Agent], servers: dict[str, str]) -> None:
        planners = tuple(member.name for member in self._crew if member.role == "planner")
        first = first_hijacked(self.settings.seed, planners)
        for member in self._crew:
            self._hand_identity(member.name, member.spiffe_id)
            more = {
                "team": member.team,
                "agent_id": registered[member.name].id,
                "servers": servers,
                "crew": {role: self._names(member, role) for role in ROLES},
                "first_hijack": first,
            }
            await self._start(self._workload(_kind(member.role), member.name).model_copy(update=more))
        for member in self._crew:
            log = self.settings.data / "logs" / f"{member.name}.log"
            await self._until(partial(_text, log), member.name)

    def _names(self, member: Member, role: str) -> tuple[str, ...]:
        return tuple(one.name for one in self._crew if one.team == member.team and one.role == role)

    def _workload(self, kind: Literal["server", "planner", "executor", "summariser"], name: str) -> Workload:
        return Workload(
            kind=kind,
            name=name,
            parent=os.getpid(),
            data=self.settings.data,
            seed=self.settings.seed,
            speed=self.settings.speed,
            authorization_url=self.authorization_url,
            broker_url=self.broker_url,
        )

    async def _start(self, own: Workload) -> None:
        path = own.data / "workloads" / f"{own.name}.json"
        put_private(path, own.model_dump_json())
        program = [sys.executable, "-m", "console.demo", str(path)]
        if own.kind != "server":
            self._programs[own.name] = program
        await self._spawn(own.name, program)

    def _hand_identity(self, name: str, spiffe_id: str) -> None:
        self._identities[name] = spiffe_id
        put_private(self.settings.data / "workloads" / f"{name}.svid", self._roof.mint(spiffe_id, SVID_SECONDS))

    def _client(self, token: str) -> LeaseholdClient:
        return LeaseholdClient(self.authorization_url, self.broker_url, lambda: token)

    async def _ended(self, seconds: float) -> list[str]:
        """Let time pass; the names of processes that have ended by themselves, as soon as there is one."""
        waits = [asyncio.ensure_future(child.wait()) for child in self._children.values()]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        return [name for name, child in self._children.items() if child.returncode is not None]

    def _check(self) -> None:
        for name, child in self._children.items():
            if child.returncode is not None:
                log = self.settings.data / "logs" / f"{name}.err"
                said = (_text(log) or "")[-600:].strip()
                raise EstateFailed(f"{name} ended by itself (status {child.returncode}). It said: {said}")

    async def _until(self, look: Callable[[], T | None], what: str) -> T:
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while True:
                    found = look()
                    if found is not None:
                        return found
                    self._check()
                    await asyncio.sleep(0.05)
        raise EstateFailed(f"{what} did not start within {START_SECONDS:g} seconds.")


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(child.wait(), STOP_SECONDS)
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace") or None
    except FileNotFoundError:
        return None


def _kind(role: str) -> Literal["planner", "executor", "summariser"]:
    if role == "planner":
        return "planner"
    return "executor" if role == "executor" else "summariser"
