"""Themes: the tokens of a theme file, and what they become on the terminal.

Owns the way from `themes/*.toml` to Textual's theme and to the styles of segments. A broken theme file is reported
and left out; the house themes remain. Imported by `tui.ui` and by the roof that chooses a theme.
"""

import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from rich.color import Color
from rich.style import Style
from textual.theme import Theme

from console.tui.present.inert import inert
from console.tui.present.spans import Span, Tone

DEFAULT_THEME = "house-dark"
_LARGEST_FILE = 64 * 1024

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Paint = Annotated[
    str,
    StringConstraints(pattern=r"^(#[0-9a-f]{6}|ansi_(default|(bright_)?(black|red|green|yellow|blue|magenta|cyan|white)))$"),
]
Surface = Literal["ground", "panel", "raised"]


class Palette(BaseModel):
    """The tokens of one theme file. Colours are `#rrggbb`, or `ansi_…` in a theme of the terminal's own colours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    dark: bool
    ground: Paint
    panel: Paint
    raised: Paint
    line: Paint
    text: Paint
    muted: Paint
    dim: Paint
    brass: Paint
    ok: Paint
    warn: Paint
    danger: Paint
    info: Paint
    delegation: Paint

    @property
    def ansi(self) -> bool:
        """Whether the terminal's own colours are used, whose contrast nobody here can know."""
        return any(getattr(self, name).startswith("ansi_") for name in ("ground", "text"))


_SERIALS = count()


@dataclass(frozen=True, slots=True)
class ThemeFault:
    """A theme file that could not be used, and why."""

    file: str
    reason: str


HOUSE_DARK = Palette(
    name="house-dark",
    dark=True,
    ground="#0e1318",
    panel="#141b22",
    raised="#1b2530",
    line="#2a3643",
    text="#d9e0e8",
    muted="#8f9dad",
    dim="#75859a",
    brass="#e3b565",
    ok="#82c995",
    warn="#eda952",
    danger="#f2727a",
    info="#74b3ee",
    delegation="#b7a3f5",
)
"""Also in the program itself, so that a console without its theme files still starts."""


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


def themes_folder() -> Path:
    """Where the theme files are: in the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "_data" / "themes"
    return installed if installed.is_dir() else package.parent / "themes"


def load_themes(folders: Iterable[Path]) -> tuple[dict[str, Palette], tuple[ThemeFault, ...]]:
    """Every theme of the folders by name, later folders winning, and the files that could not be used."""
    palettes = {HOUSE_DARK.name: HOUSE_DARK}
    faults: list[ThemeFault] = []
    for folder in folders:
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            try:
                palette = read_theme(path)
            except (OSError, ValueError) as error:
                faults.append(ThemeFault(inert(path.name, 80).text, inert(_reason(error), 200).text))
            else:
                palettes[palette.name] = palette
    return palettes, tuple(faults)


def read_theme(path: Path) -> Palette:
    """Read one theme file. Raises ValueError where it is no theme, too large, or fails its contrast; OSError as usual."""
    with path.open("rb") as file:
        raw = file.read(_LARGEST_FILE + 1)
    if len(raw) > _LARGEST_FILE:
        raise ValueError("the file is larger than 64 KiB")
    palette = Palette.model_validate(tomllib.loads(raw.decode()))
    faults = contrast_faults(palette)
    if faults:
        raise ValueError("; ".join(faults))
    return palette


def contrast_faults(palette: Palette) -> tuple[str, ...]:
    """The pairs of colours that do not reach 4.5:1 (WCAG 2.2, 1.4.3); none for a theme of the terminal's own colours."""
    if palette.ansi:
        return ()
    faults = []
    for surface in ("ground", "panel", "raised"):
        for tone in Tone:
            if surface == "raised" and tone is Tone.DIM:
                continue
            ratio = contrast(getattr(palette, tone.value), getattr(palette, surface))
            if ratio < 4.5:
                faults.append(f"{tone.value} on {surface} has a contrast of {ratio:.2f}, 4.5 is needed")
    return tuple(faults)


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two `#rrggbb` colours, from 1 to 21 (WCAG 2.2, relative luminance)."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def wants_no_colour() -> bool:
    """Whether the environment asks for no colour (no-color.org: present and not empty)."""
    return bool(os.environ.get("NO_COLOR"))


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(256)
def _colour(token: str) -> Color:
    return Color.parse(token.removeprefix("ansi_"))


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:3])
    return str(error)
