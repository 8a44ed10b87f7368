"""A lean HTTP/1.1 load: raw connections on loopback, each with one request under way, latencies taken around each.

The requests are bytes that were made beforehand, so that the client costs as little as it can beside what it measures.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, and when its request was sent and it was read to its end (seconds of the performance counter)."""

    status: int
    body: bytes
    sent_at: float
    read_at: float


@dataclass(slots=True)
class Measured:
    """What a load came to: latencies in seconds, sorted, and the answers that were not what was wanted, by status."""

    seconds: float
    latencies: list[float]
    processor_seconds: float
    unwanted: dict[int, int] = field(default_factory=dict)

    @property
    def processor_ms(self) -> float:
        """What one answer cost the plane in processor time, all its threads together (milliseconds)."""
        return self.processor_seconds / len(self.latencies) * 1000 if self.latencies else 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, part: float) -> float:
        """A latency in milliseconds below which this part of all lie."""
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * part))] * 1000 if self.latencies else 0.0


class Connection(asyncio.Protocol):
    """One connection that is kept open. One request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._buffer = bytearray()
        self._sent_at = 0.0

    @classmethod
    async def open(cls, url: str) -> "Connection":
        """Connect to a plane."""
        place = urlsplit(url)
        _, connection = await asyncio.get_running_loop().create_connection(cls, place.hostname, place.port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the plane closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        at = head.find(b"\r\ncontent-length:")
        length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        reply = Reply(int(head[9:12]), bytes(self._buffer[end + 4 :]), self._sent_at, time.perf_counter())
        self._buffer.clear()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(reply)

    async def ask(self, request: bytes) -> Reply:
        """Send a request and read its answer. Raises ConnectionError."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._sent_at = time.perf_counter()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


def request(url: str, method: str, path: str, token: str, body: bytes = b"", kind: str = "application/json") -> bytes:
    """The bytes of one request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nAuthorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Type: {kind}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def processor_seconds(pid: int) -> float:
    """The processor time of a process so far, its own and the system's on its behalf. 0 where /proc does not tell."""
    told = Path(f"/proc/{pid}/stat")
    if not told.exists():
        return 0.0
    fields = told.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def load(
    url: str,
    requests: Iterator[bytes],
    *,
    pid: int,
    connections: int,
    seconds: float,
    wanted: Callable[[Reply], bool],
    each: Callable[[Reply], None] | None = None,
) -> Measured:
    """So many connections that ask one after another until the time is over or the requests are."""
    opened = [await Connection.open(url) for _ in range(connections)]
    latencies: list[float] = []
    unwanted: dict[int, int] = {}
    spent_before = processor_seconds(pid)
    begun = time.perf_counter()
    end = begun + seconds

    async def work(connection: Connection) -> None:
        for content in requests:
            reply = await connection.ask(content)
            latencies.append(reply.read_at - reply.sent_at)
            if not wanted(reply):
                unwanted[reply.status] = unwanted.get(reply.status, 0) + 1
            if each is not None:
                each(reply)
            if reply.read_at >= end:
                return

    try:
        async with asyncio.timeout(seconds + ANSWER_SECONDS):
            await asyncio.gather(*(work(connection) for connection in opened))
        spent = time.perf_counter() - begun
        used = processor_seconds(pid) - spent_before
    finally:
        for connection in opened:
            connection.close()
    return Measured(spent, sorted(latencies), used, unwanted)
