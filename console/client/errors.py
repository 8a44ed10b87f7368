"""What can go wrong with a call.

ClientError
├── Unreachable         no answer: refused, cut off or timed out; `unknown` says whether it may have been done
├── Garbled             an answer that cannot be read
├── Resync              the events asked for are gone: take a snapshot and go on from its cursor
└── Refused             the plane answered with a problem, kept as `problem`
    ├── NotSignedIn     401: no credential, or one that does not hold
    ├── NotAllowed      403: not by this caller, or not by policy
    ├── NotFound        404
    ├── Conflict        409, 423: it changed, it ended, it is locked
    ├── Invalid         400, 405, 413, 422: the request itself is wrong
    └── PlaneFailed     429 and 5xx: the plane could not do it now
"""

from typing import TYPE_CHECKING

from console.model.codes import ProblemError

if TYPE_CHECKING:
    from console.model.base import Json
    from console.model.problems import Problem


class ClientError(Exception):
    """The root of all of these."""


class Unreachable(ClientError):
    """There was no answer. `unknown` is true when the request may have arrived, so that what became of it is not known."""

    def __init__(self, detail: str, *, unknown: bool) -> None:
        super().__init__(detail)
        self.unknown = unknown


_WHY = {
    "ConnectionRefusedError": "nothing listens at its address",
    "gaierror": "the name of its host is not known",
    "TimeoutError": "no answer in time",
    "TimeoutException": "no answer in time",
    "SSLError": "its certificate does not hold",
    "ConnectionError": "the connection was cut off",
    "RemoteProtocolError": "the connection was cut off",
    "NetworkError": "there is no way to it",
    "OSError": "there is no way to it",
}
"""By the name of a kind of error, so that no library is loaded to know it by."""


def why(error: BaseException) -> str:
    """Why there was no answer, in words: of the innermost of the errors that led to one another which has any."""
    found, at = "", error
    for _ in range(8):
        found = next((_WHY[kind.__name__] for kind in type(at).__mro__ if kind.__name__ in _WHY), found)
        inner = at.exceptions[0] if isinstance(at, BaseExceptionGroup) else at.__cause__ or at.__context__
        if inner is None:
            break
        at = inner
    return found or type(error).__name__


class Garbled(ClientError):
    """The answer is not of the shape that this client knows."""


class Resync(ClientError):
    """The events behind a cursor are no longer kept, or this subscriber was too slow. Take a new snapshot."""


class Refused(ClientError):
    """The plane said no, with a problem (RFC 9457)."""

    def __init__(self, problem: "Problem") -> None:
        super().__init__(problem.detail)
        self.problem = problem

    @property
    def code(self) -> str:
        """The stable code of the problem."""
        return self.problem.code

    @property
    def facts(self) -> "dict[str, Json]":
        """What a machine needs to go on, such as `approval_id`."""
        return self.problem.facts

    def as_error(self) -> ProblemError:
        """The same as the exception that the plane itself raises."""
        return ProblemError.of(self.problem)


class NotSignedIn(Refused):
    """No credential, or one that does not hold."""


class NotAllowed(Refused):
    """Not by this caller, or not by policy."""


class NotFound(Refused):
    """There is no such thing, or it is not yours to see."""


class Conflict(Refused):
    """It changed, it ended, or it is locked."""


class Invalid(Refused):
    """The request itself is wrong."""


class PlaneFailed(Refused):
    """The plane could not do it now."""


_BY_STATUS: dict[int, type[Refused]] = {
    400: Invalid,
    401: NotSignedIn,
    403: NotAllowed,
    404: NotFound,
    405: Invalid,
    409: Conflict,
    413: Invalid,
    422: Invalid,
    423: Conflict,
    429: PlaneFailed,
}


def refusal(problem: "Problem") -> ClientError:
    """The exception for a problem."""
    if problem.code == "resync":
        return Resync(problem.detail)
    return _BY_STATUS.get(problem.status, PlaneFailed if problem.status >= 500 else Refused)(problem)
