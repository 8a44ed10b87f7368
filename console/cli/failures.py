"""What goes wrong with a command, its exit status, and how it is told: a sentence, what was not done, the next step.

0 done · 1 failed · 2 usage · 3 not signed in or not allowed · 4 conflict (it changed; look again) · 5 unreachable ·
6 done only in part
"""

import json
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import click

from console.cli.text import one_line

if TYPE_CHECKING:
    from console.model.problems import FieldError


class Status(IntEnum):
    """The exit statuses of the contract."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_ALLOWED = 3
    CONFLICT = 4
    UNREACHABLE = 5
    PARTLY = 6


class Failure(Exception):
    """A command that did not do what was asked. `facts` are for machines."""

    def __init__(
        self,
        status: Status,
        detail: str,
        next_step: str = "",
        *,
        code: str = "failed",
        errors: "tuple[FieldError, ...]" = (),
        request_id: str = "",
        facts: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.next_step = next_step
        self.code = code
        self.errors = errors
        self.request_id = request_id
        self.facts = facts or {}

    def as_json(self) -> str:
        """As problem JSON (RFC 9457), with the exit status as an extension."""
        document: dict[str, Any] = {"type": "about:blank", "title": self.code, "code": self.code, "detail": self.detail}
        document |= {"next_step": self.next_step, "exit_status": int(self.status), "facts": self.facts}
        if self.errors:
            document["errors"] = [error.model_dump(mode="json") for error in self.errors]
        if self.request_id:
            document["request_id"] = self.request_id
        return json.dumps(document)

    def as_text(self) -> str:
        """For people."""
        lines = [f"leasehold: {one_line(self.detail)}"]
        lines += [f"  {one_line(error.field)}: {one_line(error.text)}" for error in self.errors]
        if self.next_step:
            lines.append(f"  next: {one_line(self.next_step)}")
        if self.request_id:
            lines.append(f"  request: {one_line(self.request_id)}")
        return "\n".join(lines)


def usage(detail: str, next_step: str = "") -> Failure:
    """The command was asked for in a way that it does not take."""
    return Failure(Status.USAGE, detail, next_step, code="usage")


def not_signed_in(detail: str, next_step: str) -> Failure:
    """There is no credential to show."""
    return Failure(Status.NOT_ALLOWED, detail, next_step, code="not_signed_in")


def failure_of(error: Exception) -> Failure | None:
    """What an exception of ours means to a person; None for one that is not ours, which is a defect."""
    from console.client import errors as client  # noqa: PLC0415 (httpx loads only once something went wrong with a call)
    from console.model.codes import ProblemError  # noqa: PLC0415
    from console.settings.errors import SettingsError  # noqa: PLC0415

    match error:
        case Failure():
            return error
        case click.UsageError():
            where = f"{error.ctx.command_path} --help" if error.ctx is not None else "leasehold --help"
            return usage(error.format_message(), f"See {where}.")
        case SettingsError():
            return Failure(Status.FAILED, error.detail, error.next_step, code="settings")
        case client.Unreachable():
            done = (
                "It is not known whether it was done; look before trying again."
                if error.unknown
                else "Nothing was changed. Check the address, and that the plane is running: leasehold doctor."
            )
            return Failure(Status.UNREACHABLE, str(error), done, code="unreachable", facts={"unknown": error.unknown})
        case client.Refused():
            return _of_problem(error.as_error(), _STATUS_OF.get(type(error).__name__, Status.FAILED), error.problem.request_id)
        case client.ClientError():
            return Failure(Status.FAILED, str(error), "Try again; if it stays, compare the versions.", code="garbled")
        case ProblemError():
            return _of_problem(error, _status_of(error.status))
    return None


_STATUS_OF = {
    "NotSignedIn": Status.NOT_ALLOWED,
    "NotAllowed": Status.NOT_ALLOWED,
    "Conflict": Status.CONFLICT,
    "Invalid": Status.USAGE,
    "NotFound": Status.FAILED,
    "PlaneFailed": Status.FAILED,
}


def _status_of(http_status: int) -> Status:
    if http_status in (401, 403):
        return Status.NOT_ALLOWED
    if http_status in (409, 412, 423):
        return Status.CONFLICT
    return Status.USAGE if http_status in (400, 405, 413, 422) else Status.FAILED


def _of_problem(error: Any, status: Status, request_id: str = "") -> Failure:
    return Failure(
        status,
        error.detail,
        error.next_step,
        code=error.code,
        errors=error.errors,
        request_id=request_id,
        facts=dict(error.facts),
    )
