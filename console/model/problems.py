"""Problems (RFC 9457): the shape on the wire of every error that the plane tells.

The codes, and the exception that carries a problem through the server and through the client, are in `codes`.
"""

from pydantic import Field

from console.model.base import Json, Shape
from console.model.codes import CATALOGUE, Code, ProblemError

__all__ = ["CATALOGUE", "Code", "ProblemError"]


class FieldError(Shape):
    """One field that is wrong. `position` is the character, where the field is a text with a grammar."""

    field: str
    text: str
    position: int | None = None


class Problem(Shape):
    """problem+json as Leasehold sends it."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    next_step: str = ""
    request_id: str = ""
    errors: tuple[FieldError, ...] = ()
    facts: dict[str, Json] = Field(default_factory=dict)
    """What a machine needs to go on, such as the id of the approval request."""
