"""What every issuer does: make a credential, prolong it, take it back, and say how it stands.

Owns the protocol and its values. The idempotency reference of a credential is its lease's id: an issuer that is asked
twice under one reference makes one credential, and one that is asked to revoke a reference that it never made confirms it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from console.model.exposure import Revocability
from console.model.leases import Lease


class IssuerError(Exception):
    """An issuer did not do what it was asked, and cannot say how far it came. The text is for operators."""


class NothingMade(IssuerError):
    """An issuer did not make a credential, and is certain that none exists."""


@dataclass(frozen=True, slots=True)
class MintRequest:
    """What a credential is made from.

    `client_id` is the agent's SPIFFE ID; `chain` holds the SPIFFE IDs of the agents along the delegation, root first and
    the acting agent last; `at` is the instant of making. The lease names the audience, the right and the expiry.
    """

    lease: Lease
    client_id: str
    chain: tuple[str, ...]
    at: datetime

    @property
    def reference(self) -> str:
        """The idempotency reference: the lease's id."""
        return self.lease.id


@dataclass(frozen=True, slots=True)
class Minted:
    """A credential, and the handle by which its issuer knows it. Only the handle is ever stored."""

    credential: str = field(repr=False)
    handle: str


@dataclass(frozen=True, slots=True)
class Confirmation:
    """An issuer's answer to a revocation: from `dead_at` on the credential cannot work.

    An instant in the future means *not yet*: ask again then. `by_expiry` says that the credential dies of age, because
    nothing can make it die sooner; such a lease ends `expired`, never `revoked`.
    """

    dead_at: datetime
    by_expiry: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """Whether an issuer answers, and a sentence for people."""

    healthy: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """What an issuer is called and how soon its revocations can be felt."""

    name: str
    revocability: tuple[Revocability, ...]


class Issuer(Protocol):
    """Where credentials come from and go back to. Every method may be repeated; none keeps the credential."""

    async def mint(self, request: MintRequest) -> Minted:
        """Make the credential. Raises NothingMade when none exists, IssuerError when one may."""
        ...

    async def renew(self, request: MintRequest) -> Minted:
        """Prolong to the lease's present expiry. The credential in the answer replaces the one before. Raises IssuerError."""
        ...

    async def revoke(self, lease: Lease, at: datetime) -> Confirmation:
        """Take the credential back, by reference. Raises IssuerError when the issuer does not confirm."""
        ...

    async def probe(self) -> Health:
        """Whether the issuer answers. Never raises."""
        ...

    def describe(self) -> Description: ...
