"""Revocability and residual exposure: how a credential can be taken back, and until when it can still work.

Where a token is checked decides both. An audience either introspects (with a cache, in seconds) or verifies offline (with
a clock skew, in seconds).
"""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from console.model.base import Name, Shape, SpiffeID
from console.model.states import Revocability

__all__ = ["Revocability"]


class Audience(Shape):
    """A resource server, and how it checks the tokens that are meant for it."""

    name: Name
    spiffe_id: SpiffeID
    check: Literal["introspect", "offline"] = "introspect"
    cache_seconds: int = Field(default=0, ge=0, le=3600)
    skew_seconds: int = Field(default=0, ge=0, le=300)

    @property
    def revocability(self) -> Revocability:
        """What this way of checking makes of a revocation."""
        if self.check == "offline":
            return Revocability.AT_EXPIRY_ONLY
        return Revocability.AT_NEXT_CHECK if self.cache_seconds else Revocability.INSTANT


def residual_exposure(
    audience: Audience,
    *,
    expires_at: datetime | None,
    revoked_at: datetime,
    confirmed_at: datetime | None = None,
) -> datetime | None:
    """The latest instant at which a revoked credential can still work; None where nobody can say.

    A confirmation by the issuer ends it. Otherwise: offline, expiry plus skew; introspected, the earlier of that and the
    revocation plus the cache.
    """
    if confirmed_at is not None:
        return confirmed_at
    if expires_at is None:
        return None
    end = expires_at + timedelta(seconds=audience.skew_seconds)
    if audience.check == "offline":
        return end
    return min(end, revoked_at + timedelta(seconds=audience.cache_seconds))
