"""Task tokens: how an agent shows an enforcement point for which task it acts (a signed JWT, RFC 7519).

The token gives no access by itself. It names the task; everything else comes from the plane's records.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from console.model.problems import ProblemError
from console.model.tasks import Task


class Sign(Protocol):
    """Signs claims as a compact JWS with the plane's current key."""

    def __call__(self, claims: Mapping[str, Any], *, typ: str) -> str: ...


class Verify(Protocol):
    """Verifies a compact JWS of the plane's own keys and returns its claims. Raises ProblemError."""

    def __call__(self, token: str, *, audience: str, typ: str, now: datetime) -> Mapping[str, Any]: ...


class TaskTokens:
    """Makes and reads task tokens. `issuer` and `audience` are the authorization API's own names."""

    TYP = "leasehold-task+jwt"

    def __init__(self, sign: Sign, verify: Verify, issuer: str, audience: str) -> None:
        self._sign = sign
        self._verify = verify
        self._issuer = issuer
        self._audience = audience

    def make(self, task: Task, spiffe_id: str) -> str:
        """The token of a task. It ends with the task's deadline."""
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": spiffe_id,
            "task_id": task.id,
            "iat": int(task.opened_at.timestamp()),
            "exp": int(task.deadline_at.timestamp()),
        }
        return self._sign(claims, typ=self.TYP)

    def read(self, token: str, now: datetime) -> tuple[str, str]:
        """The task's id and its agent's SPIFFE ID. Raises ProblemError for anything but a current token of this plane."""
        claims = self._verify(token, audience=self._audience, typ=self.TYP, now=now)
        task_id, subject = claims.get("task_id"), claims.get("sub")
        if not isinstance(task_id, str) or not isinstance(subject, str):
            raise ProblemError("not_signed_in", "The task token names no task.")
        return task_id, subject
