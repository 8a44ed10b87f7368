"""Rights: RFC 9396 authorization details of type `leasehold_access`, and whether one set of them lies within another.

A resource pattern is a name or a name's beginning followed by `*`; nothing else is a pattern, so that "is within" is
decidable by looking at two strings. Entitlements, a task's rights, a lease's scope and a grant's scope are all rights.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from console.model.base import ActionName, Input
from console.model.scales import DataClass

ResourcePattern = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9._/@:+-]{0,253}\*?)$")]
ActionPattern = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z0-9_.]{0,126}\*?)$")]


class Right(Input):
    """One thing that may be done: these actions on these resources, up to this data class (RFC 9396, section 2)."""

    type: Literal["leasehold_access"] = "leasehold_access"
    actions: tuple[ActionPattern, ...] = Field(min_length=1, max_length=64)
    resources: tuple[ResourcePattern, ...] = Field(min_length=1, max_length=64)
    max_class: DataClass = DataClass.INTERNAL

    def allows(self, action: ActionName, resource: str, data_class: DataClass) -> bool:
        """Whether this right covers one action on one resource of a class."""
        return (
            data_class.rank <= self.max_class.rank
            and any(matches(pattern, action) for pattern in self.actions)
            and any(matches(pattern, resource) for pattern in self.resources)
        )

    def contains(self, other: "Right") -> bool:
        """Whether everything that `other` allows, this allows too."""
        return (
            other.max_class.rank <= self.max_class.rank
            and all(any(within(theirs, ours) for ours in self.actions) for theirs in other.actions)
            and all(any(within(theirs, ours) for ours in self.resources) for theirs in other.resources)
        )


Rights = Annotated[tuple[Right, ...], Field(max_length=32)]


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern covers one name."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == name


def within(inner: str, outer: str) -> bool:
    """Whether every name that `inner` covers, `outer` covers too."""
    if outer.endswith("*"):
        return inner.removesuffix("*").startswith(outer[:-1])
    return inner == outer


def allowed(rights: Iterable[Right], action: str, resource: str, data_class: DataClass) -> bool:
    """Whether any of these rights covers one action on one resource of a class."""
    return any(right.allows(action, resource, data_class) for right in rights)


def is_subset(inner: Iterable[Right], outer: Iterable[Right]) -> bool:
    """Whether each inner right lies within one outer right.

    Stricter than set inclusion: a right that only the union of two outer rights would cover is refused.
    """
    bounds = tuple(outer)
    return all(any(bound.contains(right) for bound in bounds) for right in inner)


def beyond(inner: Iterable[Right], outer: Iterable[Right]) -> tuple[Right, ...]:
    """The inner rights that lie within no outer right: what an error names."""
    bounds = tuple(outer)
    return tuple(right for right in inner if not any(bound.contains(right) for bound in bounds))
