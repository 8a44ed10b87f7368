"""What every request goes through: who calls, may they, how large is it, was it asked before. The same for every route.

Owns the requests that are being worked on under an idempotency key. Everything else of a key is the store's.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive

from console.model.actors import Actor
from console.model.oauth import OAuthError
from console.model.problems import FieldError, ProblemError
from console.server.api.bounds import check_depth
from console.server.api.entries import Entry
from console.server.api.errors import MEDIA_TYPE, problem_response, to_problem
from console.server.api.feed import Feed
from console.server.api.metrics import Metrics
from console.server.api.places import Places
from console.server.api.services import Services
from console.server.api.settings import ApiSettings
from console.server.identity.access import Act, require
from console.server.identity.callers import Caller
from console.server.ports import Answered, Once, Repeated, once

log = logging.getLogger("leasehold.api")

_KEY = re.compile(r"^[\x21-\x7e]{1,255}$")
_BODY_SECONDS = 15.0
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One admitted request: who makes it, and under which id. `who` is None on the routes that are open to anybody."""

    who: Caller | None
    request_id: str
    if_match: str | None
    services: Services
    settings: ApiSettings
    feed: Feed
    metrics: Metrics
    snapshots: Places
    still: Callable[[], bool]
    """Whether the caller's credential is good for this act even now: for answers that go on for long."""

    @property
    def caller(self) -> Caller:
        """Who calls. Raises ProblemError `not_signed_in` on a route that is open to anybody."""
        if self.who is None:
            raise ProblemError("not_signed_in")
        return self.who


class Pipeline:
    """Runs requests. One for the whole application."""

    def __init__(self, services: Services, settings: ApiSettings) -> None:
        self.services = services
        self.settings = settings
        self.metrics = Metrics()
        self.feed = Feed(
            services.store,
            services.clock,
            stream_events=settings.stream_events,
            max_streams=settings.max_streams,
            tick_seconds=settings.tick_seconds,
        )
        self.snapshots = Places(settings.max_snapshots, "Too many snapshots are being read.")
        self._running: set[tuple[str, str]] = set()

    async def admit(self, entry: Entry, headers: Headers, request_id: str, source: str) -> Call:
        """Prove who calls and that they may. Raises ProblemError; nothing of the body has been read by then."""
        who: Caller | None = None
        if entry.act is not None and entry.act is not Act.PUBLIC:
            who = await self._prove(entry, headers, source)
            require(who, entry.act)
        return Call(
            who,
            request_id,
            headers.get("if-match"),
            self.services,
            self.settings,
            self.feed,
            self.metrics,
            self.snapshots,
            still=lambda: self._still(entry, headers),
        )

    def _still(self, entry: Entry, headers: Headers) -> bool:
        services = self.services
        try:
            who = services.authenticator.identify(
                headers.get("authorization"), services.audiences[entry.api], services.clock.now()
            )
            require(who, entry.act or Act.PUBLIC)
        except ProblemError:
            return False
        return True

    async def _prove(self, entry: Entry, headers: Headers, source: str) -> Caller:
        """Who calls, by a credential for the API of this route. An agent's call is noted, if that can be recorded."""
        services = self.services
        audience = services.audiences[entry.api]
        who = await services.authenticator.authenticate(
            headers.get("authorization"), audience, services.clock.now(), source=source
        )
        if who.agent is not None:
            with suppress(ProblemError):
                await services.registry.seen(who.agent)
        return who

    async def body(self, entry: Entry, headers: Headers, receive: Receive) -> bytes:
        """The whole body, within the bounds of its route.

        Raises ProblemError `too_large`, or `malformed` for another media type, too deep a nesting or a body that does not come.
        """
        if entry.method == "GET":
            return b""
        limit = self.settings.max_bundle_bytes if entry.large else self.settings.max_body_bytes
        declared = headers.get("content-length", "0")
        if not declared.isascii() or not declared.isdigit():
            raise ProblemError("malformed", "The Content-Length is not a number.")
        if len(declared) > 15 or int(declared) > limit:
            raise _too_large(limit)
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _read(receive, limit)
        except TimeoutError:
            raise ProblemError("malformed", "The body did not come in time.") from None
        if body:
            _check_media_type(entry, headers)
        if not entry.form:
            check_depth(body, self.settings.max_depth)
        return body

    async def run(
        self,
        entry: Entry,
        call: Call,
        headers: Headers,
        target: str,
        body: bytes,
        work: Callable[[], Awaitable[Response]],
    ) -> Response:
        """Do the work, at most once under its idempotency key. `target` is the path with its query.

        Repeatable work that was begun under the key, and never answered, is gone on with.
        """
        key = headers.get("idempotency-key")
        if key is None or not entry.changes or call.who is None:
            return await self._answer(entry, call, work)
        if not _KEY.match(key):
            raise ProblemError(
                "invalid",
                "The Idempotency-Key is out of shape.",
                errors=(FieldError(field="Idempotency-Key", text="1 to 255 printable characters without spaces"),),
            )
        owner = owner_of(call.who.actor)
        request = hashlib.sha256(f"{entry.method} {target}\n".encode() + body).hexdigest()
        if (owner, key) in self._running:
            raise ProblemError("in_progress")
        answered = self.services.store.answered(owner, key)
        resumed = answered is not None and entry.repeatable and answered.request == request and answered.status is None
        if answered is not None and not resumed:
            return replay(entry, answered, request)
        self._running.add((owner, key))
        guard = Once(owner=owner, key=key, request=request, used=resumed)
        token = once.set(None if resumed else guard)
        try:
            response = await self._answer(entry, call, work)
        except Repeated as repeated:
            return replay(entry, repeated.answered, request)
        finally:
            once.reset(token)
            self._running.discard((owner, key))
        if guard.used and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and not _is_secret(entry, response):
            try:
                await self.services.store.answer(owner, key, response.status_code, bytes(response.body).decode())
            except ProblemError as problem:
                # What was done is done, and its caller must hear so; only a repetition will not hear it again.
                log.warning("request %s: its answer could not be kept: %s", call.request_id, problem.code)
        return response

    async def _answer(self, entry: Entry, call: Call, work: Callable[[], Awaitable[Response]]) -> Response:
        """The work's response, or the problem that came of it."""
        try:
            return await work()
        except (Repeated, ClientDisconnect):
            raise
        except Exception as error:
            return fault(entry, error, call.request_id)


def fault(entry: Entry | None, error: Exception, request_id: str) -> Response:
    """The response for an error. AuthZEN says 400 where our own routes say 422 (AuthZEN 1.0, section 10.1.3)."""
    if isinstance(error, OAuthError):
        return Response(error.fault().model_dump_json(), status_code=error.status, media_type=_JSON)
    problem = to_problem(error)
    if entry is not None and entry.tag == "authzen" and problem.code == "invalid":
        return problem_response(ProblemError("malformed", problem.detail, errors=problem.errors), request_id)
    return problem_response(error, request_id)


def owner_of(actor: Actor) -> str:
    """Whose idempotency keys these are."""
    return f"{actor.kind}:{actor.id}"


def replay(entry: Entry, answered: Answered, request: str) -> Response:
    """The answer that was given before.

    Raises ProblemError `idempotency_mismatch`, `secret_already_returned` or, where the work was committed and its answer
    never kept, `conflict` with what was committed.
    """
    if answered.request != request:
        raise ProblemError("idempotency_mismatch")
    if answered.status is None or answered.body is None:
        if entry.secret:
            step = "" if answered.collection == "leases" else "Look at what was made, end it, and ask anew under another key."
            raise ProblemError("secret_already_returned", next_step=step, collection=answered.collection, id=answered.id)
        raise ProblemError(
            "conflict",
            "This was done already, and its answer is no longer known.",
            next_step="Look at what is named here.",
            collection=answered.collection,
            id=answered.id,
        )
    media_type = _JSON if answered.status < HTTPStatus.BAD_REQUEST else MEDIA_TYPE
    return Response(answered.body, status_code=answered.status, media_type=media_type, headers={"Idempotency-Replayed": "true"})


def _is_secret(entry: Entry, response: Response) -> bool:
    return entry.secret and response.status_code < HTTPStatus.BAD_REQUEST


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large(limit: int) -> ProblemError:
    return ProblemError("too_large", f"The body is larger than {limit} bytes.", limit=limit)


def _check_media_type(entry: Entry, headers: Headers) -> None:
    sent = headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = "application/x-www-form-urlencoded" if entry.form else _JSON
    if sent != wanted and not (wanted == _JSON and sent.endswith("+json") and sent.startswith("application/")):
        raise ProblemError("malformed", f"The body must be {wanted}.", next_step=f"Send Content-Type: {wanted}.")
