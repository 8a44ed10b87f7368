"""The context that every question carries: its attributes, as the schema of a bundle must declare them.

`plain_context` is a task that has just begun and has touched nothing; policy tests and validation start from it.
"""

from collections.abc import Mapping

from console.model.base import Json
from console.model.scales import DataClass
from console.policy.bundle import IntentFacts, Tool
from console.policy.question import Target


def plain_context(tool: Tool, target: Target, intent: str, known: IntentFacts | None) -> dict[str, Json]:
    """The context of an unremarkable question; `known` is what the bundle says of the intent, if anything.

    Times are seconds, `now` seconds since 1970, `data_class` and `highest_class` ranks from 0 (public) to 3 (restricted); in
    `request`, 0 means that the question names no bound.
    """
    return {
        "task": {
            "id": "tk_00000000000000000000000000",
            "intent": intent,
            "intent_known": known is not None,
            "fits_intent": known is not None and tool.action in known.actions,
            "depth": 0,
            "age_seconds": 0,
            "on_behalf_of": "",
        },
        "tool": {"name": tool.name, "effect": tool.effect, "outward": tool.outward, "risk": tool.risk},
        "chain": {
            "highest_class": 0,
            "highest_class_name": DataClass.PUBLIC.value,
            "rows": {data_class.value: 0 for data_class in DataClass},
            "sends": 0,
            "sent_bytes": 0,
            "reads": 0,
            "tools": [],
        },
        "request": {"seconds": 0, "rows": 0, "uses": 0, "data_class": target.data_class.rank},
        "environment": target.environment,
        "risk": tool.risk,
        "rights": {"within_entitlement": True, "within_task": True},
        "revocability": "instant",
        "now": 1_800_000_000,
    }


def with_changes(context: Mapping[str, Json], changes: Mapping[str, Json]) -> dict[str, Json]:
    """A context with single facts changed; records are changed within, everything else is replaced."""
    changed = dict(context)
    for key, value in changes.items():
        old = changed.get(key)
        changed[key] = with_changes(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return changed
