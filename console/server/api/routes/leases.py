"""Routes of the broker: leases, issuers, and the standards by which tokens are asked about, given back and exchanged."""

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from console.model.base import Identifier, Name
from console.model.events import Page
from console.model.leases import (
    Issuers,
    Lease,
    LeaseInput,
    LeaseIssued,
    LeaseState,
    RenewInput,
    RevocationResult,
    RevokeInput,
    RevokeManyInput,
)
from console.model.oauth import (
    INACTIVE,
    ExchangeAnswer,
    ExchangeInput,
    IntrospectionAnswer,
    IntrospectionInput,
    TokenRevocationInput,
)
from console.server.api.answers import ListQuery, check_match, check_own, form, known, page, tell
from console.server.api.entries import Routes
from console.server.api.pipeline import Call
from console.server.api.routes.tasks import agent_of
from console.server.api.routing import CallOf
from console.server.broker.status import issuer_statuses
from console.server.identity.access import Act

leases = Routes("broker", "leases")
tokens = Routes("broker", "tokens")
LeaseId = Annotated[Identifier, Path()]


class LeasesQuery(ListQuery):
    """Which leases to list."""

    agent_id: Identifier | None = None
    task_id: Identifier | None = None
    root_task_id: Identifier | None = None
    state: LeaseState | None = None
    issuer: Name | None = None
    decision_id: Identifier | None = None


@leases.post("/broker/v1/leases", Act.ISSUE_LEASE, LeaseIssued, status=201, secret=True, hot=True, accepts=LeaseInput)
async def issue_lease(call: Call, asked: LeaseInput) -> Response:
    """Decide on a lease and issue it; the credential is returned here, once."""
    return tell(await call.services.leases.issue(agent_of(call), asked, call.caller.actor), status=201)


@leases.get("/broker/v1/leases", Act.READ, Page)
async def list_leases(call: CallOf, query: Annotated[LeasesQuery, Query()]) -> Response:
    """Leases, live and ended."""
    return page(call, Lease, query)


@leases.post("/broker/v1/leases/revoke", Act.REVOKE_LEASES, RevocationResult, repeatable=True)
async def revoke_leases(call: CallOf, asked: RevokeManyInput) -> Response:
    """Revoke leases by id, task, subtree, agent, issuer, or all."""
    return tell(await call.services.leases.revoke_many(asked, call.caller.actor))


@leases.get("/broker/v1/leases/{lease_id}", Act.READ_LEASE, Lease)
async def show_lease(call: CallOf, lease_id: LeaseId) -> Response:
    """One lease; an agent sees its own."""
    lease = known(call, Lease, lease_id)
    check_own(call, Act.READ_LEASE, lease.agent_id)
    return tell(lease)


@leases.post("/broker/v1/leases/{lease_id}/renew", Act.RENEW_LEASE, LeaseIssued, secret=True)
async def renew_lease(call: CallOf, lease_id: LeaseId, asked: RenewInput) -> Response:
    """Let one's own lease live longer; the credential that replaces the one before is returned here, once."""
    return tell(await call.services.leases.renew(agent_of(call), lease_id, asked, call.caller.actor))


@leases.post("/broker/v1/leases/{lease_id}/revoke", Act.REVOKE_LEASE, Lease)
async def revoke_lease(call: CallOf, lease_id: LeaseId, asked: RevokeInput) -> Response:
    """Revoke one lease; an agent its own."""
    lease = known(call, Lease, lease_id)
    check_own(call, Act.REVOKE_LEASE, lease.agent_id)
    check_match(call, lease)
    return tell(await call.services.leases.revoke(lease_id, asked.reason, call.caller.actor, call.caller.agent))


@leases.post("/broker/v1/leases/{lease_id}/retry", Act.RETRY_REVOCATION, Lease)
async def retry_revocation(call: CallOf, lease_id: LeaseId) -> Response:
    """Ask the issuer again to revoke a lease that is stuck."""
    return tell(await call.services.revocations.retry(lease_id, call.caller.actor))


@leases.post("/broker/v1/leases/{lease_id}/abandon", Act.ABANDON, Lease)
async def abandon_lease(call: CallOf, lease_id: LeaseId, asked: RevokeInput) -> Response:
    """Stop tracking a lease that could not be revoked; access may live on."""
    check_match(call, known(call, Lease, lease_id))
    return tell(await call.services.revocations.abandon(lease_id, call.caller.actor, asked.reason))


@leases.get("/broker/v1/issuers", Act.READ, Issuers)
async def list_issuers(call: CallOf) -> Response:
    """The issuers: health, revocability, and what waits to be revoked."""
    return tell(Issuers(items=tuple(await issuer_statuses(call.services.store, call.services.issuers))))


@tokens.post(
    "/broker/v1/introspect",
    Act.INTROSPECT,
    IntrospectionAnswer,
    changes=False,
    form=True,
    hot=True,
    accepts=IntrospectionInput,
)
async def introspect_token(call: Call, body: bytes) -> Response:
    """What a resource server may know of a token (RFC 7662). Anything but a live token that is meant for it is inactive."""
    asked = form(IntrospectionInput, body)
    audience = call.caller.audience
    answer = INACTIVE if audience is None else await call.services.introspection.introspect(asked.token, audience)
    return tell(answer, sparse=True)


@tokens.post("/broker/v1/revoke", Act.GIVE_BACK_TOKEN, changes=False, form=True, hot=True, accepts=TokenRevocationInput)
async def give_back_token(call: Call, body: bytes) -> Response:
    """Give one's own token back (RFC 7009). A token that means nothing is no error."""
    asked = form(TokenRevocationInput, body)
    await call.services.introspection.give_back(asked.token, agent_of(call), call.caller.actor)
    return Response(status_code=200)


@tokens.post("/broker/v1/token", Act.EXCHANGE_TOKEN, ExchangeAnswer, secret=True, form=True, hot=True, accepts=ExchangeInput)
async def exchange_token(call: Call, body: bytes) -> Response:
    """Exchange a task token, or an SVID and a task, for the credential of one lease (RFC 8693)."""
    asked = form(ExchangeInput, body)
    return tell(await call.services.exchange.exchange(agent_of(call), asked, call.caller.actor), sparse=True)


@tokens.get("/.well-known/jwks.json", Act.PUBLIC)
async def show_keys(call: CallOf) -> dict[str, object]:
    """The public keys of lease tokens, as a JWK set (RFC 7517)."""
    return dict(call.services.jwks())
