"""What a decision is asked about, and what is answered. It owns the shapes that stand between facts and Cedar.

All of them are frozen: a question is a value, and the same question of the same bundle has the same answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from console.model.base import Json
from console.model.decisions import Outcome, PolicyReason
from console.model.scales import DataClass


@dataclass(frozen=True, slots=True)
class Principal:
    """The agent that asks, as policies see it. `name` is the agent's name in the registry."""

    name: str
    team: str
    role: str
    environment: str = "production"
    critical: bool = False
    third_party: bool = False
    trust_domain: str = ""
    spiffe_id: str = ""


@dataclass(frozen=True, slots=True)
class ResourceFacts:
    """One resource as the bundle's data describes it.

    `name` is the resource that was asked about, `pattern` the entry of the data that describes it. `owners` are names of
    operators, who stand for the quorum part `resource-owner`.
    """

    name: str
    data_class: DataClass
    audience: str
    environment: str
    owners: tuple[str, ...] = ()
    pattern: str = ""


Target = ResourceFacts
"""What a question is about is a resource with its facts."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of policy. `context` follows the bundle's schema, without `approved`, which the evaluation adds."""

    principal: Principal
    action: str
    target: Target
    context: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Link:
    """A grantable template that a grant links, to one agent and one resource."""

    template_id: str
    grant_id: str
    principal_name: str
    resource_name: str

    @property
    def policy_id(self) -> str:
        """The id under which the linked policy appears among the reasons."""
        return f"{self.template_id}@{self.grant_id}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What policy says.

    `code` is `permitted`, `no_permit`, `forbidden`, `needs_approval` or `engine_error`. `determining` are the policies that
    determined the outcome; `blocking` are, for an escalation, the approvable policies in the way, with their quorums
    (people are filled in for `resource-owner`; those of `agent-owner` are the caller's to fill in). `lifted` are the approved
    ids without which the outcome would differ; `grants` the ids of grants whose linked template it rests on.
    `max_ttl_seconds` is the least of the permits' `@max_ttl`, None where none of them names one. `errors` are the engine's.
    """

    outcome: Outcome
    code: str
    determining: tuple[PolicyReason, ...] = ()
    blocking: tuple[PolicyReason, ...] = ()
    lifted: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()
    max_ttl_seconds: int | None = None
    errors: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
