"""The codes of problems: everything that can go wrong, with a stable code, a sentence and the next step.

`ProblemError` carries one through the server and, on the other side of the wire, through the client. The catalogue is the
whole list of codes: an error that is not in it is a defect. Loads no model; the shape on the wire is `problems.Problem`.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.model.base import Json
    from console.model.problems import FieldError, Problem


@dataclass(frozen=True)
class Code:
    """One entry of the catalogue: HTTP status, title, and what to do next."""

    status: int
    title: str
    next_step: str


CATALOGUE: dict[str, Code] = {
    "malformed": Code(400, "The request could not be read", "Send JSON of the documented shape."),
    "invalid": Code(422, "The request has fields that are wrong", "Correct the fields named under errors and send it again."),
    "bad_filter": Code(422, "The filter has an error", "Correct it at the character named."),
    "too_large": Code(413, "The request is too large", "Send less; the limits are in the documentation."),
    "not_signed_in": Code(401, "No valid credential was presented", "Sign in, or present a current JWT-SVID."),
    "credential_expired": Code(401, "The credential has expired", "Sign in again, or fetch a new JWT-SVID."),
    "wrong_audience": Code(401, "The credential is meant for another audience", "Ask for one whose audience is this API."),
    "unknown_trust_domain": Code(
        401,
        "The credential is from a trust domain that is not trusted here",
        "Use a workload identity of a trusted domain.",
    ),
    "clock_off": Code(
        401, "The credential is from the future", "Set the clock of the caller; the plane's time is in the Date header."
    ),
    "not_allowed": Code(403, "Your role does not include this act", "Ask somebody whose role does."),
    "not_found": Code(404, "There is no such thing, or it is not yours to see", "Check the id."),
    "method_not_allowed": Code(405, "This address does not do that", "See the methods in /openapi.json."),
    "conflict": Code(409, "It has changed since you looked", "Look again, then decide."),
    "not_an_edge": Code(409, "That cannot follow from its present state", "Look at its state again."),
    "idempotency_mismatch": Code(409, "This idempotency key was used for another request", "Use a new key for a new request."),
    "in_progress": Code(409, "The same request is still being worked on", "Wait a moment and send it again with the same key."),
    "secret_already_returned": Code(409, "The secret was already returned once", "Revoke the lease and ask for a new one."),
    "approval_used": Code(409, "The approval has been used", "Ask again; a new request is opened."),
    "task_not_running": Code(409, "The task has ended", "Open a new task."),
    "lease_not_active": Code(409, "The lease is not active", "Ask for a new lease."),
    "beyond_rights": Code(403, "More was asked for than may be given", "Ask for no more than the rights named."),
    "beyond_ceiling": Code(409, "The lease cannot live that long", "Ask for less time, or for a new lease."),
    "self_review": Code(403, "Nobody reviews what is asked for on their own behalf", "Leave it to another reviewer."),
    "not_eligible": Code(403, "You are not among those who may review this", "Leave it to the groups that the quorum names."),
    "already_reviewed": Code(409, "You have reviewed this revision already", "Leave it to the others of the quorum."),
    "locked": Code(423, "It is contained", "Release the agent first."),
    "denied": Code(403, "The decision was deny", "See the reasons; ask for something that policy allows."),
    "needs_approval": Code(403, "A person must approve this first", "Wait for the approval request named, then ask again."),
    "not_grantable": Code(422, "That cannot be granted", "Grant only approvable policies or templates that the bundle marks."),
    "bundle_refused": Code(422, "The bundle has errors", "Correct what is named under findings, then ask again."),
    "tests_failed": Code(422, "The bundle's own tests fail", "Correct the policy, or the tests named, then ask again."),
    "nothing_changed": Code(409, "It is what is in force already", "Change something, or leave it."),
    "no_reviewer": Code(409, "Nobody else could review it", "Have another policy author enrolled, then ask again."),
    "irrevocable": Code(409, "The issuer did not confirm the revocation", "Retry, or follow the manual step."),
    "rate_limited": Code(429, "Too many requests", "Wait as Retry-After says."),
    "resync": Code(410, "The events asked for are no longer kept", "Take a new snapshot and continue from its cursor."),
    "store_full": Code(
        507, "The disk is full; nothing was recorded, so nothing was decided", "Make room; service resumes by itself."
    ),
    "store_unavailable": Code(
        503,
        "The store does not answer; nothing was recorded, so nothing was decided",
        "Try again; see leasehold doctor.",
    ),
    "no_policy": Code(503, "No policy bundle is active; everything is denied", "Publish a bundle that validates."),
    "undecided": Code(503, "The facts kept changing while they were being decided on", "Ask again."),
    "issuer_failed": Code(
        502, "The issuer could not make the credential; nothing was issued", "Try again; see the issuer's state."
    ),
    "not_ready": Code(503, "The plane is starting", "Try again in a moment."),
    "internal": Code(
        500, "Something went wrong in the plane; it was recorded", "Try again; report the request id if it stays."
    ),
    "unreachable": Code(503, "The plane could not be reached", "Check the address, and that the plane is running."),
}


class ProblemError(Exception):
    """An error that is told to a caller. Raise it with a code of the catalogue and one sentence that says what happened."""

    def __init__(
        self, code: str, detail: str = "", *, errors: "tuple[FieldError, ...]" = (), next_step: str = "", **facts: "Json"
    ) -> None:
        entry = CATALOGUE[code]
        self.code = code
        self.status = entry.status
        self.detail = detail or entry.title
        self.next_step = next_step or entry.next_step
        self.errors = errors
        self.facts = facts
        super().__init__(self.detail)

    def problem(self, request_id: str = "") -> "Problem":
        """The shape to send."""
        from console.model.problems import Problem  # noqa: PLC0415 (what only reads codes loads no model)

        return Problem(
            title=CATALOGUE[self.code].title,
            status=self.status,
            code=self.code,
            detail=self.detail,
            next_step=self.next_step,
            request_id=request_id,
            errors=self.errors,
            facts=dict(self.facts),
        )

    @classmethod
    def of(cls, problem: "Problem") -> "ProblemError":
        """The exception for a problem that came over the wire; an unknown code is kept under `internal`."""
        code = problem.code if problem.code in CATALOGUE else "internal"
        error = cls(code, problem.detail, errors=problem.errors, next_step=problem.next_step, **problem.facts)
        error.status = problem.status or HTTPStatus.INTERNAL_SERVER_ERROR
        return error
