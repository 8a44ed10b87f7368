"""The living estate as a whole: what operators do over HTTP is felt by the agents, and nothing is left when it ends."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

T = TypeVar("T")
SECONDS = 60.0
AUTHORIZATION = "/authorization/v1"


@dataclass
class Running:
    """A demo that runs, and its operators."""

    child: asyncio.subprocess.Process
    data: Path
    http: httpx.AsyncClient
    tokens: dict[str, str]

    async def get(self, who: str, path: str, **query: str) -> Any:
        """What an operator reads."""
        answer = await self.http.get(path, params=query, headers=self._headers(who))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, who: str, path: str, body: dict[str, Any]) -> httpx.Response:
        """What an operator does."""
        return await self.http.post(path, json=body, headers=self._headers(who))

    def lines(self, name: str) -> list[dict[str, Any]]:
        """What an agent noted."""
        texts = (self.data / "logs" / f"{name}.log").read_text().splitlines(keepends=True)
        return [json.loads(text) for text in texts if text.endswith("\n")]

    def processes(self) -> list[int]:
        """Every process of this demo that runs now, by the data folder on its command line."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if any(str(self.data).encode() in word for word in words):
                found.append(int(path.parent.name))
        return found

    def _headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}"}


def read_tokens(data: Path, book: Path) -> dict[str, str]:
    """Everybody's token, out of files that nobody else may read."""
    assert book.stat().st_mode & 0o777 == 0o600
    assert data.stat().st_mode & 0o777 == 0o700
    return {name: one["token"] for name, one in json.loads(book.read_text()).items()}


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[Running]:
    """A demo at twenty times the speed, once it serves."""
    command = [sys.executable, "-m", "console", "demo", "--headless", "--speed", "20", "--seed", "7", "--data", str(data)]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert child.stdout is not None
        said = json.loads(await asyncio.wait_for(child.stdout.readline(), 90))
        assert set(said) == {"authorization_url", "broker_url", "trust_domain", "data_dir", "operators_file", "seed"}
        tokens = read_tokens(data, Path(said["operators_file"]))
        async with httpx.AsyncClient(base_url=said["authorization_url"], timeout=20) as http:
            yield Running(child, data, http, tokens)
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGINT)
            await child.wait()


async def until(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    """Wait for something that comes by itself."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        found = await look()
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"waited {SECONDS:g} s in vain for {what}")


async def approve(demo: Running, approval_id: str, who: str) -> dict[str, Any]:
    """One approving review of exactly what is shown."""
    shown = (await demo.get(who, f"{AUTHORIZATION}/approvals/{approval_id}"))["approval"]
    body = {"verdict": "approve", "digest": shown["digest"], "revision": shown["revision"], "reason": "as agreed"}
    answer = await demo.post(who, f"{AUTHORIZATION}/approvals/{approval_id}/reviews", body)
    assert answer.status_code == 200, answer.text
    reviewed: dict[str, Any] = answer.json()
    return reviewed


async def waiting(demo: Running, policy: str) -> dict[str, Any] | None:
    """A pending request that this policy alone stands in the way of."""
    page = await demo.get("vera", f"{AUTHORIZATION}/approvals", state="pending")
    found: list[dict[str, Any]] = page["items"]
    return next((one for one in found if [reason["policy_id"] for reason in one["blocking"]] == [policy]), None)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
async def test_what_operators_do_is_felt_by_living_agents(tmp_path: Path) -> None:
    data = tmp_path / "estate"
    async with running(data) as demo:
        agents = (await demo.get("vera", f"{AUTHORIZATION}/agents"))["items"]
        assert len(agents) == 9
        assert {one["team"] for one in agents} == {"support", "finance", "research"}

        async def delegated() -> Any:
            tasks = (await demo.get("omar", f"{AUTHORIZATION}/tasks"))["items"]
            return [task for task in tasks if len(task["path"]) == 3]

        assert await until(delegated, "a chain of three agents")
        await _join(demo)
        await _review(demo)
        await _revoke(demo)
        await _contain(demo)
        assert len(demo.processes()) >= 14
        demo.child.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(demo.child.wait(), 40) == 0
        assert demo.processes() == []
        logs = "".join(path.read_text() for path in (data / "logs").iterdir())
        assert not any(token in logs for token in demo.tokens.values())
        assert "eyJ" not in logs


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
async def test_nothing_outlives_a_demo_that_is_killed(tmp_path: Path) -> None:
    async with running(tmp_path / "estate") as demo:
        os.kill(demo.child.pid, signal.SIGKILL)
        await demo.child.wait()

        async def gone() -> bool | None:
            return not demo.processes() or None

        assert await until(gone, "the children to end")


async def _join(demo: Running) -> None:
    """A second operator joins from another terminal, by the data folder and a name."""
    command = [sys.executable, "-m", "console", "whoami", "--data", str(demo.data), "--as", "omar", "--json"]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await child.communicate()
    assert child.returncode == 0
    assert json.loads(said)["name"] == "omar"


async def _review(demo: Running) -> None:
    """A request that finance must agree to, and one that takes two people; both are used by the agent that asked."""
    alone = await until(lambda: waiting(demo, "large-order-change"), "a large change of orders")
    assert (await approve(demo, alone["id"], "lena"))["state"] == "approved"
    both = await until(lambda: waiting(demo, "confidential-goes-out"), "mail after confidential data")
    assert (await approve(demo, both["id"], "lena"))["state"] == "pending"
    assert (await approve(demo, both["id"], "omar"))["state"] == "approved"
    for one in (alone, both):

        async def consumed(approval_id: str = one["id"]) -> bool:
            found = (await demo.get("vera", f"{AUTHORIZATION}/approvals/{approval_id}"))["approval"]
            return bool(found["state"] == "consumed")

        assert await until(consumed, "the approval to be used")


async def _revoke(demo: Running) -> None:
    """Every lease of busy agents is taken back, again and again, until one of them was refused in the middle of its work."""
    busy = "support-executor-1"

    async def refused() -> Any:
        answer = await demo.post("ravi", "/broker/v1/leases/revoke", {"all": True, "reason": "a drill"})
        assert answer.status_code == 200, answer.text
        names = [one["name"] for one in (await demo.get("vera", f"{AUTHORIZATION}/agents"))["items"]]
        return [line for name in names for line in demo.lines(name) if line.get("code") == "lease_not_active"]

    felt = await until(refused, f"a revoked lease to be refused at its next use by {busy}")
    assert felt[0]["outcome"] == "refused"


async def _contain(demo: Running) -> None:
    """A busy agent is contained, refused and idle, then released and at work again."""
    name = "finance-executor-1"

    async def at_work() -> Any:
        agent = await demo.get("vera", f"{AUTHORIZATION}/agents/{name}")
        tasks = await demo.get("vera", f"{AUTHORIZATION}/tasks", agent_id=agent["id"], state="running")
        return tasks["items"]

    assert await until(at_work, f"{name} to have a task")
    contained = await demo.post("maya", f"{AUTHORIZATION}/agents/{name}/contain", {"reason": "it looks odd"})
    assert contained.status_code == 200, contained.text
    assert not await at_work()

    def noted(outcome: str) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            return any(line["outcome"] == outcome for line in demo.lines(name))

        return look

    assert await until(noted("contained"), f"{name} to feel that it is contained")

    async def turned_away() -> bool:
        lines = demo.lines("finance-planner-1")
        return any(line["step"] == "delegate" and line.get("code") == "locked" for line in lines)

    assert await until(turned_away, "its planner to be turned away")
    released = await demo.post("ravi", f"{AUTHORIZATION}/agents/{name}/release", {"reason": "all is well"})
    assert released.status_code == 200, released.text
    assert await until(noted("released"), f"{name} to feel its release")
    before = len(demo.lines(name))

    async def goes_on() -> bool:
        return any(line["step"] == "take" for line in demo.lines(name)[before:])

    assert await until(goes_on, f"{name} to work again")
