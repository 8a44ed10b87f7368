"""Undo: for a minute, take back the last grant or approval, by ending the grant or revoking what came of the approval."""

from console.model.approvals import Approval
from console.model.grants import Grant
from console.tui.rows import LIVE_LEASES
from console.tui.state.intents import Outcome, Result
from console.tui.ui.desk import Desk, allowed
from console.tui.ui.flows.taking import end_grant, revoke_leases
from console.tui.ui.panes import Subject

UNDO_SECONDS = 60.0


def remember(desk: Desk, result: Result) -> None:
    """Keep what was given last, so that it can be taken back."""
    if result.outcome is Outcome.DONE and isinstance(result.answer, Grant | Approval) and _gave(result):
        desk.world.given = (desk.world.times.monotonic(), result.answer)


def _gave(result: Result) -> bool:
    return result.intent.act in ("grant.create", "grant.break_glass", "approval.approve", "approval.narrow")


def undo(desk: Desk) -> None:
    """Ask whether to take back what was given last."""
    given = desk.world.given
    if given is None or desk.world.times.monotonic() - given[0] > UNDO_SECONDS:
        desk.refuse("Nothing was granted or approved here within the last minute.")
        return
    thing = given[1]
    if isinstance(thing, Grant):
        row = desk.world.source.grants.get(thing.id)
        state = row.state if row is not None else str(thing.state)
        if state == "requested":
            desk.refuse("The grant still waits for its quorum: reject its request in Approvals.")
        else:
            end_grant(desk, Subject("grants", thing.id, thing.agent_name))
        return
    held = desk.world.source.leases.of("task", thing.task_id or "")
    leases = [row for row in held if row.approval_id == thing.id and row.state in LIVE_LEASES]
    if not leases:
        desk.refuse("No lease has come of the approval that lives; contain the agent or stop the task to be sure.")
    elif allowed(desk, "lease.revoke"):
        revoke_leases(desk, leases, f"{thing.agent_name}, by the approval")
