"""The card of an approval request in words, and what a review or a grant would come to: the console's card as plain facts.

Owns their order. What an agent said is kept apart and fenced.
"""

from datetime import UTC, datetime

from console.cli.text import moment, span
from console.model.approvals import Approval, ApprovalDetail
from console.model.bundles import PublicationDetail
from console.model.decisions import QuorumPart
from console.model.reviewing import AccessChange, GrantPreview, PastRequests, ReviewerLoad, ReviewPreview

Facts = list[tuple[str, str]]


def wants(approval: Approval) -> str:
    """What is asked for, in a few words."""
    if approval.ask is not None:
        return approval.ask.action
    return "a grant" if approval.grant_id is not None else "publication of a bundle"


def card(detail: ApprovalDetail) -> Facts:
    """The facts in the order of the card."""
    approval, ask = detail.approval, detail.approval.ask
    chain = approval.chain
    bounds = [f"{getattr(ask, name)} {name}" for name in ("seconds", "uses", "rows") if ask and getattr(ask, name) is not None]
    most = f"; policy allows at most {span(approval.max_ttl_seconds)}" if approval.max_ttl_seconds is not None else ""
    would = f"{wants(approval)} on {ask.resource} ({ask.data_class.value}, {ask.environment})" if ask else wants(approval)
    return [
        ("request", f"{approval.id} revision {approval.revision}, {approval.state.value}"),
        ("would do", would),
        ("asks", f"{approval.agent_name} (owner {approval.agent_owner})" if approval.agent_name else approval.requested_by),
        *(publication(detail.publication) if detail.publication is not None else ()),
        ("through", f"{' > '.join(chain.agents)} for {chain.on_behalf_of}, to {chain.purpose}" if chain else ""),
        *((f"held up by {reason.policy_id}", reason.text) for reason in approval.blocking),
        ("risk", f"{approval.risk.level.value} {approval.risk.score}"),
        *((f"risk +{factor.points}", factor.text) for factor in approval.risk.factors),
        ("touched", f"up to {chain.highest_class.value}; {chain.sends} sends" if chain else ""),
        *(access(detail.access) if detail.access is not None else ()),
        ("holds now", "; ".join(detail.holds)),
        ("bounds", ", ".join(bounds) + most if bounds else ""),
        ("before", before(detail.past) if detail.past is not None else ""),
        ("quorum", quorum(approval.quorum)),
        *((f"{review.verdict} by {review.reviewer}", review.reason or moment(review.at)) for review in approval.reviews),
        ("may review", ", ".join(detail.eligible)),
        *((f"not {name}", why) for name, why in detail.excluded.items()),
        ("your load", load(detail.load) if detail.load is not None else ""),
        ("changed", "; ".join(approval.drift)),
        ("expires", f"{moment(approval.deadline_at)}, and then nothing is allowed"),
        ("digest", approval.digest),
    ]


def publication(asked: PublicationDetail) -> Facts:
    """Why a bundle should be published, what it would change, and what its tests and validation said."""
    return [
        ("why", asked.reason),
        ("in place of", f"revision {asked.base_revision}, {asked.base_digest}"),
        ("moved", "another revision is in force by now: it cannot be published" if asked.moved else ""),
        *((f"file {one.change}", one.path) for one in asked.files),
        ("tests", f"{asked.tests_passed} of {asked.tests_total} pass"),
        *((f"{one.severity} in {one.file}", one.text) for one in asked.findings),
    ]


def access(change: AccessChange) -> Facts:
    """Access now and with what is asked, one fact for each count that there is."""
    now, then = change.now, change.then
    counts = [(change.of, now.held, then.held), ("rights", now.rights, then.rights), ("actions", now.actions, then.actions)]
    counts.append(("resources", now.resources, then.resources))
    ranked = sorted({*now.classes, *then.classes}, key=lambda one: -one.rank)
    counts += [(one.value, now.classes.get(one, 0), then.classes.get(one, 0)) for one in ranked]
    return [(f"{name} now", f"{held}, with this {more}") for name, held, more in counts if held or more]


def before(past: PastRequests) -> str:
    """How requests like it ended."""
    if past.last_at is None:
        return "nothing like it was asked for before"
    pairs = ((past.approved, "approved"), (past.rejected, "rejected"), (past.expired, "expired"))
    told = [f"{count} {word}" for count, word in (*pairs, (past.other, "withdrawn or void")) if count]
    by = f" by {' and '.join(past.last_by)}" if past.last_by else ""
    return f"{', '.join(told)}; last {past.last_state}{by} at {moment(past.last_at)}"


def load(own: ReviewerLoad) -> str:
    """The reviewer's own load, and a kind word where it goes too fast."""
    if not own.approvals and not own.rejections:
        return "nothing reviewed within the hour"
    told = [f"{own.approvals} approvals this hour"]
    told += [f"read {own.median_reading_seconds:.0f}s each (median)"] if own.median_reading_seconds is not None else []
    told += [f"{own.share_approved:.0%} approved"] if own.share_approved is not None else []
    told += [f"the last {own.streak} took a few seconds each: take a breath"] if own.hurried else []
    return ", ".join(told)


def quorum(parts: tuple[QuorumPart, ...]) -> str:
    """Who must agree."""
    named = [f"{part.count} of {part.group}" + (f" ({', '.join(part.people)})" if part.people else "") for part in parts]
    return " and ".join(named)


def review_preview(preview: ReviewPreview) -> Facts:
    """What approving would come to."""
    ask = preview.ask
    bounds = [f"{getattr(ask, name)} {name}" for name in ("seconds", "uses", "rows") if getattr(ask, name) is not None]
    return [
        ("outcome", preview.outcome.value),
        ("why", preview.text),
        ("would do", f"{ask.action} on {ask.resource} ({ask.data_class.value}, {ask.environment})"),
        ("bounds", ", ".join(bounds)),
        *((f"held up by {reason.policy_id}", reason.text) for reason in preview.blocking),
        ("quorum", quorum(preview.quorum)),
        ("risk", f"{preview.risk.level.value} {preview.risk.score}"),
        ("changed", "; ".join(preview.drift)),
        ("shown digest", f"{preview.shown_digest} revision {preview.shown_revision}"),
        ("its digest", preview.digest),
    ]


def grant_preview(preview: GrantPreview) -> Facts:
    """What a grant would come to."""
    now = datetime.now(UTC)
    yours = "your act is the first review" if preview.own_act_counts else f"your act does not count: {preview.why_not}"
    due = preview.review_due_at
    nothing = "nothing new now" if preview.asked else "nothing can be asked: no task of it runs that this would reach"
    return [
        ("outcome", "given at once" if preview.given_at_once else f"asked for; {yours}"),
        ("quorum", quorum(preview.quorum)),
        ("review it by", f"{moment(due)}, in {span((due - now).total_seconds())}" if due is not None else ""),
        *(
            (f"opens {one.action} on {one.resource}", f"{one.before.value} now, then {one.after.value}")
            for one in preview.opens
        ),
        ("opens", "" if preview.opens else nothing),
        *((f"lifts {reason.policy_id}", reason.text) for reason in preview.covers),
        ("from", moment(preview.starts_at)),
        ("until", f"{moment(preview.ends_at)}; at most {span(preview.most_seconds)}"),
        *access(preview.access),
        ("risk", f"{preview.risk.level.value} {preview.risk.score}"),
    ]
