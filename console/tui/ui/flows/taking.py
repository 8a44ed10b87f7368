"""What takes power away: revoke leases, end a grant, contain, stop a task, retry. And release, which undoes a containment.

Works while stale. What a containment takes with it is asked of the plane; where that does not answer, it is counted from
what was last known, and said so.
"""

import asyncio

from console.model.leases import RevokeManyInput
from console.model.locks import ContainmentPreview, ContainmentTally
from console.model.problems import ProblemError
from console.tui.present.cells import short_id
from console.tui.present.sheets import contain_lines
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views import grants
from console.tui.present.words import BLANK, after_revocation, clock, muted, plural, said, strong, text, works_until
from console.tui.rows import LIVE_LEASES, AgentRow, LeaseRow
from console.tui.state.acts import Confirmation, release_confirmation, taking_confirmation
from console.tui.state.intents import Intent, Outcome, Result, Target
from console.tui.ui.desk import Desk, Pin, allowed, first
from console.tui.ui.flows.tally import reopen_tally, show_tally
from console.tui.ui.panes import Subject
from console.tui.ui.widgets.sheet import Answer, Question

_WAIT = 3.0
_LISTED = 8
_STUCK = ("irrevocable",)
MOST_AT_ONCE = 10_000
"""So many leases the plane takes back in one call."""


def revoke(desk: Desk) -> None:
    """Revoke the leases that are meant: of the row, the marked ones, or all of a task or an agent; or end a grant."""
    subjects = desk.subjects()
    if not subjects:
        desk.refuse("No row is under the cursor.")
    elif subjects[0].collection == "grants":
        end_grant(desk, subjects[0])
    elif allowed(desk, "lease.revoke"):
        leases, whose = _meant(desk, subjects)
        if leases:
            revoke_leases(desk, leases, whose)
        else:
            desk.refuse(_nothing_to_revoke(subjects, whose))


def _nothing_to_revoke(subjects: list[Subject], whose: str) -> str:
    if subjects[0].collection == "leases":
        named = "This lease" if len(subjects) == 1 else f"Every one of the {len(subjects)} marked leases"
        return f"{named} has ended, or is being revoked already."
    return f"{whose} holds no lease that lives." if whose else "This works on a lease, a task or an agent."


def _meant(desk: Desk, subjects: list[Subject]) -> tuple[list[LeaseRow], str]:
    table = desk.world.source.leases
    one = subjects[0]
    if one.collection == "leases":
        rows = [row for each in subjects if (row := table.get(each.id)) is not None]
        name = one.label
    elif one.collection == "tasks":
        below = [task.id for task in desk.world.source.tasks.of("root", _root(desk, one.id)) if one.id in task.path]
        rows, name = [row for id in below for row in table.of("task", id)], f"task {one.label}"
    elif one.agent_id:
        rows, name = table.of("agent", one.agent_id), one.agent_name
    else:
        return [], ""
    return [row for row in rows if row.state in LIVE_LEASES], name


def _root(desk: Desk, task_id: str) -> str:
    row = desk.world.source.tasks.get(task_id)
    return row.root_id if row is not None else task_id


def revoke_leases(desk: Desk, leases: list[LeaseRow], whose: str) -> None:
    """Ask whether to revoke these leases, saying what each revocation leaves."""
    if len(leases) > MOST_AT_ONCE:
        desk.refuse(f"{len(leases)} leases are more than {MOST_AT_ONCE} at once; filter and mark fewer, or contain the agent.")
        return
    now = desk.world.now()
    lines = [
        Line((text("Revoke "), strong(plural(len(leases), "lease")), text(f" of {whose}" if len(leases) > 1 else ""))),
        BLANK,
    ]
    lines += _what_is_left(leases, now)
    for lease in leases[:_LISTED]:
        lines.append(Line((strong(f"{lease.action} {lease.resource}"), muted(f"   {lease.agent_name}  {short_id(lease.id)}"))))
        lines.append(Line((text("  "), *after_revocation(lease, now))))
    if len(leases) > _LISTED:
        lines.append(Line((muted(f"and {len(leases) - _LISTED} more"),)))
    ids = tuple(lease.id for lease in leases)
    confirmation = taking_confirmation(len(leases), ids[0])
    target = Target("leases", ids[0], whose if len(ids) == 1 else plural(len(ids), "lease"))

    def moved() -> str:
        table = desk.world.source.leases
        ended = [id for id in ids if (row := table.get(id)) is None or row.state not in LIVE_LEASES]
        return "every one of them has ended" if len(ended) == len(ids) else ""

    def done(answer: Answer) -> None:
        if answer.confirmed:
            body = RevokeManyInput(lease_ids=ids, reason="revoked from the console")
            desk.send([Intent("lease.revoke", target, body)])

    desk.ask(_question(f"revoke {plural(len(ids), 'lease')}", tuple(lines), "revoke", confirmation), Pin(moved), done)


def _what_is_left(leases: list[LeaseRow], now: float) -> list[Line]:
    """Of several leases, how many are refused at once, and until when the others can still work."""
    if len(leases) < 2:
        return []
    ends = [end for lease in leases if (end := works_until(lease, now)) is not None]
    unknown, last = len(leases) - len(ends), max(ends, default=now)
    at_once = sum(end <= now for end in ends)
    lines = [said("AT ONCE", strong(str(at_once)), muted(" are refused at their next use"))]
    if last > now:
        later = (
            Span(str(len(ends) - at_once), Tone.WARN, strong=True),
            muted(f" still work, the last one until {clock(last)}"),
        )
        lines.append(said("LATER", *later))
    if unknown:
        lines.append(said("UNKNOWN", Span(f"of {unknown} nobody can say until when they work", Tone.DANGER)))
    return [*lines, BLANK]


def end_grant(desk: Desk, subject: Subject) -> None:
    """Ask whether to end a grant early."""
    row = desk.world.source.grants.get(subject.id)
    if row is None or not allowed(desk, "grant.revoke"):
        return
    if row.state not in ("active", "scheduled"):
        desk.refuse(f"The grant is {row.state}; there is nothing to end.")
        return
    lines = grants.detail(desk.world.source, row, desk.world.now())

    def done(answer: Answer) -> None:
        if answer.confirmed:
            desk.send([Intent("grant.revoke", Target("grants", row.id, subject.label), "ended from the console")])

    desk.ask(
        _question(f"end grant {short_id(row.id)}", lines, "end it", Confirmation(taking_confirmation(1, row.id).kind)),
        _state_pin(desk, "grants", row.id),
        done,
    )


def contain(desk: Desk) -> None:
    """Contain the agent of the row: first what goes with it, then the act, then the tally."""
    agent = _agent(desk)
    if agent is None or not allowed(desk, "agent.contain"):
        return
    if agent.state == "contained":
        reopen_tally(desk, agent)
        return
    desk.say(muted(f"Counting what goes with {agent.name}…"))
    desk.work(_preview_and_ask(desk, agent))


async def _preview_and_ask(desk: Desk, agent: AgentRow) -> None:
    world = desk.world
    told = await _preview(desk, agent)
    preview, known = (told, True) if told is not None else (_counted(desk, agent), False)
    lines = list(contain_lines(preview, world.now()))
    if not known:
        lines.insert(1, Line((Span("The plane did not say; this is counted from what was last known.", Tone.WARN),)))

    def told_of(result: Result) -> None:
        if isinstance(result.answer, ContainmentTally):
            show_tally(desk, result.answer)

    def done(answer: Answer) -> None:
        if answer.confirmed:
            intent = Intent("agent.contain", Target("agents", agent.id, agent.name), "contained from the console")
            desk.send([intent], told_of)
        else:
            desk.say(muted(f"{agent.name} was not contained."))

    def moved() -> str:
        row = world.source.agents.get(agent.id)
        return "" if row is not None and row.state == agent.state else f"{agent.name} is {row.state if row else 'gone'} now"

    confirmation = taking_confirmation(preview.leases, agent.id, critical=preview.critical)
    desk.ask(_question(f"contain {agent.name}", tuple(lines), "contain", confirmation), Pin(moved), done)


async def _preview(desk: Desk, agent: AgentRow) -> ContainmentPreview | None:
    """What the plane says; None where it does not say in time."""
    plane = desk.world.plane
    if plane is None:
        return None
    try:
        async with asyncio.timeout(_WAIT):
            return await plane.contain_preview(agent.id)
    except (ProblemError, OSError, TimeoutError):
        return None


def _counted(desk: Desk, agent: AgentRow) -> ContainmentPreview:
    """What the mirror knows of it."""
    source = desk.world.source
    tasks = [row for row in source.tasks.of("agent", agent.id) if row.state == "running"]
    roots = {row.root_id for row in tasks}
    below = [
        row
        for root in roots
        for row in source.tasks.of("root", root)
        if row.state == "running" and row.agent_id != agent.id and any(one.id in row.path for one in tasks)
    ]
    leases = [row for one in (*tasks, *below) for row in source.leases.of("task", one.id) if row.state in LIVE_LEASES]
    by_issuer: dict[str, int] = {}
    by_kind: dict[str, int] = {}
    for row in leases:
        by_issuer[row.issuer] = by_issuer.get(row.issuer, 0) + 1
        by_kind[row.revocability] = by_kind.get(row.revocability, 0) + 1
    return ContainmentPreview(
        agent_id=agent.id,
        agent_name=agent.name,
        critical=agent.critical,
        tasks=len(tasks),
        delegated_tasks=len(below),
        delegates=tuple(sorted({row.agent_name for row in below})),
        leases=len(leases),
        leases_by_issuer=by_issuer,
        leases_by_revocability=by_kind,
        approvals=sum(row.state in ("pending", "approved") for row in source.approvals.of("agent", agent.id)),
        grants=sum(row.state in ("active", "scheduled") for row in source.grants.of("agent", agent.id)),
        people_waiting=tuple(sorted({row.on_behalf_of for row in tasks})),
    )


def release(desk: Desk) -> None:
    """Release the agent of the row: a reason, and its name typed; a second person where it is critical."""
    agent = _agent(desk)
    if agent is None or not allowed(desk, "agent.release"):
        return
    if agent.state != "contained":
        desk.refuse(f"{agent.name} is {agent.state}; there is nothing to release.")
        return
    locks = desk.world.source.locks.of("standing", agent.id)
    me = desk.world.session.operator
    proposed = [lock.release_proposed_by for lock in locks if lock.release_proposed_by]
    if agent.critical and me in proposed:
        desk.refuse(f"You asked for the release of {agent.name} already; a second person must release it.")
        return
    lines = [
        Line((text("Release "), strong(agent.name), muted("   its ended tasks and revoked leases do not come back"))),
        BLANK,
    ]
    lines += [said("CONTAINED", text(f"by {lock.placed_by}"), muted(f"   {lock.reason}")) for lock in locks[:3]]
    if agent.critical and proposed:
        words = f"{proposed[0]} asked for it; you are the second person, and it is released at once"
        lines.append(said("SECOND", Span(words, Tone.WARN, strong=True)))
    elif agent.critical:
        words = "it is critical: this only asks for it, a second person must release it too"
        lines.append(said("SECOND", Span(words, Tone.WARN)))

    def done(answer: Answer) -> None:
        if answer.confirmed:
            desk.send([Intent("agent.release", Target("agents", agent.id, agent.name), answer.reason)])

    def moved() -> str:
        row = desk.world.source.agents.get(agent.id)
        return "" if row is not None and row.state == agent.state else f"{agent.name} is {row.state if row else 'gone'} now"

    question = Question(
        (Span(f"release {agent.name}"),),
        tuple(lines),
        "release",
        reason="the reason, for the record",
        typed=release_confirmation(agent.name).typed,
        typed_prompt=f"type its name: {agent.name}",
    )
    desk.ask(question, Pin(moved), done)


def stop(desk: Desk) -> None:
    """Stop the task of the row."""
    subject = first(desk)
    if subject is None or not allowed(desk, "task.stop"):
        return
    row = desk.world.source.tasks.get(subject.task_id) if subject.task_id else None
    if row is None:
        desk.refuse("This row belongs to no task that is known.")
        return
    if row.state != "running":
        desk.refuse(f"The task is {row.state} already.")
        return
    held = sum(one.state in LIVE_LEASES for one in desk.world.source.leases.of("task", row.id))
    lines = (
        Line((text("Stop "), strong(f"{row.agent_name} {short_id(row.id)}"), muted(f"   {row.purpose}"))),
        Line((muted("It ends now, and with it the tasks delegated from it and their leases."),)),
        BLANK,
        said("LEASES", strong(str(held)), muted(" of its own live")),
        said("DELEGATES", strong(str(len(desk.world.source.tasks.of("parent", row.id))))),
    )

    def done(answer: Answer) -> None:
        if answer.confirmed:
            desk.send([Intent("task.stop", Target("tasks", row.id, subject.label), "stopped from the console")])

    question = _question(f"stop task {short_id(row.id)}", lines, "stop", taking_confirmation(held, row.id))
    desk.ask(question, _state_pin(desk, "tasks", row.id), done)


def retry(desk: Desk) -> None:
    """Retry a revocation that the issuer did not confirm."""
    subject = first(desk, "leases")
    if subject is None or not allowed(desk, "lease.retry"):
        return
    row = desk.world.source.leases.get(subject.id)
    if row is None or row.state not in _STUCK:
        desk.refuse("Only a revocation that is stuck can be retried.")
        return

    def done(answer: Answer) -> None:
        if answer.confirmed:
            desk.send([Intent("lease.retry", Target("leases", row.id, subject.label), "")])

    question = _question(f"retry {short_id(row.id)}", desk.pane.lines(row.id), "retry", taking_confirmation(1, row.id))
    desk.ask(question, _state_pin(desk, "leases", row.id), done)


def _agent(desk: Desk) -> AgentRow | None:
    subject = first(desk)
    if subject is None:
        return None
    row = desk.world.source.agents.get(subject.agent_id) if subject.agent_id else None
    if row is None:
        desk.refuse("This row belongs to no agent that is known.")
    return row


def _state_pin(desk: Desk, collection: str, id: str) -> Pin:
    before = desk.world.source.table(collection).get(id)
    state = before.state if before is not None else ""

    def moved() -> str:
        row = desk.world.source.table(collection).get(id)
        return "" if row is not None and row.state == state else f"it is {row.state if row is not None else 'gone'} now"

    return Pin(moved)


def _question(title: str, lines: tuple[Line, ...], word: str, confirmation: Confirmation) -> Question:
    typed = confirmation.typed
    return Question(
        (Span(title),), lines, word, takes=True, typed=typed, typed_prompt=f"type {typed} to confirm" if typed else ""
    )


__all__ = ["Outcome", "contain", "release", "retry", "revoke", "stop"]
