"""The audit log for other tools: JSON lines as kept, and the Open Cybersecurity Schema Framework (OCSF 1.3).

The OCSF mapping is plain: each record becomes an event of the nearest class, with the whole record under `unmapped`. What
OCSF has no word for stays `Other`, with our own word beside it.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from console.model.actors import Actor, ActorKind
from console.model.audit import AuditRecord
from console.model.base import Json
from console.model.canonical import canonical

OCSF_VERSION: Final = "1.3.0"

_ENTITY_MANAGEMENT: Final = (3, 3004, "Entity Management")
_AUTHENTICATION: Final = (3, 3002, "Authentication")
_AUTHORIZE_SESSION: Final = (3, 3003, "Authorize Session")
_USER_ACCESS: Final = (3, 3005, "User Access Management")
_API_ACTIVITY: Final = (6, 6003, "API Activity")

_OTHER: Final = 99
_ASSIGN: Final = 1
_REVOKE: Final = 2
_SUCCESS: Final = 1
_FAILURE: Final = 2

_CREATED: Final = frozenset({"registered", "enrolled", "opened", "delegated", "placed", "requested", "checkpoint", "started"})
_DELETED: Final = frozenset({"retired", "removed"})


def jsonl(records: Iterable[AuditRecord]) -> Iterator[str]:
    """One line a record: the RFC 8785 text whose hash is the leaf.

    A record with a whole number beyond 2^53, which RFC 8785 writes and does not take back, is given as plain JSON.
    """
    for record in records:
        try:
            text = canonical(record).decode()
        except ValueError:
            text = json.dumps(record.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        yield text + "\n"


def ocsf(records: Iterable[AuditRecord], *, product_version: str) -> Iterator[str]:
    """One line a record, as an OCSF event."""
    for record in records:
        yield json.dumps(ocsf_event(record, product_version), ensure_ascii=False, separators=(",", ":")) + "\n"


def ocsf_event(record: AuditRecord, product_version: str) -> dict[str, Json]:
    """One record as an OCSF event. Times are milliseconds since 1970."""
    category, class_uid, class_name = _class_of(record.kind)
    activity, activity_name = _activity(class_uid, record.kind)
    failed = _is_failure(record)
    unmapped: dict[str, Json] = {"leasehold": record.model_dump(mode="json")}
    event: dict[str, Json] = {
        "metadata": {
            "version": OCSF_VERSION,
            "uid": str(record.seq),
            "sequence": record.seq,
            "product": {"name": "Leasehold", "vendor_name": "Leasehold", "version": product_version},
        },
        "category_uid": category,
        "class_uid": class_uid,
        "class_name": class_name,
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": class_uid * 100 + activity,
        "time": int(record.at.timestamp() * 1000),
        "severity_id": 3 if failed else 1,
        "severity": "Medium" if failed else "Informational",
        "status_id": _FAILURE if failed else _SUCCESS,
        "status": "Failure" if failed else "Success",
        "actor": _actor(record.actor),
        "unmapped": unmapped,
    }
    event.update(_parts(class_uid, record))
    return event


def _class_of(kind: str) -> tuple[int, int, str]:
    subject = kind.partition(".")[0]
    if subject == "identity":
        return _AUTHENTICATION
    if subject == "decision":
        return _API_ACTIVITY
    if subject == "lease":
        return _AUTHORIZE_SESSION if kind == "lease.active" else _USER_ACCESS
    return _USER_ACCESS if subject == "grant" else _ENTITY_MANAGEMENT


def _activity(class_uid: int, kind: str) -> tuple[int, str]:
    what = kind.partition(".")[2]
    if class_uid == _AUTHENTICATION[1]:
        return 1, "Logon"
    if class_uid == _AUTHORIZE_SESSION[1]:
        return 1, "Assign Privileges"
    if class_uid == _USER_ACCESS[1]:
        if what in ("active", "renewed"):
            return _ASSIGN, "Assign Privileges"
        if what in ("revoking", "revoked", "expired", "exhausted"):
            return _REVOKE, "Revoke Privileges"
    if class_uid == _ENTITY_MANAGEMENT[1]:
        if what in _CREATED:
            return 1, "Create"
        return (4, "Delete") if what in _DELETED else (3, "Update")
    return _OTHER, what


def _is_failure(record: AuditRecord) -> bool:
    if record.kind in ("identity.rejected", "lease.failed", "lease.irrevocable", "task.failed"):
        return True
    entity = record.body.get("entity")
    return record.kind == "decision.made" and isinstance(entity, dict) and entity.get("outcome") != "allow"


def _actor(actor: Actor) -> dict[str, Json]:
    people = actor.kind is ActorKind.OPERATOR
    return {
        "user": {
            "uid": actor.id,
            "name": actor.name or actor.id,
            "type_id": 1 if people else _OTHER,
            "type": "User" if people else actor.kind.value,
        }
    }


def _parts(class_uid: int, record: AuditRecord) -> dict[str, Json]:
    """What the class of an event asks for beside what all have."""
    subject = record.agent_id or record.object_id
    if class_uid == _ENTITY_MANAGEMENT[1]:
        return {"entity": {"type": record.object, "uid": record.object_id}}
    if class_uid == _API_ACTIVITY[1]:
        return {"api": {"operation": record.kind}, "resources": [{"uid": record.object_id, "type": record.object}]}
    user: Json = {"uid": subject, "type_id": _OTHER, "type": "agent" if record.agent_id else record.object}
    if class_uid == _AUTHENTICATION[1]:
        return {"user": user}
    return {"user": user, "privileges": [record.object_id]}
