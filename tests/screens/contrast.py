"""How well each theme can be read: python -m tests.screens.contrast

For every theme that is shipped: the lowest contrast of its texts on its surfaces (WCAG 2.2, 1.4.3), and how far apart its
states are for an eye that sees all colours and for the three kinds of colour blindness. The distance is Euclidean in OKLab
(Ottosson, 2020), after the simulation of Machado, Oliveira and Fernandes (2009) at full severity; below about 0.02 two colours
are hard to tell apart side by side. Prints a table in Markdown.
"""

import math
from itertools import combinations
from typing import NamedTuple

from console.tui.palettes import Palette, contrast, load_themes, themes_folder
from console.tui.present.spans import Tone

SURFACES = ("ground", "panel", "raised")
STATES = ("ok", "warn", "danger", "info", "delegation")
SIGHT: dict[str, tuple[tuple[float, float, float], ...]] = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


class Lowest(NamedTuple):
    """The lowest contrast of a theme, and where it is."""

    ratio: float
    tone: str
    surface: str


def lowest(palette: Palette) -> Lowest:
    """The lowest contrast of any tone on any surface on which it is used: dim is not used on raised."""
    return min(
        Lowest(contrast(getattr(palette, tone.value), getattr(palette, surface)), tone.value, surface)
        for tone in Tone
        for surface in SURFACES
        if not (tone is Tone.DIM and surface == "raised")
    )


def nearest(palette: Palette, sight: str) -> tuple[float, str, str]:
    """The two states that are nearest to each other for an eye, and their distance."""
    seen = {name: _oklab(_seen(getattr(palette, name), sight)) for name in STATES}
    return min((math.dist(seen[one], seen[other]), one, other) for one, other in combinations(STATES, 2))


def _seen(colour: str, sight: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return [max(0.0, sum(weight * part for weight, part in zip(row, linear, strict=True))) for row in SIGHT[sight]]


def _oklab(linear: list[float]) -> tuple[float, float, float]:
    red, green, blue = linear
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def table() -> str:
    """One line for each theme."""
    lines = [f"| theme | lowest contrast | {' | '.join(SIGHT)} |", "|---|---|" + "---|" * len(SIGHT)]
    for name, palette in sorted(load_themes([themes_folder()])[0].items()):
        if palette.ansi:
            lines.append(f"| {name} | the terminal's own colours | {' | '.join('-' for _ in SIGHT)} |")
            continue
        low = lowest(palette)
        told = [nearest(palette, sight) for sight in SIGHT]
        apart = " | ".join(f"{distance:.3f} {one}/{other}" for distance, one, other in told)
        lines.append(f"| {name} | {low.ratio:.2f} {low.tone} on {low.surface} | {apart} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
