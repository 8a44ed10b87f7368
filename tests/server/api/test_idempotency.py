"""Idempotency keys: a request under one key is done once, its repetition gets the first answer, secrets are told once."""

import asyncio
import dataclasses
from typing import Any, NoReturn

import httpx
import pytest

from console.model.actors import PLANE
from console.model.agents import Agent
from console.model.leases import Lease, LeaseState
from console.model.problems import ProblemError
from console.model.tasks import Task
from console.server.api.app import Api
from console.server.broker.leases import CHUNK
from console.server.ports import StoredEvent, Transaction
from tests.server.api.plane import URL, Plane


def lease(task: dict[str, Any]) -> dict[str, Any]:
    return {"task_id": task["id"], "action": "customers.read", "resource": "crm/customers", "rows": 5}


async def test_a_repetition_gets_the_first_answer_and_does_nothing(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    path = f"/authorization/v1/tasks/{task['id']}/complete"
    first = await plane.call(executor, "POST", path, {"note": "done"}, Idempotency_Key="k1")
    size = plane.services.store.audit_size()
    again = await plane.call(executor, "POST", path, {"note": "done"}, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert plane.services.store.audit_size() == size


async def test_a_key_used_for_another_request_is_refused(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    path = f"/authorization/v1/tasks/{task['id']}/complete"
    await plane.call(executor, "POST", path, {"note": "done"}, Idempotency_Key="k1")
    other = await plane.call(executor, "POST", path, {"note": "else"}, Idempotency_Key="k1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")


async def test_keys_of_different_callers_have_nothing_to_do_with_each_other(plane: Plane, executor: Agent) -> None:
    other = await plane.world.agent("executor-2")
    for agent in (executor, other):
        response = await plane.call(agent, "POST", "/authorization/v1/tasks", _opening(), Idempotency_Key="same")
        assert response.status_code == 201
    assert plane.services.store.count(Task) == 2


def _opening() -> dict[str, Any]:
    right = {"actions": ["*"], "resources": ["*"], "max_class": "restricted"}
    return {"intent": {"purpose": "answer-customer"}, "on_behalf_of": "a-customer", "rights": [right]}


async def test_a_secret_is_told_once(plane: Plane, executor: Agent) -> None:
    first = await plane.call(executor, "POST", "/authorization/v1/tasks", _opening(), Idempotency_Key="open")
    again = await plane.call(executor, "POST", "/authorization/v1/tasks", _opening(), Idempotency_Key="open")
    assert (again.status_code, again.json()["code"]) == (409, "secret_already_returned")
    assert again.json()["facts"]["id"] == first.json()["task"]["id"]
    task = first.json()["task"]
    issued = await plane.call(executor, "POST", "/broker/v1/leases", lease(task), Idempotency_Key="issue")
    repeated = await plane.call(executor, "POST", "/broker/v1/leases", lease(task), Idempotency_Key="issue")
    assert (repeated.status_code, repeated.json()["code"]) == (409, "secret_already_returned")
    assert issued.json()["credential"] not in repeated.text
    assert plane.services.store.count(Lease) == 1


async def test_a_refusal_that_was_recorded_is_repeated_too(plane: Plane, executor: Agent) -> None:
    task = (await plane.opened(executor))["task"]
    wanted = lease(task) | {"rows": 301}
    first = await plane.call(executor, "POST", "/broker/v1/leases", wanted, Idempotency_Key="k")
    again = await plane.call(executor, "POST", "/broker/v1/leases", wanted, Idempotency_Key="k")
    assert (first.status_code, again.status_code) == (403, 403)
    assert again.json()["facts"]["approval_id"] == first.json()["facts"]["approval_id"]
    assert again.headers["content-type"] == "application/problem+json"


async def test_what_was_refused_before_it_was_recorded_may_be_sent_again(plane: Plane, executor: Agent) -> None:
    bad = _opening() | {"intent": {"purpose": "unknown"}}
    first = await plane.call(executor, "POST", "/authorization/v1/tasks", bad, Idempotency_Key="k")
    again = await plane.call(executor, "POST", "/authorization/v1/tasks", _opening(), Idempotency_Key="k")
    assert (first.status_code, again.status_code) == (422, 201)


async def test_two_at_once_under_one_key_are_done_once(plane: Plane, executor: Agent) -> None:
    calls = [plane.call(executor, "POST", "/authorization/v1/tasks", _opening(), Idempotency_Key="both") for _ in range(8)]
    answers = await asyncio.gather(*calls)
    codes = sorted(answer.json().get("code", "") for answer in answers)
    assert codes.count("") == 1
    assert set(codes) <= {"", "in_progress", "secret_already_returned"}
    assert plane.services.store.count(Task) == 1


async def test_a_key_out_of_shape_is_refused(plane: Plane, executor: Agent) -> None:
    for key in ("with space", "x" * 256):
        response = await plane.call(executor, "POST", "/authorization/v1/tasks", _opening(), Idempotency_Key=key)
        assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert plane.services.store.count(Task) == 0


class Forgetful:
    """A store that can keep no answer any more, as on a full disk."""

    def __init__(self, store: object) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def answer(self, owner: str, key: str, status: int, body: str) -> NoReturn:
        raise ProblemError("store_full")


async def test_an_act_that_was_done_is_told_as_done_even_if_its_answer_cannot_be_kept(plane: Plane, executor: Agent) -> None:
    services = dataclasses.replace(plane.services, store=Forgetful(plane.services.store))
    api = Api(services, plane.api.pipeline.settings)
    path = f"/authorization/v1/agents/{executor.id}/contain"
    headers = plane.headers("ravi") | {"Idempotency-Key": "k"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=api), base_url=URL) as http:
        first = await http.post(path, json={"reason": "hijacked"}, headers=headers)
        again = await http.post(path, json={"reason": "hijacked"}, headers=headers)
    assert (first.status_code, first.json()["lock"]["agent_id"]) == (200, executor.id)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def many_leases(plane: Plane, agent: Agent, more: int) -> None:
    """One lease that was issued, and so many more like it."""
    task = (await plane.opened(agent))["task"]
    issued = await plane.call(agent, "POST", "/broker/v1/leases", lease(task))
    first = plane.services.store.get(Lease, issued.json()["lease"]["id"])
    assert first is not None

    def verb(tx: Transaction) -> None:
        for _ in range(more):
            tx.put(first.model_copy(update={"id": plane.world.clock.new_id("ls"), "version": 0}), "lease.active", PLANE)

    await plane.services.store.write(verb)


async def test_taking_many_leases_back_goes_on_where_it_was_cut_off(plane: Plane, executor: Agent) -> None:
    store = plane.services.store
    await many_leases(plane, executor, CHUNK)
    asked, path = {"agent_id": executor.id, "reason": "drill"}, "/broker/v1/leases/revoke"
    cut_off = asyncio.create_task(plane.call("ravi", "POST", path, asked, Idempotency_Key="k"))

    def cut(events: list[StoredEvent]) -> None:
        if any(event.kind == "lease.revoking" for event in events):
            cut_off.cancel()

    stop = store.subscribe(cut)
    with pytest.raises(asyncio.CancelledError):
        await cut_off
    stop()
    assert (store.count(Lease, state=LeaseState.REVOKING), store.count(Lease, state=LeaseState.ACTIVE)) == (CHUNK, 1)

    other = await plane.call("ravi", "POST", path, asked | {"reason": "else"}, Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    again = await plane.call("ravi", "POST", path, asked, Idempotency_Key="k")
    assert (again.status_code, again.json()["asked"]) == (200, 1)
    assert "idempotency-replayed" not in again.headers
    assert store.count(Lease, state=LeaseState.ACTIVE) == 0
    third = await plane.call("ravi", "POST", path, asked, Idempotency_Key="k")
    assert (third.json(), third.headers["idempotency-replayed"]) == (again.json(), "true")
