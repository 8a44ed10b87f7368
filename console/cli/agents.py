"""`leasehold agents`: who works here, and the kill switch."""

import click

from console.cli.asking import confirm, four_letters, reason_option, the_reason, yes_option
from console.cli.failures import Status
from console.cli.inputs import RIGHTS_HELP, build, rights_of
from console.cli.lists import gather, listing, tell
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import joined, moment
from console.client import LeaseholdClient
from console.model.agents import Agent, AgentRegistration
from console.model.locks import ContainmentPreview, ContainmentTally
from console.model.rights import Right

MANY_LEASES = 25

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


@agents.command("list")
@listing
@connected
async def list_(session: Session, filter: str, limit: int, *, oldest: bool) -> None:
    """The agents."""
    async with session.client() as client:
        found = await gather(client.list_agents, limit=limit, filter=filter, oldest=oldest)
    tell(session, found, _COLUMNS, nothing="No agent is registered, or none matches.")


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


@agents.command()
@click.argument("agent")
@reason_option
@yes_option
@connected
async def contain(session: Session, agent: str, reason: str, *, yes: bool) -> Status | None:
    """Stop an agent at once: lock it and all that it delegated, void what waits, revoke its leases, end its tasks.

    Exit status 6 when the lock stands but not every lease is confirmed dead yet; what is left is listed.
    """
    why = the_reason(reason)
    async with session.client() as client:
        if not yes:
            preview = await client.preview_containment(agent)
            session.out.note(_what_goes(preview))
            typed = four_letters() if preview.critical or preview.leases > MANY_LEASES else ""
            confirm(f"Contain {preview.agent_name}?", yes=False, typed=typed)
        tally = await client.contain_agent(agent, why)
        left = await _left(client, tally)
    if session.out.as_json:
        session.out.document({"tally": tally, "done": tally.done, "left": left})
    else:
        _tell_tally(session, tally, left)
    return None if tally.done else Status.PARTLY


@agents.command()
@click.argument("agent")
@reason_option
@yes_option
@connected
async def release(session: Session, agent: str, reason: str, *, yes: bool) -> None:
    """Give a contained agent its way back. Of a critical agent it takes two people: this proposes, or agrees."""
    why = the_reason(reason)
    confirm(f"Release {agent}?", yes=yes)
    async with session.client() as client:
        lock = await client.release_agent(agent, why)
    if session.out.as_json:
        session.out.document(lock)
    elif lock.active:
        session.out.say(f"{lock.target_name} stays contained: a second person must agree to its release.")
    else:
        session.out.say(f"{lock.target_name} is released.")


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


async def _left(client: LeaseholdClient, tally: ContainmentTally) -> list[dict[str, str]]:
    if tally.done:
        return []
    found = await client.list_leases(agent_id=tally.lock.agent_id, filter="state:revoking,irrevocable", limit=500)
    return [
        {"lease_id": lease.id, "state": lease.state.value, "dies_at": moment(lease.residual_exposure_at) or "unknown"}
        for lease in found.items
    ]


def _what_goes(preview: ContainmentPreview) -> str:
    lines = [
        f"Containing {preview.agent_name} takes with it: {preview.tasks} tasks, {preview.delegated_tasks} delegated tasks "
        f"({joined(preview.delegates) or 'of nobody else'}), {preview.leases} leases, {preview.approvals} approval requests, "
        f"{preview.grants} grants.",
    ]
    lines += [f"Leases by revocability: {kind} {count}." for kind, count in preview.leases_by_revocability.items()]
    if preview.people_waiting:
        lines.append(f"Waiting for its work: {joined(preview.people_waiting)}.")
    if preview.residual_exposure_at is not None:
        lines.append(f"The last credential dies at {moment(preview.residual_exposure_at)} at the latest.")
    return "\n".join(lines)


def _tell_tally(session: Session, tally: ContainmentTally, left: list[dict[str, str]]) -> None:
    session.out.say(f"{tally.lock.target_name} is contained: {tally.lock.reason}")
    for receipt in tally.lock.receipts:
        session.out.say(f"  {receipt.step}: {receipt.text}")
    session.out.say(
        f"Leases {tally.leases}: {tally.confirmed} confirmed, {tally.expired} expired, {tally.revoking} revoking, "
        f"{tally.irrevocable} irrevocable. {'Done.' if tally.done else 'Not done yet:'}"
    )
    for lease in left:
        session.out.say(f"  {lease['lease_id']} {lease['state']}, dies at {lease['dies_at']}")


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
