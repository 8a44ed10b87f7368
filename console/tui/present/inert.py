"""Make text from outside inert: what is hidden becomes a visible mark, what is too long is cut.

Owns the rule which characters may reach a terminal as they are. Everything that arrives from agents, policies,
servers and files passes through here once, at ingest. Imported by `tui` only.

A mark is `␛`, `␍` and their sisters for the C0 controls and DEL, and `␣U+202E` for everything else.
Refused as they are: C0 and C1 controls, DEL, bidirectional controls, zero-width and tag characters, line and
paragraph separators, variation selectors, lone surrogates, private and unassigned characters, every space but the
plain one, blank letters, enclosing marks, stacked combining marks, and the parts of joined pictures on whose width no
two terminals agree.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

CELL_LIMIT = 400
"""The most characters that one line of foreign text may have."""
PARAGRAPH_LIMIT = 16_000
"""The most characters that foreign prose may have."""

_STACK = 2
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Me"})
_COMBINING = frozenset({"Mn", "Mc"})
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "GEORGIAN", "HEBREW")
_LOOKALIKE = frozenset("асԁеһіјкӏорԛѕтԝхуАВСЕНІЈКМОРЅТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορτυχіօսոһցՏՕ")


@dataclass(frozen=True, slots=True)
class InertText:
    """Text that may be painted, and what was found while making it so."""

    text: str
    hidden: int = 0
    """How many hidden characters are now visible marks."""
    mixed_script: bool = False
    """A word mixes the letters of several scripts, as no honest name does."""
    lookalike: bool = False
    """A word is written wholly in letters that pass for Latin ones but are not."""
    cut: bool = False
    """The text was longer than its limit."""

    @property
    def suspicious(self) -> bool:
        """Whether a reader must be told that this text may not be what it seems."""
        return bool(self.hidden) or self.mixed_script or self.lookalike


def inert(text: str, limit: int = CELL_LIMIT) -> InertText:
    """Make one line of foreign text inert; line breaks and tabs become marks. `limit` is in characters."""
    return _inert(text, limit, paragraphs=False)


def inert_prose(text: str, limit: int = PARAGRAPH_LIMIT) -> InertText:
    """Make foreign prose inert; line feeds stay, everything else is as in `inert`. `limit` is in characters."""
    return _inert(text, limit, paragraphs=True)


def is_inert(text: str) -> bool:
    """Whether one line may be painted as it is, whatever its length."""
    return (text.isascii() and text.isprintable()) or _make_visible(text, paragraphs=False)[1] == 0


def painted_width(text: str) -> int:
    """How many cells inert text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


def clip(text: str, width: int) -> str:
    """Shorten inert text to at most `width` cells, ending in `…` where something was left out."""
    if width <= 0:
        return ""
    if painted_width(text) <= width:
        return text
    kept, used = 0, 0
    for character in text:
        step = _character_width(character)
        if used + step > width - 1:
            break
        used += step
        kept += 1
    return text[:kept] + "…"


def _inert(text: str, limit: int, *, paragraphs: bool) -> InertText:
    limit = max(1, limit)
    if len(text) <= limit and text.isascii() and text.isprintable():
        return InertText(text)
    # Reading stops well past the limit: a mark is at most nine characters, and a count beyond that helps nobody.
    visible, hidden = _make_visible(text[: limit * 4], paragraphs=paragraphs)
    cut = len(visible) > limit or len(text) > limit * 4
    if cut:
        visible = visible[: limit - 1] + "…"
    mixed, lookalike = _judge_words(visible)
    return InertText(visible, hidden, mixed, lookalike, cut)


def _make_visible(text: str, *, paragraphs: bool) -> tuple[str, int]:
    out: list[str] = []
    hidden = 0
    stack = _STACK
    for character in text:
        if character == "\n" and paragraphs:
            out.append(character)
            stack = _STACK
            continue
        if _combines(character):
            stack += 1
            if stack <= _STACK:
                out.append(character)
                continue
        elif not hides(character):
            out.append(character)
            # A combining mark needs a letter to stand on; after a space it would stand on the wrong cell.
            stack = _STACK if character == " " else 0
            continue
        hidden += 1
        stack = _STACK
        out.append(_mark(character))
    return "".join(out), hidden


def _mark(character: str) -> str:
    point = ord(character)
    if point < 0x20:
        return chr(0x2400 + point)
    if point == 0x7F:
        return "\u2421"
    return f"␣U+{point:04X}"


@lru_cache(8192)
def _combines(character: str) -> bool:
    return unicodedata.category(character) in _COMBINING and not hides(character)


@lru_cache(8192)
def hides(character: str) -> bool:
    """Whether a character may never reach a terminal as it is: it acts there, or nobody sees it."""
    if character == " ":
        return False
    point = ord(character)
    if unicodedata.category(character) in _HIDDEN_CATEGORIES or character in _BLANK_LETTERS:
        return True
    return (
        0xFE00 <= point <= 0xFE0F  # variation selectors
        or 0xE0000 <= point <= 0xE0FFF  # tags and further variation selectors
        or 0x180B <= point <= 0x180F  # Mongolian selectors
        or 0x1160 <= point <= 0x11FF  # Hangul vowels and finals that join the letter before them
        or 0xD7B0 <= point <= 0xD7FF
        or 0x2630 <= point <= 0x2637  # trigrams and their kin, whose width changed between editions of Unicode
        or 0x268A <= point <= 0x268F
        or 0x4DC0 <= point <= 0x4DFF
        or 0x1D300 <= point <= 0x1D37F
        or 0x1F1E6 <= point <= 0x1F1FF  # regional indicators join in pairs
        or 0x1F3FB <= point <= 0x1F3FF  # skin tones join the picture before them
    )


@lru_cache(8192)
def _character_width(character: str) -> int:
    if unicodedata.category(character) in _COMBINING:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _judge_words(text: str) -> tuple[bool, bool]:
    if text.isascii():
        return False, False
    mixed = lookalike = False
    for word in _words(text):
        if word.isascii():
            continue
        scripts = {script for script in map(_script, word) if script}
        letters = [character for character in word if character.isalpha()]
        mixed = mixed or len(scripts) > 1
        disguised = all(character in _LOOKALIKE for character in letters)
        styled = any(unicodedata.normalize("NFKC", character).isascii() for character in letters if not character.isascii())
        lookalike = lookalike or (len(letters) > 1 and disguised) or styled
    return mixed, lookalike


def _words(text: str) -> list[str]:
    return "".join(character if character.isalnum() or character in "-_." else " " for character in text).split()


@lru_cache(8192)
def _script(character: str) -> str:
    if not character.isalpha():
        return ""
    name = unicodedata.name(character, "")
    return next((script for script in _SCRIPTS if name.startswith(script)), "")
