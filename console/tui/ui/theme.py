"""Themes: what the tokens of a palette become on the terminal.

Owns the way from a palette to Textual's theme and to the styles of segments. The palettes themselves are in `palettes`.
"""

from functools import lru_cache
from itertools import count
from typing import Literal

from rich.color import Color
from rich.style import Style
from textual.theme import Theme

from console.tui.palettes import HOUSE_DARK, Palette
from console.tui.present.spans import Span, Tone

Surface = Literal["ground", "panel", "raised"]
_SERIALS = count()


class Brush:
    """Turns tones into styles of segments, for one palette; `colourless` gives weight and reversal only."""

    def __init__(self, palette: Palette = HOUSE_DARK, *, colourless: bool = False) -> None:
        self.palette = palette
        self.colourless = colourless
        self.serial = next(_SERIALS)
        """Differs for every brush, so that what was painted with another one is known to be old."""
        self._styles: dict[tuple[Tone, bool, bool, Surface], Style] = {}
        self._edges: dict[Surface, Style] = {}

    def style(self, tone: Tone, *, strong: bool = False, fill: bool = False, surface: Surface = "ground") -> Style:
        """The style of a tone on a surface. Dim is not used on raised: it becomes muted there."""
        if surface == "raised" and tone is Tone.DIM:
            tone = Tone.MUTED
        wanted = (tone, strong, fill, surface)
        style = self._styles.get(wanted)
        if style is None:
            style = self._styles[wanted] = self._mix(*wanted)
        return style

    def of(self, span: Span, surface: Surface = "ground") -> Style:
        """The style of a span on a surface."""
        return self.style(span.tone, strong=span.strong, fill=span.fill, surface=surface)

    def ground(self, surface: Surface = "ground") -> Style:
        """The style of blank cells."""
        return self.style(Tone.TEXT, surface=surface)

    def edge(self, surface: Surface = "ground") -> Style:
        """The style of quiet lines."""
        style = self._edges.get(surface)
        if style is None:
            back = getattr(self.palette, surface)
            style = Style(dim=True) if self.colourless else Style(color=_colour(self.palette.line), bgcolor=_colour(back))
            self._edges[surface] = style
        return style

    def _mix(self, tone: Tone, strong: bool, fill: bool, surface: Surface) -> Style:
        if self.colourless:
            return Style(bold=strong or fill or None, reverse=fill or None)
        colour, back = getattr(self.palette, tone.value), getattr(self.palette, surface)
        if fill:
            colour, back = self.palette.ground, colour
            if colour == "ansi_default":
                return Style(color=_colour(back), reverse=True, bold=True)
        # The terminal's own colours have no third weight of text that can be read on every ground; its faint letters are one.
        faint = self.palette.ansi and tone is Tone.DIM and not strong
        return Style(color=_colour(colour), bgcolor=_colour(back), bold=strong or fill, dim=faint or None)


_PLAIN = Brush()


def brush_of(app: object) -> Brush:
    """The application's brush, which is its attribute `brush`, or the house's dark one where it has none.

    For another theme the application sets another brush first, and then `app.theme`.
    """
    own = getattr(app, "brush", None)
    return own if isinstance(own, Brush) else _PLAIN


def to_textual(palette: Palette) -> Theme:
    """The palette as a Textual theme; `$ground`, `$raised`, `$line`, `$muted`, `$dim` and `$brass` are its variables."""
    return Theme(
        name=palette.name,
        primary=palette.brass,
        secondary=palette.info,
        accent=palette.brass,
        warning=palette.warn,
        error=palette.danger,
        success=palette.ok,
        foreground=palette.text,
        background=palette.ground,
        surface=palette.ground,
        panel=palette.panel,
        boost=palette.raised,
        dark=palette.dark,
        text_alpha=1.0,
        ansi=palette.ansi,
        variables={
            **({"ansi-background": "ansi_default", "ansi-foreground": "ansi_default"} if palette.ansi else {}),
            "ground": palette.ground,
            "raised": palette.raised,
            "line": palette.line,
            "plain": palette.text,
            "muted": palette.muted,
            "dim": palette.dim,
            "brass": palette.brass,
            "ok": palette.ok,
            "warn": palette.warn,
            "danger": palette.danger,
            "info": palette.info,
            "delegation": palette.delegation,
            "scrollbar": palette.line,
            "scrollbar-hover": palette.dim,
            "scrollbar-active": palette.brass,
            "scrollbar-background": palette.ground,
            "scrollbar-background-hover": palette.ground,
            "scrollbar-background-active": palette.ground,
            "scrollbar-corner-color": palette.ground,
            "input-cursor-background": palette.brass,
            "input-cursor-foreground": palette.ground,
            "input-selection-background": palette.line,
            "border": palette.line,
            "border-blurred": palette.line,
        },
    )


@lru_cache(256)
def _colour(token: str) -> Color:
    return Color.parse(token.removeprefix("ansi_"))
