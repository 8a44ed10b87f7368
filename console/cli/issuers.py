"""`leasehold issuers`: who makes the credentials, and what is waiting to be revoked there."""

import click

from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import joined, moment
from console.model.leases import IssuerStatus

_COLUMNS = (
    Column[IssuerStatus]("NAME", lambda row: row.name),
    Column[IssuerStatus]("STATE", lambda row: "healthy" if row.healthy else "failing"),
    Column[IssuerStatus]("LIVE", lambda row: str(row.live_leases), right=True),
    Column[IssuerStatus]("REVOKING", lambda row: str(row.revoking), right=True),
    Column[IssuerStatus]("STUCK", lambda row: str(row.irrevocable), right=True),
    Column[IssuerStatus]("OLDEST", lambda row: moment(row.oldest_revoking_at), priority=2),
    Column[IssuerStatus]("REVOCABILITY", lambda row: joined(tuple(kind.value for kind in row.revocability)), priority=3),
    Column[IssuerStatus]("DETAIL", lambda row: row.detail, priority=1),
)


@click.group()
def issuers() -> None:
    """Issuers of credentials."""


@issuers.command("list")
@connected
async def list_(session: Session) -> None:
    """The issuers."""
    async with session.client() as client:
        found = await client.list_issuers()
    if session.out.as_json:
        session.out.document(found)
    else:
        session.out.table(_COLUMNS, found.items, nothing="There is no issuer.")
