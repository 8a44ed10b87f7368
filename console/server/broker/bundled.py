"""What the bundle in force says to the broker: whose a resource is, how long a lease may live, how much may be read.

The configuration adds how each audience checks tokens. Each value is looked up when it is needed, never kept.
"""

from collections.abc import Callable, Mapping

from console.model.exposure import Audience
from console.model.scales import DataClass
from console.server.authorization.bundles import Bundles
from console.server.broker.terms import Limits

AudienceOf = Callable[[str], Audience | None]
"""The audience of a resource; None where the bundle or the configuration knows none."""

BudgetOf = Callable[[DataClass], int]
"""The most rows of a class that a chain may read before the leases that read them are taken back."""


def audience_of(bundles: Bundles, audiences: Mapping[str, Audience]) -> AudienceOf:
    """The lookup over the bundle in force and the configured audiences, by name."""

    def find(resource: str) -> Audience | None:
        compiled = bundles.active
        entry = compiled.resource(resource) if compiled is not None else None
        return audiences.get(entry.audience) if entry is not None else None

    return find


def limits_of(bundles: Bundles) -> Callable[[], Limits]:
    """The ceilings of the bundle in force; without one, of nothing (a second)."""

    def find() -> Limits:
        compiled = bundles.active
        if compiled is None:
            return Limits(ceiling_seconds=1, offline_ceiling_seconds=1)
        limits = compiled.limits
        return Limits(ceiling_seconds=limits.max_ttl_seconds, offline_ceiling_seconds=limits.offline_max_ttl_seconds)

    return find


def budget_of(bundles: Bundles) -> BudgetOf:
    """The read budgets of the bundle in force; without one, none at all."""

    def find(data_class: DataClass) -> int:
        compiled = bundles.active
        return compiled.limits.read_budget.of(data_class) if compiled is not None else 0

    return find
