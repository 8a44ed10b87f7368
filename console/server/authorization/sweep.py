"""The sweep: what time alone changes in tasks, approval requests and grants, on time and whether or not anybody asks."""

import asyncio
import logging

from console.model.problems import ProblemError
from console.server.authorization.approvals import Approvals
from console.server.authorization.grants import Grants
from console.server.authorization.tasks import Tasks

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.25


class Sweep:
    """Ends what is due, again and again, until it is cancelled. A store that does not answer is tried again."""

    def __init__(self, tasks: Tasks, approvals: Approvals, grants: Grants) -> None:
        self._tasks = tasks
        self._approvals = approvals
        self._grants = grants

    async def step(self) -> int:
        """End everything that is due now. Returns how much that was."""
        return await self._tasks.sweep() + await self._approvals.sweep() + await self._grants.sweep()

    async def run(self) -> None:
        """Sweep for as long as the plane runs."""
        while True:
            try:
                await self.step()
            except ProblemError as error:
                log.warning("the sweep could not record what is due: %s", error.code)
            await asyncio.sleep(EVERY_SECONDS)
