"""The spool: how delegated work and its result reach another agent's process, as files of mode 0600 in a folder a process.

Owns their form. The task token travels here, as it would over whatever channel two agents share; it gives no access by
itself, because who presents it must prove to be the agent that it names.
"""

import asyncio
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from console.demo.plans import Lane, Step
from console.demo.workload import put_private

LOOK_SECONDS: Final = 0.1


class Handover(BaseModel):
    """Work for another agent: its task, and the steps to take."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    task_token: str = Field(repr=False)
    deadline: float
    number: int
    lane: Lane
    purpose: str
    steps: tuple[Step, ...]
    summary: tuple[Step, ...] = ()
    summary_after: int = 0
    reply_to: str


class Reply(BaseModel):
    """What came of it."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    outcome: Literal["completed", "failed"]
    text: str = ""


def hand_over(folder: Path, work: Handover) -> None:
    """Put work before an agent. Raises OSError."""
    put_private(folder / f"{work.task_id}.work", work.model_dump_json())


def reply(folder: Path, answer: Reply) -> None:
    """Tell whoever delegated what came of it. Raises OSError."""
    put_private(folder / f"{answer.task_id}.reply", answer.model_dump_json())


def take_work(folder: Path) -> list[Handover]:
    """The work that lies there, oldest task first; it is taken away. What cannot be read is dropped."""
    found = []
    for path in sorted(folder.glob("tk_*.work")):
        text = path.read_text(encoding="utf-8")
        path.unlink()
        try:
            found.append(Handover.model_validate_json(text))
        except ValidationError:
            continue
    return found


async def await_reply(folder: Path, task_id: str, seconds: float) -> Reply | None:
    """Wait for what came of a task; None when nothing came in time."""
    path = folder / f"{task_id}.reply"
    try:
        async with asyncio.timeout(seconds):
            while not path.exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        return None
    answer = Reply.model_validate_json(path.read_text(encoding="utf-8"))
    path.unlink()
    return answer
