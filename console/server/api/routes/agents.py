"""Routes of agents and of the kill switch."""

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from console.model.agents import Agent, AgentRegistration, AgentState, ContainInput, ReleaseInput, RetireInput
from console.model.base import Identifier, Name
from console.model.events import Page
from console.model.locks import ContainmentPreview, ContainmentTally, Lock
from console.server.api.answers import ListQuery, check_match, known, known_agent, page, tell
from console.server.api.entries import Routes
from console.server.api.pipeline import Call
from console.server.api.routing import CallOf
from console.server.identity.access import Act

agents = Routes("authorization", "agents")
Reference = Annotated[str, Path(max_length=128, description="An agent's id or name.")]
LockId = Annotated[Identifier, Path()]


class AgentsQuery(ListQuery):
    """Which agents to list."""

    name: Name | None = None
    spiffe_id: str | None = None
    state: AgentState | None = None
    owner: Name | None = None


class LocksQuery(ListQuery):
    """Which locks to list."""

    target_id: Identifier | None = None
    cause: Identifier | None = None
    active: bool | None = None


@agents.get("/authorization/v1/agents", Act.READ, Page)
async def list_agents(call: CallOf, query: Annotated[AgentsQuery, Query()]) -> Response:
    """The registered agents."""
    return page(call, Agent, query)


@agents.post("/authorization/v1/agents", Act.REGISTER_AGENT, Agent, status=201)
async def register_agent(call: CallOf, asked: AgentRegistration) -> Response:
    """Register an agent."""
    return tell(await call.services.registry.register(asked, call.caller.actor), status=201)


@agents.get("/authorization/v1/agents/{reference}", Act.READ_AGENT, Agent)
async def show_agent(call: CallOf, reference: Reference) -> Response:
    """One agent; an agent sees itself."""
    return tell(known_agent(call, reference, Act.READ_AGENT))


@agents.post("/authorization/v1/agents/{reference}/retire", Act.RETIRE_AGENT, Agent)
async def retire_agent(call: CallOf, reference: Reference, asked: RetireInput) -> Response:
    """Retire an agent for good."""
    agent = _matched(call, reference)
    return tell(await call.services.registry.retire(agent.id, call.caller.actor, asked.reason))


@agents.get("/authorization/v1/agents/{reference}/contain", Act.READ, ContainmentPreview)
async def preview_containment(call: CallOf, reference: Reference) -> Response:
    """What containing the agent would take with it."""
    return tell(call.services.containment.preview(call.services.registry.known(reference).id))


@agents.post("/authorization/v1/agents/{reference}/contain", Act.CONTAIN, ContainmentTally)
async def contain_agent(call: CallOf, reference: Reference, asked: ContainInput) -> Response:
    """Contain an agent and everything delegated from its tasks."""
    agent = _matched(call, reference)
    return tell(await call.services.containment.contain(agent.id, asked.reason, call.caller.actor))


@agents.post("/authorization/v1/agents/{reference}/release", Act.RELEASE, Lock)
async def release_agent(call: CallOf, reference: Reference, asked: ReleaseInput) -> Response:
    """Release an agent; of a critical one the first call proposes and a second person's releases."""
    agent = _matched(call, reference)
    return tell(await call.services.containment.release(agent.id, asked.reason, call.caller.actor))


@agents.get("/authorization/v1/locks", Act.READ, Page)
async def list_locks(call: CallOf, query: Annotated[LocksQuery, Query()]) -> Response:
    """The locks, standing and released."""
    return page(call, Lock, query)


@agents.get("/authorization/v1/locks/{lock_id}", Act.READ, Lock)
async def show_lock(call: CallOf, lock_id: LockId) -> Response:
    """One lock with its receipts."""
    return tell(known(call, Lock, lock_id))


@agents.get("/authorization/v1/locks/{lock_id}/tally", Act.READ, ContainmentTally)
async def show_tally(call: CallOf, lock_id: LockId) -> Response:
    """How far a containment has come, lease by lease."""
    return tell(call.services.containment.tally(known(call, Lock, lock_id).id))


def _matched(call: Call, reference: str) -> Agent:
    agent = call.services.registry.known(reference)
    check_match(call, agent)
    return agent
