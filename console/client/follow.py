"""Following a plane: who is here, the snapshot and the events, read without a model and without httpx.

What a console needs to be live, and nothing else: everything that it asks for later goes through the typed client. Lines are
split at line feeds only: JSON may hold U+2028, which other splitters take for the end of a line.
"""

import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from console.client.errors import ClientError, Garbled, Resync, Unreachable, refusal
from console.client.feed import Event, SnapshotHead, SnapshotRow, SnapshotValues, Tick, event_of, head_of, row_of, tick_of
from console.client.wire import Answer, get

if TYPE_CHECKING:
    from ssl import SSLContext

MAX_LINE_BYTES = 8 * 1024 * 1024
_MOST_ANSWER = 1024 * 1024
_CONNECT_SECONDS, _ANSWER_SECONDS, _SILENCE_SECONDS = 3.0, 15.0, 10.0
_V1 = "/authorization/v1"


@dataclass(frozen=True, slots=True)
class Who:
    """Who is signed in, as the plane sees it."""

    name: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    expires_at: datetime | None


class Follower:
    """Reads one plane's feed. `token` is asked for the credential each time it is needed, never earlier.

    Every method raises ClientError, as the typed client does.
    """

    def __init__(self, authorization_url: str, token: Callable[[], str], *, trust: "SSLContext | None" = None) -> None:
        self._url = authorization_url.rstrip("/") + _V1
        self._token = token
        self._trust = trust

    async def whoami(self) -> Who:
        """Who is signed in."""
        async with self._get("/whoami") as answer:
            body = await answer.whole(_MOST_ANSWER, _SILENCE_SECONDS)
        try:
            told = json.loads(body)
            roles, groups = tuple(map(str, told["roles"])), tuple(map(str, told["groups"]))
            ends = told.get("expires_at")
            return Who(str(told["name"]), roles, groups, None if ends is None else datetime.fromisoformat(ends))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise Garbled("The answer is not of the shape that this client knows.") from None

    async def audit_page(self, root_id: str, before: int | None, limit: int) -> bytes:
        """The newest audit records of a chain, or those before a seq, as the plane's own JSON."""
        beginning = "" if before is None else f"&next={before}"
        path = f"/audit?root_id={quote(root_id, safe='')}&newest=true&limit={limit}{beginning}"
        async with self._get(path) as answer:
            return await answer.whole(MAX_LINE_BYTES, _SILENCE_SECONDS)

    async def heads(self, limit: int) -> bytes:
        """The newest checkpoints of the audit log, as the plane's own JSON."""
        async with self._get(f"/audit/checkpoint?limit={limit}") as answer:
            return await answer.whole(MAX_LINE_BYTES, _SILENCE_SECONDS)

    async def events(self, after: int | None = None) -> AsyncIterator[Event | Tick]:
        """Events behind a cursor, without end; None means from now on. Ticks come between them. Never returns by itself."""
        resume = {} if after is None else {"Last-Event-ID": str(after)}
        async with self._get("/events", {"Accept": "text/event-stream", "Cache-Control": "no-store", **resume}) as answer:
            kind, data = "", b""
            async for line in lines(answer):
                if line.startswith(b"data:"):
                    data += (b"\n" if data else b"") + line[5:].removeprefix(b" ")
                    if len(data) > MAX_LINE_BYTES:
                        raise Garbled("An event of the stream is too long.")
                elif line.startswith(b"event:"):
                    kind = line[6:].strip().decode("ascii", "replace")
                elif not line:
                    if kind == "resync":
                        raise Resync("This stream was too far behind.")
                    if data:
                        yield tick_of(data) if kind == "tick" else event_of(data)
                    kind, data = "", b""
        raise Unreachable("The plane ended the stream.", unknown=False)

    async def snapshot(
        self, columns: Mapping[str, Sequence[str]] | None = None
    ) -> AsyncIterator[SnapshotHead | SnapshotRow | SnapshotValues]:
        """First the head with the cursor that everything is true at, then every row. Raises Garbled when rows are missing.

        Of the collections in `columns` only these values are asked for; a plane that does not know how tells whole rows.
        """
        head: SnapshotHead | None = None
        rows = most = 0
        asked = ",".join(f"{collection}.{path}" for collection, paths in (columns or {}).items() for path in paths)
        path = f"/snapshot?columns={quote(asked, safe=',.')}" if asked else "/snapshot"
        async with self._get(path, {"Accept": "application/x-ndjson"}) as answer:
            async for line in lines(answer):
                if not line:
                    continue
                if head is None:
                    head = head_of(line)
                    if any(list(told) != list((columns or {}).get(name, ())) for name, told in head.columns.items()):
                        raise Garbled("The snapshot has other columns than were asked for.")
                    most = sum(head.rows.values())
                    yield head
                else:
                    row = row_of(line)
                    rows += len(row.values) if isinstance(row, SnapshotValues) else 1
                    if rows > most:
                        raise Garbled("The snapshot has more rows than it said.")
                    yield row
        if head is None or rows != most:
            raise Garbled("The snapshot is not complete.")

    @asynccontextmanager
    async def _get(self, path: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[Answer]:
        sent = {"X-Request-ID": f"cl-{secrets.token_hex(8)}", "Accept": "application/json, application/problem+json"}
        sent |= {"Authorization": f"Bearer {self._token()}"} | dict(headers or {})
        async with get(self._url + path, sent, connect=_CONNECT_SECONDS, answer=_ANSWER_SECONDS, trust=self._trust) as answer:
            if answer.status != HTTPStatus.OK:
                raise _refused(answer.status, await answer.whole(_MOST_ANSWER, _SILENCE_SECONDS))
            yield answer


async def lines(answer: Answer) -> AsyncIterator[bytes]:
    """The lines of an answer without their ends. Raises Garbled for one that is longer than its bound."""
    rest = b""
    async for part in answer.parts(_SILENCE_SECONDS):
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
        if len(rest) > MAX_LINE_BYTES:
            raise Garbled("A line of the answer is too long.")
    if rest:
        yield rest


def _refused(status: int, body: bytes) -> ClientError:
    from pydantic import ValidationError  # noqa: PLC0415 (who is not refused loads no model)

    from console.model.problems import Problem  # noqa: PLC0415

    try:
        return refusal(Problem.model_validate_json(body))
    except ValidationError:
        return Garbled(f"The answer has status {status} and is no problem that this client knows.")
