"""Whether the plane is ready is asked of its store; snapshots have places, which are given back however they end."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.types import Message

from console.model.problems import ProblemError
from console.server.api.places import Places
from tests.server.api.plane import Plane


async def test_a_plane_whose_store_cannot_be_read_is_not_ready(plane: Plane) -> None:
    assert (await plane.call(None, "GET", "/readyz")).json() == {"status": "ok"}
    await plane.services.store.close()
    answer = await plane.call(None, "GET", "/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert (await plane.call(None, "GET", "/healthz")).status_code == 200


def test_there_are_so_many_places_and_no_more() -> None:
    places = Places(2, "Too many.")
    places.take()
    places.take()
    with pytest.raises(ProblemError) as full:
        places.take()
    assert (full.value.code, full.value.detail) == ("rate_limited", "Too many.")
    places.give_back()
    places.take()


class Reader:
    """A caller that takes nothing of its snapshot until it is let, and may go away instead."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._taking = asyncio.Event()
        self._gone = False
        self.began = asyncio.Event()
        self.status = 0

    async def read(self) -> None:
        """Ask for a snapshot as `vera`."""
        headers = httpx.Headers(self._plane.headers("vera")).raw
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/authorization/v1/snapshot",
            "raw_path": b"/authorization/v1/snapshot",
            "root_path": "",
            "query_string": b"",
            "headers": [(name.lower(), value) for name, value in headers],
            "client": ("127.0.0.1", 1),
            "server": ("plane.test", 80),
        }
        await self._plane.api(scope, self._receive, self._send)

    def take(self, *, gone: bool = False) -> None:
        """Take the rest of it, or go away."""
        self._gone = gone
        self._taking.set()

    async def _receive(self) -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.began.set()
        await self._taking.wait()
        if self._gone:
            raise OSError("the caller has gone")


@pytest.mark.parametrize("gone", [False, True], ids=["taken", "gone"])
async def test_a_snapshot_beyond_the_places_waits_its_turn(plane: Plane, gone: bool) -> None:
    places = plane.api.pipeline.settings.max_snapshots
    readers = [Reader(plane) for _ in range(places)]
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for reader in readers:
            group.create_task(reader.read())
        for reader in readers:
            await reader.began.wait()
        refused = await plane.call("vera", "GET", "/authorization/v1/snapshot")
        for reader in readers:
            reader.take(gone=gone)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert "retry-after" in refused.headers
    assert [reader.status for reader in readers] == [200] * places
    assert plane.api.pipeline.snapshots.taken == 0
    assert (await plane.call("vera", "GET", "/authorization/v1/snapshot")).status_code == 200
    unknown = await plane.call("vera", "GET", "/authorization/v1/snapshot?collections=nothing")
    assert (unknown.status_code, plane.api.pipeline.snapshots.taken) == (422, 0)
