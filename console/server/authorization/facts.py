"""From records to a question of policy: which facts a decision stands on, where each came from, and how old it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from console.model.agents import Agent
from console.model.base import Json
from console.model.decisions import DecideInput, Fact, Risk
from console.model.exposure import Audience, Revocability
from console.model.grants import Grant
from console.model.rights import allowed
from console.model.scales import DataClass
from console.model.tasks import Chain, Task
from console.policy.bundle import Tool
from console.policy.compile import Compiled
from console.policy.question import Principal, Question, ResourceFacts
from console.server.authorization.risk import assess

_FACTS: TypeAdapter[tuple[Fact, ...]] = TypeAdapter(tuple[Fact, ...])
"""All facts of a decision are validated at once, which costs a third of validating each."""


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that was read for one decision."""

    agent: Agent
    task: Task
    chain: Chain
    tool: Tool
    resource: ResourceFacts
    elevations: tuple[Grant, ...]
    """Grants in force for this agent or task whose scope covers what is asked."""
    audience: Audience | None
    now: datetime


def risk_of(known: Known, compiled: Compiled) -> Risk:
    """The risk of the action in its chain."""
    chain = known.chain
    return assess(
        tool_risk=known.tool.risk,
        tool=known.tool.name,
        effect=known.tool.effect,
        outward=known.tool.outward,
        data_class=known.resource.data_class,
        chain_class=chain.highest_class,
        sensitive_rows=chain.rows(DataClass.CONFIDENTIAL) + chain.rows(DataClass.RESTRICTED),
        depth=known.task.depth,
        fits_intent=fits_intent(known, compiled),
        purpose=known.task.intent.purpose,
        third_party=known.agent.third_party,
        critical=known.agent.critical,
        production=known.resource.environment == "production",
    )


def fits_intent(known: Known, compiled: Compiled) -> bool:
    """Whether the action is one that the declared intent uses."""
    intent = compiled.intent(known.task.intent.purpose)
    return intent is not None and known.tool.action in intent.actions


def within_rights(known: Known) -> tuple[bool, bool]:
    """Whether what is asked lies within the agent's entitlement, and within the task's rights.

    A grant that links a template is an elevation above both; its scope counts with them.
    """
    linked = tuple(grant.scope for grant in known.elevations if grant.template is not None)
    asked = (known.tool.action, known.resource.name, known.resource.data_class)
    return allowed((*known.agent.entitlement, *linked), *asked), allowed((*known.task.rights, *linked), *asked)


def question_of(
    known: Known, asked: DecideInput, compiled: Compiled, risk: Risk, within: tuple[bool, bool], trust_domain: str
) -> Question:
    """The question that is put to policy, `within` being what `within_rights` said. Its context follows the sample's schema."""
    return Question(
        principal=Principal(
            name=known.agent.name,
            team=known.agent.team,
            role=known.agent.role,
            environment=known.agent.environment,
            critical=known.agent.critical,
            third_party=known.agent.third_party,
            trust_domain=trust_domain,
            spiffe_id=known.agent.spiffe_id,
        ),
        action=asked.action,
        target=known.resource,
        context=_context(known, asked, compiled, risk, within),
    )


def _context(known: Known, asked: DecideInput, compiled: Compiled, risk: Risk, within: tuple[bool, bool]) -> Mapping[str, Json]:
    task, chain, tool = known.task, known.chain, known.tool
    within_entitlement, within_task = within
    revocability = known.audience.revocability if known.audience else Revocability.UNKNOWN
    rows: dict[str, Json] = {data_class.value: chain.rows(data_class) for data_class in DataClass}
    return {
        "task": {
            "id": task.id,
            "intent": task.intent.purpose,
            "intent_known": compiled.intent(task.intent.purpose) is not None,
            "fits_intent": fits_intent(known, compiled),
            "depth": task.depth,
            "age_seconds": max(0, int((known.now - task.opened_at).total_seconds())),
            "on_behalf_of": task.on_behalf_of,
        },
        "tool": {"name": tool.name, "effect": tool.effect, "outward": tool.outward, "risk": tool.risk},
        "chain": {
            "highest_class": chain.highest_class.rank,
            "highest_class_name": chain.highest_class.value,
            "rows": rows,
            "sends": chain.sends,
            "sent_bytes": chain.sent_bytes,
            "reads": chain.reads,
            "tools": list(chain.tools),
        },
        "request": {
            "seconds": asked.seconds or 0,
            "rows": asked.rows or 0,
            "uses": asked.uses or 0,
            "data_class": known.resource.data_class.rank,
        },
        "environment": known.resource.environment,
        "risk": risk.score,
        "rights": {"within_entitlement": within_entitlement, "within_task": within_task},
        "revocability": revocability.value,
        "now": int(known.now.timestamp()),
    }


def facts_of(known: Known, context: Mapping[str, Json], published_at: datetime | None) -> tuple[Fact, ...]:
    """The facts as they go on the record: flat names, their sources, and their ages in seconds."""
    now = known.now

    def age(at: datetime | None) -> float:
        return round(max(0.0, (now - at).total_seconds()), 3) if at else 0.0

    ages = {
        "task": ("tasks", age(known.task.heartbeat_due_at) or age(known.task.opened_at)),
        "chain": ("observations", age(known.chain.last_observed_at)),
        "tool": ("bundle", age(published_at)),
        "environment": ("bundle", age(published_at)),
        "request": ("request", 0.0),
        "risk": ("risk", 0.0),
        "rights": ("registry", age(known.agent.registered_at)),
        "revocability": ("configuration", 0.0),
        "now": ("clock", 0.0),
    }
    old = age(published_at)
    facts: list[dict[str, Json]] = [
        {"name": "agent.state", "value": known.agent.state.value, "source": "registry", "age_seconds": 0.0},
        {"name": "resource.class", "value": known.resource.data_class.value, "source": "bundle", "age_seconds": old},
    ]
    for group, value in context.items():
        source, old = ages[group]
        parts = value.items() if isinstance(value, dict) else ((None, value),)
        for name, part in parts:
            full = group if name is None else f"{group}.{name}"
            facts.append({"name": full, "value": part, "source": source, "age_seconds": old})
    return _FACTS.validate_python(facts)
