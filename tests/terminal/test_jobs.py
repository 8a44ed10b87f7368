"""The operator's five jobs by keys, in a real terminal against a running estate: and after each, what is felt at the agent.

A probe is an agent of the test's own in the estate; it works through the public APIs and the real resource servers, so that
each act is seen where it must be felt. Contain and release are felt by an agent of the demo as well, in its log.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.desk import Operator
from tests.terminal.estate import Estate, Json, Probe, approve_over_api, running, wait_log
from tests.terminal.tmux import Tmux
from tests.terminal.waiting import until

pytestmark = [pytest.mark.needs("tmux"), pytest.mark.slow]
SIZES = [
    pytest.param((80, 24), marks=pytest.mark.xdist_group("terminal-80x24"), id="80x24"),
    pytest.param((200, 50), marks=pytest.mark.xdist_group("terminal-200x50"), id="200x50"),
]
CARDS = "/payment-methods?start=1&limit={}"
STREAK = 5
"""So many approvals that were each read for a few seconds are too fast."""


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
    yield from probing(estate, request)


@pytest.fixture
def critical(estate: Estate, request: pytest.FixtureRequest) -> Iterator[Probe]:
    """A probe that is registered as critical."""
    yield from probing(estate, request, critical=True)


def probing(estate: Estate, request: pytest.FixtureRequest, *, critical: bool = False) -> Iterator[Probe]:
    agent = Probe(estate, f"probe-{abs(hash(request.node.name)) % 100_000:05d}", critical=critical)
    agent.open()
    yield agent
    agent.close()


def card_of(estate: Estate, approval_id: str) -> Json:
    found: Json = estate.answer("approval", f"/authorization/v1/approvals/{approval_id}")["approval"]
    return found


def until_state(estate: Estate, approval_id: str, state: str, operator: Operator) -> None:
    until(lambda: card_of(estate, approval_id)["state"] == state, f"{approval_id} to be {state}", seen=lambda: operator.screen)


def test_approve_lets_the_agent_do_it_once(estate: Estate, maya: Operator, probe: Probe) -> None:
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
    assert probe.use(lease, CARDS.format(2))["count"] == 2
    assert probe.ask_payments()["code"] == "needs_approval"
    assert card_of(estate, waiting["facts"]["approval_id"])["state"] == "consumed"


def test_approve_less_gives_the_agent_less(estate: Estate, maya: Operator, probe: Probe) -> None:
    waiting = probe.ask_payments()
    approval_id = waiting["facts"]["approval_id"]
    maya.find("approvals", f"agent:{probe.name}", "payments")
    maya.arm()
    maya.press("n")
    maya.form("narrow ap_", {"for": "1m", "rows": "1"}, outcome=[r"OUTCOME.*escalate", r"FOR .*1m.*at most 1 row\b"])
    maya.confirm("approve less ap_")
    until_state(estate, approval_id, "approved", maya)
    more = probe.ask_payments()
    assert (more["status"], more["code"]) == (403, "needs_approval")
    assert "Less was approved than was asked" in more["detail"], more
    lease = probe.ask("payments.read", "crm/payment-methods", 1, seconds=60, reason="the refund goes to that card")
    assert lease["status"] == 201, lease
    assert lease["lease"]["approval_id"] == approval_id
    assert probe.use(lease, CARDS.format(3))["code"] == "beyond_lease"
    assert probe.use(lease, CARDS.format(1))["count"] == 1
    assert card_of(estate, approval_id)["narrowed_from"]["rows"] == 3


def test_approve_too_fast_too_often_asks_for_a_reason(estate: Estate, tmux: Tmux, size: tuple[int, int], probe: Probe) -> None:
    omar = Operator(tmux, estate, "omar", size)
    asked = [probe.ask_payments()["facts"]["approval_id"] for _ in range(STREAK) if probe.open()]
    omar.find("approvals", f"agent:{probe.name} state:pending", "payments")
    omar.arm()
    omar.see(rf"\b{STREAK} shown")
    omar.press("*")
    omar.press("a")
    omar.confirm(f"approve {STREAK} requests")
    for approval_id in asked:
        until_state(estate, approval_id, "approved", omar)
    omar.pane.wait_gone(rf"{probe.name} +payments")
    probe.open()
    one_more = probe.ask_payments()["facts"]["approval_id"]
    omar.on_row("payments")
    omar.press("a")
    omar.see("in a row, seconds each: why is this one right")
    omar.press("Enter")
    omar.see("a reason is needed|too soon")
    assert card_of(estate, one_more)["state"] == "pending"
    omar.fill("approve ap_", ["the customer has called"])
    until_state(estate, one_more, "approved", omar)
    assert card_of(estate, one_more)["reviews"][0]["reason"] == "the customer has called"
    assert probe.use(probe.ask_payments(), CARDS.format(2))["count"] == 2


def test_approve_has_a_contrary_which_keeps_it_refused(estate: Estate, maya: Operator, probe: Probe) -> None:
    waiting = probe.ask_payments()
    maya.find("approvals", f"agent:{probe.name}", "payments")
    maya.press("r")
    maya.fill("reject ap_", ["no order number was given"])
    approval_id = waiting["facts"]["approval_id"]
    until_state(estate, approval_id, "rejected", maya)
    assert probe.ask_payments()["code"] == "needs_approval"
    assert card_of(estate, approval_id)["reviews"][0]["reason"] == "no order number was given"


def test_contain_takes_all_that_a_critical_agent_has_until_two_people_release_it(
    estate: Estate, tmux: Tmux, size: tuple[int, int], maya: Operator, critical: Probe
) -> None:
    lease = critical.ask()
    assert critical.use(lease)["count"] == 1
    critical.ask_payments()
    ravi = Operator(tmux, estate, "ravi", size)
    for one in (maya, ravi):
        one.find("agents", f"agent:{critical.name}", critical.name)
    maya.press("K")
    maya.see(f"Contain {critical.name}  a critical agent")
    for told in (r"TASKS\s+1 end", r"LEASES\s+1 are revoked", r"APPROVALS\s+1 become void", r"EXPOSURE\s+none is expected"):
        maya.see(told)
    maya.fill(f"contain {critical.name}", [critical.id[-4:]])
    maya.see("every lease is confirmed dead")
    maya.see(r"LEASES .*1 of 1 confirmed dead")
    assert critical.use(lease)["code"] == "lease_not_active"
    refused = critical.ask()
    assert (refused["status"], refused["facts"]["decision_code"]) == (403, "locked")
    ravi.on_row(rf"{critical.name} .*contained")

    maya.go_up("esc close")
    for one in (maya, ravi):
        one.arm()
    maya.press("U")
    maya.see("SECOND +it is critical: this only asks for it")
    maya.fill(f"release {critical.name}", ["it was a drill", critical.name])
    ravi.press("Enter")
    ravi.see("maya asks for its release")
    assert critical.ask()["code"] == "denied"
    ravi.press("U")
    ravi.see("you are the second person")
    ravi.fill(f"release {critical.name}", ["it was a drill", critical.name])
    ravi.see(r"STATE +● active")
    maya.on_row(rf"{critical.name} .*active")
    critical.open()
    assert critical.use(critical.ask())["count"] == 1
    assert critical.use(lease)["code"] == "lease_not_active", "what was revoked does not come back"


def test_contain_stops_an_agent_of_the_estate_until_it_is_released(
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


def test_contain_has_a_smaller_sister_which_revokes_one_lease(maya: Operator, probe: Probe) -> None:
    lease = probe.ask()
    assert probe.use(lease)["count"] == 1
    maya.find("leases", f"agent:{probe.name}", "orders.read")
    maya.press("X")
    maya.confirm("revoke 1 lease")
    maya.see(r"revoked|revoking")
    refused = until(lambda: (seen := probe.use(lease))["status"] != 200 and seen, "the lease to be refused")
    assert (refused["status"], refused["code"]) == (401, "lease_not_active")
    assert probe.use(probe.ask())["count"] == 1, "its task goes on, and may ask again"


def grant(maya: Operator, probe: Probe, uses: str) -> None:
    """Grant a probe the way past what asks a person, ahead of need."""
    maya.find("agents", f"agent:{probe.name}", probe.name)
    maya.arm()
    maya.press("e")
    maya.form(
        f"grant {probe.name}",
        {
            "covers": "restricted-read", "actions": "payments.read", "resources": "crm/payment-methods",
            "up to class": "restricted", "for": "5m", "uses": uses,
        },
        outcome=[r"OUTCOME .*(given at once|asked for)", r"OPENS +payments.read crm/payment-methods"],
    )  # fmt: skip
    maya.see("the reason, for the record")
    maya.fill(f"grant {probe.name}", ["a batch of refunds today"])
    maya.see(r"\bdone\b")


def grant_of(estate: Estate, probe: Probe) -> Json:
    """The one grant of a probe, agreed to by whoever else must."""
    grants = estate.answer("grants", f"/authorization/v1/grants?filter=agent:{probe.name}")["items"]
    assert len(grants) == 1, grants
    if grants[0]["state"] == "requested":
        approve_over_api(estate, grants[0]["approval_id"])
    found: Json = grants[0]
    return found


def test_grant_lets_the_agent_through_without_asking_again(estate: Estate, maya: Operator, probe: Probe) -> None:
    grant(maya, probe, "2")
    granted = grant_of(estate, probe)
    lease = probe.ask_payments()
    assert lease["status"] == 201, lease
    assert lease["lease"]["grant_ids"] == [granted["id"]]
    assert probe.use(lease, CARDS.format(2))["count"] == 2
    assert probe.ask_payments()["status"] == 201
    assert probe.ask_payments()["code"] == "needs_approval", "the grant had two uses"


def test_grant_is_taken_back_within_a_minute(estate: Estate, maya: Operator, probe: Probe) -> None:
    grant(maya, probe, "9")
    granted = grant_of(estate, probe)
    assert probe.ask_payments()["status"] == 201
    maya.press("z")
    maya.confirm("end grant gr_")
    until(
        lambda: estate.answer("grant", f"/authorization/v1/grants?filter=agent:{probe.name}")["items"][0]["state"] == "revoked",
        f"{granted['id']} to be revoked",
        seen=lambda: maya.screen,
    )
    assert probe.ask_payments()["code"] == "needs_approval"


@pytest.fixture
def editor(tmp_path: Path, probe: Probe) -> str:
    """An editor that lets one agent read restricted data without a person."""
    rule = 'context.task.intent == "reconcile-payments")'
    script = tmp_path / "edit"
    script.write_text(f"""sed -i '/{rule}/s/$/ \\&\\& principal.name != "{probe.name}"/' "$1"\n""", encoding="ascii")
    return f"sh {script}"


def revision(estate: Estate) -> int:
    return int(estate.answer("bundle", "/authorization/v1/bundles/current")["bundle"]["revision"])


def test_publish_a_policy_changes_what_the_agent_may_and_rolling_back_changes_it_again(
    estate: Estate, tmux: Tmux, size: tuple[int, int], probe: Probe, editor: str
) -> None:
    petra = Operator(tmux, estate, "petra", size, editor=editor)
    paul = Operator(tmux, estate, "paul", size)
    first = revision(estate)
    assert probe.ask_payments()["code"] == "needs_approval"
    petra.press("5")
    petra.see(r"BUNDLE +STATE")
    petra.filter("kind:file oversight")
    petra.on_row("oversight.cedar")
    petra.press("E")
    petra.see(r"draft: 1 file changed, 0 findings, (\d+) of \1 tests")
    petra.arm()
    petra.press("B")
    petra.read_on(rf'principal.name != "{probe.name}"')
    petra.fill("ask for publication", ["refunds of this agent were looked at"])
    waiting = "/authorization/v1/approvals?filter=kind:publication state:pending"
    asked = until(lambda: estate.answer("approvals", waiting)["items"], "the request", seen=lambda: petra.screen)[0]
    assert (asked["requested_by"], revision(estate)) == ("petra", first)
    assert probe.ask_payments()["code"] == "needs_approval"

    paul.find("approvals", "kind:publication state:pending", "publish")
    paul.arm()
    paul.press("a")
    paul.read_on(rf'principal.name != "{probe.name}"')
    paul.fill("approve ap_", ["the agent is well known"])
    until(lambda: revision(estate) > first, "the bundle to be published", seen=lambda: paul.screen)
    lease = probe.ask_payments()
    assert lease["status"] == 201, lease
    assert probe.use(lease, CARDS.format(2))["count"] == 2

    paul.press("5")
    paul.see(r"BUNDLE +STATE")
    paul.filter("kind:revision state:superseded")
    paul.on_row(rf"r{first}\b")
    paul.press("Z")
    paul.read_on(rf'principal.name != "{probe.name}"')
    paul.fill(f"roll back to r{first}", ["it was a drill"])
    until(lambda: revision(estate) > first + 1, "the roll back", seen=lambda: paul.screen)
    assert probe.ask_payments()["code"] == "needs_approval"


def test_review_of_a_framework_goes_from_the_gap_to_the_row_and_onto_the_record(
    estate: Estate, tmux: Tmux, size: tuple[int, int], probe: Probe
) -> None:
    framework, control, figure = "csa_atf_0_9", "I-4", "agents_without_purpose"
    anton = Operator(tmux, estate, "anton", size)
    anton.press("6")
    anton.see(r"FRAMEWORK +.*GAPS")
    anton.filter(f"id:{framework}")
    anton.see(r"\b1 shown")
    anton.press("Enter")
    anton.see(r"CONTROL +TITLE")
    anton.filter(f"state:gap metric:{figure}")
    anton.on_row(rf"{control} .*gap")
    note = f"{probe.name} says no purpose"
    anton.press("M")
    anton.fill(f"mark {control} reviewed", [note])
    anton.see(r"\bdone\b")
    acts = estate.answer("audit", "/authorization/v1/audit?newest=true&limit=5&filter=actor:anton", "anton")["items"]
    assert acts[0]["kind"] == "framework.reviewed", acts
    assert note in json.dumps(acts[0])
    shown = estate.answer("framework", f"/authorization/v1/frameworks/{framework}")
    row = next(one for one in shown["rows"] if one["control"] == control)
    assert (row["state"], row["review"]["reviewer"], row["review"]["note"]) == ("gap", "anton", note)

    anton.command("write json")
    anton.see(r"Written \d+ rows?")
    path = max((estate.data / "state" / "written").glob("controls-*.json"), key=lambda one: one.stat().st_mtime)
    written = json.loads(path.read_text())
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", written["digest"])
    assert written["catalogue_digest"] == shown["catalogue_digest"]
    kept = next(one for one in written["view"]["rows"] if one["control"] == control)
    assert kept["review"]["note"] == note
    assert {one["state"] for one in written["view"]["rows"]} == {"gap"}

    anton.on_row(rf"{control} .*gap")
    anton.press("Enter")
    anton.see(r"FIGURE +VERDICT")
    anton.filter(f"id:{figure}")
    anton.on_row("missed")
    anton.press("Enter")
    anton.see(r"KIND +WHAT")
    anton.go_down_to(f"agent .*{probe.name}")
    anton.press("Enter")
    anton.see("OWNER")
    anton.on_row(rf"{probe.name} .*active")
