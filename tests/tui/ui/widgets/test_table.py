"""The live table: its cursor follows an id, it reads only what is in sight, and under a sheet it holds still."""

import asyncio
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.geometry import Region
from textual.message import Message

from console.tui.present.cells import Align, Cell, Column
from console.tui.ui.theme import Brush
from console.tui.ui.widgets.rows import Condition, NoRows, Notice
from console.tui.ui.widgets.table import LiveTable
from tests.tui.ui.stage import FakeRows, Stage, painted

COLUMNS = (
    Column("id", "ID", 8),
    Column("value", "VALUE", 10, flexible=True),
    Column("extra", "EXTRA", 10, 1),
)


def _keys(count: int) -> list[str]:
    return [f"k{number}" for number in range(count)]


def _said(app: Stage, kind: type[Message]) -> list[str | None]:
    return [report.key for report in app.reports if isinstance(report, kind) and isinstance(report, LiveTable.Reported)]


def _with_cursor(table: LiveTable) -> str:
    return next(line for line in painted(table) if line.startswith(">"))


async def test_keys_move_the_cursor_and_report_ids() -> None:
    table = LiveTable(COLUMNS)
    app = Stage(table)
    async with app.run_test(size=(60, 11), notifications=True) as pilot:
        table.show(FakeRows(_keys(100)), Notice())
        table.focus()
        await pilot.pause()
        assert table.cursor == "k0"
        await pilot.press("j", "j", "k", "down")
        assert table.cursor == "k2"
        await pilot.press("G")
        assert table.cursor == "k99"
        assert _with_cursor(table).split() == [">", "k99", "calm"]
        await pilot.press("pageup")
        assert table.cursor == "k90"
        await pilot.press("g", "pagedown")
        assert table.cursor == "k9"
        await pilot.press("home", "up")
        assert table.cursor == "k0"
        await pilot.press("end", "enter")
        await pilot.pause()
        assert _said(app, LiveTable.Opened) == ["k99"]
        assert _said(app, LiveTable.CursorMoved)[:4] == ["k0", "k1", "k2", "k1"]


async def test_the_cursor_follows_its_id_and_goes_to_the_neighbour_when_it_leaves() -> None:
    table = LiveTable(COLUMNS)
    rows = FakeRows(_keys(30))
    app = Stage(table)
    async with app.run_test(size=(60, 11)) as pilot:
        table.show(rows, Notice())
        table.move_to("k4")
        table.show(rows.ordered(list(reversed(rows.keys))))
        assert table.cursor == "k4"
        await pilot.pause()
        assert _with_cursor(table).split()[1] == "k4"
        table.show(rows)
        table.show(rows.without("k4", "k5"))
        assert table.cursor == "k6"
        table.show(rows.ordered(["k1"]))
        assert table.cursor == "k1"
        table.show(NoRows(), Notice(Condition.EMPTY))
        assert table.cursor is None
        assert not table.move_to("k1")


async def test_rows_that_come_in_above_do_not_move_the_row_under_the_cursor() -> None:
    table = LiveTable(COLUMNS)
    rows = FakeRows(_keys(50))
    app = Stage(table)
    async with app.run_test(size=(60, 11)) as pilot:
        table.show(rows, Notice())
        table.move_to("k30")
        await pilot.pause()
        line = painted(table).index(_with_cursor(table))
        table.show(rows.ordered(["new1", "new2", "new3", *rows.keys]))
        await pilot.pause()
        assert painted(table).index(_with_cursor(table)) == line
        assert table.cursor == "k30"


async def test_only_rows_in_sight_are_read() -> None:
    table = LiveTable(COLUMNS)
    rows = FakeRows(_keys(100_000))
    app = Stage(table)
    async with app.run_test(size=(60, 11)) as pilot:
        table.show(rows, Notice())
        await pilot.pause()
        assert set(rows.asked) == set(rows.keys[:10])
        rows.asked.clear()
        rows.change("k3", "moved")
        rows.change("k5000", "unseen")
        table.touch()
        await pilot.pause()
        assert set(rows.asked) == {"k3"}
        assert any("moved" in line for line in painted(table))
        rows.asked.clear()
        table.touch()
        await pilot.pause()
        assert not rows.asked, "what was painted once is not read again"


async def test_a_changed_cell_is_underlined() -> None:
    table = LiveTable(COLUMNS)
    rows = FakeRows(_keys(5))
    app = Stage(table)
    async with app.run_test(size=(60, 11)) as pilot:
        table.show(rows, Notice())
        await pilot.pause()
        rows.change("k3", "moved")
        table.touch()
        underlined = [one.text for one in table.render_line(4) if one.style is not None and one.style.underline]
        assert underlined == ["moved"]


async def test_under_a_sheet_the_table_holds_still() -> None:
    table = LiveTable(COLUMNS)
    rows = FakeRows(_keys(30))
    app = Stage(table)
    async with app.run_test(size=(60, 11)) as pilot:
        table.show(rows, Notice())
        table.move_to("k2")
        await pilot.pause()
        before = painted(table)
        table.freeze()
        rows.change("k1", "moved")
        table.touch()
        table.show(rows.without("k2", "k3"))
        await pilot.pause()
        assert painted(table) == before
        assert table.cursor == "k2"
        table.thaw()
        await pilot.pause()
        assert table.cursor == "k4"
        assert any("moved" in line for line in painted(table))


async def test_what_came_just_before_a_sheet_is_painted_after_it() -> None:
    table = LiveTable(COLUMNS)
    rows = FakeRows(_keys(5))
    async with Stage(table).run_test(size=(60, 11)) as pilot:
        table.show(rows, Notice())
        await pilot.pause()
        rows.change("k1", "moved")
        table.freeze()
        table.thaw()
        await pilot.pause()
        assert "moved" in table.render_lines(Region(0, 0, table.size.width, 11))[2].text


async def test_another_version_that_looks_alike_is_not_painted_again() -> None:
    table = LiveTable(COLUMNS)
    rows = FakeRows(_keys(5))
    async with Stage(table).run_test(size=(60, 11)) as pilot:
        table.show(rows, Notice())
        await pilot.pause()
        whole = Region(0, 0, table.size.width, 11)
        before = table.render_lines(whole)
        rows.change("k1", "calm")
        rows.change("k2", "moved")
        table.touch()
        after = table.render_lines(whole)
        assert [line for line in range(11) if after[line] is not before[line]] == [3]
        assert "moved" in after[3].text


async def test_marks_are_ids_and_leave_with_their_rows() -> None:
    table = LiveTable(COLUMNS)
    rows = FakeRows(_keys(30))
    app = Stage(table)
    async with app.run_test(size=(60, 11)) as pilot:
        table.show(rows, Notice())
        table.focus()
        await pilot.press("space", "space", "j", "j", "v")
        assert table.marks == {"k0", "k1", "k2", "k3", "k4"}
        table.show(rows.without("k1"))
        assert table.marks == {"k0", "k2", "k3", "k4"}
        await pilot.press("asterisk")
        assert len(table.marks) == 29
        await pilot.press("asterisk")
        assert table.marks == frozenset()
        await pilot.press("space")
        table.clear_marks()
        await pilot.pause()
        assert table.marks == frozenset()
        assert _said(app, LiveTable.MarksChanged)


async def test_columns_leave_whole_in_a_narrow_window() -> None:
    rows = FakeRows(["k1"], lambda key, value: (Cell(key), Cell("a very long value indeed"), Cell("extra")))
    for width, shown in (
        (60, ("id", "value", "extra")),
        (35, ("id", "value", "extra")),
        (34, ("id", "value")),
        (16, ("id", "value")),
    ):
        table = LiveTable(COLUMNS)
        app = Stage(table)
        async with app.run_test(size=(width, 6)) as pilot:
            table.show(rows, Notice())
            await pilot.pause()
            assert table.shown_columns == shown
            assert all(len(line) == width and line.endswith(" ") for line in painted(table))
            table.show_columns({"value"})
            assert "value" not in table.shown_columns


async def test_lines_that_were_rendered_before_the_table_had_its_width_are_rendered_again() -> None:
    table = LiveTable(COLUMNS)
    async with Stage(table).run_test(size=(40, 6)) as pilot:
        table.show(FakeRows(["a", "b"]), Notice())
        await pilot.pause()
        table.refresh()
        assert all(strip.cell_length == 0 for strip in table.render_lines(Region(0, 0, 0, 6)))
        assert all(strip.cell_length == 40 for strip in table.render_lines(Region(0, 0, 40, 6)))


async def test_a_table_that_is_asked_before_it_is_laid_out_again_has_its_width_afterwards() -> None:
    table = LiveTable(COLUMNS)
    async with Stage(table).run_test(size=(40, 6)) as pilot:
        table.show(FakeRows(["a", "b"]), Notice())
        await pilot.pause()
        shown = table.shown_columns
        table.display = False
        await pilot.pause()
        table.display = True
        assert table.shown_columns == ()
        await pilot.pause()
        assert table.shown_columns == shown
        assert "VALUE" in painted(table)[0]


async def test_figures_stand_at_the_right_and_the_sorted_column_has_an_arrow() -> None:
    columns = (Column("id", "ID", 4), Column("count", "COUNT", 8, align=Align.RIGHT))
    table = LiveTable(columns)
    rows = FakeRows(["a", "b"], lambda key, _: (Cell(key), Cell("7" if key == "a" else "2,413")))
    app = Stage(table)
    async with app.run_test(size=(17, 5)) as pilot:
        table.show(rows, Notice())
        table.show_sorting("count", descending=True)
        await pilot.pause()
        title, first, second = painted(table)[:3]
        assert title == "  ID      COUNT↓ "
        assert first.rstrip().endswith(" 7")
        assert first.rindex("7") == second.rindex("3") == title.index("↓")


async def test_each_condition_is_painted_and_stale_keeps_the_rows() -> None:
    seen = set()
    for condition in Condition:
        table = LiveTable(COLUMNS)
        app = Stage(table)
        async with app.run_test(size=(60, 8)) as pilot:
            keeps = condition in {Condition.READY, Condition.STALE}
            table.show(FakeRows(_keys(2)) if keeps else NoRows(), Notice(condition))
            await pilot.pause()
            picture = painted(table)
            assert any("k1" in line for line in picture) is keeps
            seen.add(tuple(picture))
    assert len(seen) == len(Condition)


async def test_the_mouse_moves_opens_marks_and_sorts() -> None:
    table = LiveTable(COLUMNS)
    app = Stage(table)
    async with app.run_test(size=(60, 11)) as pilot:
        table.show(FakeRows(_keys(30)), Notice())
        await pilot.click(table, offset=(6, 4))
        assert table.cursor == "k3"
        await pilot.click(table, offset=(6, 6), times=2)
        assert table.cursor == "k5"
        await pilot.click(table, offset=(0, 2))
        assert table.marks == {"k1"}
        await pilot.click(table, offset=(3, 0))
        await pilot.pause()
        assert _said(app, LiveTable.Opened) == ["k5"]
        assert _said(app, LiveTable.SortAsked) == ["id"]


async def test_a_row_that_vanished_between_two_paints_is_blank() -> None:
    table = LiveTable(COLUMNS)
    rows = FakeRows(_keys(3))
    app = Stage(table)
    async with app.run_test(size=(60, 8)) as pilot:
        del rows.versions["k1"]
        table.show(rows, Notice())
        await pilot.pause()
        assert painted(table)[2].strip() == ""
        table.touch()
        await pilot.pause()
        assert "k2" in painted(table)[3]


async def test_hostile_text_in_cells_is_inert() -> None:
    table = LiveTable(COLUMNS)
    rows = FakeRows(["k"], lambda *_: (Cell("[@click=app.quit]x[/]"), Cell("a\x1b[2J\u202eb")))
    app = Stage(table)
    async with app.run_test(size=(60, 8), notifications=True) as pilot:
        table.show(rows, Notice())
        await pilot.click(table, offset=(4, 1))
        line = painted(table)[1]
        assert "␛[2J␣U+…" in line or "␛" in line
        assert "\x1b" not in line
        assert "[@click" in line
        assert app.is_running


async def test_another_theme_paints_every_row_again() -> None:
    table = LiveTable(COLUMNS)
    app = Stage(table)
    async with app.run_test(size=(60, 8)) as pilot:
        table.show(FakeRows(_keys(3)), Notice())
        await pilot.pause()
        before = table.render_line(2)
        app.brush = Brush(replace(app.brush.palette, text="#ffffff"))
        after = table.render_line(2)
        assert before.text == after.text
        assert before != after


async def test_a_row_that_cannot_be_painted_says_so_and_the_others_stay() -> None:
    def cells(key: str, value: str) -> list[Cell]:
        if key == "k2":
            raise LookupError("\x1b[2Jquoted from elsewhere")
        return [Cell(key), Cell(value)]

    table = LiveTable(COLUMNS)
    rows = FakeRows(_keys(5), cells)
    app = Stage(table)
    async with app.run_test(size=(60, 11)) as pilot:
        table.show(rows, Notice())
        await pilot.pause()
        lines = painted(table)
        assert lines[3].strip() == "✗ this line could not be painted: LookupError"
        assert [line.split()[0] for line in (lines[2], lines[4])] == ["k1", "k3"]
        assert app.is_running


_sizes = st.integers(4, 14)
_acts = st.lists(
    st.one_of(
        st.tuples(st.just("key"), st.sampled_from(["j", "k", "pagedown", "pageup", "g", "G"])),
        st.tuples(st.just("rows"), st.lists(st.integers(0, 40), unique=True, max_size=40)),
        st.tuples(st.just("size"), _sizes),
    ),
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(_acts)
def test_whatever_happens_the_cursor_is_in_sight_and_every_line_shows_its_row(acts: list[tuple[str, Any]]) -> None:
    asyncio.run(_whatever(acts))


async def _whatever(acts: list[tuple[str, Any]]) -> None:
    table = LiveTable(COLUMNS)
    rows = FakeRows(_keys(41))
    app = Stage(table)
    async with app.run_test(size=(60, 8)) as pilot:
        table.show(rows, Notice())
        table.focus()
        keys = list(rows.keys)
        await pilot.pause()
        for act, what in acts:
            before = table.cursor
            if act == "key":
                await pilot.press(what)
            elif act == "size":
                await pilot.resize_terminal(60, what)
            else:
                keys = [f"k{number}" for number in what]
                table.show(rows.ordered(keys))
                assert table.cursor == (before if before in keys else table.cursor)
                assert (table.cursor is None) == (not keys)
            await pilot.pause()
            screen = [line.text for line in app.screen._compositor.render_strips()]
            first = table.scroll_offset.y
            wanted = keys[first : first + table.size.height - 1]
            assert [line[2:10].strip() for line in screen[1 : table.size.height] if line[2:10].strip()] == wanted
            assert [line[2:10].strip() for line in screen if line.startswith(">")] == ([table.cursor] if keys else [])
            if table.cursor is not None and table.size.height > 1:
                assert table.cursor in wanted
