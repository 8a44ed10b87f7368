"""The Cedar entities and the request of one question. It owns the shape in which facts reach the engine.

Names go in as values of a dict, never as Cedar text, so that no name can be read as anything but a name.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import cedarpy

from console.model.base import Json
from console.policy.mentions import APPROVED, Mentions
from console.policy.question import Principal, Question, Target

AGENT, TEAM, ROLE, RESOURCE, AUDIENCE, ACTION = "Agent", "Team", "Role", "Resource", "Audience", "Action"

Term = tuple[str, str]
"""An entity's type and id."""

_CACHED = 4_096


def uid(term: Term) -> dict[str, str]:
    """An entity's identifier as Cedar's JSON has it."""
    return {"type": term[0], "id": term[1]}


def principal_terms(principal: Principal) -> tuple[Term, ...]:
    """The entities that the principal is or is in: all that a policy's scope can name and still cover it."""
    return ((AGENT, principal.name), (TEAM, principal.team), (ROLE, principal.role))


def resource_terms(target: Target) -> tuple[Term, ...]:
    """The entities that the resource is or is in."""
    return ((RESOURCE, target.name), (AUDIENCE, target.audience))


def entities_json(principal: Principal, target: Target) -> str:
    """The entities of a question: the principal and the resource with their attributes, and the names of what they are in.

    Teams, roles and audiences have no attributes and are in nothing, so that an entity of their own would add nothing.
    """
    agent: dict[str, Json] = {
        "name": principal.name,
        "team": principal.team,
        "role": principal.role,
        "environment": principal.environment,
        "critical": principal.critical,
        "third_party": principal.third_party,
        "trust_domain": principal.trust_domain,
    }
    resource: dict[str, Json] = {
        "name": target.name,
        "audience": target.audience,
        "environment": target.environment,
        "data_class": target.data_class.rank,
        "data_class_name": target.data_class.value,
    }
    return json.dumps(
        [
            _entity((AGENT, principal.name), agent, principal_terms(principal)[1:]),
            _entity((RESOURCE, target.name), resource, resource_terms(target)[1:]),
        ]
    )


def request(question: Question, approved: Iterable[str], mentions: Mentions | None = None) -> dict[str, Any]:
    """The question as Cedar is asked it, with the ids of the policies whose quorum is met.

    With `mentions`, the context has only what they mention.
    """
    context: dict[str, Json] = {**question.context, APPROVED: [*sorted(approved)]}
    return {
        "principal": uid((AGENT, question.principal.name)),
        "action": uid((ACTION, question.action)),
        "resource": uid((RESOURCE, question.target.name)),
        "context": context if mentions is None else mentions.choose(context),
    }


class EntityLoader:
    """Loads a question's entities against the schema, and keeps the most recent. What it keeps are facts, never decisions."""

    def __init__(self, schema: cedarpy.Schema) -> None:
        @lru_cache(maxsize=_CACHED)
        def load(principal: Principal, target: Target) -> cedarpy.Entities:
            return cedarpy.Entities.from_json_str(entities_json(principal, target), schema)

        self.load = load
        """The entities of a principal and a target; raises ValueError where they do not fit the schema."""


def _entity(term: Term, attributes: dict[str, Json], parents: Iterable[Term]) -> dict[str, Any]:
    return {"uid": uid(term), "attrs": attributes, "parents": [uid(parent) for parent in parents]}
