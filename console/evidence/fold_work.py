"""How records of agents, tasks, decisions, bundles and identities change the evidence ledger."""

from collections.abc import Mapping

from pydantic import TypeAdapter

from console.evidence.ledger import Ledger
from console.evidence.rows import AgentRow, DelegationRow, PermitRow, TaskRow, parse, parse_optional
from console.model.audit import AuditRecord
from console.model.base import Json
from console.model.frameworks import FrameworkReview
from console.model.rights import Rights, is_subset

Body = Mapping[str, Json]

_RIGHTS: TypeAdapter[Rights] = TypeAdapter(Rights)
_HIGH = ("high", "critical")


def text(body: Body, name: str) -> str:
    """A field that must be text. Raises KeyError or ValueError."""
    value = body[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")  # noqa: TRY004 (one kind of error for every unreadable body)
    return value


def optional(body: Body, name: str) -> str | None:
    """A field that may be absent or null."""
    value = body.get(name)
    return value if isinstance(value, str) else None


def texts(body: Body, name: str) -> tuple[str, ...]:
    """A list of texts; empty where absent."""
    value = body.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def section(body: Body, name: str) -> Body:
    """An object within; empty where absent."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def under_lock(ledger: Ledger, agent_id: str, path: tuple[str, ...]) -> bool:
    """Whether a lock stands on an agent or on a task of a path."""
    return bool(ledger.locked) and (agent_id in ledger.locked or any(task in ledger.locked for task in path))


def fold_agent(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """agent.*: the row is the entity; when it was last seen is also known from its own acts."""
    agent_id = text(entity, "id")
    before = ledger.agents.get(agent_id)
    ledger.agents[agent_id] = AgentRow(
        id=agent_id,
        owner=optional(entity, "owner") or "",
        purpose=optional(entity, "purpose") or "",
        environment=text(entity, "environment"),
        third_party=entity.get("third_party") is True,
        state=text(entity, "state"),
        registered_at=parse(entity["registered_at"]),
        retired_at=parse_optional(entity.get("retired_at")),
        seen_at=max(
            (seen for seen in (before and before.seen_at, parse_optional(entity.get("last_seen_at"))) if seen), default=None
        ),
        changed_at=at,
    )


def fold_operator(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """operator.*: whether a person is enrolled."""
    ledger.operators[text(entity, "id")] = entity.get("removed") is not True


def fold_task(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """task.*: the row; a delegation is judged against its parent; an observation is a tool call."""
    if record.kind == "task.observed":
        _fold_call(ledger, record, at)
        return
    row = TaskRow(
        id=text(entity, "id"),
        agent_id=text(entity, "agent_id"),
        path=texts(entity, "path"),
        on_behalf_of=optional(entity, "on_behalf_of") or "",
        opened_at=parse(entity["opened_at"]),
        deadline_at=parse(entity["deadline_at"]),
        ended_at=parse_optional(entity.get("ended_at")),
        rights=entity["rights"],
        changed_at=at,
    )
    if record.kind == "task.delegated":
        parent = ledger.tasks.get(optional(entity, "parent_id") or "")
        agent = ledger.agents.get(row.agent_id)
        judged = parent is not None and parent.rights is not None
        ledger.delegations.add(
            at,
            DelegationRow(
                task_id=row.id,
                depth=len(row.path) - 1,
                widened=not is_subset(_RIGHTS.validate_python(row.rights), _RIGHTS.validate_python(parent.rights))
                if parent is not None and judged
                else None,
                outlives=row.deadline_at > parent.deadline_at if parent is not None else None,
                known_agent=agent is not None and agent.state == "active",
            ),
        )
    if row.ended_at is not None:
        row.rights = None
    ledger.tasks[row.id] = row


def _fold_call(ledger: Ledger, record: AuditRecord, at: int) -> None:
    """A report of a resource server or an enforcement point is a tool call. An agent's own report is a claim, not a call."""
    seen = section(record.body, "observation")
    if seen.get("counts") is not True:
        return
    lease = ledger.leases.get(optional(seen, "lease_id") or "")
    ledger.calls.add(at, None)
    if lease is not None:
        lease.uses = max(lease.uses, 1)
    if not _covered(ledger, seen, record, at):
        ledger.uncovered_calls.add(at, f"audit:{record.seq}")


def _covered(ledger: Ledger, seen: Body, record: AuditRecord, at: int) -> bool:
    """Whether an allow stands behind a call: earlier, of the same agent, for the same action, on the resource or above it.

    The lease or decision that the report names is looked up; what the plane itself thought of it is not taken on trust. A
    report without an action is taken to be of the action that its lease or decision names.
    """
    agent_id = optional(seen, "agent_id") or record.agent_id
    lease = ledger.leases.get(optional(seen, "lease_id") or "")
    if lease is not None and lease.agent_id != agent_id:
        return False
    permit = ledger.permits.get(lease.decision_id if lease is not None else optional(seen, "decision_id") or "")
    if permit is None or permit.at > at or permit.agent_id != agent_id:
        return False
    action, resource = optional(seen, "action"), optional(seen, "resource") or ""
    allowed_resource = lease.resource if lease is not None else permit.resource
    within = resource == allowed_resource or resource.startswith(allowed_resource.rstrip("/") + "/")
    return within and (not action or action == permit.action)


def fold_decision(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """decision.made: counted, and judged on what the ledger knew when it was recorded."""
    decision_id, outcome, agent_id = text(entity, "id"), text(entity, "outcome"), text(entity, "agent_id")
    ask, made_at = section(entity, "ask"), parse(entity["at"])
    action, resource = text(ask, "action"), text(ask, "resource")
    task = ledger.tasks.get(optional(entity, "task_id") or "")
    allow, deny = outcome == "allow", outcome == "deny"
    ledger.decisions.add(at, None)
    if deny:
        ledger.denials.add(at, (decision_id, agent_id))
    if not entity.get("purpose"):
        ledger.without_intent.add(at, decision_id)
    _fold_intent(ledger, at, decision_id, outcome, entity)
    if ledger.published is None or entity.get("bundle_id") != ledger.published:
        ledger.untraceable.add(at, decision_id)
    if task is None or not task.on_behalf_of:
        ledger.without_origin.add(at, decision_id)
    if task is not None and len(task.path) > 1:
        ledger.delegated_decisions.add(at, None)
        if not task.on_behalf_of or any(step not in ledger.tasks for step in task.path):
            ledger.broken_chains.add(at, decision_id)
    latency = entity.get("latency_seconds")
    if isinstance(latency, int | float) and latency > 0:
        ledger.latencies.add(at, latency * 1000)
    if allow:
        ledger.permits[decision_id] = PermitRow(made_at, agent_id, action, resource)
        if under_lock(ledger, agent_id, task.path if task is not None else ()):
            ledger.under_lock.add(at, decision_id)
        agent = ledger.agents.get(agent_id)
        if agent is not None and agent.retired_at is not None:
            ledger.after_retirement.add(at, decision_id)
        if section(entity, "risk").get("level") in _HIGH:
            ledger.high_allows.add(at, _judge_high(ledger, decision_id, made_at, entity))


def _fold_intent(ledger: Ledger, at: int, decision_id: str, outcome: str, entity: Body) -> None:
    """Whether the action fits the intent is the decision's own fact `task.fits_intent`; without it nothing is counted."""
    facts = entity.get("facts")
    for fact in facts if isinstance(facts, list) else ():
        if isinstance(fact, dict) and fact.get("name") == "task.fits_intent":
            ledger.intent_judged.add(at, None)
            if fact.get("value") is not True and outcome == "deny":
                ledger.intent_denied.add(at, decision_id)
            if fact.get("value") is not True and outcome == "allow":
                ledger.intent_allowed.add(at, decision_id)
            return


def _judge_high(ledger: Ledger, decision_id: str, made_at: int, entity: Body) -> tuple[str, bool, bool | None]:
    """Whether people approved an allow of high or critical risk: by its own approval, or by that of a grant it stood on."""
    approval = ledger.approvals.get(optional(entity, "approval_id") or "")
    match = None if approval is None else approval.digest == entity.get("digest")
    for grant_id in texts(entity, "grant_ids"):
        grant = ledger.grants.get(grant_id)
        if grant is not None and grant.starts_at <= made_at < grant.ends_at:
            granted = ledger.approvals.get(grant.approval_id or "")
            if granted is not None and granted.approved_at is not None and granted.approved_at <= made_at:
                return decision_id, True, match
    approved = (
        approval is not None
        and approval.approved_at is not None
        and approval.approved_at <= made_at
        and (approval.use_until is None or made_at <= approval.use_until)
    )
    return decision_id, approved, match


def fold_bundle(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """bundle.*: which one is published now."""
    bundle_id = text(entity, "id")
    if record.kind == "bundle.published":
        ledger.published = bundle_id
    elif record.kind == "bundle.superseded" and ledger.published == bundle_id:
        ledger.published = None


def fold_identity(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """identity.rejected: an identity document that was refused, by its code, and how many like it were left out before."""
    if record.kind == "identity.rejected":
        reason = optional(record.body, "code") or optional(record.body, "reason") or "unnamed"
        left_out = record.body.get("left_out")
        more = left_out if isinstance(left_out, int) and left_out > 0 else 0
        ledger.rejections.add(at, (f"audit:{record.seq}", reason[:64], 1 + more))


def fold_audit(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """audit.verified: the result of a full check of the log."""
    if record.kind == "audit.verified":
        ledger.checks.add(at, section(record.body, "verification")["ok"] is True)


def fold_framework(ledger: Ledger, record: AuditRecord, at: int, entity: Body) -> None:
    """framework.reviewed: the last review of a row."""
    if record.kind == "framework.reviewed":
        review = FrameworkReview.model_validate(entity)
        ledger.framework_reviews[review.framework, review.control] = review
