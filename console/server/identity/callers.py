"""Callers: from the Authorization header of a request to who is asking.

Owns the telling apart of operators' tokens from JWT-SVIDs, of agents from the configured resource servers and enforcement
points, and the record of rejections, which is bounded so that nobody can fill the disk with them. Being inside proves
nothing: a caller on loopback is verified like everyone else.
"""

import logging
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from console.model.actors import PLANE, Actor, ActorKind
from console.model.agents import Agent, AgentState
from console.model.base import Json
from console.model.exposure import Audience
from console.model.operators import Operator
from console.model.problems import ProblemError
from console.server.identity.operators import TOKEN_PREFIX, Operators
from console.server.identity.svid import Svid, TrustDomains
from console.server.identity.tokens import MAX_TOKEN_BYTES
from console.server.ports import Store, Transaction

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, proven.

    Exactly one of `operator`, `agent` and `audience` is set, except for an enforcement point, which has none of them.
    `expires_at` is when the credential ends.
    """

    kind: ActorKind
    actor: Actor
    expires_at: datetime
    operator: Operator | None = None
    agent: Agent | None = None
    audience: Audience | None = None
    spiffe_id: str = ""


class RejectionLog:
    """Says which rejections are recorded: a few a minute for each source and reason, and a bounded number in all.

    What is left out is counted, and the count goes with the next record of the same source and reason.
    """

    def __init__(self, each: int = 5, total: int = 60, window_seconds: int = 60, sources: int = 1024) -> None:
        self._each = each
        self._total = total
        self._window = window_seconds
        self._sources = sources
        self._window_at: int | None = None
        self._recorded = 0
        self._counts: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._left_out: OrderedDict[tuple[str, str], int] = OrderedDict()

    def admit(self, source: str, code: str, now: datetime) -> int | None:
        """None when this rejection is only counted; otherwise how many like it were left out before."""
        window_at = int(now.timestamp()) // self._window
        if window_at != self._window_at:
            self._window_at, self._recorded = window_at, 0
            self._counts.clear()
        key = (source, code)
        if self._recorded >= self._total or self._counts.get(key, 0) >= self._each:
            self._left_out[key] = self._left_out.get(key, 0) + 1
            self._left_out.move_to_end(key)
            while len(self._left_out) > self._sources:
                self._left_out.popitem(last=False)
            return None
        self._recorded += 1
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._left_out.pop(key, 0)


class Authenticator:
    """Proves callers. One serves both APIs; each names its own audience."""

    def __init__(
        self,
        store: Store,
        operators: Operators,
        trust: TrustDomains,
        *,
        resource_servers: Iterable[Audience] = (),
        enforcement_points: Collection[str] = (),
        rejections: RejectionLog | None = None,
    ) -> None:
        self._store = store
        self._operators = operators
        self._trust = trust
        self._resource_servers = {server.spiffe_id: server for server in resource_servers}
        self._enforcement_points = frozenset(enforcement_points)
        self._rejections = rejections or RejectionLog()

    async def authenticate(self, header: str | None, api_audience: str, now: datetime, *, source: str = "") -> Caller:
        """Who presents this Authorization header to the API of this audience (RFC 6750, section 2.1).

        `source` is where the request came from, such as an address; rejections are recorded under it. Raises ProblemError
        `not_signed_in`, `credential_expired`, `wrong_audience`, `unknown_trust_domain`, `clock_off`, or `not_allowed` for a
        retired agent. No message quotes the credential.
        """
        try:
            return self.identify(header, api_audience, now)
        except ProblemError as error:
            if header is not None:
                await self._record(error, api_audience, source[:128], now)
            raise

    def identify(self, header: str | None, api_audience: str, now: datetime) -> Caller:
        """As `authenticate`, without a record of rejections."""
        token = _bearer(header)
        if token.startswith(TOKEN_PREFIX):
            operator = self._operators.authenticate(token, now)
            actor = Actor(kind=ActorKind.OPERATOR, id=operator.id, name=operator.id)
            return Caller(ActorKind.OPERATOR, actor, operator.token_expires_at, operator=operator)
        return self._workload(self._trust.verify(token, api_audience, now))

    def _workload(self, svid: Svid) -> Caller:
        spiffe_id = str(svid.spiffe_id)
        server = self._resource_servers.get(spiffe_id)
        if server is not None:
            actor = Actor(kind=ActorKind.RESOURCE_SERVER, id=spiffe_id, name=server.name)
            return Caller(ActorKind.RESOURCE_SERVER, actor, svid.expires_at, audience=server, spiffe_id=spiffe_id)
        if spiffe_id in self._enforcement_points:
            actor = Actor(kind=ActorKind.ENFORCEMENT_POINT, id=spiffe_id, name=svid.spiffe_id.path[1:])
            return Caller(ActorKind.ENFORCEMENT_POINT, actor, svid.expires_at, spiffe_id=spiffe_id)
        agent = self._agent(spiffe_id)
        actor = Actor(kind=ActorKind.AGENT, id=agent.id, name=agent.name)
        return Caller(ActorKind.AGENT, actor, svid.expires_at, agent=agent, spiffe_id=spiffe_id)

    def _agent(self, spiffe_id: str) -> Agent:
        found = self._store.find(Agent, spiffe_id=spiffe_id, newest=True, limit=16)
        serving = next((agent for agent in found if agent.state is not AgentState.RETIRED), None)
        if serving is not None:
            return serving
        if found:
            raise ProblemError(
                "not_allowed",
                f"The agent {found[0].name} is retired.",
                next_step="Ask an admin to register the agent again.",
                agent_id=found[0].id,
            )
        raise ProblemError(
            "not_signed_in",
            f"{spiffe_id} is proven, but nothing is registered under it.",
            next_step="Ask an admin to register the agent, or to name the server in server.toml.",
            spiffe_id=spiffe_id,
        )

    async def _record(self, error: ProblemError, api_audience: str, source: str, now: datetime) -> None:
        left_out = self._rejections.admit(source, error.code, now)
        if left_out is None:
            return
        body: dict[str, Json] = {
            "code": error.code,
            "detail": error.detail,
            "api": api_audience,
            "source": source,
            "left_out": left_out,
        }

        def verb(tx: Transaction) -> None:
            tx.record("identity.rejected", PLANE, object="identity", object_id=source or "unknown", body=body)

        try:
            await self._store.write(verb)
        except ProblemError as failure:
            # The caller is refused either way; what cannot be recorded must not turn a refusal into another answer.
            _log.warning("a rejected identity could not be recorded: %s", failure.code)


def _bearer(header: str | None) -> str:
    if header is None or not header.strip():
        raise ProblemError("not_signed_in", "No credential was presented.")
    if len(header) > MAX_TOKEN_BYTES + len("Bearer "):
        raise ProblemError("not_signed_in", f"The credential is larger than {MAX_TOKEN_BYTES} bytes.")
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip() or " " in token.strip():
        raise ProblemError("not_signed_in", "Present the credential as: Authorization: Bearer <credential>.")
    return token.strip()
