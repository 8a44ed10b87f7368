"""Routes of operators, and of who one is."""

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from console.model.base import Name
from console.model.events import Page
from console.model.operators import Operator, OperatorEnrolled, OperatorInput, OperatorRenewal, Whoami
from console.server.api.answers import ListQuery, page, tell
from console.server.api.entries import Routes
from console.server.api.routing import CallOf
from console.server.identity.access import Act

people = Routes("authorization", "operators")
OperatorName = Annotated[Name, Path()]


class OperatorsQuery(ListQuery):
    """Which operators to list."""

    removed: bool | None = None


@people.get("/authorization/v1/whoami", Act.WHOAMI, Whoami)
async def show_whoami(call: CallOf) -> Response:
    """Who the caller is, as the plane sees it."""
    caller = call.caller
    operator = caller.operator
    return tell(
        Whoami(
            kind=caller.kind.value,
            name=caller.actor.name,
            roles=operator.roles if operator is not None else (),
            groups=operator.groups if operator is not None else (),
            expires_at=caller.expires_at,
            environment=call.settings.environment,
            plane=call.settings.plane,
            now=call.services.clock.now(),
        )
    )


@people.get("/authorization/v1/operators", Act.READ, Page)
async def list_operators(call: CallOf, query: Annotated[OperatorsQuery, Query()]) -> Response:
    """The operators, enrolled and removed."""
    return page(call, Operator, query)


@people.post("/authorization/v1/operators", Act.ENROL_OPERATOR, OperatorEnrolled, status=201, secret=True)
async def enrol_operator(call: CallOf, asked: OperatorInput) -> Response:
    """Enrol an operator; the token is returned here, once."""
    return tell(await call.services.operators.enrol(asked, call.caller.actor), status=201)


@people.post("/authorization/v1/operators/{name}/renew", Act.ENROL_OPERATOR, OperatorEnrolled, secret=True)
async def renew_operator(call: CallOf, name: OperatorName, asked: OperatorRenewal) -> Response:
    """Give an operator a new token; the old one ends at once."""
    return tell(await call.services.operators.renew(name, asked.token_seconds, call.caller.actor))


@people.post("/authorization/v1/operators/{name}/remove", Act.REMOVE_OPERATOR, Operator)
async def remove_operator(call: CallOf, name: OperatorName) -> Response:
    """Remove an operator; the token ends with it."""
    return tell(await call.services.operators.remove(name, call.caller.actor))
