"""The plane's own verification of its log: now and then, beside its work, with the result on the record.

What reads and verifies is handed in. The result of a log that is not whole is recorded like any other: the log tells of it.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from console.model.actors import PLANE
from console.model.audit import AuditVerification
from console.model.problems import ProblemError
from console.server.ports import Store, Transaction

KIND: Final = "audit.verified"
FIRST_SECONDS: Final = 60.0
EVERY_SECONDS: Final = 3600.0

_log = logging.getLogger(__name__)


async def check(store: Store, read: Callable[[], AuditVerification]) -> AuditVerification:
    """Verify the whole log in a thread and record what came of it. Raises ProblemError where it cannot be read or recorded."""
    result = await asyncio.to_thread(read)
    if not result.ok:
        _log.error("the audit log is not whole: %s", "; ".join(fault.text for fault in result.faults[:3]))

    def verb(transaction: Transaction) -> None:
        body = {"verification": result.model_dump(mode="json")}
        transaction.record(KIND, PLANE, object="audit", object_id=transaction.tree().log, body=body)

    await store.write(verb, takes_power=not result.ok)
    return result


class PeriodicChecks:
    """Verifies the log some time after the start, and then again and again, for as long as `run` runs. Spans are seconds."""

    def __init__(
        self,
        store: Store,
        read: Callable[[], AuditVerification],
        *,
        first_seconds: float = FIRST_SECONDS,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._store = store
        self._read = read
        self._first_seconds = first_seconds
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Go on until cancelled. A check that could not be made or recorded is made again after the next span."""
        await asyncio.sleep(self._first_seconds)
        while True:
            try:
                await check(self._store, self._read)
            except ProblemError as problem:
                _log.warning("the log was not verified: %s", problem.detail)
            await asyncio.sleep(self._every_seconds)
