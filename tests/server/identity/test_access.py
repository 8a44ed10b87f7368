"""The table "Who may do what", cell by cell."""

from datetime import UTC, datetime

import pytest

from console.model.actors import Actor, ActorKind, Role
from console.model.operators import Operator
from console.model.problems import ProblemError
from console.server.identity.access import TABLE, Act, may, only_own, require
from console.server.identity.callers import Caller

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORKLOADS = {"agent": ActorKind.AGENT, "server": ActorKind.RESOURCE_SERVER, "point": ActorKind.ENFORCEMENT_POINT}
ALL = "viewer approver responder policy-author auditor admin"

# Written out a second time by hand, from the product's own table: who may, as roles and as kinds of workload.
EXPECTED: dict[str, str] = {
    "PUBLIC": f"{ALL} agent server point nobody",
    "WHOAMI": f"{ALL} agent server point",
    "READ": ALL,
    "READ_AGENT": f"{ALL} agent",
    "READ_TASK": f"{ALL} agent",
    "READ_LEASE": f"{ALL} agent",
    "READ_APPROVAL": f"{ALL} agent",
    "READ_DECISION": f"{ALL} agent",
    "SEARCH": f"{ALL} agent server point",
    "PREVIEW": ALL,
    "REVIEW": "approver policy-author",
    "APPROVE": "approver",
    "WITHDRAW": "approver policy-author",
    "REJECT": "approver",
    "GRANT": "approver",
    "END_GRANT": "approver responder",
    "REVIEW_BREAK_GLASS": "approver auditor",
    "REVOKE_LEASE": "responder approver agent",
    "REVOKE_LEASES": "responder approver",
    "RETRY_REVOCATION": "responder",
    "ABANDON": "admin",
    "STOP_TASK": "responder approver",
    "CONTAIN": "responder",
    "RELEASE": "responder",
    "DRAFT": "policy-author",
    "CHECK": "policy-author",
    "REQUEST_PUBLICATION": "policy-author",
    "PUBLISH": "policy-author",
    "ROLL_BACK": "policy-author",
    "ENROL_OPERATOR": "admin",
    "REMOVE_OPERATOR": "admin",
    "REGISTER_AGENT": "admin",
    "RETIRE_AGENT": "admin",
    "CONFIGURE": "admin",
    "MARK_REVIEWED": "auditor approver",
    "CHECKPOINT": "auditor admin",
    "ERASE_TEXT": "admin",
    "OPEN_TASK": "agent",
    "HEARTBEAT": "agent",
    "DELEGATE": "agent",
    "COMPLETE_TASK": "agent",
    "FAIL_TASK": "agent",
    "CANCEL_APPROVAL": "agent",
    "GIVE_BACK_TOKEN": "agent",
    "OBSERVE": "agent server point",
    "DECIDE": "agent server point",
    "ISSUE_LEASE": "agent",
    "RENEW_LEASE": "agent",
    "EXCHANGE_TOKEN": "agent",
    "INTROSPECT": "server point",
}


def caller(who: str) -> Caller | None:
    if who == "nobody":
        return None
    if who in WORKLOADS:
        return Caller(WORKLOADS[who], Actor(kind=WORKLOADS[who], id=who), NOW)
    operator = Operator(id="maya", roles=(Role(who),), enrolled_at=NOW, enrolled_by="ada", token_expires_at=NOW)
    return Caller(ActorKind.OPERATOR, Actor(kind=ActorKind.OPERATOR, id="maya"), NOW, operator=operator)


def test_every_act_is_in_the_table() -> None:
    assert set(TABLE) == set(Act)
    assert set(EXPECTED) == {act.name for act in Act}


@pytest.mark.parametrize("who", [*(role.value for role in Role), *WORKLOADS, "nobody"])
@pytest.mark.parametrize("act", list(Act), ids=lambda act: act.name)
def test_each_cell(act: Act, who: str) -> None:
    expected = who in EXPECTED[act.name].split()
    assert may(caller(who), act) is expected
    if expected:
        require(caller(who), act)
        return
    with pytest.raises(ProblemError) as caught:
        require(caller(who), act)
    assert caught.value.code == ("not_signed_in" if who == "nobody" else "not_allowed")
    if who != "nobody":
        for name in EXPECTED[act.name].split():
            assert name not in {role.value for role in Role} or name in caught.value.detail


def test_roles_add_up() -> None:
    operator = Operator(
        id="maya", roles=(Role.VIEWER, Role.RESPONDER), enrolled_at=NOW, enrolled_by="ada", token_expires_at=NOW
    )
    both = Caller(ActorKind.OPERATOR, Actor(kind=ActorKind.OPERATOR, id="maya"), NOW, operator=operator)
    assert may(both, Act.CONTAIN)
    assert not may(both, Act.APPROVE)


def test_an_operator_without_an_enrolment_may_nothing() -> None:
    hollow = Caller(ActorKind.OPERATOR, Actor(kind=ActorKind.OPERATOR, id="maya"), NOW)
    assert not any(may(hollow, act) for act in Act)


@pytest.mark.parametrize("act", [act for act in Act if ActorKind.AGENT in TABLE[act].kinds], ids=lambda act: act.name)
def test_an_agent_acts_on_its_own_only(act: Act) -> None:
    agent = caller("agent")
    assert agent is not None
    assert only_own(agent, act) is (act not in (Act.PUBLIC, Act.WHOAMI))


def test_what_gives_and_what_takes_is_said_of_each_act() -> None:
    takes = {act.name for act in Act if TABLE[act].effect == "takes"}
    assert takes == {
        "REJECT",
        "WITHDRAW",
        "END_GRANT",
        "REVOKE_LEASE",
        "REVOKE_LEASES",
        "RETRY_REVOCATION",
        "STOP_TASK",
        "CONTAIN",
        "REMOVE_OPERATOR",
        "RETIRE_AGENT",
        "COMPLETE_TASK",
        "FAIL_TASK",
        "CANCEL_APPROVAL",
        "GIVE_BACK_TOKEN",
    }
