"""A running demo without a console, its logs, its people over the API, and a probe: an agent of the test's own in it.

The probe speaks the public APIs and the resource servers, as every agent of the estate does, so that the effect of what an
operator does is seen where it must be felt. Knows no module of Leasehold.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.terminal.waiting import until

Json = dict[str, Any]
START_SECONDS = 120.0
SECURITY = ("maya", "omar", "ravi")
RIGHTS = [
    {"type": "leasehold_access", "actions": ["orders.read"], "resources": ["crm/orders"], "max_class": "internal"},
    {"type": "leasehold_access", "actions": ["payments.read"], "resources": ["crm/payment-methods"], "max_class": "restricted"},
]


def leasehold(*arguments: str) -> list[str]:
    """The program with arguments."""
    return [sys.executable, "-m", "console", *arguments]


@dataclass(frozen=True)
class Estate:
    """A demo that serves. `process` is its own; the plane's is in `plane_pid`."""

    url: str
    data: Path
    domain: str
    tokens: dict[str, str]
    process: subprocess.Popen[str]

    @property
    def plane_pid(self) -> int:
        """The process of the plane."""
        found: Json = json.loads((self.data / "plane.json").read_text())
        return int(found["pid"])

    def person(self, name: str) -> httpx.Client:
        """Somebody of the estate, over the API."""
        return _client(self.url, self.tokens[name])

    def svid(self, spiffe_id: str) -> str:
        """An identity of the development trust domain."""
        command = leasehold("svid", "mint", spiffe_id, "--data", str(self.data))
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    def log(self, agent: str) -> list[Json]:
        """What an agent has logged so far."""
        text = (self.data / "logs" / f"{agent}.log").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def server(self, name: str) -> str:
        """The address of a resource server."""
        return (self.data / "workloads" / f"{name}.address").read_text().strip()

    def answer(self, name: str, path: str, who: str = "vera") -> Json:
        """What the plane answers to somebody, for a path."""
        with self.person(who) as http:
            response = http.get(path)
            assert response.status_code == httpx.codes.OK, f"{name}: {response.text}"
            found: Json = response.json()
            return found


@contextmanager
def running(data: Path, *, seed: int, speed: float = 10) -> Iterator[Estate]:
    """A demo without a console in `data`, for as long as the block runs."""
    command = leasehold("demo", "--headless", "--speed", str(speed), "--seed", str(seed), "--data", str(data))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if ready else ""
        assert line, f"the demo did not serve within {START_SECONDS:g} s; exit status {process.poll()}"
        said = json.loads(line)
        people = json.loads(Path(said["operators_file"]).read_text())
        tokens = {name: who["token"] for name, who in people.items()}
        yield Estate(said["authorization_url"], data, said["trust_domain"], tokens, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


class Probe:
    """An agent that asks, uses and is refused; it works for as long as the test wants."""

    def __init__(
        self, estate: Estate, name: str, *, role: str = "executor", team: str = "support", critical: bool = False
    ) -> None:
        self.estate, self.name = estate, name
        spiffe_id = f"spiffe://{estate.domain}/agent/{name}"
        registration = {
            "name": name, "spiffe_id": spiffe_id, "owner": "vera", "team": team, "role": role, "entitlement": RIGHTS,
            "critical": critical,
        }  # fmt: skip
        with estate.person("ida") as admin:
            self.id: str = _expect(admin.post("/authorization/v1/agents", json=registration), 201)["id"]
        self._http = _client(estate.url, estate.svid(spiffe_id))
        self.task_id = self._task_token = ""

    def open(self, text: str = "the parcel came back") -> str:
        """Open a task that needs no heartbeat for some minutes; returns its id."""
        body = {
            "intent": {"purpose": "refund-order", "text": text}, "on_behalf_of": "customer-0042", "rights": RIGHTS,
            "seconds": 900, "heartbeat_seconds": 300,
        }  # fmt: skip
        opened = _expect(self._http.post("/authorization/v1/tasks", json=body), 201)
        self.task_id, self._task_token = opened["task"]["id"], opened["task_token"]
        return self.task_id

    def ask(self, action: str = "orders.read", resource: str = "crm/orders", rows: int = 50, **more: Any) -> Json:
        """Ask for a lease; the broker's answer with its `status`."""
        body = {"task_id": self.task_id, "action": action, "resource": resource, "rows": rows, "seconds": 300, **more}
        return _seen(self._http.post("/broker/v1/leases", json=body))

    def ask_payments(self, **more: Any) -> Json:
        """Ask for what a person must agree to: restricted rows, outside of reconciliation."""
        return self.ask("payments.read", "crm/payment-methods", 3, reason="the refund goes to that card", **more)

    def use(self, lease: Json, path: str = "/orders?start=1&limit=1") -> Json:
        """Use a lease at the resource server; its answer with its `status`."""
        headers = {"Authorization": f"Bearer {lease['credential']}", "Leasehold-Task": self._task_token}
        return _seen(httpx.get(f"{self.estate.server('crm')}{path}", headers=headers, timeout=20, trust_env=False))

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()


def approve_over_api(estate: Estate, approval_id: str, *, but: str = "maya") -> list[str]:
    """Have those approve who still can, `but` one, until the request is no longer pending; returns their names."""
    names: list[str] = []
    while True:
        card = estate.answer("approval", f"/authorization/v1/approvals/{approval_id}")
        shown = card["approval"]
        if shown["state"] != "pending":
            return names
        name = next(one for one in card["eligible"] if one != but)
        review = {"verdict": "approve", "digest": shown["digest"], "revision": shown["revision"], "reason": "seconded"}
        with estate.person(name) as http:
            _expect(http.post(f"/authorization/v1/approvals/{approval_id}/reviews", json=review), 200)
        names.append(name)


def wait_log(estate: Estate, agent: str, since: int, what: str, seconds: float = 40.0, **wanted: Any) -> Json:
    """The first line after the first `since` ones of an agent's log that has all the `wanted` facts."""

    def look() -> Json | None:
        lines = estate.log(agent)[since:]
        return next((line for line in lines if all(line.get(name) == value for name, value in wanted.items())), None)

    return until(look, f"{what} in the log of {agent}", seconds, seen=lambda: "\n".join(map(str, estate.log(agent)[-8:])))


def children_of(pid: int) -> list[int]:
    """The processes below a process, all the way down."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found: list[int] = []
    pending = [pid]
    while pending:
        below = parents.get(pending.pop(), [])
        found += below
        pending += below
    return found


def is_alive(pid: int) -> bool:
    """Whether a process lives; one that has ended and is not yet collected does not."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def end(pid: int, seconds: float = 20.0) -> None:
    """End a process that the test has started, and wait until it is gone."""
    os.kill(pid, signal.SIGTERM)
    until(lambda: not is_alive(pid), f"process {pid} to end", seconds)


def now() -> float:
    """Seconds since the epoch."""
    return time.time()


def _client(url: str, credential: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {credential}"}, timeout=30, trust_env=False)


def _seen(response: httpx.Response) -> Json:
    body: Json = response.json() if response.content else {}
    return body | {"status": response.status_code}


def _expect(response: httpx.Response, status: int) -> Json:
    seen = _seen(response)
    assert seen["status"] == status, seen
    return seen
