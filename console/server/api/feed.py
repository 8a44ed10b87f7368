"""The event feed: one subscription to the store, fanned out to many streams as server-sent events.

Owns who is subscribed and how far behind each may be. An event is encoded once for all subscribers; what a commit brought
goes out in one write. A subscriber that is too far behind is told `resync` and closed: nothing is ever dropped silently.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

from console.model.events import BROKER_COLLECTIONS
from console.model.problems import ProblemError
from console.server.ports import Clock, Store, StoredEvent

CATCH_UP = 1000


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one commit brought, encoded: up to which cursor, how many events, and the bytes."""

    cursor: int
    count: int
    data: bytes


@dataclass(eq=False, slots=True)
class _Subscriber:
    broker: bool
    most: int
    waiting: deque[_Batch] = field(default_factory=deque)
    events: int = 0
    lagging: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, batch: _Batch) -> None:
        if self.lagging:
            return
        if self.events + batch.count > self.most:
            self.lagging = True
            self.waiting.clear()
        else:
            self.waiting.append(batch)
            self.events += batch.count
        self.woken.set()

    def take(self) -> list[_Batch]:
        taken = list(self.waiting)
        self.waiting.clear()
        self.events = 0
        self.woken.clear()
        return taken


def encode(events: Iterable[StoredEvent]) -> bytes:
    """Events as server-sent events. Their JSON has no line break, so each is one `data` line."""
    return "".join(f"id: {event.cursor}\nevent: {event.kind}\ndata: {event.text}\n\n" for event in events).encode()


class Feed:
    """The feed of both APIs. `open` a stream, `close` them all."""

    def __init__(self, store: Store, clock: Clock, *, stream_events: int, max_streams: int, tick_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._stream_events = stream_events
        self._max_streams = max_streams
        self._tick_seconds = tick_seconds
        self._subscribers: set[_Subscriber] = set()
        self._closed = False
        self._stop = store.subscribe(self._hear)

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._subscribers)

    def open(self, after: int | None, *, broker: bool, allowed: Callable[[], bool] = lambda: True) -> AsyncIterator[bytes]:
        """A stream of what comes behind a cursor; None means from now on.

        `allowed` is asked before each write: once it says no, the stream ends. It takes its place when it is first read.
        Raises ProblemError `resync` when those events are no longer kept, or are not this plane's; `rate_limited` when too
        many streams are open; `not_ready` once the plane stops.
        """
        if self._closed:
            raise ProblemError("not_ready", "The plane is stopping.")
        if len(self._subscribers) >= self._max_streams:
            raise ProblemError("rate_limited", "Too many event streams are open.")
        head = self._store.head()
        start = head if after is None else after
        if start > head:
            raise ProblemError("resync", "That cursor lies ahead of this plane's feed.", head=head)
        collections = BROKER_COLLECTIONS if broker else None
        self._store.events(start, 1, collections)
        return self._run(_Subscriber(broker=broker, most=self._stream_events), start, allowed)

    def close(self) -> None:
        """End every stream and take no new one."""
        self._closed = True
        self._stop()
        for subscriber in self._subscribers:
            subscriber.woken.set()

    def _hear(self, events: list[StoredEvent]) -> None:
        """One commit's events, on the loop's thread."""
        if not events or not self._subscribers:
            return
        cursor = events[-1].cursor
        whole: _Batch | None = None
        part: _Batch | None = None
        for subscriber in self._subscribers:
            if subscriber.broker:
                if part is None:
                    chosen = [event for event in events if event.collection in BROKER_COLLECTIONS]
                    part = _Batch(cursor, len(chosen), encode(chosen))
                subscriber.offer(part)
            else:
                whole = whole or _Batch(cursor, len(events), encode(events))
                subscriber.offer(whole)

    async def _run(self, subscriber: _Subscriber, start: int, allowed: Callable[[], bool]) -> AsyncIterator[bytes]:
        if self._closed or len(self._subscribers) >= self._max_streams:
            return
        self._subscribers.add(subscriber)
        try:
            cursor = start
            collections = BROKER_COLLECTIONS if subscriber.broker else None
            head = self._store.head()
            events = self._store.events(start, CATCH_UP, collections)
            while events and allowed():
                yield encode(events)
                cursor = events[-1].cursor
                if len(events) < CATCH_UP:
                    break
                head = self._store.head()
                events = self._store.events(cursor, CATCH_UP, collections)
            cursor = max(cursor, head)
            # Behind what was missed: whoever has heard the first tick has missed nothing.
            yield self._tick(cursor)
            ticked = self._now()
            while not self._closed and allowed():
                if subscriber.lagging:
                    yield self._resync(cursor)
                    return
                batches = [batch for batch in subscriber.take() if batch.cursor > cursor]
                if batches:
                    cursor = batches[-1].cursor
                    data = b"".join(batch.data for batch in batches)
                    if data:
                        yield data
                left = ticked + self._tick_seconds - self._now()
                if left <= 0:
                    ticked = self._now()
                    yield self._tick(cursor)
                elif not subscriber.woken.is_set():
                    await self._woken(subscriber, left)
        except ProblemError:
            yield self._resync(start)
        finally:
            self._subscribers.discard(subscriber)

    @staticmethod
    async def _woken(subscriber: _Subscriber, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await subscriber.woken.wait()
        except TimeoutError:
            return

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _tick(self, cursor: int) -> bytes:
        """The plane's time, and up to where this stream has told everything."""
        data = json.dumps({"cursor": cursor, "at": self._clock.now().isoformat()})
        return f"id: {cursor}\nevent: tick\ndata: {data}\n\n".encode()

    def _resync(self, cursor: int) -> bytes:
        data = json.dumps({"cursor": cursor, "code": "resync"})
        return f"event: resync\ndata: {data}\n\n".encode()
