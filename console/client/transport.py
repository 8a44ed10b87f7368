"""One request to the plane: its token, its ids, its timeout, its errors, and a line for the command log.

Owns the connection pool. The transport is a seam: tests hand in one that calls an application directly.
"""

import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from console.client.errors import ClientError, Garbled, Unreachable, refusal, why
from console.model.problems import Problem

T = TypeVar("T")
ApiName = Literal["authorization", "broker"]
Query = str | int | bool | None
Token = Callable[[], str]

STREAM_SILENCE_SECONDS = 10.0
"""How long an event stream may be silent; the plane ticks every two seconds."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One line of a command log. `status` is None when there was no answer."""

    method: str
    path: str
    request_id: str
    status: int | None
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds: for a connection, and for an answer."""

    connect: float = 3.0
    answer: float = 15.0


def new_key() -> str:
    """A fresh idempotency key."""
    return secrets.token_urlsafe(18)


class Transport:
    """Sends requests to both APIs. `tokens` gives the token for each when it is needed, never earlier."""

    def __init__(
        self,
        urls: Mapping[ApiName, str],
        tokens: Mapping[ApiName, Token],
        *,
        transport: httpx.AsyncBaseTransport | None,
        timeouts: Timeouts,
        on_sent: Callable[[Sent], None] | None,
    ) -> None:
        self._urls = {name: url.rstrip("/") for name, url in urls.items()}
        self._tokens = tokens
        self._timeouts = timeouts
        self._on_sent = on_sent
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(timeouts.answer, connect=timeouts.connect),
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(
        self,
        api: ApiName,
        method: str,
        path: str,
        *,
        body: BaseModel | Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        query: Mapping[str, Query] | None = None,
        key: str | None = None,
        if_match: int | None = None,
        open_to_all: bool = False,
    ) -> httpx.Response:
        """One request and its whole answer. Raises ClientError for anything but a 2xx."""
        headers = self._headers(api, open_to_all=open_to_all)
        if key is not None:
            headers["Idempotency-Key"] = key
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        content: bytes | None = None
        if isinstance(body, BaseModel):
            content = body.model_dump_json(exclude_unset=True).encode()
        elif body is not None:
            content = TypeAdapter(dict[str, Any]).dump_json(dict(body))
        if content is not None:
            headers["Content-Type"] = "application/json"
        request = self._http.build_request(
            method,
            self._urls[api] + path,
            params=_params(query),
            headers=headers,
            content=content,
            data=dict(form) if form is not None else None,
        )
        response = await self._exchange(request, path)
        if not response.is_success:
            raise problem_of(response)
        return response

    @asynccontextmanager
    async def stream(
        self, api: ApiName, path: str, *, query: Mapping[str, Query] | None = None, last_event_id: int | None = None
    ) -> AsyncIterator[httpx.Response]:
        """An answer that is read as it comes. Raises ClientError, also while it is being read."""
        headers = self._headers(api)
        headers["Accept"] = "text/event-stream, application/x-ndjson"
        headers["Cache-Control"] = "no-store"
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        timeout = httpx.Timeout(STREAM_SILENCE_SECONDS, connect=self._timeouts.connect)
        request = self._http.build_request(
            "GET", self._urls[api] + path, params=_params(query), headers=headers, timeout=timeout
        )
        response = await self._exchange(request, path, stream=True)
        try:
            if not response.is_success:
                await response.aread()
                raise problem_of(response)
            yield response
        except httpx.HTTPError as error:
            raise Unreachable(f"The stream was cut off: {why(error)}.", unknown=False) from None
        finally:
            await response.aclose()

    def _headers(self, api: ApiName, *, open_to_all: bool = False) -> dict[str, str]:
        headers = {"X-Request-ID": f"cl-{secrets.token_hex(8)}", "Accept": "application/json, application/problem+json"}
        if not open_to_all:
            headers["Authorization"] = f"Bearer {self._tokens[api]()}"
        return headers

    async def _exchange(self, request: httpx.Request, path: str, *, stream: bool = False) -> httpx.Response:
        started = time.perf_counter()
        status: int | None = None
        try:
            response = await self._http.send(request, stream=stream)
            status = response.status_code
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise Unreachable(f"The plane could not be reached: {why(error)}.", unknown=False) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            unknown = request.method != "GET"
            raise Unreachable(f"The plane did not answer: {why(error)}.", unknown=unknown) from None
        finally:
            if self._on_sent is not None:
                took = (time.perf_counter() - started) * 1000
                self._on_sent(Sent(request.method, path, request.headers["X-Request-ID"], status, took))
        return response


def problem_of(response: httpx.Response) -> ClientError:
    """The exception for an answer that is not a success."""
    try:
        return refusal(Problem.model_validate_json(response.content))
    except ValidationError:
        return Garbled(f"The answer has status {response.status_code} and is no problem that this client knows.")


def read(kind: Any, response: httpx.Response) -> Any:
    """The answer's body as a model or a type. Raises Garbled."""
    try:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind.model_validate_json(response.content)
        return TypeAdapter(kind).validate_json(response.content)
    except ValidationError:
        raise Garbled("The answer is not of the shape that this client knows.") from None


def _params(query: Mapping[str, Query] | None) -> dict[str, str] | None:
    if query is None:
        return None
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in query.items()
        if value is not None
    }
