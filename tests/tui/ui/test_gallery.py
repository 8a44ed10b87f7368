"""The whole frame at every size and theme: each line as wide as the window, nothing cut that should have left."""

import pytest
from rich.cells import cell_len
from textual.widget import Widget

from console.tui.ui.widgets.detail import Detail
from console.tui.ui.widgets.keyline import KeyLine
from console.tui.ui.widgets.strip import StatusStrip
from console.tui.ui.widgets.table import LiveTable
from console.tui.ui.widgets.viewbar import ViewBar
from tests.tui.ui.gallery import Gallery
from tests.tui.ui.stage import painted


@pytest.mark.parametrize("size", [(200, 50), (178, 32), (120, 30), (80, 24), (60, 15), (40, 10)])
async def test_every_line_is_as_wide_as_its_widget(size: tuple[int, int]) -> None:
    app = Gallery()
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        for widget in app.query("LiveTable, Detail, StatusStrip, ViewBar, KeyLine").results(Widget):
            for line in painted(widget):
                bar = widget.show_vertical_scrollbar
                assert cell_len(line) == (widget.scrollable_content_region if bar else widget.size).width
        assert "PROD eu-1" in painted(app.query_one(StatusStrip))[0]
        assert "SAFE" in painted(app.query_one(StatusStrip))[0]
        assert "1 Approvals" in painted(app.query_one(ViewBar))[0]
        assert "? help" in painted(app.query_one(KeyLine))[0]
        assert "critical" in painted(app.query_one(LiveTable))[1]


@pytest.mark.parametrize("theme", ["house-dark", "house-light", "high-contrast", "colour-blind-safe", "ansi-16"])
async def test_every_theme_paints(theme: str) -> None:
    app = Gallery(theme)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await pilot.pause()
        assert "assume role deploy" in app.export_screenshot().replace("&#160;", " ")


async def test_without_colour_no_segment_of_the_screen_has_one() -> None:
    app = Gallery(plain=True)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await pilot.pause()
        app.action_sheet()
        await pilot.pause()
        for widget in (*app.screen_stack[0].query("*"), *app.screen.query("*")):
            for strip in widget.render_lines(widget.size.region):
                for segment in strip:
                    assert segment.style is None or (segment.style.color is None and segment.style.bgcolor is None)
                    assert segment.text.isascii()


async def test_the_agents_hidden_characters_are_shown() -> None:
    app = Gallery()
    async with app.run_test(size=(178, 32)) as pilot:
        await pilot.pause()
        said = "\n".join(painted(app.query_one("#card", Detail)))
        assert "2 hidden characters shown" in said
        assert "␣U+202E" in said
        assert "\u202e" not in said
