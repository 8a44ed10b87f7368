"""The Approvals view: what waits for a person, most pressing first. Its card is in `card`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from console.model.filter_fields import fields_for
from console.model.filters import with_getters
from console.tui.present import times
from console.tui.present.cells import Align, Cell, Column, short_digest, short_id
from console.tui.present.look import APPROVAL, RISK
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views.card import asked_for, brief_lines, card_lines, seats_taken, wants
from console.tui.present.views.view import Source, View
from console.tui.present.words import sign_of
from console.tui.rows import ApprovalRow

if TYPE_CHECKING:
    from console.model.approvals import Approval

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


def cells(source: Source, row: ApprovalRow, now: float) -> tuple[Cell, ...]:
    """One row of the queue."""
    approval = row.entity
    left = None if row.due_at is None else row.due_at - now
    tone = Tone.MUTED if left is None else Tone.DANGER if left < 150 else Tone.WARN if left < 300 else Tone.TEXT
    taken, seats = seats_taken(approval)
    behalf = approval.chain.on_behalf_of if approval.chain else approval.requested_by
    return (
        Cell(times.since(row.requested_at, now) if row.state == "pending" else "-", Tone.MUTED),
        sign_of(RISK, row.risk_level).cell(),
        Cell(row.agent_name or approval.requested_by),
        Cell(wants(approval), strong=row.risk_level == "critical"),
        Cell(_WHERE.get(approval.ask.environment, approval.ask.environment) if approval.ask else "-"),
        Cell(asked_for(approval.ask)),
        Cell("-" if row.due_at is None else times.until(row.due_at, now), tone),
        sign_of(APPROVAL, row.state).cell(1),
        Cell(f"{taken} of {seats}", Tone.OK if taken else Tone.MUTED),
        Cell(behalf, Tone.MUTED),
    )


def order(row: ApprovalRow, now: float) -> Any:
    """By urgency: what is open before what has ended, riskier first, then what ends sooner."""
    rank = _OPEN.get(row.state, 2)
    ends = row.due_at if row.due_at is not None else -row.requested_at
    return (rank, _RANK.get(row.risk_level, 0) if rank < 2 else 0, ends, row.id)


def heading(approval: "Approval") -> tuple[Span, ...]:
    """The card's title: id, revision and digest, to which a review is bound."""
    words = f"{short_id(approval.id)}  rev {approval.revision}  digest {short_digest(approval.digest)}"
    return (Span(words, Tone.BRASS),)


def card(source: Source, row: ApprovalRow, now: float) -> tuple[Line, ...]:
    """The card from what the mirror knows."""
    return card_lines(source, row.entity, None, now)


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

__all__ = ["COLUMNS", "FIELDS", "VIEW", "asked_for", "brief_lines", "card_lines", "seats_taken", "wants"]
