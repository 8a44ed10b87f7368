"""`leasehold grants`: dated, time-boxed elevations of an agent or a task."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from console.cli.asking import confirm, reason_option, the_reason, yes_option
from console.cli.cards import grant_preview
from console.cli.failures import usage
from console.cli.inputs import RIGHTS_HELP, build, rights_of
from console.cli.lists import gather, listing, tell
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import joined, moment
from console.model.grants import Grant, GrantInput, GrantTerms

if TYPE_CHECKING:
    from console.client import LeaseholdClient

_COLUMNS = (
    Column[Grant]("ID", lambda row: row.id),
    Column[Grant]("STATE", lambda row: row.state.value),
    Column[Grant]("AGENT", lambda row: row.agent_name, priority=1),
    Column[Grant]("COVERS", lambda row: joined(row.covers) or row.template or "", priority=2),
    Column[Grant]("FROM", lambda row: moment(row.starts_at), priority=5),
    Column[Grant]("UNTIL", lambda row: moment(row.ends_at), priority=3),
    Column[Grant]("USES LEFT", lambda row: "" if row.uses_left is None else str(row.uses_left), priority=4, right=True),
    Column[Grant]("BY", lambda row: row.requested_by, priority=6),
)


@click.group()
def grants() -> None:
    """Grants."""


@grants.command("list")
@listing
@connected
async def list_(session: Session, filter: str, limit: int, *, oldest: bool) -> None:
    """The grants: running, scheduled and ended."""
    async with session.client() as client:
        found = await gather(client.list_grants, limit=limit, filter=filter, oldest=oldest)
    tell(session, found, _COLUMNS, nothing="There is no grant, or none matches.")


def terms_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what a grant shall be."""
    for option in reversed(_TERMS):
        function = option(function)
    return function


_TERMS = (
    click.option("--agent", required=True, metavar="AGENT", help="To whom."),
    click.option("--task", "task_id", metavar="ID", help="Only for this task."),
    click.option("--covers", multiple=True, metavar="POLICY", help="An approvable policy that it lifts; may be repeated."),
    click.option("--template", metavar="NAME", help="A grantable template of the bundle, in place of --covers."),
    click.option("--scope", required=True, metavar="RIGHT", help=f"Where: {RIGHTS_HELP}"),
    click.option("--from", "starts_at", metavar="INSTANT", help="From when (ISO 8601, with its zone); without it, from now."),
    click.option("--seconds", type=int, required=True, help="How long."),
    click.option("--uses", type=int, help="How often at most."),
    click.option("--break-glass", is_flag=True, help="Without a second person now: short, loud, reviewed afterwards."),
)


async def _terms(client: "LeaseholdClient", agent: str, given: dict[str, Any]) -> dict[str, Any]:
    """What the options say, as fields of the terms. Raises Failure."""
    rights = rights_of((given.pop("scope"),))
    if len(rights) != 1:
        raise usage("A grant has one scope; nothing was sent.")
    glass = given.pop("break_glass")
    starts_at = _instant(given.pop("starts_at"))
    agent_id = (await client.show_agent(agent)).id
    kind = "break-glass" if glass else None
    return {"agent_id": agent_id, "scope": rights[0], "starts_at": starts_at, "kind": kind, **given}


@grants.command()
@terms_options
@connected
async def preview(session: Session, agent: str, **given: Any) -> None:
    """What a grant would come to: what it opens and lifts, and who must agree. It changes nothing."""
    async with session.client() as client:
        told = await client.preview_grant(build(GrantTerms, **await _terms(client, agent, given)))
    if session.out.as_json:
        session.out.document(told)
    else:
        session.out.pairs(grant_preview(told))


@grants.command()
@terms_options
@reason_option
@yes_option
@connected
async def create(session: Session, agent: str, reason: str, *, yes: bool, **given: Any) -> None:
    """Ask for a grant. It is in force once the quorum of what it covers has approved it."""
    why = the_reason(reason)
    confirm(f"Grant {agent} {given['scope']}?", yes=yes)
    async with session.client() as client:
        _tell(session, await client.request_grant(build(GrantInput, reason=why, **await _terms(client, agent, given))))


@grants.command()
@click.argument("grant")
@reason_option
@connected
async def revoke(session: Session, grant: str, reason: str) -> None:
    """End a grant now. What another grant still gives stays."""
    why = the_reason(reason)
    async with session.client() as client:
        _tell(session, await client.revoke_grant(grant, why))


@grants.command()
@click.argument("grant")
@reason_option
@connected
async def review(session: Session, grant: str, reason: str) -> None:
    """Say what you found when you looked at a break-glass grant. Whoever took it cannot review it."""
    why = the_reason(reason)
    async with session.client() as client:
        _tell(session, await client.review_break_glass(grant, why))


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise usage(f"{text} is no instant; nothing was sent.", "Write it as 2026-01-31T08:00:00Z.") from None
    if at.tzinfo is None:
        raise usage(f"{text} names no zone; nothing was sent.", "Write it as 2026-01-31T08:00:00Z.")
    return at.astimezone(UTC)


def _tell(session: Session, grant: Grant) -> None:
    if session.out.as_json:
        session.out.document(grant)
        return
    session.out.pairs(
        [
            ("id", grant.id),
            ("state", grant.state.value),
            ("agent", grant.agent_name),
            ("task", grant.task_id or ""),
            ("covers", joined(grant.covers) or grant.template or ""),
            ("from", moment(grant.starts_at)),
            ("until", moment(grant.ends_at)),
            ("uses left", "" if grant.uses_left is None else str(grant.uses_left)),
            ("approval request", grant.approval_id or ""),
            ("reason", grant.reason),
            ("ended", moment(grant.ended_at)),
            ("why it ended", grant.end_reason),
            ("review it by", "" if grant.reviewed_by else moment(grant.review_due_at)),
            ("reviewed by", grant.reviewed_by),
        ]
    )
