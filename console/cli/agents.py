"""`leasehold agents`: who works here. The kill switch is in `containing`."""

import click

from console.cli.asking import confirm, reason_option, the_reason, yes_option
from console.cli.containing import contain, release
from console.cli.inputs import RIGHTS_HELP, build, rights_of
from console.cli.lists import list_command
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import moment
from console.model.agents import Agent, AgentRegistration
from console.model.rights import Right

_COLUMNS = (
    Column[Agent]("NAME", lambda row: row.name),
    Column[Agent]("STATE", lambda row: row.state.value),
    Column[Agent]("ROLE", lambda row: row.role, priority=3),
    Column[Agent]("TEAM", lambda row: row.team, priority=4),
    Column[Agent]("OWNER", lambda row: row.owner, priority=2),
    Column[Agent]("LAST SEEN", lambda row: moment(row.last_seen_at), priority=5),
    Column[Agent]("ID", lambda row: row.id, priority=1),
    Column[Agent]("SPIFFE ID", lambda row: row.spiffe_id, priority=6),
)


@click.group()
def agents() -> None:
    """Agents: name one by its id, its name or its SPIFFE ID."""


list_command(
    agents, "The agents.", lambda client: client.list_agents, _COLUMNS, nothing="No agent is registered, or none matches."
)


@agents.command()
@click.argument("agent")
@connected
async def show(session: Session, agent: str) -> None:
    """One agent."""
    async with session.client() as client:
        _tell(session, await client.show_agent(agent))


@agents.command()
@click.argument("name")
@click.option("--spiffe-id", required=True, metavar="ID", help="Its workload identity.")
@click.option("--owner", required=True, metavar="OPERATOR", help="The operator who answers for it.")
@click.option("--team", required=True)
@click.option("--role", required=True, help="What it is, such as planner, executor or summariser.")
@click.option("--environment", default=None)
@click.option("--purpose", default=None, metavar="TEXT")
@click.option("--critical", is_flag=True, help="Releasing it takes two people.")
@click.option("--third-party", is_flag=True, help="It comes from another company.")
@click.option("--right", "rights", multiple=True, required=True, metavar="RIGHT", help=f"Its ceiling: {RIGHTS_HELP}")
@connected
async def register(session: Session, name: str, rights: tuple[str, ...], **fields: object) -> None:
    """Register an agent with its entitlement: the most that it can ever have."""
    asked = build(AgentRegistration, name=name, entitlement=rights_of(rights), **fields)
    async with session.client() as client:
        _tell(session, await client.register_agent(asked))


for _command in (contain, release):
    agents.add_command(_command)


@agents.command()
@click.argument("agent")
@reason_option
@yes_option
@connected
async def retire(session: Session, agent: str, reason: str, *, yes: bool) -> None:
    """Retire an agent for good."""
    why = the_reason(reason)
    confirm(f"Retire {agent} for good?", yes=yes, typed=agent)
    async with session.client() as client:
        _tell(session, await client.retire_agent(agent, why))


def _tell(session: Session, agent: Agent) -> None:
    if session.out.as_json:
        session.out.document(agent)
        return
    session.out.pairs(
        [
            ("name", agent.name),
            ("id", agent.id),
            ("spiffe id", agent.spiffe_id),
            ("state", agent.state.value),
            ("owner", agent.owner),
            ("team", agent.team),
            ("role", agent.role),
            ("environment", agent.environment),
            ("critical", "yes" if agent.critical else ""),
            ("third party", "yes" if agent.third_party else ""),
            ("purpose", agent.purpose),
            ("registered", moment(agent.registered_at)),
            ("last seen", moment(agent.last_seen_at) or "never"),
            ("retired", moment(agent.retired_at)),
            *(("may", right_text(right)) for right in agent.entitlement),
        ]
    )


def right_text(right: Right) -> str:
    """A right as it is written on the command line."""
    return f"{','.join(right.actions)} on {','.join(right.resources)} up to {right.max_class.value}"
