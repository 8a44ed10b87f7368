"""The lines at the edges, the detail panel and the line to type into."""

from collections.abc import Sequence

from console.tui.present.spans import Line, Piece, Span, Tone, plain
from console.tui.ui.widgets.detail import Detail, lay_out
from console.tui.ui.widgets.filterline import Completion, Fault, FilterLine
from console.tui.ui.widgets.keyline import KeyHint, KeyLine
from console.tui.ui.widgets.strip import StatusStrip
from console.tui.ui.widgets.viewbar import Tab, ViewBar
from tests.tui.ui.stage import Stage, painted

TABS = (
    Tab("approvals", "1", "Approvals", "7"),
    Tab("frameworks", "6", "Frameworks"),
    Tab("overview", "0", "Overview", short="Over"),
)


async def test_the_strip_drops_by_priority_and_keeps_the_environment() -> None:
    pieces = [
        Piece((Span(" PROD ", Tone.DANGER, fill=True),)),
        Piece((Span("maya@acme"),), 2),
        Piece((Span("SAFE"),), 0),
        Piece((Span("14:02:11Z"),), 7, right=True),
    ]
    expected = {60: "PROD maya@acme SAFE 14:02:11Z", 30: "PROD maya@acme SAFE", 16: "PROD SAFE"}
    for width, said in expected.items():
        strip = StatusStrip()
        app = Stage(strip)
        async with app.run_test(size=(width, 3)) as pilot:
            strip.show(pieces)
            await pilot.pause()
            (line,) = painted(strip)
            assert line.split() == said.split()
            assert len(line) == width
            assert width != 60 or line.endswith("14:02:11Z ")


async def test_a_click_on_a_named_piece_opens_what_is_behind_it() -> None:
    strip = StatusStrip()
    app = Stage(strip)
    async with app.run_test(size=(60, 3)) as pilot:
        strip.show([Piece((Span(" PROD "),)), Piece((Span("stuck 1"),), name="stuck")])
        await pilot.pause()
        await pilot.click(strip, offset=(1, 0))
        await pilot.click(strip, offset=(9, 0))
        await pilot.pause()
        assert [report.name for report in app.reports if isinstance(report, StatusStrip.Opened)] == ["stuck"]


async def test_the_views_lose_counts_then_long_titles_then_titles() -> None:
    expected = {
        60: " 1 Approvals 7   6 Frameworks  0 Overview",
        42: " 1 Approvals   6 Frameworks  0 Overview",
        34: "1 Approvals 6 Frameworks 0 Over",
        22: "1 Approvals 6 0",
    }
    for width, said in expected.items():
        bar = ViewBar()
        app = Stage(bar)
        async with app.run_test(size=(width, 3)) as pilot:
            bar.show_tabs(TABS, "approvals")
            await pilot.pause()
            assert painted(bar)[0][1:].rstrip() == said


async def test_a_click_chooses_a_view_and_the_chosen_one_is_filled() -> None:
    bar = ViewBar()
    app = Stage(bar)
    async with app.run_test(size=(80, 3)) as pilot:
        bar.show_tabs(TABS, "approvals", [Piece((Span("/ risk:high"),))])
        await pilot.pause()
        line = painted(bar)[0]
        assert line.endswith("/ risk:high ")
        await pilot.click(bar, offset=(line.index("Frame"), 0))
        await pilot.pause()
        assert [report.name for report in app.reports if isinstance(report, ViewBar.Chosen)] == ["frameworks"]
        filled = app.brush.style(Tone.BRASS, strong=True, fill=True)
        assert "".join(one.text for one in bar.render_line(0) if one.style == filled) == " 1 Approvals 7 "


async def test_keys_leave_from_the_right_but_help_stays() -> None:
    hints = (KeyHint("a", "a", "approve"), KeyHint("r", "r", "reject", enabled=False), KeyHint("help", "?", "help", keep=True))
    for width, said in ((40, "a approve r reject ? help"), (20, "a approve ? help"), (10, "? help")):
        keys = KeyLine()
        app = Stage(keys)
        async with app.run_test(size=(width, 3)) as pilot:
            keys.show_keys(hints)
            await pilot.pause()
            assert painted(keys)[0].strip() == said
            if width == 40:
                dim = {
                    one.text.strip() for one in keys.render_line(0) if one.style == app.brush.style(Tone.DIM, surface="panel")
                }
                assert {"r", "reject"} <= dim
                await pilot.click(keys, offset=(12, 0))
                await pilot.pause()
                assert [report.name for report in app.reports if isinstance(report, KeyLine.Pressed)] == ["r"]


def test_wrapped_text_hangs_under_its_value() -> None:
    lines = (
        Line((Span("one two three four"),), "RISK"),
        Line((Span("five six"),), hang=True),
        Line(),
        Line((Span("said by somebody else"),), quoted=True),
    )
    assert [plain(line).rstrip() for line in lay_out(lines, 16)] == [
        "RISK  one two",
        "      three four",
        "      five six",
        "",
        "┆ said by",
        "┆ somebody else",
    ]


async def test_another_subject_begins_at_the_top_and_the_same_one_stays() -> None:
    detail = Detail(framed=True)
    app = Stage(detail)
    async with app.run_test(size=(40, 10)) as pilot:
        lines = [Line((Span(f"line {number}"),)) for number in range(50)]
        detail.show(lines, (Span("ap_…9c [bold]rev 3[/x]"),), "ap_9c")
        detail.focus()
        await pilot.press("j", "j", "j")
        await pilot.pause()
        assert painted(detail)[0].strip() == "line 3"
        detail.show([*lines, Line((Span("more"),))], (), "ap_9c")
        await pilot.pause()
        assert painted(detail)[0].strip() == "line 3"
        await pilot.press("G")
        await pilot.pause()
        assert painted(detail)[-1].strip() == "more"
        detail.show(lines, (), "ap_9d")
        await pilot.pause()
        assert painted(detail)[0].strip() == "line 0"


def _complete(text: str, cursor: int) -> Sequence[Completion]:
    fields = ("resource:", "risk:")
    return [Completion(field, 0, "a field") for field in fields if text and field.startswith(text[:cursor]) and text != field]


async def test_the_line_marks_a_fault_under_its_character_and_refuses_to_submit() -> None:
    line = FilterLine("/", check=lambda text: Fault(text.index("!!"), "a value belongs here") if "!!" in text else None)
    app = Stage(line)
    async with app.run_test(size=(60, 10)) as pilot:
        line.begin("risk:!!")
        await pilot.press("enter")
        await pilot.pause()
        assert not [report for report in app.reports if isinstance(report, FilterLine.Submitted)]
        below = painted(line.query_one("_Below"))[0]
        assert below.index("↑") == 3 + 5
        assert "a value belongs here" in below
        await pilot.press("backspace", "backspace", "7", "enter")
        await pilot.pause()
        assert [report.text for report in app.reports if isinstance(report, FilterLine.Submitted)] == ["risk:7"]


async def test_completions_are_chosen_and_taken() -> None:
    line = FilterLine(":", complete=_complete)
    app = Stage(line)
    async with app.run_test(size=(60, 10)) as pilot:
        line.begin()
        await pilot.press("r")
        await pilot.pause()
        assert [row.split()[0] for row in painted(line.query_one("_Below"))] == ["resource:", "risk:"]
        await pilot.press("down", "down", "enter")
        assert line.text == "risk:"
        await pilot.press("escape")
        await pilot.pause()
        assert [report for report in app.reports if isinstance(report, FilterLine.Left)]
        changed = [report.text for report in app.reports if type(report) is FilterLine.Changed]
        assert changed[-1] == "risk:"
