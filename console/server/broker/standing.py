"""Whether what a lease stands on still stands: no lock, no hold, its agent active, its task running.

Pure over a reader, so that the same question is asked inside transactions and right before an answer is given.
"""

from collections.abc import Iterable
from datetime import datetime

from console.model.agents import Agent, AgentState
from console.model.leases import Lease, LeaseState
from console.model.problems import ProblemError
from console.model.tasks import Task, TaskState
from console.server.authorization.locks import locked_by
from console.server.holds import Holds
from console.server.ports import Reader


def ground_refusal(
    reader: Reader, holds: Holds, *, agent_id: str, task_id: str, path: Iterable[str], at: datetime, lease_id: str = ""
) -> ProblemError | None:
    """Why nothing may stand on this agent and task now; None when it may.

    Time counts, not only state: a task whose time has come is ended, whether or not its record says so yet.
    """
    way = tuple(path)
    if holds.held(agent_id, way, lease_id) or locked_by(reader, agent_id, way) is not None:
        return ProblemError("locked", "The agent or a task on the way is contained.")
    agent = reader.get(Agent, agent_id)
    if agent is None or agent.state is not AgentState.ACTIVE:
        return ProblemError("locked", "The agent is not active.")
    task = reader.get(Task, task_id)
    due = task.due_at() if task is not None else None
    if task is None or task.state is not TaskState.RUNNING or due is None or due <= at:
        return ProblemError("task_not_running", "The task has ended.")
    return None


def lease_refusal(reader: Reader, holds: Holds, lease: Lease, at: datetime) -> ProblemError | None:
    """Why a lease is not good now; None when it is."""
    if lease.state is not LeaseState.ACTIVE:
        return ProblemError("lease_not_active", f"The lease is {lease.state}.", lease_id=lease.id, state=lease.state.value)
    if lease.expires_at <= at:
        return ProblemError("lease_not_active", "The lease has expired.", lease_id=lease.id, state=LeaseState.EXPIRED.value)
    return ground_refusal(
        reader, holds, agent_id=lease.agent_id, task_id=lease.task_id, path=lease.task_path, at=at, lease_id=lease.id
    )
