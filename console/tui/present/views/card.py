"""The card of an approval request: everything that a reviewer weighs, in a fixed order, and its five lines for a small screen.

What exactly would happen; who asks, for whom, through whom; why a person is needed; what raises the risk and what the task
has touched; what it adds to what is held; for how long; how requests like it ended; who has reviewed and who still can; the
reviewer's own load; what the agent says. Pure; imported by `tui` only.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.model.quorum import assign
from console.tui.present.cells import countdown, figure, percent, short_id, span_of_time
from console.tui.present.inert import inert_prose
from console.tui.present.look import APPROVAL, CLASS, RISK
from console.tui.present.spans import Line, Span, Spans, Tone, clip_spans
from console.tui.present.views.view import Source
from console.tui.present.words import (
    BLANK,
    after_revocation,
    ago,
    chain,
    clock,
    dim,
    kept,
    muted,
    plural,
    right_words,
    said,
    sign_of,
    strong,
    text,
    under,
)
from console.tui.rows import LIVE_LEASES

if TYPE_CHECKING:
    from console.model.approvals import Approval, ApprovalDetail
    from console.model.decisions import Ask, QuorumPart
    from console.model.reviewing import AccessChange, PastRequests, ReviewerLoad


def wants(approval: "Approval") -> str:
    """What is asked, in as few words as say it."""
    if approval.ask is not None:
        return f"{approval.ask.action} {approval.ask.resource}"
    return {"grant": "a grant", "publication": "publish a policy bundle"}.get(str(approval.kind), str(approval.kind))


def asked_for(ask: "Ask | None") -> str:
    """For how long or how often."""
    if ask is None:
        return "-"
    if ask.seconds is not None:
        return span_of_time(ask.seconds)
    return plural(ask.uses, "use") if ask.uses is not None else "-"


def seats_taken(approval: "Approval") -> tuple[int, int]:
    """How many seats of the quorum are filled by the reviews of this revision, and how many there are."""
    reviewers = {one.reviewer: set(one.groups) for one in approval.reviews if one.verdict == "approve"}
    return len(assign(approval.quorum, reviewers)), sum(part.count for part in approval.quorum)


def card_lines(
    source: Source, approval: "Approval", detail: "ApprovalDetail | None", now: float, *, compact: bool = False
) -> tuple[Line, ...]:
    """The whole card. With `detail`, also access before and after, history, who may review, own load and the agent's words.

    `compact` says access in one line instead of two columns. Of a publication it ends with what every file would become.
    """
    facts, differences = _publication(detail)
    return (
        *_what(source, approval, now),
        BLANK,
        *facts,
        *_why(approval),
        *_risk(source, approval),
        *_adds(source, approval, detail, now, compact=compact),
        *_time(approval, now),
        *(past_lines(detail.past, now) if detail is not None and detail.past is not None else ()),
        *_reviewers(approval, detail),
        *(load_lines(detail.load) if detail is not None and detail.load is not None else ()),
        *_words(approval, detail),
        *differences,
    )


def brief_lines(
    source: Source, approval: "Approval", detail: "ApprovalDetail | None", now: float, width: int
) -> tuple[Line, ...]:
    """The card in five lines of at most `width` cells, in its own order: what, why, who, what raises the risk, how long."""
    ask = approval.ask
    end = f" for {asked_for(ask)}" if ask is not None and (ask.seconds or ask.uses) else ""
    where = (muted(" in "), text(ask.environment)) if ask is not None else ()
    more = f"   and {len(approval.blocking) - 1} more" if len(approval.blocking) > 1 else ""
    first = approval.blocking[0] if approval.blocking else None
    why: Spans = (
        (strong(first.policy_id), text(f"  {first.text}"), muted(more))
        if first is not None
        else (muted("the bundle asks for a second person"),)
    )
    who = chain(approval.chain.agents, approval.chain.on_behalf_of) if approval.chain else (text(approval.requested_by),)
    purpose = (muted(f"   {approval.chain.purpose}"),) if approval.chain else ()
    sign = sign_of(RISK, str(approval.risk.level))
    highest = max(approval.risk.factors, key=lambda factor: factor.points, default=None)
    risk = [Span(f"{sign.glyph} {approval.risk.score}", sign.tone, strong=True)]
    if detail is not None and detail.past is not None and detail.past.rejected:
        risk.append(Span(f"  rejected {detail.past.rejected} before", Tone.WARN))
    risk += [text(f"  {highest.text}"), Span(f" {highest.points:+d}", Tone.WARN)] if highest is not None else []
    if detail is not None and detail.access is not None:
        risk.append(muted(f"  rights {detail.access.now.rights} → {detail.access.then.rights}"))
    taken, seats = seats_taken(approval)
    pending = str(approval.state) == "pending"
    left = countdown(approval.deadline_at.timestamp() - now) if pending else sign_of(APPROVAL, str(approval.state)).word
    if detail is not None and detail.publication is not None:
        from console.tui.present.views.drafting import publication_in_brief  # noqa: PLC0415 (as below)

        end, why, tested = publication_in_brief(detail.publication)
        risk = [*tested, muted("   "), *risk]
    lines = (
        ("WANTS", (strong(wants(approval)), muted(end), *where)),
        ("WHY", why),
        ("FOR", (*who, *purpose)),
        ("RISK", risk),
        ("LEFT", (strong(left), muted(f"   {taken} of {seats} reviewed, needs {quorum_words(approval.quorum)}"))),
    )
    room = max(1, width - 7)
    return tuple(Line(clip_spans(spans, room), label=label) for label, spans in lines)


def _what(source: Source, approval: "Approval", now: float) -> list[Line]:
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
        of = (muted("   "), kept(f"task {short_id(approval.task_id)}{age}")) if approval.task_id else ()
        purpose = (muted("   "), kept(f"purpose {approval.chain.purpose}"))
        lines.append(Line((muted("on behalf of "), *through, *of, *purpose)))
    if approval.narrowed_from is not None:
        was = f"{approval.narrowed_from.action} {approval.narrowed_from.resource} for {asked_for(approval.narrowed_from)}"
        lines.append(Line((Span("narrowed", Tone.INFO), muted(f" from {was}"))))
    lines += [Line((Span("changed ", Tone.WARN), text(change))) for change in approval.drift]
    return lines


def _publication(detail: "ApprovalDetail | None") -> tuple[Sequence[Line], Sequence[Line]]:
    """Of a publication: what it is, and what every file would become."""
    if detail is None or detail.publication is None:
        return (), ()
    # What tells of publications loads with the first of them, not before the first frame.
    from console.tui.present.differences import difference_lines  # noqa: PLC0415
    from console.tui.present.views.drafting import publication_lines  # noqa: PLC0415

    return publication_lines(detail.publication), (BLANK, *difference_lines(detail.publication.files))


def _why(approval: "Approval") -> list[Line]:
    if str(approval.kind) == "publication":
        return [said("WHY A PERSON", muted("what is published decides everything: another policy author reads it first"))]
    if not approval.blocking:
        return [said("WHY A PERSON", muted("the bundle asks for a second person"))]
    lines = []
    for number, reason in enumerate(approval.blocking):
        spans = (strong(reason.policy_id), muted(f"  {reason.text}")) if reason.text else (strong(reason.policy_id),)
        lines.append(Line(spans, label="" if number else "WHY A PERSON", hang=bool(number)))
        if reason.quorum:
            lines.append(under(muted(f"needs {quorum_words(reason.quorum)}")))
    return lines


def quorum_words(quorum: "tuple[QuorumPart, ...]") -> str:
    """A quorum in words: `1 of security and 1 of resource-owner (lena)`."""
    parts = [f"{part.count} of {part.group}" + (f" ({', '.join(part.people)})" if part.people else "") for part in quorum]
    return " and ".join(parts)


def _risk(source: Source, approval: "Approval") -> list[Line]:
    sign = sign_of(RISK, str(approval.risk.level))
    spans = [Span(f"{sign.glyph} {approval.risk.score}", sign.tone, strong=True, whole=True)]
    for number, factor in enumerate(approval.risk.factors):
        spans += [dim(" · " if number else "  "), text(factor.text), Span(f" {factor.points:+d}", Tone.WARN, whole=True)]
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
                spans += [
                    muted("  "),
                    kept(f"{name} "),
                    strong(figure(count)),
                    kept(" row read" if count == 1 else " rows read"),
                ]
        spans += [muted("  "), kept("sends "), strong(figure(sends))]
        lines.append(said("TOUCHED", *spans))
        if most:
            lines.append(under(muted(f"this would add at most {plural(most, 'row')}")))
    return lines


def _adds(source: Source, approval: "Approval", detail: "ApprovalDetail | None", now: float, *, compact: bool) -> list[Line]:
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
    if detail is not None and detail.access is not None:
        lines += access_in_words(detail.access) if compact else access_lines(detail.access)
    if held:
        words = " · ".join(f"{one.action} {one.resource} {countdown(one.expires_at - now)}" for one in held[:4])
        more = f" and {len(held) - 4} more" if len(held) > 4 else ""
        lines.append(said("HOLDS NOW", text(plural(len(held), "lease")), muted(f"   {words}{more}")))
        lines.append(said("REVOCABLE", *after_revocation(held[0], now)))
    elif detail is not None and detail.holds:
        lines.append(said("HOLDS NOW", muted(" · ".join(detail.holds[:4]))))
    elif approval.task_id is not None:
        lines.append(Line((muted("holds nothing now"),), label="" if lines else "ADDS", hang=bool(lines)))
    return lines


def access_in_words(change: "AccessChange") -> list[Line]:
    """Access before and after in one line, only what would grow."""
    pairs: list[tuple[str, int, int]] = [(change.of, change.now.held, change.then.held)]
    pairs += [(name, getattr(change.now, name), getattr(change.then, name)) for name in ("rights", "actions", "resources")]
    pairs += [(sign_of(CLASS, one).word, change.now.classes.get(one, 0), count) for one, count in change.then.classes.items()]
    spans: list[Span] = []
    for name, before, after in pairs:
        if after > before:
            spans += [muted("   ")] if spans else []
            spans += [muted(f"{name} {figure(before)} → "), Span(figure(after), Tone.WARN, strong=True)]
    return [said("ACCESS", *(spans or [muted("nothing grows")]))]


_NAMES, _FIGURES = 14, 5


def access_lines(change: "AccessChange") -> list[Line]:
    """Access before and after, as two short columns. What would grow is marked, and by how much."""
    now, then = change.now, change.then
    rows: list[tuple[str, int, int, Tone]] = [
        (change.of, now.held, then.held, Tone.TEXT),
        ("rights", now.rights, then.rights, Tone.TEXT),
        ("actions", now.actions, then.actions, Tone.TEXT),
        ("resources", now.resources, then.resources, Tone.TEXT),
    ]
    for data_class in sorted({*now.classes, *then.classes}, key=lambda one: -one.rank):
        sign = sign_of(CLASS, data_class)
        rows.append((sign.word, now.classes.get(data_class, 0), then.classes.get(data_class, 0), sign.tone))
    lines = [said("ACCESS", dim(f"{'':<{_NAMES}}{'now':>{_FIGURES}}{'with this':>{_FIGURES + 6}}"))]
    for name, before, after, tone in rows:
        if not before and not after:
            continue
        grown = (Span(f"   +{after - before}", Tone.WARN, strong=True),) if after > before else ()
        label = Span(f"{name:<{_NAMES}}", Tone.MUTED if tone is Tone.TEXT else tone)
        figures = (muted(f"{figure(before):>{_FIGURES}}"), strong(f"{figure(after):>{_FIGURES + 6}}"))
        lines.append(under(label, *figures, *grown))
    return lines


def past_lines(past: "PastRequests", now: float) -> list[Line]:
    """How earlier requests of this agent for this scope ended."""
    if past.last_at is None:
        return [said("BEFORE", muted("nothing like it was asked for before"))]
    counts = (
        (past.approved, "approved", Tone.OK),
        (past.rejected, "rejected", Tone.DANGER),
        (past.expired, "expired", Tone.MUTED),
        (past.other, "withdrawn or void", Tone.MUTED),
    )
    spans: list[Span] = []
    for count, word, tone in counts:
        if count:
            spans += [muted("   ") if spans else text(""), Span(f"{figure(count)} {word}", tone, whole=True)]
    sign = sign_of(APPROVAL, past.last_state)
    by = f" by {' and '.join(past.last_by)}" if past.last_by else ""
    last = under(muted("last "), sign.span(), muted(f" {ago(past.last_at.timestamp(), now)}{by}"))
    return [said("BEFORE", *spans), last]


def load_lines(load: "ReviewerLoad") -> list[Line]:
    """The reviewer's own load: how much, how fast, and how often the answer was yes."""
    reviews = load.approvals + load.rejections
    if not reviews:
        return [said("YOUR LOAD", muted("nothing reviewed within the hour"))]
    spans = [strong(figure(load.approvals)), muted(f" approval{'' if load.approvals == 1 else 's'} this hour")]
    if load.median_reading_seconds is not None:
        tone = Tone.WARN if load.hurried else Tone.TEXT
        spans += [muted("   read "), Span(f"{load.median_reading_seconds:.0f} s", tone, strong=True), muted(" each (median)")]
    if load.share_approved is not None:
        spans += [muted("   "), strong(percent(load.share_approved)), muted(" approved")]
    lines = [said("YOUR LOAD", *spans)]
    if load.hurried:
        lines.append(under(Span(hurried_words(load.streak), Tone.WARN)))
    return lines


def hurried_words(streak: int) -> str:
    """Why a reason is asked for, kindly."""
    return f"The last {streak} went by in a few seconds each. Take a breath; say in a few words why this one is right."


def hurried_prompt(streak: int) -> str:
    """The same over the line in which the reason is typed."""
    return f"{streak} in a row, seconds each: why is this one right?"


def _time(approval: "Approval", now: float) -> list[Line]:
    asked = asked_for(approval.ask)
    spans = [strong(asked)] if asked != "-" else [muted("no time named")]
    if approval.max_ttl_seconds is not None:
        spans.append(muted(f"  policy allows at most {span_of_time(approval.max_ttl_seconds)}"))
    lines = [] if str(approval.kind) == "publication" else [said("FOR", *spans)]
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


def _reviewers(approval: "Approval", detail: "ApprovalDetail | None") -> list[Line]:
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


def _words(approval: "Approval", detail: "ApprovalDetail | None") -> list[Line]:
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
