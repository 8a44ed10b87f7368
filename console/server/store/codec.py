"""How entities, audit records and events become text and come back. Pure; it owns the bytes that are hashed into the log.

Every text made here is canonical JSON (RFC 8785), by way of `model.canonical`. One encoding of an entity serves its row,
its audit record and its event.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Final, TypeVar

from console.model.actors import Actor
from console.model.base import Entity, Json
from console.model.canonical import text_of

E = TypeVar("E", bound=Entity)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (at - EPOCH) // _MICROSECOND


def instant(microseconds: int) -> datetime:
    """The aware instant for microseconds since 1970."""
    return EPOCH + microseconds * _MICROSECOND


def instant_text(at: datetime) -> str:
    """An instant as the models write it: ISO 8601 in UTC, with Z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def entity_text(entity: Entity) -> str:
    """The RFC 8785 text of a whole entity."""
    return text_of(entity.model_dump(mode="json"))


def entity_from(kind: type[E], text: str | bytes) -> E:
    """The entity that a text was made of."""
    return kind.model_validate_json(text)


@lru_cache(maxsize=4096)
def actor_text(actor: Actor) -> str:
    """The RFC 8785 text of an actor; the same few act all the time."""
    return text_of(actor.model_dump(mode="json"))


def record_text(
    *,
    seq: int,
    at: datetime,
    kind: str,
    actor: Actor,
    object: str,
    object_id: str,
    agent_id: str | None,
    task_id: str | None,
    body: str,
    texts: Mapping[str, str] | None,
) -> str:
    """The RFC 8785 text of a complete audit record whose body is RFC 8785 text already. Its keys stand sorted here."""
    return (
        f'{{"actor":{actor_text(actor)},"agent_id":{_quoted(agent_id)},"at":"{instant_text(at)}","body":{body}'
        f',"kind":{_quoted(kind)},"object":{_quoted(object)},"object_id":{_quoted(object_id)},"seq":{seq}'
        f',"task_id":{_quoted(task_id)},"texts":{text_of(dict(texts)) if texts else "{}"}}}'
    )


def body_text(entity: str, extra: Mapping[str, Json] | None) -> str:
    """The RFC 8785 text of a record's body: the entity's text under `entity`, and what joins it.

    Raises ValueError when `extra` would replace the entity.
    """
    if not extra:
        return f'{{"entity":{entity}}}'
    if "entity" in extra:
        raise ValueError("a record's body has its entity under `entity`; nothing else may stand there")
    parts = {name: text_of(value) for name, value in extra.items()}
    parts["entity"] = entity
    names = sorted(parts, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{_quoted(name)}:{parts[name]}" for name in names) + "}"


def event_parts(
    *, cursor: int, at: datetime, kind: str, collection: str, id: str, actor: Actor, audit_seq: int | None
) -> tuple[str, str]:
    """The RFC 8785 text of an event, before and after its body, which is an entity's text."""
    seq = "null" if audit_seq is None else audit_seq
    before = f'{{"actor":{_quoted(actor.name or actor.id)},"at":"{instant_text(at)}","audit_seq":{seq},"body":'
    after = f',"collection":{_quoted(collection)},"cursor":{cursor},"id":{_quoted(id)},"kind":{_quoted(kind)}}}'
    return before, after


def _quoted(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)
