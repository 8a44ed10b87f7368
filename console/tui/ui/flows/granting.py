"""Grant: an agent or a task, what it shall be allowed beyond, where, for how long, how often; then a reason and the quorum."""

from pydantic import ValidationError

from console.model.grants import GrantInput
from console.model.problems import ProblemError
from console.model.rights import Right
from console.model.scales import DataClass
from console.tui.present.cells import short_id, span_of_time
from console.tui.present.spans import Line, Span
from console.tui.present.words import BLANK, muted, plural, right_words, said, strong, text
from console.tui.rows import AgentRow, ApprovalRow, GrantRow, LeaseRow
from console.tui.state.intents import Intent, Target
from console.tui.ui.desk import Desk, Pin, allowed, first
from console.tui.ui.panes import Subject
from console.tui.ui.screens.form import FormField
from console.tui.ui.widgets.sheet import Answer, Question

_FIRST_SECONDS = 900
_UNITS = {"s": 1, "m": 60, "h": 3600}


def grant(desk: Desk) -> None:
    """Ask what shall be granted to the agent of the row, then confirm it with a reason."""
    subject = first(desk)
    if subject is None or not allowed(desk, "grant.create"):
        return
    agent = desk.world.source.agents.get(subject.agent_id) if subject.agent_id else None
    if agent is None:
        desk.refuse("This row belongs to no agent that is known.")
        return
    desk.work(_ask(desk, subject, agent))


async def _ask(desk: Desk, subject: Subject, agent: AgentRow) -> None:
    approvable = await _approvable(desk)
    known = ", ".join(approvable) or "policies that a person can lift"
    covers, action, resource, level = _from_row(desk, subject)
    task = f"{subject.task_id} or blank for every task of the agent" if subject.task_id else "blank: every task of the agent"
    fields = [
        FormField("task", "task", subject.task_id if subject.collection in ("approvals", "tasks", "leases") else "", task),
        FormField("covers", "covers", covers, f"policies, parted by commas: {known}; or template:<name>"),
        FormField("actions", "actions", action, "as customers.read, or several parted by commas"),
        FormField("resources", "resources", resource, "as crm/customers or crm/*"),
        FormField("class", "up to class", level, "public, internal, confidential or restricted"),
        FormField("time", "for", span_of_time(_FIRST_SECONDS), "as 15m, 2h or 900s; at most 24h"),
        FormField("uses", "uses", "1", "how often; blank for as often as the time allows"),
    ]

    def fault(values: dict[str, str]) -> str:
        try:
            _input(agent, values, "to be said")
        except (ValueError, ValidationError) as error:
            return _words(error)
        return ""

    desk.fill_in(f"grant {agent.name}", fields, fault, lambda values: _confirm(desk, agent, values))


async def _approvable(desk: Desk) -> list[str]:
    if desk.world.plane is None:
        return []
    try:
        view = await desk.world.plane.policies()
    except (ProblemError, OSError, TimeoutError):
        return []
    named = [one.policy_id for one in view.policies if one.approval]
    return named + [f"template:{one.policy_id}" for one in view.policies if one.grantable]


def _from_row(desk: Desk, subject: Subject) -> tuple[str, str, str, str]:
    """What the row suggests: what stands in the way of a request, or what a lease or grant is about."""
    row = desk.world.source.table(subject.collection).get(subject.id) if subject.collection in _TABLES else None
    if isinstance(row, ApprovalRow) and row.entity.ask is not None:
        ask = row.entity.ask
        return ", ".join(one.policy_id for one in row.entity.blocking), ask.action, ask.resource, str(ask.data_class)
    if isinstance(row, LeaseRow):
        return "", row.action, row.resource, row.data_class
    if isinstance(row, GrantRow):
        scope = row.scope
        return ", ".join(row.covers), ", ".join(scope.actions), ", ".join(scope.resources), str(scope.max_class)
    return "", "", "", "internal"


_TABLES = ("approvals", "leases", "grants")


def _confirm(desk: Desk, agent: AgentRow, values: dict[str, str]) -> None:
    wanted = _input(agent, values, "to be said")
    covers = ", ".join(wanted.covers) or f"template {wanted.template}"
    lines = (
        Line((muted("Grant "), strong(agent.name), muted(" the way past "), strong(covers))),
        BLANK,
        said("SCOPE", text(right_words(wanted.scope))),
        said("TASK", text(short_id(wanted.task_id) if wanted.task_id else "every task of the agent")),
        said("FOR", strong(span_of_time(wanted.seconds)), muted(" from now")),
        said("USES", strong(plural(wanted.uses, "use") if wanted.uses else "as often as the time allows")),
        said("QUORUM", muted("what it covers names who else must agree; this act is the first review")),
        said("BOUND", muted("it never lifts what cannot be lifted, and never goes beyond the agent's entitlement")),
    )

    def done(answer: Answer) -> None:
        if answer.confirmed:
            body = _input(agent, values, answer.reason)
            desk.send([Intent("grant.create", Target("grants", agent.id, agent.name), body)])
        else:
            desk.say(muted("Nothing was granted."))

    def moved() -> str:
        row = desk.world.source.agents.get(agent.id)
        return "" if row is not None and row.state == agent.state else f"{agent.name} is {row.state if row else 'gone'} now"

    question = Question((Span(f"grant {agent.name}"),), lines, "grant", reason="the reason, for the record")
    desk.ask(question, Pin(moved), done)


def _input(agent: AgentRow, values: dict[str, str], reason: str) -> GrantInput:
    """The input. Raises ValueError or ValidationError with what is wrong."""
    named = _listed(values["covers"])
    templates = [one.removeprefix("template:") for one in named if one.startswith("template:")]
    covers = [one for one in named if not one.startswith("template:")]
    if len(templates) > 1:
        raise ValueError("covers: one template at most")
    actions, resources = _listed(values["actions"]), _listed(values["resources"])
    if not actions or not resources:
        raise ValueError("name at least one action and one resource")
    uses = values["uses"].strip()
    if uses and not uses.isdigit():
        raise ValueError("uses: a whole number, or blank")
    return GrantInput(
        agent_id=agent.id,
        task_id=values["task"].strip() or None,
        covers=tuple(covers),
        template=templates[0] if templates else None,
        scope=Right(actions=tuple(actions), resources=tuple(resources), max_class=DataClass(values["class"].strip())),
        seconds=seconds_of(values["time"]),
        uses=int(uses) if uses else None,
        reason=reason,
    )


def seconds_of(text: str) -> int:
    """Seconds of `15m`, `2h`, `1h30m`, `900s` or `900`. Raises ValueError."""
    total, number = 0, ""
    for character in text.strip().lower().replace(" ", ""):
        if character.isdigit() and character.isascii():
            number += character
        elif character in _UNITS and number:
            total, number = total + int(number[:6]) * _UNITS[character], ""
        else:
            raise ValueError("for: write the time as 15m, 2h or 900s")
    total += int(number[:6]) if number else 0
    if not total:
        raise ValueError("for: write the time as 15m, 2h or 900s")
    return total


def _listed(text: str) -> list[str]:
    return [one for part in text.split(",") if (one := part.strip())]


def _words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        one = error.errors()[0]
        where = ".".join(map(str, one["loc"]))
        return f"{where}: {one['msg']}" if where else str(one["msg"])
    return str(error)
