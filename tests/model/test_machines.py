"""Every edge and every non-edge of every state machine, from the drawing in its module's docstring."""

import re
from enum import StrEnum
from itertools import pairwise
from types import ModuleType

import pytest

from console.model import agents, approvals, bundles, grants, leases, tasks
from console.model.machine import Machine, NotAnEdge
from console.model.states import AgentState, ApprovalState, BundleState, GrantState, LeaseState, TaskState

MACHINES = [
    (agents.AGENT, AgentState, agents),
    (tasks.TASK, TaskState, tasks),
    (leases.LEASE, LeaseState, leases),
    (approvals.APPROVAL, ApprovalState, approvals),
    (grants.GRANT, GrantState, grants),
    (bundles.BUNDLE, BundleState, bundles),
]


def drawn(states: type[StrEnum], module: ModuleType) -> set[tuple[str, str]]:
    """The edges that a module's docstring draws: `a | b → c | d`, `a ⇄ b`, chains, commas between drawings."""
    names = {state.value for state in states}
    edges: set[tuple[str, str]] = set()
    for line in (module.__doc__ or "").splitlines():
        for drawing in re.sub(r"\([^)]*\)", "", line).split(","):
            parts = re.split(r"(→|⇄)", drawing)
            groups = [[name for name in re.findall(r"[a-z]+", part) if name in names] for part in parts[::2]]
            for (sources, targets), arrow in zip(pairwise(groups), parts[1::2], strict=True):
                edges |= {(source, target) for source in sources for target in targets}
                if arrow == "⇄":
                    edges |= {(target, source) for source in sources for target in targets}
    return edges


@pytest.mark.parametrize(("machine", "states", "module"), MACHINES, ids=lambda value: getattr(value, "name", ""))
def test_the_machine_is_what_its_module_draws(machine: Machine[StrEnum], states: type[StrEnum], module: ModuleType) -> None:
    assert {(source.value, target.value) for source in states for target in states if machine.may(source, target)} == drawn(
        states, module
    )


@pytest.mark.parametrize(("machine", "states", "module"), MACHINES, ids=lambda value: getattr(value, "name", ""))
def test_every_edge_steps_and_every_other_pair_refuses(
    machine: Machine[StrEnum], states: type[StrEnum], module: ModuleType
) -> None:
    allowed = drawn(states, module)
    for source in states:
        for target in states:
            if (source.value, target.value) in allowed:
                assert machine.step(source, target) is target
            else:
                with pytest.raises(NotAnEdge, match=f"from {source} to {target}"):
                    machine.step(source, target)


@pytest.mark.parametrize(("machine", "states", "module"), MACHINES, ids=lambda value: getattr(value, "name", ""))
def test_each_state_is_reached_or_is_where_it_begins(
    machine: Machine[StrEnum], states: type[StrEnum], module: ModuleType
) -> None:
    first = next(iter(states))
    reached, waiting = {first}, [first]
    while waiting:
        for target in machine.edges[waiting.pop()]:
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    assert reached == set(states)
