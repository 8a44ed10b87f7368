"""A real HTTP receiver on loopback, which answers as it is told; and the things that notices are about."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from console.model.approvals import Approval, ApprovalKind
from console.model.decisions import Ask, QuorumPart, Risk
from console.model.exposure import Audience, Revocability
from console.model.ids import make_id
from console.model.leases import Lease, LeaseState
from console.model.locks import Lock
from console.model.rights import Right
from console.model.scales import DataClass, RiskLevel
from tests.server.world import START

SECRET = "whsec_bm90IGEgc2VjcmV0IG9mIGFueWJvZHkgYXQgYWxs"
PATIENT = 10.0


@dataclass
class Message:
    """One request as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """What arrived, and how the next requests are answered: a status, raw bytes, or None for no answer at all."""

    port: int = 0
    answers: list[int | bytes | None] = field(default_factory=list)
    arrived: list[Message] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    serving: set[asyncio.Task[None]] = field(default_factory=set)
    read_after: int = 0
    """How many bytes of an endless answer the other side took."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def until(self, count: int) -> list[Message]:
        """Wait until so many requests have arrived."""
        async with asyncio.timeout(PATIENT):
            while len(self.arrived) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.arrived

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._answer(reader, writer)
        finally:
            self.serving.discard(task)
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.arrived.append(Message(headers, body))
        self.changed.set()
        answer = self.answers.pop(0) if self.answers else 204
        if answer == b"endless":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
                self.read_after += 65_536
        if isinstance(answer, int):
            writer.write(f"HTTP/1.1 {answer} Told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        elif answer is not None:
            writer.write(answer)
        await writer.drain()
        # The other side closes first, when it has what it wants or has waited long enough.
        await reader.read()


@asynccontextmanager
async def receiving(*answers: int | bytes | None) -> AsyncIterator[Receiver]:
    """A receiver that gives these answers, and 204 after them."""
    receiver = Receiver(answers=list(answers))
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        serving = list(receiver.serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        # An aborted transport closes its socket in the loop's next turn.
        await asyncio.sleep(0)


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENT):
        while not holds():  # noqa: ASYNC110 (what is waited for is another's state, which tells nobody of its changes)
            await asyncio.sleep(0.01)


def an_id(prefix: str, number: int = 1) -> str:
    return make_id(prefix, START, number.to_bytes(10, "big"))


def an_approval(number: int = 1, level: RiskLevel = RiskLevel.CRITICAL, *, seconds: float = 3600, **more: Any) -> Approval:
    """A request that waits."""
    agent = an_id("ag")
    ask = Ask(
        agent_id=agent,
        task_id=an_id("tk"),
        action="customers.export",
        resource="crm/customers",
        data_class=DataClass.CONFIDENTIAL,
        environment="production",
    )
    fields = {
        "id": an_id("ap", number),
        "kind": ApprovalKind.ACTION,
        "digest": f"sha256:{number:064x}",
        "original_digest": f"sha256:{number:064x}",
        "ask": ask,
        "agent_id": agent,
        "agent_name": "executor-2",
        "quorum": (QuorumPart(group="security", count=1), QuorumPart(group="data-owners", count=2)),
        "risk": Risk(score=85 if level is RiskLevel.CRITICAL else 40, level=level),
        "requested_at": START,
        "requested_by": "executor-2",
        "deadline_at": START + timedelta(seconds=seconds),
    }
    return Approval(**(fields | more))


def a_lock(**more: Any) -> Lock:
    """The lock on an agent that is contained."""
    fields = {
        "id": an_id("lk"),
        "target": "agent",
        "target_id": an_id("ag"),
        "target_name": "executor-2",
        "cause": an_id("lk"),
        "agent_id": an_id("ag"),
        "reason": "it reads too much",
        "placed_at": START,
        "placed_by": "ravi",
    }
    return Lock(**(fields | more))


def a_lease(number: int = 1, state: LeaseState = LeaseState.IRREVOCABLE, **more: Any) -> Lease:
    """A lease of the agent at an issuer that did not confirm."""
    fields = {
        "id": an_id("ls", number),
        "task_id": an_id("tk"),
        "root_task_id": an_id("tk"),
        "task_path": (an_id("tk"),),
        "agent_id": an_id("ag"),
        "agent_name": "executor-2",
        "on_behalf_of": "a-customer",
        "decision_id": an_id("dc"),
        "issuer": "tokens",
        "audience": Audience(name="crm", spiffe_id="spiffe://example.org/servers/crm"),
        "right": Right(actions=("customers.read",), resources=("crm/customers",), max_class=DataClass.CONFIDENTIAL),
        "action": "customers.read",
        "resource": "crm/customers",
        "data_class": DataClass.CONFIDENTIAL,
        "environment": "production",
        "risk_level": RiskLevel.HIGH,
        "state": state,
        "revocability": Revocability.INSTANT,
        "requested_at": START,
        "expires_at": START + timedelta(seconds=300),
        "max_expires_at": START + timedelta(seconds=300),
        "max_ttl_seconds": 300,
        "residual_exposure_at": START + timedelta(seconds=330),
        "last_error": "no answer" if state is LeaseState.IRREVOCABLE else "",
    }
    return Lease(**(fields | more))
