"""What every process of the estate has: its configuration, its identity, its log, and an end when its parent ends.

Owns the files between the parent and a workload. All are of mode 0600 in the demo's data folder. The identity is a JWT-SVID
that the parent puts there and replaces before it expires, as a SPIFFE agent would; the workload never sees a signing key.
"""

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from console.client import LeaseholdClient
from console.model.base import Json

T = TypeVar("T")
LOOK_SECONDS: Final = 0.5
MAX_LOG_BYTES: Final = 20_000_000


class Workload(BaseModel):
    """How a process of the estate is told what it is. `servers` are the addresses of the resource servers by name."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["server", "planner", "executor", "summariser"]
    name: str
    team: str = ""
    agent_id: str = ""
    parent: int
    data: Path
    seed: int
    speed: float
    authorization_url: str
    broker_url: str
    cache_seconds: int = 0
    port: int = 0
    servers: dict[str, str] = {}
    crew: dict[str, tuple[str, ...]] = {}
    """The agents of the same team, by role."""
    first_hijack: str = ""

    @property
    def svid_file(self) -> Path:
        """Where its current identity lies."""
        return self.data / "workloads" / f"{self.name}.svid"

    @property
    def address_file(self) -> Path:
        """Where a resource server says under which address it serves."""
        return self.data / "workloads" / f"{self.name}.address"

    def client(self) -> LeaseholdClient:
        """A client with this workload's identity, read anew for each request."""
        return LeaseholdClient(self.authorization_url, self.broker_url, lambda: self.svid_file.read_text().strip())

    def spool(self, name: str) -> Path:
        """The folder through which an agent is handed work."""
        return self.data / "spool" / name


class StepLog:
    """One JSON line a step, in ASCII, so that nothing in it moves a cursor. It holds no secret: callers hand in facts only."""

    def __init__(self, data: Path, name: str) -> None:
        self._name = name
        path = data / "logs" / f"{name}.log"
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="ascii")

    def write(self, step: str, outcome: str, **facts: Json) -> None:
        """Note a step and what came of it."""
        if self._file.tell() > MAX_LOG_BYTES:
            return
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "who": self._name, "step": step, "outcome": outcome}
        self._file.write(json.dumps(line | facts) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def put_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 in one step. Raises OSError."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


async def until_told(work: Coroutine[Any, Any, None], parent: int) -> None:
    """Run until the work ends, the process is told to stop, or its parent is gone."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    running = asyncio.ensure_future(work)
    running.add_done_callback(lambda _: stop.set())
    while not stop.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
        except TimeoutError:
            continue
    if not running.done():
        running.cancel()
    await asyncio.wait([running])
    if not running.cancelled():
        running.result()
