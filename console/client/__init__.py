"""The typed client of both APIs: calls, streams and errors. It knows no screen, no server and no keyring."""

from console.client.calls import Listed
from console.client.client import LeaseholdClient
from console.client.errors import (
    ClientError,
    Conflict,
    Garbled,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PlaneFailed,
    Refused,
    Resync,
    Unreachable,
)
from console.client.stream import Tick
from console.client.transport import Sent, Timeouts, new_key

__all__ = [
    "ClientError",
    "Conflict",
    "Garbled",
    "Invalid",
    "LeaseholdClient",
    "Listed",
    "NotAllowed",
    "NotFound",
    "NotSignedIn",
    "PlaneFailed",
    "Refused",
    "Resync",
    "Sent",
    "Tick",
    "Timeouts",
    "Unreachable",
    "new_key",
]
