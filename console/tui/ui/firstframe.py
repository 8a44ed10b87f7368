"""The first frame: what stands on the screen before Textual has been loaded. True, and where the console will paint it.

Owns the frame's lines and their colours as control sequences (ECMA-48, SGR). Pure, and loads no Textual; `launch` writes it.
What the widgets paint a moment later comes from the same functions, so that nothing moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from console.tui.palettes import Palette
from console.tui.present.bars import PAD, PAD_RIGHT, STRIP_PAD, KeyHint, Tab, key_piece, keys_gap, laid, strip_gap, tab_pieces
from console.tui.present.inert import inert
from console.tui.present.look import ASCII
from console.tui.present.spans import Span, Spans, Tone, clip_spans, spans_width
from console.tui.present.status import StatusFacts, standing, strip_pieces
from console.tui.ui.actions import ACTIONS, VIEWS
from console.tui.ui.keymap import key_word, keymap_of
from console.tui.ui.options import ConsoleOptions
from console.tui.ui.widgets.rows import Condition, Notice, notice_lines

Colours = Literal["none", "named", "256", "true"]
"""What a terminal can paint: no colour at all, its own sixteen, 256, or all."""
NARROW, WIDE = 60, 120
LOW, TALL = 15, 36
"""From how many cells and lines on the screen has another form; the style sheet has the same bounds."""
_ANSI = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_NOT_YET = ("release", "retry")
"""Keys that wait for a row to stand on."""
_TINY = ("contain", "help")
VIEW = "approvals"
"""The view that a console begins with."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A line of the frame: at which line it stands, from 0, on which surface, after how many blank cells."""

    y: int
    surface: Literal["ground", "panel"]
    pad: int
    spans: Spans


def facts_at_start(options: ConsoleOptions) -> StatusFacts:
    """What is known before the plane has answered."""
    armed = options.start == "armed" and not options.read_only
    return StatusFacts(
        environment=options.environment,
        operator=inert(options.operator, 64).text or "not known",
        mode="READ-ONLY" if options.read_only else "ARMED" if armed else "SAFE",
        connection="connecting",
        armed_left=300.0 if armed else 0.0,
        production=options.colour == "red",
        loaded=False,
    )


def keys_at_start(keys: Mapping[str, str], *, tiny: bool) -> list[KeyHint]:
    """The keys of the first view. What is sent to the plane is dead until it has said who is here."""
    offered = [one for one in ACTIONS if one.rank and one.offered(VIEW) and one.id not in _NOT_YET]
    return [
        KeyHint(
            one.id,
            key_word(keys.get(one.id, "") or one.shown),
            one.word,
            enabled=not one.act,
            takes=one.takes,
            keep=one.keep or one.id == "contain",
        )
        for one in sorted(offered, key=lambda one: one.rank)
        if not tiny or one.id in _TINY
    ]


def first_frame(options: ConsoleOptions, width: int, height: int, now: float) -> list[Placed]:
    """The lines of the first frame in a terminal of `width` cells and `height` lines; `now` is seconds since the epoch."""
    small = width < NARROW or height < LOW
    wide, tall = width >= WIDE, height >= TALL
    strip = laid(strip_pieces(facts_at_start(options), options.colour, now), width, strip_gap(width), STRIP_PAD)
    lines = [Placed(0, "panel", STRIP_PAD, strip.spans)]
    body = 1
    if not small:
        views = [Tab(name, digit, title, short="Over" if name == "overview" else "") for name, digit, title in VIEWS]
        pieces, gap = tab_pieces(views, VIEW, width - PAD - PAD_RIGHT)
        lines.append(Placed(2 if tall and wide else 1, "ground", PAD, laid(pieces, width, gap).spans))
        body = 4 if tall and wide else 2
    stand = standing("connecting", loaded=False, shown=0, filtered=False, empty="", hint="")
    framed = wide and not small
    for number, spans in enumerate(notice_lines(Notice(Condition(stand.condition), stand.words, stand.hint))):
        pad = 2 + 2 * framed
        # The table keeps its last cell for the scroll bar.
        lines.append(Placed(body + 2 + framed + number, "ground", pad, clip_spans(spans, width - pad - 1)))
    hints = keys_at_start(keymap_of(options.keymap).keys, tiny=small)
    keys = laid([key_piece(hint) for hint in hints], width, keys_gap(width))
    return [*(one for one in lines if one.y < height - 1), Placed(height - 1, "panel", PAD, keys.spans)]


def painted(
    frame: Sequence[Placed], width: int, height: int, palette: Palette, colours: Colours, *, ascii_only: bool = False
) -> str:
    """The frame as what a terminal is sent: every line from its beginning, whole, on its ground."""
    by_line = {one.y: one for one in frame}
    out: list[str] = []
    for y in range(height):
        one = by_line.get(y) or Placed(y, "ground", 0, ())
        spans = clip_spans(one.spans, max(0, width - one.pad))
        blank = _style(Span(""), one.surface, palette, colours)
        out += [f"\x1b[{y + 1};1H", blank, " " * one.pad]
        for span in spans:
            text = span.text.translate(ASCII) if ascii_only else span.text
            out += [_style(span, one.surface, palette, colours), text]
        out += [blank, " " * (width - one.pad - spans_width(spans))]
    return "".join([*out, "\x1b[0m"])


def _style(span: Span, surface: str, palette: Palette, colours: Colours) -> str:
    """As `theme.Brush` mixes it."""
    if colours == "none":
        parts = ["1"] if span.strong or span.fill else []
        return f"\x1b[{';'.join(['0', *parts, *(['7'] if span.fill else [])])}m"
    colour, back = getattr(palette, span.tone.value), getattr(palette, surface)
    parts = ["0"]
    if span.strong or span.fill:
        parts.append("1")
    if span.fill:
        colour, back = palette.ground, colour
        if colour == "ansi_default":
            return f"\x1b[0;1;7;{_code(back, 30, colours)}m"
    elif palette.ansi and span.tone is Tone.DIM and not span.strong:
        parts.append("2")
    return f"\x1b[{';'.join([*parts, _code(colour, 30, colours), _code(back, 40, colours)])}m"


def _code(token: str, base: int, colours: Colours) -> str:
    """The parameters for a token as the colour of letters (`base` 30) or of the ground (40)."""
    if token.startswith("ansi_"):
        name = token.removeprefix("ansi_")
        if name == "default":
            return str(base + 9)
        bright = name.startswith("bright_")
        return str(base + 60 * bright + _ANSI.index(name.removeprefix("bright_")))
    red, green, blue = (int(token[at : at + 2], 16) for at in (1, 3, 5))
    if colours == "true":
        return f"{base + 8};2;{red};{green};{blue}"
    if colours == "256":
        return f"{base + 8};5;{_of_256(red, green, blue)}"
    return str(base + 9)


def _of_256(red: int, green: int, blue: int) -> int:
    """The nearest of the 256 colours: of the grey ramp for what is nearly grey, else of the cube."""
    high, low = max(red, green, blue) / 255, min(red, green, blue) / 255
    light = (high + low) / 2
    spread = high - low
    strength = 0.0 if not spread else spread / (high + low if light <= 0.5 else 2.0 - high - low)
    if strength < 0.15:
        grey = round(light * 25)
        return 16 if grey == 0 else 231 if grey == 25 else 231 + grey
    steps = [part / 95 if part < 95 else 1 + (part - 95) / 40 for part in (red, green, blue)]
    return 16 + 36 * round(steps[0]) + 6 * round(steps[1]) + round(steps[2])


def colours_of(environment: Mapping[str, str]) -> Colours:
    """What a terminal can paint, as far as its environment tells."""
    if environment.get("NO_COLOR"):
        return "none"
    if environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "true"
    term = environment.get("TERM", "").strip().lower()
    name = term.rpartition("-")[2]
    return "true" if name == "direct" else "256" if name == "256color" or term in ("xterm-kitty",) else "named"
