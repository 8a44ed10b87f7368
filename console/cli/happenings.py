"""What happened, in words: one sentence for an event or an audit record, for people who read lines and not tables.

Pure. Owns the words for each kind; one that it does not know is told by its name. States are words, never signs or colours.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from console.cli.text import moment

Body = Mapping[str, Any]


def sentence(kind: str, body: Body, actor: str, *, object: str = "", object_id: str = "") -> str:
    """One sentence about what happened to a thing. `body` is the thing after it, or what a record without one holds."""
    tell = _SENTENCES.get(kind)
    # Who did it to themselves goes without saying, and so does the plane.
    by = f", by {actor}" if actor not in ("", "plane", _who(body)) else ""
    if tell is None:
        return f"{kind}: {object} {object_id}{by}".replace("  ", " ")
    return tell(body, by)


def _text(body: Body, *names: str) -> str:
    """The first of these fields that is a text with something in it; a dot goes one deeper."""
    for name in names:
        found: Any = body
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if isinstance(found, str | int) and not isinstance(found, bool) and str(found):
            return str(found)
    return "unknown"


def _who(body: Body) -> str:
    return _text(body, "agent_name", "target_name", "name", "requested_by", "id")


def _what(body: Body) -> str:
    """Action and resource of a lease, a decision or a request."""
    ask = body.get("ask") if isinstance(body.get("ask"), Mapping) else body
    if not isinstance(ask, Mapping) or "action" not in ask:
        kinds = {"grant": "a grant", "publication": "publication of a policy bundle"}
        return kinds.get(_text(body, "kind"), "what it asked for")
    return f"{_text(ask, 'action')} on {_text(ask, 'resource')} ({_text(ask, 'data_class')})"


def _at(body: Body, name: str) -> str:
    try:
        return moment(datetime.fromisoformat(_text(body, name)))
    except ValueError:
        return "an unknown time"


def _why(body: Body, name: str) -> str:
    found = _text(body, name)
    return "" if found == "unknown" else f": {found}"


def _agent(what: str, *, why: str = "") -> Callable[[Body, str], str]:
    return lambda body, by: f"Agent {_who(body)} {what}{by}{_why(body, why) if why else ''}"


def _task(what: str, *, why: str = "") -> Callable[[Body, str], str]:
    return lambda body, by: (
        f"Task {_text(body, 'id')} of {_who(body)} ({_text(body, 'intent.purpose')}) {what}{by}{_why(body, why) if why else ''}"
    )


def _lease(what: str, *, why: str = "") -> Callable[[Body, str], str]:
    return lambda body, by: (
        f"Lease {_text(body, 'id')} of {_who(body)} for {_what(body)} {what}{by}{_why(body, why) if why else ''}"
    )


def _until(what: str, field: str) -> Callable[[Body, str], str]:
    return lambda body, by: _lease(f"{what} {_at(body, field)}")(body, by)


def _approval(what: str, *, why: str = "") -> Callable[[Body, str], str]:
    return lambda body, by: (
        f"Approval request {_text(body, 'id')} of {_who(body)} for {_what(body)} {what}{by}{_why(body, why) if why else ''}"
    )


def _asked(body: Body, by: str) -> str:
    level, score = _text(body, "risk.level"), _text(body, "risk.score")
    return (
        f"{level.capitalize()} risk {score}: {_who(body)} asks for {_what(body)}, until {_at(body, 'deadline_at')}; "
        f"approval request {_text(body, 'id')}"
    )


def _reviewed(body: Body, by: str) -> str:
    reviews = body.get("reviews")
    last = reviews[-1] if isinstance(reviews, list | tuple) and reviews else {}
    verdict = {"approve": "approved", "reject": "rejected"}.get(_text(last, "verdict"), "reviewed")
    return f"Approval request {_text(body, 'id')} of {_who(body)} for {_what(body)}: {verdict} by {_text(last, 'reviewer')}"


def _grant(what: str, *, why: str = "") -> Callable[[Body, str], str]:
    return lambda body, by: (
        f"Grant {_text(body, 'id')} ({_text(body, 'kind')}) for {_who(body)} {what}{by}{_why(body, why) if why else ''}"
    )


def _decided(body: Body, by: str) -> str:
    said = {"allow": "Allowed", "deny": "Denied", "escalate": "Denied until a person approves it"}
    outcome = said.get(_text(body, "outcome"), "Decided")
    return f"{outcome}: {_who(body)}, {_what(body)}{_why(body, 'text')} (decision {_text(body, 'id')})"


def _lock(what: str, *, why: str) -> Callable[[Body, str], str]:
    return lambda body, by: f"The {_text(body, 'target')} {_text(body, 'target_name', 'target_id')} {what}{by}{_why(body, why)}"


def _chain(body: Body, by: str) -> str:
    return (
        f"Chain {_text(body, 'id')}: {_text(body, 'reads')} reads and {_text(body, 'sends')} sends so far, "
        f"highest class {_text(body, 'highest_class')}{by}"
    )


def _bundle(what: str) -> Callable[[Body, str], str]:
    return lambda body, by: f"Policy bundle revision {_text(body, 'revision')} {what}{by}"


def _draft(what: str) -> Callable[[Body, str], str]:
    return lambda body, by: f"A draft of {_text(body, 'author')} ({_text(body, 'id')}) {what}{by}"


def _operator(what: str) -> Callable[[Body, str], str]:
    return lambda body, by: f"Operator {_text(body, 'id', 'name')} {what}{by}"


_SENTENCES: Final[Mapping[str, Callable[[Body, str], str]]] = {
    "agent.registered": _agent("was registered"),
    "agent.seen": _agent("was seen"),
    "agent.contained": _agent("is contained"),
    "agent.released": _agent("is released"),
    "agent.retired": _agent("was retired for good"),
    "task.opened": _task("was opened"),
    "task.delegated": _task("was delegated"),
    "task.heartbeat": _task("goes on"),
    "task.observed": _chain,
    "task.chained": _chain,
    "task.completed": _task("was completed"),
    "task.failed": _task("failed", why="end_reason"),
    "task.cancelled": _task("was stopped", why="end_reason"),
    "task.expired": _task("expired", why="end_reason"),
    "task.contained": _task("was ended by a containment"),
    "decision.made": _decided,
    "lease.pending": _lease("is being made"),
    "lease.active": _until("is active until", "expires_at"),
    "lease.failed": _lease("could not be made", why="last_error"),
    "lease.renewed": _until("was renewed until", "expires_at"),
    "lease.kept": _until("is kept, on other grounds, until", "expires_at"),
    "lease.used": _lease("was used"),
    "lease.revoking": _lease("is being revoked; not confirmed yet", why="revoke_reason"),
    "lease.revoked": _lease("is revoked; confirmed"),
    "lease.irrevocable": _lease("is STUCK: the issuer did not confirm its revocation", why="last_error"),
    "lease.expired": _lease("expired"),
    "lease.abandoned": _lease("was abandoned: it is no longer tracked, and access may live on"),
    "approval.requested": _asked,
    "approval.reviewed": _reviewed,
    "approval.revised": _approval("changed; earlier reviews no longer count"),
    "approval.approved": _approval("is approved"),
    "approval.rejected": _approval("is rejected", why="end_reason"),
    "approval.expired": _approval("ran out"),
    "approval.cancelled": _approval("was withdrawn by who asked"),
    "approval.withdrawn": _approval("is taken back"),
    "approval.void": _approval("is void", why="end_reason"),
    "approval.consumed": _approval("was used"),
    "grant.requested": _grant("was asked for"),
    "grant.scheduled": _grant("is scheduled"),
    "grant.active": _grant("is in force"),
    "grant.used": _grant("was used"),
    "grant.rejected": _grant("is rejected", why="end_reason"),
    "grant.expired": _grant("ended: its time is over"),
    "grant.exhausted": _grant("ended: its uses are spent"),
    "grant.revoked": _grant("was ended early", why="end_reason"),
    "grant.reviewed": _grant("was reviewed"),
    "lock.placed": _lock("is locked", why="reason"),
    "lock.receipt": _lock("is locked; a step is done", why="reason"),
    "lock.release_proposed": _lock("stays locked until a second person agrees to its release", why="release_reason"),
    "lock.released": _lock("is unlocked", why="release_reason"),
    "bundle.requested": _draft("is to be published; another policy author reviews it"),
    "bundle.validated": _draft("is not published; it is a draft again"),
    "bundle.published": _bundle("is published"),
    "bundle.superseded": _bundle("is superseded"),
    "operator.enrolled": _operator("was enrolled"),
    "operator.removed": _operator("was removed"),
}
KINDS: Final = frozenset(_SENTENCES)
"""The kinds that have words of their own."""
