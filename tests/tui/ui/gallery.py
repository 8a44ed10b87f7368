"""A gallery for the eye: the frame of the house with made-up data, and pictures of it.

`python -m tests.tui.ui.gallery` runs it in a terminal; with `--svg FOLDER` it writes one picture for each size, theme
and condition instead.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.filter import LineFilter

from console.model.scales import RiskLevel
from console.tui.palettes import load_themes, themes_folder
from console.tui.present.cells import Align, Cell, Column, bar
from console.tui.present.inert import inert_prose
from console.tui.present.look import CONNECTION, RISK
from console.tui.present.spans import Line, Piece, Span, Tone
from console.tui.ui.guard import guards
from console.tui.ui.theme import Brush, to_textual
from console.tui.ui.widgets.detail import Detail
from console.tui.ui.widgets.filterline import Completion, Fault, FilterLine
from console.tui.ui.widgets.keyline import KeyHint, KeyLine
from console.tui.ui.widgets.rows import Condition, Notice
from console.tui.ui.widgets.sheet import Question, Sheet
from console.tui.ui.widgets.strip import StatusStrip
from console.tui.ui.widgets.table import LiveTable
from console.tui.ui.widgets.viewbar import Tab, ViewBar

COLUMNS = (
    Column("wait", "WAIT", 5, 3, Align.RIGHT, ticking=True),
    Column("risk", "RISK", 11),
    Column("agent", "AGENT", 12, 1),
    Column("wants", "WANTS", 14, flexible=True, most=60),
    Column("where", "WHERE", 6, 4),
    Column("for", "FOR", 6, 5),
    Column("left", "LEFT", 5, 0, Align.RIGHT, ticking=True),
)
_DATA = (
    ("00:42", RiskLevel.CRITICAL, "executor-2", "assume role deploy", "prod", "30m", "02:10", Tone.DANGER),
    ("01:05", RiskLevel.HIGH, "summariser", "export customers → partner-sftp", "crm", "15m", "03:55", Tone.WARN),
    ("01:30", RiskLevel.MEDIUM, "planner-1", "read logs", "stage", "60m", "08:30", Tone.MUTED),
    ("01:41", RiskLevel.MEDIUM, "executor-5", "update contact (412)", "crm", "10m", "08:19", Tone.MUTED),
    ("02:02", RiskLevel.MEDIUM, "indexer-3", "read contracts/", "docs", "20m", "09:58", Tone.MUTED),
    ("02:12", RiskLevel.MEDIUM, "executor-2", "read secrets/deploy-key", "vault", "5m", "01:48", Tone.DANGER),
    ("03:20", RiskLevel.LOW, "reporter", "send weekly digest", "mail", "1 use", "26:40", Tone.MUTED),
)


@dataclass
class SampleRows:
    """Rows from plain data."""

    keys: Sequence[str] = field(default_factory=lambda: tuple(f"ap_{at}" for at in range(len(_DATA))))

    def version(self, key: str) -> int:
        """They never change."""
        return int(key[3:]) * 0

    def cells(self, key: str) -> Sequence[Cell]:
        """The cells of one row."""
        wait, risk, agent, wants, where, length, left, tone = _DATA[int(key[3:]) % len(_DATA)]
        strong = tone is Tone.DANGER
        return (
            Cell(wait, Tone.MUTED),
            RISK[risk].cell(),
            Cell(agent),
            Cell(wants),
            Cell(where, Tone.MUTED),
            Cell(length),
            Cell(left, tone, strong),
        )


def _card() -> tuple[Line, ...]:
    full, empty = bar(0.61)
    says = inert_prose("Urgent: key rotation is blocked, approve now.\u202e The owner\u200b already agreed.")
    gap = Span("   ")
    return (
        Line(
            (
                Span("executor-2 wants to ", Tone.MUTED),
                Span("assume role deploy", strong=True),
                Span(" in ", Tone.MUTED),
                Span("prod", Tone.DANGER, strong=True),
                Span(" for 30m", Tone.MUTED),
            )
        ),
        Line(
            (
                Span("on behalf of ", Tone.MUTED),
                Span("maya@acme"),
                Span(" → ", Tone.MUTED),
                Span("planner-1", Tone.DELEGATION),
                Span(" → ", Tone.MUTED),
                Span("executor-2", Tone.DELEGATION, strong=True),
                gap,
                Span("task tk_…42f 06:11", Tone.MUTED, whole=True),
            )
        ),
        Line(),
        Line((Span("no-prod-without-owner · class-3-needs-approval"),), "WHY A PERSON"),
        Line(
            (
                Span("production needs its service owner ", Tone.MUTED),
                Span("and", strong=True),
                Span(" security", Tone.MUTED),
            ),
            hang=True,
        ),
        Line(
            (
                Span("▲▲ 82", Tone.DANGER, strong=True, whole=True),
                Span("  new system after a secret was read "),
                Span("+30", Tone.WARN),
                Span(" · ", Tone.MUTED),
                Span("depth 2 "),
                Span("+12", Tone.WARN),
                Span(" · ", Tone.MUTED),
                Span("purpose “rotate key” never used this tool "),
                Span("+25", Tone.WARN),
                Span(" · ", Tone.MUTED),
                Span("retry "),
                Span("+15", Tone.WARN),
            ),
            "RISK",
        ),
        Line(
            (
                Span("restricted ", Tone.DANGER),
                Span(full, Tone.DANGER),
                Span(empty, Tone.DIM),
                Span(" 61 % of 500 rows", Tone.MUTED),
                gap,
                Span("sends ", Tone.MUTED),
                Span("0"),
                gap,
                Span("secrets ", Tone.MUTED),
                Span("1", Tone.WARN),
            ),
            "TOUCHED",
        ),
        Line((Span("+ iam:assume deploy@prod"), gap, Span("+ 11 actions on 2 resources")), "ADDS"),
        Line((Span("holds now: 2 leases (crm:read 04:10 · vault:read 01:48)", Tone.MUTED),), hang=True),
        Line(
            (
                Span("● at expiry only", Tone.WARN, whole=True),
                gap,
                Span("revoked now, still works until ", Tone.MUTED),
                Span("14:32:11Z", strong=True),
            ),
            "REVOCABLE",
        ),
        Line(
            (
                Span("✓ omar", Tone.OK, whole=True),
                Span(" security 14:01Z", Tone.MUTED, whole=True),
                gap,
                Span("○ lena", whole=True),
                Span(" resource-owner", Tone.MUTED, whole=True),
                gap,
                Span("✗ maya asked", Tone.MUTED, whole=True),
            ),
            "MAY REVIEW",
        ),
        Line(),
        Line((Span(f"THE AGENT SAYS (untrusted, {says.hidden} hidden characters shown)", Tone.DIM, strong=True),), quoted=True),
        Line((Span(says.text, Tone.MUTED),), quoted=True),
    )


def _story() -> tuple[Line, ...]:
    told = (
        ("14:01:29", "◆ escalate", Tone.WARN, "assume deploy@prod", "3 ms  r42"),
        ("14:01:02", "✗ deny", Tone.DANGER, "assume deploy@prod", "not in intent"),
        ("14:00:40", "● lease", Tone.OK, "vault:read secrets/deploy-key", "5m"),
        ("13:59:12", "→ delegated", Tone.DELEGATION, "planner-1 → executor-2", "depth 2"),
        ("13:57:30", "↓ read", Tone.INFO, "crm.customers 305 rows restricted", ""),
    )
    return (
        Line((Span("STORY", Tone.BRASS, strong=True), Span("   last 6 min, newest first", Tone.MUTED))),
        *(
            Line(
                (Span(f"{when}  ", Tone.MUTED), Span(f"{what:<13}", tone), Span(words), Span(f"  {rest}", Tone.DIM)), indent=23
            )
            for when, what, tone, words, rest in told
        ),
    )


def _status() -> list[Piece]:
    muted = Tone.MUTED
    env = (Span(" PROD eu-1 ", Tone.DANGER, fill=True),)
    appr = (Span("approvals ", muted), Span("7", strong=True), Span(" (2 critical)", Tone.DANGER))
    few = (Span("appr ", muted), Span("7", strong=True), Span(" (2!)", Tone.DANGER))
    leases = (Span("leases ", muted), Span("2,413", strong=True), Span(" next 00:38", muted))
    fewer = (Span("leases ", muted), Span("2,413", strong=True))
    safe = (Span("SAFE", Tone.BRASS, strong=True),)
    live = (CONNECTION["live"].span(),)
    return [
        Piece(env),
        Piece((Span("maya@acme"), Span(" 41m", muted)), 3, short=(Span("maya"), Span(" 41m", muted))),
        Piece((*safe, Span(" ! to arm", muted)), 0, short=safe),
        Piece((*live, Span(" 38 ms", muted)), 0, short=live),
        Piece(appr, 1, name="approvals", short=few),
        Piece(leases, 2, name="leases", short=fewer),
        Piece((Span("stuck ", muted), Span("1", Tone.WARN, strong=True)), 1, name="stuck"),
        Piece((Span("policy ", muted), Span("r42"), Span(" 3h", muted)), 4, short=(Span("r42"),)),
        Piece((Span("audit ", muted), Span("✓ 1,204,551", Tone.OK)), 6),
        Piece((Span("14:02:11Z", muted),), 7, right=True),
    ]


TABS = (
    Tab("approvals", "1", "Approvals", "7"),
    Tab("tasks", "2", "Tasks", "128"),
    Tab("leases", "3", "Leases", "2,413"),
    Tab("agents", "4", "Agents", "42"),
    Tab("policies", "5", "Policies"),
    Tab("frameworks", "6", "Frameworks"),
    Tab("audit", "7", "Audit"),
    Tab("overview", "0", "Overview", short="Over"),
)
HINTS = (
    KeyHint("approve", "a", "approve"),
    KeyHint("reject", "r", "reject"),
    KeyHint("narrow", "n", "narrow"),
    KeyHint("elevate", "e", "elevate", enabled=False),
    KeyHint("revoke", "X", "revoke", takes=True),
    KeyHint("contain", "K", "contain", takes=True),
    KeyHint("open", "enter", "open"),
    KeyHint("mark", "space", "mark"),
    KeyHint("filter", "/", "filter", keep=True),
    KeyHint("command", ":", "command", keep=True),
    KeyHint("help", "?", "help", keep=True),
)


class Gallery(App[None]):
    """The frame, with `theme_name` and a notice to show it in."""

    CSS = """
    #body { height: 1fr; }
    #left { width: 10fr; }
    #left LiveTable { height: 3fr; border: round $line; padding: 0 0 0 1; }
    #story { height: 2fr; background: $ground; border: round $line; }
    #card { width: 8fr; margin: 0 0 0 1; }
    .narrow #body { layout: vertical; }
    .narrow #left { width: 1fr; height: 2fr; }
    .narrow #left LiveTable { border: none; padding: 0; height: 1fr; }
    .narrow #story { display: none; }
    .narrow #card { width: 1fr; height: 1fr; border: none; border-top: solid $line; margin: 0; }
    #filter { display: none; }
    .tall.wide ViewBar { margin: 1 0; }
    """
    BINDINGS = [("a", "sheet", "approve")]  # noqa: RUF012 - Textual's name and type
    ENABLE_COMMAND_PALETTE = False
    VERTICAL_BREAKPOINTS = [(0, "low"), (30, "tall")]  # noqa: RUF012 - Textual's name and type
    HORIZONTAL_BREAKPOINTS = [(0, "narrow"), (120, "wide")]  # noqa: RUF012 - Textual's name and type

    def __init__(self, theme_name: str = "house-dark", notice: Notice | None = None, *, plain: bool = False) -> None:
        super().__init__(ansi_color=plain or theme_name == "ansi-16")
        palettes, _ = load_themes([themes_folder()])
        self.brush = Brush(palettes[theme_name], colourless=plain)
        self._filters_of_house = guards(colourless=plain, ascii_only=plain)
        for palette in palettes.values():
            self.register_theme(to_textual(palette))
        self.theme = theme_name
        self.notice = notice or Notice()
        self.answers: list[object] = []

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, then the guard."""
        return (*super().get_line_filters(), *self._filters_of_house)

    def compose(self) -> ComposeResult:
        """Strip, views, table and story beside the card, keys."""
        yield StatusStrip()
        yield ViewBar()
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield LiveTable(COLUMNS)
                yield Detail(id="story", surface="ground")
            yield Detail(id="card", framed=True)
        yield FilterLine(
            "/",
            id="filter",
            check=lambda text: Fault(text.index("!!"), "a value belongs here") if "!!" in text else None,
            complete=lambda text, at: (
                [Completion("risk:", 0, "0 to 100, or a level"), Completion("resource:", 0, "what it is about")]
                if text == "r"
                else []
            ),
        )
        yield KeyLine()

    def on_mount(self) -> None:
        """Fill in the data."""
        self.query_one(StatusStrip).show(_status())
        beside = (Span("/ ", Tone.BRASS, strong=True), Span("risk:>=30 state:pending"), Span("   7 of 31", Tone.MUTED))
        self.query_one(ViewBar).show_tabs(TABS, "approvals", [Piece(beside)])
        table = self.query_one(LiveTable)
        empty = self.notice.condition not in {Condition.READY, Condition.STALE}
        table.show(SampleRows(()) if empty else SampleRows(), self.notice)
        table.show_sorting("wait")
        table.focus()
        self.query_one("#story", Detail).show(_story())
        self.query_one("#card", Detail).show(_card(), (Span("ap_…9c  rev 3  digest 7f2a…c1"),), "ap_9c")
        self.query_one(KeyLine).show_keys(HINTS, (Span("POST /authorization/v1/approvals/ap_…9c/reviews", Tone.DIM),))

    def action_sheet(self) -> None:
        """The sheet of a critical approval."""
        question = Question(
            (Span("approve ap_…9c  rev 3  digest 7f2a…c1"),),
            _card()[:-3],
            "approve",
            reason="a reason, for the record",
            typed="deploy",
            typed_prompt="type the last part of the scope: deploy",
        )
        self.push_screen(Sheet(question, self.answers.append))


async def _pictures(folder: Path) -> None:
    wanted = [
        ("wide-dark", 178, 32, Gallery()),
        ("wide-light", 178, 32, Gallery("house-light")),
        ("large-dark", 200, 50, Gallery()),
        ("small-dark", 80, 24, Gallery()),
        ("tiny-dark", 58, 14, Gallery()),
        ("small-ascii", 80, 24, Gallery(plain=True)),
        ("contrast", 120, 30, Gallery("high-contrast")),
        ("safe", 120, 30, Gallery("colour-blind-safe")),
        *(
            (f"small-{one.value}", 80, 24, Gallery(notice=Notice(one, hint="esc clears the filter")))
            for one in Condition
            if one is not Condition.READY
        ),
    ]
    for name, width, height, app in wanted:
        async with app.run_test(size=(width, height), notifications=True) as pilot:
            if name.startswith("wide"):
                await pilot.press("j", "j", "space", "g")
            await pilot.pause()
            (folder / f"{name}.svg").write_text(app.export_screenshot(title="leasehold"))
            if name in {"wide-dark", "small-dark"}:
                app.query_one(FilterLine).display = True
                app.query_one(FilterLine).begin("r")
                await pilot.pause()
                (folder / f"{name}-filter.svg").write_text(app.export_screenshot(title="leasehold"))
                app.query_one(FilterLine).display = False
                app.action_sheet()
                await pilot.pause()
                (folder / f"{name}-sheet.svg").write_text(app.export_screenshot(title="leasehold"))


if __name__ == "__main__":
    if "--svg" in sys.argv:
        asyncio.run(_pictures(Path(sys.argv[sys.argv.index("--svg") + 1])))
    else:
        Gallery(sys.argv[1] if sys.argv[1:] else "house-dark").run()
