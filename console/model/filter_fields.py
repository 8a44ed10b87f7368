"""What can be asked of each collection: the fields of a filter, read from the entities. Pure; anyone may import it.

The console reads the same fields from its own rows: see `filters.with_getters`.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Literal

from console.model.filters import Field, Fields
from console.model.scales import DataClass, RiskLevel
from console.model.states import (
    AgentState,
    ApprovalKind,
    ApprovalState,
    GrantState,
    LeaseState,
    Outcome,
    Revocability,
    TaskState,
)

Getter = Callable[[Any], Any]
_YES_NO = ("yes", "no")
_CHANGED = {"standing": "yes", "figures": "figures"}


def _words(name: str, get: Getter | str, *, searched: bool = True) -> Field:
    return Field(name, "text", _getter(get), searched=searched)


def _choice(name: str, get: Getter | str, values: Iterable[str], *, scale: bool = False) -> Field:
    return Field(name, "enum", _getter(get), tuple(str(value) for value in values), scale=scale, searched=not scale)


def _flag(name: str, get: str) -> Field:
    read = attrgetter(get)
    return Field(name, "enum", lambda row: "yes" if read(row) else "no", _YES_NO)


def _number(name: str, get: Getter | str) -> Field:
    return Field(name, "number", _getter(get))


def _when(name: str, get: Getter | str, measure: Literal["since", "until"] = "since") -> Field:
    return Field(name, "instant", _getter(get), measure=measure)


def _getter(get: Getter | str) -> Getter:
    return attrgetter(get) if isinstance(get, str) else get


def _of_ask(name: str) -> Getter:
    return lambda approval: getattr(approval.ask, name) if approval.ask is not None else None


def _policies(row: Any) -> tuple[str, ...]:
    return tuple(reason.policy_id for reason in getattr(row, "blocking", ()) or getattr(row, "determining", ()))


def _groups(approval: Any) -> tuple[str, ...]:
    return tuple(part.group for part in approval.quorum)


def _outcome_of(record: Any) -> Any:
    """Of a record of a decision: what came out."""
    entity = record.body.get("entity")
    return entity.get("outcome") if record.kind == "decision.made" and isinstance(entity, dict) else None


def _hyphened(words: Any) -> str:
    return str(words).replace(" ", "-")


def _named(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


_FIELDS: dict[str, dict[str, Field]] = {
    "approvals": _named(
        _words("id", "id"),
        _choice("state", "state", ApprovalState),
        _choice("kind", "kind", ApprovalKind),
        _number("risk", "risk.score"),
        _choice("level", "risk.level", RiskLevel, scale=True),
        _words("agent", "agent_name"),
        _words("owner", "agent_owner"),
        _words("by", "requested_by"),
        _words("action", _of_ask("action")),
        _words("resource", _of_ask("resource")),
        _words("environment", _of_ask("environment")),
        _choice("class", _of_ask("data_class"), DataClass, scale=True),
        _words("task", "task_id", searched=False),
        _words("policy", _policies),
        _words("group", _groups),
        _number("revision", "revision"),
        _when("age", "requested_at"),
        _when("expires", lambda row: row.due_at(), "until"),
    ),
    "tasks": _named(
        _words("id", "id"),
        _choice("state", "state", TaskState),
        _words("agent", "agent_name"),
        _words("chain", "agents"),
        _words("intent", "intent.purpose"),
        _words("for", "on_behalf_of"),
        _words("root", "root_id", searched=False),
        _words("parent", "parent_id", searched=False),
        _number("depth", lambda task: len(task.path) - 1),
        _when("age", "opened_at"),
        _when("expires", "deadline_at", "until"),
        _when("ended", "ended_at"),
    ),
    "leases": _named(
        _words("id", "id"),
        _choice("state", "state", LeaseState),
        _words("agent", "agent_name"),
        _words("for", "on_behalf_of"),
        _words("action", "action"),
        _words("resource", "resource"),
        _words("issuer", "issuer"),
        _words("audience", "audience.name"),
        _words("environment", "environment"),
        _choice("class", "data_class", DataClass, scale=True),
        _choice("level", "risk_level", RiskLevel, scale=True),
        _choice("revocability", "revocability", Revocability),
        _words("task", "task_id", searched=False),
        _words("root", "root_task_id", searched=False),
        _number("uses", "uses"),
        _number("rows", "rows"),
        _number("renewals", "renewals"),
        _number("attempts", "attempts"),
        _when("age", "requested_at"),
        _when("expires", "expires_at", "until"),
        _when("used", "last_used_at"),
        _when("exposure", "residual_exposure_at", "until"),
    ),
    "agents": _named(
        _words("id", "id"),
        _words("agent", "name"),
        _choice("state", "state", AgentState),
        _words("owner", "owner"),
        _words("team", "team"),
        _words("role", "role"),
        _words("environment", "environment"),
        _words("identity", "spiffe_id"),
        _flag("critical", "critical"),
        _flag("third_party", "third_party"),
        _when("age", "registered_at"),
        _when("seen", "last_seen_at"),
    ),
    "grants": _named(
        _words("id", "id"),
        _choice("state", "state", GrantState),
        _choice("kind", "kind", ("elevation", "break-glass")),
        _words("agent", "agent_name"),
        _words("covers", "covers"),
        _words("template", "template"),
        _words("action", "scope.actions"),
        _words("resource", "scope.resources"),
        _words("by", "requested_by"),
        _words("task", "task_id", searched=False),
        _number("uses", "uses_left"),
        _when("age", "requested_at"),
        _when("starts", "starts_at", "until"),
        _when("expires", "ends_at", "until"),
    ),
    "decisions": _named(
        _words("id", "id"),
        _choice("outcome", "outcome", Outcome),
        _choice("kind", "kind", ("evaluation", "lease", "renewal", "search")),
        _words("code", "code"),
        _words("agent", "agent_name"),
        _words("intent", "purpose"),
        _words("action", "ask.action"),
        _words("resource", "ask.resource"),
        _words("environment", "ask.environment"),
        _choice("class", "ask.data_class", DataClass, scale=True),
        _words("tool", "tool"),
        _words("policy", _policies),
        _number("risk", "risk.score"),
        _choice("level", "risk.level", RiskLevel, scale=True),
        _number("revision", "bundle_revision"),
        _words("task", "task_id", searched=False),
        _when("age", "at"),
    ),
    "audit": _named(
        _number("seq", "seq"),
        _words("kind", "kind"),
        _choice("outcome", _outcome_of, Outcome),
        _words("actor", lambda record: record.actor.name or record.actor.id),
        _choice("by", "actor.kind", ("agent", "operator", "resource-server", "enforcement-point", "plane")),
        _words("object", "object"),
        _words("id", "object_id"),
        _words("agent", "agent_id", searched=False),
        _words("task", "task_id", searched=False),
        _when("age", "at"),
    ),
}

_FETCHED: dict[str, dict[str, Field]] = {
    "frameworks": _named(
        _words("id", "id"),
        _words("title", "title"),
        _words("publisher", "publisher"),
        _number("supported", "supported"),
        _number("gaps", "gaps"),
        _number("nodata", "no_data"),
    ),
    "controls": _named(
        _words("id", "control"),
        _words("title", "title"),
        _words("group", "group"),
        _words("says", "summary"),
        _choice("state", lambda row: _hyphened(row.state), ("supported", "gap", "no-data", "out-of-scope")),
        _choice("relevance", "relevance", ("direct", "partial", "none")),
        _choice("reviewed", lambda row: "yes" if row.review is not None else "no", _YES_NO),
        _choice("changed", lambda row: _CHANGED.get(row.moved, "no"), ("yes", "figures", "no")),
        _words("reviewer", lambda row: row.review.reviewer if row.review is not None else None),
        _words("metric", lambda row: tuple(one.metric for one in row.evidence)),
        _number("n", "n"),
        _number("figures", "measured"),
        _when("newest", "newest_at"),
    ),
    "measures": _named(
        _words("id", "metric"),
        _words("title", "title"),
        _words("says", "definition"),
        _choice("verdict", lambda row: _hyphened(row.verdict), ("met", "missed", "info", "no-data")),
        _number("n", "n"),
        _number("value", "value"),
        _number("against", lambda row: len(row.counter_examples)),
        _when("newest", "newest_at"),
    ),
    "policies": _named(
        _words("name", "name"),
        _choice("kind", "kind", ("file", "finding", "policy", "test", "revision")),
        _words("state", "state"),
        _words("file", "file"),
        _words("lifted", lambda item: getattr(item.thing, "approval", None)),
        _words("says", lambda item: item.thing if isinstance(item.thing, str) else getattr(item.thing, "text", None)),
    ),
}
"""Of what the console fetches and does not mirror: rows of frameworks, and of the bundle's tree."""

FILTERED = tuple(_FIELDS)
"""The collections that can be filtered."""


def fields_for(collection: str) -> Fields:
    """The fields of a collection, read from its entities (of `audit`, from audit records). Raises KeyError for another one.

    Also of what is fetched: `frameworks`, `controls`, `measures` and `policies`, read from the rows of those views.
    """
    return _FETCHED[collection] if collection in _FETCHED else _FIELDS[collection]
