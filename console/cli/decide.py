"""`leasehold decide`: one decision, asked for as an agent."""

from pathlib import Path

import click

from console.cli.failures import Status
from console.cli.inputs import build
from console.cli.session import Session, as_agent
from console.cli.text import moment
from console.model.authzen import DecisionContext
from console.model.decisions import DecideInput, Outcome
from console.settings.secrets import CredentialFile


@click.command()
@click.option("--agent", required=True, metavar="AGENT", help="Who would act: id, name or SPIFFE ID.")
@click.option("--task", "task_id", metavar="ID", help="The task under which it would act.")
@click.option("--lease", "lease_id", metavar="ID", help="The lease under which it is about to act.")
@click.option("--action", required=True, metavar="ACTION")
@click.option("--resource", required=True, metavar="RESOURCE")
@click.option("--seconds", type=int, help="For how long at most.")
@click.option("--uses", type=int, help="How often at most.")
@click.option("--rows", type=int, help="How many rows at most.")
@click.option("--text", "reason", default="", help="Why, in the agent's own words.")
@click.option(
    "--task-token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The agent's task token, from an enforcement point.",
)
@as_agent
async def decide(session: Session, task_token_file: Path | None, **fields: object) -> Status | None:
    """Ask for one decision (AuthZEN 1.0). It is recorded before it is answered.

    Exit status 0 for allow, 3 for deny and for escalate: then a person must approve the request that is named.
    """
    asked = build(DecideInput, **fields)
    token = CredentialFile(task_token_file).get("") if task_token_file is not None else None
    async with session.client() as client:
        answer = await client.decide(asked, task_token=token)
    if session.out.as_json:
        session.out.document(answer)
    elif answer.context is not None:
        _tell(session, answer.context)
    else:
        session.out.say("allow" if answer.decision else "deny")
    return None if answer.decision else Status.NOT_ALLOWED


def _tell(session: Session, context: DecisionContext) -> None:
    waiting = context.approval
    session.out.pairs(
        [
            ("outcome", context.outcome.value),
            ("why", context.text),
            ("code", context.code),
            *((f"{reason.effect} {reason.policy_id}", reason.text) for reason in context.reasons),
            ("obligations", ", ".join(context.obligations)),
            ("risk", f"{context.risk_level.value} ({context.risk_score})"),
            ("decision", context.id),
            ("good until", moment(context.valid_until)),
            ("approval request", waiting.id if waiting is not None else context.approval_id or ""),
            ("waits until", moment(waiting.deadline_at) if waiting is not None else ""),
        ]
    )
    if context.outcome is Outcome.ESCALATE:
        session.out.note("A person must approve this; then ask again. Whether they have: leasehold approvals show.")
