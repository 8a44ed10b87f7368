"""`leasehold tasks story`: everything that happened in a task's chain, as lines in order. Part of `leasehold tasks`.

The chain is the task's whole tree: its root, and all that was delegated from it.
"""

import click

from console.cli.happenings import sentence
from console.cli.lists import gather
from console.cli.session import Session, connected
from console.cli.text import moment
from console.client import LeaseholdClient
from console.model.audit import AuditRecord
from console.model.ids import short_id
from console.model.tasks import Task

MOST_TASKS = 200
MOST_RECORDS = 5000


@click.command()
@click.argument("task")
@click.option("--limit", default=500, show_default=True, type=click.IntRange(1, MOST_RECORDS), help="The most lines.")
@connected
async def story(session: Session, task: str, limit: int) -> None:
    """The joined story of a task: its delegations, decisions, approvals, leases, reads and ends, in the order they happened."""
    async with session.client() as client:
        asked = await client.show_task(task)
        tree = await gather(client.list_tasks, limit=MOST_TASKS, filter="", oldest=True, root_id=asked.root_id)
        records = await _records(client, tree.items, limit)
    if session.out.as_json:
        session.out.document({"task": asked, "tasks": tree.items, "records": records})
        return
    session.out.say(_heading(asked, tree.items))
    for record in records:
        session.out.say(f"{moment(record.at)} {_line(record)}")
    if not records:
        session.out.note("Nothing of it is on the record yet.")
    if len(records) == limit:
        session.out.note(f"These are the newest {limit}; raise --limit for what was before.")


async def _records(client: LeaseholdClient, tasks: tuple[Task, ...], limit: int) -> list[AuditRecord]:
    """The newest records of these tasks, joined in the order of the log."""
    found: dict[int, AuditRecord] = {}
    for one in tasks:
        page = await gather(client.list_audit, limit=limit, filter="", oldest=False, task_id=one.id)
        found |= {record.seq: record for record in page.items}
    return [found[seq] for seq in sorted(found)[-limit:]]


def _heading(task: Task, tree: tuple[Task, ...]) -> str:
    chain = " > ".join(task.agents)
    return (
        f"Task {task.id} of {task.agent_name}, intent {task.intent.purpose}, for {task.on_behalf_of}, is {task.state.value}.\n"
        f"Chain: {task.on_behalf_of} > {chain}. Tasks in the whole tree: {len(tree)}."
    )


def _line(record: AuditRecord) -> str:
    entity = record.body.get("entity")
    body = entity if isinstance(entity, dict) else record.body
    who = record.actor.name or record.actor.id
    told = sentence(record.kind, body, who, object=record.object, object_id=record.object_id)
    return f"[{short_id(record.task_id)}] {told}" if record.task_id else told
