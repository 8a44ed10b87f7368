"""`leasehold tasks`: what agents are trying to complete. The agent's own side takes --svid-file."""

from datetime import UTC, datetime

import click

from console.cli.asking import reason_option, the_reason
from console.cli.inputs import RIGHTS_HELP, build, rights_of
from console.cli.lists import list_command
from console.cli.session import Session, as_agent, connected
from console.cli.stories import story
from console.cli.tables import Column
from console.cli.text import joined, left, moment
from console.model.ids import short_id
from console.model.tasks import Chain, Delegation, Task, TaskOpened, TaskOpening

_COLUMNS = (
    Column[Task]("ID", lambda row: row.id),
    Column[Task]("STATE", lambda row: row.state.value),
    Column[Task]("CHAIN", lambda row: " > ".join(row.agents), priority=1),
    Column[Task]("INTENT", lambda row: row.intent.purpose, priority=2),
    Column[Task]("FOR", lambda row: row.on_behalf_of, priority=4),
    Column[Task]("LEFT", lambda row: left(row.deadline_at, datetime.now(UTC)), priority=3, right=True),
    Column[Task]("WHY IT ENDED", lambda row: row.end_reason, priority=5),
)


@click.group()
def tasks() -> None:
    """Tasks of agents."""


list_command(
    tasks,
    "The tasks, running and ended.",
    lambda client: client.list_tasks,
    _COLUMNS,
    nothing="There is no task, or none matches.",
)

tasks.add_command(story)


@tasks.command()
@click.argument("task")
@connected
async def show(session: Session, task: str) -> None:
    """One task, and what its whole chain has touched."""
    async with session.client() as client:
        found, chain = await client.show_task(task), await client.show_chain(task)
    if session.out.as_json:
        session.out.document({"task": found, "chain": chain})
        return
    _tell(session, found)
    session.out.pairs(_chain_facts(chain))


@tasks.command()
@click.argument("task")
@reason_option
@connected
async def stop(session: Session, task: str, reason: str) -> None:
    """End a task, the tasks delegated from it, and their leases."""
    why = the_reason(reason)
    async with session.client() as client:
        _tell(session, await client.stop_task(task, why))


@tasks.command("open")
@click.option("--purpose", required=True, metavar="NAME", help="One of the intents that the bundle names.")
@click.option("--text", default="", help="The intent in the agent's own words.")
@click.option("--on-behalf-of", required=True, metavar="NAME", help="For whom the work is done.")
@click.option("--right", "rights", multiple=True, required=True, metavar="RIGHT", help=RIGHTS_HELP)
@click.option("--seconds", type=int, help="How long the task may live.")
@click.option("--heartbeat", "heartbeat_seconds", type=int, metavar="SECONDS", help="The longest silence.")
@as_agent
async def open_(session: Session, purpose: str, text: str, rights: tuple[str, ...], **fields: object) -> None:
    """Open a task as an agent. The task token is shown once."""
    asked = build(TaskOpening, intent={"purpose": purpose, "text": text}, rights=rights_of(rights), **fields)
    async with session.client() as client:
        _tell_opened(session, await client.open_task(asked))


@tasks.command()
@click.argument("task")
@click.option("--agent", required=True, metavar="NAME", help="To whom.")
@click.option("--purpose", required=True, metavar="NAME", help="One of the intents that the bundle names.")
@click.option("--text", default="", help="The intent in the agent's own words.")
@click.option("--right", "rights", multiple=True, required=True, metavar="RIGHT", help=RIGHTS_HELP)
@click.option("--seconds", type=int, required=True, help="How long the new task may live.")
@click.option("--heartbeat", "heartbeat_seconds", type=int, metavar="SECONDS", help="The longest silence.")
@as_agent
async def delegate(session: Session, task: str, purpose: str, text: str, rights: tuple[str, ...], **fields: object) -> None:
    """Hand part of a task on to another agent. The new task's token is shown once."""
    asked = build(Delegation, intent={"purpose": purpose, "text": text}, rights=rights_of(rights), **fields)
    async with session.client() as client:
        _tell_opened(session, await client.delegate_task(task, asked))


@tasks.command()
@click.argument("task")
@as_agent
async def heartbeat(session: Session, task: str) -> None:
    """Say that the work goes on."""
    async with session.client() as client:
        _tell(session, await client.send_heartbeat(task))


@tasks.command()
@click.argument("task")
@click.option("--note", default="", metavar="TEXT", help="In the agent's own words.")
@as_agent
async def complete(session: Session, task: str, note: str) -> None:
    """End one's own task: it is done."""
    async with session.client() as client:
        _tell(session, await client.complete_task(task, note))


@tasks.command()
@click.argument("task")
@click.option("--note", default="", metavar="TEXT", help="In the agent's own words.")
@as_agent
async def fail(session: Session, task: str, note: str) -> None:
    """End one's own task: it cannot be done."""
    async with session.client() as client:
        _tell(session, await client.fail_task(task, note))


def _tell_opened(session: Session, opened: TaskOpened) -> None:
    if session.out.as_json:
        session.out.document(opened)
        return
    _tell(session, opened.task)
    session.out.note("The task token follows; it is shown once and kept nowhere.")
    print(opened.task_token)


def _tell(session: Session, task: Task) -> None:
    if session.out.as_json:
        session.out.document(task)
        return
    session.out.pairs(
        [
            ("id", task.id),
            ("state", task.state.value),
            ("agent", task.agent_name),
            ("chain", " > ".join(task.agents)),
            ("for", task.on_behalf_of),
            ("intent", task.intent.purpose),
            ("parent", task.parent_id or ""),
            ("opened", moment(task.opened_at)),
            ("until", moment(task.deadline_at)),
            ("heartbeat due", moment(task.heartbeat_due_at) if task.ended_at is None else ""),
            ("ended", moment(task.ended_at)),
            ("ended by", task.ended_by.name or task.ended_by.id if task.ended_by else ""),
            ("why it ended", task.end_reason),
            *(("may", f"{joined(r.actions)} on {joined(r.resources)} up to {r.max_class.value}") for r in task.rights),
        ]
    )


def _chain_facts(chain: Chain) -> list[tuple[str, str]]:
    return [
        ("chain", short_id(chain.id)),
        ("highest class touched", chain.highest_class.value),
        ("reads", str(chain.reads)),
        *(
            (f"{data_class.value} rows", f"{volume.rows} ({volume.size_bytes} bytes)")
            for data_class, volume in chain.counted.items()
        ),
        ("sends", f"{chain.sends} ({chain.sent_bytes} bytes)"),
        ("resources", joined(chain.resources)),
    ]
