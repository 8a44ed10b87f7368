"""Revocability and residual exposure, as the table in the product's description lays them down."""

from datetime import UTC, datetime, timedelta

import pytest

from console.model.exposure import Audience, Revocability, residual_exposure

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


def audience(check: str, cache: int = 0, skew: int = 0) -> Audience:
    fields = {"name": "crm", "spiffe_id": "spiffe://example.org/servers/crm", "check": check}
    return Audience.model_validate(fields | {"cache_seconds": cache, "skew_seconds": skew})


@pytest.mark.parametrize(
    ("check", "cache", "expected"),
    [
        ("introspect", 0, Revocability.INSTANT),
        ("introspect", 1, Revocability.AT_NEXT_CHECK),
        ("offline", 0, Revocability.AT_EXPIRY_ONLY),
        ("offline", 30, Revocability.AT_EXPIRY_ONLY),
    ],
)
def test_where_a_token_is_checked_says_how_soon_a_revocation_is_felt(check: str, cache: int, expected: Revocability) -> None:
    assert audience(check, cache).revocability is expected


@pytest.mark.parametrize(
    ("check", "cache", "skew", "expires", "revoked", "confirmed", "expected"),
    [
        ("introspect", 0, 0, 60, 10, None, 10),
        ("introspect", 30, 0, 60, 10, None, 40),
        ("introspect", 30, 0, 60, 50, None, 60),
        ("introspect", 30, 5, 60, 50, None, 65),
        ("offline", 0, 0, 60, 10, None, 60),
        ("offline", 0, 5, 60, 10, None, 65),
        ("offline", 30, 5, 60, 10, None, 65),
        ("offline", 0, 5, 60, 10, 12, 12),
        ("introspect", 30, 5, 60, 10, 11, 11),
        ("offline", 0, 5, None, 10, None, None),
        ("introspect", 30, 5, None, 10, None, None),
        ("introspect", 0, 0, None, 10, 12, 12),
    ],
)
def test_the_latest_instant_at_which_it_can_still_work(
    check: str, cache: int, skew: int, expires: int | None, revoked: int, confirmed: int | None, expected: int | None
) -> None:
    found = residual_exposure(
        audience(check, cache, skew),
        expires_at=None if expires is None else at(expires),
        revoked_at=at(revoked),
        confirmed_at=None if confirmed is None else at(confirmed),
    )
    assert found == (None if expected is None else at(expected))
