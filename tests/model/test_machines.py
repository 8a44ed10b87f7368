"""Every edge and every non-edge of every state machine, from the drawing in its module's docstring."""

import re
import sys
from enum import StrEnum
from itertools import pairwise

import pytest

from console.model.agents import AGENT, AgentState
from console.model.approvals import APPROVAL, ApprovalState
from console.model.bundles import BUNDLE, BundleState
from console.model.grants import GRANT, GrantState
from console.model.leases import LEASE, LeaseState
from console.model.machine import Machine, NotAnEdge
from console.model.tasks import TASK, TaskState

MACHINES = [
    (AGENT, AgentState),
    (TASK, TaskState),
    (LEASE, LeaseState),
    (APPROVAL, ApprovalState),
    (GRANT, GrantState),
    (BUNDLE, BundleState),
]


def drawn(states: type[StrEnum]) -> set[tuple[str, str]]:
    """The edges that a module's docstring draws: `a | b → c | d`, `a ⇄ b`, chains, commas between drawings."""
    names = {state.value for state in states}
    edges: set[tuple[str, str]] = set()
    for line in (sys.modules[states.__module__].__doc__ or "").splitlines():
        for drawing in re.sub(r"\([^)]*\)", "", line).split(","):
            parts = re.split(r"(→|⇄)", drawing)
            groups = [[name for name in re.findall(r"[a-z]+", part) if name in names] for part in parts[::2]]
            for (sources, targets), arrow in zip(pairwise(groups), parts[1::2], strict=True):
                edges |= {(source, target) for source in sources for target in targets}
                if arrow == "⇄":
                    edges |= {(target, source) for source in sources for target in targets}
    return edges


@pytest.mark.parametrize(("machine", "states"), MACHINES, ids=lambda value: getattr(value, "name", ""))
def test_the_machine_is_what_its_module_draws(machine: Machine[StrEnum], states: type[StrEnum]) -> None:
    assert {(source.value, target.value) for source in states for target in states if machine.may(source, target)} == drawn(
        states
    )


@pytest.mark.parametrize(("machine", "states"), MACHINES, ids=lambda value: getattr(value, "name", ""))
def test_every_edge_steps_and_every_other_pair_refuses(machine: Machine[StrEnum], states: type[StrEnum]) -> None:
    allowed = drawn(states)
    for source in states:
        for target in states:
            if (source.value, target.value) in allowed:
                assert machine.step(source, target) is target
            else:
                with pytest.raises(NotAnEdge, match=f"from {source} to {target}"):
                    machine.step(source, target)


@pytest.mark.parametrize(("machine", "states"), MACHINES, ids=lambda value: getattr(value, "name", ""))
def test_each_state_is_reached_or_is_where_it_begins(machine: Machine[StrEnum], states: type[StrEnum]) -> None:
    first = next(iter(states))
    reached, waiting = {first}, [first]
    while waiting:
        for target in machine.edges[waiting.pop()]:
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    assert reached == set(states)
