"""Undo: for a minute, take back the last grant or approval: end the grant, withdraw the approval, revoke its lease."""

from console.model.approvals import Approval
from console.model.grants import Grant
from console.tui.present.spans import Line, Span
from console.tui.present.words import BLANK, muted, said, strong, text
from console.tui.rows import LIVE_LEASES, ApprovalRow
from console.tui.state.intents import Intent, Target
from console.tui.ui.desk import Desk, Pin, allowed
from console.tui.ui.flows.taking import end_grant, revoke_leases
from console.tui.ui.panes import Subject
from console.tui.ui.widgets.sheet import Answer, Question
from console.tui.ui.world import UNDO_SECONDS

_WITHDRAWN = "taken back from the console"


def undo(desk: Desk) -> None:
    """Ask whether to take back what was given last."""
    given = desk.world.given
    if given is None or not desk.world.undo_left():
        desk.refuse(f"Nothing was granted or approved here within the last {UNDO_SECONDS:.0f} seconds.")
    elif isinstance(given[1], Grant):
        _undo_grant(desk, given[1].id, given[1].agent_name)
    elif isinstance(given[1], Approval):
        _undo_approval(desk, given[1])


def _undo_grant(desk: Desk, grant_id: str, agent_name: str) -> None:
    row = desk.world.source.grants.get(grant_id)
    if row is None or row.state != "requested":
        end_grant(desk, Subject("grants", grant_id, agent_name))
        return
    request = desk.world.source.approvals.get(row.approval_id) if row.approval_id else None
    if request is None:
        desk.refuse("The request for the grant is not known here; look in Approvals.")
    else:
        _withdraw(desk, request)


def _undo_approval(desk: Desk, approval: Approval) -> None:
    row = desk.world.source.approvals.get(approval.id)
    if row is not None and row.state in ("pending", "approved"):
        _withdraw(desk, row)
        return
    if approval.grant_id is not None:
        _undo_grant(desk, approval.grant_id, approval.agent_name)
        return
    held = desk.world.source.leases.of("task", approval.task_id or "")
    leases = [one for one in held if one.approval_id == approval.id and one.state in LIVE_LEASES]
    if not leases:
        desk.refuse("It was used, and no lease of it lives; contain the agent or stop the task to be sure.")
    elif allowed(desk, "lease.revoke"):
        revoke_leases(desk, leases, f"{approval.agent_name}, by the approval")


def _withdraw(desk: Desk, row: ApprovalRow) -> None:
    if not allowed(desk, "approval.withdraw"):
        return
    ask = row.entity.ask
    what = f"{ask.action} {ask.resource}" if ask is not None else "a grant"
    whole = row.state == "approved"
    lines = (
        Line((text("Take back your approval of "), strong(what), text(f" for {row.agent_name or row.entity.requested_by}"))),
        BLANK,
        said("THEN", text("it is void; the agent has to ask again" if whole else "the request waits again without you")),
        said("USED", muted("not yet, as far as is known here; if it was, the plane says so and nothing is changed")),
    )

    def done(answer: Answer) -> None:
        if answer.confirmed:
            desk.send([Intent("approval.withdraw", Target("approvals", row.id, what), _WITHDRAWN)])

    def moved() -> str:
        now = desk.world.source.approvals.get(row.id)
        return "" if now is not None and now.state == row.state else f"it is {now.state if now else 'gone'} now; press z again"

    desk.ask(Question((Span("undo the approval"),), lines, "take it back", takes=True), Pin(moved), done)
