"""The base of every shape, and the bounded strings that all of them use.

Three bases say who may set what. `Shape` is what the plane tells (frozen; unknown fields are ignored, so that an older
console lives with a newer plane). `Input` is what a caller may set (unknown fields are refused). `Entity` is a shape
that the store keeps under an id and a version.
"""

from datetime import datetime
from typing import Annotated, ClassVar, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

Instant: TypeAlias = AwareDatetime
"""A point in time; always aware, always UTC on the wire."""

Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._/@:-]{0,126}[a-z0-9]$|^[a-z0-9]$")]
"""A name that people and policies use: lower case, no spaces, at most 128 characters."""

Identifier: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}_[0-9a-hjkmnp-tv-z]{26}$")]
"""An id of the plane: two letters, an underscore and 26 characters of Crockford base 32."""

Digest: TypeAlias = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""A SHA-256 digest with its algorithm in front."""

SpiffeID: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^spiffe://[a-z0-9._-]{1,255}(/[A-Za-z0-9._-]{1,255})+$", max_length=2048)
]
"""A workload's SPIFFE ID, with a path."""

FreeText: TypeAlias = Annotated[str, StringConstraints(max_length=4096)]
"""What a person or an agent wrote; never interpreted, always made inert before it is painted."""

Reason: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=1024, strip_whitespace=True)]
"""Why a person did something."""

ActionName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,4}$", max_length=128)]
"""An action as the bundle names it, such as `customers.read`."""

ResourceName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/@:+-]{0,254}$")]
"""One resource, such as `crm/customers`."""

Json: TypeAlias = JsonValue


class Shape(BaseModel):
    """What the plane tells. Frozen; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Input(BaseModel):
    """What a caller may set. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Entity(Shape):
    """A shape that the store keeps, one row an id.

    `version` counts the commits that changed it: 0 before the first, set by the store and by nobody else.
    `collection` is where it is kept; `indexes` are the fields that it is found by.
    """

    collection: ClassVar[str]
    indexes: ClassVar[tuple[str, ...]] = ()

    id: str
    version: int = Field(default=0, ge=0)

    def due_at(self) -> datetime | None:
        """When time alone will change this, or None."""
        return None
