"""`leasehold operators`: who governs, with which roles and groups. A token is shown once."""

from pathlib import Path

import click

from console.cli.asking import confirm, yes_option
from console.cli.inputs import build
from console.cli.lists import list_command
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import joined, moment
from console.model.actors import Role
from console.model.operators import Operator, OperatorEnrolled, OperatorInput
from console.settings.files import write_private

_COLUMNS = (
    Column[Operator]("NAME", lambda row: row.id),
    Column[Operator]("ROLES", lambda row: joined(tuple(role.value for role in row.roles))),
    Column[Operator]("GROUPS", lambda row: joined(row.groups), priority=1),
    Column[Operator]("TOKEN UNTIL", lambda row: moment(row.token_expires_at), priority=2),
    Column[Operator]("ENROLLED BY", lambda row: row.enrolled_by, priority=3),
    Column[Operator]("STATE", lambda row: "removed" if row.removed else "enrolled", priority=2),
)
_ROLES = click.Choice([role.value for role in Role])


@click.group()
def operators() -> None:
    """Operators of the plane."""


list_command(operators, "The operators.", lambda client: client.list_operators, _COLUMNS, nothing="There is no operator.")


@operators.command()
@click.argument("name")
@click.option("--role", "roles", type=_ROLES, multiple=True, required=True, help="What they may do; may be repeated.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group that quorums name; may be repeated.")
@click.option("--ttl", default=8 * 3600, show_default=True, type=click.IntRange(60, 30 * 86_400), help="Seconds of the token.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the token to this file, mode 0600.")
@connected
async def add(session: Session, name: str, roles: tuple[str, ...], groups: tuple[str, ...], ttl: int, out: Path | None) -> None:
    """Enrol an operator. The token is shown here, once."""
    asked = build(OperatorInput, name=name, roles=roles, groups=groups, token_seconds=ttl)
    async with session.client() as client:
        _tell(session, await client.enrol_operator(asked), out)


@operators.command()
@click.argument("name")
@click.option("--ttl", default=8 * 3600, show_default=True, type=click.IntRange(60, 30 * 86_400), help="Seconds of the token.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the token to this file, mode 0600.")
@connected
async def renew(session: Session, name: str, ttl: int, out: Path | None) -> None:
    """A new token for an operator; the one before ends. It is shown here, once."""
    async with session.client() as client:
        _tell(session, await client.renew_operator(name, ttl), out)


@operators.command()
@click.argument("name")
@yes_option
@connected
async def remove(session: Session, name: str, *, yes: bool) -> None:
    """Remove an operator; their token ends at once."""
    confirm(f"Remove the operator {name}?", yes=yes)
    async with session.client() as client:
        removed = await client.remove_operator(name)
    if session.out.as_json:
        session.out.document(removed)
    else:
        session.out.say(f"{removed.id} is removed; the token has ended.")


def _tell(session: Session, enrolled: OperatorEnrolled, out: Path | None) -> None:
    if out is not None:
        write_private(out, enrolled.token)
    if session.out.as_json:
        secret = {"token": enrolled.token} if out is None else {"file": str(out)}
        session.out.document({"operator": enrolled.operator} | secret)
        return
    operator = enrolled.operator
    session.out.note(
        f"{operator.id} is enrolled as {joined(tuple(role.value for role in operator.roles))} until "
        f"{moment(operator.token_expires_at)}. "
        + ("The token follows; it is shown once and kept nowhere." if out is None else f"The token is in {out}.")
    )
    if out is None:
        print(enrolled.token)
