"""`leasehold leases`: short-lived credentials, and how they are taken back. Issue and renew take --svid-file."""

from datetime import UTC, datetime
from pathlib import Path

import click

from console.cli.asking import confirm, four_letters, reason_option, the_reason, yes_option
from console.cli.failures import Status, usage
from console.cli.inputs import build
from console.cli.lists import gather, listing, tell
from console.cli.session import Session, as_agent, connected
from console.cli.tables import Column
from console.cli.text import left, moment
from console.client import LeaseholdClient
from console.model.leases import Lease, LeaseInput, LeaseIssued, LeaseState, RevocationItem, RevokeManyInput
from console.settings.files import write_private

_COLUMNS = (
    Column[Lease]("ID", lambda row: row.id),
    Column[Lease]("STATE", lambda row: row.state.value),
    Column[Lease]("LEFT", lambda row: left(row.expires_at, datetime.now(UTC)), priority=1, right=True),
    Column[Lease]("AGENT", lambda row: row.agent_name, priority=2),
    Column[Lease]("ACTION", lambda row: row.action, priority=3),
    Column[Lease]("RESOURCE", lambda row: row.resource, priority=4),
    Column[Lease]("CLASS", lambda row: row.data_class.value, priority=5),
    Column[Lease]("REVOCABILITY", lambda row: row.revocability.value, priority=6),
    Column[Lease]("DIES AT", lambda row: moment(row.residual_exposure_at), priority=7),
)
_ITEMS = (
    Column[RevocationItem]("ID", lambda row: row.lease_id),
    Column[RevocationItem]("STATE", lambda row: row.state.value),
    Column[RevocationItem]("REVOCABILITY", lambda row: row.revocability.value, priority=2),
    Column[RevocationItem]("DIES AT", lambda row: moment(row.residual_exposure_at), priority=1),
)
_OVER = frozenset({LeaseState.REVOKED, LeaseState.EXPIRED, LeaseState.FAILED, LeaseState.ABANDONED})


@click.group()
def leases() -> None:
    """Leases."""


@leases.command("list")
@listing
@connected
async def list_(session: Session, filter: str, limit: int, *, oldest: bool) -> None:
    """The leases, live and ended."""
    async with session.client() as client:
        found = await gather(client.list_leases, limit=limit, filter=filter, oldest=oldest)
    tell(session, found, _COLUMNS, nothing="There is no lease, or none matches.")


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
        session.out.pairs(_facts(found))


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


@leases.command()
@click.argument("lease", nargs=-1)
@click.option("--task", "task_id", metavar="ID", help="The leases of a task.")
@click.option("--subtree", is_flag=True, help="With --task: of the tasks delegated from it as well.")
@click.option("--agent", metavar="AGENT", help="The leases of an agent.")
@click.option("--issuer", metavar="NAME", help="The leases of an issuer.")
@click.option("--all", "every", is_flag=True, help="Every lease.")
@reason_option
@yes_option
@connected
async def revoke(
    session: Session,
    lease: tuple[str, ...],
    task_id: str | None,
    agent: str | None,
    issuer: str | None,
    reason: str,
    *,
    subtree: bool,
    every: bool,
    yes: bool,
) -> Status | None:
    """Take leases back: by ID, or all of a task, an agent, an issuer, or every one.

    Exit status 6 when it is asked for but not confirmed for each; what is left is listed with the time it dies at.
    """
    if sum(bool(one) for one in (lease, task_id, agent, issuer, every)) != 1:
        raise usage("Name exactly one of ID, --task, --agent, --issuer, --all; nothing was revoked.")
    why = the_reason(reason)
    if every or issuer:
        confirm(f"Revoke {'every lease' if every else f'every lease of {issuer}'}?", yes=yes, typed=four_letters())
    async with session.client() as client:
        agent_id = (await client.show_agent(agent)).id if agent else None
        asked = build(
            RevokeManyInput,
            reason=why,
            lease_ids=lease or None,
            task_id=task_id,
            subtree=subtree or None,
            agent_id=agent_id,
            issuer=issuer,
            all=every or None,
        )
        result = await client.revoke_leases(asked)
        open_items = [await _now(client, item) for item in result.items if item.state not in _OVER]
    waiting = tuple(item for item in open_items if item.state not in _OVER)
    if session.out.as_json:
        session.out.document({"asked": result.asked, "items": result.items, "left": waiting})
    else:
        session.out.say(f"Asked for {result.asked}: {len(result.items) - len(waiting)} over, {len(waiting)} not confirmed yet.")
        session.out.table(_ITEMS, waiting, nothing="Nothing is left.")
    return Status.PARTLY if waiting else None


async def _now(client: LeaseholdClient, item: RevocationItem) -> RevocationItem:
    """How it stands by now: an instant revocation is confirmed a moment after it was asked for."""
    lease = await client.show_lease(item.lease_id)
    changes = {"state": lease.state, "residual_exposure_at": lease.residual_exposure_at}
    return item.model_copy(update=changes)


def _tell_issued(session: Session, issued: LeaseIssued, out: Path | None) -> None:
    if out is not None:
        write_private(out, issued.credential)
    if session.out.as_json:
        secret = {"credential": issued.credential, "token_type": issued.token_type} if out is None else {"file": str(out)}
        session.out.document({"lease": issued.lease} | secret)
        return
    session.out.pairs(_facts(issued.lease))
    if out is None:
        session.out.note("The credential follows; it is shown once and kept nowhere.")
        print(issued.credential)
    else:
        session.out.note(f"The credential is in {out}.")


def _facts(lease: Lease) -> list[tuple[str, str]]:
    return [
        ("id", lease.id),
        ("state", lease.state.value),
        ("agent", lease.agent_name),
        ("for", lease.on_behalf_of),
        ("task", lease.task_id),
        ("action", lease.action),
        ("resource", f"{lease.resource} ({lease.data_class.value}, {lease.environment})"),
        ("audience", lease.audience.name),
        ("issuer", lease.issuer),
        ("revocability", lease.revocability.value),
        ("risk", lease.risk_level.value),
        ("uses", f"{lease.uses}" + (f" of {lease.max_uses}" if lease.max_uses is not None else "")),
        ("rows", f"{lease.rows}" + (f" of {lease.max_rows}" if lease.max_rows is not None else "")),
        ("expires", moment(lease.expires_at)),
        ("at the latest", moment(lease.max_expires_at)),
        ("decision", lease.decision_id),
        ("approval", lease.approval_id or ""),
        ("revoked by", lease.revoked_by.name or lease.revoked_by.id if lease.revoked_by else ""),
        ("why revoked", lease.revoke_reason),
        ("dies at", moment(lease.residual_exposure_at)),
        ("last error", lease.last_error),
    ]
