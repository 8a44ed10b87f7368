"""The resource server `docs`: an HTTP service over the folder of documents (handbook, contracts, board, public)."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.demo.guard import Guard, Turned, guarded, json_object
from console.demo.papers import label_of, rows_in

MAX_TEXT: Final = 60_000
_NAME: Final = re.compile(r"(?:handbook|contracts|board|public)(?:/[a-z0-9][a-z0-9-]{0,60}){1,4}\.md")


def docs(guard: Guard, folder: Path) -> Starlette:
    """The application over a folder."""
    return Starlette(
        routes=[
            Route("/documents/{name:path}", guarded(_reading(guard, folder)), methods=["GET"]),
            Route("/documents/{name:path}", guarded(_writing(guard, folder)), methods=["PUT"]),
        ]
    )


def _reading(guard: Guard, folder: Path) -> Callable[[Request], Any]:
    async def read(request: Request) -> Response:
        name = _name(request)
        path = folder / name
        text = path.read_text(encoding="utf-8") if path.is_file() else None
        passage = await guard.admit(request, "documents.read", f"docs/{name}", rows_in(text or ""))
        if text is None:
            raise Turned(404, "not_found", "There is no such document.")
        await guard.report(passage, "read", rows=rows_in(text), size_bytes=len(text.encode()), data_class=label_of(text))
        return JSONResponse({"name": name, "text": text, "count": rows_in(text)})

    return read


def _writing(guard: Guard, folder: Path) -> Callable[[Request], Any]:
    async def write(request: Request) -> Response:
        name = _name(request)
        text = (await json_object(request)).get("text")
        if not isinstance(text, str) or not 1 <= len(text) <= MAX_TEXT:
            raise Turned(422, "invalid", f"text is 1 to {MAX_TEXT} characters.")
        await guard.admit(request, "documents.write", f"docs/{name}", 1)
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return JSONResponse({"name": name, "count": 1}, status_code=201)

    return write


def _name(request: Request) -> str:
    name = str(request.path_params["name"])
    if not _NAME.fullmatch(name):
        raise Turned(422, "invalid", "A document is named like handbook/figures.md.")
    return name
