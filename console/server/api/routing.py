"""How an entry becomes a route: most through FastAPI, the hot ones as plain ASGI beside it. Both run the same pipeline."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from console.server.api.entries import Entry
from console.server.api.pipeline import Call, Pipeline, fault


def call_of(request: Request) -> Call:
    """The admitted call of a request."""
    call: Call = request.state.call
    return call


CallOf = Annotated[Call, Depends(call_of)]
"""What an endpoint takes to know who calls and what serves."""


def target_of(scope: Scope) -> str:
    """The path of a request with its query."""
    return f"{scope['path']}?{scope.get('query_string', b'').decode('latin-1')}"


def source_of(scope: Scope) -> str:
    """The address that a request came from: what rejections are recorded under."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def route_class(entry: Entry) -> type[APIRoute]:
    """A FastAPI route that runs one entry through the pipeline before its body is parsed."""

    class Governed(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def governed(request: Request) -> Response:
                pipeline: Pipeline = request.app.state.pipeline
                request_id: str = request.state.request_id
                request.state.entry = entry
                try:
                    call = await pipeline.admit(entry, request.headers, request_id, source_of(request.scope))
                    body = await pipeline.body(entry, request.headers, request.receive)
                    request.state.call = call
                    replayed = Request(request.scope, _again(body, request.receive))
                    target = target_of(request.scope)
                    return await pipeline.run(entry, call, request.headers, target, body, lambda: handle(replayed))
                except Exception as error:
                    return fault(entry, error, request_id)

            return governed

    return Governed


class HotRoute:
    """A hot route as plain ASGI: no dependency injection, the body straight from bytes into its model."""

    def __init__(self, entry: Entry, pipeline: Pipeline) -> None:
        self._entry = entry
        self._pipeline = pipeline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        entry, pipeline = self._entry, self._pipeline
        headers = Headers(scope=scope)
        request_id: str = scope["state"]["request_id"]
        scope["state"]["entry"] = entry
        try:
            call = await pipeline.admit(entry, headers, request_id, source_of(scope))
            body = await pipeline.body(entry, headers, receive)

            async def work() -> Response:
                asked = body if entry.form else entry.accepts.model_validate_json(body)
                response: Response = await entry.endpoint(call, asked)
                return response

            response = await pipeline.run(entry, call, headers, target_of(scope), body, work)
        except Exception as error:
            response = fault(entry, error, request_id)
        await response(scope, receive, send)


def _again(body: bytes, receive: Receive) -> Receive:
    """A receive that gives a body that was read already, and then whatever comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
