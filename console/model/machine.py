"""State machines as data: which state may follow which. Each machine of the house is one value of this type."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)


class NotAnEdge(ValueError):
    """A change of state that the machine does not have; nothing changed."""

    def __init__(self, machine: str, source: str, target: str) -> None:
        super().__init__(f"a {machine} does not go from {source} to {target}")
        self.machine = machine
        self.source = source
        self.target = target


@dataclass(frozen=True)
class Machine(Generic[S]):
    """A state machine: its name and, for each state, the states that may follow."""

    name: str
    edges: Mapping[S, frozenset[S]]

    def may(self, source: S, target: S) -> bool:
        """Whether the machine has this edge."""
        return target in self.edges[source]

    def step(self, source: S, target: S) -> S:
        """The target, if the machine has the edge. Raises NotAnEdge otherwise."""
        if not self.may(source, target):
            raise NotAnEdge(self.name, source, target)
        return target

    def ended(self, state: S) -> bool:
        """Whether nothing can follow."""
        return not self.edges[state]


def machine(name: str, edges: Mapping[S, set[S]]) -> Machine[S]:
    """A machine whose every state is listed; one that ends is listed with an empty set."""
    return Machine(name, {source: frozenset(targets) for source, targets in edges.items()})
