"""One task from opening to completion over plain HTTP, against a running demo. It knows no module of Leasehold.

python -m tests.journey.http_only            starts `leasehold demo --headless` and prints each step
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

Json = dict[str, Any]
RIGHTS = [
    {"type": "leasehold_access", "actions": ["orders.read"], "resources": ["crm/orders"], "max_class": "internal"},
    {"type": "leasehold_access", "actions": ["payments.read"], "resources": ["crm/payment-methods"], "max_class": "restricted"},
]


@contextmanager
def demo(*arguments: str) -> Iterator[Json]:
    """A demo without a console, for as long as the block runs; yields what it printed once it served."""
    command = [sys.executable, "-m", "console", "demo", "--headless", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, f"the demo did not start: exit status {process.wait(30)}"
            yield json.loads(line)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def svid(data: str, spiffe_id: str) -> str:
    """An identity of the development trust domain."""
    command = [sys.executable, "-m", "console", "svid", "mint", spiffe_id, "--data", data]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


class Caller:
    """Somebody who calls with one credential. Prints each call and keeps none."""

    def __init__(self, http: httpx.Client, name: str, credential: str) -> None:
        self.name = name
        self._http = http
        self._headers = {"Authorization": f"Bearer {credential}"}

    def get(self, path: str) -> Json:
        return self._read("GET", path)

    def post(self, path: str, body: Json | None = None) -> Json:
        return self._read("POST", path, json=body or {})

    def form(self, path: str, **fields: str) -> Json:
        return self._read("POST", path, data=fields)

    def _read(self, method: str, path: str, **more: Any) -> Json:
        answer = self._http.request(method, path, headers=self._headers, **more)
        print(f"  {self.name:<10} {method} {path.partition('?')[0]} → {answer.status_code}")
        body: Json = answer.json() if answer.content else {}
        return body | {"http_status": answer.status_code}


def journey(plane: Json) -> Json:
    """The whole way. Raises AssertionError at the first step that is not as it should be; returns what was seen."""
    assert plane["authorization_url"] == plane["broker_url"], "this walk calls one process for both APIs"
    with httpx.Client(base_url=plane["authorization_url"], timeout=30) as http:
        return walk(http, plane)


def walk(http: httpx.Client, plane: Json) -> Json:
    """The way, step by step, over one pool of connections."""
    data, domain = plane["data_dir"], plane["trust_domain"]
    people = {
        name: Caller(http, name, who["token"]) for name, who in json.loads(Path(plane["operators_file"]).read_text()).items()
    }
    spiffe_id = f"spiffe://{domain}/agent/visitor"
    registered = people["ida"].post(
        "/authorization/v1/agents",
        {
            "name": f"visitor-{time.time_ns()}",
            "spiffe_id": f"{spiffe_id}-{time.time_ns()}",
            "owner": "vera",
            "team": "support",
            "role": "executor",
            "entitlement": RIGHTS,
        },
    )
    assert registered["http_status"] == 201, registered
    agent = Caller(http, "agent", svid(data, registered["spiffe_id"]))
    server = Caller(http, "crm", svid(data, f"spiffe://{domain}/server/crm"))

    opened = agent.post(
        "/authorization/v1/tasks",
        {"intent": {"purpose": "refund-order", "text": "it came broken"}, "on_behalf_of": "a-customer", "rights": RIGHTS},
    )
    task = opened["task"]["id"]
    allowed = agent.post("/access/v1/evaluation", evaluation(registered, task, "orders.read", "crm/orders"))
    assert allowed["decision"] is True, allowed

    lease = agent.post("/broker/v1/leases", {"task_id": task, "action": "orders.read", "resource": "crm/orders"})
    assert lease["http_status"] == 201, lease
    used = server.form("/broker/v1/introspect", token=lease["credential"])
    assert used["active"] is True, used

    wanted = {"task_id": task, "action": "payments.read", "resource": "crm/payment-methods", "rows": 3, "reason": "refund"}
    waiting = agent.post("/broker/v1/leases", wanted)
    assert waiting["code"] == "needs_approval", waiting
    approval_id = waiting["facts"]["approval_id"]
    approved_by = approve(people, approval_id)
    restricted = agent.post("/broker/v1/leases", wanted)
    assert restricted["http_status"] == 201, restricted
    again = agent.post("/broker/v1/leases", wanted)
    assert again["code"] == "needs_approval", "an approval is used once"
    assert server.form("/broker/v1/introspect", token=restricted["credential"])["active"] is True

    done = agent.post(f"/authorization/v1/tasks/{task}/complete", {"note": "refunded"})
    assert done["state"] == "completed", done
    refused = [server.form("/broker/v1/introspect", token=one["credential"]) for one in (lease, restricted)]
    assert [one["active"] for one in refused] == [False, False], refused
    states = [people["vera"].get(f"/broker/v1/leases/{one['lease']['id']}")["state"] for one in (lease, restricted)]
    return {"task": task, "approved_by": approved_by, "lease_states": states}


def approve(people: dict[str, Caller], approval_id: str) -> list[str]:
    """Have those approve whom the quorum names, until it is met."""
    names: list[str] = []
    while True:
        card = people["vera"].get(f"/authorization/v1/approvals/{approval_id}")
        shown = card["approval"]
        if shown["state"] != "pending":
            assert shown["state"] == "approved", shown
            return names
        name = card["eligible"][0]
        review = {"verdict": "approve", "digest": shown["digest"], "revision": shown["revision"], "reason": "the order is real"}
        answer = people[name].post(f"/authorization/v1/approvals/{approval_id}/reviews", review)
        assert answer["http_status"] < 300, answer
        names.append(name)


def evaluation(agent: Json, task: str, action: str, resource: str) -> Json:
    """An AuthZEN access evaluation request."""
    return {
        "subject": {"type": "agent", "id": agent["name"]},
        "action": {"name": action},
        "resource": {"type": "resource", "id": resource},
        "context": {"task": {"id": task}},
    }


def main() -> None:
    """Walk the way once and say what came of it."""
    with demo("--speed", "2") as plane:
        print(json.dumps(journey(plane)))


if __name__ == "__main__":
    main()
