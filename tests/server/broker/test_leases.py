"""Leases: recorded before they are minted, returned once, renewed within their ceiling, taken back at once."""

import pytest

from console.model.decisions import Decision, Outcome
from console.model.leases import Lease, LeaseState, RenewInput, RevokeManyInput
from console.model.problems import ProblemError
from console.model.tasks import TaskEnding
from console.server.authorization.tasks import actor_of
from console.server.broker.issuers.base import IssuerError, NothingMade
from console.server.ports import Once, once
from tests.server.broker.estate import RESPONDER, Estate


async def refused(code: str, awaitable: object) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        await awaitable  # type: ignore[misc]
    assert caught.value.code == code, caught.value
    return caught.value


def kinds(estate: Estate, lease_id: str) -> list[str]:
    return [record.kind for record in estate.world.store.audit(object_id=lease_id)]


async def test_a_lease_is_decided_recorded_minted_and_returned_once(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task, seconds=60)
    lease = estate.lease(issued)
    decision = estate.world.store.get(Decision, lease.decision_id)
    assert decision is not None
    assert (decision.kind, decision.outcome) == ("lease", Outcome.ALLOW)
    assert (lease.state, lease.handle) == (LeaseState.ACTIVE, lease.id)
    assert (lease.expires_at - lease.requested_at).total_seconds() == 60
    assert lease.max_expires_at <= task.deadline_at
    assert kinds(estate, lease.id) == ["lease.pending", "lease.active"]
    assert issued.credential not in repr(issued)
    assert not any(issued.credential in record.model_dump_json() for record in estate.world.store.audit())


@pytest.mark.parametrize("seconds", [1, 2, 60])
async def test_a_lease_and_its_token_end_at_the_same_instant(estate: Estate, seconds: int) -> None:
    agent, task = await estate.pair()
    estate.world.clock.move(0.7)
    issued = await estate.issue(agent, task, seconds=seconds)
    left = (estate.lease(issued).expires_at - estate.world.clock.now()).total_seconds()
    assert seconds - 1 < left <= seconds
    estate.world.clock.move(left - 0.01)
    assert await estate.active(issued)
    estate.world.clock.move(0.01)
    assert not await estate.active(issued)


async def test_a_denial_names_its_decision_and_reasons(estate: Estate) -> None:
    agent, task = await estate.pair()
    problem = await refused("denied", estate.issue(agent, task, action="payments.read", resource="crm/payment-methods"))
    assert str(problem.facts["decision_id"]).startswith("dc_")
    assert problem.facts["reasons"]
    assert estate.world.store.count(Lease) == 0


async def test_an_escalation_names_the_approval_request(estate: Estate) -> None:
    agent, task = await estate.pair()
    problem = await refused("needs_approval", estate.issue(agent, task, rows=400))
    assert str(problem.facts["approval_id"]).startswith("ap_")
    assert estate.world.store.count(Lease) == 0


async def test_an_unknown_issuer_is_named_with_the_known_ones(estate: Estate) -> None:
    agent, task = await estate.pair()
    problem = await refused("invalid", estate.issue(agent, task, issuer="nobody"))
    assert "tokens" in problem.errors[0].text


async def test_a_repetition_never_returns_the_secret_again(estate: Estate) -> None:
    agent, task = await estate.pair()

    async def call(request: str = "digest") -> object:
        mark = once.set(Once(owner=agent.id, key="k1", request=request))
        try:
            return await estate.issue(agent, task)
        finally:
            once.reset(mark)

    issued = await call()
    problem = await refused("secret_already_returned", call())
    assert problem.facts["lease_id"] == issued.lease.id  # type: ignore[attr-defined]
    await refused("idempotency_mismatch", call("another"))
    assert estate.world.store.count(Lease) == 1


async def test_a_repetition_of_a_refusal_is_refused_alike(estate: Estate) -> None:
    agent, task = await estate.pair()

    async def call() -> object:
        mark = once.set(Once(owner=agent.id, key="k1", request="digest"))
        try:
            return await estate.issue(agent, task, action="payments.read", resource="crm/payment-methods")
        finally:
            once.reset(mark)

    first = await refused("denied", call())
    again = await refused("denied", call())
    assert first.facts["decision_id"] == again.facts["decision_id"]
    assert estate.world.store.count(Decision) == 1


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (NothingMade("no connection"), LeaseState.FAILED),
        (IssuerError("connection lost while it worked"), LeaseState.REVOKING),
        (TimeoutError(), LeaseState.REVOKING),
    ],
)
async def test_what_an_issuer_could_not_make_leaves_no_credential(estate: Estate, error: Exception, state: LeaseState) -> None:
    agent, task = await estate.pair()
    estate.fickle.mints.append(error)
    problem = await refused("issuer_failed", estate.issue(agent, task, issuer="fickle"))
    lease = estate.world.store.get(Lease, str(problem.facts["lease_id"]))
    assert lease is not None
    assert lease.state is state
    await estate.revocations.step()
    settled = {LeaseState.FAILED: LeaseState.FAILED, LeaseState.REVOKING: LeaseState.REVOKED}[state]
    assert estate.lease(lease).state is settled


async def test_what_is_contained_while_it_is_minted_is_never_returned(estate: Estate) -> None:
    agent, task = await estate.pair()
    minted = estate.fickle.mint

    async def contain_first(request: object) -> object:
        await estate.containment.contain(agent.id, "hijacked", RESPONDER)
        return await minted(request)  # type: ignore[arg-type]

    estate.fickle.mint = contain_first  # type: ignore[assignment, method-assign]
    await refused("lease_not_active", estate.issue(agent, task, issuer="fickle"))
    await estate.revocations.step()
    (lease,) = estate.world.store.find(Lease)
    assert lease.state is LeaseState.REVOKED
    assert not estate.fickle.made


async def test_uses_cannot_be_promised_where_nobody_counts_them(estate: Estate) -> None:
    agent, task = await estate.pair()
    await refused("invalid", estate.issue(agent, task, "outbox", uses=3))
    assert estate.world.store.count(Lease) == 0


async def test_an_offline_token_lives_no_longer_than_its_own_ceiling(estate: Estate) -> None:
    agent, task = await estate.pair()
    lease = (await estate.issue(agent, task, "outbox", seconds=3000)).lease
    assert (lease.max_expires_at - lease.requested_at).total_seconds() <= 300
    assert lease.expires_at <= lease.max_expires_at


async def test_a_renewal_replaces_the_credential_and_never_shortens(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task, seconds=60)
    estate.world.clock.move(30)
    renewed = await estate.leases.renew(agent, issued.lease.id, RenewInput(seconds=90), actor_of(agent))
    assert (renewed.lease.expires_at - issued.lease.expires_at).total_seconds() == 60
    assert renewed.lease.renewals == 1
    estate.world.clock.move(45)
    assert not await estate.active(issued)
    assert await estate.active(renewed)
    shorter = await estate.leases.renew(agent, issued.lease.id, RenewInput(seconds=1), actor_of(agent))
    assert shorter.lease.expires_at == renewed.lease.expires_at


async def test_a_renewal_stops_at_the_ceiling_and_at_the_task(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task, seconds=60)
    problem = await refused(
        "beyond_ceiling", estate.leases.renew(agent, issued.lease.id, RenewInput(seconds=14_000), actor_of(agent))
    )
    left = int(str(problem.facts["seconds"]))
    await estate.leases.renew(agent, issued.lease.id, RenewInput(seconds=left), actor_of(agent))
    assert estate.lease(issued).expires_at <= min(issued.lease.max_expires_at, task.deadline_at)


async def test_nobody_renews_what_has_ended_or_is_not_theirs(estate: Estate) -> None:
    agent, task = await estate.pair()
    other = await estate.world.agent("other")
    issued = await estate.issue(agent, task, seconds=60)
    asked = RenewInput(seconds=60)
    await refused("not_found", estate.leases.renew(other, issued.lease.id, asked, actor_of(other)))
    estate.world.clock.move(61)
    await refused("lease_not_active", estate.leases.renew(agent, issued.lease.id, asked, actor_of(agent)))
    again = await estate.issue(agent, task, seconds=60)
    await estate.containment.contain(agent.id, "hijacked", RESPONDER)
    await refused("lease_not_active", estate.leases.renew(agent, again.lease.id, asked, actor_of(agent)))


async def test_a_revoked_lease_is_refused_from_the_commit_on(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)
    revoked = await estate.leases.revoke(issued.lease.id, "no longer needed", RESPONDER)
    assert revoked.state is LeaseState.REVOKING
    assert not await estate.active(issued)
    again = await estate.leases.revoke(issued.lease.id, "once more", RESPONDER)
    assert (again.version, again.revoke_reason) == (revoked.version, "no longer needed")
    other = await estate.world.agent("other")
    await refused("not_found", estate.leases.revoke(issued.lease.id, "mine?", actor_of(other), other))


@pytest.mark.parametrize("how", ["lease_ids", "task_id", "subtree", "agent_id", "issuer", "all"])
async def test_many_are_taken_back_by_any_selector(estate: Estate, how: str) -> None:
    agent, task = await estate.pair()
    other, others_task = await estate.pair("other")
    child_agent = await estate.world.agent("helper")
    child = await estate.world.child(agent, task, "helper")
    mine, below = await estate.issue(agent, task), await estate.issue(child_agent, child)
    theirs = await estate.issue(other, others_task, issuer="fickle")
    selector: dict[str, object] = {
        "lease_ids": {"lease_ids": [mine.lease.id]},
        "task_id": {"task_id": task.id},
        "subtree": {"task_id": task.id, "subtree": True},
        "agent_id": {"agent_id": agent.id},
        "issuer": {"issuer": "tokens"},
        "all": {"all": True},
    }[how]
    expected = {
        "lease_ids": {mine.lease.id},
        "task_id": {mine.lease.id},
        "subtree": {mine.lease.id, below.lease.id},
        "agent_id": {mine.lease.id},
        "issuer": {mine.lease.id, below.lease.id},
        "all": {mine.lease.id, below.lease.id, theirs.lease.id},
    }[how]
    asked = RevokeManyInput.model_validate({"reason": "tidy up", **selector})
    result = await estate.leases.revoke_many(asked, RESPONDER)
    assert {item.lease_id for item in result.items} == expected
    for issued in (mine, below, theirs):
        state = LeaseState.REVOKING if issued.lease.id in expected else LeaseState.ACTIVE
        assert estate.lease(issued).state is state


async def test_ids_that_are_not_known_take_nothing_back(estate: Estate) -> None:
    agent, task = await estate.pair()
    issued = await estate.issue(agent, task)
    unknown = estate.world.clock.new_id("ls")
    asked = RevokeManyInput(reason="tidy up", lease_ids=(issued.lease.id, unknown))
    await refused("not_found", estate.leases.revoke_many(asked, RESPONDER))
    assert await estate.active(issued)


async def test_the_end_of_a_task_takes_its_leases_with_it(estate: Estate) -> None:
    agent, task = await estate.pair()
    helper = await estate.world.agent("helper")
    child = await estate.world.child(agent, task, "helper")
    mine, below = await estate.issue(agent, task), await estate.issue(helper, child)
    await estate.world.tasks.complete(agent, task.id, TaskEnding())
    assert estate.lease(mine).revoke_reason == "task completed"
    assert estate.lease(below).revoke_reason == "task cancelled"
    assert not await estate.active(mine)
    assert not await estate.active(below)
