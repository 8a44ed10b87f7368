"""The lines at the edges of the screen: the strip, the views, the keys, as pieces and as spans of one line.

Owns the gaps between pieces and the forms that the views take in little room. Pure: the widgets paint it, and so does the
frame that is painted before they are loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from console.tui.present.spans import Piece, Span, Spans, Tone, fit_pieces

STRIP_PAD, PAD = 0, 1
"""Blank cells before the strip, and before the other lines; after each of them is one."""
PAD_RIGHT = 1


@dataclass(frozen=True, slots=True)
class Tab:
    """One view in the strip."""

    name: str
    """What a click on it reports."""
    digit: str
    title: str
    count: str = ""
    short: str = ""
    """The title where there is little room."""


@dataclass(frozen=True, slots=True)
class KeyHint:
    """One key and its word."""

    name: str
    """The action; what a click on it reports."""
    key: str
    word: str
    enabled: bool = True
    takes: bool = False
    """Takes power away: its key is red."""
    keep: bool = False
    """Stays when others leave for want of room, as help does."""


class Laid(NamedTuple):
    """One line: its spans after the padding, and where the named pieces stand, as (from, to, name) in cells."""

    spans: Spans
    doors: tuple[tuple[int, int, str], ...]


def strip_gap(width: int) -> int:
    """Cells between two pieces of the status strip."""
    return 3 if width >= 140 else 2 if width >= 84 else 1


def keys_gap(width: int) -> int:
    """Cells between two keys."""
    return 2 if width >= 100 else 1


def tab_pieces(tabs: Sequence[Tab], chosen: str, room: int) -> tuple[list[Piece], int]:
    """The views in the fullest form that fits into `room` cells, and the gap between them.

    In little room the counts go first, then long titles, then all titles but the chosen one's.
    """
    pieces: list[Piece] = []
    gap = 1
    for counts, short, titles, tight in (
        (True, False, True, False),
        (False, False, True, False),
        (False, True, True, True),
        (False, True, False, True),
    ):
        gap = 1 if tight else 2
        pieces = [_tab(tab, tab.name == chosen, counts=counts, short=short, titles=titles, block=not tight) for tab in tabs]
        if sum(piece.width for piece in pieces) + gap * (len(pieces) - 1) <= room:
            break
    return pieces, gap


def _tab(tab: Tab, chosen: bool, *, counts: bool, short: bool, titles: bool, block: bool) -> Piece:
    title = (tab.short or tab.title) if short else tab.title
    if chosen:
        words = " ".join(part for part in (tab.digit, title, tab.count if counts else "") if part)
        edge = " " if block else ""
        return Piece((Span(f"{edge}{words}{edge}", Tone.BRASS, strong=True, fill=True),), name=tab.name)
    spans = [Span(tab.digit, Tone.BRASS)]
    if titles:
        spans.append(Span(f" {title}", Tone.MUTED))
    if counts and tab.count:
        spans.append(Span(f" {tab.count}", Tone.TEXT))
    return Piece(tuple(spans), priority=1, name=tab.name)


def key_piece(hint: KeyHint) -> Piece:
    """A key in brass or red with its word; dim where it is dead."""
    tone = Tone.DIM if not hint.enabled else Tone.DANGER if hint.takes else Tone.BRASS
    word = Span(f" {hint.word}", Tone.MUTED if hint.enabled else Tone.DIM)
    return Piece((Span(hint.key, tone, strong=hint.enabled), word), priority=0 if hint.keep else 1, name=hint.name)


def laid(pieces: Sequence[Piece], width: int, gap: int, pad: int = PAD, pad_right: int = PAD_RIGHT) -> Laid:
    """The pieces that fit into a line of `width` cells, those of the right edge there; the spans begin after the padding."""
    fitted = fit_pieces(pieces, width - pad - pad_right, gap)
    right = [piece for piece in fitted if piece.right]
    spans: list[Span] = []
    doors: list[tuple[int, int, str]] = []

    def put(piece: Piece, x: int, gap: int) -> int:
        if spans and gap and x > pad:
            spans.append(Span(" " * gap))
            x += gap
        spans.extend(piece.spans)
        if piece.name:
            doors.append((x, x + piece.width, piece.name))
        return x + piece.width

    x = pad
    for piece in fitted:
        if not piece.right:
            x = put(piece, x, gap)
    if right:
        start = width - pad_right - sum(piece.width for piece in right) - gap * (len(right) - 1)
        if start > x:
            spans.append(Span(" " * (start - x)))
        x = max(x, start)
        for index, piece in enumerate(right):
            x = put(piece, x, gap if index else 0)
    return Laid(tuple(spans), tuple(doors))
