"""Which resource server a resource belongs to, and how that one checks tokens.

The bundle says which one, the configuration says how.
"""

from collections.abc import Callable, Mapping

from console.model.exposure import Audience
from console.server.authorization.bundles import Bundles

AudienceOf = Callable[[str], Audience | None]
"""The audience of a resource; None where the bundle or the configuration knows none."""


def audience_of(bundles: Bundles, audiences: Mapping[str, Audience]) -> AudienceOf:
    """The lookup over the bundle in force and the configured audiences, by name."""

    def find(resource: str) -> Audience | None:
        compiled = bundles.active
        entry = compiled.resource(resource) if compiled is not None else None
        return audiences.get(entry.audience) if entry is not None else None

    return find
