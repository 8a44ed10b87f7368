"""The Approvals view: what waits for a person, most pressing first, and the card that answers in a fixed order.

The card: what exactly would happen; who asks, for whom, through whom; why a person is needed; what raises the risk and
what the task has touched; what it adds to what is held; for how long; who has reviewed and who still can; what the agent
says.
"""

from collections.abc import Callable
from typing import Any

from console.model.approvals import Approval, ApprovalDetail
from console.model.decisions import Ask, QuorumPart
from console.model.filter_fields import fields_for
from console.model.filters import with_getters
from console.model.quorum import assign
from console.tui.present.cells import Align, Cell, Column, countdown, figure, short_digest, short_id, span_of_time
from console.tui.present.inert import inert_prose
from console.tui.present.look import APPROVAL, CLASS, RISK
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views.view import Source, View
from console.tui.present.words import (
    BLANK,
    after_revocation,
    chain,
    clock,
    dim,
    muted,
    plural,
    right_words,
    said,
    sign_of,
    strong,
    text,
    under,
)
from console.tui.rows import LIVE_LEASES, ApprovalRow

_RANK = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_OPEN = {"pending": 0, "approved": 1}

_WHERE = {"production": "prod", "staging": "stage", "development": "dev"}

COLUMNS = (
    Column("wait", "WAIT", 5, align=Align.RIGHT, ticking=True),
    Column("risk", "RISK", 11),
    Column("agent", "AGENT", 15, flexible=True, most=24, ample=21),
    Column("wants", "WANTS", 19, flexible=True, most=56, ample=40),
    Column("where", "WHERE", 5, priority=2),
    Column("for", "FOR", 5, priority=1, align=Align.RIGHT),
    Column("left", "LEFT", 5, align=Align.RIGHT, ticking=True),
    Column("state", "STATE", 11, priority=5),
    Column("reviews", "REVIEWS", 7, priority=3, align=Align.RIGHT),
    Column("behalf", "FOR WHOM", 14, priority=4),
)


def wants(approval: Approval) -> str:
    """What is asked, in as few words as say it."""
    if approval.ask is not None:
        return f"{approval.ask.action} {approval.ask.resource}"
    return {"grant": "a grant", "publication": "publish a policy bundle"}.get(str(approval.kind), str(approval.kind))


def asked_for(ask: Ask | None) -> str:
    """For how long or how often."""
    if ask is None:
        return "-"
    if ask.seconds is not None:
        return span_of_time(ask.seconds)
    return plural(ask.uses, "use") if ask.uses is not None else "-"


def seats_taken(approval: Approval) -> tuple[int, int]:
    """How many seats of the quorum are filled by the reviews of this revision, and how many there are."""
    reviewers = {one.reviewer: set(one.groups) for one in approval.reviews if one.verdict == "approve"}
    return len(assign(approval.quorum, reviewers)), sum(part.count for part in approval.quorum)


def cells(source: Source, row: ApprovalRow, now: float) -> tuple[Cell, ...]:
    """One row of the queue."""
    approval = row.entity
    waited = now - row.requested_at if row.state == "pending" else 0.0
    left = None if row.due_at is None else row.due_at - now
    tone = Tone.MUTED if left is None else Tone.DANGER if left < 150 else Tone.WARN if left < 300 else Tone.TEXT
    taken, seats = seats_taken(approval)
    behalf = approval.chain.on_behalf_of if approval.chain else approval.requested_by
    return (
        Cell(countdown(waited) if row.state == "pending" else "-", Tone.MUTED),
        sign_of(RISK, row.risk_level).cell(),
        Cell(row.agent_name or approval.requested_by),
        Cell(wants(approval), strong=row.risk_level == "critical"),
        Cell(_WHERE.get(approval.ask.environment, approval.ask.environment) if approval.ask else "-"),
        Cell(asked_for(approval.ask)),
        Cell("-" if left is None else countdown(left), tone),
        sign_of(APPROVAL, row.state).cell(1),
        Cell(f"{taken} of {seats}", Tone.OK if taken else Tone.MUTED),
        Cell(behalf, Tone.MUTED),
    )


def order(row: ApprovalRow, now: float) -> Any:
    """By urgency: what is open before what has ended, riskier first, then what ends sooner."""
    rank = _OPEN.get(row.state, 2)
    ends = row.due_at if row.due_at is not None else -row.requested_at
    return (rank, _RANK.get(row.risk_level, 0) if rank < 2 else 0, ends, row.id)


def heading(approval: Approval) -> tuple[Span, ...]:
    """The card's title: id, revision and digest, to which a review is bound."""
    words = f"{short_id(approval.id)}  rev {approval.revision}  digest {short_digest(approval.digest)}"
    return (Span(words, Tone.BRASS),)


def card(source: Source, row: ApprovalRow, now: float) -> tuple[Line, ...]:
    """The card from what the mirror knows."""
    return card_lines(source, row.entity, None, now)


def card_lines(source: Source, approval: Approval, detail: ApprovalDetail | None, now: float) -> tuple[Line, ...]:
    """The whole card. With `detail`, also who may review, what is held and what the agent says."""
    return (
        *_what(source, approval, now),
        BLANK,
        *_why(approval),
        *_risk(source, approval),
        *_adds(source, approval, detail, now),
        *_time(approval, now),
        *_reviewers(approval, detail),
        *_words(approval, detail),
    )


def _what(source: Source, approval: Approval, now: float) -> list[Line]:
    who = approval.agent_name or approval.requested_by
    ask = approval.ask
    if ask is not None:
        end = f" for {asked_for(ask)}" if ask.seconds or ask.uses else ""
        rows = f", at most {plural(ask.rows, 'row')}" if ask.rows is not None else ""
        what = [muted(f"{who} wants to "), strong(f"{ask.action} {ask.resource}"), muted(" in "), strong(ask.environment)]
        lines = [Line((*what, muted(f"{end}{rows}")))]
    elif approval.grant_id is not None and (grant := source.grants.get(approval.grant_id)) is not None:
        covers = ", ".join(grant.covers) or f"template {grant.template}"
        what = [
            muted(f"{approval.requested_by} wants to grant "),
            strong(grant.agent_name),
            text(f" {right_words(grant.scope)}"),
        ]
        uses = f", {plural(grant.uses, 'use')}" if grant.uses else ""
        lines = [
            Line(tuple(what)),
            Line((muted(f"lifting {covers}, {clock(grant.starts_at)} to {clock(grant.ends_at)}{uses}"),)),
        ]
    else:
        lines = [Line((muted(f"{who} wants to "), strong(wants(approval))))]
    if approval.chain is not None:
        task = source.tasks.get(approval.task_id) if approval.task_id else None
        age = f" {countdown(now - task.opened_at)}" if task is not None else ""
        through = chain(approval.chain.agents, approval.chain.on_behalf_of)
        of = f"   task {short_id(approval.task_id)}{age}" if approval.task_id else ""
        lines.append(Line((muted("on behalf of "), *through, muted(f"{of}   purpose {approval.chain.purpose}"))))
    if approval.narrowed_from is not None:
        was = f"{approval.narrowed_from.action} {approval.narrowed_from.resource} for {asked_for(approval.narrowed_from)}"
        lines.append(Line((Span("narrowed", Tone.INFO), muted(f" from {was}"))))
    lines += [Line((Span("changed ", Tone.WARN), text(change))) for change in approval.drift]
    return lines


def _why(approval: Approval) -> list[Line]:
    if not approval.blocking:
        return [said("WHY A PERSON", muted("the bundle asks for a second person"))]
    lines = []
    for number, reason in enumerate(approval.blocking):
        spans = (strong(reason.policy_id), muted(f"  {reason.text}")) if reason.text else (strong(reason.policy_id),)
        lines.append(Line(spans, label="" if number else "WHY A PERSON", hang=bool(number)))
        if reason.quorum:
            lines.append(under(muted(f"needs {quorum_words(reason.quorum)}")))
    return lines


def quorum_words(quorum: tuple[QuorumPart, ...]) -> str:
    """A quorum in words: `1 of security and 1 of resource-owner (lena)`."""
    parts = [f"{part.count} of {part.group}" + (f" ({', '.join(part.people)})" if part.people else "") for part in quorum]
    return " and ".join(parts)


def _risk(source: Source, approval: Approval) -> list[Line]:
    sign = sign_of(RISK, str(approval.risk.level))
    spans = [Span(f"{sign.glyph} {approval.risk.score}", sign.tone, strong=True, whole=True)]
    for number, factor in enumerate(approval.risk.factors):
        spans += [dim(" · " if number else "  "), text(factor.text), Span(f" {factor.points:+d}", Tone.WARN)]
    lines = [said("RISK", *spans)]
    ledger = source.chains.get(approval.root_task_id) if approval.root_task_id else None
    if approval.chain is not None:
        rows = dict(approval.chain.rows)
        highest, sends = str(approval.chain.highest_class), approval.chain.sends
        if ledger is not None:
            names = dict.fromkeys((*ledger.counted, *ledger.claimed))
            now_rows = {name: ledger.counted.get(name, 0) + ledger.claimed.get(name, 0) for name in names}
            highest, sends = ledger.highest_class, ledger.sends
        else:
            now_rows = {str(name): count for name, count in rows.items()}
        most = approval.ask.rows if approval.ask is not None else None
        touched = sign_of(CLASS, highest)
        spans = [Span(f"{touched.glyph} {touched.word}", touched.tone, whole=True)]
        for name, count in now_rows.items():
            if count:
                spans += [muted(f"  {name} "), strong(figure(count)), muted(" row read" if count == 1 else " rows read")]
        spans += [muted("  sends "), strong(figure(sends))]
        lines.append(said("TOUCHED", *spans))
        if most:
            lines.append(under(muted(f"this would add at most {plural(most, 'row')}")))
    return lines


def _adds(source: Source, approval: Approval, detail: ApprovalDetail | None, now: float) -> list[Line]:
    held = (
        []
        if approval.task_id is None
        else [one for one in source.leases.of("task", approval.task_id) if one.state in LIVE_LEASES]
    )
    lines = []
    if approval.ask is not None:
        same = [one for one in held if (one.action, one.resource) == (approval.ask.action, approval.ask.resource)]
        word = muted("  held already, this would add time") if same else muted(f"  {approval.ask.data_class} data")
        lines.append(said("ADDS", Span(f"+ {approval.ask.action} on {approval.ask.resource}", Tone.WARN), word))
    if detail is not None and detail.holds:
        more = f" and {len(detail.holds) - 4} more" if len(detail.holds) > 4 else ""
        words = f"holds now: {' · '.join(detail.holds[:4])}{more}"
        lines.append(Line((muted(words),), label="" if lines else "ADDS", hang=bool(lines)))
    elif held:
        words = " · ".join(f"{one.action} {one.resource} {countdown(one.expires_at - now)}" for one in held[:4])
        more = f" and {len(held) - 4} more" if len(held) > 4 else ""
        lines.append(
            Line(
                (muted(f"holds now: {plural(len(held), 'lease')} ({words}{more})"),),
                label="" if lines else "ADDS",
                hang=bool(lines),
            )
        )
        lines.append(said("REVOCABLE", *after_revocation(held[0], now)))
    elif approval.task_id is not None:
        lines.append(Line((muted("holds nothing now"),), label="" if lines else "ADDS", hang=bool(lines)))
    return lines


def _time(approval: Approval, now: float) -> list[Line]:
    asked = asked_for(approval.ask)
    spans = [strong(asked)] if asked != "-" else [muted("no time named")]
    if approval.max_ttl_seconds is not None:
        spans.append(muted(f"  policy allows at most {span_of_time(approval.max_ttl_seconds)}"))
    lines = [said("FOR", *spans)]
    state = str(approval.state)
    if state == "pending":
        left = countdown(approval.deadline_at.timestamp() - now)
        lines.append(
            said(
                "DEADLINE",
                strong(left),
                muted(f"  at {clock(approval.deadline_at.timestamp())} it expires and nothing is allowed"),
            )
        )
    elif state == "approved" and approval.use_until is not None:
        lines.append(said("USE UNTIL", strong(clock(approval.use_until.timestamp())), muted("  approved; not used yet")))
    else:
        why = f"  {approval.end_reason}" if approval.end_reason else ""
        lines.append(said("STATE", sign_of(APPROVAL, state).span(), muted(why)))
    return lines


def _reviewers(approval: Approval, detail: ApprovalDetail | None) -> list[Line]:
    taken, seats = seats_taken(approval)
    lines = [said("REVIEWS", strong(f"{taken} of {seats}"), muted(f"  needs {quorum_words(approval.quorum)}"))]
    for review in approval.reviews:
        agreed = review.verdict == "approve"
        mark = Span(f"{'✓' if agreed else '✗'} {review.reviewer}", Tone.OK if agreed else Tone.DANGER, whole=True)
        why = f"  {review.reason}" if review.reason else ""
        lines.append(under(mark, muted(f" {', '.join(review.groups)} {clock(review.at.timestamp())}{why}")))
    if detail is not None:
        spans = [span for name in detail.eligible for span in (Span(f"○ {name}", whole=True), text("  "))]
        lines.append(said("MAY REVIEW", *(spans or [Span("nobody who is enrolled can", Tone.DANGER)])))
        lines += [under(dim(f"✗ {name}  {why}")) for name, why in detail.excluded.items()]
    return lines


def _words(approval: Approval, detail: ApprovalDetail | None) -> list[Line]:
    if detail is None or approval.text_digest is None:
        return []
    if detail.agent_text is None:
        return [BLANK, Line((dim("the agent's words were erased"),), quoted=True)]
    words = inert_prose(detail.agent_text)
    notes = ["untrusted"]
    if words.hidden:
        notes.append(f"{plural(words.hidden, 'hidden character')} shown")
    if words.mixed_script or words.lookalike:
        notes.append("letters that pass for others")
    if words.cut:
        notes.append("cut")
    head = Span(f"THE AGENT SAYS ({', '.join(notes)})", Tone.WARN if words.suspicious else Tone.DIM, strong=True)
    return [BLANK, Line((head,), quoted=True), *(Line((muted(line),), quoted=True) for line in words.text.split("\n"))]


def _whole(get: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda row: get(row.entity)


FIELDS = with_getters(fields_for("approvals"), {name: _whole(field.get) for name, field in fields_for("approvals").items()})

VIEW: View[ApprovalRow] = View(
    name="approvals",
    title="Approvals",
    columns=COLUMNS,
    fields=FIELDS,
    book=lambda source: source.approvals,
    cells=cells,
    detail=card,
    order=order,
    shown=lambda row, now: row.state in _OPEN,
    sort_keys={
        "wait": lambda source, row: row.requested_at,
        "risk": lambda source, row: row.risk_score,
        "agent": lambda source, row: row.agent_name,
        "wants": lambda source, row: wants(row.entity),
        "where": lambda source, row: row.entity.ask.environment if row.entity.ask else None,
        "for": lambda source, row: row.entity.ask.seconds if row.entity.ask else None,
        "left": lambda source, row: row.due_at,
        "state": lambda source, row: row.state,
    },
    ticks=lambda row: row.due_at is not None,
    empty="Nothing waits for a person.",
    hint="Requests appear here the moment a policy asks for one.",
)
