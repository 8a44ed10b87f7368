"""A plane that asks for a publication, has it reviewed, and kills itself with SIGKILL on the way. Run as a process of its own.

    python -m tests.crash.publishing FOLDER STEP COUNT

It dies at the COUNT-th time that the writer comes to STEP during the review.
"""

import asyncio
import sys
from pathlib import Path

from tests.crash.victim import Executioner
from tests.server.authorization.publishing import asked, review, with_authors
from tests.server.world import open_world


async def main(folder: Path, step: str, count: int) -> None:
    """Publish, until killed."""
    executioner = Executioner(step, count)
    async with open_world(folder, tracer=executioner) as world:
        await with_authors(world)
        publication = await asked(world)
        executioner.armed = True
        await review(world, "pia", publication.approval)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
