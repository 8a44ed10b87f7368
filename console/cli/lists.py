"""Lists: pages gathered up to a limit, with a filter, and told as a table or as one document.

Owns the command `list` of every group (`list_command`), so that each list takes the same options and the same filter language.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from console.cli.filtering import filter_option, wrong_filter
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.client import LeaseholdClient, Listed, Refused
from console.model.base import Shape

S = TypeVar("S", bound=Shape)
PAGE = 500

_OPTIONS = (
    filter_option,
    click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="The most rows."),
    click.option("--oldest", is_flag=True, help="The oldest first; without it, the newest."),
)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """An option of a list that asks for part of it; `note` is said beside the rows, if there are any."""

    query: Mapping[str, str]
    help: str
    note: str = ""


def list_command(
    group: click.Group,
    text: str,
    call: Callable[[LeaseholdClient], Callable[..., Awaitable[Listed[S]]]],
    columns: Sequence[Column[S]],
    *,
    nothing: str,
    narrowed: Mapping[str, Narrowed] | None = None,
) -> None:
    """Give a group its command `list`. `narrowed` are options by name, each of which asks for part of it."""
    options = dict(narrowed or {})

    async def list_(session: Session, filter: str, limit: int, *, oldest: bool, **given: bool) -> None:
        chosen = [options[name] for name, is_given in given.items() if is_given]
        query = {name: value for one in chosen for name, value in one.query.items()}
        async with session.client() as client:
            found = await gather(call(client), limit=limit, filter=filter, oldest=oldest, **query)
        tell(session, found, columns, nothing=nothing)
        for one in chosen:
            if one.note and found.items and not session.out.as_json:
                session.out.note(one.note)

    list_.__doc__ = text
    command = connected(list_)
    for name, one in reversed(options.items()):
        command = click.option(f"--{name}", is_flag=True, help=one.help)(command)
    group.command("list")(listing(command))


def listing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every list takes."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


async def gather(
    call: Callable[..., Awaitable[Listed[S]]], *, limit: int, filter: str, oldest: bool, **query: str | int | bool | None
) -> Listed[S]:
    """Pages of a list until there are `limit` rows or no more. A filter that the plane refuses is pointed at."""
    rows: list[S] = []
    mark: str | None = None
    while True:
        wanted = min(PAGE, limit - len(rows))
        try:
            page = await call(limit=wanted, next=mark, newest=not oldest, filter=filter or None, **query)
        except Refused as error:
            raise _pointed(error, filter) from None
        rows += page.items
        mark = page.next
        if mark is None or len(rows) >= limit:
            return Listed(items=tuple(rows), next=mark, cursor=page.cursor)


def _pointed(error: Refused, filter: str) -> Exception:
    """The plane's refusal; where it is about a character of the filter, with the mark before that character."""
    faults = error.problem.errors
    if error.code != "bad_filter" or not faults or faults[0].position is None:
        return error
    return wrong_filter(filter, faults[0].position, faults[0].text)


def tell(session: Session, found: Listed[S], columns: Sequence[Column[S]], *, nothing: str) -> None:
    """A list as a table, or as one document."""
    if session.out.as_json:
        session.out.document({"items": found.items, "next": found.next, "cursor": found.cursor})
        return
    session.out.table(columns, found.items, nothing=nothing)
    if found.next is not None:
        session.out.note(f"There are more than these {len(found.items)}; raise --limit, or narrow with --filter.")
