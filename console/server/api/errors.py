"""Errors as problem+json (RFC 9457). Owns how every failure looks on the wire: no trace, no secret, no echo of markup."""

import logging
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.model.machine import NotAnEdge
from console.model.problems import FieldError, Problem, ProblemError
from console.server.ports import Moved

log = logging.getLogger("leasehold.api")

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 32
MAX_TEXT = 400
_FIELD = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
_MARKUP = str.maketrans({"<": "(", ">": ")", "[": "(", "]": ")"})
_STATUS_CODES = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid",
}


def inert(text: str, most: int = MAX_TEXT) -> str:
    """A sentence without control and format characters, of bounded length."""
    return "".join(letter for letter in text[:most] if unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))


def field_name(location: Iterable[object]) -> str:
    """A field's path, such as `intent.purpose`. A name that the caller made up and that is no plain word becomes `?`."""
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] in ("body", "query", "path", "header"):
        parts = parts[1:]
    return ".".join(part if _FIELD.match(part) else "?" for part in parts[:8])


def field_errors(errors: Sequence[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """Validation errors by field, in words that repeat nothing of the input."""
    return tuple(
        FieldError(field=field_name(error.get("loc", ())), text=_sentence(error)) for error in list(errors)[:MAX_ERRORS]
    )


def _sentence(error: Mapping[str, Any]) -> str:
    if error.get("type") == "extra_forbidden":
        return "is not a field of this request"
    if error.get("type") in ("union_tag_invalid", "json_invalid"):
        return "cannot be read"
    return inert(str(error.get("msg", "is wrong")).removeprefix("Value error, ")).translate(_MARKUP)


def to_problem(error: Exception) -> ProblemError:
    """The problem that an exception is told as. What nobody foresaw becomes `internal` and is for the log alone."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, RequestValidationError | ValidationError):
        found = error.errors()
        if any(one.get("type") == "json_invalid" for one in found):
            return ProblemError("malformed", "The body is not JSON.", errors=field_errors(found))
        errors = field_errors(found)
        named = ", ".join(dict.fromkeys(one.field for one in errors if one.field)) or "the body"
        return ProblemError("invalid", f"These fields are wrong: {named}.", errors=errors)
    if isinstance(error, NotAnEdge):
        return ProblemError("not_an_edge", f"{str(error).capitalize()}.")
    if isinstance(error, Moved):
        return ProblemError("conflict", "It changed while the request was being worked on.")
    if isinstance(error, HTTPException):
        return ProblemError(_STATUS_CODES.get(HTTPStatus(error.status_code), "malformed"))
    return ProblemError("internal")


def problem_response(error: Exception, request_id: str) -> Response:
    """The response for an exception. An unforeseen one is logged with its request id; the caller never sees its trace."""
    problem = to_problem(error)
    if problem.code == "internal" and not isinstance(error, ProblemError):
        log.error("request %s failed", request_id, exc_info=error)
    return encode(problem.problem(request_id))


def encode(problem: Problem) -> Response:
    """A problem as a response; 401 and 429 carry the headers that HTTP wants with them."""
    safe = problem.model_copy(update={"detail": inert(problem.detail)})
    headers = {}
    if safe.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = f'Bearer error="{_bearer_error(safe.code)}"'
    if safe.status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = "1"
    return Response(safe.model_dump_json(), status_code=safe.status, media_type=MEDIA_TYPE, headers=headers)


def _bearer_error(code: str) -> str:
    return "invalid_request" if code == "not_signed_in" else "invalid_token"
