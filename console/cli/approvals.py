"""`leasehold approvals`: what waits for a person. A review is pinned to what was shown, or to what is named."""

from datetime import UTC, datetime

import click

from console.cli.asking import confirm, reason_option, the_reason, yes_option
from console.cli.failures import Failure, Status
from console.cli.inputs import build
from console.cli.lists import gather, listing, tell
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import fenced, left, moment
from console.model.approvals import Approval, ApprovalDetail, ReviewInput
from console.model.scales import RiskLevel


def _wants(row: Approval) -> str:
    if row.ask is not None:
        return row.ask.action
    return "a grant" if row.grant_id is not None else "publication of a bundle"


_COLUMNS = (
    Column[Approval]("ID", lambda row: row.id),
    Column[Approval]("STATE", lambda row: row.state.value),
    Column[Approval]("RISK", lambda row: f"{row.risk.level.value} {row.risk.score}", priority=1),
    Column[Approval]("AGENT", lambda row: row.agent_name or row.requested_by, priority=2),
    Column[Approval]("WANTS", _wants, priority=3),
    Column[Approval]("RESOURCE", lambda row: row.ask.resource if row.ask else "", priority=4),
    Column[Approval](
        "LEFT", lambda row: left(row.deadline_at, datetime.now(UTC)) if row.ended_at is None else "", priority=5, right=True
    ),
    Column[Approval]("REV", lambda row: str(row.revision), priority=6, right=True),
)


@click.group()
def approvals() -> None:
    """Approval requests."""


@approvals.command("list")
@listing
@connected
async def list_(session: Session, filter: str, limit: int, *, oldest: bool) -> None:
    """The approval requests."""
    async with session.client() as client:
        found = await gather(client.list_approvals, limit=limit, filter=filter, oldest=oldest)
    tell(session, found, _COLUMNS, nothing="There is no approval request, or none matches.")


@approvals.command()
@click.argument("approval")
@connected
async def show(session: Session, approval: str) -> None:
    """One approval request: what would happen, who asks, why a person is needed, and what raises the risk."""
    async with session.client() as client:
        detail = await client.show_approval(approval)
    if session.out.as_json:
        session.out.document(detail)
    else:
        _card(session, detail)


@approvals.command()
@click.argument("approval")
@click.option("--revision", type=int, help="The revision that you looked at.")
@click.option("--digest", metavar="DIGEST", help="The digest that you looked at.")
@click.option("--seconds", type=int, help="Narrow: for no longer than this.")
@click.option("--uses", type=int, help="Narrow: no more often than this.")
@click.option("--rows", type=int, help="Narrow: no more rows than this.")
@click.option("--resource", metavar="RESOURCE", help="Narrow: only this, within what was asked for.")
@reason_option
@yes_option
@connected
async def approve(
    session: Session, approval: str, revision: int | None, digest: str | None, reason: str, *, yes: bool, **narrowing: object
) -> None:
    """Agree to a request as one of its quorum. What changed since it was shown is a conflict (exit status 4)."""
    async with session.client() as client:
        detail = await client.show_approval(approval)
        shown = detail.approval
        _pinned(shown, revision, digest)
        why = the_reason(reason) if shown.risk.level.rank >= RiskLevel.HIGH.rank else reason
        if not yes:
            _card(session, detail, aside=True)
            scope = shown.ask.resource.rpartition("/")[2] if shown.ask is not None else shown.id[-4:]
            confirm("Approve this?", yes=False, typed=scope if shown.risk.level is RiskLevel.CRITICAL else "")
        smaller = {name: value for name, value in narrowing.items() if value is not None}
        review = build(
            ReviewInput,
            verdict="approve",
            digest=digest or shown.digest,
            revision=revision or shown.revision,
            reason=why,
            narrowing=smaller or None,
        )
        _tell(session, await client.review_approval(shown.id, review))


@approvals.command()
@click.argument("approval")
@click.option("--revision", type=int, help="The revision that you looked at.")
@click.option("--digest", metavar="DIGEST", help="The digest that you looked at.")
@reason_option
@connected
async def reject(session: Session, approval: str, revision: int | None, digest: str | None, reason: str) -> None:
    """Refuse a request. One refusal ends it."""
    why = the_reason(reason)
    async with session.client() as client:
        shown = (await client.show_approval(approval)).approval
        _pinned(shown, revision, digest)
        review = build(
            ReviewInput, verdict="reject", digest=digest or shown.digest, revision=revision or shown.revision, reason=why
        )
        _tell(session, await client.review_approval(shown.id, review))


def _pinned(shown: Approval, revision: int | None, digest: str | None) -> None:
    """Raises Failure where the request is no longer the one that was looked at."""
    if revision in (None, shown.revision) and digest in (None, shown.digest):
        return
    changed = "; ".join(shown.drift) or "its digest is another"
    raise Failure(
        Status.CONFLICT,
        f"The request has changed since you looked (it is at revision {shown.revision}: {changed}); nothing was sent.",
        f"Look again: leasehold approvals show {shown.id}",
        code="conflict",
        facts={"revision": shown.revision, "digest": shown.digest},
    )


def _tell(session: Session, approval: Approval) -> None:
    if session.out.as_json:
        session.out.document(approval)
        return
    open_parts = [f"{part.count} of {part.group}" for part in approval.quorum]
    session.out.say(f"{approval.id} is {approval.state.value}.")
    if approval.ended_at is None and approval.approved_at is None:
        session.out.say(f"Its quorum is {' and '.join(open_parts)}; {len(approval.reviews)} reviewed so far.")
    if approval.use_until is not None:
        session.out.say(f"It may be used until {moment(approval.use_until)}.")


def _card(session: Session, detail: ApprovalDetail, *, aside: bool = False) -> None:
    """The facts in the order of the card. With `aside` on stderr: stdout keeps to the answer."""
    approval, ask = detail.approval, detail.approval.ask
    chain = approval.chain
    bounds = [f"{getattr(ask, name)} {name}" for name in ("seconds", "uses", "rows") if ask and getattr(ask, name) is not None]
    facts = [
        ("request", f"{approval.id} revision {approval.revision}, {approval.state.value}"),
        (
            "would do",
            f"{_wants(approval)} on {ask.resource} ({ask.data_class.value}, {ask.environment})" if ask else _wants(approval),
        ),
        ("bounds", ", ".join(bounds)),
        ("asks", f"{approval.agent_name or approval.requested_by} (owner {approval.agent_owner})"),
        ("through", f"{' > '.join(chain.agents)} for {chain.on_behalf_of}" if chain else ""),
        *((f"held up by {reason.policy_id}", reason.text) for reason in approval.blocking),
        ("risk", f"{approval.risk.level.value} {approval.risk.score}"),
        *((f"risk +{factor.points}", factor.text) for factor in approval.risk.factors),
        ("touched", f"up to {chain.highest_class.value}; {chain.sends} sends" if chain else ""),
        ("holds now", "; ".join(detail.holds)),
        ("quorum", " and ".join(f"{part.count} of {part.group}" for part in approval.quorum)),
        *((f"{review.verdict} by {review.reviewer}", review.reason or moment(review.at)) for review in approval.reviews),
        ("may review", ", ".join(detail.eligible)),
        *((f"not {name}", why) for name, why in detail.excluded.items()),
        ("changed", "; ".join(approval.drift)),
        ("expires", moment(approval.deadline_at)),
        ("digest", approval.digest),
    ]
    if aside:
        session.out.note("\n".join(f"{name}: {text}" for name, text in facts if text))
    else:
        session.out.pairs(facts)
    if detail.agent_text:
        (session.out.note if aside else session.out.say)(f"The agent says:\n{fenced(detail.agent_text)}")
