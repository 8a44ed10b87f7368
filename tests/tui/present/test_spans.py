"""Spans: wrapping keeps every word, and strips leave by priority."""

from hypothesis import given
from hypothesis import strategies as st

from console.tui.present.spans import Piece, Span, Tone, clip_spans, fit_pieces, plain, spans_width, wrap

WORDS = st.lists(st.builds(Span, st.text("ab 漢é", max_size=12), st.sampled_from(list(Tone)), whole=st.booleans()), max_size=8)


@given(WORDS, st.integers(2, 30), st.integers(0, 10))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(spans: list[Span], width: int, indent: int) -> None:
    lines = wrap(spans, width, indent)
    for number, line in enumerate(lines):
        assert spans_width(line) <= (width if number == 0 else max(2, width - indent))
    assert "".join(map(plain, lines)).replace(" ", "") == plain(spans).replace(" ", "")


def test_a_line_breaks_at_spaces_and_not_inside_a_whole_span() -> None:
    spans = (Span("one two "), Span("✗ maya asked", Tone.MUTED, whole=True), Span(" end"))
    assert [plain(line) for line in wrap(spans, 15)] == ["one two", "✗ maya asked", "end"]


def test_a_dot_between_thoughts_is_not_left_at_the_end_of_a_line() -> None:
    assert [plain(line) for line in wrap((Span("retry +15 · depth 2 +12"),), 13)] == ["retry +15", "depth 2 +12"]


def test_a_word_longer_than_the_line_is_broken() -> None:
    assert [plain(line) for line in wrap((Span("abcdefgh ij"),), 5)] == ["abcde", "fgh", "ij"]


def test_a_span_makes_foreign_text_inert_itself() -> None:
    assert Span("a\x1b[2J\u202e").text == "a␛[2J␣U+202E"


def test_clipping_ends_in_an_ellipsis() -> None:
    assert plain(clip_spans((Span("planner"), Span("-1", Tone.DIM)), 8)) == "planner…"
    assert plain(clip_spans((Span("planner"), Span("-1", Tone.DIM)), 9)) == "planner-1"


def _piece(text: str, priority: int = 0, short: str = "") -> Piece:
    return Piece((Span(text),), priority, short=(Span(short),) if short else ())


def test_pieces_shorten_first_and_leave_by_priority_then() -> None:
    pieces = [_piece("PROD"), _piece("maya@acme", 2, "maya"), _piece("approvals 7", 1, "appr 7"), _piece("latency", 3)]

    def said(width: int) -> list[str]:
        return [plain(piece.spans) for piece in fit_pieces(pieces, width, 1)]

    assert said(40) == ["PROD", "maya@acme", "approvals 7", "latency"]
    assert said(29) == ["PROD", "maya", "approvals 7", "latency"]
    assert said(24) == ["PROD", "maya", "appr 7", "latency"]
    assert said(16) == ["PROD", "maya", "appr 7"]
    assert said(12) == ["PROD", "appr 7"]
    assert said(3) == ["PR…"]
