"""How the issuers stand: what `/broker/v1/issuers` tells."""

from collections.abc import Mapping

from console.model.leases import IssuerStatus, Lease, LeaseState
from console.server.broker.issuers.base import Issuer
from console.server.broker.taking import LIVE_STATES
from console.server.ports import Reader


async def issuer_statuses(reader: Reader, issuers: Mapping[str, Issuer]) -> list[IssuerStatus]:
    """Each issuer by name, with its health asked now, and its leases counted."""
    return [await _status(reader, name, issuers[name]) for name in sorted(issuers)]


async def _status(reader: Reader, name: str, issuer: Issuer) -> IssuerStatus:
    health = await issuer.probe()
    # By id is by time of the request, so the first of these is the one that was asked for first.
    oldest = reader.find(Lease, issuer=name, state=LeaseState.REVOKING, limit=1)
    return IssuerStatus(
        name=name,
        healthy=health.healthy,
        detail=health.detail,
        revocability=issuer.describe().revocability,
        live_leases=sum(reader.count(Lease, issuer=name, state=state) for state in LIVE_STATES),
        revoking=reader.count(Lease, issuer=name, state=LeaseState.REVOKING),
        irrevocable=reader.count(Lease, issuer=name, state=LeaseState.IRREVOCABLE),
        oldest_revoking_at=oldest[0].revoke_requested_at if oldest else None,
    )
