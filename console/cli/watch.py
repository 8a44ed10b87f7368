"""`leasehold watch`: the live event stream as lines, one event a line, in words."""

import asyncio
import contextlib
import signal
import sys
from datetime import UTC, datetime

import click

from console.cli.failures import Status
from console.cli.session import Session, connected
from console.cli.text import one_line
from console.cli.watching import ROUTINE, line_of, tree_for, wanted
from console.client import LeaseholdClient, Resync, Tick, Unreachable
from console.model.events import MIRRORED, Event
from console.model.filters import Node

FIRST_WAIT = 0.5
LONGEST_WAIT = 15.0


@click.command()
@click.argument("filter", required=False, default="")
@click.option("--collection", type=click.Choice(sorted(MIRRORED)), help="Only of these; FILTER then has their fields.")
@click.option("--after", type=click.IntRange(0), metavar="CURSOR", help="Go on behind a cursor; without it, from now on.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="Stop after so many events.")
@click.option("--bell", is_flag=True, help="Ring the terminal's bell with each line.")
@connected
async def watch(
    session: Session, filter: str, collection: str | None, after: int | None, count: int | None, *, bell: bool
) -> Status | None:
    """Follow what happens, a line an event, until interrupted. When the plane is gone, it is tried again.

    Without FILTER and --collection, heartbeats are left out; --json has everything.

    \b
    FILTER is the filter language of the console:
      leasehold watch agent:executor-2
      leasehold watch 'kind:approval.requested level:>=high' --bell
      leasehold watch state:irrevocable --collection leases
    """
    tree = tree_for(filter, collection)
    watching = _Watch(session, tree, collection, count, rings=bell and sys.stdout.isatty())
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        async with session.client() as client:
            await watching.follow(client, after)
    return None


class _Watch:
    """What is told, and how much of it there was."""

    def __init__(self, session: Session, tree: Node | None, collection: str | None, count: int | None, *, rings: bool) -> None:
        self._session = session
        self._tree = tree
        self._collection = collection
        self._all = session.out.as_json or tree is not None or collection is not None
        self._left = count
        self._rings = rings

    async def follow(self, client: LeaseholdClient, after: int | None) -> None:
        """Tell events until there were enough. What is refused is raised; what is cut off is tried again, and said."""
        cursor, wait, ever, lost = after, FIRST_WAIT, False, False
        while True:
            try:
                async for one in client.events(cursor):
                    if lost:
                        self._session.out.note("The plane answers again.")
                    cursor, wait, ever, lost = one.cursor, FIRST_WAIT, True, False
                    if self._told(one) and self._left == 0:
                        return
            except Resync:
                self._session.out.note("Some events are no longer kept and were not told; going on from now.")
                cursor, ever = None, True
            except Unreachable as error:
                if not ever:
                    raise
                self._session.out.note(f"{error} Trying again in {wait:g} s.")
                lost = True
                await asyncio.sleep(wait)
                wait = min(LONGEST_WAIT, wait * 2)

    def _told(self, event: Event | Tick) -> bool:
        """Tell an event, if it is wanted."""
        if isinstance(event, Tick) or not wanted(event, self._tree, self._collection, datetime.now(UTC)):
            return False
        if not self._all and event.kind in ROUTINE:
            return False
        if self._session.out.as_json:
            self._session.out.line(event)
        else:
            print(one_line(line_of(event)), end="\a\n" if self._rings else "\n", flush=True)
        if self._left is not None:
            self._left -= 1
        return True
