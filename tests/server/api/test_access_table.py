"""Who may do what, cell by cell: every route by every role and kind of workload by every way in which a credential fails.

What is expected stands here in full, beside the table that the plane itself enforces, so that neither can drift alone.
"""

from collections.abc import Iterator
from datetime import timedelta

import jwt
import pytest

from console.model.actors import Role
from console.model.agents import Agent
from console.model.ids import make_id
from console.server.api.app import ENTRIES, PLACES
from console.server.api.entries import Entry, Routes
from console.server.identity.keys import KeyRing
from console.server.identity.svid import DevelopmentTrustDomain
from tests.server.api.plane import AUDIENCES, AUTHORIZATION, BROKER, BY_ROLE, GATEWAY, Plane
from tests.server.world import DOMAIN, START

A, S, E = "agent", "resource-server", "enforcement-point"
EVERY_ROLE = frozenset(role.value for role in Role)
CALLERS = EVERY_ROLE | {A, S, E}

EXPECTED: dict[frozenset[str] | None, tuple[str, ...]] = {
    None: (
        "GET /.well-known/authzen-configuration",
        "GET /.well-known/jwks.json",
        "GET /healthz",
        "GET /readyz",
        "GET /openapi.json",
    ),
    CALLERS: ("GET /authorization/v1/whoami", "POST /authorization/v1/decisions/preview"),
    EVERY_ROLE: (
        "GET /authorization/v1/agents",
        "GET /authorization/v1/agents/{reference}/contain",
        "GET /authorization/v1/locks",
        "GET /authorization/v1/locks/{lock_id}",
        "GET /authorization/v1/locks/{lock_id}/tally",
        "GET /authorization/v1/tasks",
        "GET /authorization/v1/approvals",
        "POST /authorization/v1/approvals/{approval_id}/preview",
        "GET /authorization/v1/grants",
        "POST /authorization/v1/grants/preview",
        "GET /authorization/v1/grants/{grant_id}",
        "GET /authorization/v1/decisions",
        "GET /authorization/v1/bundles",
        "GET /authorization/v1/bundles/current",
        "GET /authorization/v1/bundles/{bundle_id}",
        "GET /authorization/v1/audit",
        "GET /authorization/v1/audit/checkpoint",
        "GET /authorization/v1/audit/proof",
        "GET /authorization/v1/audit/texts/{digest}",
        "GET /authorization/v1/frameworks",
        "GET /authorization/v1/frameworks/seed",
        "GET /authorization/v1/frameworks/metrics/{metric_id}",
        "GET /authorization/v1/frameworks/{framework_id}",
        "GET /authorization/v1/operators",
        "GET /authorization/v1/webhooks",
        "GET /authorization/v1/events",
        "GET /authorization/v1/snapshot",
        "GET /broker/v1/leases",
        "GET /broker/v1/issuers",
        "GET /broker/v1/events",
        "GET /metrics",
    ),
    EVERY_ROLE | {A}: (
        "GET /authorization/v1/agents/{reference}",
        "GET /authorization/v1/tasks/{task_id}",
        "GET /authorization/v1/tasks/{task_id}/chain",
        "GET /authorization/v1/approvals/{approval_id}",
        "GET /authorization/v1/decisions/{decision_id}",
        "GET /broker/v1/leases/{lease_id}",
    ),
    frozenset({"approver"}): ("POST /authorization/v1/grants",),
    frozenset({"approver", "policy-author"}): (
        "POST /authorization/v1/approvals/{approval_id}/reviews",
        "POST /authorization/v1/approvals/{approval_id}/withdraw",
    ),
    frozenset({"approver", "auditor"}): (
        "POST /authorization/v1/grants/{grant_id}/review",
        "POST /authorization/v1/frameworks/{framework_id}/reviews",
    ),
    frozenset({"approver", "responder"}): (
        "POST /authorization/v1/grants/{grant_id}/revoke",
        "POST /authorization/v1/tasks/{task_id}/stop",
        "POST /broker/v1/leases/revoke",
    ),
    frozenset({"approver", "responder", A}): ("POST /broker/v1/leases/{lease_id}/revoke",),
    frozenset({"responder"}): (
        "POST /authorization/v1/agents/{reference}/contain",
        "POST /authorization/v1/agents/{reference}/release",
        "POST /broker/v1/leases/{lease_id}/retry",
    ),
    frozenset({"policy-author"}): (
        "POST /authorization/v1/bundles/validate",
        "POST /authorization/v1/bundles/test",
        "POST /authorization/v1/bundles/publications",
        "POST /authorization/v1/bundles/{bundle_id}/rollback",
    ),
    frozenset({"auditor", "admin"}): ("POST /authorization/v1/audit/checkpoint",),
    frozenset({"admin"}): (
        "POST /authorization/v1/agents",
        "POST /authorization/v1/agents/{reference}/retire",
        "POST /authorization/v1/audit/texts/{digest}/erase",
        "POST /authorization/v1/operators",
        "POST /authorization/v1/webhooks/{name}/test",
        "POST /authorization/v1/operators/{name}/renew",
        "POST /authorization/v1/operators/{name}/remove",
        "POST /broker/v1/leases/{lease_id}/abandon",
    ),
    frozenset({A}): (
        "POST /authorization/v1/tasks",
        "POST /authorization/v1/tasks/{task_id}/heartbeat",
        "POST /authorization/v1/tasks/{task_id}/delegate",
        "POST /authorization/v1/tasks/{task_id}/complete",
        "POST /authorization/v1/tasks/{task_id}/fail",
        "POST /authorization/v1/approvals/{approval_id}/cancel",
        "POST /broker/v1/leases",
        "POST /broker/v1/leases/{lease_id}/renew",
        "POST /broker/v1/revoke",
        "POST /broker/v1/token",
    ),
    frozenset({A, S, E}): (
        "POST /access/v1/evaluation",
        "POST /access/v1/evaluations",
        "POST /authorization/v1/tasks/{task_id}/observations",
    ),
    frozenset({S, E}): ("POST /broker/v1/introspect",),
}
WHO = {route: who for who, routes in EXPECTED.items() for route in routes}


def route_of(entry: Entry) -> str:
    return f"{entry.method} {entry.path}"


def filled(entry: Entry) -> str:
    """The route's address with ids of the right form that name nothing."""
    prefixes = {"task_id": "tk", "lock_id": "lk", "approval_id": "ap", "grant_id": "gr", "decision_id": "dc"}
    path = entry.path
    for name, prefix in (prefixes | {"bundle_id": "pb", "lease_id": "ls"}).items():
        path = path.replace(f"{{{name}}}", make_id(prefix, START, bytes(10)))
    path = path.replace("{reference}", "nobody").replace("{name}", "nobody").replace("{framework_id}", "nothing")
    return path.replace("{digest}", "sha256:" + "0" * 64)


def api_of(entry: Entry) -> str:
    return "broker" if entry.api == "broker" else "authorization"


async def attempt(plane: Plane, entry: Entry, headers: dict[str, str]) -> tuple[int, str]:
    """Status and code. A body that means nothing and a cursor that is none keep what is let through from having an effect."""
    sent = headers | {"Last-Event-ID": "none"}
    if entry.form:
        response = await plane.http.post(filled(entry), data={"nothing": "x"}, headers=sent)
    elif entry.method == "POST":
        response = await plane.http.post(filled(entry), json={"nothing": "x"}, headers=sent)
    else:
        response = await plane.http.get(filled(entry), headers=sent)
    is_problem = response.headers["content-type"].startswith("application/problem+json")
    return response.status_code, response.json()["code"] if is_problem else ""


def everybody(plane: Plane, entry: Entry, agent: str) -> Iterator[tuple[str, dict[str, str]]]:
    api = api_of(entry)
    for role, name in BY_ROLE.items():
        yield role.value, plane.headers(name, api)
    yield A, plane.headers(agent, api)
    yield S, plane.headers(AUDIENCES["crm"].spiffe_id, api)
    yield E, plane.headers(GATEWAY, api)


def test_every_route_stands_in_the_table_once() -> None:
    assert sorted(WHO) == sorted(route_of(entry) for entry in ENTRIES)
    assert len(WHO) == sum(len(routes) for routes in EXPECTED.values())


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.api}-{place.tag}")
async def test_each_caller_is_let_through_or_refused(plane: Plane, place: Routes) -> None:
    agent = await plane.world.agent("executor-1")
    for entry in place.entries:
        await check_callers(plane, entry, agent)


async def check_callers(plane: Plane, entry: Entry, agent: Agent) -> None:
    allowed = WHO[route_of(entry)]
    size = plane.services.store.audit_size()
    for who, headers in everybody(plane, entry, agent.spiffe_id):
        status, code = await attempt(plane, entry, headers)
        if allowed is None or who in allowed:
            assert status not in (401, 403, 500), f"{route_of(entry)}: {who} was refused: {code}"
        else:
            assert (status, code) == (403, "not_allowed"), f"{route_of(entry)}: {who} was let through"
    if entry.act is not None and entry.act.name != "CHECKPOINT":
        assert plane.services.store.audit_size() == size, "something changed although nothing was asked for"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.api}-{place.tag}")
async def test_no_credential_that_does_not_hold_gets_through(plane: Plane, place: Routes) -> None:
    agent = await plane.world.agent("executor-1")
    for entry in place.entries:
        if WHO[route_of(entry)] is not None:
            await check_credentials(plane, entry, agent)


async def check_credentials(plane: Plane, entry: Entry, agent: Agent) -> None:
    api = api_of(entry)
    now = plane.world.clock.now()
    other_api = BROKER if api == "authorization" else AUTHORIZATION
    own_api = AUTHORIZATION if api == "authorization" else BROKER
    elsewhere = DevelopmentTrustDomain("elsewhere.example", KeyRing.create(now))
    forged = DevelopmentTrustDomain(DOMAIN, KeyRing.create(now))
    claims = {"sub": agent.spiffe_id, "aud": own_api, "exp": int(now.timestamp()) + 300}
    cases = {
        "wrong_audience": plane.trust.mint(agent.spiffe_id, [other_api], 300, now),
        "credential_expired": plane.trust.mint(agent.spiffe_id, [own_api], 60, now - timedelta(hours=1)),
        "clock_off": plane.trust.mint(agent.spiffe_id, [own_api], 300, now + timedelta(hours=1)),
        "unknown_trust_domain": elsewhere.mint("spiffe://elsewhere.example/agents/x", [own_api], 300, now),
    }
    unsigned = {
        "no algorithm": jwt.encode(claims, "", algorithm="none"),
        "another key": forged.mint(agent.spiffe_id, [own_api], 300, now),
        "a shared secret": jwt.encode(claims, "s" * 32, algorithm="HS256"),
        "nobody's token": "lho_" + "A" * 43,
        "nothing": "",
        "garbage": "%00",
    }
    assert await attempt(plane, entry, {}) == (401, "not_signed_in")
    for code, token in cases.items():
        assert await attempt(plane, entry, {"Authorization": f"Bearer {token}"}) == (401, code)
    for name, token in unsigned.items():
        assert await attempt(plane, entry, {"Authorization": f"Bearer {token}"}) == (401, "not_signed_in"), name
    assert await attempt(plane, entry, {"Authorization": f"Basic {plane.tokens['ida']}"}) == (401, "not_signed_in")


async def test_an_operators_token_ends_by_itself_on_every_route(plane: Plane) -> None:
    held = {name: plane.headers(name) for name in BY_ROLE.values()}
    plane.world.clock.move(8 * 3600 + 1)
    for entry in ENTRIES:
        if WHO[route_of(entry)] is None:
            continue
        for headers in held.values():
            assert await attempt(plane, entry, headers) == (401, "credential_expired"), route_of(entry)


async def test_a_retired_agent_and_one_that_is_not_registered_are_refused(plane: Plane) -> None:
    agent = await plane.world.agent("executor-1")
    await plane.call("ida", "POST", f"/authorization/v1/agents/{agent.id}/retire", {"reason": "replaced"})
    retired = await plane.call(agent, "GET", "/authorization/v1/whoami")
    assert (retired.status_code, retired.json()["code"]) == (403, "not_allowed")
    stranger = await plane.call(f"spiffe://{DOMAIN}/agents/stranger", "GET", "/authorization/v1/whoami")
    assert (stranger.status_code, stranger.json()["code"]) == (401, "not_signed_in")
    assert stranger.headers["www-authenticate"].startswith("Bearer")
