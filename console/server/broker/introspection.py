"""Introspection (RFC 7662) and an agent's own revocation (RFC 7009). Owns what is told of a token, and to whom.

Only the resource server for whom a token was made is told anything but *inactive*. Everything is looked at again right
before the answer is given, with no wait in between, so that an answer that is given after a revocation, a containment or
the end of a task says *inactive*.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from console.model.actors import PLANE, Actor
from console.model.agents import Agent
from console.model.exposure import Audience
from console.model.leases import Lease, LeaseState
from console.model.oauth import INACTIVE, MAX_TOKEN, IntrospectionAnswer, OAuthError
from console.model.problems import ProblemError
from console.server.authorization.task_tokens import Verify
from console.server.broker import lifecycle
from console.server.broker.issuers.tokens import TOKEN_TYPE
from console.server.broker.standing import lease_refusal
from console.server.broker.taking import take_back
from console.server.holds import Holds
from console.server.ports import Clock, Store, Transaction

USED_EVERY = timedelta(seconds=5)
"""How old `last_used_at` may get before a use is worth a write."""


class Introspection:
    """Answers resource servers about tokens, and takes tokens back for the agents that hold them."""

    def __init__(self, store: Store, clock: Clock, holds: Holds, verify: Verify, audiences: Mapping[str, Audience]) -> None:
        self._store = store
        self._clock = clock
        self._holds = holds
        self._verify = verify
        self._audiences = audiences

    async def introspect(self, token: str, audience: Audience) -> IntrospectionAnswer:
        """What `audience`, the caller, may know of a token. A counted use is committed before it is answered.

        Raises ProblemError `store_full` or `store_unavailable` when a use that counts could not be recorded.
        """
        claims = self._claims(token, audience.name)
        lease = self._store.get(Lease, str(claims["jti"])) if claims is not None else None
        if claims is None or lease is None or not self._good(lease, audience):
            return INACTIVE
        if lease.max_uses is not None:
            if not await self._store.write(lambda tx: _count(tx, lease.id)):
                return INACTIVE
        elif lease.last_used_at is None or self._clock.now() - lease.last_used_at >= USED_EVERY:
            await self._touch(lease.id)
        fresh = self._store.get(Lease, lease.id)
        if fresh is None or not self._good(fresh, audience):
            return INACTIVE
        return _answer(fresh, claims)

    async def give_back(self, token: str, agent: Agent, actor: Actor) -> None:
        """RFC 7009: revoke one's own token. A token that means nothing is no error (section 2.2).

        Raises OAuthError `unauthorized_client` for a token of another agent (section 2.1).
        """
        found = (self._claims(token, name) for name in self._audiences)
        claims = next((one for one in found if one is not None), None)
        lease = self._store.get(Lease, str(claims["jti"])) if claims is not None else None
        if lease is None:
            return
        if lease.agent_id != agent.id:
            raise OAuthError("unauthorized_client", "The token was issued to another agent.")
        await self._store.write(lambda tx: take_back(tx, lease.id, "given back by its agent", actor), takes_power=True)

    def _claims(self, token: str, audience: str) -> Mapping[str, Any] | None:
        """The claims of a current lease token of this plane for an audience; None for everything else."""
        if not token or len(token) > MAX_TOKEN:
            return None
        try:
            claims = self._verify(token, audience=audience, typ=TOKEN_TYPE, now=self._clock.now())
        except ProblemError:
            return None
        return claims if isinstance(claims.get("jti"), str) else None

    def _good(self, lease: Lease, audience: Audience) -> bool:
        meant = lease.audience.name == audience.name
        return meant and lease_refusal(self._store, self._holds, lease, self._clock.now()) is None

    async def _touch(self, lease_id: str) -> None:
        """Note the use of a lease whose uses are not counted. Worth no refusal when the store cannot take it."""

        def verb(tx: Transaction) -> None:
            lease = tx.get(Lease, lease_id)
            if lease is not None and lease.state is LeaseState.ACTIVE:
                tx.put(lifecycle.used(lease, tx.now), "lease.used", PLANE, audit=False)

        with suppress(ProblemError):
            await self._store.write(verb)


def _count(tx: Transaction, lease_id: str) -> bool:
    """Spend one use. False when none was left.

    A lease whose uses are spent is not taken back: the last use may be on its way to its answer still.
    """
    lease = tx.get(Lease, lease_id)
    if lease is None or lease.state is not LeaseState.ACTIVE or lease.max_uses is None or lease.uses >= lease.max_uses:
        return False
    tx.put(lifecycle.used(lease, tx.now), "lease.used", PLANE, audit=False)
    return True


def _answer(lease: Lease, claims: Mapping[str, Any]) -> IntrospectionAnswer:
    """The claims of the token with what the record adds. An answer that counted a use is good for that use only."""
    return IntrospectionAnswer(
        active=True,
        iss=claims.get("iss"),
        sub=claims.get("sub"),
        aud=lease.audience.name,
        client_id=claims.get("client_id"),
        token_type="Bearer",  # noqa: S106 (RFC 6750's name for the type, not a secret)
        exp=min(int(claims["exp"]), int(lease.expires_at.timestamp())),
        iat=claims.get("iat"),
        nbf=claims.get("nbf"),
        jti=lease.id,
        act=claims.get("act"),
        task_id=lease.task_id,
        lease_id=lease.id,
        authorization_details=(lease.right,),
        max_rows=max(0, lease.max_rows - lease.rows) if lease.max_rows is not None else None,
        cache_seconds=0 if lease.max_uses is not None else lease.audience.cache_seconds,
    )
