"""The kill switch by command: what a containment would take, the containment with its tally, and the release. Part of
`leasehold agents`.

Says *done* only when each lease is confirmed dead; what is not counts down to the second it dies at.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click

from console.cli.asking import confirm, four_letters, reason_option, the_reason, yes_option
from console.cli.failures import Status
from console.cli.lists import gather
from console.cli.revoking import LONGEST_WAIT, LOOK_SECONDS, MANUAL_STEP
from console.cli.session import Session, connected
from console.cli.text import joined, left, moment
from console.client import LeaseholdClient
from console.model.leases import Lease, LeaseState
from console.model.locks import ContainmentPreview, ContainmentTally

MANY_LEASES = 25
MOST_LISTED = 500
_SAID = {LeaseState.REVOKING: "revoking, not confirmed yet", LeaseState.IRREVOCABLE: "stuck, the issuer did not confirm"}


@click.command()
@click.argument("agent")
@click.option("--preview", "only_preview", is_flag=True, help="Only say what it would take; nothing is done.")
@click.option("--wait", is_flag=True, help="Follow the tally until each lease is confirmed or stuck.")
@reason_option
@yes_option
@connected
async def contain(session: Session, agent: str, reason: str, *, only_preview: bool, wait: bool, yes: bool) -> Status | None:
    """Stop an agent at once: lock it and all that it delegated, void what waits, revoke its leases, end its tasks.

    Exit status 6 when the lock stands but not every lease is confirmed dead yet; what is left is listed.
    """
    if only_preview:
        async with session.client() as client:
            taken = await client.preview_containment(agent)
        if session.out.as_json:
            session.out.document(taken)
        else:
            session.out.say(what_goes(taken))
        return None
    why = the_reason(reason)
    async with session.client() as client:
        preview = await client.preview_containment(agent) if not yes else None
        if preview is not None:
            session.out.note(what_goes(preview))
            typed = four_letters() if preview.critical or preview.leases > MANY_LEASES else ""
            confirm(f"Contain {preview.agent_name}?", yes=False, typed=typed)
        tally = await client.contain_agent(agent, why)
        if wait:
            tally = await _followed(session, client, tally)
        open_leases = await _left(client, tally)
    if session.out.as_json:
        found = [
            {"lease_id": one.id, "state": one.state.value, "dies_at": moment(one.residual_exposure_at) or "unknown"}
            for one in open_leases
        ]
        session.out.document({"tally": tally, "done": tally.done, "left": found})
    else:
        session.out.say(told(tally, open_leases, datetime.now(UTC)))
    return None if tally.done else Status.PARTLY


@click.command()
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


def what_goes(preview: ContainmentPreview) -> str:
    """What a containment would take with it, in words."""
    who = f"{preview.agent_name}{', a critical agent,' if preview.critical else ''}"
    lines = [
        f"Containing {who} takes with it: {preview.tasks} tasks, {preview.delegated_tasks} delegated tasks "
        f"({joined(preview.delegates) or 'of nobody else'}), {preview.leases} leases, {preview.approvals} approval requests, "
        f"{preview.grants} grants.",
        *_counted("Leases by issuer", preview.leases_by_issuer),
        *_counted("Leases by revocability", preview.leases_by_revocability),
    ]
    if preview.people_waiting:
        lines.append(f"Waiting for its work: {joined(preview.people_waiting)}.")
    if preview.residual_exposure_at is not None:
        lines.append(f"The last credential dies at {moment(preview.residual_exposure_at)} at the latest.")
    return "\n".join(lines)


def told(tally: ContainmentTally, open_leases: Sequence[Lease], now: datetime) -> str:
    """How far a containment has come, in words. *Done* is said only when nothing is open."""
    lines = [f"{tally.lock.target_name} is contained: {tally.lock.reason}"]
    lines += [f"  {receipt.step}: {receipt.text}" for receipt in tally.lock.receipts]
    lines.append(f"{_figures(tally)} {'Done.' if tally.done else 'Not done yet:'}")
    lines += _counted("Not confirmed by issuer", Counter(one.issuer for one in open_leases))
    lines += _counted("Not confirmed by revocability", Counter(one.revocability.value for one in open_leases))
    lines += [f"  {one.id} at {one.issuer}: {_SAID.get(one.state, one.state.value)}, {_death(one, now)}" for one in open_leases]
    if tally.last_exposure_at is not None and not tally.done:
        lines.append(f"Residual exposure ends at {moment(tally.last_exposure_at)} at the latest.")
    if tally.irrevocable:
        lines.append(MANUAL_STEP)
    return "\n".join(lines)


def _death(lease: Lease, now: datetime) -> str:
    if lease.residual_exposure_at is None:
        return "and when it dies is unknown"
    remaining = left(lease.residual_exposure_at, now)
    return f"dies at {moment(lease.residual_exposure_at)}{f', in {remaining}' if remaining else ''}"


def _figures(tally: ContainmentTally) -> str:
    return (
        f"Leases {tally.leases}: {tally.confirmed} confirmed, {tally.expired} expired, {tally.revoking} revoking, "
        f"{tally.irrevocable} irrevocable."
    )


def _counted(title: str, counts: Mapping[str, int]) -> list[str]:
    return [f"{title}: {', '.join(f'{name} {count}' for name, count in sorted(counts.items()))}."] if counts else []


async def _followed(session: Session, client: LeaseholdClient, tally: ContainmentTally) -> ContainmentTally:
    """The tally once nothing changes by itself any more; each change of it is said on the way."""
    clock = asyncio.get_running_loop()
    end, said = clock.time() + LONGEST_WAIT, ""
    while tally.revoking and clock.time() < end:
        if (figures := _figures(tally)) != said:
            said = figures
            last = tally.last_exposure_at
            until = f" The last dies at {moment(last)}, in {left(last, datetime.now(UTC)) or '0s'}." if last else ""
            session.out.note(f"{figures}{until}")
        await asyncio.sleep(LOOK_SECONDS)
        tally = await client.show_tally(tally.lock.id)
    return tally


async def _left(client: LeaseholdClient, tally: ContainmentTally) -> tuple[Lease, ...]:
    """The leases that are not confirmed: the agent's own, and those of the tasks that were locked with it."""
    if tally.done:
        return ()
    found: dict[str, Lease] = {}
    locks = await gather(client.list_locks, limit=MOST_LISTED, filter="", oldest=True, cause=tally.lock.id)
    for lock in (tally.lock, *locks.items):
        where = {"agent_id": lock.agent_id} if lock.target == "agent" else {"task_id": lock.target_id}
        page = await gather(client.list_leases, limit=MOST_LISTED, filter="state:revoking,irrevocable", oldest=True, **where)
        found |= {one.id: one for one in page.items}
    return tuple(found.values())
