"""The registry of acts: everything that an operator can change from the console, and under which conditions.

Owns the console's half of the table "Who may do what"; the server enforces its own half regardless. Pure.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from console.model.scales import RiskLevel


class Confirm(StrEnum):
    """What the operator must do before an act is sent."""

    YES = "y"
    REASON = "reason"
    REASON_TYPED = "reason and typed"
    YES_TYPED = "y and typed"


@dataclass(frozen=True, slots=True)
class ActSpec:
    """An act. It `gives` power or takes it; `roles` are those of which one is needed."""

    id: str
    title: str
    gives: bool
    arming: bool
    stale: bool
    roles: frozenset[str]
    confirm: Confirm
    method: str
    path: str
    """The route, for the command log; `{id}` stands for the target."""
    streamed: bool = True
    """Whether the stream tells of it; what it does not tell of is read again."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How an act is confirmed here and now. `typed` is what must be typed, where something must."""

    kind: Confirm
    typed: str = ""

    @property
    def needs_reason(self) -> bool:
        return self.kind in (Confirm.REASON, Confirm.REASON_TYPED)


def _spec(
    id: str, title: str, roles: str, confirm: Confirm, route: str, *, gives: bool = False, stale: bool = False
) -> ActSpec:
    method, path = route.split(" ", 1)
    return ActSpec(id, title, gives, gives, stale, frozenset(roles.split()), confirm, method, path)


_AUTHORIZATION, _BROKER = "/authorization/v1", "/broker/v1"
_FRAMEWORKS = f"{_AUTHORIZATION}/frameworks"

ACTS: dict[str, ActSpec] = {
    spec.id: spec
    for spec in (
        _spec(
            "approval.approve",
            "approve",
            "approver policy-author",
            Confirm.YES,
            f"POST {_AUTHORIZATION}/approvals/{{id}}/reviews",
            gives=True,
        ),
        _spec(
            "approval.narrow",
            "approve narrowed",
            "approver",
            Confirm.YES,
            f"POST {_AUTHORIZATION}/approvals/{{id}}/reviews",
            gives=True,
        ),
        _spec(
            "approval.reject",
            "reject",
            "approver policy-author",
            Confirm.REASON,
            f"POST {_AUTHORIZATION}/approvals/{{id}}/reviews",
        ),
        _spec(
            "approval.withdraw",
            "take back an approval",
            "approver policy-author",
            Confirm.YES,
            f"POST {_AUTHORIZATION}/approvals/{{id}}/withdraw",
            stale=True,
        ),
        _spec("grant.create", "grant", "approver", Confirm.REASON, f"POST {_AUTHORIZATION}/grants", gives=True),
        _spec("grant.break_glass", "break glass", "approver", Confirm.REASON, f"POST {_AUTHORIZATION}/grants", gives=True),
        _spec(
            "grant.revoke",
            "end a grant",
            "approver responder",
            Confirm.YES,
            f"POST {_AUTHORIZATION}/grants/{{id}}/revoke",
            stale=True,
        ),
        _spec(
            "grant.review",
            "review a broken glass",
            "approver auditor",
            Confirm.REASON,
            f"POST {_AUTHORIZATION}/grants/{{id}}/review",
        ),
        _spec("lease.revoke", "revoke leases", "responder approver", Confirm.YES, f"POST {_BROKER}/leases/revoke", stale=True),
        _spec("lease.retry", "retry a revocation", "responder", Confirm.YES, f"POST {_BROKER}/leases/{{id}}/retry", stale=True),
        _spec(
            "task.stop",
            "stop a task",
            "responder approver",
            Confirm.YES,
            f"POST {_AUTHORIZATION}/tasks/{{id}}/stop",
            stale=True,
        ),
        _spec("agent.contain", "contain", "responder", Confirm.YES, f"POST {_AUTHORIZATION}/agents/{{id}}/contain", stale=True),
        _spec(
            "agent.release",
            "release",
            "responder",
            Confirm.REASON_TYPED,
            f"POST {_AUTHORIZATION}/agents/{{id}}/release",
            gives=True,
        ),
        _spec(
            "bundle.request",
            "ask for publication",
            "policy-author",
            Confirm.REASON,
            f"POST {_AUTHORIZATION}/bundles/publications",
            gives=True,
        ),
        _spec(
            "bundle.rollback",
            "roll back",
            "policy-author",
            Confirm.REASON,
            f"POST {_AUTHORIZATION}/bundles/{{id}}/rollback",
            gives=True,
        ),
        replace(
            _spec(
                "framework.review", "mark reviewed", "auditor approver", Confirm.REASON, f"POST {_FRAMEWORKS}/{{id}}/reviews"
            ),
            streamed=False,
        ),
    )
}
MANY = 25
"""From more things than this on, taking is confirmed by typing."""


def approval_confirmation(level: str, resource: str) -> Confirmation:
    """Medium risk or less `y`; high a reason; critical a reason and the last part of the scope typed.

    A level that this console does not know is confirmed as critical.
    """
    if level in (RiskLevel.LOW, RiskLevel.MEDIUM):
        return Confirmation(Confirm.YES)
    if level == RiskLevel.HIGH:
        return Confirmation(Confirm.REASON)
    return Confirmation(Confirm.REASON_TYPED, last_part(resource))


def publication_confirmation(confirm: Confirm, name: str, *, production: bool) -> Confirmation:
    """In production, and where the risk asks for it, the bundle's name is typed as well."""
    if not production and confirm not in (Confirm.YES_TYPED, Confirm.REASON_TYPED):
        return Confirmation(confirm)
    return Confirmation(
        {Confirm.YES: Confirm.YES_TYPED, Confirm.YES_TYPED: Confirm.YES_TYPED}.get(confirm, Confirm.REASON_TYPED), name
    )


def reviewing_roles(kind: str) -> frozenset[str]:
    """Whose review counts for a kind of request: a policy author's for a publication, an approver's for all else."""
    return frozenset({"policy-author" if kind == "publication" else "approver"})


def last_part(resource: str) -> str:
    """The last part of a scope: `deploy` of `cloud/roles/deploy`; the whole where it has no parts."""
    return resource.rstrip("/*").rsplit("/", 1)[-1] or resource


def taking_confirmation(count: int, id: str, *, critical: bool = False) -> Confirmation:
    """`y`; for more than 25 things or a critical agent the last four characters of the id, shown and typed as well."""
    return Confirmation(Confirm.YES_TYPED, id[-4:]) if critical or count > MANY else Confirmation(Confirm.YES)


def release_confirmation(name: str) -> Confirmation:
    """A reason, and the agent's name typed."""
    return Confirmation(Confirm.REASON_TYPED, name)
