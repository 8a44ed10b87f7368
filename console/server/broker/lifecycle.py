"""How a lease changes: each edge of its state machine as a pure function over the record. Nothing else changes a state.

Every function raises NotAnEdge when the lease is not in a state from which that can follow.
"""

from datetime import datetime, timedelta

from console.model.actors import Actor
from console.model.exposure import residual_exposure
from console.model.leases import LEASE, Lease, LeaseState
from console.model.machine import NotAnEdge
from console.server.broker.issuers.base import Confirmation


def activated(lease: Lease, handle: str, at: datetime) -> Lease:
    """The credential exists and is about to be returned."""
    return _to(lease, LeaseState.ACTIVE, handle=handle, active_at=at)


def failed(lease: Lease, error: str, at: datetime) -> Lease:
    """No credential exists."""
    return _to(lease, LeaseState.FAILED, ended_at=at, last_error=error)


def renewed(lease: Lease, expires_at: datetime) -> Lease:
    """A longer life, in the same state. Only an active lease is renewed."""
    if lease.state is not LeaseState.ACTIVE:
        raise NotAnEdge(LEASE.name, lease.state, LeaseState.ACTIVE)
    return lease.model_copy(update={"expires_at": expires_at, "renewals": lease.renewals + 1})


def taken_back(lease: Lease, reason: str, actor: Actor, at: datetime) -> Lease:
    """The intent to revoke, durable from its commit on. The residual exposure is what is certain without a confirmation."""
    return _to(
        lease,
        LeaseState.REVOKING,
        revoke_requested_at=at,
        revoked_by=actor,
        revoke_reason=reason[:1024],
        next_attempt_at=at,
        attempts=0,
        last_error="",
        residual_exposure_at=residual_exposure(lease.audience, expires_at=lease.expires_at, revoked_at=at),
    )


def answered(lease: Lease, answer: Confirmation, at: datetime) -> Lease:
    """After the issuer's answer: dead, or still `revoking` until the instant that the issuer named."""
    if answer.dead_at > at:
        until = min(answer.dead_at, outlived_at(lease))
        return lease.model_copy(
            update={"next_attempt_at": until, "residual_exposure_at": until, "last_error": "", "attempts": 0}
        )
    target = LeaseState.EXPIRED if answer.by_expiry else LeaseState.REVOKED
    return _to(lease, target, ended_at=at, residual_exposure_at=answer.dead_at, next_attempt_at=None, last_error="")


def unanswered(lease: Lease, error: str, *, again_at: datetime | None) -> Lease:
    """After an attempt that the issuer did not confirm: another one at `again_at`, or `irrevocable` when that is None."""
    changes: dict[str, object] = {"attempts": lease.attempts + 1, "last_error": error, "next_attempt_at": again_at}
    # Unconfirmed, the credential works until it dies of age: the audience's cache says nothing about a foreign issuer.
    changes["residual_exposure_at"] = outlived_at(lease)
    if again_at is None:
        return _to(lease, LeaseState.IRREVOCABLE, **changes)
    return lease.model_copy(update=changes)


def expired(lease: Lease, at: datetime) -> Lease:
    """Dead of age."""
    return _to(lease, LeaseState.EXPIRED, ended_at=at, next_attempt_at=None)


def retried(lease: Lease, at: datetime) -> Lease:
    """From `irrevocable` back to `revoking`; who revoked it first stays on the record."""
    if lease.state is not LeaseState.IRREVOCABLE:
        raise NotAnEdge(LEASE.name, lease.state, LeaseState.REVOKING)
    return _to(lease, LeaseState.REVOKING, next_attempt_at=at, attempts=0, last_error="")


def abandoned(lease: Lease, at: datetime) -> Lease:
    """No longer tracked; access may live on until the residual exposure that the record names."""
    return _to(lease, LeaseState.ABANDONED, ended_at=at, next_attempt_at=None)


def used(lease: Lease, at: datetime) -> Lease:
    """One use more."""
    return lease.model_copy(update={"uses": lease.uses + 1, "last_used_at": at})


def outlived_at(lease: Lease) -> datetime:
    """From when on the credential is dead of age everywhere: its expiry plus the audience's clock skew."""
    return lease.expires_at + timedelta(seconds=lease.audience.skew_seconds)


def _to(lease: Lease, state: LeaseState, **changes: object) -> Lease:
    return lease.model_copy(update={"state": LEASE.step(lease.state, state), **changes})
