"""The joined story of a chain: one timeline over all its tasks."""

from datetime import timedelta
from typing import Any

from console.model.actors import PLANE, Actor, ActorKind
from console.model.audit import AuditRecord
from console.tui.present.spans import Line, plain
from console.tui.present.views.story import story
from tests.tui.present.test_views import source
from tests.tui.state.plane_in_memory import NOW, agent, an_id, task

BY = Actor(kind=ActorKind.AGENT, id="spiffe://estate.test/agents/executor-1", name="executor-1")
OMAR = Actor(kind=ActorKind.OPERATOR, id="omar", name="omar")


def record(seq: int, kind: str, id: str, number: int = 1, actor: Actor = BY, **body: Any) -> AuditRecord:
    entity = body.pop("entity", {})
    return AuditRecord(
        seq=seq,
        at=NOW + timedelta(seconds=seq),
        kind=kind,
        actor=actor,
        object=kind.partition(".")[0],
        object_id=id,
        agent_id=agent(number).id,
        task_id=an_id("tk", number),
        body={"entity": entity, **body},
    )


ASK = {"action": "customers.read", "resource": "crm/customers"}
RECORDS = [
    record(0, "task.opened", an_id("tk", 1), entity={"intent": {"purpose": "rotate-key"}}),
    record(1, "task.delegated", an_id("tk", 2), 2, entity={"intent": {"purpose": "fetch"}}),
    record(2, "decision.made", an_id("dc", 1), 2, entity={"outcome": "escalate", "ask": ASK, "text": "needs its owner"}),
    record(3, "approval.requested", an_id("ap", 1), 2, entity={"ask": ASK}),
    record(75, "approval.approved", an_id("ap", 1), 2, OMAR, entity={"ask": ASK}),
    record(76, "lease.pending", an_id("ls", 1), 2, entity=ASK),
    record(77, "lease.active", an_id("ls", 1), 2, entity=ASK),
    record(
        80,
        "task.observed",
        an_id("tk", 2),
        2,
        observation={"direction": "read", "resource": "crm/customers", "rows": 305, "data_class": "restricted"},
    ),
    record(
        81,
        "task.observed",
        an_id("tk", 1),
        observation={"direction": "sent", "resource": "mail/out", "rows": 1, "size_bytes": 2048},
    ),
    record(90, "lease.revoking", an_id("ls", 1), 2, OMAR, entity={**ASK, "revoke_reason": "too much"}),
    record(91, "lease.revoked", an_id("ls", 1), 2, PLANE, entity=ASK),
]


def told(**options: Any) -> list[str]:
    root = task(1)
    tables = source(agent(1), agent(2), root, task(2, parent=root, by=agent(2)))
    return [plain(line.spans) for line in story(RECORDS, tables, **options)]


def test_entries_of_delegates_stand_in_one_timeline_with_their_names() -> None:
    lines = told(newest_first=False)
    assert lines[0] == "STORY   10 entries of 2 tasks in 01:31"
    assert lines[1:] == [
        "03:00:00Z  ○  opened     executor-1  rotate-key",
        "03:00:01Z  →  delegated  executor-2  fetch  after 00:01",
        "03:00:02Z  ◆  escalate   executor-2  customers.read crm/customers  needs its owner  after 00:01",
        "03:00:03Z  ◆  asks a person  executor-2  customers.read crm/customers  after 00:01",
        "03:01:15Z  ✓  approved   executor-2  customers.read crm/customers  by omar  after 01:12",
        "03:01:17Z  ●  lease      executor-2  customers.read crm/customers  after 00:02",
        "03:01:20Z  ↓  read       executor-2  crm/customers 305 rows  restricted  after 00:03",
        "03:01:21Z  ↑  sent       executor-1  mail/out 1 row    2,048 bytes  after 00:01",
        "03:01:30Z  ◆  revoking   executor-2  customers.read crm/customers  too much  by omar  after 00:09",
        "03:01:31Z  ✓  revoked    executor-2  customers.read crm/customers  after 00:01",
    ]


def test_the_newest_stands_first_and_earlier_entries_are_told() -> None:
    lines = told(earlier=True)
    assert "revoked    executor-2" in lines[1]
    assert "earlier entries: b fetches them" in lines[-1]
    assert told(earlier=True, newest_first=False)[1] == lines[-1]


def test_entries_lead_to_their_rows() -> None:
    doors = [
        span.door for line in story(RECORDS, source(), earlier=True, newest_first=False) for span in line.spans if span.door
    ]
    assert doors[0] == "!before"
    assert {f"leases @{an_id('ls', 1)}", f"approvals @{an_id('ap', 1)}", f"audit id:{an_id('dc', 1)}"} <= set(doors)


def test_words_from_outside_are_inert() -> None:
    bad = record(1, "lease.revoking", an_id("ls", 1), entity={"action": "x\u202ey", "revoke_reason": "\x1b[31m"})
    lines: tuple[Line, ...] = story([bad], source())
    text = "".join(plain(line.spans) for line in lines)
    assert "\u202e" not in text
    assert "\x1b" not in text
