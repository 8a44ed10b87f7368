"""Grant: an agent or a task, what it shall be allowed beyond, where, from when, for how long, how often; then a reason.

What the grant would come to is asked of the plane while the form is filled in, and told again on the sheet. Break-glass is a
kind of the same form, where the bundle allows it: loud, short, typed, and reviewed afterwards by somebody else.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from console.model.bundles import BundleView
from console.model.codes import ProblemError
from console.model.grants import GrantInput, GrantTerms
from console.model.reviewing import GrantPreview
from console.model.rights import Right
from console.model.scales import DataClass
from console.tui.present.cells import countdown, short_id, span_of_time
from console.tui.present.previews import grant_lines
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.words import BLANK, muted, plural, right_words, said, strong, text
from console.tui.rows import AgentRow, ApprovalRow, GrantRow, LeaseRow
from console.tui.state.intents import Intent, Target
from console.tui.ui.desk import Desk, Pin, allowed, first
from console.tui.ui.flows.times_typed import begins_at, seconds_of, stepped_beginning, stepped_time
from console.tui.ui.panes import Subject
from console.tui.ui.screens.form import FormField, Live, among
from console.tui.ui.widgets.sheet import Answer, Question

_FIRST_SECONDS = 900
_LONGEST = 86_400
_WAIT = 3.0
"""Seconds that a preview is waited for."""
ELEVATION, BREAK_GLASS = "elevation", "break-glass"
_TABLES = ("approvals", "leases", "grants")


def grant(desk: Desk) -> None:
    """Ask what shall be granted to the agent of the row, then confirm it with a reason."""
    subject = first(desk)
    if subject is None or not allowed(desk, "grant.create"):
        return
    agent = desk.world.source.agents.get(subject.agent_id) if subject.agent_id else None
    if agent is None:
        desk.refuse("This row belongs to no agent that is known.")
        return
    if agent.state != "active":
        desk.refuse(f"{agent.name} is {agent.state}: nothing can be granted to it.")
        return
    desk.work(_ask(desk, subject, agent))


async def _ask(desk: Desk, subject: Subject, agent: AgentRow) -> None:
    bundle = await _bundle(desk)
    liftable = _liftable(bundle)
    glass = bundle.break_glass_max_seconds if bundle is not None else None
    longest = {
        ELEVATION: (bundle.grant_max_seconds if bundle is not None else None) or _LONGEST,
        BREAK_GLASS: glass or _LONGEST,
    }
    covers, action, resource, level = _from_row(desk, subject)
    tasks = [row.id for row in desk.world.source.tasks.of("agent", agent.id) if row.state == "running"][:20]
    kinds = (ELEVATION, BREAK_GLASS) if bundle is None or glass is not None else (ELEVATION,)
    kind_now = [ELEVATION]

    def step_time(value: str, by: int) -> str:
        return stepped_time(value, by, longest.get(kind_now[0], _LONGEST))

    most = f"at most {span_of_time(longest[ELEVATION])}"
    if glass is not None:
        most += f", break-glass {span_of_time(glass)}"
    fields = [
        FormField("kind", "kind", ELEVATION, f"{' or '.join(kinds)}; break-glass is reviewed afterwards", among(*kinds)),
        FormField(
            "task", "task", subject.task_id if subject.task_id in tasks else "", "blank: every task of it", among("", *tasks)
        ),
        FormField(
            "covers",
            "covers",
            covers or (liftable[0] if len(liftable) == 1 else ""),
            f"policies, parted by commas, or template:<name>: {', '.join(liftable) or 'any that a person can lift'}",
            among(*dict.fromkeys([*([covers] if covers else []), *liftable])) if liftable else None,
        ),
        FormField("actions", "actions", action, "as customers.read, or several parted by commas"),
        FormField("resources", "resources", resource, "as crm/customers or crm/*"),
        FormField("class", "up to class", level, "the highest class of data", among(*(one.value for one in DataClass))),
        FormField("from", "from", "now", "now, 30m, 08:00 (UTC) or 2026-03-01T08:00Z", stepped_beginning),
        FormField("time", "for", span_of_time(_FIRST_SECONDS), f"as 15m, 2h or 900s; {most}", step_time),
        FormField("uses", "uses", "1", "how often; blank for as often as the time allows"),
    ]
    known: dict[GrantTerms, GrantPreview] = {}

    def terms(values: dict[str, str]) -> GrantTerms:
        kind_now[0] = values["kind"].strip()
        try:
            return terms_of(agent, values, datetime.fromtimestamp(desk.world.now(), UTC).replace(microsecond=0))
        except ValidationError as error:
            raise ValueError(_words(error)) from None

    def fault(values: dict[str, str]) -> str:
        try:
            terms(values)
        except ValueError as error:
            return str(error)
        return ""

    async def outcome(values: dict[str, str]) -> Sequence[Line]:
        asked = terms(values)
        known[asked] = preview = await _preview(desk, asked)
        return grant_lines(preview, desk.world.now())

    def done(values: dict[str, str]) -> None:
        asked = terms(values)
        _confirm(desk, agent, asked, known.get(asked))

    desk.fill_in(f"grant {agent.name}", fields, fault, done, live=Live(outcome, _moved(desk, agent), _dead(desk)))


async def _bundle(desk: Desk) -> BundleView | None:
    """What the bundle allows; None where the plane does not say."""
    if desk.world.plane is None:
        return None
    try:
        async with asyncio.timeout(_WAIT):
            return await desk.world.plane.policies()
    except (ProblemError, OSError, TimeoutError):
        return None


def _liftable(bundle: BundleView | None) -> list[str]:
    if bundle is None:
        return []
    named = [one.policy_id for one in bundle.policies if one.approval]
    return named + [f"template:{one.policy_id}" for one in bundle.policies if one.grantable]


async def _preview(desk: Desk, asked: GrantTerms) -> GrantPreview:
    """What the plane says the grant would come to. Raises ProblemError, OSError, TimeoutError."""
    if desk.world.plane is None:
        raise ProblemError("unreachable", "The plane has not answered yet.")
    async with asyncio.timeout(_WAIT):
        return await desk.world.plane.preview_grant(asked)


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


def _confirm(desk: Desk, agent: AgentRow, asked: GrantTerms, preview: GrantPreview | None) -> None:
    glass = asked.kind == BREAK_GLASS
    world = desk.world
    answered, silent = [preview], [""]
    title = f"BREAK THE GLASS for {agent.name}" if glass else f"grant {agent.name}"

    def question() -> Question:
        waiting = f"what it would come to is not known: {silent[0]}" if silent[0] else "asking what it would come to…"
        return Question(
            (Span(title),),
            _lines(agent, asked, answered[0], world.now()),
            "break the glass" if glass else "grant",
            loud=glass,
            reason="the reason, for the record" if not glass else "what is on fire, for whoever reviews it",
            typed=agent.name if glass else "",
            typed_prompt=f"type its name: {agent.name}" if glass else "",
            refusal="" if answered[0] is not None else waiting,
        )

    def done(answer: Answer) -> None:
        if not answer.confirmed:
            desk.say(muted("Nothing was granted."))
            return
        body = GrantInput(**asked.model_dump(), reason=answer.reason)
        act = "grant.break_glass" if glass else "grant.create"
        desk.send([Intent(act, Target("grants", agent.id, agent.name), body)])

    sheet = desk.ask(question(), Pin(_moved(desk, agent)), done)

    async def complete() -> None:
        try:
            answered[0] = await _preview(desk, asked)
        except (ProblemError, OSError, TimeoutError) as problem:
            silent[0] = str(problem) or "the plane did not answer"
        if sheet.is_running:
            sheet.ask(question())

    if preview is None:
        desk.work(complete())


def _lines(agent: AgentRow, asked: GrantTerms, preview: GrantPreview | None, now: float) -> tuple[Line, ...]:
    covers = ", ".join(asked.covers) or f"template {asked.template}"
    lines = [Line((muted("Grant "), strong(agent.name), muted(" the way past "), strong(covers)))]
    if asked.kind == BREAK_GLASS:
        words = "One person, now, without a second. It is told to everybody and stays an open finding until it is reviewed."
        lines.append(Line((Span(words, Tone.DANGER, strong=True),)))
    lines.append(BLANK)
    lines.append(said("SCOPE", text(right_words(asked.scope))))
    lines.append(said("TASK", text(short_id(asked.task_id) if asked.task_id else "every task of the agent")))
    if asked.starts_at is not None:
        begins = asked.starts_at.timestamp()
        lines.append(said("FROM", strong(f"{asked.starts_at:%Y-%m-%d %H:%M:%SZ}"), muted(f"  in {countdown(begins - now)}")))
    lines.append(said("USES", strong(plural(asked.uses, "use") if asked.uses else "as often as the time allows")))
    lines += grant_lines(preview, now) if preview is not None else [said("FOR", strong(span_of_time(asked.seconds)))]
    bound = "it never lifts what cannot be lifted"
    lines.append(said("BOUND", muted(f"{bound}; policies are covered within the agent's entitlement only")))
    return tuple(lines)


def _moved(desk: Desk, agent: AgentRow) -> Callable[[], str]:
    def moved() -> str:
        row = desk.world.source.agents.get(agent.id)
        return "" if row is not None and row.state == agent.state else f"{agent.name} is {row.state if row else 'gone'} now"

    return moved


def _dead(desk: Desk) -> Callable[[], str]:
    """Why a grant cannot be sent now: stale, SAFE, READ-ONLY."""

    def words() -> str:
        refusal = desk.world.check("grant.create")
        return refusal.text if refusal is not None else ""

    return words


def terms_of(agent: AgentRow, values: dict[str, str], now: datetime) -> GrantTerms:
    """The terms that were typed. Raises ValueError or ValidationError with what is wrong."""
    named = _listed(values["covers"])
    templates = [one.removeprefix("template:") for one in named if one.startswith("template:")]
    covers = [one for one in named if not one.startswith("template:")]
    if not named:
        raise ValueError("covers: name the policies that it lifts, or one template")
    if len(templates) > 1:
        raise ValueError("covers: one template at most")
    actions, resources = _listed(values["actions"]), _listed(values["resources"])
    if not actions or not resources:
        raise ValueError("name at least one action and one resource")
    uses = values["uses"].strip()
    if uses and not uses.isdecimal():
        raise ValueError("uses: a whole number, or blank")
    kind = values["kind"].strip()
    if kind not in (ELEVATION, BREAK_GLASS):
        raise ValueError(f"kind: {ELEVATION} or {BREAK_GLASS}")
    return GrantTerms.model_validate(
        {
            "agent_id": agent.id,
            "task_id": values["task"].strip() or None,
            "covers": tuple(covers),
            "template": templates[0] if templates else None,
            "scope": Right(actions=tuple(actions), resources=tuple(resources), max_class=_class(values["class"])),
            "starts_at": begins_at(values["from"], now),
            "seconds": seconds_of(values["time"]),
            "uses": int(uses[:7]) if uses else None,
            "kind": kind,
        }
    )


def _class(typed: str) -> DataClass:
    try:
        return DataClass(typed.strip())
    except ValueError:
        raise ValueError(f"up to class: {', '.join(one.value for one in DataClass)}") from None


def _listed(typed: str) -> list[str]:
    return [one for part in typed.split(",") if (one := part.strip())]


def _words(error: ValidationError) -> str:
    one = error.errors()[0]
    where = ".".join(map(str, one["loc"]))
    what = str(one["msg"]).removeprefix("Value error, ")
    return f"{where}: {what}" if where else what


__all__ = ["BREAK_GLASS", "ELEVATION", "grant", "terms_of"]
