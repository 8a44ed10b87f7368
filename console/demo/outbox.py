"""The resource server `outbox`: it stands for the outside world and keeps what was sent, a file a message."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.demo.guard import Guard, Turned, guarded, json_object

CHANNELS: Final = frozenset({"customer", "partner", "press"})
MAX_TEXT: Final = 2_000_000


def outbox(guard: Guard, folder: Path) -> Starlette:
    """The application over a folder that exists."""
    return Starlette(routes=[Route("/mail/{channel}", guarded(_sending(guard, folder)), methods=["POST"])])


def _sending(guard: Guard, folder: Path) -> Callable[[Request], Any]:
    async def send(request: Request) -> Response:
        channel = str(request.path_params["channel"])
        if channel not in CHANNELS:
            raise Turned(404, "not_found", "There is no such channel.")
        body = await json_object(request, MAX_TEXT)
        to, subject, text = (body.get(field) for field in ("to", "subject", "text"))
        if not (isinstance(to, str) and 3 <= len(to) <= 320 and isinstance(subject, str) and isinstance(text, str)):
            raise Turned(422, "invalid", "A message has to, subject and text.")
        passage = await guard.admit(request, "mail.send", f"outbox/{channel}", 1)
        if channel == "customer" and to.partition("@")[0] != passage.on_behalf_of:
            # The lease says for whom it was issued: a reply to a customer reaches that customer and nobody else.
            raise Turned(403, "other_recipient", "The lease was issued on behalf of somebody else than this message is for.")
        message = json.dumps({"channel": channel, "to": to, "subject": subject[:500], "text": text})
        # Reported first, written after: nothing leaves that is not on the record.
        await guard.report(passage, "sent", rows=1, size_bytes=len(message))
        name = f"{passage.task_id}-{secrets.token_hex(4)}.json"
        waiting = folder / f".{name}"
        waiting.write_text(message)
        waiting.replace(folder / name)
        return JSONResponse({"sent": name, "count": 1}, status_code=201)

    return send
