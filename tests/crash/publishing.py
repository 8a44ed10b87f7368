"""A plane that asks for a publication, has it reviewed, and kills itself with SIGKILL on the way. Run as a process of its own.

    python -m tests.crash.publishing FOLDER STEP COUNT

It dies at the COUNT-th time that the writer comes to STEP during the review.
"""

import asyncio
import sys
from pathlib import Path

from console.server.store.writer import STEPS
from tests.crash.victim import Executioner
from tests.server.authorization.publishing import asked, review, with_authors
from tests.server.world import open_world


class NextBatch:
    """Lets an executioner hear of the batches that begin from now on: the one before may still be on its last steps."""

    def __init__(self, executioner: Executioner) -> None:
        self._executioner = executioner
        self.awaited = False

    def __call__(self, step: str) -> None:
        if self.awaited and step == STEPS[0]:
            self._executioner.armed = True
        self._executioner(step)


async def main(folder: Path, step: str, count: int) -> None:
    """Publish, until killed."""
    tracer = NextBatch(Executioner(step, count))
    async with open_world(folder, tracer=tracer) as world:
        await with_authors(world)
        publication = await asked(world)
        tracer.awaited = True
        await review(world, "pia", publication.approval)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
