"""Tasks: opening, delegating within bounds, staying alive, reporting, ending with everything below."""

import pytest

from console.model.approvals import Approval, ApprovalState
from console.model.problems import ProblemError
from console.model.rights import Right
from console.model.scales import DataClass
from console.model.tasks import Chain, ObservationInput, Task, TaskEnding, TaskState, TaskStop
from console.server.authorization.tasks import actor_of
from tests.server.world import ADMIN, CRM, World

READ = Right(actions=("customers.read",), resources=("crm/customers",), max_class=DataClass.CONFIDENTIAL)


async def refused(code: str, awaitable: object) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        await awaitable  # type: ignore[misc]
    assert caught.value.code == code
    return caught.value


async def test_a_task_opens_with_intent_rights_and_a_ledger(world: World) -> None:
    agent = await world.agent("support-executor")
    task = await world.task(agent, intent={"purpose": "answer-customer", "text": "Where is order 7?"})
    assert (task.state, task.depth, task.root_id, task.agents) == (TaskState.RUNNING, 0, task.id, ("support-executor",))
    assert world.store.text(task.intent.text_digest or "") == "Where is order 7?"
    assert world.store.get(Chain, task.id) is not None
    assert [record.kind for record in world.store.audit(task_id=task.id)] == ["task.opened"]


async def test_a_task_stays_within_its_agents_entitlement(world: World) -> None:
    agent = await world.agent("reader", entitlement=(READ,))
    wider = READ.model_copy(update={"max_class": DataClass.RESTRICTED})
    problem = await refused("beyond_rights", world.task(agent, rights=(READ, wider)))
    assert "customers.read" in problem.detail
    assert world.store.count(Task) == 0


async def test_an_unknown_purpose_is_named_with_the_known_ones(world: World) -> None:
    agent = await world.agent("support-executor")
    problem = await refused("invalid", world.task(agent, "take-over-the-world"))
    assert "answer-customer" in problem.errors[0].text


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"rights": (READ,)}, None),
        ({"rights": (READ.model_copy(update={"resources": ("crm/orders",)}),)}, "beyond_rights"),
        ({"rights": (READ.model_copy(update={"max_class": DataClass.RESTRICTED}),)}, "beyond_rights"),
        ({"rights": (READ,), "seconds": 901}, "beyond_rights"),
        ({"rights": (READ,), "intent": {"purpose": "nothing-known"}}, "invalid"),
    ],
)
async def test_a_child_is_a_subset_of_its_parent_in_rights_and_time(
    world: World, more: dict[str, object], code: str | None
) -> None:
    planner, executor = await world.agent("planner", role="planner"), await world.agent("executor")
    parent = await world.task(planner, rights=(READ,))
    if code is None:
        child = await world.child(planner, parent, executor.name, **more)
        assert (child.path, child.agents, child.root_id) == ((parent.id, child.id), ("planner", "executor"), parent.id)
        assert child.deadline_at <= parent.deadline_at
    else:
        await refused(code, world.child(planner, parent, executor.name, **more))
        assert world.store.count(Task) == 1


async def test_a_childs_rights_lie_within_its_own_entitlement_too(world: World) -> None:
    planner = await world.agent("planner", role="planner")
    await world.agent("narrow", entitlement=(READ,))
    parent = await world.task(planner)
    await refused("beyond_rights", world.child(planner, parent, "narrow"))


async def test_nobody_touches_another_agents_task(world: World) -> None:
    one, other = await world.agent("one"), await world.agent("other")
    task = await world.task(one)
    await refused("not_found", world.tasks.heartbeat(other, task.id))
    await refused("not_found", world.tasks.complete(other, task.id, TaskEnding()))
    await refused("not_found", world.child(other, task, "one"))
    seen = ObservationInput(direction="read", resource="crm/customers", rows=1)
    await refused("not_found", world.tasks.observe(actor_of(other), other, task.id, seen, None))


async def test_silence_ends_a_task_and_a_heartbeat_keeps_it(world: World) -> None:
    agent = await world.agent("executor")
    kept, silent = await world.task(agent, heartbeat_seconds=10), await world.task(agent, heartbeat_seconds=10)
    world.clock.move(9)
    await world.tasks.heartbeat(agent, kept.id)
    world.clock.move(2)
    await refused("task_not_running", world.tasks.heartbeat(agent, silent.id))
    assert await world.sweep.step() == 1
    ended = world.store.get(Task, silent.id)
    assert ended is not None
    assert (ended.state, ended.end_reason) == (TaskState.EXPIRED, "silent past its heartbeat")
    assert (world.store.get(Task, kept.id) or kept).state is TaskState.RUNNING


async def test_a_heartbeat_never_goes_past_the_deadline(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent, seconds=20, heartbeat_seconds=15)
    world.clock.move(14)
    beat = await world.tasks.heartbeat(agent, task.id)
    assert beat.heartbeat_due_at == task.deadline_at
    world.clock.move(6)
    await world.sweep.step()
    assert (world.store.get(Task, task.id) or task).end_reason == "its time was over"


@pytest.mark.parametrize(
    ("how", "own", "below"),
    [
        ("complete", TaskState.COMPLETED, TaskState.CANCELLED),
        ("fail", TaskState.FAILED, TaskState.CANCELLED),
        ("stop", TaskState.CANCELLED, TaskState.CANCELLED),
        ("silence", TaskState.EXPIRED, TaskState.EXPIRED),
    ],
)
async def test_ending_a_parent_ends_its_children(world: World, how: str, own: TaskState, below: TaskState) -> None:
    planner, executor = await world.agent("planner", role="planner"), await world.agent("executor")
    await world.agent("summariser", role="summariser")
    parent = await world.task(planner, heartbeat_seconds=200)
    child = await world.child(planner, parent, "executor")
    grandchild = await world.child(executor, child, "summariser", seconds=200)
    other = await world.task(executor)
    match how:
        case "complete":
            await world.tasks.complete(planner, parent.id, TaskEnding(note="done"))
        case "fail":
            await world.tasks.fail(planner, parent.id, TaskEnding())
        case "stop":
            await world.tasks.stop(ADMIN, parent.id, TaskStop(reason="enough"))
        case "silence":
            world.clock.move(199)
            await world.tasks.heartbeat(executor, child.id)
            world.clock.move(1.5)
            await world.sweep.step()
    states = [(world.store.get(Task, one.id) or one).state for one in (parent, child, grandchild, other)]
    assert states == [own, below, below, TaskState.RUNNING]


async def test_the_end_of_a_task_voids_what_was_asked_for_it(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent, "refund-order")
    decision = await world.decide(agent, task, "payments.read", "crm/payment-methods")
    await world.tasks.complete(agent, task.id, TaskEnding())
    approval = world.store.get(Approval, decision.approval_id or "")
    assert approval is not None
    assert approval.state is ApprovalState.VOID


async def test_only_servers_reports_count_and_agents_may_add(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)
    seen = ObservationInput(direction="read", resource="crm/customers", rows=7)
    await world.tasks.observe(actor_of(agent), agent, task.id, seen, None)
    chain = await world.tasks.observe(CRM, None, task.id, seen, "crm")
    assert (chain.counted[DataClass.CONFIDENTIAL].rows, chain.claimed[DataClass.CONFIDENTIAL].rows) == (7, 7)
    raised = seen.model_copy(update={"data_class": DataClass.RESTRICTED})
    assert (await world.tasks.observe(CRM, None, task.id, raised, "crm")).highest_class is DataClass.RESTRICTED
    lowered = seen.model_copy(update={"data_class": DataClass.PUBLIC})
    chain = await world.tasks.observe(CRM, None, task.id, lowered, "crm")
    assert chain.rows(DataClass.PUBLIC) == 0


async def test_a_server_reports_only_on_its_own_resources(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)
    seen = ObservationInput(direction="read", resource="docs/board/minutes", rows=7)
    await refused("not_allowed", world.tasks.observe(CRM, None, task.id, seen, "crm"))
    unknown = seen.model_copy(update={"resource": "nowhere/at-all"})
    await refused("not_found", world.tasks.observe(CRM, None, task.id, unknown, "crm"))


async def test_what_was_read_counts_even_when_the_task_has_ended(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)
    await world.tasks.complete(agent, task.id, TaskEnding())
    await world.read(task, "crm/customers", 4)
    assert (world.store.get(Chain, task.id) or Chain(id=task.id)).rows(DataClass.CONFIDENTIAL) == 4


async def test_a_task_is_handed_on_only_as_often_as_the_bundle_says(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)
    for _ in range(3):
        task = await world.child(agent, task, "executor", seconds=300)
    assert task.depth == 3
    problem = await refused("beyond_rights", world.child(agent, task, "executor", seconds=300))
    assert "3 delegations" in problem.detail


async def test_an_agents_claims_never_keep_a_servers_report_out_of_the_ledger(world: World) -> None:
    agent = await world.agent("executor")
    task = await world.task(agent)
    most = 2**53 - 1
    claims = [{"direction": "sent", "size_bytes": most}, {"direction": "read", "rows": most, "size_bytes": most}]
    for claim in (*claims, *claims):
        seen = ObservationInput.model_validate({"resource": "outbox/press", **claim})
        await world.tasks.observe(actor_of(agent), agent, task.id, seen, None)
    for direction in ("sent", "read"):
        seen = ObservationInput.model_validate(
            {"direction": direction, "resource": "crm/customers", "rows": 5, "size_bytes": 9}
        )
        await world.tasks.observe(CRM, None, task.id, seen, "crm")
    chain = world.store.get(Chain, task.root_id)
    assert chain is not None
    assert (chain.sends, chain.sent_bytes, chain.counted[DataClass.CONFIDENTIAL].rows) == (3, most, 5)
    assert chain.rows(DataClass.PUBLIC) == most
    decision = await world.decide(agent, task, "mail.send", "outbox/customer")
    assert decision.facts
