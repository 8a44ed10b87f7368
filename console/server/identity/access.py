"""Who may do what: the one table of acts, and of who may perform each. Deny by default.

Owns the answer to "may this caller try this?". Whether the thing is theirs (an agent's own task, an approver's own group)
is decided where the thing is known; `own_only` says for which acts that question must be asked. Every route names an act.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from console.model.actors import ActorKind, Role
from console.model.problems import ProblemError
from console.server.identity.callers import Caller

Effect = Literal["gives", "takes", "neither"]


class Act(StrEnum):
    """Everything that a caller can ask the plane to do."""

    PUBLIC = "read what is public"
    WHOAMI = "ask who you are"
    READ = "read everything"
    READ_AGENT = "read an agent"
    READ_TASK = "read a task"
    READ_LEASE = "read a lease"
    READ_APPROVAL = "read an approval request"
    READ_DECISION = "read a decision"
    SEARCH = "ask what would be decided"
    PREVIEW = "ask what a review or a grant would come to"

    REVIEW = "review a request"
    APPROVE = "approve"
    WITHDRAW = "take back an approval"
    REJECT = "reject"
    GRANT = "grant"
    END_GRANT = "end a grant"
    REVIEW_BREAK_GLASS = "review a break-glass grant"
    REVOKE_LEASE = "revoke a lease"
    REVOKE_LEASES = "revoke leases"
    RETRY_REVOCATION = "retry a revocation"
    ABANDON = "abandon a lease"
    STOP_TASK = "stop a task"
    CONTAIN = "contain"
    RELEASE = "release"
    DRAFT = "draft a bundle"
    CHECK = "validate, test and replay a bundle"
    REQUEST_PUBLICATION = "ask for publication"
    PUBLISH = "publish"
    ROLL_BACK = "roll back"
    ENROL_OPERATOR = "enrol operators"
    REMOVE_OPERATOR = "remove an operator"
    REGISTER_AGENT = "register agents"
    RETIRE_AGENT = "retire an agent"
    CONFIGURE = "change configuration"
    MARK_REVIEWED = "mark a framework row reviewed"
    CHECKPOINT = "make a checkpoint of the audit log"
    ERASE_TEXT = "erase a free text"

    OPEN_TASK = "open a task"
    HEARTBEAT = "send a heartbeat"
    DELEGATE = "delegate"
    COMPLETE_TASK = "complete a task"
    FAIL_TASK = "fail a task"
    CANCEL_APPROVAL = "withdraw an approval request"
    OBSERVE = "report what was read or sent"
    DECIDE = "ask for a decision"
    ISSUE_LEASE = "ask for a lease"
    RENEW_LEASE = "renew a lease"
    EXCHANGE_TOKEN = "exchange a token"  # noqa: S105 - the name of an act
    GIVE_BACK_TOKEN = "give a token back"  # noqa: S105 - the name of an act
    INTROSPECT = "introspect"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may perform an act: operators of any of these roles, and workloads of any of these kinds.

    `own_only` holds the kinds that may perform it on their own tasks and leases only. `anyone` needs no credential.
    """

    effect: Effect
    roles: frozenset[Role] = frozenset()
    kinds: frozenset[ActorKind] = frozenset()
    own_only: frozenset[ActorKind] = frozenset()
    anyone: bool = False


_AGENT = frozenset({ActorKind.AGENT})
_SERVERS = frozenset({ActorKind.RESOURCE_SERVER, ActorKind.ENFORCEMENT_POINT})
_WORKLOADS = _AGENT | _SERVERS
_EVERY_ROLE = frozenset(Role)


def _roles(effect: Effect, *roles: Role) -> Rule:
    return Rule(effect, roles=frozenset(roles))


def _reading(kinds: frozenset[ActorKind] = frozenset()) -> Rule:
    return Rule("neither", roles=_EVERY_ROLE, kinds=kinds, own_only=kinds & _AGENT)


def _own(effect: Effect, *roles: Role) -> Rule:
    return Rule(effect, roles=frozenset(roles), kinds=_AGENT, own_only=_AGENT)


TABLE: Final[Mapping[Act, Rule]] = MappingProxyType(
    {
        Act.PUBLIC: Rule("neither", roles=_EVERY_ROLE, kinds=_WORKLOADS, anyone=True),
        Act.WHOAMI: Rule("neither", roles=_EVERY_ROLE, kinds=_WORKLOADS),
        Act.READ: _reading(),
        Act.READ_AGENT: _reading(_AGENT),
        Act.READ_TASK: _reading(_AGENT),
        Act.READ_LEASE: _reading(_AGENT),
        Act.READ_APPROVAL: _reading(_AGENT),
        Act.READ_DECISION: _reading(_AGENT),
        Act.SEARCH: _reading(_WORKLOADS),
        Act.PREVIEW: _reading(),
        Act.REVIEW: _roles("gives", Role.APPROVER, Role.POLICY_AUTHOR),
        Act.APPROVE: _roles("gives", Role.APPROVER),
        Act.WITHDRAW: _roles("takes", Role.APPROVER, Role.POLICY_AUTHOR),
        Act.REJECT: _roles("takes", Role.APPROVER),
        Act.GRANT: _roles("gives", Role.APPROVER),
        Act.END_GRANT: _roles("takes", Role.APPROVER, Role.RESPONDER),
        Act.REVIEW_BREAK_GLASS: _roles("neither", Role.APPROVER, Role.AUDITOR),
        Act.REVOKE_LEASE: _own("takes", Role.RESPONDER, Role.APPROVER),
        Act.REVOKE_LEASES: _roles("takes", Role.RESPONDER, Role.APPROVER),
        Act.RETRY_REVOCATION: _roles("takes", Role.RESPONDER),
        Act.ABANDON: _roles("gives", Role.ADMIN),
        Act.STOP_TASK: _roles("takes", Role.RESPONDER, Role.APPROVER),
        Act.CONTAIN: _roles("takes", Role.RESPONDER),
        Act.RELEASE: _roles("gives", Role.RESPONDER),
        Act.DRAFT: _roles("neither", Role.POLICY_AUTHOR),
        Act.CHECK: _roles("neither", Role.POLICY_AUTHOR),
        Act.REQUEST_PUBLICATION: _roles("gives", Role.POLICY_AUTHOR),
        Act.PUBLISH: _roles("gives", Role.POLICY_AUTHOR),
        Act.ROLL_BACK: _roles("gives", Role.POLICY_AUTHOR),
        Act.ENROL_OPERATOR: _roles("gives", Role.ADMIN),
        Act.REMOVE_OPERATOR: _roles("takes", Role.ADMIN),
        Act.REGISTER_AGENT: _roles("gives", Role.ADMIN),
        Act.RETIRE_AGENT: _roles("takes", Role.ADMIN),
        Act.CONFIGURE: _roles("gives", Role.ADMIN),
        Act.MARK_REVIEWED: _roles("neither", Role.AUDITOR, Role.APPROVER),
        Act.CHECKPOINT: _roles("neither", Role.AUDITOR, Role.ADMIN),
        Act.ERASE_TEXT: _roles("neither", Role.ADMIN),
        Act.OPEN_TASK: _own("gives"),
        Act.HEARTBEAT: _own("neither"),
        Act.DELEGATE: _own("gives"),
        Act.COMPLETE_TASK: _own("takes"),
        Act.FAIL_TASK: _own("takes"),
        Act.CANCEL_APPROVAL: _own("takes"),
        Act.OBSERVE: Rule("neither", kinds=_WORKLOADS, own_only=_AGENT),
        Act.DECIDE: Rule("gives", kinds=_WORKLOADS, own_only=_AGENT),
        Act.ISSUE_LEASE: _own("gives"),
        Act.RENEW_LEASE: _own("gives"),
        Act.EXCHANGE_TOKEN: _own("gives"),
        Act.GIVE_BACK_TOKEN: _own("takes"),
        Act.INTROSPECT: Rule("neither", kinds=_SERVERS),
    }
)


def may(caller: Caller | None, act: Act) -> bool:
    """Whether a caller may try an act. None is a caller without a credential."""
    rule = TABLE[act]
    if caller is None:
        return rule.anyone
    if caller.kind is ActorKind.OPERATOR:
        return caller.operator is not None and not rule.roles.isdisjoint(caller.operator.roles)
    return caller.kind in rule.kinds


def require(caller: Caller | None, act: Act) -> None:
    """Let an act pass or refuse it.

    Raises ProblemError `not_signed_in` for a caller without a credential, `not_allowed` (naming who may) for any other.
    """
    if may(caller, act):
        return
    if caller is None:
        raise ProblemError("not_signed_in", f"To {act.value}, present a credential.")
    rule = TABLE[act]
    roles = sorted(role.value for role in rule.roles)
    kinds = sorted(kind.value for kind in rule.kinds)
    allowed = " or ".join(
        [*(f"an operator with the role {role}" for role in roles), *(f"a workload of kind {kind}" for kind in kinds)]
    )
    raise ProblemError(
        "not_allowed",
        f"You may not {act.value}; it takes {allowed}.",
        act=act.name.lower(),
        roles=[*roles],
        kinds=[*kinds],
    )


def only_own(caller: Caller, act: Act) -> bool:
    """Whether this caller may perform the act on its own tasks and leases only: the service must then check whose it is."""
    return caller.kind in TABLE[act].own_only
