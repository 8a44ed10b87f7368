"""`leasehold watch`: the live event stream as lines."""

import contextlib
from datetime import UTC, datetime

import click

from console.cli.failures import usage
from console.cli.session import Session, connected
from console.client import Tick
from console.model.events import MIRRORED, Event
from console.model.filter_fields import fields_for
from console.model.filter_grammar import parse_filter
from console.model.filters import FilterError, Node, evaluate


@click.command()
@click.argument("filter", required=False, default="")
@click.option("--collection", type=click.Choice(sorted(MIRRORED)), help="Only events of these; a FILTER needs it.")
@click.option("--after", type=click.IntRange(0), metavar="CURSOR", help="Go on behind a cursor; without it, from now on.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="Stop after so many events.")
@connected
async def watch(session: Session, filter: str, collection: str | None, after: int | None, count: int | None) -> None:
    """Follow what happens, a line an event, until interrupted.

    FILTER is the filter language of the console, over the changed thing: leasehold watch --collection leases state:revoking
    """
    tree = _tree(filter, collection)
    told = 0
    async with session.client() as client:
        with contextlib.suppress(KeyboardInterrupt):
            async for event in client.events(after):
                if isinstance(event, Tick) or not _wanted(event, tree, collection):
                    continue
                _tell(session, event)
                told += 1
                if count is not None and told >= count:
                    return


def _tree(filter: str, collection: str | None) -> Node | None:
    if not filter.strip():
        return None
    if collection is None:
        raise usage("A filter is about one kind of thing.", "Say which with --collection.")
    try:
        return parse_filter(filter, fields_for(collection))
    except KeyError:
        raise usage(f"There is no filter for {collection}.") from None
    except FilterError as error:
        raise usage(
            f"The filter is wrong at character {error.position}: {error.text}", ", ".join(error.expected[:12])
        ) from None


def _wanted(event: Event, tree: Node | None, collection: str | None) -> bool:
    if collection is None:
        return True
    if event.collection != collection:
        return False
    if tree is None:
        return True
    row = MIRRORED[collection].model_validate(event.body)
    return evaluate(tree, row, fields_for(collection), datetime.now(UTC))


def _tell(session: Session, event: Event) -> None:
    if session.out.as_json:
        session.out.line(event)
        return
    body = event.body
    who = body.get("agent_name") or body.get("name") or ""
    what = " ".join(str(body[name]) for name in ("action", "resource") if isinstance(body.get(name), str))
    session.out.say(
        "  ".join(str(part) for part in (event.at.strftime("%H:%M:%S"), event.kind.ljust(20), event.id, who, what) if part)
    )
