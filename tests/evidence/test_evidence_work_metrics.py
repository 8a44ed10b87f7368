"""Exact values of the metrics of decisions, calls, delegations, identity documents, the register and the record itself."""

import pytest

from console.evidence.metrics import decisions, estate
from console.model.rights import Right
from tests.evidence.evidence_log import AGENT, DECISION, LEASE, OTHER_AGENT, READ, TASK, Log, at, ident

WIDER = Right(actions=("*",), resources=("*",), max_class="restricted")


@pytest.mark.parametrize("metric", sorted(decisions.METRICS | estate.METRICS))
def test_an_empty_log_is_no_data(metric):
    found = Log().measure(metric)
    assert (found.value, found.n) == (None, 0)


def _three() -> Log:
    log = Log().task().bundle(0).decision(1, fits=True)
    log.decision(2, id=ident("dc", 2), outcome="deny", fits=False)
    return log.decision(3, id=ident("dc", 3), outcome="escalate", fits=False)


def test_an_escalation_is_not_a_denial():
    denials = _three().measure("denial_share")
    assert (denials.value, denials.numerator, denials.n) == (1 / 3, 1, 3)
    misfits = _three().measure("intent_mismatch_denials")
    assert (misfits.value, misfits.n, misfits.counter_examples) == (1, 3, (ident("dc", 2),))
    assert _three().measure("intent_mismatch_permits").value == 0
    assert _three().measure("decision_count").value == 3


def test_decisions_that_do_not_say_whether_intent_fits_are_no_data():
    assert Log().decision(outcome="deny").measure("intent_mismatch_denials").n == 0


def test_bursts_take_five_denials_of_one_agent_in_five_minutes():
    log = Log()
    for number in range(4):
        log.decision(number, id=ident("dc", number), outcome="deny")
    assert log.decision(5, outcome="escalate").measure("denial_bursts").value == 0
    assert log.decision(6, outcome="deny").measure("denial_bursts").value == 1


def test_a_decision_names_the_bundle_of_its_moment_its_origin_and_its_intent():
    log = Log().task().bundle(0).decision(1).bundle(2, id=ident("pb", 2)).bundle(2, "bundle.superseded")
    log.decision(3, id=ident("dc", 2), task_id=None, purpose="", latency_seconds=0.02)
    for metric in ("decision_policy_traceable_share", "attributable_share", "intent_declared_share"):
        found = log.measure(metric)
        assert (found.value, found.n, found.counter_examples) == (0.5, 2, (ident("dc", 2),))
    assert log.measure("decision_latency_p95_ms").value == 20


@pytest.mark.parametrize(
    ("changes", "covered"),
    [
        ({}, 1),
        ({"action": ""}, 1),
        ({"resource": "crm/customers/42"}, 1),
        ({"lease_id": None, "decision_id": DECISION}, 1),
        ({"resource": "crm/customers-archive"}, 0),
        ({"action": "customers.delete"}, 0),
        ({"agent_id": OTHER_AGENT}, 0),
        ({"lease_id": ident("ls", 9)}, 0),
        ({"lease_id": None}, 0),
    ],
)
def test_a_call_is_covered_by_an_earlier_allow_for_the_same_thing(changes, covered):
    log = Log().decision().lease().call(5, **changes)
    found = log.measure("decision_coverage")
    assert (found.value, found.n) == (covered, 1)
    ungoverned = log.measure("ungoverned_tool_calls")
    assert ungoverned.value == 1 - covered
    assert ungoverned.counter_examples == (() if covered else ("audit:2",))


def test_a_call_after_a_denial_or_before_its_allow_is_not_covered():
    assert Log().decision(outcome="deny").lease().call(5).measure("decision_coverage").value == 0
    assert Log().decision(5, at=at(6)).lease(5).call(5).measure("decision_coverage").value == 0


def test_what_an_agent_says_of_itself_is_no_call():
    assert Log().decision().lease().call(5, counts=False).measure("decision_coverage").n == 0


def test_refused_identity_documents_are_counted_by_reason():
    log = Log()
    for code in ("expired", "expired", "wrong_audience"):
        log.write("identity.rejected", 1, None, code=code)
    log.write("identity.rejected", 2, None, code="wrong_audience", left_out=4)
    found = log.measure("auth_rejections")
    assert (found.value, found.n, found.breakdown) == (8, 8, {"wrong_audience": 6, "expired": 2})


def _delegate(log: Log, **changes) -> Log:
    child = ident("tk", 2)
    facts = {"id": child, "agent_id": OTHER_AGENT, "parent_id": TASK, "path": (TASK, child)} | changes
    return log.task(5, "task.delegated", **facts)


@pytest.mark.parametrize(("rights", "wider"), [((READ,), 0), ((WIDER,), 1), ((READ, WIDER), 1)])
def test_a_delegation_widens_when_its_rights_do_not_lie_within_the_parents(rights, wider):
    found = _delegate(Log().task(), rights=rights).measure("delegations_widening")
    assert (found.value, found.n) == (wider, 1)


def test_a_delegation_without_a_recorded_parent_is_judged_by_nobody():
    log = _delegate(Log())
    assert log.measure("delegations_widening").n == 0
    assert log.measure("delegations_unknown_actor").value == 1
    assert log.measure("delegation_depth_max").value == 1


def test_a_delegation_may_not_outlast_its_parent():
    assert _delegate(Log().task(), deadline_at=at(900)).measure("delegations_outliving_parent").value == 0
    assert _delegate(Log().task(), deadline_at=at(901)).measure("delegations_outliving_parent").value == 1


def test_a_chain_is_whole_when_every_ancestor_is_recorded():
    child = ident("tk", 2)
    assert _delegate(Log().task()).decision(6, task_id=child).measure("chain_complete_share").value == 1
    assert _delegate(Log()).decision(6, task_id=child).measure("chain_complete_share").value == 0


def test_the_register_shows_blank_owners_departed_owners_and_blank_purposes():
    log = Log().operator(0).agent().agent(id=OTHER_AGENT, owner="gone", purpose=" ")
    assert log.measure("agents_without_owner").value == 0
    assert log.measure("agents_without_owner").n == 2
    assert log.measure("agents_owner_departed").counter_examples == (OTHER_AGENT,)
    assert log.measure("agents_without_purpose").counter_examples == (OTHER_AGENT,)
    assert log.measure("agents_registered").value == 2
    log.records[1].body["entity"]["owner"] = ""
    assert log.measure("agents_without_owner").counter_examples == (AGENT,)


def test_an_agent_is_dormant_after_thirty_days_without_an_act():
    log = Log().agent()
    assert log.measure("dormant_agents", now=30 * 86_400).value == 0
    assert log.measure("dormant_agents", now=30 * 86_400 + 1).value == 1


def test_an_agent_that_is_retired_does_nothing_any_more():
    log = Log().agent().agent(5, "agent.retired", state="retired", retired_at=at(5), registered_at=at(0))
    assert log.measure("retired_agent_activity").value == 0
    log.decision(6).lease(7, issued=7)
    assert log.measure("retired_agent_activity").counter_examples == (DECISION, LEASE)


def test_gaps_are_the_numbers_that_are_missing():
    log = Log().agent().task().decision().lease()
    assert log.measure("audit_gaps").value == 0
    del log.records[1:3]
    assert log.measure("audit_gaps").value == 2


def test_a_young_whole_log_is_no_data_and_a_cut_one_misses_its_age():
    log = Log().agent().task(10)
    assert log.measure("audit_oldest_days").n == 0
    del log.records[0]
    assert log.measure("audit_oldest_days", now=86_410).value == 1


def test_verification_is_no_data_until_it_is_recorded():
    log = Log().write("audit.verified", 10, None, verification={"ok": True})
    assert log.measure("audit_chain_ok").value == 1
    assert log.measure("audit_check_age").value == 990
    log.write("audit.verified", 20, None, verification={"ok": False})
    assert log.measure("audit_chain_ok").value == 0
