"""Approve, reject and narrow: pinned to id, revision and digest; confirmed by risk; nothing preselected."""

from collections.abc import Sequence

from pydantic import ValidationError

from console.model.approvals import Narrowing, ReviewInput, narrow
from console.tui.present.cells import short_digest, short_id, span_of_time
from console.tui.present.spans import Line, Span, Spans, Tone
from console.tui.present.views.approvals import card_lines, wants
from console.tui.present.words import BLANK, muted, plural, said, strong, text
from console.tui.rows import ApprovalRow
from console.tui.state.acts import Confirmation, approval_confirmation
from console.tui.state.intents import Intent, Target
from console.tui.ui.desk import Desk, Pin, allowed
from console.tui.ui.panes import Subject
from console.tui.ui.screens.form import FormField
from console.tui.ui.widgets.sheet import Answer, Question

_MANY = 100


def approve(desk: Desk) -> None:
    """Ask for the approval of the request under the cursor, or of all that are marked."""
    rows = _pending(desk, "approval.approve")
    if len(rows) > 1:
        _approve_many(desk, rows)
    elif rows:
        _ask(desk, rows[0], "approval.approve", "approve", ())


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
        _ask(desk, rows[0], "approval.reject", "reject", ())


def narrow_down(desk: Desk) -> None:
    """Ask how far the request under the cursor is narrowed, then for its approval."""
    rows = _pending(desk, "approval.narrow")
    if not rows:
        return
    row = rows[0]
    ask = row.entity.ask
    if ask is None:
        desk.refuse("Only the request of an action can be narrowed.")
        return
    fields = [
        FormField("seconds", "seconds", str(ask.seconds or ""), f"at most {ask.seconds or 'what policy allows'}"),
        FormField("uses", "uses", str(ask.uses or ""), f"at most {ask.uses or 'any number'}"),
        FormField("rows", "rows", str(ask.rows or ""), f"at most {ask.rows or 'any number'}"),
        FormField("resource", "resource", ask.resource, f"{ask.resource} or what lies below it"),
    ]

    def fault(values: dict[str, str]) -> str:
        try:
            narrow(ask, _narrowing(values, row))
        except (ValueError, ValidationError) as error:
            return _first_line(error)
        return ""

    def done(values: dict[str, str]) -> None:
        smaller = _narrowing(values, row)
        asked = narrow(ask, smaller)
        change = (
            Line((Span("narrowed to ", Tone.INFO), strong(f"{asked.action} {asked.resource}"))),
            Line(
                (
                    muted("for "),
                    text(span_of_time(asked.seconds) if asked.seconds else "the time policy allows"),
                    muted("   uses "),
                    text(str(asked.uses or "any")),
                    muted("   rows "),
                    text(str(asked.rows or "any")),
                )
            ),
            Line((muted("It is decided anew; reviews that were made before are cleared, and this one stands on it."),)),
            BLANK,
        )
        _ask(desk, row, "approval.narrow", "approve less", change, smaller)

    desk.fill_in(f"narrow {short_id(row.id)}", fields, fault, done)


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
    return pending[:_MANY]


def _ask(desk: Desk, row: ApprovalRow, act: str, word: str, before: Sequence[Line], smaller: Narrowing | None = None) -> None:
    world = desk.world
    approval = row.entity
    target = Target("approvals", row.id, _label(row), row.revision, row.digest, row.version)
    scope = approval.ask.resource if approval.ask else approval.agent_name or short_id(row.id)
    if act == "approval.reject":
        confirmation, reason = Confirmation(approval_confirmation("high", "").kind), "the reason, for the record"
    else:
        confirmation = approval_confirmation(row.risk_level, scope)
        reason = "the reason, for the record" if confirmation.needs_reason else ""
    began = world.times.monotonic()

    def question(lines: tuple[Line, ...]) -> Question:
        return Question(
            _title(word, row),
            (*before, *lines),
            word,
            takes=act == "approval.reject",
            reason=reason,
            typed=confirmation.typed,
            typed_prompt=f"type the last part of the scope: {confirmation.typed}" if confirmation.typed else "",
        )

    def done(answer: Answer) -> None:
        if not answer.confirmed:
            desk.say(muted(f"Left for later: {_label(row)}."))
            return
        review = ReviewInput(
            verdict="reject" if act == "approval.reject" else "approve",
            digest=row.digest,
            revision=row.revision,
            reason=answer.reason,
            narrowing=smaller,
            reading_seconds=min(86_400.0, world.times.monotonic() - began),
        )
        desk.send([Intent(act, target, review)])

    known = world.detail_of(row.id)
    sheet = desk.ask(question(card_lines(world.source, approval, known, world.now())), _pin(desk, row), done)

    async def complete() -> None:
        detail = await world.fetch_detail(row.id)
        if (
            detail is not None
            and sheet.is_running
            and (detail.approval.revision, detail.approval.digest) == (row.revision, row.digest)
        ):
            sheet.ask(question(card_lines(world.source, approval, detail, world.now())))

    if known is None:
        desk.work(complete())


def _approve_many(desk: Desk, rows: list[ApprovalRow]) -> None:
    """Bulk approval: only for the same agent, the same scope, medium risk or less."""
    scopes = {(row.agent_id, wants(row.entity)) for row in rows}
    if len(scopes) > 1:
        desk.refuse("Only requests of one agent for one scope can be approved together; unmark the others.")
        return
    if any(row.risk_level not in ("low", "medium") for row in rows):
        desk.refuse("What is above medium risk is approved one by one.")
        return
    lines = [Line((text("Approve "), strong(plural(len(rows), "request")), text(f" of {rows[0].agent_name}"))), BLANK]
    question = Question((Span(f"approve {len(rows)} requests"),), (*lines, *_listed(rows)), "approve")
    _ask_many(desk, rows, question, "approval.approve")


def _ask_many(desk: Desk, rows: list[ApprovalRow], question: Question, act: str) -> None:
    def done(answer: Answer) -> None:
        if answer.confirmed:
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
    ask = row.entity.ask
    if ask is None:
        raise ValueError("this request asks for no action")
    numbers = {name: int(values[name]) for name in ("seconds", "uses", "rows") if values[name].strip()}
    changed = {name: value for name, value in numbers.items() if value != getattr(ask, name)}
    resource = values["resource"].strip()
    return Narrowing(**changed, resource=resource if resource != ask.resource else None)


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
    return str(error) if not str(error).startswith("invalid literal") else "seconds, uses and rows are whole numbers"


__all__ = ["Subject", "approve", "narrow_down", "reject"]
