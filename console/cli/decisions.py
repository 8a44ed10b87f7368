"""`leasehold decisions`: what was answered, on which facts, and by which policies."""

import click

from console.cli.lists import list_command
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import moment, span
from console.model.decisions import Decision, Outcome

_COLUMNS = (
    Column[Decision]("ID", lambda row: row.id),
    Column[Decision]("AT", lambda row: moment(row.at), priority=5),
    Column[Decision]("OUTCOME", lambda row: row.outcome.value),
    Column[Decision]("AGENT", lambda row: row.agent_name, priority=1),
    Column[Decision]("ACTION", lambda row: row.ask.action, priority=2),
    Column[Decision]("RESOURCE", lambda row: row.ask.resource, priority=3),
    Column[Decision]("CODE", lambda row: row.code, priority=4),
)
_SAID = {
    Outcome.ALLOW: "was allowed",
    Outcome.DENY: "was denied",
    Outcome.ESCALATE: "was denied until a person approves it",
}


@click.group()
def decisions() -> None:
    """Decisions as they were committed."""


list_command(
    decisions,
    "The decisions.",
    lambda client: client.list_decisions,
    _COLUMNS,
    nothing="There is no decision, or none matches.",
)


@decisions.command()
@click.argument("decision")
@connected
async def show(session: Session, decision: str) -> None:
    """One decision."""
    async with session.client() as client:
        found = await client.show_decision(decision)
    if session.out.as_json:
        session.out.document(found)
        return
    session.out.pairs(
        [
            ("id", found.id),
            ("at", moment(found.at)),
            ("outcome", found.outcome.value),
            ("why", found.text),
            ("code", found.code),
            ("agent", found.agent_name),
            ("action", found.ask.action),
            ("resource", f"{found.ask.resource} ({found.ask.data_class.value}, {found.ask.environment})"),
            ("task", found.task_id or ""),
            ("risk", f"{found.risk.level.value} {found.risk.score}"),
            ("bundle revision", str(found.bundle_revision)),
            ("approval request", found.approval_id or ""),
        ]
    )


@decisions.command()
@click.argument("decision")
@connected
async def explain(session: Session, decision: str) -> None:
    """A decision in words: the policies that determined it, and the facts that they looked at, with their ages."""
    async with session.client() as client:
        found = await client.show_decision(decision)
    if session.out.as_json:
        session.out.document(found)
        return
    out = session.out
    out.say(
        f"{found.agent_name} asked to {found.ask.action} on {found.ask.resource} "
        f"({found.ask.data_class.value}, {found.ask.environment}). At {moment(found.at)} this {_SAID[found.outcome]}."
    )
    out.say(f"Why: {found.text} ({found.code}, policy revision {found.bundle_revision})")
    for reason in found.determining:
        lifted = " and ".join(f"{part.count} of {part.group}" for part in reason.quorum)
        how = f" It can be lifted by {lifted}." if lifted else ""
        out.say(f"  {reason.effect} {reason.policy_id}: {reason.text}{how}")
    if not found.determining:
        out.say("  No policy permits it; what no policy permits is denied.")
    for policy in found.lifted:
        out.say(f"  lifted: {policy}")
    out.say(f"Risk {found.risk.level.value}, {found.risk.score} of 100:")
    for factor in found.risk.factors:
        out.say(f"  +{factor.points} {factor.text}")
    out.say("On these facts:")
    for fact in found.facts:
        out.say(f"  {fact.name} = {fact.value} (from {fact.source}, {span(fact.age_seconds)} old)")
    for obligation in found.obligations:
        out.say(f"It obliges to: {obligation}")
    if found.approval_id is not None:
        out.say(f"The approval request is {found.approval_id}.")
