"""How a revocation is followed to its end: by figures, and with the manual step where it stays stuck."""

from collections import deque
from typing import Any, cast

import pytest

from console.cli.failures import Status
from console.cli.revoking import tell_left
from console.cli.session import Options, Session
from console.client import LeaseholdClient
from console.model.exposure import Revocability
from console.model.leases import Lease, LeaseState, RevocationItem
from tests.server.notices.receiver import a_lease

REVOKING, REVOKED, STUCK = LeaseState.REVOKING, LeaseState.REVOKED, LeaseState.IRREVOCABLE


class Plane:
    """A plane of which each lease stands, look by look, as it is laid down; the last stays."""

    def __init__(self, *looks: tuple[LeaseState, ...]) -> None:
        self.leases = {a_lease(number).id: deque(states) for number, states in enumerate(looks, 1)}

    async def show_lease(self, lease_id: str) -> Lease:
        states = self.leases[lease_id]
        number = list(self.leases).index(lease_id) + 1
        return a_lease(number, states.popleft() if len(states) > 1 else states[0])

    def items(self) -> list[RevocationItem]:
        return [RevocationItem(lease_id=id, state=REVOKING, revocability=Revocability.INSTANT) for id in self.leases]


async def followed(plane: Plane, *, wait: bool = True) -> Any:
    items = plane.items()
    return await tell_left(Session(Options()), cast("LeaseholdClient", plane), len(items), items, wait=wait)


async def test_it_is_over_when_each_is_confirmed(capsys: pytest.CaptureFixture[str]) -> None:
    assert await followed(Plane((REVOKED,), (REVOKING, REVOKED))) is None
    said = capsys.readouterr()
    assert "Asked for 2: 2 over, 0 not confirmed yet." in said.out
    assert said.err.splitlines() == ["1 of 2 confirmed, 1 not yet.", "Nothing is left."]


async def test_what_stays_stuck_is_listed_with_what_to_do_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    assert await followed(Plane((REVOKING, STUCK), (REVOKED,))) is Status.PARTLY
    said = capsys.readouterr()
    assert "Asked for 2: 1 over, 1 not confirmed yet." in said.out
    assert "stuck, the issuer did not confirm" in said.out
    assert "2026-11-23 03:05:30Z" in said.out, "when it dies at the latest"
    assert "What to do by hand:" in said.err
    assert "leasehold leases retry ID" in said.err


async def test_without_waiting_it_says_how_it_stands_now(capsys: pytest.CaptureFixture[str]) -> None:
    assert await followed(Plane((REVOKING, REVOKED)), wait=False) is Status.PARTLY
    said = capsys.readouterr()
    assert "revoking, not confirmed yet" in said.out
    assert "by hand" not in said.err
