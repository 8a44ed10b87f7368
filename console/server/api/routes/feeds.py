"""Routes of the event feed and of the snapshot that it continues."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import groupby, islice
from operator import itemgetter
from typing import Annotated

from fastapi import Header, Query
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from console.model.base import Input
from console.model.events import MIRRORED, SnapshotHead
from console.model.problems import FieldError, ProblemError
from console.server.api.entries import Routes
from console.server.api.pipeline import Call
from console.server.api.places import Places
from console.server.api.routing import CallOf
from console.server.identity.access import Act

feeds = Routes("authorization", "feed")
broker_feeds = Routes("broker", "feed")
ROWS_A_WRITE = 200
MOST_COLUMNS = 64

LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)]


class SnapshotResponse(StreamingResponse):
    """A snapshot on its way out. Its place is given back when it has gone out, or when its caller has gone away."""

    def __init__(self, lines: AsyncIterator[bytes], places: Places) -> None:
        super().__init__(lines, media_type="application/x-ndjson")
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._places.give_back()


class EventsQuery(Input):
    """From where to go on, for a client that cannot set Last-Event-ID."""

    after: str | None = None


class SnapshotQuery(Input):
    """Which collections, separated by commas; all without.

    `columns` asks for single values instead of whole entities, as `collection.path` separated by commas (`leases.id`,
    `leases.audience.name`), at least two of a collection. Its rows then come as lists, many a line, in the head's order.
    """

    collections: str = ""
    columns: str = Field(default="", max_length=8192)


@feeds.get("/authorization/v1/events", Act.READ)
async def stream_events(call: CallOf, query: Annotated[EventsQuery, Query()], last_event_id: LastEventId = None) -> Response:
    """Server-sent events, each with the whole entity; Last-Event-ID resumes. The stream ends with the credential."""
    return _stream(call, last_event_id or query.after, broker=False)


@broker_feeds.get("/broker/v1/events", Act.READ)
async def stream_broker_events(
    call: CallOf, query: Annotated[EventsQuery, Query()], last_event_id: LastEventId = None
) -> Response:
    """The same feed and cursor, only the broker's kinds."""
    return _stream(call, last_event_id or query.after, broker=True)


@feeds.get("/authorization/v1/snapshot", Act.READ)
async def take_snapshot(call: CallOf, query: Annotated[SnapshotQuery, Query()]) -> Response:
    """Everything that is live, as JSON lines: first the cursor that it is true at, then a row a line."""
    chosen = [name for name in query.collections.split(",") if name] or list(MIRRORED)
    unknown = [name for name in chosen if name not in MIRRORED]
    if unknown:
        errors = (FieldError(field="collections", text=f"one or more of: {', '.join(MIRRORED)}"),)
        raise ProblemError("invalid", "There is no such collection.", errors=errors)
    columns = _columns(query.columns, chosen)
    call.snapshots.take()
    try:
        cursor, counts, rows = call.services.store.snapshot(chosen, columns)
        head = SnapshotHead(cursor=cursor, at=call.services.clock.now(), rows=counts, columns=columns)
        return SnapshotResponse(_lines(head, rows), call.snapshots)
    except BaseException:
        call.snapshots.give_back()
        raise


def _stream(call: Call, after: str | None, *, broker: bool) -> Response:
    if after is not None and not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise ProblemError("invalid", "The cursor is no number.", errors=(FieldError(field="Last-Event-ID", text="a cursor"),))
    stream = call.feed.open(int(after) if after is not None else None, broker=broker, allowed=call.still)
    return StreamingResponse(stream, media_type="text/event-stream")


async def _lines(head: SnapshotHead, rows: Iterator[tuple[str, str]]) -> AsyncIterator[bytes]:
    """The snapshot in writes of bounded size, with room for other requests between them."""
    yield (head.model_dump_json(exclude=None if head.columns else {"columns"}) + "\n").encode()
    for collection, bodies in groupby(rows, itemgetter(0)):
        while part := [body for _, body in islice(bodies, ROWS_A_WRITE)]:
            if collection in head.columns:
                yield f'{{"collection":"{collection}","values":[{",".join(part)}]}}\n'.encode()
            else:
                yield "".join(f'{{"collection":"{collection}","body":{body}}}\n' for body in part).encode()
            await asyncio.sleep(0)


def _columns(asked: str, chosen: list[str]) -> dict[str, tuple[str, ...]]:
    """The columns by collection. Raises ProblemError for a collection that is not chosen, and a field that it has not."""
    columns: dict[str, list[str]] = {}
    for name in filter(None, asked.split(",")):
        collection, _, path = name.partition(".")
        if collection not in chosen or not _has(MIRRORED[collection], path):
            raise _no_column("There is no such column.", f"{name[:80]}: no field of the collections asked for")
        columns.setdefault(collection, []).append(path)
    for collection, paths in columns.items():
        if not 1 < len(paths) <= MOST_COLUMNS:
            raise _no_column("That many columns cannot be asked for.", f"{collection}: from 2 to {MOST_COLUMNS}")
    return {collection: tuple(paths) for collection, paths in columns.items()}


def _no_column(detail: str, text: str) -> ProblemError:
    return ProblemError("invalid", detail, errors=(FieldError(field="columns", text=text),))


def _has(shape: type[BaseModel], path: str) -> bool:
    """Whether a shape has a field at a path of one or two names."""
    name, dot, rest = path.partition(".")
    field = shape.model_fields.get(name)
    if field is None or not dot:
        return field is not None
    inner = field.annotation
    return isinstance(inner, type) and issubclass(inner, BaseModel) and rest in inner.model_fields
