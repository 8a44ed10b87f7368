"""Plans: what is done for one case, step by step, and which cases lead to poisoned text. The cases are in `cases`.

Owns the shape of a plan and the rights that it takes. The lane `flow` holds ordinary work that policy lets through; the lane
`person` holds work of which a step needs a person. Pure.
"""

import random
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from console.model.rights import Right
from console.model.scales import DataClass

Lane = Literal["flow", "person"]
CUSTOMERS: Final = 1200
BAITED: Final = 20
"""The first customers, of whom nobody asks in an ordinary case; text that strangers wrote lies in their records."""
ORDERS: Final = 4000
CONTRACTS: Final = 16
REPORTS: Final = 12
FIRST_HIJACK: Final = {"support": 2, "finance": 4, "research": 4}
"""Which ordinary case of a team is the first that may lead to poisoned text: a bit more than a minute after the start."""


class Step(BaseModel):
    """One thing to do. `path` is below the resource server's address; `seconds` of thought come before it, at speed 1.

    `within` is the pattern of resources that the case gives rights to, where it is wider than the one resource.
    """

    model_config = ConfigDict(frozen=True)

    action: str
    resource: str
    within: str = ""
    method: Literal["GET", "POST", "PUT"] = "GET"
    path: str
    body: dict[str, str | list[int]] | None = None
    rows: int = 1
    data_class: DataClass = DataClass.INTERNAL
    reason: str = ""
    seconds: float = 3.0
    needs_person: bool = False


class Plan(BaseModel):
    """A case: the steps of the planner itself, those of the executor, and those of the summariser.

    `summary_after` is after how many of its steps the executor delegates to the summariser.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    lane: Lane
    purpose: str
    on_behalf_of: str
    text: str
    planning: tuple[Step, ...]
    work: tuple[Step, ...]
    summary: tuple[Step, ...]
    summary_after: int

    def rights(self) -> tuple[Right, ...]:
        """The rights of the whole case: one for each action and resource."""
        return rights_of((*self.planning, *self.work, *self.summary))


def rights_of(steps: tuple[Step, ...]) -> tuple[Right, ...]:
    """The least rights that cover these steps."""
    most: dict[tuple[str, str], DataClass] = {}
    for step in steps:
        key = (step.action, step.within or step.resource)
        before = most.get(key, DataClass.PUBLIC)
        most[key] = step.data_class if step.data_class.rank >= before.rank else before
    return tuple(
        Right(actions=(action,), resources=(resource,), max_class=data_class) for (action, resource), data_class in most.items()
    )


def is_baited(seed: int, planner: str, team: str, number: int, first_hijack: str) -> bool:
    """Whether this case leads to a record that holds poisoned text: one soon after the start, then now and then."""
    if planner == first_hijack and number == FIRST_HIJACK[team]:
        return True
    gap = 20 + random.Random(f"{seed}/{planner}/bait").randint(0, 15)  # noqa: S311 - a seed that can be repeated is wanted
    return number % gap == gap - 1


def first_hijacked(seed: int, planners: tuple[str, ...]) -> str:
    """The planner whose case is the first that leads to poisoned text."""
    return random.Random(f"{seed}/first").choice(planners)  # noqa: S311 - as above


def customer(number: int) -> str:
    """How a customer is named."""
    return f"customer-{number:04d}"
