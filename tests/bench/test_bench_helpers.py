"""What the benchmark of the console reads from a screen and writes into its table. No figure is judged here."""

from tests.bench.console_figures import live_leases, stands_active
from tests.bench.figure_table import Row, percentiles, table
from tests.bench.pty_terminal import cursor_line
from tests.bench.screen_model import ScreenModel

FRAME = (
    "\x1b[?25l\x1b[1;1H\x1b[1;38;2;1;2;3mLEFT\x1b[0m  SCOPE\x1b[2;1H\x1b[48;2;9;9;9m  12:30 …\x1b[0m 宽 copy-1\x1b]0;title\x07"
)


def screen(*parts: bytes) -> ScreenModel:
    made = ScreenModel(40, 5)
    for part in parts:
        made.feed(part)
    return made


def test_text_and_style_stand_where_they_were_painted() -> None:
    seen = screen(FRAME.encode())
    assert seen.text(0).rstrip() == "LEFT  SCOPE"
    assert seen.text(1).rstrip() == "  12:30 … 宽 copy-1"
    assert (seen.style(0, 0), seen.style(1, 3), seen.style(1, 13)) == ("1;38;2;1;2;3", "48;2;9;9;9", "0")
    assert seen.line_with("LEFT", "SCOPE") == 0
    assert seen.line_with("LEFT", "copy-1") == -1


def test_a_frame_may_be_cut_anywhere() -> None:
    whole, frame = screen(FRAME.encode()), FRAME.encode()
    for at in range(len(frame)):
        assert screen(frame[:at], frame[at:]).words == whole.words


def test_the_cursor_is_found_by_its_sign_and_by_its_background() -> None:
    by_sign = screen(b"\x1b[1;1HTITLES\x1b[2;1H  one\x1b[3;1H> two\x1b[4;1H  three")
    assert cursor_line(by_sign, 0) == 2
    ground, lit = "\x1b[48;2;0;0;0m", "\x1b[48;2;0;90;0m"
    lines = [(2, ground), (3, lit), (4, ground)]
    by_ground = screen(b"".join(f"\x1b[{line};1H{style} row {line}   ".encode() for line, style in lines))
    assert cursor_line(by_ground, 0) == 2
    assert cursor_line(screen(b"\x1b[1;1HTITLES"), 0) == -1


def test_what_is_live_is_read_from_both_programs() -> None:
    assert live_leases("SAFE   ● LIVE   approvals 0   leases 99,936 next 08:55") == 99_936
    assert live_leases("LIVE  leases 10,000") == 10_000
    assert live_leases("CONNECTING  leases 10,000") == 0


def test_a_row_stands_active_until_it_is_painted_otherwise_or_has_left() -> None:
    titles, story = b"\x1b[1;1H LEFT  STATE   SCOPE", b"\x1b[4;1H lease.active   read mark-1 "
    row, beside = b"\x1b[2;1H 05:00 active  read mark-1 ", b"\x1b[3;1H 05:00 active  read mark-2 mark-1 "
    assert stands_active(screen(titles, row, story), "mark-1")
    assert not stands_active(screen(titles, row, b"\x1b[2;1H 05:00 revoked read mark-1 active"), "mark-1")
    assert not stands_active(screen(titles, story), "mark-1")
    assert stands_active(screen(titles, beside), "mark-2")


def test_a_line_says_whether_it_is_within_its_budget_and_what_the_twin_needs() -> None:
    slow = Row.of_times("a key", [0.001 * at for at in range(100)], [0.1] * 100, (8.0, None, 40.0))
    assert (slow.within, slow.ratio) == ("**no**", "1.0")
    quick = Row.of_figure("memory", 120.0, 240.0, 200.0, "MB")
    assert quick.cells() == ("memory", "120 MB", "200 MB", "yes", "240 MB", "2.0")
    alone = Row.of_medians("first frame", [0.2, 0.1, 0.3], [], None)
    assert alone.cells() == ("first frame", "200 ms", "", "", "", "")
    assert percentiles([]) == ()
    assert table([quick]).splitlines()[2] == "| memory | 120 MB | 200 MB | yes | 240 MB | 2.0 |"
