"""Routes of tasks: the agent's side of its work, and the operator's stop."""

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from console.model.agents import Agent
from console.model.base import Identifier
from console.model.events import Page
from console.model.problems import ProblemError
from console.model.tasks import (
    Chain,
    Delegation,
    ObservationInput,
    Task,
    TaskEnding,
    TaskOpened,
    TaskOpening,
    TaskState,
    TaskStop,
)
from console.server.api.answers import ListQuery, check_match, check_own, known, page, tell
from console.server.api.entries import Routes
from console.server.api.pipeline import Call
from console.server.api.routing import CallOf
from console.server.identity.access import Act

tasks = Routes("authorization", "tasks")
TaskId = Annotated[Identifier, Path()]


class TasksQuery(ListQuery):
    """Which tasks to list."""

    agent_id: Identifier | None = None
    parent_id: Identifier | None = None
    root_id: Identifier | None = None
    state: TaskState | None = None


@tasks.get("/authorization/v1/tasks", Act.READ, Page)
async def list_tasks(call: CallOf, query: Annotated[TasksQuery, Query()]) -> Response:
    """Tasks, running and ended."""
    return page(call, Task, query)


@tasks.post("/authorization/v1/tasks", Act.OPEN_TASK, TaskOpened, status=201, secret=True)
async def open_task(call: CallOf, asked: TaskOpening) -> Response:
    """Open a task with a declared intent; the task token is returned here, once."""
    return tell(await call.services.tasks.open(agent_of(call), asked), status=201)


@tasks.get("/authorization/v1/tasks/{task_id}", Act.READ_TASK, Task)
async def show_task(call: CallOf, task_id: TaskId) -> Response:
    """One task; an agent sees its own."""
    return tell(_seen(call, task_id))


@tasks.get("/authorization/v1/tasks/{task_id}/chain", Act.READ_TASK, Chain)
async def show_chain(call: CallOf, task_id: TaskId) -> Response:
    """What the whole chain of a task has read and sent."""
    return tell(known(call, Chain, _seen(call, task_id).root_id))


@tasks.post("/authorization/v1/tasks/{task_id}/heartbeat", Act.HEARTBEAT, Task)
async def send_heartbeat(call: CallOf, task_id: TaskId) -> Response:
    """Say that a task is alive."""
    return tell(await call.services.tasks.heartbeat(agent_of(call), task_id))


@tasks.post("/authorization/v1/tasks/{task_id}/delegate", Act.DELEGATE, TaskOpened, status=201, secret=True)
async def delegate_task(call: CallOf, task_id: TaskId, asked: Delegation) -> Response:
    """Delegate part of a task; the child's task token is returned here, once, to be handed over."""
    return tell(await call.services.tasks.delegate(agent_of(call), task_id, asked), status=201)


@tasks.post("/authorization/v1/tasks/{task_id}/observations", Act.OBSERVE, Chain)
async def report_observation(call: CallOf, task_id: TaskId, asked: ObservationInput) -> Response:
    """Report what was read or sent. From resource servers and enforcement points it counts; an agent may only add."""
    caller = call.caller
    audience = caller.audience.name if caller.audience is not None else None
    return tell(await call.services.tasks.observe(caller.actor, caller.agent, task_id, asked, audience))


@tasks.post("/authorization/v1/tasks/{task_id}/complete", Act.COMPLETE_TASK, Task)
async def complete_task(call: CallOf, task_id: TaskId, asked: TaskEnding) -> Response:
    """End one's own task, done."""
    return tell(await call.services.tasks.complete(agent_of(call), task_id, asked))


@tasks.post("/authorization/v1/tasks/{task_id}/fail", Act.FAIL_TASK, Task)
async def fail_task(call: CallOf, task_id: TaskId, asked: TaskEnding) -> Response:
    """End one's own task, failed."""
    return tell(await call.services.tasks.fail(agent_of(call), task_id, asked))


@tasks.post("/authorization/v1/tasks/{task_id}/stop", Act.STOP_TASK, Task)
async def stop_task(call: CallOf, task_id: TaskId, asked: TaskStop) -> Response:
    """Stop a task with everything that was delegated from it."""
    check_match(call, known(call, Task, task_id))
    return tell(await call.services.tasks.stop(call.caller.actor, task_id, asked))


def agent_of(call: Call) -> Agent:
    """The calling agent. Raises ProblemError `not_allowed` for any other caller."""
    if call.caller.agent is None:
        raise ProblemError("not_allowed", "Only an agent does this.")
    return call.caller.agent


def _seen(call: Call, task_id: str) -> Task:
    task = known(call, Task, task_id)
    check_own(call, Act.READ_TASK, task.agent_id)
    return task
