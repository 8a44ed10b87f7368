"""Who acts: an agent, an operator, a resource server, an enforcement point, or the plane by itself."""

from enum import StrEnum

from console.model.base import Shape


class ActorKind(StrEnum):
    """The kinds of caller that the plane tells apart."""

    AGENT = "agent"
    OPERATOR = "operator"
    RESOURCE_SERVER = "resource-server"
    ENFORCEMENT_POINT = "enforcement-point"
    PLANE = "plane"


class Actor(Shape):
    """Who did something. `id` is an agent's id, an operator's name or a SPIFFE ID; `name` is what people call them."""

    kind: ActorKind
    id: str
    name: str = ""


PLANE = Actor(kind=ActorKind.PLANE, id="plane", name="plane")
"""The plane itself: expiry, sweeps and everything else that nobody asked for."""


class Role(StrEnum):
    """What an operator may do; the table is in `server.identity.access`."""

    VIEWER = "viewer"
    APPROVER = "approver"
    RESPONDER = "responder"
    POLICY_AUTHOR = "policy-author"
    AUDITOR = "auditor"
    ADMIN = "admin"
