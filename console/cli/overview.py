"""`leasehold overview`: the pulse of the plane, a line a figure, in words."""

from datetime import UTC, datetime
from typing import Any

import click

from console.cli.pulse import Estate, as_facts, pulse
from console.cli.session import Session, connected
from console.cli.text import moment
from console.client import LeaseholdClient
from console.model.events import MIRRORED, SnapshotHead

_COLLECTIONS = ("agents", "tasks", "leases", "approvals", "grants", "decisions", "bundles")


@click.command()
@click.option("--commands", is_flag=True, help="With each figure the command that shows the rows behind it.")
@connected
async def overview(session: Session, *, commands: bool) -> None:
    """What stands where: what waits, what is stuck, who is contained, what is decided, and what ends soon."""
    async with session.client() as client:
        estate = await _estate(client)
        who = await client.show_whoami()
    figures = pulse(estate)
    if session.out.as_json:
        where = {"plane": who.plane, "environment": who.environment, "at": estate.now.isoformat()}
        session.out.document(where | {"figures": as_facts(figures)})
        return
    session.out.say(f"Plane {who.plane}, environment {who.environment}, as of {moment(estate.now)}.")
    for figure in figures:
        session.out.say(f"{figure.name}: {figure.text}")
        if commands:
            session.out.say(f"  see: {figure.command}")


async def _estate(client: LeaseholdClient) -> Estate:
    """Everything as of one cursor."""
    estate = Estate(datetime.now(UTC))
    rows: dict[str, list[Any]] = {name: getattr(estate, name) for name in _COLLECTIONS}
    async for line in client.snapshot(_COLLECTIONS):
        if isinstance(line, SnapshotHead):
            estate.now = line.at
        else:
            rows[line.collection].append(MIRRORED[line.collection].model_validate(line.body))
    return estate
