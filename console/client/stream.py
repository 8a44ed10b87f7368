"""The event stream and the snapshot: everything that changes, as it comes.

Lines are split at line feeds only: JSON may hold U+2028, which other splitters take for the end of a line.
"""

from collections.abc import AsyncIterator, Iterable

import httpx
from httpx_sse import EventSource, SSEError
from pydantic import ValidationError

from console.client.calls import Calls
from console.client.errors import Garbled, Resync, Unreachable
from console.client.transport import ApiName
from console.model.base import Instant, Shape
from console.model.events import Event, SnapshotHead, SnapshotRow

MAX_LINE_BYTES = 8 * 1024 * 1024


class Tick(Shape):
    """The plane's time, and the cursor up to which this stream has told everything."""

    cursor: int
    at: Instant


class StreamCalls(Calls):
    """Streams. Each raises Unreachable when it is cut off or silent too long, and Resync when it cannot go on."""

    async def events(self, after: int | None = None, *, api: ApiName = "authorization") -> AsyncIterator[Event | Tick]:
        """Events behind a cursor, without end; None means from now on. Ticks come between them. Never returns by itself."""
        path = "/broker/v1/events" if api == "broker" else "/authorization/v1/events"
        async with self._transport.stream(api, path, last_event_id=after) as response:
            try:
                async for sent in EventSource(response).aiter_sse():
                    if sent.event == "resync":
                        raise Resync("This stream was too far behind.")
                    kind = Tick if sent.event == "tick" else Event
                    yield kind.model_validate_json(sent.data)
            except (ValidationError, SSEError):
                raise Garbled("An event is not of the shape that this client knows.") from None
        raise Unreachable("The plane ended the stream.", unknown=False)

    async def snapshot(self, collections: Iterable[str] = ()) -> AsyncIterator[SnapshotHead | SnapshotRow]:
        """First the head with the cursor that everything is true at, then every row. Raises Garbled when rows are missing."""
        query = {"collections": ",".join(collections) or None}
        async with self._transport.stream("authorization", "/authorization/v1/snapshot", query=query) as response:
            head: SnapshotHead | None = None
            rows = 0
            try:
                async for line in lines(response):
                    if head is None:
                        head = SnapshotHead.model_validate_json(line)
                        yield head
                    else:
                        rows += 1
                        yield SnapshotRow.model_validate_json(line)
            except ValidationError:
                raise Garbled("A row of the snapshot is not of the shape that this client knows.") from None
            if head is None or rows != sum(head.rows.values()):
                raise Garbled("The snapshot is not complete.")


async def lines(response: httpx.Response) -> AsyncIterator[bytes]:
    """The lines of an answer, split at line feeds. Raises Garbled for one that is longer than its bound."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line:
                yield line
        if len(rest) > MAX_LINE_BYTES:
            raise Garbled("A line of the answer is too long.")
    if rest:
        yield rest
