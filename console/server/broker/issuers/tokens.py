"""The broker's own issuer: signed, short-lived access tokens (RFC 9068) that name the task and the delegation chain.

Owns which claims a lease token carries and when a revoked one is dead. Signing is handed in. The plane that answers
introspection is itself the one who refuses, so an introspected token is dead once no audience may still hold a cached
answer; a token that is verified offline lives until its expiry plus the audience's clock skew, whatever anybody does.
"""

from datetime import datetime, timedelta

from console.model.base import Json
from console.model.exposure import Revocability
from console.model.leases import Lease
from console.server.authorization.task_tokens import Sign
from console.server.broker.issuers.base import Confirmation, Description, Health, IssuerError, Minted, MintRequest, NothingMade

TOKEN_TYPE = "at+jwt"  # noqa: S105 (RFC 9068, section 2.1: the header's typ)


class TokenIssuer:
    """Makes lease tokens. `issuer` is the `iss` claim: the broker's URL or its name in the trust domain."""

    def __init__(self, sign: Sign, issuer: str, name: str = "tokens") -> None:
        self._sign = sign
        self._issuer = issuer
        self._name = name

    async def mint(self, request: MintRequest) -> Minted:
        try:
            credential = self._sign(claims(request, self._issuer), typ=TOKEN_TYPE)
        except Exception as error:
            raise NothingMade(f"the token could not be signed: {type(error).__name__}") from None
        return Minted(credential=credential, handle=request.reference)

    async def renew(self, request: MintRequest) -> Minted:
        """A new token with the same `jti`; the old one keeps its own, earlier expiry."""
        try:
            return await self.mint(request)
        except NothingMade as error:
            raise IssuerError(str(error)) from None

    async def revoke(self, lease: Lease, at: datetime) -> Confirmation:
        """Dead at once, after the audience's cache, or at expiry plus skew, as the audience checks."""
        asked_at = lease.revoke_requested_at or at
        if lease.active_at is None:
            # A credential is returned only after `active` is committed, so this one never left the plane.
            return Confirmation(dead_at=asked_at)
        outlived = lease.expires_at + timedelta(seconds=lease.audience.skew_seconds)
        if lease.audience.check == "offline":
            return Confirmation(dead_at=outlived, by_expiry=True)
        forgotten = asked_at + timedelta(seconds=lease.audience.cache_seconds)
        return Confirmation(dead_at=min(forgotten, outlived), by_expiry=outlived < forgotten)

    async def probe(self) -> Health:
        """Signs claims that expired long ago, under a type that nobody accepts: a missing key shows before a lease needs it."""
        try:
            self._sign({"sub": self._name, "aud": self._name, "exp": 1}, typ="probe+jwt")
        except Exception as error:
            return Health(healthy=False, detail=f"signing fails: {type(error).__name__}")
        return Health(healthy=True, detail="signs")

    def describe(self) -> Description:
        return Description(self._name, (Revocability.INSTANT, Revocability.AT_NEXT_CHECK, Revocability.AT_EXPIRY_ONLY))


def claims(request: MintRequest, issuer: str) -> dict[str, Json]:
    """The claims of a lease token: RFC 9068 section 2.2, `act` of RFC 8693 section 4.1, details of RFC 9396 section 9.1."""
    lease = request.lease
    issued = int(request.at.timestamp())
    return {
        "iss": issuer,
        "sub": lease.on_behalf_of,
        "aud": lease.audience.name,
        "client_id": request.client_id,
        "iat": issued,
        "nbf": issued,
        "exp": int(lease.expires_at.timestamp()),
        "jti": lease.id,
        "act": act(request.chain),
        "task_id": lease.task_id,
        "authorization_details": [lease.right.model_dump(mode="json")],
    }


def act(chain: tuple[str, ...]) -> dict[str, Json]:
    """The nested `act` claim: outermost who acts now, inside it who delegated (RFC 8693, section 4.1)."""
    nested: dict[str, Json] = {}
    for spiffe_id in chain:
        nested = {"sub": spiffe_id, "act": nested} if nested else {"sub": spiffe_id}
    return nested
