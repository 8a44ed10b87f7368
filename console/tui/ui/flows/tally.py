"""The tally of a containment: followed by asking the plane, told item by item, *done* only when every lease is confirmed.

What the plane does not say in time is told as of when it was last known; nothing here is taken for done.
"""

import asyncio
from typing import TYPE_CHECKING

from console.model.problems import ProblemError
from console.tui.present.sheets import tally_lines
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.words import text
from console.tui.rows import AgentRow, LeaseRow
from console.tui.ui.desk import Desk

if TYPE_CHECKING:
    from console.model.locks import ContainmentTally

OFTEN, SELDOM = 1.0, 5.0
OFTEN_FOR = 60
"""After so many questions the plane is asked less often."""
SILENT = 3.0


def reopen_tally(desk: Desk, agent: AgentRow) -> None:
    """Tell again how far the containment of an agent has come."""
    locks = [lock for lock in desk.world.source.locks.of("standing", agent.id) if lock.target == "agent"]
    plane = desk.world.plane
    if not locks or plane is None:
        desk.refuse(f"{agent.name} is contained already; U releases it.")
        return

    async def ask() -> None:
        try:
            show_tally(desk, await plane.containment(locks[0].id))
        except (ProblemError, OSError, TimeoutError):
            desk.refuse(f"{agent.name} is contained already; the plane does not say how far it has come.")

    desk.work(ask())


def show_tally(desk: Desk, first: "ContainmentTally") -> None:
    """Open the tally and follow it until every lease is confirmed dead, also when it was closed meanwhile."""
    held = [first]
    heard_at = [desk.world.times.monotonic()]
    name = first.lock.target_name or first.lock.target_id

    async def follow() -> None:
        asked = 0
        while not held[0].done:
            await asyncio.sleep(OFTEN if asked < OFTEN_FOR else SELDOM)
            asked += 1
            plane = desk.world.plane
            if plane is None:
                continue
            try:
                held[0] = await plane.containment(first.lock.id)
            except (ProblemError, OSError, TimeoutError):
                continue
            heard_at[0] = desk.world.times.monotonic()
            if not held[0].lock.active:
                return
        done = text(f"{name} is contained; every lease is confirmed dead")
        desk.say(Span("✓ done ", Tone.OK, strong=True), done, stay=True)

    def lines() -> tuple[Line, ...]:
        silent = desk.world.times.monotonic() - heard_at[0]
        now = desk.world.now()
        known_at = None if held[0].done or silent < SILENT + SELDOM else now - silent
        return tally_lines(held[0], now, items_of(desk, held[0]), known_at)

    desk.reading(f"containment of {name}", lines(), lines)
    desk.work(follow())


def items_of(desk: Desk, tally: "ContainmentTally") -> list[LeaseRow]:
    """The leases that the containment took, as the stream tells of them: of the agent and of every task that is locked."""
    source, placed = desk.world.source, tally.lock.placed_at.timestamp()
    tasks = [row.target_id for row in source.locks.rows.values() if row.cause == tally.lock.id and row.target == "task"]
    rows = {row.id: row for row in source.leases.of("agent", tally.lock.agent_id)}
    for task in tasks:
        rows |= {row.id: row for row in source.leases.of("task", task)}
    return [row for row in rows.values() if row.requested_at <= placed and (row.ended_at is None or row.ended_at >= placed)]
