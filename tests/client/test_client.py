"""The client over the real application: typed calls, errors, keys, the command log. And what it exports."""

import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

import console.client as client_package
from console.client import (
    Conflict,
    Garbled,
    Invalid,
    LeaseholdClient,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PlaneFailed,
    Sent,
    Unreachable,
)
from console.client.authorization import AgentCalls, RecordCalls, ReviewCalls, TaskCalls
from console.client.broker import LeaseCalls
from console.client.errors import why
from console.client.stream import StreamCalls
from console.model.approvals import ReviewInput
from console.model.authzen import Evaluation, Evaluations, from_decide
from console.model.bundles import BundleDraft
from console.model.decisions import DecideInput, Outcome
from console.model.frameworks import FrameworkReviewInput
from console.model.leases import LeaseInput, RevokeManyInput
from console.model.oauth import EXCHANGE_GRANT, JWT, ExchangeInput
from console.model.operators import OperatorInput
from console.model.rights import Right
from console.model.scales import DataClass
from console.model.tasks import Delegation, IntentInput, ObservationInput, TaskOpening
from console.server.api.app import ENTRIES
from tests.server.api.plane import AUDIENCES, GATEWAY, URL, Plane, open_plane
from tests.server.world import ALL

OPENING = TaskOpening(intent=IntentInput(purpose="answer-customer"), on_behalf_of="a-customer", rights=(ALL,))


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with open_plane(tmp_path / "plane") as made:
        yield made


def operator(plane: Plane, name: str, log: list[Sent] | None = None) -> LeaseholdClient:
    on_sent = log.append if log is not None else None
    transport = httpx.ASGITransport(app=plane.api)
    return LeaseholdClient(URL, URL, lambda: plane.tokens[name], transport=transport, on_sent=on_sent)


def workload(plane: Plane, spiffe_id: str) -> LeaseholdClient:
    return LeaseholdClient(
        URL,
        URL,
        lambda: plane.svid(spiffe_id),
        broker_token=lambda: plane.svid(spiffe_id, "broker"),
        transport=httpx.ASGITransport(app=plane.api),
    )


async def test_an_agent_and_its_operators_do_the_main_job(plane: Plane) -> None:
    agent = await plane.world.agent("executor-1")
    helper = await plane.world.agent("summariser-1", role="summariser")
    worker, crm = workload(plane, agent.spiffe_id), workload(plane, AUDIENCES["crm"].spiffe_id)
    maya, lena, ravi = operator(plane, "maya"), operator(plane, "lena"), operator(plane, "ravi")

    opened = await worker.open_task(OPENING)
    task = opened.task
    assert (await worker.send_heartbeat(task.id)).state == "running"
    question = DecideInput(agent=agent.name, task_id=task.id, action="customers.read", resource="crm/customers", rows=5)
    assert (await worker.decide(question)).decision is True
    gateway = workload(plane, GATEWAY)
    assert (await gateway.decide(question, task_token=opened.task_token)).decision is True
    body = from_decide(question)
    assert (await worker.evaluate(Evaluation.model_validate(body))).decision is True
    many = await worker.evaluate_many(Evaluations.model_validate({"evaluations": [body, body]}))
    assert [one.decision for one in many.evaluations] == [True, True]
    assert (await worker.preview_decision(question)).outcome is Outcome.ALLOW

    asked = LeaseInput(task_id=task.id, action="customers.read", resource="crm/customers", rows=5, seconds=60)
    issued = await worker.issue_lease(asked)
    assert (await crm.introspect_token(issued.credential)).active is True
    seen = ObservationInput(direction="read", resource="crm/customers", rows=3, lease_id=issued.lease.id)
    assert (await crm.report_observation(task.id, seen)).highest_class is DataClass.CONFIDENTIAL
    assert (await worker.show_chain(task.id)).reads == 1
    assert (await worker.renew_lease(issued.lease.id, 90)).lease.renewals == 1

    with pytest.raises(NotAllowed) as waiting:
        await worker.issue_lease(asked.model_copy(update={"rows": 301}))
    assert waiting.value.code == "needs_approval"
    approval_id = str(waiting.value.facts["approval_id"])
    for reviewer in (maya, lena):
        approval = (await reviewer.show_approval(approval_id)).approval
        review = ReviewInput(verdict="approve", digest=approval.digest, revision=approval.revision, reason="checked")
        reviewed = await reviewer.review_approval(approval_id, review)
    assert reviewed.state == "approved"
    assert (await maya.list_approvals(state="approved")).items[0].id == approval_id

    small = Right(actions=("orders.read",), resources=("crm/orders",), max_class=DataClass.INTERNAL)
    child = await worker.delegate_task(
        task.id, Delegation(agent=helper.name, intent=IntentInput(purpose="answer-customer"), rights=(small,), seconds=60)
    )
    assert child.task.parent_id == task.id
    assert (await ravi.list_tasks(parent_id=task.id)).items == (await ravi.show_task(child.task.id),)
    exchanged = await worker.exchange_token(
        ExchangeInput(
            grant_type=EXCHANGE_GRANT,
            subject_token=opened.task_token,
            subject_token_type=JWT,
            authorization_details='[{"type":"leasehold_access","actions":["orders.read"],"resources":["crm/orders"]}]',
        )
    )
    await worker.give_back_token(exchanged.access_token)
    assert (await crm.introspect_token(exchanged.access_token)).active is False

    result = await ravi.revoke_leases(RevokeManyInput(reason="drill", agent_id=agent.id))
    assert result.asked == len(result.items) == 1
    assert (await ravi.revoke_lease(issued.lease.id, "again")).revoke_reason == "drill"
    assert (await ravi.preview_containment(agent.name)).tasks == 1
    tally = await ravi.contain_agent(agent.name, "drill")
    assert (await ravi.show_tally(tally.lock.id)).lock.active
    assert (await ravi.show_lock(tally.lock.id)).receipts
    with pytest.raises((Conflict, NotAllowed)):
        await worker.open_task(OPENING)
    await ravi.release_agent(agent.name, "over")
    assert (await worker.open_task(OPENING)).task.state == "running"


async def test_readers_read_everything(plane: Plane) -> None:
    await plane.world.agent("executor-1")
    vera, paul, ida = operator(plane, "vera"), operator(plane, "paul"), operator(plane, "ida")
    assert await vera.is_ready() is True
    assert (await vera.show_whoami()).name == "vera"
    page = await vera.list_agents(limit=1, newest=True, filter="executor-1")
    assert (page.items[0].name, page.next) == ("executor-1", None)
    assert (await vera.show_agent("executor-1")).id == page.items[0].id
    for listed in (vera.list_locks, vera.list_grants, vera.list_decisions, vera.list_leases):
        assert (await listed()).items == ()
    assert (await vera.list_operators()).items
    assert (await vera.list_audit(limit=2)).items[1].seq == 1
    bundle = (await vera.list_bundles()).items[0]
    files = (await vera.show_bundle(bundle.id)).files
    assert (await vera.show_current_bundle()).bundle.id == bundle.id
    assert (await paul.validate_bundle(BundleDraft(files=files))).ok
    tested = await paul.test_bundle(BundleDraft(files=files))
    assert tested.passed == tested.total > 0
    made = await operator(plane, "aude").make_checkpoint()
    assert (await vera.list_checkpoints()).items == (made,)
    assert (await vera.prove_record(1)).root == made.root
    framework = (await vera.list_frameworks()).items[0]
    row = (await vera.show_framework(framework.id)).rows[0]
    seen = FrameworkReviewInput(control=row.control, standing=row.standing, note="seen")
    assert (await operator(plane, "aude").review_framework(framework.id, seen)).digest == row.digest
    assert (await vera.show_metric("denial_share")).measure.metric == "denial_share"
    assert len((await vera.list_seed_rows()).items) == 3
    assert (await vera.list_issuers()).items[0].name == "tokens"
    assert (await vera.show_keys())["keys"]
    assert (await vera.show_configuration()).policy_decision_point == URL
    with pytest.raises(NotFound):
        await ida.erase_text("sha256:" + "0" * 64, "asked for")
    enrolled = await ida.enrol_operator(OperatorInput(name="zoe", roles=("viewer",)))  # type: ignore[arg-type]
    assert enrolled.token not in repr(enrolled)
    assert (await ida.renew_operator("zoe", 600)).token != enrolled.token
    assert (await ida.remove_operator("zoe")).removed


async def test_each_refusal_has_its_exception(plane: Plane) -> None:
    agent = await plane.world.agent("executor-1")
    vera, ida = operator(plane, "vera"), operator(plane, "ida")
    with pytest.raises(NotFound):
        await vera.show_agent("nobody")
    with pytest.raises(NotAllowed):
        await vera.retire_agent(agent.id, "no")
    with pytest.raises(Invalid) as bad:
        await vera.list_agents(filter="state:(")
    assert (bad.value.code, bad.value.problem.errors[0].field) == ("bad_filter", "filter")
    assert bad.value.as_error().code == "bad_filter"
    await ida.retire_agent(agent.id, "over", key="one")
    with pytest.raises(Conflict):
        await ida.retire_agent(agent.id, "over")
    assert (await ida.retire_agent(agent.id, "over", key="one")).state == "retired"
    plane.tokens["vera"] = "lho_" + "x" * 43
    with pytest.raises(NotSignedIn):
        await vera.show_whoami()


async def test_the_command_log_names_verb_path_id_status_and_time(plane: Plane) -> None:
    log: list[Sent] = []
    vera = operator(plane, "vera", log)
    await vera.list_agents()
    with pytest.raises(NotFound):
        await vera.show_agent("nobody")
    assert [(one.method, one.path, one.status) for one in log] == [
        ("GET", "/authorization/v1/agents", 200),
        ("GET", "/authorization/v1/agents/nobody", 404),
    ]
    assert len({one.request_id for one in log}) == 2
    assert all(one.milliseconds > 0 for one in log)
    assert plane.tokens["vera"] not in repr(log)


def answering(handler: httpx.MockTransport, log: list[Sent] | None = None) -> LeaseholdClient:
    return LeaseholdClient(URL, URL, lambda: "x", transport=handler, on_sent=log.append if log is not None else None)


async def test_what_has_no_answer_says_whether_it_may_have_been_done() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silent", request=request)

    log: list[Sent] = []
    for handler, unknown in ((refuse, False), (silent, True)):
        with pytest.raises(Unreachable) as error:
            await answering(httpx.MockTransport(handler), log).contain_agent("executor-1", "now")
        assert error.value.unknown is unknown
    with pytest.raises(Unreachable) as error:
        await answering(httpx.MockTransport(silent), log).list_agents()
    assert error.value.unknown is False
    assert [one.status for one in log] == [None, None, None]


async def test_answers_that_cannot_be_read_are_garbled() -> None:
    for content, status in ((b"<html>", 200), (b"<html>", 502), (b'{"items": 1}', 200)):
        transport = httpx.MockTransport(lambda _, c=content, s=status: httpx.Response(s, content=c))
        with pytest.raises(Garbled):
            await answering(transport).list_agents()
    problem = b'{"title": "t", "status": 503, "code": "store_unavailable", "detail": "d", "later": 1}'
    with pytest.raises(PlaneFailed):
        await answering(httpx.MockTransport(lambda _: httpx.Response(503, content=problem))).list_agents()


def test_there_is_a_method_for_every_route() -> None:
    aside = {"show_health", "show_readiness", "show_metrics", "show_openapi", "stream_events", "stream_broker_events"}
    renamed = {
        "take_snapshot": "snapshot",
        "evaluate_access": "evaluate",
        "evaluate_accesses": "evaluate_many",
    }
    for entry in ENTRIES:
        if entry.name not in aside:
            assert callable(getattr(LeaseholdClient, renamed.get(entry.name, entry.name))), entry.name
    parts = (AgentCalls, TaskCalls, ReviewCalls, RecordCalls, LeaseCalls, StreamCalls)
    assert all(issubclass(LeaseholdClient, part) for part in parts)


def test_what_is_exported() -> None:
    assert client_package.__all__ == [
        "ClientError",
        "Conflict",
        "Garbled",
        "Invalid",
        "LeaseholdClient",
        "Listed",
        "NotAllowed",
        "NotFound",
        "NotSignedIn",
        "PlaneFailed",
        "Refused",
        "Resync",
        "Sent",
        "Tick",
        "Timeouts",
        "Unreachable",
        "new_key",
    ]


def test_the_client_loads_no_screen_no_keyring_and_no_server() -> None:
    code = (
        "import sys, console.client; "
        "print([name for name in sys.modules if name.split('.')[0] in ('textual', 'keyring', 'fastapi', 'starlette') "
        "or name.startswith(('console.server', 'console.tui', 'console.settings'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_why_nobody_answers_is_told_in_words_of_the_innermost_error() -> None:
    refused = httpx.ConnectError("All connection attempts failed")
    refused.__cause__ = ConnectionRefusedError(111, "Connection refused")
    assert why(refused) == "nothing listens at its address"
    assert why(httpx.ReadTimeout("silent")) == "no answer in time"
    assert why(socket.gaierror(-2, "Name or service not known")) == "the name of its host is not known"
    assert why(ExceptionGroup("both", [TimeoutError()])) == "no answer in time"
    assert why(LookupError("something else")) == "LookupError"
