"""The lease's state machine, every edge and every non-edge, and what an input must say."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from pydantic import ValidationError

from console.model.actors import PLANE
from console.model.exposure import Audience, Revocability
from console.model.leases import LEASE, LIVE, UNSETTLED, Lease, LeaseInput, LeaseState, RevokeManyInput
from console.model.machine import NotAnEdge
from console.model.rights import Right
from console.model.scales import DataClass, RiskLevel

S = LeaseState
EDGES = {
    (S.PENDING, S.ACTIVE),
    (S.PENDING, S.FAILED),
    (S.PENDING, S.REVOKING),
    (S.ACTIVE, S.EXPIRED),
    (S.ACTIVE, S.REVOKING),
    (S.REVOKING, S.REVOKED),
    (S.REVOKING, S.IRREVOCABLE),
    (S.REVOKING, S.EXPIRED),
    (S.IRREVOCABLE, S.REVOKING),
    (S.IRREVOCABLE, S.EXPIRED),
    (S.IRREVOCABLE, S.ABANDONED),
}
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ID = "01m835h6w0e008000000000099"


def lease(**changes: object) -> Lease:
    made = Lease(
        id=f"ls_{ID}",
        task_id=f"tk_{ID}",
        root_task_id=f"tk_{ID}",
        task_path=(f"tk_{ID}",),
        agent_id=f"ag_{ID}",
        agent_name="executor",
        on_behalf_of="a-customer",
        decision_id=f"dc_{ID}",
        issuer="tokens",
        audience=Audience(name="crm", spiffe_id="spiffe://example.org/servers/crm"),
        right=Right(actions=("customers.read",), resources=("crm/customers",), max_class=DataClass.CONFIDENTIAL),
        action="customers.read",
        resource="crm/customers",
        data_class=DataClass.CONFIDENTIAL,
        environment="production",
        risk_level=RiskLevel.LOW,
        revocability=Revocability.INSTANT,
        requested_at=NOW,
        expires_at=NOW + timedelta(seconds=60),
        max_expires_at=NOW + timedelta(seconds=600),
        max_ttl_seconds=600,
    )
    return made.model_copy(update=changes)


@pytest.mark.parametrize(("source", "target"), list(product(S, S)))
def test_every_edge_and_every_non_edge(source: S, target: S) -> None:
    assert LEASE.may(source, target) is ((source, target) in EDGES)
    if (source, target) in EDGES:
        assert LEASE.step(source, target) is target
    else:
        with pytest.raises(NotAnEdge):
            LEASE.step(source, target)


def test_what_is_settled_has_ended_and_nothing_else_has() -> None:
    assert {state for state in S if not LEASE.ended(state)} == UNSETTLED
    assert LIVE < UNSETTLED


def test_a_lease_is_due_when_time_will_change_it() -> None:
    next_attempt, dead = NOW + timedelta(seconds=5), NOW + timedelta(seconds=90)
    assert lease().due_at() == NOW + timedelta(seconds=60)
    assert lease(state=S.ACTIVE).due_at() == NOW + timedelta(seconds=60)
    revoking = lease(state=S.REVOKING, revoked_by=PLANE, next_attempt_at=next_attempt, residual_exposure_at=dead)
    assert revoking.due_at() == next_attempt
    assert lease(state=S.REVOKING, residual_exposure_at=dead).due_at() == dead
    assert lease(state=S.IRREVOCABLE, residual_exposure_at=dead).due_at() == dead
    for state in (S.REVOKED, S.EXPIRED, S.FAILED, S.ABANDONED):
        assert lease(state=state, residual_exposure_at=dead).due_at() is None


@pytest.mark.parametrize(
    "selectors",
    [{}, {"all": True, "agent_id": f"ag_{ID}"}, {"all": False}, {"lease_ids": []}, {"everything": True}],
)
def test_revoking_many_takes_exactly_one_selector(selectors: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RevokeManyInput.model_validate({"reason": "tidy up", **selectors})


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 0},
        {"seconds": 14_401},
        {"uses": 0},
        {"rows": 0},
        {"rows": 2**53},
        {"action": "Customers.Read"},
        {"resource": "../etc"},
        {"reason": "x" * 4097},
        {"surprise": 1},
    ],
)
def test_a_lease_is_asked_for_within_bounds(wrong: dict[str, object]) -> None:
    right = {"task_id": f"tk_{ID}", "action": "customers.read", "resource": "crm/customers"}
    assert LeaseInput.model_validate(right).seconds == 120
    with pytest.raises(ValidationError):
        LeaseInput.model_validate(right | wrong)
