"""Text from outside: nothing that a terminal acts upon gets through, whatever comes in."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from console.tui.present.inert import clip, inert, inert_prose, is_inert, painted_width

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp", "Mn", "Me"]),
        st.sampled_from("\x1b\x9b\r\n\t\x7f\u202e\u2066\u200b\u200d\ufeff\ufe0f\u2028\U000e0041\ud800\u0301 a[я"),
    ),
    max_size=200,
)
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Me")


@given(HOSTILE, st.integers(1, 250))
def test_nothing_hidden_gets_through(text: str, limit: int) -> None:
    made = inert(text, limit)
    assert not [one for one in made.text if unicodedata.category(one) in HIDDEN]
    assert not [one for one in made.text if 0xFE00 <= ord(one) <= 0xFE0F or (unicodedata.category(one) == "Zs" and one != " ")]
    assert len(made.text) <= limit


@given(HOSTILE, st.integers(1, 250))
def test_what_is_inert_stays_as_it_is(text: str, limit: int) -> None:
    for make in (inert, inert_prose):
        once = make(text, limit)
        again = make(once.text, limit)
        assert again.text == once.text
        assert again.hidden == 0
        assert not again.cut


@given(HOSTILE)
def test_prose_keeps_its_lines_and_nothing_else(text: str) -> None:
    made = inert_prose(text)
    assert made.text.count("\n") == text.count("\n")
    assert all(is_inert(line) for line in made.text.split("\n"))


@given(HOSTILE)
def test_the_width_is_the_one_that_the_screen_counts(text: str) -> None:
    made = inert(text).text
    assert painted_width(made) == cell_len(made)


@given(HOSTILE, st.integers(0, 40))
def test_clipped_text_fits(text: str, width: int) -> None:
    whole = inert(text).text
    short = clip(whole, width)
    assert painted_width(short) <= width
    assert short == whole or width == 0 or short.endswith("…")


@pytest.mark.parametrize(
    ("text", "shown", "hidden"),
    [
        ("approve now.\u202e", "approve now.␣U+202E", 1),
        ("\x1b[2Jgone", "␛[2Jgone", 1),
        ("a\r\nb", "a␍␊b", 2),
        ("del\x7f\x9b", "del␡␣U+009B", 2),
        ("tag\U000e0041", "tag␣U+E0041", 1),
        ("no\u00a0break", "no␣U+00A0break", 1),
        ("\ud800", "␣U+D800", 1),
        ("e\u0301", "e\u0301", 0),
        ("\u0301e", "␣U+0301e", 1),
        ("e" + "\u0301" * 5, "e\u0301\u0301" + "␣U+0301" * 3, 3),
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]", 0),
        ("Grüße 漢字", "Grüße 漢字", 0),
    ],
)
def test_hidden_characters_become_marks(text: str, shown: str, hidden: int) -> None:
    made = inert(text)
    assert (made.text, made.hidden) == (shown, hidden)
    assert made.suspicious is bool(hidden)


def test_text_is_cut_at_its_limit_and_says_so() -> None:
    made = inert("x" * 1000, 10)
    assert made.text == "x" * 9 + "…"
    assert made.cut
    assert not inert("x" * 10, 10).cut


@pytest.mark.parametrize(
    ("name", "mixed", "lookalike"),
    [
        ("planner-1", False, False),
        ("pl\u0430nner-1", True, False),
        ("\u03bfmar", True, False),
        ("\u0430\u0441\u0435", False, True),
        ("\uff50\uff4c\uff41\uff4e\uff4e\uff45\uff52", False, True),
        ("Zoë", False, False),
        ("планировщик", False, False),
        ("planner планировщик", False, False),
    ],
)
def test_names_in_disguise_are_flagged(name: str, mixed: bool, lookalike: bool) -> None:
    made = inert(name)
    assert (made.mixed_script, made.lookalike) == (mixed, lookalike)
    assert made.suspicious is (mixed or lookalike)
