"""Plots: blocks over an axis that says its largest value, its unit and its time."""

import pytest

from console.tui.present.look import ASCII
from console.tui.present.plot import Band, bars, last_minutes, round_top, spread
from console.tui.present.spans import Line, Tone, plain, spans_width


def drawn(lines: tuple[Line, ...]) -> list[str]:
    return [plain(line.spans).rstrip() for line in lines]


def test_columns_stand_over_an_axis_with_its_unit_and_its_time() -> None:
    lines = bars([Band((0, 1, 2, 4, 10), Tone.INFO)], 16, 6, unit="/s", below=("15m", "now"))
    assert drawn(lines) == [
        "10/s │        ██",
        "     │        ██",
        "   5 │      ▅▅██",
        "     │  ▃▃▆▆████",
        "     └──────────",
        "      15m    now",
    ]


def test_bands_are_stacked_and_what_presses_stands_at_the_bottom() -> None:
    lines = bars([Band((0, 5), Tone.DANGER), Band((10, 5), Tone.INFO)], 6, 6)
    tones = [[span.tone for span in line.spans[2:]] for line in lines[:4]]
    assert tones == [[Tone.INFO], [Tone.INFO], [Tone.INFO, Tone.DANGER], [Tone.INFO, Tone.DANGER]]


@pytest.mark.parametrize(("width", "height"), [(12, 4), (40, 8), (120, 14)])
def test_a_plot_keeps_to_its_size(width: int, height: int) -> None:
    lines = bars([Band(tuple(range(90)), Tone.INFO)], width, height, unit="/s", below=("15m ago", "now"))
    assert len(lines) == height
    assert all(spans_width(line.spans) <= width for line in lines)


def test_what_is_more_than_nothing_is_seen() -> None:
    lines = bars([Band((0.001, 1000), Tone.INFO)], 20, 6)
    assert "▁" in plain(lines[3].spans)


@pytest.mark.parametrize(("value", "top"), [(0, 1), (0.3, 0.5), (1, 1), (1.1, 2), (5.01, 10), (99, 100)])
def test_an_axis_ends_at_a_round_number(value: float, top: float) -> None:
    assert round_top(value) == pytest.approx(top)


def test_spans_of_time_begin_at_whole_multiples_and_the_open_one_is_left_out() -> None:
    pulse = {95: (5, 0, 0), 100: (1, 2, 3), 101: (1, 0, 0), 102: (9, 9, 9)}
    assert last_minutes(pulse, 103.5, 9, 3) == ([(5, 0, 0), (0, 0, 0), (2, 2, 3)], 3)
    assert last_minutes(pulse, 104.9, 9, 3) == last_minutes(pulse, 103.5, 9, 3)
    assert last_minutes(pulse, 105, 9, 3)[0] == [(0, 0, 0), (2, 2, 3), (9, 9, 9)]


@pytest.mark.parametrize(
    ("width", "words"), [(40, "15m ago     10m          5m          now"), (12, "15m ago  now"), (8, "     now")]
)
def test_words_stand_from_edge_to_edge(width: int, words: str) -> None:
    assert spread(("15m ago", "10m", "5m", "now"), width) == words


def test_every_block_and_line_has_an_ascii_stand_in() -> None:
    lines = bars([Band(tuple(range(9)), Tone.INFO)], 40, 10, unit="/s", below=("15m ago", "now"))
    assert all(plain(line.spans).translate(ASCII).isascii() for line in lines)
