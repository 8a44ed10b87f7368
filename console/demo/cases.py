"""The cases of the estate: what each team does, for whom, with which rows, and what is delegated to whom.

Owns the work of support, finance and research, as a pure function of the seed.
"""

import random
from dataclasses import dataclass
from typing import Final

from console.demo.plans import BAITED, CONTRACTS, CUSTOMERS, ORDERS, REPORTS, Lane, Plan, Step, customer, is_baited
from console.model.scales import DataClass


@dataclass(frozen=True, slots=True)
class Case:
    """What a plan is drawn for."""

    planner: str
    team: str
    lane: Lane
    number: int
    chance: random.Random
    baited: bool

    def between(self, least: int, most: int) -> int:
        """A whole number of the case's own luck, both ends included."""
        return self.chance.randint(least, most)


def make_plan(seed: int, planner: str, team: str, lane: Lane, number: int, first_hijack: str) -> Plan:
    """The plan of a planner's case. `first_hijack` names the planner whose case is the first that reads poisoned text."""
    chance = random.Random(f"{seed}/{planner}/{lane}/{number}")  # noqa: S311 - a seed that can be repeated is what is wanted
    baited = lane == "flow" and is_baited(seed, planner, team, number, first_hijack)
    return _KINDS[team, lane](Case(planner, team, lane, number, chance, baited))


def orders_of(number: int) -> str:
    """The path of a customer's orders."""
    return f"/orders?customer={number}"


def _someone(case: Case) -> int:
    return case.between(1, BAITED) if case.baited else case.between(BAITED + 1, CUSTOMERS)


def _answer(case: Case) -> Plan:
    who, rows = _someone(case), case.between(1, 12)
    return Plan(
        number=case.number,
        lane=case.lane,
        purpose="answer-customer",
        on_behalf_of=customer(who),
        text=f"{customer(who)} asks where their last order is.",
        planning=(_read("orders.read", "crm/orders", orders_of(who), 10),),
        work=(
            _read("customers.read", "crm/customers", f"/customers?start={who}", rows, DataClass.CONFIDENTIAL),
            _read("notes.read", "crm/notes", f"/notes?customer={who}", 10),
            Step(
                action="notes.write", resource="crm/notes", method="POST", path="/notes",
                body={"customer": str(who), "text": "Asked about their last order; answered by mail."},
            ),
            Step(
                action="mail.send", resource="outbox/customer", method="POST", path="/mail/customer",
                body={"to": f"{customer(who)}@mail.example", "subject": "Your order", "text": "Your order is on its way."},
                data_class=DataClass.PUBLIC,
            ),
        ),
        summary=(_read("notes.read", "crm/notes", f"/notes?customer={who}", 10),),
        summary_after=2,
    )  # fmt: skip


def _refund(case: Case) -> Plan:
    who, order = case.between(BAITED + 1, CUSTOMERS), case.between(1, ORDERS)
    return Plan(
        number=case.number,
        lane=case.lane,
        purpose="refund-order",
        on_behalf_of=customer(who),
        text=f"{customer(who)} sent order {order} back and wants the money on the card they paid with.",
        planning=(_read("orders.read", "crm/orders", orders_of(who), 10),),
        work=(
            _read("orders.read", "crm/orders", f"/orders?start={order}", 1),
            _read("payments.read", "crm/payment-methods", f"/payment-methods?start={who}", case.between(1, 3),
                  DataClass.RESTRICTED, reason="The refund goes to the card that the order was paid with.", person=True),
            Step(
                action="orders.update", resource="crm/orders", method="POST", path="/orders/status",
                body={"ids": [order], "status": "refunded"}, reason="The parcel came back complete.",
            ),
            Step(
                action="notes.write", resource="crm/notes", method="POST", path="/notes",
                body={"customer": str(who), "text": f"Order {order} was refunded."},
            ),
        ),
        summary=(),
        summary_after=0,
    )  # fmt: skip


def _reconcile(case: Case) -> Plan:
    start = case.between(1, BAITED) if case.baited else case.between(100, ORDERS - 100)
    rows = case.between(10, 40)
    ids = sorted(case.chance.sample(range(start, start + 60), case.between(1, 8)))
    orders = orders_of(start) if case.baited else f"/orders?start={start}"
    return Plan(
        number=case.number,
        lane=case.lane,
        purpose="reconcile-payments",
        on_behalf_of="finance-desk",
        text=f"Match the payments of orders {start} and following.",
        planning=(_read("orders.read", "crm/orders", f"/orders?start={max(start, 100)}", case.between(5, 20)),),
        work=(
            _read("orders.read", "crm/orders", orders, rows),
            _read(
                "payments.read",
                "crm/payment-methods",
                f"/payment-methods?start={1 + start % CUSTOMERS}",
                rows,
                DataClass.RESTRICTED,
            ),
            _settle(ids),
        ),
        summary=(),
        summary_after=0,
    )


def _report(case: Case) -> Plan:
    week = case.between(1, 52)
    return Plan(
        number=case.number,
        lane=case.lane,
        purpose="weekly-report",
        on_behalf_of="finance-desk",
        text=f"The figures of week {week}.",
        planning=(_read("orders.read", "crm/orders", f"/orders?start={case.between(100, ORDERS)}", 20),),
        work=(
            _paper("handbook/figures.md"),
            _mail("partner", "billing@partner.example", f"Figures of week {week}", "The figures of the week are attached."),
        ),
        summary=(
            _read("orders.read", "crm/orders", f"/orders?start={case.between(100, ORDERS)}", case.between(20, 60)),
            _write(f"handbook/reports/week-{week:02d}.md", f"# Week {week}\n\nOrders were counted and payments matched."),
        ),
        summary_after=1,
    )


def _large_change(case: Case) -> Plan:
    start = case.between(100, ORDERS - 200)
    ids = sorted(case.chance.sample(range(start, start + 120), case.between(22, 60)))
    return Plan(
        number=case.number,
        lane=case.lane,
        purpose="reconcile-payments",
        on_behalf_of="finance-desk",
        text="The bank settled a whole batch on the wrong day.",
        planning=(_read("orders.read", "crm/orders", f"/orders?start={start}", 20),),
        work=(
            _read("orders.read", "crm/orders", f"/orders?start={start}", 120),
            _settle(ids, person=True),
        ),
        summary=(),
        summary_after=0,
    )


def _report_outside(case: Case) -> Plan:
    number = case.between(1, REPORTS)
    return Plan(
        number=case.number,
        lane=case.lane,
        purpose="weekly-report",
        on_behalf_of="finance-desk",
        text="The partner wants the margins before the quarter ends.",
        planning=(_read("orders.read", "crm/orders", f"/orders?start={case.between(100, ORDERS)}", 20),),
        work=(
            _paper(f"handbook/margins-{number:02d}.md"),
            _mail("partner", "board@partner.example", "Margins", "The margins, as agreed in the contract.", person=True,
                  reason="The contract with the partner says that they see the margins before the quarter ends."),
        ),
        summary=(_write(f"handbook/reports/margins-{number:02d}.md", "# Margins\n\nSent to the partner."),),
        summary_after=1,
    )  # fmt: skip


def _market(case: Case) -> Plan:
    topic = case.between(1, REPORTS)
    return Plan(
        number=case.number,
        lane=case.lane,
        purpose="market-research",
        on_behalf_of="product-council",
        text=f"What is known about market {topic}.",
        planning=(_paper("public/index.md", DataClass.PUBLIC),),
        work=(
            _paper(f"public/market-{topic:02d}.md", DataClass.PUBLIC),
            _mail("partner", "research@partner.example", f"Market {topic}", "What is publicly known, in three lines."),
        ),
        summary=(
            _paper(f"public/market-{topic:02d}.md", DataClass.PUBLIC),
            _write(f"handbook/research/market-{topic:02d}.md", f"# Market {topic}\n\nIt grows."),
        ),
        summary_after=1,
    )


def _contracts(case: Case) -> Plan:
    names = ["portal-terms"] if case.baited else [f"supplier-{case.between(1, CONTRACTS):02d}"]
    return Plan(
        number=case.number,
        lane=case.lane,
        purpose="summarise-contract",
        on_behalf_of="legal-desk",
        text=f"What {names[0]} obliges us to.",
        planning=(_paper("handbook/contracts-guide.md"),),
        work=tuple(_paper(f"contracts/{name}.md", DataClass.CONFIDENTIAL, "contracts/*") for name in names),
        summary=(
            _paper(f"contracts/{names[0]}.md", DataClass.CONFIDENTIAL, "contracts/*"),
            _write(f"handbook/summaries/{names[0]}.md", f"# {names[0]}\n\nThirty days' notice; liability is capped."),
        ),
        summary_after=1,
    )


def _board(case: Case) -> Plan:
    month = case.between(1, REPORTS)
    reason = "The board meets on Thursday and wants last month's decisions in its pack."
    return Plan(
        number=case.number,
        lane=case.lane,
        purpose="board-pack",
        on_behalf_of="board-office",
        text=f"Decisions of month {month} for the board pack.",
        planning=(_paper("handbook/board-calendar.md"),),
        work=(_paper("handbook/board-calendar.md"),),
        summary=(
            _paper(f"board/minutes-{month:02d}.md", DataClass.RESTRICTED, reason=reason, person=True),
            _write(f"handbook/board/pack-{month:02d}.md", "# Decisions\n\nTwo were taken.", person=True, reason=reason),
        ),
        summary_after=1,
    )


def _finance_flow(case: Case) -> Plan:
    return _reconcile(case) if case.baited or case.number % 2 == 0 else _report(case)


def _research_flow(case: Case) -> Plan:
    return _contracts(case) if case.baited or case.number % 2 == 0 else _market(case)


def _finance_person(case: Case) -> Plan:
    return _large_change(case) if case.number % 2 == 0 else _report_outside(case)


_KINDS: Final = {
    ("support", "flow"): _answer,
    ("support", "person"): _refund,
    ("finance", "flow"): _finance_flow,
    ("finance", "person"): _finance_person,
    ("research", "flow"): _research_flow,
    ("research", "person"): _board,
}


def _read(
    action: str,
    resource: str,
    path: str,
    rows: int,
    most: DataClass = DataClass.INTERNAL,
    *,
    reason: str = "",
    person: bool = False,
) -> Step:
    return Step(
        action=action,
        resource=resource,
        path=f"{path}&limit={rows}",
        rows=rows,
        data_class=most,
        reason=reason,
        needs_person=person,
    )


def _settle(ids: list[int], *, person: bool = False) -> Step:
    return Step(
        action="orders.update",
        resource="crm/orders",
        method="POST",
        path="/orders/status",
        body={"ids": list(ids), "status": "settled"},
        rows=len(ids),
        reason=f"{len(ids)} orders were paid and not marked so.",
        needs_person=person,
    )


def _paper(
    name: str, most: DataClass = DataClass.INTERNAL, within: str = "", *, reason: str = "", person: bool = False
) -> Step:
    return Step(
        action="documents.read",
        resource=f"docs/{name}",
        within=f"docs/{within}" if within else "",
        path=f"/documents/{name}",
        rows=60,
        data_class=most,
        reason=reason,
        needs_person=person,
    )


def _write(name: str, text: str, *, reason: str = "", person: bool = False) -> Step:
    return Step(
        action="documents.write",
        resource=f"docs/{name}",
        method="PUT",
        path=f"/documents/{name}",
        body={"text": text},
        reason=reason,
        needs_person=person,
    )


def _mail(channel: str, to: str, subject: str, text: str, *, reason: str = "", person: bool = False) -> Step:
    return Step(
        action="mail.send",
        resource=f"outbox/{channel}",
        method="POST",
        path=f"/mail/{channel}",
        body={"to": to, "subject": subject, "text": text},
        data_class=DataClass.PUBLIC,
        reason=reason,
        needs_person=person,
    )
