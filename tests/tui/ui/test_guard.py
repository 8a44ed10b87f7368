"""The guard: nothing that a terminal acts upon leaves, the line keeps its width, and no colour means none."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from console.tui.ui.guard import AsciiGuard, ColourlessGuard, InertGuard, guards

GROUND = Color(0, 0, 0)
HOSTILE = st.text(
    st.one_of(
        st.characters(categories=["L", "Zs", "Cc", "Cf", "Cs"]),
        st.sampled_from("\x1b\x9b\r\n\x07\u202e\u2066\u200b\ufeff\ufe0f\u2028\U000e0041\ud800\u3164"),
    )
)


@given(HOSTILE)
def test_nothing_that_a_terminal_acts_upon_leaves(text: str) -> None:
    (segment,) = InertGuard().apply([Segment(text)], GROUND)
    assert not [one for one in segment.text if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"}]
    assert not set(segment.text) & set("\u202e\u2066\u200b\ufeff\ufe0f\U000e0041\u3164")
    assert segment.control is None


def test_what_is_dropped_leaves_the_line_as_wide_as_it_was() -> None:
    segments = [Segment("ab\u3164cd"), Segment("ef")]
    cleaned = InertGuard().apply(segments, GROUND)
    assert [one.cell_length for one in cleaned] == [one.cell_length for one in segments]
    assert cleaned[0].text.startswith("abcd")


def test_links_and_control_segments_are_dropped() -> None:
    linked = Segment("docs", Style(bold=True, link="https://example.com"))
    control = Segment("", None, [])
    cleaned = InertGuard().apply([linked, control], GROUND)
    assert cleaned[0].style is not None
    assert cleaned[0].style.link is None
    assert cleaned[0].style.bold
    assert cleaned[1].control is None


def test_no_colour_code_is_left() -> None:
    style = Style(color="#ff0000", bgcolor="#00ff00", bold=True, underline=True, reverse=True)
    (segment,) = ColourlessGuard().apply([Segment("x", style)], GROUND)
    assert segment.style is not None
    assert "\x1b[" in segment.style.render("x")
    assert ";38" not in segment.style.render("x")
    assert segment.style == Style(bold=True, underline=True, reverse=True)


def test_the_glyphs_of_the_house_have_ascii() -> None:
    (segment,) = AsciiGuard().apply([Segment("▲▲ crit ● → ␛␣U+202E 61 % █░ …")], GROUND)
    assert segment.text == "!! crit * > ^^U+202E 61 % #- ~"


def test_the_filters_come_in_their_order() -> None:
    assert [type(one) for one in guards()] == [InertGuard]
    assert [type(one) for one in guards(colourless=True, ascii_only=True)] == [InertGuard, AsciiGuard, ColourlessGuard]
