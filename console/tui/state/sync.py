"""The thin shell that keeps the mirror true: the stream first, then the snapshot, then every event in order.

Owns the connection state and the only writes to the mirror. It tells a listener of batches, at most twenty-five a second.
"""

import asyncio
import gc
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any, Protocol

from console.client.feed import Event, SnapshotHead
from console.model.codes import ProblemError
from console.tui.state.connection import (
    OFFLINE_AFTER,
    Connection,
    Freshness,
    backoff,
    behind,
    caught_up,
    heard,
    lost,
    passed,
    with_plane_time,
)
from console.tui.state.mirror import Changes, Mirror, NeedsResync
from console.tui.state.plane import Plane

SLICE = 0.004
FLUSH_EVERY = 1 / 25
MOST_BEHIND = 20_000
LONGEST_BEHIND = 2.0
OPENING = 5.0

Listener = Callable[[Changes, Connection], None]


class Times(Protocol):
    """The clocks that the shell needs; handed in so that tests own time."""

    def monotonic(self) -> float: ...
    def wall(self) -> float: ...


class SystemTimes:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


class _Ended(Exception):
    """The stream has ended."""


class Synchronizer:
    """Keeps a mirror true to a plane until it is cancelled."""

    def __init__(
        self,
        plane: Plane,
        mirror: Mirror,
        listener: Listener,
        *,
        times: Times | None = None,
        chance: Callable[[], float] = random.random,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        slice_seconds: float = SLICE,
        most_behind: int = MOST_BEHIND,
    ) -> None:
        self.connection = Connection()
        self.snapshots = 0
        self._plane = plane
        self._mirror = mirror
        self._listener = listener
        self._times = times or SystemTimes()
        self._chance = chance
        self._pause = pause
        self._slice = slice_seconds
        self._most_behind = most_behind
        self._queue: deque[tuple[float, Any]] = deque()
        self._wake = asyncio.Event()
        self._stream_problem: BaseException | None = None
        self._overflow = False
        self._flushed_at = float("-inf")
        self._caught_from = float("-inf")
        self._resyncs = 0
        self._hurry = asyncio.Event()

    @property
    def plane_now(self) -> float:
        """The plane's clock as far as it is known, in seconds since the epoch: what countdowns count against."""
        return self._times.wall() + self.connection.offset

    def reconnect(self) -> None:
        """Give up waiting for the next attempt and make it now."""
        self._hurry.set()

    async def run(self) -> None:
        """Connect, follow, and connect again, for ever. Ends only by cancellation."""
        snapshot = True
        while True:
            try:
                await self._follow(snapshot=snapshot or not self._mirror.loaded)
            except (NeedsResync, ProblemError, _Ended, OSError, TimeoutError, ValueError) as error:
                snapshot = isinstance(error, NeedsResync) or (isinstance(error, ProblemError) and error.code == "resync")
                if snapshot:
                    self._resyncs += 1
                    self._set(behind(self.connection))
                else:
                    self._set(lost(self.connection, str(error) or "no answer in time"))
            if not snapshot or self._resyncs > 1:
                await self._wait(backoff(self.connection.failures + self._resyncs, self._chance()))

    async def _wait(self, seconds: float) -> None:
        """Wait for the next attempt, while time goes on making what is shown older."""
        self._hurry.clear()
        hurried = asyncio.create_task(self._hurry.wait())
        try:
            left = seconds
            while left > 0 and not hurried.done():
                step = min(left, 1.0)
                pausing = asyncio.ensure_future(self._pause(step))
                await asyncio.wait({hurried, pausing}, return_when=asyncio.FIRST_COMPLETED)
                pausing.cancel()
                left -= step
                self._set(passed(self.connection, self._times.monotonic()))
        finally:
            hurried.cancel()

    async def _follow(self, *, snapshot: bool) -> None:
        """One stream, from its opening to its end. Raises what ended it."""
        self._queue.clear()
        self._wake.clear()
        self._stream_problem = None
        self._overflow = False
        reader = asyncio.create_task(self._read(None if snapshot else self._mirror.cursor))
        try:
            await self._opened(reader)
            if snapshot:
                await self._take_snapshot()
            await self._reduce_all()
        finally:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader

    async def _read(self, after: int | None) -> None:
        try:
            async with aclosing(self._plane.events(after)) as stream:  # type: ignore[type-var]  # every real stream can be closed
                async for item in stream:
                    now = self._times.monotonic()
                    self.connection = heard(self.connection, now)
                    if len(self._queue) >= self._most_behind:
                        self._overflow = True
                        self._queue.clear()
                    self._queue.append((now, item))
                    self._wake.set()
            self._stream_problem = _Ended("the stream was closed")
        except Exception as problem:
            self._stream_problem = problem
        finally:
            self._wake.set()

    async def _opened(self, reader: "asyncio.Task[None]") -> None:
        """Wait until the stream speaks; a stream that says nothing is not open. Raises TimeoutError."""
        async with asyncio.timeout(OPENING):
            await self._wake.wait()
        if self._stream_problem is not None and not self._queue:
            raise self._stream_problem

    async def _take_snapshot(self) -> None:
        self.snapshots += 1
        loading = None
        yielded = self._times.monotonic()
        async with aclosing(self._plane.snapshot()) as lines:  # type: ignore[type-var]  # every real stream can be closed
            async for line in lines:
                if isinstance(line, SnapshotHead):
                    loading = self._mirror.begin(line)
                    self.connection = with_plane_time(self.connection, line.at.timestamp(), self._times.wall())
                elif loading is not None:
                    loading.add(line)
                if self._times.monotonic() - yielded > self._slice:
                    await asyncio.sleep(0)
                    yielded = self._times.monotonic()
        if loading is None:
            raise OSError("the snapshot had no head")
        self._mirror.finish(loading)
        # What waited for the snapshot is not a sign of being slow.
        self._caught_from = self._times.monotonic()
        # What a snapshot brings lives long; the collector need not look at it again with every key. Nor first: what it
        # replaces has no cycles.
        gc.freeze()

    async def _reduce_all(self) -> None:
        ticked = False
        while True:
            ticked = self._reduce_slice() or ticked
            if not self._queue:
                if self._stream_problem is not None:
                    self._flush()
                    raise self._stream_problem
                if ticked:
                    # A tick comes behind what was missed: once it is reached, nothing is.
                    ticked = False
                    self._resyncs = 0
                    self._set(caught_up(self.connection, self._times.monotonic()))
                else:
                    self._set(passed(self.connection, self._times.monotonic()))
            since = self._times.monotonic() - self._flushed_at
            if self._mirror.has_changes and since >= FLUSH_EVERY:
                self._flush()
            if self._queue:
                await asyncio.sleep(0)
                continue
            if self.connection.silent_for(self._times.monotonic()) >= OFFLINE_AFTER:
                raise TimeoutError("the plane has gone silent")
            self._wake.clear()
            wait = max(0.0, FLUSH_EVERY - since) if self._mirror.has_changes else 0.5
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    def _reduce_slice(self) -> bool:
        """Apply what has come, for at most one slice. Returns whether a tick was in it.

        Raises NeedsResync on a gap and when too much waits.
        """
        began = self._times.monotonic()
        if self._overflow or (self._queue and began - max(self._queue[0][0], self._caught_from) > LONGEST_BEHIND):
            self._set(behind(self.connection))
            raise NeedsResync(self._mirror.cursor + 1, -1)
        arrived, item, ticked = began, None, False
        while self._queue and self._times.monotonic() - began <= self._slice:
            arrived, item = self._queue.popleft()
            if isinstance(item, Event):
                self._mirror.apply(item)
            else:
                ticked = True
        if item is not None and item.at is not None:
            ours = self._times.wall() - (self._times.monotonic() - arrived)
            self.connection = with_plane_time(self.connection, item.at.timestamp(), ours)
        return ticked

    def _flush(self) -> None:
        self._flushed_at = self._times.monotonic()
        self._listener(self._mirror.take_changes(), self.connection)

    def _set(self, connection: Connection) -> None:
        """Take a new connection state over; the listener hears at once when it is another one."""
        told = (connection.state, connection.problem) != (self.connection.state, self.connection.problem)
        self.connection = connection
        if told:
            self._flush()


__all__ = ["Connection", "Freshness", "Listener", "Synchronizer", "SystemTimes", "Times"]
