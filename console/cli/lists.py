"""Lists: pages gathered up to a limit, with a filter, and told as a table or as one document."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import click

from console.cli.session import Session
from console.cli.tables import Column
from console.client import Listed
from console.model.base import Shape

S = TypeVar("S", bound=Shape)
PAGE = 500

_OPTIONS = (
    click.option("--filter", "filter", default="", metavar="FILTER", help="The filter language of the console."),
    click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="The most rows."),
    click.option("--oldest", is_flag=True, help="The oldest first; without it, the newest."),
)


def listing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every list takes."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


async def gather(
    call: Callable[..., Awaitable[Listed[S]]], *, limit: int, filter: str, oldest: bool, **query: str | int | bool | None
) -> Listed[S]:
    """Pages of a list until there are `limit` rows or no more."""
    rows: list[S] = []
    mark: str | None = None
    while True:
        wanted = min(PAGE, limit - len(rows))
        page = await call(limit=wanted, next=mark, newest=not oldest, filter=filter or None, **query)
        rows += page.items
        mark = page.next
        if mark is None or len(rows) >= limit:
            return Listed(items=tuple(rows), next=mark, cursor=page.cursor)


def tell(session: Session, found: Listed[S], columns: Sequence[Column[S]], *, nothing: str) -> None:
    """A list as a table, or as one document."""
    if session.out.as_json:
        session.out.document({"items": found.items, "next": found.next, "cursor": found.cursor})
        return
    session.out.table(columns, found.items, nothing=nothing)
    if found.next is not None:
        session.out.note(f"There are more than these {len(found.items)}; raise --limit, or narrow with --filter.")
