"""Who lives in the sample estate: its people, its agents with their ceilings, and its resource servers.

Owns the names. Pure; imported by the plans and by whoever starts the estate.
"""

from dataclasses import dataclass
from typing import Final

import tomli_w

from console.model.actors import Role
from console.model.agents import AgentRegistration
from console.model.operators import OperatorInput
from console.model.rights import Right
from console.model.scales import DataClass

TRUST_DOMAIN: Final = "demo.leasehold"
AUTHORIZATION: Final = f"spiffe://{TRUST_DOMAIN}/leasehold/authorization"
BROKER: Final = f"spiffe://{TRUST_DOMAIN}/leasehold/broker"
TEAMS: Final = ("support", "finance", "research")
ROLES: Final = ("planner", "executor", "summariser")
MIN_AGENTS: Final = 9
MAX_AGENTS: Final = 60
TOKEN_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Member:
    """An agent of the estate."""

    name: str
    team: str
    role: str

    @property
    def spiffe_id(self) -> str:
        """Its workload identity."""
        return f"spiffe://{TRUST_DOMAIN}/agent/{self.name}"


@dataclass(frozen=True, slots=True)
class Keeper:
    """A resource server of the estate. `cache_seconds` is for how long it keeps what introspection said."""

    name: str
    cache_seconds: int

    @property
    def spiffe_id(self) -> str:
        """Its workload identity."""
        return f"spiffe://{TRUST_DOMAIN}/server/{self.name}"


KEEPERS: Final = (Keeper("crm", 0), Keeper("docs", 5), Keeper("outbox", 0))
"""The documents keep an answer for five seconds, so that both instant revocability and that at the next check can be seen."""

PEOPLE: Final = (
    OperatorInput(
        name="maya", roles=(Role.APPROVER, Role.RESPONDER), groups=("security", "finance"), token_seconds=TOKEN_SECONDS
    ),
    OperatorInput(name="omar", roles=(Role.APPROVER,), groups=("security", "data-owners"), token_seconds=TOKEN_SECONDS),
    OperatorInput(name="lena", roles=(Role.APPROVER,), groups=("data-owners", "finance"), token_seconds=TOKEN_SECONDS),
    OperatorInput(name="ravi", roles=(Role.RESPONDER,), groups=("security",), token_seconds=TOKEN_SECONDS),
    OperatorInput(name="petra", roles=(Role.POLICY_AUTHOR,), token_seconds=TOKEN_SECONDS),
    OperatorInput(name="paul", roles=(Role.POLICY_AUTHOR,), token_seconds=TOKEN_SECONDS),
    OperatorInput(name="vera", roles=(Role.VIEWER,), token_seconds=TOKEN_SECONDS),
    OperatorInput(name="anton", roles=(Role.AUDITOR,), token_seconds=TOKEN_SECONDS),
    OperatorInput(name="ida", roles=(Role.ADMIN,), token_seconds=TOKEN_SECONDS),
)
"""Everybody who governs the estate. Whoever opens the demo is maya: she reviews, revokes and contains."""

_OWNERS: Final = {"support": "vera", "finance": "anton", "research": "petra"}
_PURPOSES: Final = {
    "planner": "Takes the next case of the team, plans the work and delegates it.",
    "executor": "Does the work of a case: reads, changes and sends.",
    "summariser": "Condenses what was read into a text.",
}


def members(count: int) -> tuple[Member, ...]:
    """The agents of an estate: whole crews of planner, executor and summariser, team after team.

    Raises ValueError for fewer than nine or more than sixty.
    """
    if not MIN_AGENTS <= count <= MAX_AGENTS:
        raise ValueError(f"the estate has {MIN_AGENTS} to {MAX_AGENTS} agents")
    found = []
    for index in range(count):
        crew, role = divmod(index, len(ROLES))
        number, team = divmod(crew, len(TEAMS))
        found.append(Member(f"{TEAMS[team]}-{ROLES[role]}-{number + 1}", TEAMS[team], ROLES[role]))
    return tuple(found)


def registration(member: Member) -> AgentRegistration:
    """What an admin registers of an agent."""
    return AgentRegistration(
        name=member.name,
        spiffe_id=member.spiffe_id,
        owner=_OWNERS[member.team],
        team=member.team,
        role=member.role,
        purpose=_PURPOSES[member.role],
        entitlement=entitlement(member.team, member.role),
    )


def entitlement(team: str, role: str) -> tuple[Right, ...]:
    """An agent's ceiling. A planner's is its team's, because it can delegate no more than it has; policy binds it further."""
    if role == "summariser":
        return _SUMMARISERS[team]
    return _TEAMS[team]


def _right(actions: tuple[str, ...], resource: str, most: DataClass) -> Right:
    return Right(actions=actions, resources=(resource,), max_class=most)


_TEAMS: Final = {
    "support": (
        _right(
            ("customers.read", "orders.read", "orders.update", "notes.read", "notes.write"), "crm/*", DataClass.CONFIDENTIAL
        ),
        _right(("payments.read",), "crm/payment-methods", DataClass.RESTRICTED),
        _right(("documents.read",), "docs/*", DataClass.INTERNAL),
        _right(("mail.send",), "outbox/customer", DataClass.PUBLIC),
    ),
    "finance": (
        _right(("orders.read", "orders.update", "notes.read", "notes.write"), "crm/*", DataClass.INTERNAL),
        _right(("payments.read",), "crm/payment-methods", DataClass.RESTRICTED),
        _right(("documents.read", "documents.write"), "docs/*", DataClass.CONFIDENTIAL),
        _right(("mail.send",), "outbox/*", DataClass.PUBLIC),
    ),
    "research": (
        _right(("documents.read", "documents.write"), "docs/*", DataClass.RESTRICTED),
        _right(("mail.send",), "outbox/*", DataClass.PUBLIC),
    ),
}
_SUMMARISERS: Final = {
    "support": (_right(("orders.read", "notes.read"), "crm/*", DataClass.INTERNAL),),
    "finance": (
        _right(("orders.read", "notes.read"), "crm/*", DataClass.INTERNAL),
        _right(("documents.read", "documents.write"), "docs/*", DataClass.CONFIDENTIAL),
    ),
    "research": (_right(("documents.read", "documents.write"), "docs/*", DataClass.RESTRICTED),),
}


def server_settings(listen: str) -> str:
    """The server.toml of the estate's plane, which listens at this address."""
    settings = {
        "plane": "demo",
        "environment": "development",
        "listen": listen,
        "bundle": "bundle",
        "keys": {"source": "file", "folder": "keys"},
        "trust_domain": [{"name": TRUST_DOMAIN, "development": True}],
        "resource_server": [
            {"name": one.name, "spiffe_id": one.spiffe_id, "check": "introspect", "cache_seconds": one.cache_seconds}
            for one in KEEPERS
        ],
    }
    return f"# The plane of the sample estate. Written by leasehold demo.\n{tomli_w.dumps(settings)}"
