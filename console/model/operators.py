"""Operators: the people who govern, their roles and their groups."""

from typing import ClassVar

from pydantic import Field

from console.model.actors import Role
from console.model.base import Digest, Entity, Input, Instant, Name, Shape


class OperatorInput(Input):
    """What an admin sets when enrolling an operator. `token_seconds` is how long the token lives."""

    name: Name
    roles: tuple[Role, ...] = Field(min_length=1, max_length=6)
    groups: tuple[Name, ...] = Field(default=(), max_length=32)
    token_seconds: int = Field(default=8 * 3600, ge=60, le=30 * 86_400)


class Operator(Entity):
    """An enrolled operator; `id` is the name."""

    collection: ClassVar[str] = "operators"
    indexes: ClassVar[tuple[str, ...]] = ("removed",)

    roles: tuple[Role, ...]
    groups: tuple[Name, ...] = ()
    enrolled_at: Instant
    enrolled_by: str
    token_expires_at: Instant
    removed: bool = False
    removed_at: Instant | None = None


class OperatorToken(Entity):
    """What the plane keeps of an operator's token: its digest, under which it is found. Never sent, never audited."""

    collection: ClassVar[str] = "operator_tokens"
    indexes: ClassVar[tuple[str, ...]] = ("operator",)

    operator: Name
    token_digest: Digest
    expires_at: Instant


class OperatorRenewal(Input):
    """For how many seconds an operator's new token lives."""

    token_seconds: int = Field(default=8 * 3600, ge=60, le=30 * 86_400)


class OperatorEnrolled(Shape):
    """The answer to enrolling. The token is returned here, once."""

    operator: Operator
    token: str = Field(repr=False)


class Whoami(Shape):
    """Who the caller is, as the plane sees it."""

    kind: str
    name: str
    roles: tuple[Role, ...] = ()
    groups: tuple[str, ...] = ()
    expires_at: Instant | None = None
    environment: str = ""
    plane: str = ""
    now: Instant
