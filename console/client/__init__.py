"""The typed client of both APIs: calls, streams and errors. It knows no screen, no server and no keyring.

Each name is loaded when it is first asked for: who only reads the feed loads neither httpx nor a model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
_HOMES = {
    "Listed": "calls",
    "LeaseholdClient": "client",
    "Tick": "stream",
    "Sent": "transport",
    "Timeouts": "transport",
    "new_key": "transport",
}
"""Where a name lives; the others are errors."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
