"""The foreign shapes of OAuth 2.0: introspection (RFC 7662), revocation (RFC 7009) and token exchange (RFC 8693).

Requests here are form fields, and fields that are not known are ignored, as RFC 6749 section 3.2 says. Errors have the
shape of RFC 6749 section 5.2 rather than problem+json, because clients of these standards look for it.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from console.model.base import Identifier, Json, Shape
from console.model.rights import Right

EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 (RFC 8693, section 3: the name of a type)
JWT = "urn:ietf:params:oauth:token-type:jwt"
MAX_TOKEN = 16_384
"""The longest token that is looked at, in characters."""

ErrorCode = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_target",
    "invalid_authorization_details",
    "access_denied",
    "authorization_pending",
    "temporarily_unavailable",
]
"""RFC 6749 section 5.2, RFC 8693 section 2.2.2 (`invalid_target`), RFC 9396 section 5 (`invalid_authorization_details`)
and RFC 8628 section 3.5 (`access_denied`, `authorization_pending`)."""


class IntrospectionInput(Shape):
    """What a resource server asks (RFC 7662, section 2.1)."""

    token: str = Field(min_length=1, max_length=MAX_TOKEN, repr=False)
    token_type_hint: str | None = Field(default=None, max_length=128)


class IntrospectionAnswer(Shape):
    """What is told of a token (RFC 7662, section 2.2). Of one that is not active nothing else is said.

    `exp`, `iat` and `nbf` are seconds since 1970; `cache_seconds` is how long this very answer may be kept.
    `authorization_details` is the scope (RFC 9396, section 9.2), `act` who acts for whom (RFC 8693, section 4.1).
    """

    active: bool
    iss: str | None = None
    sub: str | None = None
    aud: str | None = None
    client_id: str | None = None
    token_type: Literal["Bearer"] | None = None
    exp: int | None = None
    iat: int | None = None
    nbf: int | None = None
    jti: Identifier | None = None
    act: dict[str, Json] | None = None
    task_id: Identifier | None = None
    lease_id: Identifier | None = None
    authorization_details: tuple[Right, ...] | None = None
    max_rows: int | None = None
    """The rows that may still be read under the lease; None where no bound was set."""
    cache_seconds: int | None = None

    def wire(self) -> dict[str, Any]:
        """The JSON to send: what is unknown is absent."""
        return self.model_dump(mode="json", exclude_none=True)


INACTIVE = IntrospectionAnswer(active=False)
"""The whole answer for everything that is not a live token for this caller (RFC 7662, section 2.2)."""


class TokenRevocationInput(Shape):
    """What an agent asks when it gives a token back (RFC 7009, section 2.1)."""

    token: str = Field(min_length=1, max_length=MAX_TOKEN, repr=False)
    token_type_hint: str | None = Field(default=None, max_length=128)


class ExchangeInput(Shape):
    """A token exchange (RFC 8693, section 2.1): a task token, or an SVID and a task, for the credential of one lease.

    `authorization_details` is the JSON text of one right with one action and one resource (RFC 9396). Of our own:
    `task_id`, needed with an SVID; `requested_seconds`; `reason`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", str_max_length=MAX_TOKEN)

    grant_type: str
    subject_token: str = Field(repr=False)
    subject_token_type: str
    requested_token_type: str = ACCESS_TOKEN
    authorization_details: str = ""
    audience: str | None = None
    task_id: str | None = None
    requested_seconds: int = Field(default=120, ge=1, le=14_400)
    reason: str = Field(default="", max_length=4096)


class ExchangeAnswer(Shape):
    """The answer (RFC 8693, section 2.2.1). `expires_in` is in seconds; the credential is returned here, once."""

    access_token: str = Field(repr=False)
    issued_token_type: str = ACCESS_TOKEN
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 (RFC 6750's name for the type, not a secret)
    expires_in: int = Field(ge=0)
    authorization_details: tuple[Right, ...]
    lease_id: Identifier


class OAuthFault(Shape):
    """An error as RFC 6749 section 5.2 shapes it, with what a machine needs to go on."""

    model_config = ConfigDict(frozen=True, extra="allow")

    error: ErrorCode
    error_description: str = ""


class OAuthError(Exception):
    """An error of one of these standards. `status` is HTTP's; `facts` join the body, such as the approval's id."""

    def __init__(self, error: ErrorCode, description: str = "", *, status: int = 400, **facts: Json) -> None:
        super().__init__(description or error)
        self.error: ErrorCode = error
        self.description = description
        self.status = status
        self.facts = facts

    def fault(self) -> OAuthFault:
        """The shape to send."""
        return OAuthFault.model_validate({**self.facts, "error": self.error, "error_description": self.description})
