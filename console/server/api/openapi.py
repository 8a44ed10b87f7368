"""The OpenAPI 3.1 document: FastAPI's, out of the models, with what the hot routes and the pipeline add to it."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from console.model.problems import Problem
from console.server.api.entries import Entry
from console.server.identity.access import TABLE, Act

TITLE = "Leasehold"
VERSION = "1"
_REF = "#/components/schemas/{model}"
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Under one key a request is done at most once; a repetition gets the first answer.",
    "schema": {"type": "string", "maxLength": 255},
}


def document(application: FastAPI, entries: Sequence[Entry]) -> dict[str, Any]:
    """The whole document. Every route names who may call it, and every error is a problem."""
    made = get_openapi(
        title=TITLE,
        version=VERSION,
        openapi_version="3.1.0",
        summary="The authorization API and the broker API of Leasehold.",
        routes=application.routes,
    )
    schemas: dict[str, Any] = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    made["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An operator's token, or a SPIFFE JWT-SVID for this API."}
    }
    problem = {"application/problem+json": {"schema": _schema(Problem, schemas)}}
    for entry in entries:
        path = made["paths"].setdefault(entry.path, {})
        if entry.hot:
            path[entry.method.lower()] = _hot(entry, schemas)
        operation = path[entry.method.lower()]
        operation["responses"].pop("422", None)
        operation["responses"]["default"] = {"description": "A problem (RFC 9457).", "content": problem}
        _govern(operation, entry)
    return made


def _govern(operation: dict[str, Any], entry: Entry) -> None:
    operation["summary"] = entry.name.replace("_", " ").capitalize()
    operation["description"] = (entry.endpoint.__doc__ or "").strip()
    if entry.act is None or TABLE[entry.act].anyone:
        operation["security"] = []
        return
    operation["security"] = [{"bearer": []}]
    operation["x-act"] = entry.act.name.lower()
    operation["x-who"] = _who(entry.act)
    if entry.changes:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY)


def _who(act: Act) -> Mapping[str, list[str]]:
    rule = TABLE[act]
    return {"roles": sorted(role.value for role in rule.roles), "workloads": sorted(kind.value for kind in rule.kinds)}


def _hot(entry: Entry, schemas: dict[str, Any]) -> dict[str, Any]:
    """The operation of a route that FastAPI does not serve."""
    media_type = "application/x-www-form-urlencoded" if entry.form else "application/json"
    response: dict[str, Any] = {"description": "Successful Response"}
    if entry.answers is not None:
        response["content"] = {"application/json": {"schema": _schema(entry.answers, schemas)}}
    return {
        "tags": [entry.tag],
        "operationId": entry.name,
        "requestBody": {"required": True, "content": {media_type: {"schema": _schema(entry.accepts, schemas)}}},
        "responses": {str(entry.status): response},
    }


def _schema(model: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """A reference to a model's schema, which joins the document's with everything that it names."""
    made = TypeAdapter(model).json_schema(ref_template=_REF, mode="validation")
    for name, part in made.pop("$defs", {}).items():
        schemas.setdefault(name, part)
    name = model.__name__
    schemas.setdefault(name, made)
    return {"$ref": _REF.format(model=name)}
