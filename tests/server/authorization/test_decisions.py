"""Decisions: what refuses before policy, the three outcomes, what is recorded, and the fence."""

import asyncio

import pytest

from console.model.actors import PLANE
from console.model.agents import Agent, AgentState
from console.model.approvals import Approval, ApprovalState
from console.model.decisions import DecideInput, Decision, Outcome
from console.model.leases import Lease
from console.model.locks import Lock
from console.model.problems import ProblemError
from console.model.rights import Right
from console.model.scales import DataClass, RiskLevel
from console.model.tasks import TaskEnding
from console.server.authorization.bundles import BUNDLE_FENCE
from console.server.authorization.locks import LOCKS
from console.server.authorization.tasks import actor_of
from console.server.ports import Transaction
from tests.server.world import ADMIN, ALL, AUDIENCES, World


def lock(world: World, target: str, target_id: str, agent: Agent) -> Lock:
    lock_id = world.clock.new_id("lk")
    return Lock(
        id=lock_id, target=target, target_id=target_id, cause=lock_id, agent_id=agent.id,
        reason="drill", placed_at=world.clock.now(), placed_by="ravi",
    )  # fmt: skip


async def place(world: World, placed: Lock) -> None:
    def verb(tx: Transaction) -> None:
        tx.advance(LOCKS)
        tx.put(placed, "lock.placed", ADMIN)

    await world.store.write(verb)


async def test_what_policy_permits_is_allowed_and_on_the_record_before_it_is_answered(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)
    decision = await world.decide(agent, task, "customers.read", "crm/customers", rows=10)
    assert (decision.outcome, decision.code) == (Outcome.ALLOW, "permitted")
    assert [reason.policy_id for reason in decision.determining] == ["support-reads-crm"]
    assert (decision.bundle_revision, decision.max_ttl_seconds) == (1, 600)
    (record,) = world.store.audit(kind="decision.made")
    assert record.body["entity"]["id"] == decision.id
    facts = {fact["name"]: fact for fact in record.body["entity"]["facts"]}
    assert facts["task.intent"]["value"] == "answer-customer"
    assert facts["chain.highest_class"] == {
        "name": "chain.highest_class",
        "value": 0,
        "source": "observations",
        "age_seconds": 0.0,
    }
    assert all(fact["age_seconds"] >= 0 for fact in facts.values())


async def test_the_age_of_a_fact_is_the_time_since_it_was_observed(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)
    await world.read(task, "crm/customers", 5)
    world.clock.move(12)
    decision = await world.decide(agent, task, "customers.read", "crm/customers")
    ages = {fact.name: fact.age_seconds for fact in decision.facts}
    assert ages["chain.rows"] == 12


@pytest.mark.parametrize(
    ("action", "resource", "code"),
    [
        ("nothing.known", "crm/customers", "unknown_action"),
        ("customers.read", "crm/unheard-of", "unknown_resource"),
        ("payments.read", "crm/payment-methods", "forbidden"),
        ("orders.update", "crm/orders", "forbidden"),
        ("mail.send", "outbox/press", "no_permit"),
    ],
)
async def test_what_nothing_permits_is_denied_with_a_code_and_a_sentence(
    world: World, action: str, resource: str, code: str
) -> None:
    agent = await world.agent("executor")
    decision = await world.decide(agent, await world.task(agent), action, resource)
    assert (decision.outcome, decision.code) == (Outcome.DENY, code)
    assert decision.text
    assert decision.text.endswith(".")
    assert world.store.get(Decision, decision.id) == decision


async def test_an_action_needs_a_task_that_runs_and_is_ones_own(world: World) -> None:
    agent, other = await world.agent("executor"), await world.agent("other")
    task = await world.task(agent)
    assert (await world.decide(agent, None, "customers.read", "crm/customers")).code == "no_task"
    with pytest.raises(ProblemError, match="no such task"):
        await world.decide(other, task, "customers.read", "crm/customers")
    world.clock.move(601)
    assert (await world.decide(agent, task, "customers.read", "crm/customers")).code == "task_not_running"


async def test_the_ceiling_holds_whatever_policy_says(world: World) -> None:
    low = Right(actions=("*",), resources=("*",), max_class=DataClass.INTERNAL)
    agent = await world.agent("executor")
    task = await world.task(agent, rights=(low,))
    decision = await world.decide(agent, task, "customers.read", "crm/customers")
    assert (decision.outcome, decision.code) == (Outcome.DENY, "beyond_rights")
    assert "task's rights" in decision.text


@pytest.mark.parametrize("target", ["agent", "task", "parent"])
async def test_a_lock_on_the_agent_the_task_or_a_task_above_denies(world: World, target: str) -> None:
    planner, executor = await world.agent("planner", role="planner"), await world.agent("executor")
    parent = await world.task(planner)
    child = await world.child(planner, parent, "executor")
    ids = {"agent": executor.id, "task": child.id, "parent": parent.id}
    assert (await world.decide(executor, child, "customers.read", "crm/customers")).outcome is Outcome.ALLOW
    await place(world, lock(world, "agent" if target == "agent" else "task", ids[target], executor))
    assert (await world.decide(executor, child, "customers.read", "crm/customers")).code == "locked"


async def test_what_is_held_in_memory_denies_as_a_lock_does(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)
    with world.holds.holding([agent.id]):
        assert (await world.decide(agent, task, "customers.read", "crm/customers")).code == "locked"
    assert (await world.decide(agent, task, "customers.read", "crm/customers")).outcome is Outcome.ALLOW


async def test_a_decision_drawn_before_a_lock_does_not_commit_after_it(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)
    asked = DecideInput(agent=agent.id, task_id=task.id, action="customers.read", resource="crm/customers")
    deciding = asyncio.ensure_future(world.decisions.decide(asked, asked_by=actor_of(agent)))
    placing = asyncio.ensure_future(place(world, lock(world, "agent", agent.id, agent)))
    (decision, _), _ = await asyncio.gather(deciding, placing)
    records = world.store.audit()
    locked_at = next(record.seq for record in records if record.kind == "lock.placed")
    allowed_at = [
        record.seq for record in records if record.kind == "decision.made" and record.body["entity"]["outcome"] == "allow"
    ]
    assert all(seq < locked_at for seq in allowed_at)
    assert decision.outcome is (Outcome.ALLOW if allowed_at else Outcome.DENY)


async def test_the_fence_draws_again_when_the_ledger_moved(world: World) -> None:
    """A decision drawn on an old ledger is drawn again inside the retry, on the new one."""
    agent = await world.agent("executor", team="finance")
    task = await world.task(agent, "reconcile-payments")
    asked = DecideInput(agent=agent.id, task_id=task.id, action="payments.read", resource="crm/payment-methods", rows=10)
    results = await asyncio.gather(
        world.read(task, "crm/payment-methods", 1001),
        *(world.decisions.decide(asked, asked_by=actor_of(agent)) for _ in range(4)),
    )
    read_at = next(record.seq for record in world.store.audit() if record.kind == "task.observed")
    for decision, _ in results[1:]:
        (record,) = world.store.audit(object_id=decision.id)
        assert (decision.outcome is Outcome.ALLOW) == (record.seq < read_at)


async def test_escalation_opens_one_request_for_one_ask(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent, "refund-order")
    first, second = await asyncio.gather(
        world.decide(agent, task, "payments.read", "crm/payment-methods", rows=3),
        world.decide(agent, task, "payments.read", "crm/payment-methods", rows=3),
    )
    assert first.outcome is second.outcome is Outcome.ESCALATE
    assert first.approval_id == second.approval_id
    other = await world.decide(agent, task, "payments.read", "crm/payment-methods", rows=4)
    assert other.approval_id != first.approval_id
    approval = world.store.get(Approval, first.approval_id or "")
    assert approval is not None
    assert [(part.group, part.count) for part in approval.quorum] == [("security", 1)]
    assert approval.blocking[0].policy_id == "restricted-read"
    assert approval.digest == first.digest
    assert approval.deadline_at <= task.deadline_at


async def test_batches_and_previews_open_nothing(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent, "refund-order")
    asked = DecideInput(agent=agent.id, task_id=task.id, action="payments.read", resource="crm/payment-methods")
    decision, _ = await world.decisions.decide(asked, asked_by=actor_of(agent), opens_request=False)
    assert (decision.outcome, decision.approval_id) == (Outcome.ESCALATE, None)
    before = world.store.audit_size()
    preview = world.decisions.preview(asked, approved=frozenset({"restricted-read"}))
    assert preview.outcome is Outcome.ALLOW
    assert (world.store.count(Approval), world.store.audit_size()) == (0, before)


async def test_the_chain_decides_reading_much_then_sending_waits_for_people(world: World) -> None:
    planner, executor = await world.agent("planner", role="planner"), await world.agent("executor")
    parent = await world.task(planner)
    child = await world.child(planner, parent, "executor")
    assert (await world.decide(executor, child, "mail.send", "outbox/customer")).outcome is Outcome.ALLOW
    await world.read(parent, "crm/customers", 61)
    decision = await world.decide(executor, child, "mail.send", "outbox/customer")
    assert (decision.outcome, decision.determining[0].policy_id) == (Outcome.ESCALATE, "confidential-goes-out")
    assert {name for part in decision.determining[0].quorum for name in part.people} == {"lena", "omar"}
    assert decision.risk.level.rank >= RiskLevel.HIGH.rank
    await world.read(parent, "crm/customers", 300)
    assert (await world.decide(executor, child, "customers.read", "crm/customers")).code == "needs_approval"


async def test_a_task_that_has_ended_is_denied_and_its_agent_is_known_again_for_the_next(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)
    await world.tasks.complete(agent, task.id, TaskEnding())
    assert (await world.decide(agent, task, "customers.read", "crm/customers")).code == "task_not_running"
    assert (await world.decide(agent, await world.task(agent), "customers.read", "crm/customers")).outcome is Outcome.ALLOW


async def test_a_retired_or_contained_agent_is_denied(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)

    def contain(tx: Transaction) -> None:
        tx.put(agent.model_copy(update={"state": AgentState.CONTAINED}), "agent.contained", PLANE)

    await world.store.write(contain)
    assert (await world.decide(agent, task, "customers.read", "crm/customers")).code == "locked"


async def test_what_a_lease_had_lifted_counts_for_that_lease_only(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent, "refund-order")
    right = Right(actions=("payments.read",), resources=("crm/payment-methods",), max_class=DataClass.RESTRICTED)
    first = await world.decide(agent, task, "payments.read", "crm/payment-methods")
    lease = Lease.model_validate(
        {
            "id": world.clock.new_id("ls"), "task_id": task.id, "root_task_id": task.id, "task_path": (task.id,),
            "agent_id": agent.id, "agent_name": agent.name, "on_behalf_of": "a-customer",
            "decision_id": first.id,
            "lifted": ("restricted-read",), "issuer": "tokens",
            "audience": AUDIENCES["crm"].model_dump(),
            "right": right.model_dump(), "action": "payments.read", "resource": "crm/payment-methods",
            "data_class": "restricted",
            "environment": "production", "risk_level": "medium", "state": "active", "revocability": "instant",
            "requested_at": world.clock.now(), "expires_at": task.deadline_at, "max_expires_at": task.deadline_at,
            "max_ttl_seconds": 300,
        }
    )  # fmt: skip
    kept = await world.store.write(lambda tx: tx.put(lease, "lease.active", PLANE))
    under = await world.decide(agent, task, "payments.read", "crm/payment-methods", lease_id=kept.id)
    assert under.outcome is Outcome.ALLOW
    assert (await world.decide(agent, task, "payments.read", "crm/payment-methods")).outcome is Outcome.ESCALATE
    world.clock.move(899)
    other = await world.task(agent, "refund-order")
    with pytest.raises(ProblemError, match="no such lease"):
        await world.decide(agent, other, "payments.read", "crm/payment-methods", lease_id=kept.id)


async def test_no_decision_rests_on_an_approval_that_is_only_pending(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent, "refund-order", rights=(ALL,))
    for _ in range(2):
        decision = await world.decide(agent, task, "payments.read", "crm/payment-methods")
        assert decision.outcome is Outcome.ESCALATE
    assert (world.store.get(Approval, decision.approval_id or "") or Approval).state is ApprovalState.PENDING


async def test_nothing_is_decided_by_a_policy_that_another_has_superseded_already(world: World) -> None:
    """Between the commit of a publication and the moment when its policies are in force, the old ones decide nothing."""
    agent = await world.agent("support-executor")
    task = await world.task(agent)
    assert (await world.decide(agent, task, "customers.read", "crm/customers", rows=5)).outcome is Outcome.ALLOW
    await world.store.write(lambda tx: tx.advance(BUNDLE_FENCE))
    with pytest.raises(ProblemError) as caught:
        await world.decide(agent, task, "customers.read", "crm/customers", rows=5)
    assert caught.value.code == "undecided"
