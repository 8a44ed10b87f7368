"""The operator's jobs by keys, in a real terminal against a running estate: and after each, what is felt at the agent.

A probe is an agent of the test's own in the estate; it works through the public APIs and the real resource servers, so that
each act is seen where it must be felt. Contain and release are felt by an agent of the demo as well, in its log.
"""

from collections.abc import Iterator

import pytest

from tests.terminal.desk import Operator
from tests.terminal.estate import Estate, Probe, approve_over_api, running, wait_log
from tests.terminal.tmux import Tmux
from tests.terminal.waiting import until

pytestmark = [pytest.mark.needs("tmux"), pytest.mark.slow]
SIZES = [
    pytest.param((80, 24), marks=pytest.mark.xdist_group("terminal-80x24"), id="80x24"),
    pytest.param((200, 50), marks=pytest.mark.xdist_group("terminal-200x50"), id="200x50"),
]


@pytest.fixture(scope="module", params=SIZES)
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Columns and lines of the terminal."""
    found: tuple[int, int] = request.param
    return found


@pytest.fixture(scope="module")
def estate(size: tuple[int, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """One estate for each size."""
    with running(tmp_path_factory.mktemp("estate") / "data", seed=size[0]) as served:
        yield served


@pytest.fixture
def maya(tmux: Tmux, estate: Estate, size: tuple[int, int]) -> Operator:
    """Maya, approver and responder, at the console."""
    return Operator(tmux, estate, "maya", size)


@pytest.fixture
def probe(estate: Estate, request: pytest.FixtureRequest) -> Iterator[Probe]:
    """An agent of the test's own, with a task open."""
    agent = Probe(estate, f"probe-{abs(hash(request.node.name)) % 100_000:05d}")
    agent.open()
    yield agent
    agent.close()


def approval_state(estate: Estate, approval_id: str) -> str:
    return str(estate.answer("approval", f"/authorization/v1/approvals/{approval_id}")["approval"]["state"])


def test_what_is_approved_by_keys_can_be_done_once(estate: Estate, maya: Operator, probe: Probe) -> None:
    waiting = probe.ask_payments()
    assert waiting["code"] == "needs_approval"
    maya.find("approvals", f"agent:{probe.name}", "payments")
    maya.press("a")
    maya.see("SAFE: approve gives power")
    maya.arm()
    maya.press("a")
    maya.confirm("approve ap_")
    maya.see(r"\bdone\b")
    approve_over_api(estate, waiting["facts"]["approval_id"])
    lease = probe.ask_payments()
    assert lease["status"] == 201, lease
    assert probe.use(lease, "/payment-methods?start=1&limit=2")["count"] == 2
    assert probe.ask_payments()["code"] == "needs_approval"
    assert approval_state(estate, waiting["facts"]["approval_id"]) == "consumed"


def test_what_is_rejected_by_keys_stays_refused(estate: Estate, maya: Operator, probe: Probe) -> None:
    waiting = probe.ask_payments()
    maya.find("approvals", f"agent:{probe.name}", "payments")
    maya.press("r")
    maya.fill("reject ap_", ["no order number was given"])
    approval_id = waiting["facts"]["approval_id"]
    until(lambda: approval_state(estate, approval_id) == "rejected", "the request to be rejected", seen=lambda: maya.screen)
    assert probe.ask_payments()["code"] == "needs_approval"
    card = estate.answer("approval", f"/authorization/v1/approvals/{approval_id}")
    assert card["approval"]["reviews"][0]["reason"] == "no order number was given"


def test_a_grant_by_keys_lets_the_agent_through_without_asking_again(estate: Estate, maya: Operator, probe: Probe) -> None:
    maya.find("agents", f"agent:{probe.name}", probe.name)
    maya.arm()
    maya.press("e")
    maya.form(f"grant {probe.name}", {
        "covers": "restricted-read", "actions": "payments.read", "resources": "crm/payment-methods",
        "up to class": "restricted", "for": "5m", "uses": "2",
    })  # fmt: skip
    maya.see("the reason, for the record")
    maya.fill(f"grant {probe.name}", ["a batch of refunds today"])
    maya.see(r"\bdone\b")
    grants = estate.answer("grants", f"/authorization/v1/grants?filter=agent:{probe.name}")["items"]
    assert len(grants) == 1, grants
    if grants[0]["state"] == "requested":
        approve_over_api(estate, grants[0]["approval_id"])
    lease = probe.ask_payments()
    assert lease["status"] == 201, lease
    assert lease["lease"]["grant_ids"] == [grants[0]["id"]]
    assert probe.use(lease, "/payment-methods?start=1&limit=2")["count"] == 2
    assert probe.ask_payments()["status"] == 201
    assert probe.ask_payments()["code"] == "needs_approval", "the grant had two uses"


def test_a_lease_revoked_by_keys_is_refused_at_its_next_use(maya: Operator, probe: Probe) -> None:
    lease = probe.ask()
    assert probe.use(lease)["count"] == 1
    maya.find("leases", f"agent:{probe.name}", "orders.read")
    maya.press("X")
    maya.confirm("revoke 1 lease")
    maya.see(r"revoked|revoking")
    refused = until(lambda: (seen := probe.use(lease))["status"] != 200 and seen, "the lease to be refused")
    assert (refused["status"], refused["code"]) == (401, "lease_not_active")
    assert probe.use(probe.ask())["count"] == 1, "its task goes on, and may ask again"


def test_a_contained_agent_is_refused_until_it_is_released(maya: Operator, probe: Probe) -> None:
    lease = probe.ask()
    assert probe.use(lease)["count"] == 1
    maya.find("agents", f"agent:{probe.name}", probe.name)
    maya.press("K")
    maya.confirm(f"contain {probe.name}")
    maya.see("is contained")
    assert probe.use(lease)["code"] == "lease_not_active"
    refused = probe.ask()
    assert (refused["status"], refused["facts"]["decision_code"]) == (403, "locked")
    maya.see("every lease is confirmed dead")

    maya.go_up("esc close")
    maya.on_row(rf"{probe.name} .*contained")
    maya.press("U")
    maya.see("SAFE: release gives power")
    maya.arm()
    maya.press("U")
    maya.fill(f"release {probe.name}", ["it was a drill", probe.name])
    maya.on_row(rf"{probe.name} .*active")
    probe.open()
    assert probe.use(probe.ask())["count"] == 1
    assert probe.use(lease)["code"] == "lease_not_active", "what was revoked does not come back"


def test_an_agent_of_the_estate_stops_when_contained_and_goes_on_when_released(
    estate: Estate, tmux: Tmux, maya: Operator, size: tuple[int, int]
) -> None:
    agent = "research-planner-1"
    ravi = Operator(tmux, estate, "ravi", size)
    ravi.find("agents", f"agent:{agent}", agent)
    before = len(estate.log(agent))
    maya.find("agents", f"agent:{agent}", agent)
    maya.press("K")
    maya.confirm(f"contain {agent}")
    maya.see("is contained")
    refusal = wait_log(estate, agent, before, "a refusal", outcome="refused")
    assert refusal["code"] in ("locked", "task_not_running")
    wait_log(estate, agent, before, "that it knows", outcome="contained")
    ravi.on_row(rf"{agent} .*contained")
    stopped = len(estate.log(agent))

    ravi.arm()
    ravi.press("U")
    ravi.fill(f"release {agent}", ["its work was looked through", agent])
    ravi.on_row(rf"{agent} .*active")
    wait_log(estate, agent, stopped, "its release", outcome="released")
    wait_log(estate, agent, stopped, "a lease", step="lease", outcome="issued")
    maya.go_up("esc close")
    maya.on_row(rf"{agent} .*active")
