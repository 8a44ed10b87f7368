"""The tally of a containment, lease by lease: done, partly done, stuck, and not known."""

from datetime import timedelta
from typing import Any

import pytest

from console.model.leases import LeaseState
from console.model.locks import ContainmentTally, Lock
from console.tui.present.sheets import ITEMS, tally_lines
from tests.tui.present.test_views import AT, source, words
from tests.tui.state.plane_in_memory import NOW, agent, an_id, lease

LOCK = Lock(
    id=an_id("lk", 1),
    target="agent",
    target_id=agent().id,
    target_name="executor-1",
    cause=an_id("lk", 1),
    agent_id=agent().id,
    reason="it sends data out",
    placed_at=NOW,
    placed_by="maya",
)


def tally(**counts: Any) -> ContainmentTally:
    return ContainmentTally(
        **{"lock": LOCK, "leases": 3, "confirmed": 3, "expired": 0, "revoking": 0, "irrevocable": 0} | counts
    )


@pytest.mark.parametrize(
    ("counts", "head"),
    [
        ({}, "✓ done  executor-1 is contained; every lease is confirmed dead"),
        ({"confirmed": 1, "revoking": 2}, "◆ revoking…  executor-1 is contained; 2 leases not confirmed yet"),
        ({"confirmed": 1, "revoking": 1, "irrevocable": 1}, "▲▲ not done  executor-1 is contained; 1 lease stuck"),
    ],
    ids=["done", "partly", "stuck"],
)
def test_it_says_done_only_when_every_lease_is_confirmed(counts: dict[str, Any], head: str) -> None:
    said = words(tally_lines(tally(**counts), AT))
    assert said.startswith(f"|{head}")
    assert said.count("done") == (1 if "done" in head else 0)


def test_what_cannot_be_revoked_counts_down_to_the_second() -> None:
    until = NOW + timedelta(seconds=65)
    waiting = tally(confirmed=2, revoking=1, last_exposure_at=until)
    assert "the last one dies at 03:01:05Z, in 01:05" in words(tally_lines(waiting, AT))
    assert "the last one dies at 03:01:05Z, in 00:01" in words(tally_lines(waiting, AT + 64))
    assert "the last moment has passed, at 03:01:05Z; only confirmations are missing" in words(tally_lines(waiting, AT + 65))


def test_each_lease_is_told_those_that_are_not_dead_first() -> None:
    tables = source(
        lease(1, state=LeaseState.REVOKED, ended_at=NOW),
        lease(2, state=LeaseState.REVOKING, residual_exposure_at=NOW + timedelta(seconds=65)),
        lease(3, state=LeaseState.IRREVOCABLE),
    )
    lines = tally_lines(tally(confirmed=1, revoking=1, irrevocable=1), AT, list(tables.leases.rows.values()))
    told = words(lines).split("LEASE BY LEASE\n")[1].split("\n")
    assert [one.split()[1] for one in told] == ["irrevocable", "revoking", "revoked"]
    assert "nobody can say until when it works" in told[0]
    assert "dies at 03:01:05Z, in 01:05" in told[1]
    assert "✓ confirmed dead at 03:00:00Z" in told[2]


def test_many_leases_are_told_as_far_as_there_is_sense_in_it() -> None:
    tables = source(*(lease(number, state=LeaseState.REVOKING) for number in range(1, ITEMS + 4)))
    said = words(tally_lines(tally(revoking=ITEMS + 3), AT, list(tables.leases.rows.values())))
    assert "and 3 more; the leases show each" in said


def test_what_the_plane_does_not_say_any_more_is_not_known() -> None:
    said = words(tally_lines(tally(confirmed=1, revoking=2), AT, (), AT - 12))
    assert "▲ UNKNOWN  The plane has not answered since 02:59:48Z" in said
