"""`leasehold leases`: short-lived credentials, and how they are taken back. Issue and renew take --svid-file."""

from datetime import UTC, datetime
from pathlib import Path

import click

from console.cli.inputs import build
from console.cli.lists import Narrowed, list_command
from console.cli.revoking import MANUAL_STEP, abandon, lease_facts, retry, revoke
from console.cli.session import Session, as_agent, connected
from console.cli.tables import Column
from console.cli.text import left, moment
from console.model.leases import LIVE, Lease, LeaseInput, LeaseIssued
from console.settings.files import write_private

_COLUMNS = (
    Column[Lease]("ID", lambda row: row.id),
    Column[Lease]("STATE", lambda row: row.state.value),
    Column[Lease](
        "LEFT", lambda row: left(row.expires_at, datetime.now(UTC)) if row.state in LIVE else "", priority=1, right=True
    ),
    Column[Lease]("AGENT", lambda row: row.agent_name, priority=2),
    Column[Lease]("ACTION", lambda row: row.action, priority=3),
    Column[Lease]("RESOURCE", lambda row: row.resource, priority=4),
    Column[Lease]("CLASS", lambda row: row.data_class.value, priority=5),
    Column[Lease]("REVOCABILITY", lambda row: row.revocability.value, priority=6),
    Column[Lease]("DIES AT", lambda row: moment(row.residual_exposure_at), priority=7),
)
_NARROWED = {
    "stuck": Narrowed({"state": "irrevocable"}, "Only those whose revocation is stuck, with what to do by hand.", MANUAL_STEP),
    "live": Narrowed({"state": "active"}, "Only those that may be used."),
}


@click.group()
def leases() -> None:
    """Leases."""


list_command(
    leases,
    "The leases, live and ended.",
    lambda client: client.list_leases,
    _COLUMNS,
    nothing="There is no lease, or none matches.",
    narrowed=_NARROWED,
)


@leases.command()
@click.argument("lease")
@connected
async def show(session: Session, lease: str) -> None:
    """One lease."""
    async with session.client() as client:
        found = await client.show_lease(lease)
    if session.out.as_json:
        session.out.document(found)
    else:
        session.out.pairs(lease_facts(found))


@leases.command()
@click.option("--task", "task_id", required=True, metavar="ID")
@click.option("--action", required=True, metavar="ACTION")
@click.option("--resource", required=True, metavar="RESOURCE")
@click.option("--seconds", type=int, help="How long it shall live.")
@click.option("--uses", type=int, help="How often it may be used at most.")
@click.option("--rows", type=int, help="How many rows at most.")
@click.option("--issuer", metavar="NAME")
@click.option("--text", "reason", default="", help="Why, in the agent's own words.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the credential to this file, mode 0600.")
@as_agent
async def issue(session: Session, out: Path | None, **fields: object) -> None:
    """Ask for a lease as an agent. The credential is shown once."""
    asked = build(LeaseInput, **fields)
    async with session.client() as client:
        _tell_issued(session, await client.issue_lease(asked), out)


@leases.command()
@click.argument("lease")
@click.option("--seconds", default=120, show_default=True, help="How long it shall live from now on.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the credential to this file, mode 0600.")
@as_agent
async def renew(session: Session, lease: str, seconds: int, out: Path | None) -> None:
    """Let one's own lease live longer. The new credential is shown once."""
    async with session.client() as client:
        _tell_issued(session, await client.renew_lease(lease, seconds), out)


for _command in (revoke, retry, abandon):
    leases.add_command(_command)


def _tell_issued(session: Session, issued: LeaseIssued, out: Path | None) -> None:
    if out is not None:
        write_private(out, issued.credential)
    if session.out.as_json:
        secret = {"credential": issued.credential, "token_type": issued.token_type} if out is None else {"file": str(out)}
        session.out.document({"lease": issued.lease} | secret)
        return
    session.out.pairs(lease_facts(issued.lease))
    if out is None:
        session.out.note("The credential follows; it is shown once and kept nowhere.")
        print(issued.credential)
    else:
        session.out.note(f"The credential is in {out}.")
