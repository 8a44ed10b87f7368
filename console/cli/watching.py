"""What `leasehold watch` is told of, and in which words. Pure.

Owns the fields by which the event stream as a whole is filtered; with one collection, its own fields are asked for.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from console.cli.filtering import tree_of
from console.cli.happenings import sentence
from console.model.events import MIRRORED, Event
from console.model.filter_fields import fields_for
from console.model.filters import Field, Fields, Node, evaluate


def _in_body(*names: str) -> Callable[[Event], Any]:
    """The first of these fields that the changed thing has; of an approval request and a decision also within what is asked."""

    def read(event: Event) -> Any:
        ask = event.body.get("ask")
        for name in names:
            for place in (event.body, ask if isinstance(ask, dict) else {}):
                if isinstance(place.get(name), str | int):
                    return place[name]
        return None

    return read


def _risk(event: Event) -> Any:
    risk = event.body.get("risk")
    return risk.get("level") if isinstance(risk, dict) else event.body.get("risk_level")


def _task(event: Event) -> Any:
    return event.id if event.collection == "tasks" else event.body.get("task_id")


ROUTINE: Final = frozenset({"task.heartbeat", "agent.seen"})
"""What only says that something goes on: left out of lines for people unless they ask for it by a filter."""

EVENT_FIELDS: Final[Fields] = {
    field.name: field
    for field in (
        Field("kind", "text", lambda event: event.kind, searched=True),
        Field("of", "enum", lambda event: event.collection, tuple(sorted(MIRRORED))),
        Field("id", "text", lambda event: event.id, searched=True),
        Field("by", "text", lambda event: event.actor, searched=True),
        Field("agent", "text", _in_body("agent_name", "target_name", "name"), searched=True),
        Field("action", "text", _in_body("action"), searched=True),
        Field("resource", "text", _in_body("resource"), searched=True),
        Field("class", "enum", _in_body("data_class"), ("public", "internal", "confidential", "restricted"), scale=True),
        Field("level", "enum", _risk, ("low", "medium", "high", "critical"), scale=True),
        Field("state", "text", _in_body("state", "outcome")),
        Field("issuer", "text", _in_body("issuer")),
        Field("task", "text", _task),
        Field("root", "text", _in_body("root_task_id", "root_id")),
    )
}
"""What can be asked of an event, whatever it is about."""


def tree_for(filter: str, collection: str | None) -> Node | None:
    """A filter of the stream, or of one collection of it. Raises Failure that points at the character."""
    return tree_of(filter, _fields(collection))


def _fields(collection: str | None) -> Fields:
    if collection is None:
        return EVENT_FIELDS
    try:
        return fields_for(collection)
    except KeyError:
        return EVENT_FIELDS


def wanted(event: Event, tree: Node | None, collection: str | None, now: datetime) -> bool:
    """Whether an event is told."""
    if collection is not None and event.collection != collection:
        return False
    if tree is None:
        return True
    fields = _fields(collection)
    row = event if fields is EVENT_FIELDS else MIRRORED[event.collection].model_validate(event.body)
    return evaluate(tree, row, fields, now)


def line_of(event: Event) -> str:
    """One event as one line: when, and what happened, in words."""
    told = sentence(event.kind, event.body, event.actor, object=event.collection, object_id=event.id)
    return f"{event.at.strftime('%H:%M:%S')} {told}"
