"""Agents: the workloads that ask for access.

active ⇄ contained
active → retired, contained → retired
"""

from typing import ClassVar

from pydantic import Field

from console.model.base import Entity, Input, Instant, Name, Reason, SpiffeID
from console.model.machine import machine
from console.model.rights import Rights
from console.model.states import AgentState

__all__ = ["AgentState"]


AGENT = machine(
    "agent",
    {
        AgentState.ACTIVE: {AgentState.CONTAINED, AgentState.RETIRED},
        AgentState.CONTAINED: {AgentState.ACTIVE, AgentState.RETIRED},
        AgentState.RETIRED: set(),
    },
)


class AgentRegistration(Input):
    """What an admin sets when registering an agent. `owner` is an operator's name; `entitlement` is the ceiling."""

    name: Name
    spiffe_id: SpiffeID
    owner: Name
    team: Name
    role: Name
    environment: Name = "production"
    purpose: str = Field(default="", max_length=512)
    critical: bool = False
    third_party: bool = False
    entitlement: Rights


class Agent(Entity):
    """A registered agent. `name` is unique in the plane and is what policies name."""

    collection: ClassVar[str] = "agents"
    indexes: ClassVar[tuple[str, ...]] = ("name", "spiffe_id", "state", "owner")

    name: Name
    spiffe_id: SpiffeID
    owner: Name
    team: Name
    role: Name
    environment: Name
    purpose: str = ""
    critical: bool = False
    third_party: bool = False
    entitlement: Rights
    state: AgentState = AgentState.ACTIVE
    registered_at: Instant
    last_seen_at: Instant | None = None
    retired_at: Instant | None = None


class ContainInput(Input):
    """The act of containing an agent."""

    reason: Reason


class ReleaseInput(Input):
    """The act of releasing an agent. Of a critical agent it takes two people: the first call proposes, a second agrees."""

    reason: Reason


class RetireInput(Input):
    """Why an agent is retired for good."""

    reason: Reason
