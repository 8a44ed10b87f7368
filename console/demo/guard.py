"""The guard in front of a resource server: it proves each call at the broker, asks for a decision, and reports what was done.

Owns the order in which that happens. It holds an identity of its own and speaks the public APIs only. It fails closed:
without an introspection, a decision or a recorded report nothing is handed out.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from console.client import ClientError, LeaseholdClient, Refused
from console.model.base import Json
from console.model.decisions import DecideInput
from console.model.oauth import IntrospectionAnswer
from console.model.rights import matches
from console.model.scales import DataClass
from console.model.tasks import ObservationInput

TASK_HEADER: Final = "Leasehold-Task"
"""Carries the task token, which shows for which task the lease is used."""
MAX_TOKEN: Final = 8192
_KEPT: Final = 1024
_OBJECT: Final = TypeAdapter(dict[str, Json])


class Turned(Exception):
    """A call is refused. `status` and `code` are for machines, the sentence for people (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str, **facts: Json) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.facts = facts

    def response(self) -> Response:
        """As problem+json."""
        body = {"type": "about:blank", "title": "Refused", "status": self.status, "code": self.code, "detail": self.detail}
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if self.status == 401 else {}
        return JSONResponse(
            body | {"facts": self.facts}, status_code=self.status, headers=headers, media_type="application/problem+json"
        )


@dataclass(frozen=True, slots=True)
class Passage:
    """A call that may go on: under which lease and task, for whom, by which decision, with which obligations."""

    action: str
    resource: str
    rows: int
    lease_id: str
    task_id: str
    on_behalf_of: str
    decision_id: str | None
    obligations: tuple[str, ...]


class Guard:
    """Decides whether a call may go on, and reports what it read or sent."""

    def __init__(self, client: LeaseholdClient, cache_seconds: int, now: Callable[[], float] = time.monotonic) -> None:
        """`cache_seconds` is for how long an introspection is kept, at most; `now` counts seconds."""
        self._client = client
        self._cache_seconds = cache_seconds
        self._now = now
        self._kept: OrderedDict[bytes, tuple[float, IntrospectionAnswer]] = OrderedDict()

    async def admit(self, request: Request, action: str, resource: str, rows: int) -> Passage:
        """Let a call pass. Raises Turned."""
        credential, task_token = _presented(request)
        try:
            proof = await self._proof(credential)
            _check_scope(proof, action, resource, rows)
            answer = await self._client.decide(
                DecideInput(
                    agent=proof.client_id or "",
                    task_id=proof.task_id,
                    lease_id=proof.lease_id,
                    action=action,
                    resource=resource,
                    rows=rows,
                ),
                task_token=task_token,
            )
        except Refused as refused:
            raise Turned(403, refused.code, refused.problem.detail) from None
        except ClientError:
            raise Turned(503, "undecided", "The plane did not answer, so nothing was handed out.") from None
        context = answer.context
        if not answer.decision or context is None:
            code = "needs_approval" if context is not None and context.approval_id else "denied"
            policies: list[Json] = [reason.policy_id for reason in context.reasons] if context else []
            raise Turned(
                403,
                code,
                context.text if context else "The decision was deny.",
                decision_id=context.id if context else None,
                decision_code=context.code if context else None,
                approval_id=context.approval_id if context else None,
                policies=policies,
            )
        return Passage(
            action=action,
            resource=resource,
            rows=rows,
            lease_id=proof.lease_id or "",
            task_id=proof.task_id or "",
            on_behalf_of=proof.sub or "",
            decision_id=context.id,
            obligations=context.obligations,
        )

    async def report(
        self,
        passage: Passage,
        direction: Literal["read", "sent"],
        *,
        rows: int,
        size_bytes: int,
        data_class: DataClass | None = None,
    ) -> None:
        """Report what was read or sent, before it is handed out. Raises Turned where that could not be recorded."""
        seen = ObservationInput(
            direction=direction,
            resource=passage.resource,
            action=passage.action,
            lease_id=passage.lease_id,
            decision_id=passage.decision_id,
            data_class=data_class,
            rows=rows,
            size_bytes=size_bytes,
        )
        try:
            await self._client.report_observation(passage.task_id, seen)
        except ClientError:
            raise Turned(503, "unrecorded", "What was done could not be reported, so nothing was handed out.") from None

    async def _proof(self, credential: str) -> IntrospectionAnswer:
        digest = hashlib.sha256(credential.encode()).digest()
        until, kept = self._kept.get(digest, (0.0, None))
        if kept is not None and self._now() < until:
            return kept
        proof = await self._client.introspect_token(credential)
        if not proof.active or proof.client_id is None or proof.task_id is None or proof.lease_id is None:
            raise Turned(401, "lease_not_active", "The lease is not active, or not meant for this server.")
        seconds = min(self._cache_seconds, proof.cache_seconds or 0)
        if seconds:
            self._kept[digest] = (self._now() + seconds, proof)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return proof


def guarded(work: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A route whose refusals are told as problem+json."""

    async def route(request: Request) -> Response:
        try:
            return await work(request)
        except Turned as turned:
            return turned.response()

    return route


async def json_object(request: Request, limit: int = 65_536) -> dict[str, Json]:
    """The request's body. Raises Turned for anything but a JSON object within the limit, in bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Turned(413, "too_large", f"The body is larger than {limit} bytes.")
    try:
        found = _OBJECT.validate_json(bytes(body))
    except ValueError:
        raise Turned(400, "malformed", "The body is not a JSON object.") from None
    return found


def whole_number(request: Request, name: str, *, least: int, most: int, default: int) -> int:
    """A whole number of the query. Raises Turned when it is none, or out of bounds."""
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not least <= int(text) <= most:
        raise Turned(422, "invalid", f"{name} is a whole number from {least} to {most}.")
    return int(text)


def _presented(request: Request) -> tuple[str, str]:
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    task_token = request.headers.get(TASK_HEADER, "")
    if scheme.lower() != "bearer" or not credential or len(credential) > MAX_TOKEN:
        raise Turned(401, "no_lease", "Present a lease as: Authorization: Bearer <credential>.")
    if not task_token or len(task_token) > MAX_TOKEN:
        raise Turned(401, "no_task", f"Present the task token in {TASK_HEADER}.")
    return credential, task_token


def _check_scope(proof: IntrospectionAnswer, action: str, resource: str, rows: int) -> None:
    fits = any(
        any(matches(pattern, action) for pattern in right.actions)
        and any(matches(pattern, resource) for pattern in right.resources)
        for right in proof.authorization_details or ()
    )
    if not fits:
        raise Turned(403, "beyond_lease", f"The lease does not cover {action} on {resource}.")
    if proof.max_rows is not None and rows > proof.max_rows:
        raise Turned(403, "beyond_lease", f"The lease has {proof.max_rows} rows left.", max_rows=proof.max_rows)
