"""The screen of the console is painted whole only where everything changes."""

from collections.abc import Sequence

from console.tui.present.spans import Line, Span
from console.tui.ui.band import BandScreen
from console.tui.ui.widgets.detail import Detail
from tests.tui.ui.stage import Stage


class Watched(BandScreen):
    """Counts how often it is painted whole and laid out."""

    whole = 0
    layouts = 0

    def refresh(self, *regions: object, repaint: bool = True, layout: bool = False, recompose: bool = False) -> "Watched":
        """Count."""
        self.whole += repaint and not regions
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)  # type: ignore[arg-type]

    def _refresh_layout(self, *arguments: object, **options: object) -> None:
        self.layouts += 1
        super()._refresh_layout(*arguments, **options)  # type: ignore[arg-type]


class Two(Stage):
    """Two panels."""

    def __init__(self) -> None:
        self.watched = Watched()
        self.panels = (Detail(), Detail())
        super().__init__(*self.panels)

    def get_default_screen(self) -> Watched:
        """The one that counts."""
        return self.watched


def lines(count: int) -> Sequence[Line]:
    return [Line((Span(f"line {at}"),)) for at in range(count)]


async def test_keys_that_go_elsewhere_do_not_paint_the_screen_whole() -> None:
    app = Two()
    async with app.run_test(size=(60, 20)) as pilot:
        app.panels[0].focus()
        await pilot.pause()
        before = app.watched.whole
        app.panels[1].focus()
        await pilot.pause()
        assert app.panels[1].has_focus
        assert app.watched.whole == before


async def test_lines_for_which_there_is_room_in_any_case_do_not_lay_the_screen_out() -> None:
    app = Two()
    async with app.run_test(size=(60, 20)) as pilot:
        panel = app.panels[0]
        panel.show(lines(3))
        await pilot.pause()
        before = app.watched.layouts
        panel.show(lines(5))
        await pilot.pause()
        assert app.watched.layouts == before
        assert panel.render_line(4).text.startswith("line 4")
        panel.show(lines(50))
        await pilot.pause()
        assert app.watched.layouts > before
        assert panel.show_vertical_scrollbar
        panel.action_page_lines(9)
        panel.show(lines(2))
        await pilot.pause()
        assert not panel.show_vertical_scrollbar
        assert panel.render_line(0).text.startswith("line 0")
