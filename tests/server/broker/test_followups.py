"""What the broker does when a grant ends or something is observed, in the same transaction."""

from datetime import timedelta

import pytest

from console.model.approvals import Approval, ApprovalKind, ApprovalState
from console.model.decisions import PolicyReason, QuorumPart
from console.model.grants import Grant, GrantState
from console.model.leases import Lease, LeaseState
from console.model.rights import Right
from console.model.scales import DataClass
from console.model.tasks import ObservationInput
from console.server.broker.followups import grant_ended
from tests.server.broker.estate import OFFLINE, RESPONDER, Estate
from tests.server.world import ALL
from tests.server.world import CRM as CRM_SERVER


async def grant(estate: Estate, lease: Lease, *covers: str, seconds: int = 600, **more: object) -> Grant:
    now = estate.world.clock.now()
    made = Grant(
        id=estate.world.clock.new_id("gr"),
        kind="elevation",
        agent_id=lease.agent_id,
        agent_name=lease.agent_name,
        covers=covers,
        scope=ALL,
        state=GrantState.ACTIVE,
        requested_by="maya",
        reason="month end",
        requested_at=now,
        starts_at=now,
        ends_at=now + timedelta(seconds=seconds),
        seconds=seconds,
    ).model_copy(update=more)
    return await estate.world.store.write(lambda tx: tx.put(made, "grant.active", RESPONDER))


async def lifted(estate: Estate, *policies: str) -> Lease:
    """A live lease that stands on these approvable policies having been lifted; by what, each test says."""
    agent, task = await estate.pair()
    lease = (await estate.issue(agent, task, seconds=300)).lease
    return await estate.world.store.write(
        lambda tx: tx.put(lease.model_copy(update={"lifted": policies}), "lease.active", RESPONDER)
    )


async def resting_on(estate: Estate, lease: Lease, *grants: Grant) -> Lease:
    changed = estate.lease(lease).model_copy(update={"grant_ids": tuple(one.id for one in grants)})
    return await estate.world.store.write(lambda tx: tx.put(changed, "lease.active", RESPONDER))


async def end(estate: Estate, grant: Grant) -> None:
    await estate.world.grants.revoke(RESPONDER, grant.id, "over")


async def test_the_only_grant_takes_its_lease_with_it(estate: Estate) -> None:
    lease = await lifted(estate, "p1")
    only = await grant(estate, lease, "p1")
    await resting_on(estate, lease, only)
    await end(estate, only)
    after = estate.lease(lease)
    assert (after.state, after.revoke_reason) == (LeaseState.REVOKING, "grant revoked")


async def test_another_grant_keeps_what_it_gives_as_well(estate: Estate) -> None:
    lease = await lifted(estate, "p1")
    first, second = await grant(estate, lease, "p1"), await grant(estate, lease, "p1", seconds=120)
    await resting_on(estate, lease, first)
    await end(estate, first)
    kept = estate.lease(lease)
    assert (kept.state, kept.grant_ids) == (LeaseState.ACTIVE, (second.id,))
    assert kept.expires_at == second.ends_at
    await end(estate, second)
    assert estate.lease(lease).state is LeaseState.REVOKING


@pytest.mark.parametrize(
    "other",
    [
        {"covers": ("p2",)},
        {"state": GrantState.REVOKED},
        {"uses": 1, "uses_left": 0, "state": GrantState.EXHAUSTED},
        {"scope": Right(actions=("orders.read",), resources=("*",), max_class=DataClass.RESTRICTED)},
        {"scope": Right(actions=("*",), resources=("*",), max_class=DataClass.INTERNAL)},
        {"task_id": "tk_01m835h6w0e008000000000099"},
    ],
)
async def test_a_grant_that_does_not_cover_it_keeps_nothing(estate: Estate, other: dict[str, object]) -> None:
    lease = await lifted(estate, "p1")
    first = await grant(estate, lease, "p1")
    await grant(estate, lease, "p1", **other)
    await resting_on(estate, lease, first)
    await end(estate, first)
    assert estate.lease(lease).state is LeaseState.REVOKING


async def test_a_grant_that_was_spent_for_this_lease_goes_on_giving_it(estate: Estate) -> None:
    lease = await lifted(estate, "p1")
    first, spent = (
        await grant(estate, lease, "p1"),
        await grant(estate, lease, "p1", uses=1, uses_left=0, state=GrantState.EXHAUSTED),
    )
    await resting_on(estate, lease, first, spent)
    await end(estate, first)
    assert estate.lease(lease).state is LeaseState.ACTIVE


async def test_each_lifted_policy_needs_its_own_ground(estate: Estate) -> None:
    lease = await lifted(estate, "p1", "p2")
    one, two = await grant(estate, lease, "p1"), await grant(estate, lease, "p2")
    await resting_on(estate, lease, one, two)
    await end(estate, two)
    assert estate.lease(lease).state is LeaseState.REVOKING


async def test_an_approval_goes_on_giving_what_it_gave(estate: Estate) -> None:
    lease = await lifted(estate, "p1")
    only = await grant(estate, lease, "p1")
    lease = await resting_on(estate, lease, only)
    approval = Approval(
        id=estate.world.clock.new_id("ap"),
        kind=ApprovalKind.ACTION,
        state=ApprovalState.CONSUMED,
        digest="sha256:" + "a" * 64,
        original_digest="sha256:" + "a" * 64,
        blocking=(PolicyReason(policy_id="p1", effect="forbid"),),
        quorum=(QuorumPart(group="security", count=1),),
        risk={"score": 10, "level": "low"},
        requested_at=estate.world.clock.now(),
        requested_by=lease.agent_name,
        deadline_at=estate.world.clock.now(),
    )
    await estate.world.store.write(lambda tx: tx.put(approval, "approval.consumed", RESPONDER))
    approved = lease.model_copy(update={"approval_id": approval.id})
    await estate.world.store.write(lambda tx: tx.put(approved, "lease.active", RESPONDER))
    await end(estate, only)
    assert estate.lease(lease).state is LeaseState.ACTIVE


async def test_an_offline_token_that_cannot_be_shortened_is_taken_back(estate: Estate) -> None:
    lease = await lifted(estate, "p1")
    first = await grant(estate, lease, "p1")
    await grant(estate, lease, "p1", seconds=60)
    offline = (await resting_on(estate, lease, first)).model_copy(
        update={"audience": OFFLINE, "revocability": OFFLINE.revocability}
    )
    await estate.world.store.write(lambda tx: tx.put(offline, "lease.active", RESPONDER))
    await end(estate, first)
    assert estate.lease(lease).state is LeaseState.REVOKING


async def test_a_template_needs_the_same_template(estate: Estate) -> None:
    lease = await lifted(estate)
    first, second = [await grant(estate, lease, template="t1") for _ in range(2)]
    await resting_on(estate, lease, first)
    await estate.world.store.write(
        lambda tx: grant_ended(tx, first.model_copy(update={"state": GrantState.REVOKED}), RESPONDER)
    )
    assert (estate.lease(lease).state, estate.lease(lease).grant_ids) == (LeaseState.ACTIVE, (second.id,))
    other = await grant(estate, lease, template="t2")
    assert other.template == "t2"
    await end(estate, second)
    assert estate.lease(lease).state is LeaseState.ACTIVE, "the first still stands in the store"
    await end(estate, first)
    assert estate.lease(lease).state is LeaseState.REVOKING


async def observe(estate: Estate, lease: Lease, rows: int, **more: object) -> None:
    fields = {"direction": "read", "resource": lease.resource, "rows": rows, "lease_id": lease.id} | more
    await estate.world.tasks.observe(CRM_SERVER, None, lease.task_id, ObservationInput.model_validate(fields), "crm")


async def test_rows_are_counted_and_their_bound_ends_the_lease(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task, rows=40)
    await observe(estate, issued.lease, 39)
    assert (estate.lease(issued).rows, await estate.active(issued)) == (39, True)
    await observe(estate, issued.lease, 1)
    lease = estate.lease(issued)
    assert (lease.rows, lease.state, lease.revoke_reason) == (40, LeaseState.REVOKING, "read budget spent")
    assert not await estate.active(issued)
    await observe(estate, issued.lease, 5)
    assert estate.lease(issued).rows == 45


async def test_an_observation_of_another_task_counts_nothing_here(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task, rows=40)
    other = await estate.world.task(agent)
    await observe(estate, issued.lease.model_copy(update={"task_id": other.id}), 400)
    await observe(estate, issued.lease, 400, direction="sent")
    assert estate.lease(issued).rows == 0
    assert await estate.active(issued)


async def test_a_chain_over_its_read_budget_loses_the_leases_of_that_class(estate: Estate) -> None:
    agent, task = await estate.pair()
    helper = await estate.world.agent("helper")
    child = await estate.world.child(agent, task, "helper")
    mine = await estate.issue(agent, task)
    notes = await estate.issue(helper, child, action="notes.read", resource="crm/notes")
    below = await estate.issue(helper, child)
    await observe(estate, below.lease, 2000)
    assert await estate.active(mine)
    await observe(estate, below.lease, 1)
    assert estate.lease(mine).revoke_reason == "the chain's read budget of confidential is spent"
    assert not await estate.active(below)
    assert await estate.active(notes)
