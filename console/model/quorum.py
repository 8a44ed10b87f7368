"""Quorums: which reviews are needed, and whether different people have given them."""

import re
from collections.abc import Iterable, Mapping, Set
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.model.decisions import QuorumPart

_PART = re.compile(r"^([a-z][a-z0-9-]{0,63}):([1-9]|10)$")

RESOURCE_OWNER = "resource-owner"
AGENT_OWNER = "agent-owner"


def parse_quorum(text: str) -> "tuple[QuorumPart, ...]":
    """The parts of an `@approval` annotation, such as `security:1, resource-owner:1`.

    Raises ValueError, naming the part, for anything else.
    """
    from console.model.decisions import QuorumPart  # noqa: PLC0415 (who only counts reviews loads no model)

    parts = []
    for piece in text.split(","):
        found = _PART.match(piece.strip())
        if found is None:
            raise ValueError(f"{piece.strip()!r} is not of the form group:count, with a count from 1 to 10")
        parts.append(QuorumPart(group=found[1], count=int(found[2])))
    if len({part.group for part in parts}) != len(parts):
        raise ValueError("a group is named twice")
    return tuple(parts)


def merge(quorums: "Iterable[tuple[QuorumPart, ...]]") -> "tuple[QuorumPart, ...]":
    """One quorum that meets several: for each group the largest count, and the people whom any of them names."""
    from console.model.decisions import QuorumPart  # noqa: PLC0415 (as above)

    counts: dict[tuple[str, tuple[str, ...]], int] = {}
    for quorum in quorums:
        for part in quorum:
            key = (part.group, part.people)
            counts[key] = max(counts.get(key, 0), part.count)
    return tuple(QuorumPart(group=group, count=count, people=people) for (group, people), count in counts.items())


def is_eligible(part: "QuorumPart", name: str, groups: Set[str]) -> bool:
    """Whether an operator of these groups may stand for a part. A part that names people is theirs alone."""
    if part.people or part.group in (RESOURCE_OWNER, AGENT_OWNER):
        return name in part.people
    return part.group in groups


def assign(quorum: "tuple[QuorumPart, ...]", reviewers: Mapping[str, Set[str]]) -> dict[int, str]:
    """Give each seat of a quorum to a different reviewer, as far as possible.

    `reviewers` maps a name to its groups. Returns seat number → name; it is complete exactly when the quorum is met. It is
    a maximum matching, by augmenting paths, so that a reviewer of two groups never takes the seat that only another lacks.
    """
    seats = [part for part in quorum for _ in range(part.count)]
    taken: dict[int, str] = {}

    def place(name: str, tried: set[int]) -> bool:
        for number, part in enumerate(seats):
            if number in tried or not is_eligible(part, name, reviewers[name]):
                continue
            tried.add(number)
            if number not in taken or place(taken[number], tried):
                taken[number] = name
                return True
        return False

    for name in reviewers:
        place(name, set())
    return taken


def seats(quorum: "tuple[QuorumPart, ...]") -> int:
    """How many people a quorum takes."""
    return sum(part.count for part in quorum)


def is_met(quorum: "tuple[QuorumPart, ...]", reviewers: Mapping[str, Set[str]]) -> bool:
    """Whether different reviewers fill every seat. An empty quorum is never met: nothing says who may lift it."""
    return bool(quorum) and len(assign(quorum, reviewers)) == seats(quorum)
