"""Approve, reject and narrow: pinned to id, revision and digest; confirmed by risk; nothing preselected."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from console.model.approvals import ApprovalDetail, Narrowing, ReviewInput, narrow
from console.model.codes import ProblemError
from console.model.reviewing import ReviewerLoad, ReviewPreview, load_of
from console.tui.present.cells import countdown, short_digest, short_id, span_of_time
from console.tui.present.previews import review_lines, review_refusal
from console.tui.present.spans import Line, Span, Spans, Tone
from console.tui.present.views.card import card_lines, hurried_prompt, hurried_words, wants
from console.tui.present.words import BLANK, muted, plural, said, strong, text
from console.tui.rows import ApprovalRow
from console.tui.state.acts import ACTS, Confirmation, approval_confirmation, publication_confirmation, reviewing_roles
from console.tui.state.intents import Intent, Target
from console.tui.ui.desk import Desk, Pin, allowed
from console.tui.ui.flows.times_typed import seconds_of, stepped_time
from console.tui.ui.panes import Subject
from console.tui.ui.screens.form import FormField, Live
from console.tui.ui.widgets.sheet import Answer, Question

_LONGEST = 14_400
"""The most seconds that an action can ask for."""
_TALL = 36
"""From so many lines on, a sheet has room for access in two columns."""
_WAIT = 3.0
"""Seconds that a preview is waited for."""
_MANY = 100


def approve(desk: Desk) -> None:
    """Ask for the approval of the request under the cursor, or of all that are marked."""
    rows = _pending(desk, "approval.approve")
    if len(rows) > 1:
        _approve_many(desk, rows)
    elif rows:
        _ask(desk, rows[0], "approval.approve", "approve")


def reject(desk: Desk) -> None:
    """Ask for the rejection of the request under the cursor, or of all that are marked, with a reason."""
    rows = _pending(desk, "approval.reject")
    if len(rows) > 1:
        lines = [Line((text("Reject "), strong(plural(len(rows), "request")))), BLANK, *_listed(rows)]
        question = Question(
            (Span(f"reject {len(rows)} requests"),), tuple(lines), "reject", reason="the reason, for the record"
        )
        _ask_many(desk, rows, question, "approval.reject")
    elif rows:
        _ask(desk, rows[0], "approval.reject", "reject")


def narrow_down(desk: Desk) -> None:
    """Ask how far the request under the cursor is narrowed, with the decision asked again as it is edited; then approve it."""
    rows = _pending(desk, "approval.narrow")
    if not rows:
        return
    row = rows[0]
    ask = row.entity.ask
    if ask is None:
        desk.refuse("Only the request of an action can be narrowed.")
        return
    most = min(ask.seconds or _LONGEST, row.entity.max_ttl_seconds or _LONGEST)
    fields = [
        FormField(
            "seconds",
            "for",
            span_of_time(ask.seconds) if ask.seconds else "",
            f"at most {span_of_time(ask.seconds) if ask.seconds else 'what policy allows'}, as 10m or 600s",
            lambda value, by: stepped_time(value, by, most),
        ),
        FormField("uses", "uses", str(ask.uses or ""), f"at most {ask.uses or 'any number'}", _counted(ask.uses)),
        FormField("rows", "rows", str(ask.rows or ""), f"at most {ask.rows or 'any number'}", _counted(ask.rows)),
        FormField("resource", "resource", ask.resource, f"{ask.resource} or what lies below it"),
    ]
    known: dict[Narrowing, ReviewPreview] = {}

    def fault(values: dict[str, str]) -> str:
        try:
            smaller = _narrowing(values, row)
            narrow(ask, smaller)
        except (ValueError, ValidationError) as error:
            return _first_line(error)
        return review_refusal(known[smaller], row.entity) if smaller in known else ""

    async def outcome(values: dict[str, str]) -> Sequence[Line]:
        try:
            smaller = _narrowing(values, row)
        except (ValueError, ValidationError) as error:
            raise ValueError(_first_line(error)) from None
        preview = await _preview(desk, row, smaller)
        known[smaller] = preview
        return review_lines(preview, row.entity)

    def done(values: dict[str, str]) -> None:
        smaller = _narrowing(values, row)
        _ask(desk, row, "approval.narrow", "approve less", smaller, known.get(smaller))

    desk.fill_in(
        f"narrow {short_id(row.id)}  {_label(row)}", fields, fault, done, live=Live(outcome, _pin(desk, row).moved, _dead(desk))
    )


async def _preview(desk: Desk, row: ApprovalRow, smaller: Narrowing) -> ReviewPreview:
    """What the plane says the narrowed request would come to. Raises ProblemError, OSError, TimeoutError."""
    if desk.world.plane is None:
        raise ProblemError("unreachable", "The plane has not answered yet.")
    async with asyncio.timeout(_WAIT):
        return await desk.world.plane.preview_review(row.id, smaller)


def _dead(desk: Desk) -> Callable[[], str]:
    """Why a narrowed approval cannot be sent now: stale, SAFE, READ-ONLY."""

    def words() -> str:
        refusal = desk.world.check("approval.narrow")
        return refusal.text if refusal is not None else ""

    return words


def _pending(desk: Desk, act: str) -> list[ApprovalRow]:
    """The pending requests that are meant, or none, with the reason said."""
    subjects = desk.subjects()
    if not subjects or subjects[0].collection != "approvals":
        desk.refuse("This works on an approval request: press 1." if subjects else "No request is under the cursor.")
        return []
    if not allowed(desk, act):
        return []
    rows = [row for one in subjects if (row := desk.world.source.approvals.get(one.id)) is not None]
    pending = [row for row in rows if row.state == "pending"]
    if not pending:
        desk.refuse(f"It is {rows[0].state} already." if rows else "It has left.")
    why = next((words for row in pending if (words := _not_yours(desk, row))), "")
    if why:
        desk.refuse(why)
        return []
    if len(pending) > _MANY:
        desk.refuse(f"At most {_MANY} are reviewed together; {len(pending)} are marked.")
        return []
    return pending


def _not_yours(desk: Desk, row: ApprovalRow) -> str:
    """Why this operator may not review a request, as far as it is known here; the plane decides."""
    session, kind = desk.world.session, str(row.entity.kind)
    needed = reviewing_roles(kind)
    if session.roles.isdisjoint(needed):
        return f"Reviewing {wants(row.entity)} takes the role {', '.join(sorted(needed))}."
    detail = desk.world.detail_of(row.id) if kind == "publication" else None
    why = detail.excluded.get(session.operator, "") if detail is not None else ""
    return f"Another policy author decides this: {why[:1].lower()}{why[1:]}" if why else ""


def _ask(
    desk: Desk,
    row: ApprovalRow,
    act: str,
    word: str,
    smaller: Narrowing | None = None,
    preview: ReviewPreview | None = None,
) -> None:
    world = desk.world
    approval = row.entity
    target = Target("approvals", row.id, _label(row), row.revision, row.digest, row.version)
    began = world.times.monotonic()
    resource = approval.ask.resource if approval.ask is not None else row.agent_name or row.id
    rejects, publishes = act == "approval.reject", str(approval.kind) == "publication"
    confirmation = Confirmation(ACTS[act].confirm) if rejects else approval_confirmation(row.risk_level, resource)
    if publishes and not rejects:
        bundle = world.source.bundles.get(approval.bundle_id or "")
        name = bundle.name if bundle is not None else "publish"
        confirmation = publication_confirmation(confirmation.kind, name, production=world.options.production)
    prompt = "type the bundle's name" if publishes else "type the last part of the scope"
    known, answered = world.detail_of(row.id), [preview]
    silent = [""]

    def question() -> Question:
        load = _hurried_load(desk, known) if not rejects else None
        reason = "the reason, for the record" if confirmation.needs_reason else ""
        slow: Sequence[Line] = ()
        if load is not None:
            reason = hurried_prompt(load.streak)
            slow = (_slowly(load), BLANK)
        return Question(
            _title(word, row),
            (
                *slow,
                *_narrowed_lines(row, smaller, answered[0]),
                *card_lines(world.source, approval, known, world.now(), compact=desk.size.height < _TALL),
            ),
            word,
            takes=rejects,
            reason=reason,
            typed=confirmation.typed,
            typed_prompt=f"{prompt}: {confirmation.typed}" if confirmation.typed else "",
            refusal=_narrowed_refusal(row, smaller, answered[0], silent[0]),
        )

    def done(answer: Answer) -> None:
        if not answer.confirmed:
            desk.say(muted(f"Left for later: {_label(row)}. {_later(row, world.now())}"))
            return
        review = ReviewInput(
            verdict="reject" if rejects else "approve",
            digest=row.digest,
            revision=row.revision,
            reason=answer.reason,
            narrowing=smaller,
            reading_seconds=min(86_400.0, world.times.monotonic() - began),
        )
        desk.send([Intent(act, target, review)])

    sheet = desk.ask(question(), _pin(desk, row), done)

    async def complete() -> None:
        nonlocal known
        if smaller is not None and answered[0] is None:
            try:
                answered[0] = await _preview(desk, row, smaller)
            except (ProblemError, OSError, TimeoutError) as problem:
                silent[0] = str(problem) or "the plane did not answer"
        # Asked for even where the card is known: the load in it is of the moment.
        detail = await world.fetch_detail(row.id)
        if not sheet.is_running:
            return
        if detail is not None and (detail.approval.revision, detail.approval.digest) == (row.revision, row.digest):
            known = detail
        made = question()
        if made != sheet.question:
            sheet.ask(made)

    desk.work(complete())


def _narrowed_lines(row: ApprovalRow, smaller: Narrowing | None, preview: ReviewPreview | None) -> Sequence[Line]:
    """What is approved in place of what was asked for, and what it would be decided."""
    ask = row.entity.ask
    if smaller is None or ask is None:
        return ()
    asked = narrow(ask, smaller)
    told = review_lines(preview, row.entity) if preview is not None else ()
    return (Line((Span("narrowed to ", Tone.INFO), strong(f"{asked.action} {asked.resource}"))), *told, BLANK)


def _narrowed_refusal(row: ApprovalRow, smaller: Narrowing | None, preview: ReviewPreview | None, silent: str) -> str:
    """Why a narrowed approval cannot be sent yet: what it would come to is shown first."""
    if smaller is None:
        return ""
    if preview is not None:
        return review_refusal(preview, row.entity)
    return f"what it would come to is not known: {silent}" if silent else "asking what it would come to…"


def _hurried_load(desk: Desk, detail: ApprovalDetail | None) -> ReviewerLoad | None:
    """The reviewer's load where a streak was too fast, by the plane's count or by what the mirror holds already."""
    world = desk.world
    if detail is not None and detail.load is not None and detail.load.hurried:
        return detail.load
    now = datetime.fromtimestamp(world.now(), UTC)
    own = (one for row in world.source.approvals.rows.values() for one in row.entity.reviews)
    load = load_of(world.session.operator, own, now) if world.session.operator else None
    return load if load is not None and load.hurried else None


def _slowly(load: ReviewerLoad) -> Line:
    """Why a reason is asked for."""
    return Line((Span("◆ ", Tone.WARN), Span(hurried_words(load.streak), Tone.WARN)), indent=2)


def _later(row: ApprovalRow, now: float) -> str:
    """What happens to what is left for later."""
    return "" if row.due_at is None else f"In {countdown(row.due_at - now)} it expires and nothing is allowed."


def _approve_many(desk: Desk, rows: list[ApprovalRow]) -> None:
    """Bulk approval: only for the same agent, the same scope, medium risk or less."""
    scopes = {(row.agent_id, wants(row.entity)) for row in rows}
    if len(scopes) > 1:
        desk.refuse("Only requests of one agent for one scope can be approved together; unmark the others.")
        return
    if any(row.risk_level not in ("low", "medium") or str(row.entity.kind) == "publication" for row in rows):
        desk.refuse("What is above medium risk, and what publishes policies, is approved one by one.")
        return
    lines = [Line((text("Approve "), strong(plural(len(rows), "request")), text(f" of {rows[0].agent_name}"))), BLANK]
    load = _hurried_load(desk, None)
    reason = hurried_prompt(load.streak) if load is not None else ""
    if load is not None:
        lines = [_slowly(load), BLANK, *lines]
    question = Question((Span(f"approve {len(rows)} requests"),), (*lines, *_listed(rows)), "approve", reason=reason)
    _ask_many(desk, rows, question, "approval.approve")


def _ask_many(desk: Desk, rows: list[ApprovalRow], question: Question, act: str) -> None:
    began = desk.world.times.monotonic()

    def done(answer: Answer) -> None:
        if not answer.confirmed:
            desk.say(muted(f"Left for later: {plural(len(rows), 'request')}."))
            return
        # The time that the sheet was open is shared by what stood on it.
        reading = min(86_400.0, (desk.world.times.monotonic() - began) / len(rows))
        desk.send(
            [
                Intent(
                    act,
                    Target("approvals", row.id, _label(row), row.revision, row.digest, row.version),
                    ReviewInput(
                        verdict="reject" if act == "approval.reject" else "approve",
                        digest=row.digest,
                        revision=row.revision,
                        reason=answer.reason,
                        reading_seconds=reading,
                    ),
                )
                for row in rows
            ]
        )

    moved = [_pin(desk, row) for row in rows]
    desk.ask(question, Pin(lambda: next((words for one in moved if (words := one.moved())), "")), done)


def _pin(desk: Desk, row: ApprovalRow) -> Pin:
    def moved() -> str:
        now = desk.world.source.approvals.get(row.id)
        if now is None:
            return "the request has left"
        if now.state != row.state:
            return f"it is {now.state} now"
        if (now.revision, now.digest) != (row.revision, row.digest):
            what = "; ".join(now.entity.drift) or "what is asked for is another thing"
            return f"revision {now.revision}: {what}"
        if len(now.entity.reviews) != len(row.entity.reviews):
            last = now.entity.reviews[-1] if now.entity.reviews else None
            return f"{last.reviewer} has reviewed it: {last.verdict}" if last else "its reviews were cleared"
        return "" if now.risk_level == row.risk_level else f"its risk is {now.risk_level} now"

    return Pin(moved)


def _narrowing(values: dict[str, str], row: ApprovalRow) -> Narrowing:
    """What is smaller than what was asked for. Raises ValueError or ValidationError."""
    ask = row.entity.ask
    if ask is None:
        raise ValueError("this request asks for no action")
    seconds = seconds_of(values["seconds"]) if values["seconds"].strip() else None
    numbers = {name: int(values[name]) for name in ("uses", "rows") if values[name].strip()}
    numbers |= {"seconds": seconds} if seconds is not None else {}
    changed = {name: value for name, value in numbers.items() if value != getattr(ask, name)}
    resource = values["resource"].strip()
    return Narrowing(**changed, resource=resource if resource != ask.resource else None)


def _counted(most: int | None) -> Callable[[str, int], str]:
    """`←` halves a count, `→` doubles it, within what was asked for."""

    def step(value: str, by: int) -> str:
        count = int(value) if value.strip().isdigit() else most or 1
        count = count * 2 if by > 0 else count // 2
        return str(max(1, min(count, most) if most is not None else count))

    return step


def _listed(rows: Sequence[ApprovalRow]) -> list[Line]:
    return [
        said("" if at else "EACH", text(_label(row)), muted(f"   {short_id(row.id)}"))
        if not at
        else Line((text(_label(row)), muted(f"   {short_id(row.id)}")), hang=True)
        for at, row in enumerate(rows)
    ]


def _title(word: str, row: ApprovalRow) -> Spans:
    return (Span(f"{word} {short_id(row.id)}  rev {row.revision}  digest {short_digest(row.digest)}"),)


def _label(row: ApprovalRow) -> str:
    return f"{row.agent_name or row.entity.requested_by}: {wants(row.entity)}"


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        one = error.errors()[0]
        return f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
    return str(error) if not str(error).startswith("invalid literal") else "uses and rows are whole numbers"


__all__ = ["Subject", "approve", "narrow_down", "reject"]
