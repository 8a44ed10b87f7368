"""The calls of the broker API, a method a route."""

from typing import Any

from console.client.calls import Calls, Listed, part
from console.client.transport import Query, new_key, read
from console.model.leases import (
    Issuers,
    Lease,
    LeaseInput,
    LeaseIssued,
    RenewInput,
    RevocationResult,
    RevokeInput,
    RevokeManyInput,
)
from console.model.oauth import ExchangeAnswer, ExchangeInput, IntrospectionAnswer

_V1 = "/broker/v1"


class LeaseCalls(Calls):
    """Leases, issuers, and the standards by which tokens are asked about, given back and exchanged."""

    async def list_leases(self, **query: Query) -> Listed[Lease]:
        return await self._list("broker", f"{_V1}/leases", Lease, query)

    async def show_lease(self, lease_id: str) -> Lease:
        return await self._get("broker", f"{_V1}/leases/{part(lease_id)}", Lease)

    async def issue_lease(self, asked: LeaseInput, *, key: str | None = None) -> LeaseIssued:
        return await self._post("broker", f"{_V1}/leases", LeaseIssued, asked, key=key)

    async def renew_lease(self, lease_id: str, seconds: int, *, key: str | None = None) -> LeaseIssued:
        path = f"{_V1}/leases/{part(lease_id)}/renew"
        return await self._post("broker", path, LeaseIssued, RenewInput(seconds=seconds), key=key)

    async def revoke_lease(self, lease_id: str, reason: str, *, key: str | None = None) -> Lease:
        path = f"{_V1}/leases/{part(lease_id)}/revoke"
        return await self._post("broker", path, Lease, RevokeInput(reason=reason), key=key)

    async def revoke_leases(self, asked: RevokeManyInput, *, key: str | None = None) -> RevocationResult:
        return await self._post("broker", f"{_V1}/leases/revoke", RevocationResult, asked, key=key)

    async def retry_revocation(self, lease_id: str, *, key: str | None = None) -> Lease:
        return await self._post("broker", f"{_V1}/leases/{part(lease_id)}/retry", Lease, key=key)

    async def abandon_lease(self, lease_id: str, reason: str, *, key: str | None = None) -> Lease:
        path = f"{_V1}/leases/{part(lease_id)}/abandon"
        return await self._post("broker", path, Lease, RevokeInput(reason=reason), key=key)

    async def list_issuers(self) -> Issuers:
        return await self._get("broker", f"{_V1}/issuers", Issuers)

    async def introspect_token(self, token: str) -> IntrospectionAnswer:
        """What this resource server may know of a token (RFC 7662)."""
        response = await self._transport.send("broker", "POST", f"{_V1}/introspect", form={"token": token})
        answer: IntrospectionAnswer = read(IntrospectionAnswer, response)
        return answer

    async def give_back_token(self, token: str) -> None:
        """Give one's own token back (RFC 7009)."""
        await self._transport.send("broker", "POST", f"{_V1}/revoke", form={"token": token}, key=new_key())

    async def exchange_token(self, asked: ExchangeInput, *, key: str | None = None) -> ExchangeAnswer:
        """Exchange a task token, or an SVID and a task, for the credential of one lease (RFC 8693)."""
        fields = {name: str(value) for name, value in asked.model_dump(exclude_unset=True).items() if value is not None}
        response = await self._transport.send("broker", "POST", f"{_V1}/token", form=fields, key=key or new_key())
        answer: ExchangeAnswer = read(ExchangeAnswer, response)
        return answer

    async def show_keys(self) -> dict[str, Any]:
        """The public keys of lease tokens, as a JWK set (RFC 7517)."""
        response = await self._transport.send("broker", "GET", "/.well-known/jwks.json", open_to_all=True)
        keys: dict[str, Any] = read(dict[str, Any], response)
        return keys
