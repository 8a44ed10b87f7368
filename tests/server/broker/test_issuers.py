"""The token issuer's claims and confirmations, what is kept of errors, and how issuers stand."""

from datetime import timedelta

import pytest

from console.model.exposure import Audience, Revocability
from console.model.leases import LeaseState
from console.server.broker.issuers.base import IssuerError, MintRequest, NothingMade
from console.server.broker.issuers.tokens import TokenIssuer, act
from console.server.broker.scrub import LONGEST, scrubbed
from console.server.broker.status import issuer_statuses
from tests.model.test_leases import NOW, lease
from tests.server.broker.estate import CRM, RESPONDER, Estate


def test_the_chain_nests_who_delegated_inside_who_acts() -> None:
    assert act(("spiffe://d/planner", "spiffe://d/executor", "spiffe://d/summariser")) == {
        "sub": "spiffe://d/summariser",
        "act": {"sub": "spiffe://d/executor", "act": {"sub": "spiffe://d/planner"}},
    }


@pytest.mark.parametrize(
    ("audience", "dead_after", "by_expiry"),
    [
        ({}, 10, False),
        ({"cache_seconds": 20}, 30, False),
        ({"cache_seconds": 600, "skew_seconds": 5}, 65, True),
        ({"check": "offline"}, 60, True),
        ({"check": "offline", "skew_seconds": 5, "cache_seconds": 9}, 65, True),
    ],
)
async def test_when_a_revoked_token_is_dead(audience: dict[str, object], dead_after: int, by_expiry: bool) -> None:
    checked = Audience.model_validate(CRM.model_dump() | audience)
    asked_at = NOW + timedelta(seconds=10)
    taken = lease(state=LeaseState.REVOKING, active_at=NOW, audience=checked, revoke_requested_at=asked_at)
    issuer = TokenIssuer(lambda claims, *, typ: "signed", "https://plane.example")
    for at in (asked_at, asked_at + timedelta(seconds=5)):
        answer = await issuer.revoke(taken, at)
        assert (answer.dead_at, answer.by_expiry) == (NOW + timedelta(seconds=dead_after), by_expiry)
    never_given = await issuer.revoke(taken.model_copy(update={"active_at": None}), asked_at)
    assert (never_given.dead_at, never_given.by_expiry) == (asked_at, False)


async def test_a_token_that_cannot_be_signed_was_not_made() -> None:
    def broken(claims: object, *, typ: str) -> str:
        raise ValueError("private key 0xdeadbeef")

    issuer = TokenIssuer(broken, "https://plane.example")
    request = MintRequest(lease=lease(), client_id="spiffe://d/a", chain=("spiffe://d/a",), at=NOW)
    with pytest.raises(NothingMade) as caught:
        await issuer.mint(request)
    assert "deadbeef" not in str(caught.value)
    with pytest.raises(IssuerError):
        await issuer.renew(request)
    health = await issuer.probe()
    assert (health.healthy, health.detail) == (False, "signing fails: ValueError")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("role does not exist", "role does not exist"),
        ("cannot reach https://admin:hunter2@db.example/x", "cannot reach https://…@db.example/x"),
        ("password=hunter2 is wrong", "… is wrong"),
        ("Authorization: Bearer abc.def", "Authorization: …"),
        (f"token {'a1' * 40} refused", "… refused"),
        ("two\nlines\x00", "two lines\x00"),
    ],
)
def test_no_secret_survives_an_error(text: str, kept: str) -> None:
    assert scrubbed(IssuerError(text)) == kept


def test_a_foreign_error_is_kept_by_kind_only_and_a_long_one_in_part() -> None:
    assert scrubbed(ValueError("hunter2")) == "ValueError"
    assert len(scrubbed(IssuerError("word " * 1000))) == LONGEST


async def test_how_the_issuers_stand(estate: Estate) -> None:
    agent, task = await estate.pair()
    await estate.issue(agent, task)
    taken = await estate.issue(agent, task, issuer="fickle")
    estate.fickle.revokes.append(IssuerError("refused"))
    await estate.leases.revoke(taken.lease.id, "no longer needed", RESPONDER)
    estate.fickle.healthy = False
    fickle, tokens = await issuer_statuses(estate.world.store, estate.issuers)
    assert (fickle.name, fickle.healthy, fickle.live_leases, fickle.revoking) == ("fickle", False, 0, 1)
    assert fickle.oldest_revoking_at == estate.world.clock.now()
    assert (tokens.name, tokens.healthy, tokens.live_leases, tokens.revoking) == ("tokens", True, 1, 0)
    assert Revocability.AT_EXPIRY_ONLY in tokens.revocability
