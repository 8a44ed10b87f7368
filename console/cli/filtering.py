"""Filters that are read here: the language of the console, with errors that point at the character.

Lists of the plane filter themselves; what is told as a whole (the event stream, framework rows) is filtered here.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar

import click

from console.cli.failures import Failure, Status
from console.model.filter_fields import fields_for
from console.model.filter_grammar import parse_filter
from console.model.filters import Fields, FilterError, Node, evaluate
from console.model.problems import FieldError

R = TypeVar("R")

filter_option = click.option("--filter", "filter", default="", metavar="FILTER", help="The filter language of the console.")


def tree_of(filter: str, fields: Fields) -> Node | None:
    """A filter as a tree; None where there is none. Raises Failure that points at the character."""
    if not filter.strip():
        return None
    try:
        return parse_filter(filter, fields)
    except FilterError as error:
        raise wrong_filter(filter, error.position, error.text, error.expected) from None


def wrong_filter(filter: str, position: int, text: str, expected: tuple[str, ...] = ()) -> Failure:
    """What is wrong with a filter, and where: the character, from 0, and the filter with a mark before it."""
    known = f"Expected here: {', '.join(expected[:16])}." if expected else "Correct it after the mark >>>."
    pointed = FieldError(field="filter", text=f"{filter[:position]} >>> {filter[position:]}", position=position)
    detail = f"The filter is wrong at character {position}: {text}"
    return Failure(Status.USAGE, detail, known, code="bad_filter", errors=(pointed,))


def chosen(rows: Iterable[R], filter: str, collection: str) -> list[R]:
    """The rows that match. Raises Failure for a filter that cannot be read."""
    fields = fields_for(collection)
    tree, now = tree_of(filter, fields), datetime.now(UTC)
    return [row for row in rows if tree is None or evaluate(tree, row, fields, now)]
