"""The application: every route of both APIs, the gate before them, and the OpenAPI 3.1 document out of the models.

FastAPI serves the breadth; the hot routes are plain ASGI and are found before it is asked. Both stand in the document.
"""

import json
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from console.server.api.bounds import check_headers, request_id
from console.server.api.entries import Entry, Routes
from console.server.api.errors import problem_response
from console.server.api.openapi import TITLE, VERSION, document
from console.server.api.pipeline import Pipeline
from console.server.api.routes.agents import agents
from console.server.api.routes.authzen import authzen
from console.server.api.routes.feeds import broker_feeds, feeds
from console.server.api.routes.health import health
from console.server.api.routes.leases import leases, tokens
from console.server.api.routes.notices import notices
from console.server.api.routes.people import people
from console.server.api.routes.policies import bundles
from console.server.api.routes.record import audit, frameworks
from console.server.api.routes.reviews import approvals, decisions, grants
from console.server.api.routes.tasks import tasks
from console.server.api.routing import HotRoute, route_class
from console.server.api.services import Services
from console.server.api.settings import ApiSettings

PLACES: tuple[Routes, ...] = (
    authzen,
    agents,
    tasks,
    approvals,
    grants,
    decisions,
    bundles,
    audit,
    frameworks,
    people,
    notices,
    feeds,
    leases,
    tokens,
    broker_feeds,
    health,
)
ENTRIES: tuple[Entry, ...] = tuple(entry for place in PLACES for entry in place.entries)
"""Every route of both APIs, each with its act."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class Api:
    """Both APIs as one ASGI application. `close_streams` ends the open event streams, so that a server can stop."""

    def __init__(self, services: Services, settings: ApiSettings) -> None:
        self.entries = ENTRIES
        self.pipeline = Pipeline(services, settings)
        hot = [entry for entry in ENTRIES if entry.hot]
        self._hot: dict[tuple[str, str], HotRoute] = {(one.method, one.path): HotRoute(one, self.pipeline) for one in hot}
        self.fastapi = _mount(self.pipeline, self._hot)
        self.fastapi.state.document = json.dumps(self.openapi())

    def close_streams(self) -> None:
        """End every event stream and take no new one."""
        self.pipeline.feed.close()

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return document(self.fastapi, ENTRIES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's event: the gate before every route."""
        if scope["type"] != "http":
            await self.fastapi(scope, receive, send)
            return
        headers = Headers(scope=scope)
        sent_id = headers.get("x-request-id")
        identity = request_id(sent_id.encode("latin-1") if sent_id else None)
        state = scope.setdefault("state", {})
        state["request_id"] = identity
        state.pop("entry", None)
        started = time.perf_counter()
        status = 0

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(raw=message["headers"]), identity)
            await send(message)

        try:
            await self._route(scope, receive, guarded, identity)
        except ClientDisconnect:
            return
        except Exception as error:
            response = problem_response(error, identity)
            if status == 0:
                await response(scope, receive, guarded)
        finally:
            entry: Entry | None = state.get("entry")
            route = entry.path if entry is not None else "other"
            method = entry.method if entry is not None else "other"
            self.pipeline.metrics.note(method, route, status, time.perf_counter() - started)

    async def _route(self, scope: Scope, receive: Receive, send: Send, identity: str) -> None:
        settings = self.pipeline.settings
        try:
            check_headers(
                scope["headers"],
                scope.get("query_string", b""),
                max_headers=settings.max_header_bytes,
                max_query=settings.max_query_bytes,
            )
        except Exception as error:
            await problem_response(error, identity)(scope, receive, send)
            return
        hot = self._hot.get((scope["method"], scope["path"]))
        await (hot if hot is not None else self.fastapi)(scope, receive, send)


def _mount(pipeline: Pipeline, hot: Mapping[tuple[str, str], HotRoute]) -> FastAPI:
    """FastAPI with every entry as a route. Its own documentation pages are off: they load scripts from elsewhere."""
    application = FastAPI(title=TITLE, version=VERSION, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    application.state.pipeline = pipeline
    for entry in ENTRIES:
        if entry.hot:
            served = hot[(entry.method, entry.path)]
            application.router.routes.append(Route(entry.path, served, methods=[entry.method], name=entry.name))
            continue
        application.router.add_api_route(
            entry.path,
            entry.endpoint,
            methods=[entry.method],
            response_model=entry.answers,
            status_code=entry.status,
            tags=[entry.tag],
            name=entry.name,
            operation_id=entry.name,
            route_class_override=route_class(entry),
        )
    application.add_exception_handler(HTTPException, _told)
    return application


async def _told(request: Request, error: Exception) -> Response:
    """What the router itself refuses: an address that is not known, or a method that it does not take."""
    headers = getattr(error, "headers", None) or {}
    response = problem_response(error, request.state.request_id)
    response.headers.update(headers)
    return response


def _add_headers(headers: MutableHeaders, identity: str) -> None:
    headers["X-Request-ID"] = identity
    headers["Date"] = formatdate(usegmt=True)
    for name, value in _HEADERS.items():
        headers[name] = value
