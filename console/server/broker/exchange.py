"""Token exchange (RFC 8693): a task token, or an SVID and a task, for the credential of one lease.

A thin way to `Leases.issue` for clients that speak OAuth: it converts the request, and turns problems into the errors of
RFC 6749 section 5.2.
"""

from collections.abc import Callable
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from console.model.actors import Actor
from console.model.agents import Agent
from console.model.leases import LeaseInput
from console.model.oauth import ACCESS_TOKEN, EXCHANGE_GRANT, JWT, ErrorCode, ExchangeAnswer, ExchangeInput, OAuthError
from console.model.problems import ProblemError
from console.model.rights import Right
from console.server.broker.bundled import AudienceOf
from console.server.broker.leases import Leases
from console.server.ports import Clock

ReadSubject = Callable[[str, datetime], tuple[str | None, str]]
"""The task's id, where the token names one, and the SPIFFE ID of a current task token or SVID. Raises ProblemError."""

_DETAILS: TypeAdapter[tuple[Right, ...]] = TypeAdapter(tuple[Right, ...])
_CODES: dict[str, ErrorCode] = {
    "denied": "access_denied",
    "locked": "access_denied",
    "needs_approval": "authorization_pending",
    "task_not_running": "invalid_grant",
    "not_found": "invalid_grant",
    "beyond_rights": "invalid_authorization_details",
    "beyond_ceiling": "invalid_grant",
    "invalid": "invalid_request",
    "secret_already_returned": "invalid_grant",
}


class Exchange:
    """Exchanges tokens for leases, for the agent that has already proven who it is."""

    def __init__(self, leases: Leases, clock: Clock, read: ReadSubject, audience_of: AudienceOf) -> None:
        self._leases = leases
        self._clock = clock
        self._read = read
        self._audience_of = audience_of

    async def exchange(self, agent: Agent, asked: ExchangeInput, caller: Actor) -> ExchangeAnswer:
        """Issue one lease. Raises OAuthError, with the ids that a client needs to go on."""
        if asked.grant_type != EXCHANGE_GRANT:
            raise OAuthError("unsupported_grant_type", f"Only {EXCHANGE_GRANT} is served here.")
        if asked.subject_token_type != JWT or asked.requested_token_type not in (ACCESS_TOKEN, JWT):
            raise OAuthError("invalid_request", "The subject token is a JWT, and what is made is an access token.")
        right = one_right(asked.authorization_details)
        self._check_target(asked.audience, right)
        wanted = self._wanted(asked, self._task_of(agent, asked), right)
        try:
            issued = await self._leases.issue(agent, wanted, caller)
        except ProblemError as problem:
            code = _CODES.get(problem.code, "temporarily_unavailable")
            status = 503 if code == "temporarily_unavailable" else 400
            raise OAuthError(code, problem.detail, status=status, **problem.facts) from None
        left = int((issued.lease.expires_at - self._clock.now()).total_seconds())
        return ExchangeAnswer(
            access_token=issued.credential,
            expires_in=max(0, left),
            authorization_details=(issued.lease.right,),
            lease_id=issued.lease.id,
        )

    def _task_of(self, agent: Agent, asked: ExchangeInput) -> str:
        try:
            named, spiffe_id = self._read(asked.subject_token, self._clock.now())
        except ProblemError as problem:
            raise OAuthError("invalid_grant", problem.detail) from None
        if spiffe_id != agent.spiffe_id:
            raise OAuthError("invalid_grant", "The subject token is another agent's.")
        task_id = named or asked.task_id
        if task_id is None or (asked.task_id is not None and asked.task_id != task_id):
            raise OAuthError("invalid_request", "Name the task: by a task token, or by task_id beside an SVID.")
        return task_id

    def _check_target(self, named: str | None, right: Right) -> None:
        """RFC 8693, section 2.2.2: an audience that is named must be the one that the resource belongs to."""
        audience = self._audience_of(right.resources[0])
        if named is not None and (audience is None or audience.name != named):
            raise OAuthError("invalid_target", "The resource does not belong to the audience that is named.")

    def _wanted(self, asked: ExchangeInput, task_id: str, right: Right) -> LeaseInput:
        try:
            return LeaseInput(
                task_id=task_id,
                action=right.actions[0],
                resource=right.resources[0],
                seconds=asked.requested_seconds,
                reason=asked.reason,
            )
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise OAuthError("invalid_request", f"{field} has the wrong form.") from None


def one_right(text: str) -> Right:
    """The one right of an `authorization_details` parameter (RFC 9396, section 2).

    Raises OAuthError `invalid_authorization_details` unless it is one right with one action and one resource, no pattern.
    """
    try:
        rights = _DETAILS.validate_json(text)
    except ValidationError:
        raise OAuthError("invalid_authorization_details", "It is not a list of rights of type leasehold_access.") from None
    if len(rights) != 1 or len(rights[0].actions) != 1 or len(rights[0].resources) != 1:
        raise OAuthError("invalid_authorization_details", "Ask for one action on one resource.")
    if any("*" in name for name in (*rights[0].actions, *rights[0].resources)):
        raise OAuthError("invalid_authorization_details", "A lease is for one action on one resource, not for a pattern.")
    return rights[0]
