"""How leases are taken back by command: revoke, retry what is stuck, stop tracking. Part of `leasehold leases`.

Says *over* only of what is confirmed; what is not is listed with the time it dies at, and followed with --wait.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from console.cli.asking import confirm, four_letters, reason_option, the_reason, yes_option
from console.cli.failures import Status, usage
from console.cli.inputs import build
from console.cli.lists import gather
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import left, moment
from console.client import Conflict, LeaseholdClient
from console.model.leases import Lease, LeaseState, RevocationItem, RevokeManyInput

MANUAL_STEP = (
    "Their issuer did not confirm that these are revoked. What to do by hand:\n"
    "1. See whether the issuer answers (leasehold issuers list), and mend it.\n"
    "2. Ask it again (leasehold leases retry ID, or leasehold leases retry --stuck).\n"
    "3. Where it stays, take the credential away at the resource itself. Each dies at the time shown, at the latest.\n"
    "Only when that was done: stop tracking it (leasehold leases abandon ID)."
)
LOOK_SECONDS = 0.5
LONGEST_WAIT = 4 * 3600
OVER = frozenset({LeaseState.REVOKED, LeaseState.EXPIRED, LeaseState.FAILED, LeaseState.ABANDONED})
_STATES = {
    LeaseState.REVOKING: "revoking, not confirmed yet",
    LeaseState.IRREVOCABLE: "stuck, the issuer did not confirm",
}
_ITEMS = (
    Column[RevocationItem]("ID", lambda row: row.lease_id),
    Column[RevocationItem]("STATE", lambda row: _STATES.get(row.state, row.state.value)),
    Column[RevocationItem]("REVOCABILITY", lambda row: row.revocability.value, priority=2),
    Column[RevocationItem]("DIES IN", lambda row: left(row.residual_exposure_at, datetime.now(UTC)), priority=3),
    Column[RevocationItem]("DIES AT", lambda row: moment(row.residual_exposure_at) or "unknown", priority=1),
)
_WAIT = click.option("--wait", is_flag=True, help="Wait until each is confirmed or stuck, and say how it goes.")


@click.command()
@click.argument("lease", nargs=-1)
@click.option("--task", "task_id", metavar="ID", help="The leases of a task.")
@click.option("--subtree", is_flag=True, help="With --task: of the tasks delegated from it as well.")
@click.option("--agent", metavar="AGENT", help="The leases of an agent.")
@click.option("--issuer", metavar="NAME", help="The leases of an issuer.")
@click.option("--all", "every", is_flag=True, help="Every lease.")
@_WAIT
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
    wait: bool,
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
        return await tell_left(session, client, result.asked, result.items, wait=wait)


@click.command()
@click.argument("lease", nargs=-1)
@click.option("--stuck", is_flag=True, help="Every one that is stuck.")
@_WAIT
@connected
async def retry(session: Session, lease: tuple[str, ...], *, stuck: bool, wait: bool) -> Status | None:
    """Ask the issuer again to revoke what is stuck.

    Exit status 6 when not each of them is confirmed by then; what is left is listed with the time it dies at.
    """
    if bool(lease) == stuck:
        raise usage("Name leases, or --stuck for every one that is; nothing was done.")
    async with session.client() as client:
        ids: Sequence[str] = lease
        if stuck:
            found = await gather(client.list_leases, limit=10_000, filter="", oldest=True, state="irrevocable")
            ids = [one.id for one in found.items]
        items = []
        for id in ids:
            try:
                items.append(_item(await client.retry_revocation(id)))
            except Conflict:
                if len(lease) == 1:
                    raise
                session.out.note(f"{id} is not stuck, or not any more.")
        return await tell_left(session, client, len(items), items, wait=wait)


@click.command()
@click.argument("lease")
@reason_option
@yes_option
@connected
async def abandon(session: Session, lease: str, reason: str, *, yes: bool) -> None:
    """Stop tracking a lease that is stuck. This takes nothing away: its access may live on."""
    why = the_reason(reason)
    confirm(f"Stop tracking {lease}? Its access may live on.", yes=yes, typed=four_letters())
    async with session.client() as client:
        found = await client.abandon_lease(lease, why)
    if session.out.as_json:
        session.out.document(found)
    else:
        session.out.pairs(lease_facts(found))


async def tell_left(
    session: Session, client: LeaseholdClient, asked: int, items: Sequence[RevocationItem], *, wait: bool
) -> Status | None:
    """How it stands, by now or once nothing changes by itself any more; what is left is listed."""
    waiting = await _now(client, items)
    told = -1
    end = asyncio.get_running_loop().time() + LONGEST_WAIT
    while wait and any(one.state is LeaseState.REVOKING for one in waiting) and asyncio.get_running_loop().time() < end:
        if len(waiting) != told:
            told = len(waiting)
            session.out.note(f"{asked - told} of {asked} confirmed, {told} not yet.")
        await asyncio.sleep(LOOK_SECONDS)
        waiting = await _now(client, waiting)
    if session.out.as_json:
        session.out.document({"asked": asked, "items": tuple(items), "left": tuple(waiting)})
    else:
        session.out.say(f"Asked for {asked}: {len(items) - len(waiting)} over, {len(waiting)} not confirmed yet.")
        session.out.table(_ITEMS, waiting, nothing="Nothing is left.")
        if any(one.state is LeaseState.IRREVOCABLE for one in waiting):
            session.out.note(MANUAL_STEP)
    return Status.PARTLY if waiting else None


async def _now(client: LeaseholdClient, items: Sequence[RevocationItem]) -> list[RevocationItem]:
    """What is not over by now: an instant revocation is confirmed a moment after it was asked for."""
    found = [_item(await client.show_lease(one.lease_id)) for one in items if one.state not in OVER]
    return [one for one in found if one.state not in OVER]


def _item(lease: Lease) -> RevocationItem:
    return RevocationItem(
        lease_id=lease.id,
        state=lease.state,
        revocability=lease.revocability,
        residual_exposure_at=lease.residual_exposure_at,
    )


def lease_facts(lease: Lease) -> list[tuple[str, str]]:
    """One lease, fact by fact."""
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
