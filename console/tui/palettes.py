"""Palettes: the tokens of the theme files, and where the files are.

Owns what a theme file may say, and the contrast that it must reach. A broken file is reported and left out; the house's
palettes remain. Loads no Textual: the first frame is painted before it.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from console.tui.present.inert import inert
from console.tui.present.spans import Tone

DEFAULT_THEME = "house-dark"
_LARGEST_FILE = 64 * 1024
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_PAINT = re.compile(r"#[0-9a-f]{6}|ansi_(default|(bright_)?(black|red|green|yellow|blue|magenta|cyan|white))")


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The tokens of one theme file. Colours are `#rrggbb`, or `ansi_…` in a theme of the terminal's own colours."""

    name: str
    dark: bool
    ground: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    dim: str
    brass: str
    ok: str
    warn: str
    danger: str
    info: str
    delegation: str

    @property
    def ansi(self) -> bool:
        """Whether the terminal's own colours are used, whose contrast nobody here can know."""
        return any(getattr(self, name).startswith("ansi_") for name in ("ground", "text"))


_TOKENS = tuple(one.name for one in fields(Palette))

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


@dataclass(frozen=True, slots=True)
class ThemeFault:
    """A theme file that could not be used, and why."""

    file: str
    reason: str


class Palettes(Mapping[str, Palette]):
    """Every theme by name; later folders win over earlier ones, and all over the house's.

    One's own are read at once, so that what is wrong with them is told. Of the house's, which have the names of their
    files, only those that are asked for are read, until all are.
    """

    def __init__(self, house: Path, own: Iterable[Path] = ()) -> None:
        self._house = house
        self._all = False
        self._own, self.faults = load_themes(own)
        self._known = {HOUSE_DARK.name: HOUSE_DARK} | self._own

    def __getitem__(self, name: str) -> Palette:
        if name not in self._known and not self._all and _NAME.fullmatch(name):
            self._read(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        self._rest()
        return iter(self._known)

    def __len__(self) -> int:
        self._rest()
        return len(self._known)

    @property
    def own(self) -> frozenset[str]:
        """The names of one's own themes."""
        return frozenset(name for name, palette in self._own.items() if palette is not HOUSE_DARK)

    def _read(self, name: str) -> None:
        try:
            palette = read_theme(self._house / f"{name}.toml")
        except FileNotFoundError:
            return
        except (OSError, ValueError):
            self._rest()
        else:
            self._known[palette.name] = palette

    def _rest(self) -> None:
        if not self._all:
            self._all = True
            house, faults = load_themes([self._house])
            self._known = house | self._own
            self.faults += faults


def themes_folder() -> Path:
    """Where the theme files are: in the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
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
                faults.append(ThemeFault(inert(path.name, 80).text, inert(str(error), 200).text))
            else:
                palettes[palette.name] = palette
    return palettes, tuple(faults)


def read_theme(path: Path) -> Palette:
    """Read one theme file. Raises ValueError where it is no theme, too large, or fails its contrast; OSError as usual."""
    import tomllib  # noqa: PLC0415 - the palette that is worn most often needs no file

    with path.open("rb") as file:
        raw = file.read(_LARGEST_FILE + 1)
    if len(raw) > _LARGEST_FILE:
        raise ValueError("the file is larger than 64 KiB")
    palette = palette_of(tomllib.loads(raw.decode()))
    faults = contrast_faults(palette)
    if faults:
        raise ValueError("; ".join(faults))
    return palette


def palette_of(told: Mapping[str, object]) -> Palette:
    """A palette of the tokens that a file names. Raises ValueError that names each token that is missing, wrong or unknown."""
    wrong = [f"{name}: there is no such token" for name in told if name not in _TOKENS]
    wrong += [f"{name}: missing" for name in _TOKENS if name not in told]
    for name, value in told.items():
        if name == "dark":
            fits = isinstance(value, bool)
        else:
            fits = isinstance(value, str) and (_NAME if name == "name" else _PAINT).fullmatch(value) is not None
        if name in _TOKENS and not fits:
            wrong.append(f"{name}: {_WANTED.get(name, 'a colour is written #rrggbb or ansi_…')}")
    if wrong:
        raise ValueError("; ".join(wrong[:3]))
    return Palette(**told)  # type: ignore[arg-type]  # looked at, one after the other, above


_WANTED = {"name": "a name is lower case letters, digits and dashes", "dark": "true or false"}


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
