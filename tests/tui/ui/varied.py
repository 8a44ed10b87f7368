"""An estate with a row of each kind: every state of every object, every level of risk, fetched rows of every sort."""

from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel

from console.model.agents import AgentState
from console.model.approvals import ApprovalState
from console.model.audit import AuditRecord
from console.model.bundles import BundleView
from console.model.frameworks import ControlRow, Frameworks, FrameworkView, MeasureView
from console.model.grants import GrantState
from console.model.leases import LeaseState
from console.model.locks import Lock
from console.model.tasks import TaskState
from tests.tui.state.plane_in_memory import DIGEST, NOW, agent, an_id, approval, grant, lease, task
from tests.tui.ui.driver import Estate

EVERY_ROLE = ("viewer", "approver", "responder", "admin", "policy-author", "auditor")
_SOON, _BEFORE = NOW + timedelta(minutes=40), NOW - timedelta(seconds=5)


def varied(**options: Any) -> Estate:
    """The estate; its operator has every role."""
    estate = Estate(**{"roles": EVERY_ROLE} | options)
    agents = [
        agent(number, state=state, critical=number == 2) for number, state in enumerate((AgentState.ACTIVE, *AgentState), 1)
    ]
    for one in agents:
        estate.put(one)
    held = next(one for one in agents if one.state is AgentState.CONTAINED)
    lock = an_id("lk", 1)
    estate.put(
        Lock(
            id=lock, target="agent", target_id=held.id, target_name=held.name, cause=lock, agent_id=held.id,
            reason="odd reads", placed_at=NOW, placed_by="ravi",
        )
    )  # fmt: skip
    tasks = []
    for number, state in enumerate(TaskState, 1):
        tasks.append(task(number, by=agents[0], state=state, ended_at=None if state == "running" else _BEFORE))
        estate.put(tasks[-1])
    child = task(40, parent=tasks[0], by=agents[1])
    estate.put(child)
    for number, lease_state in enumerate(LeaseState, 1):
        ended = lease_state not in ("pending", "active", "revoking", "irrevocable")
        estate.put(lease(number, tasks[0], state=lease_state, ended_at=_BEFORE if ended else None))
    estate.put(lease(40, child))
    for number, score in enumerate((10, 45, 70, 95), 1):
        estate.put(approval(number, score, agent_id=agents[0].id, agent_name=agents[0].name, deadline_at=_SOON))
    for number, approval_state in enumerate(ApprovalState, 10):
        estate.put(approval(number, 45, agent_id=agents[1].id, agent_name=agents[1].name, state=approval_state))
    for number, grant_state in enumerate(GrantState, 1):
        estate.put(grant(number, state=grant_state, ends_at=_SOON))
    estate.put(grant(40, kind="break-glass", state=GrantState.ACTIVE, requested_by="ravi", ends_at=_SOON, review_due_at=_SOON))
    row = made(
        MeasureView,
        metric="denial_share",
        title="Share of denials",
        definition="Denials over decisions.",
        unit="ratio",
        direction="max",
        target=0.05,
        verdict="missed",
        value=0.125,
        numerator=1,
        n=8,
        since=NOW,
        as_of=NOW,
        newest_at=NOW,
        counter_examples=(an_id("ls", 1), "audit:3"),
        query="Decisions in the window.",
    )
    of = {"summary": "One thing.", "relevance": "direct", "measured": 1, "of": 1, "n": 8, "newest_at": NOW, "evidence": (row,)}
    of |= {"counter_examples": (an_id("ls", 1),), "digest": DIGEST, "standing": DIGEST}
    rows = [
        made(ControlRow, control=f"C-{number}", title="A control", state=state, text="So it is.", **of)
        for number, state in enumerate(("gap", "supported", "no data", "out of scope"), 1)
    ]
    view = made(
        FrameworkView,
        id="owasp",
        title="A list of risks",
        publisher="Somebody",
        version="1",
        url="https://example.test",
        ids_are_local=False,
        controls=4,
        supported=1,
        gaps=1,
        no_data=1,
        out_of_scope=1,
        as_of=NOW,
        window_seconds=86_400,
        catalogue_digest=DIGEST,
        rows=rows,
    )
    estate.framework_view = view
    estate.frameworks_listed = Frameworks(items=(view,))
    published = {"id": an_id("pb", 1), "name": "sample", "digest": DIGEST, "revision": 7, "state": "published"}
    published |= {"author": "petra", "created_at": NOW, "published_at": NOW}
    policy = {"policy_id": "restricted-read", "effect": "forbid", "file": "a.cedar", "reason": "A person agrees."}
    policy |= {"approval": "security:1", "text": "forbid (principal, action, resource);"}
    estate.bundle = made(BundleView, bundle=published, policies=(policy,), tests_passed=3, tests_total=3)
    estate.records = [
        made(AuditRecord, seq=seq, at=NOW, kind="lease.active", actor={"kind": "agent", "id": agents[0].id, "name": "x"},
             object="lease", object_id=an_id("ls", 1), task_id=tasks[0].id, body={"entity": {"state": "active"}})
        for seq in range(3)
    ]  # fmt: skip
    return estate


Made = TypeVar("Made", bound=BaseModel)


def made(shape: type[Made], **facts: Any) -> Made:
    """A model of these facts, as far as it has fields for them."""
    return shape.model_validate({name: value for name, value in facts.items() if name in shape.model_fields})
