"""Signs: for every state of the house a glyph, a word and a tone, so that colour never speaks alone.

Owns which sign a state has, and the ASCII stand-in of every glyph that the console paints. Imported by `tui` only.
"""

from dataclasses import dataclass

from console.model.scales import DataClass, RiskLevel
from console.model.states import AgentState, ApprovalState, BundleState, GrantState, LeaseState, Outcome, TaskState
from console.tui.present.cells import Cell
from console.tui.present.spans import Span, Tone


@dataclass(frozen=True, slots=True)
class Sign:
    """How one state is shown."""

    glyph: str
    word: str
    tone: Tone
    strong: bool = False

    def cell(self, pad: int = 2) -> Cell:
        """Sign and word as a cell; `pad` is the cells that the glyph's column takes."""
        return Cell(f"{self.glyph:<{pad}} {self.word}", self.tone, self.strong)

    def span(self, words: str = "") -> Span:
        """Sign and word, or sign and other words, as one span that is not broken."""
        return Span(f"{self.glyph} {words or self.word}", self.tone, self.strong, whole=True)


RISK: dict[RiskLevel, Sign] = {
    RiskLevel.CRITICAL: Sign("▲▲", "critical", Tone.DANGER, strong=True),
    RiskLevel.HIGH: Sign("▲", "high", Tone.WARN, strong=True),
    RiskLevel.MEDIUM: Sign("■", "medium", Tone.INFO),
    RiskLevel.LOW: Sign("·", "low", Tone.MUTED),
}
CLASS: dict[DataClass, Sign] = {
    DataClass.RESTRICTED: Sign("▲▲", "restricted", Tone.DANGER, strong=True),
    DataClass.CONFIDENTIAL: Sign("▲", "confidential", Tone.WARN),
    DataClass.INTERNAL: Sign("■", "internal", Tone.INFO),
    DataClass.PUBLIC: Sign("·", "public", Tone.MUTED),
}
OUTCOME: dict[Outcome, Sign] = {
    Outcome.ALLOW: Sign("●", "allow", Tone.OK),
    Outcome.DENY: Sign("✗", "deny", Tone.DANGER),
    Outcome.ESCALATE: Sign("◆", "escalate", Tone.WARN),
}
LEASE: dict[LeaseState, Sign] = {
    LeaseState.PENDING: Sign("○", "pending", Tone.MUTED),
    LeaseState.ACTIVE: Sign("●", "active", Tone.OK),
    LeaseState.FAILED: Sign("✗", "failed", Tone.DANGER),
    LeaseState.EXPIRED: Sign("·", "expired", Tone.DIM),
    LeaseState.REVOKING: Sign("◆", "revoking", Tone.WARN, strong=True),
    LeaseState.REVOKED: Sign("✓", "revoked", Tone.MUTED),
    LeaseState.IRREVOCABLE: Sign("▲▲", "irrevocable", Tone.DANGER, strong=True),
    LeaseState.ABANDONED: Sign("✗", "abandoned", Tone.DANGER),
}
TASK: dict[TaskState, Sign] = {
    TaskState.RUNNING: Sign("●", "running", Tone.OK),
    TaskState.COMPLETED: Sign("✓", "completed", Tone.MUTED),
    TaskState.FAILED: Sign("✗", "failed", Tone.DANGER),
    TaskState.CANCELLED: Sign("○", "cancelled", Tone.MUTED),
    TaskState.EXPIRED: Sign("·", "expired", Tone.DIM),
    TaskState.CONTAINED: Sign("■", "contained", Tone.DANGER, strong=True),
}
APPROVAL: dict[ApprovalState, Sign] = {
    ApprovalState.PENDING: Sign("◆", "pending", Tone.WARN),
    ApprovalState.APPROVED: Sign("✓", "approved", Tone.OK),
    ApprovalState.REJECTED: Sign("✗", "rejected", Tone.DANGER),
    ApprovalState.EXPIRED: Sign("·", "expired", Tone.DIM),
    ApprovalState.CANCELLED: Sign("○", "cancelled", Tone.MUTED),
    ApprovalState.VOID: Sign("✗", "void", Tone.MUTED),
    ApprovalState.CONSUMED: Sign("●", "consumed", Tone.OK),
}
GRANT: dict[GrantState, Sign] = {
    GrantState.REQUESTED: Sign("◆", "requested", Tone.WARN),
    GrantState.REJECTED: Sign("✗", "rejected", Tone.DANGER),
    GrantState.SCHEDULED: Sign("○", "scheduled", Tone.INFO),
    GrantState.ACTIVE: Sign("●", "active", Tone.OK),
    GrantState.EXPIRED: Sign("·", "expired", Tone.DIM),
    GrantState.EXHAUSTED: Sign("·", "exhausted", Tone.MUTED),
    GrantState.REVOKED: Sign("✓", "revoked", Tone.MUTED),
}
BUNDLE: dict[BundleState, Sign] = {
    BundleState.DRAFT: Sign("○", "draft", Tone.MUTED),
    BundleState.VALIDATED: Sign("✓", "validated", Tone.INFO),
    BundleState.REQUESTED: Sign("◆", "requested", Tone.WARN),
    BundleState.PUBLISHED: Sign("●", "published", Tone.OK),
    BundleState.SUPERSEDED: Sign("·", "superseded", Tone.DIM),
}
AGENT: dict[AgentState, Sign] = {
    AgentState.ACTIVE: Sign("●", "active", Tone.OK),
    AgentState.CONTAINED: Sign("■", "contained", Tone.DANGER, strong=True),
    AgentState.RETIRED: Sign("·", "retired", Tone.DIM),
}
CONNECTION: dict[str, Sign] = {
    "connecting": Sign("○", "CONNECTING", Tone.MUTED),
    "live": Sign("●", "LIVE", Tone.OK),
    "stale": Sign("▲", "STALE", Tone.WARN, strong=True),
    "offline": Sign("✗", "OFFLINE", Tone.DANGER, strong=True),
}

ASCII: dict[int, str] = str.maketrans(
    {
        "▲": "!",
        "■": "=",
        "·": ".",
        "●": "*",
        "○": "o",
        "◉": "@",
        "✗": "x",
        "✓": "+",
        "◆": "?",
        "→": ">",
        "←": "<",
        "↓": "v",
        "↑": "^",
        "…": "~",
        "█": "#",
        "░": "-",
        "▁": "_",
        "▂": "_",
        "▃": "-",
        "▄": "-",
        "▅": "=",
        "▆": "=",
        "▇": "#",
        "─": "-",
        "━": "-",
        "│": "|",
        "┃": "|",
        "┆": ":",
        "╭": "+",
        "╮": "+",
        "╰": "+",
        "╯": "+",
        "├": "|",
        "└": "`",
        "▔": "-",
        "▕": "|",
        "▏": "|",
        "▎": "|",
        "▌": "|",
        "▐": "|",
        "▀": "-",
        "▼": "v",
        "␣": "^",
        "“": '"',
        "”": '"',
        "\u2019": "'",
        "\u2013": "-",
    }
    | {chr(0x2400 + point): "^" for point in (*range(0x20), 0x21)}
)
"""One cell for one cell, so that changing to ASCII moves nothing."""
