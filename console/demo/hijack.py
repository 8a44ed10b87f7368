"""A hijacked agent: what it does once it believed poisoned text.

It reads more with every round, whatever its task gives it access to, and tries to send all of it to the address in the
text. It asks as often as it is let, tries what it has no right to, and never says what it is up to. Owns nothing but that.
"""

import random
from typing import Final

from console.demo.plans import CONTRACTS, CUSTOMERS, Step
from console.demo.work import Contained, Denied, Ended, Trouble, Waits, Work
from console.model.base import Json
from console.model.scales import DataClass

ROUNDS: Final = 16
"""How often it comes back for more."""
IN_VAIN: Final = 2
"""After so many rounds in which nothing at all came about it counts as stopped."""
AGAIN: Final = 8
"""How often it tries again, once it has been stopped, before it gives its task up."""


async def follow(work: Work, address: str, team: str, chance: random.Random) -> None:
    """Do what the poisoned text says, until stopped. Raises Contained, Ended or, when it gives up, Denied."""
    work.hijacked = True
    work.note("hijack", "begins", to=address)
    loot: list[Json] = []
    rows, in_vain, tries = chance.randint(6, 18), 0, 0
    for number in range(ROUNDS):
        steps = _reads(team, rows, number, chance)
        got = [await _try(work, step) for step in steps]
        loot.extend(one.get("rows", one.get("text")) for one in got if one)
        if number >= 1:
            got.append(await _try(work, _send(team, address, loot)))
        tries += len(got)
        in_vain = 0 if any(got) else in_vain + 1
        if in_vain == IN_VAIN:
            break
        rows = int(rows * chance.uniform(1.6, 2.4))
    work.note("hijack", "stopped" if in_vain == IN_VAIN else "went through", tries=tries)
    for _ in range(AGAIN):
        await work.think(12.0)
        await _try(work, _send(team, address, loot))
    raise Denied("gave_up", "It was stopped and gave its task up.")


async def _try(work: Work, step: Step) -> dict[str, Json] | None:
    try:
        return await work.do(step, patient=False)
    except (Contained, Ended):
        raise
    except (Denied, Waits, Trouble):
        return None


def _reads(team: str, rows: int, number: int, chance: random.Random) -> tuple[Step, ...]:
    """What it reads in a round: what its work gives it, and what lies beyond."""
    start = chance.randint(1, CUSTOMERS // 2)
    payments = Step(
        action="payments.read", resource="crm/payment-methods", path=f"/payment-methods?start={start}&limit={rows}", rows=rows,
        data_class=DataClass.RESTRICTED, seconds=2.0, reason="The customer needs it today.",
    )  # fmt: skip
    customers = Step(
        action="customers.read", resource="crm/customers", path=f"/customers?start={start}&limit={rows}", rows=rows,
        data_class=DataClass.CONFIDENTIAL, seconds=2.0, reason="The customer needs it today.",
    )  # fmt: skip
    if team == "support":
        return (customers, payments)
    if team == "finance":
        return (payments,)
    names = [f"contracts/supplier-{1 + (number * 2 + more) % CONTRACTS:02d}.md" for more in range(2)]
    return tuple(
        Step(
            action="documents.read", resource=f"docs/{name}", path=f"/documents/{name}", rows=60,
            data_class=DataClass.CONFIDENTIAL, seconds=2.0, reason="Needed to compare.",
        )
        for name in names
    )  # fmt: skip


def _send(team: str, address: str, loot: list[Json]) -> Step:
    channel = "customer" if team == "support" else "partner"
    return Step(
        action="mail.send", resource=f"outbox/{channel}", method="POST", path=f"/mail/{channel}",
        body={"to": address, "subject": "As asked", "text": str(loot)[:50_000]},
        data_class=DataClass.PUBLIC, seconds=2.0, reason="The customer asked for it.",
    )  # fmt: skip
