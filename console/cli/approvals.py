"""`leasehold approvals`: what waits for a person. A review is pinned to what was shown, or to what is named."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from console.cli.asking import confirm, reason_option, the_reason, yes_option
from console.cli.cards import card, review_preview, wants
from console.cli.failures import Failure, Status
from console.cli.inputs import build
from console.cli.lists import gather, listing, tell
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import fenced, left, moment
from console.model.approvals import Approval, ApprovalDetail, Narrowing, ReviewInput
from console.model.scales import RiskLevel

_COLUMNS = (
    Column[Approval]("ID", lambda row: row.id),
    Column[Approval]("STATE", lambda row: row.state.value),
    Column[Approval]("RISK", lambda row: f"{row.risk.level.value} {row.risk.score}", priority=1),
    Column[Approval]("AGENT", lambda row: row.agent_name or row.requested_by, priority=2),
    Column[Approval]("WANTS", wants, priority=3),
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


def narrowing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that narrow a request."""
    for name, words in (
        ("--resource", "Narrow: only this, within what was asked for."),
        ("--rows", "Narrow: no more rows than this."),
        ("--uses", "Narrow: no more often than this."),
        ("--seconds", "Narrow: for no longer than this."),
    ):
        kind = str if name == "--resource" else int
        function = click.option(name, type=kind, help=words)(function)
    return function


@approvals.command()
@click.argument("approval")
@narrowing_options
@connected
async def preview(session: Session, approval: str, **narrowing: object) -> None:
    """What approving would come to, narrowed or as it stands: outcome, quorum, risk and digest. It changes nothing."""
    smaller = build(Narrowing, **narrowing)
    async with session.client() as client:
        told = await client.preview_review(approval, smaller)
    if session.out.as_json:
        session.out.document(told)
    else:
        session.out.pairs(review_preview(told))


@approvals.command()
@click.argument("approval")
@reason_option
@connected
async def withdraw(session: Session, approval: str, reason: str) -> None:
    """Take your own approval back, before anything came of it."""
    why = the_reason(reason)
    async with session.client() as client:
        _tell(session, await client.withdraw_approval(approval, why))


@approvals.command()
@click.argument("approval")
@click.option("--revision", type=int, help="The revision that you looked at.")
@click.option("--digest", metavar="DIGEST", help="The digest that you looked at.")
@narrowing_options
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
        smaller = {name: value for name, value in narrowing.items() if value is not None}
        if not yes:
            _card(session, detail, aside=True)
            if smaller:
                told = review_preview(await client.preview_review(shown.id, build(Narrowing, **smaller)))
                session.out.note("Narrowed so:\n" + "\n".join(f"{name}: {text}" for name, text in told if text))
            scope = shown.ask.resource.rpartition("/")[2] if shown.ask is not None else shown.id[-4:]
            confirm("Approve this?", yes=False, typed=scope if shown.risk.level is RiskLevel.CRITICAL else "")
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
    if approval.bundle_id is not None and approval.consumed_by is not None:
        session.out.say(f"{approval.bundle_id} is in force.")
    elif approval.use_until is not None and approval.ended_at is None:
        session.out.say(f"It may be used until {moment(approval.use_until)}.")


def _card(session: Session, detail: ApprovalDetail, *, aside: bool = False) -> None:
    """The facts in the order of the card. With `aside` on stderr: stdout keeps to the answer."""
    facts = card(detail)
    if aside:
        session.out.note("\n".join(f"{name}: {text}" for name, text in facts if text))
    else:
        session.out.pairs(facts)
    for change in detail.publication.files if detail.publication is not None else ():
        (session.out.note if aside else session.out.say)(fenced(change.diff))
    if detail.agent_text:
        (session.out.note if aside else session.out.say)(f"The agent says:\n{fenced(detail.agent_text)}")
