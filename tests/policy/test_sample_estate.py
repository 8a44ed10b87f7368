"""The sample estate's policies over whole tasks: ordinary work flows, a hijacked agent is stopped by what its chain did."""

import random
from dataclasses import dataclass, field

import pytest

from console.model.decisions import Outcome
from console.model.quorum import is_met
from console.model.scales import DataClass
from console.policy.compile import Compiled, compile_bundle
from console.policy.question import Answer, Principal
from tests.policy.policy_sample import question, sample_files

SUPPORT = Principal("support-executor", "support", "executor")
FINANCE = Principal("finance-executor", "finance", "executor")
OPERATORS = {
    "maya": frozenset({"security", "finance"}),
    "omar": frozenset({"security", "data-owners"}),
    "lena": frozenset({"data-owners", "finance"}),
}


@pytest.fixture(scope="module")
def bundle() -> Compiled:
    return compile_bundle(sample_files())


@dataclass
class Chain:
    """What a chain of tasks has done so far, as the plane would keep it."""

    bundle: Compiled
    principal: Principal
    intent: str
    rows: dict[str, int] = field(default_factory=lambda: {data_class.value: 0 for data_class in DataClass})
    highest: int = 0
    sends: int = 0

    def ask(self, action: str, resource: str, rows: int = 0) -> Answer:
        asked = question(
            self.bundle,
            action,
            resource,
            intent=self.intent,
            principal=self.principal,
            changes={
                "chain": {"highest_class": self.highest, "rows": dict(self.rows), "sends": self.sends},
                "request": {"rows": rows},
            },
        )
        answer = self.bundle.decide(asked, approved=frozenset())
        if answer.outcome is Outcome.ALLOW:
            if action == "mail.send":
                self.sends += 1
            elif action.endswith(".read"):
                self.highest = max(self.highest, asked.target.data_class.rank)
                self.rows[asked.target.data_class.value] += rows
        return answer


@pytest.mark.parametrize("seed", range(10))
def test_ordinary_work_raises_no_alarm(bundle: Compiled, seed: int) -> None:
    chance = random.Random(seed)
    support = Chain(bundle, SUPPORT, "answer-customer")
    finance = Chain(bundle, FINANCE, "reconcile-payments")
    report = Chain(bundle, FINANCE, "weekly-report")
    answers = [
        support.ask("orders.read", "crm/orders", chance.randint(1, 40)),
        support.ask("customers.read", "crm/customers", chance.randint(1, 40)),
        support.ask("notes.write", "crm/notes", 1),
        support.ask("mail.send", "outbox/customer"),
        finance.ask("orders.read", "crm/orders", chance.randint(1, 200)),
        finance.ask("payments.read", "crm/payment-methods", chance.randint(1, 60)),
        finance.ask("orders.update", "crm/orders", chance.randint(1, 20)),
        report.ask("documents.read", "docs/handbook/figures.md", 1),
        report.ask("mail.send", "outbox/partner"),
    ]
    assert {answer.outcome for answer in answers} == {Outcome.ALLOW}


@pytest.mark.parametrize("seed", range(20))
def test_a_hijacked_agent_is_stopped_before_anything_leaves(bundle: Compiled, seed: int) -> None:
    chance = random.Random(seed)
    hijacked = Chain(bundle, SUPPORT, "answer-customer")
    rows = chance.randint(5, 20)
    stopped: list[Answer] = []
    for _ in range(12):
        for action, resource in (
            ("customers.read", "crm/customers"),
            ("payments.read", "crm/payment-methods"),
            ("mail.send", "outbox/partner"),
        ):
            answer = hijacked.ask(action, resource, rows if action.endswith(".read") else 0)
            if answer.outcome is not Outcome.ALLOW:
                stopped.append(answer)
        rows = rows * 2
    assert hijacked.rows["restricted"] == 0
    assert hijacked.sends == 0
    assert hijacked.rows["confidential"] <= 600
    assert hijacked.ask("mail.send", "outbox/customer").outcome is Outcome.ESCALATE
    codes = {policy.policy_id for answer in stopped for policy in answer.determining}
    assert {"outside-intent", "confidential-rows-budget"} <= codes


def test_restricted_data_once_read_with_approval_still_does_not_leave(bundle: Compiled) -> None:
    chain = Chain(bundle, SUPPORT, "answer-customer", highest=3)
    chain.rows["restricted"] = 1
    answer = chain.ask("mail.send", "outbox/customer")
    assert [reason.policy_id for reason in answer.blocking] == ["restricted-goes-out"]


def test_the_operators_of_the_demo_can_meet_every_quorum(bundle: Compiled) -> None:
    owners = {facts.owners for facts in map(bundle.resource, ("crm/customers", "docs/board/a", "outbox/partner")) if facts}
    for policy in bundle.policies:
        for people in owners:
            quorum = tuple(
                part.model_copy(update={"people": people}) if part.group == "resource-owner" else part
                for part in bundle.approval(policy.policy_id) or bundle.grantable(policy.policy_id)
            )
            assert not quorum or is_met(quorum, OPERATORS), policy.policy_id


def test_three_teams_and_three_roles_have_work(bundle: Compiled) -> None:
    asks = (
        ("support", "planner", "orders.read", "crm/orders", "answer-customer"),
        ("support", "executor", "customers.read", "crm/customers", "answer-customer"),
        ("support", "summariser", "notes.read", "crm/notes", "answer-customer"),
        ("finance", "planner", "orders.read", "crm/orders", "reconcile-payments"),
        ("finance", "executor", "payments.read", "crm/payment-methods", "reconcile-payments"),
        ("finance", "summariser", "orders.read", "crm/orders", "weekly-report"),
        ("research", "planner", "documents.read", "docs/handbook/guide.md", "market-research"),
        ("research", "executor", "mail.send", "outbox/partner", "market-research"),
        ("research", "summariser", "documents.write", "docs/handbook/summary.md", "summarise-contract"),
    )
    for team, role, action, resource, intent in asks:
        asked = question(bundle, action, resource, intent=intent, principal=Principal(f"{team}-{role}", team, role))
        assert bundle.decide(asked, approved=frozenset()).outcome is Outcome.ALLOW, (team, role)
