"""The themes can be read, and the one for the colour blind keeps its states apart for every kind of eye."""

import pytest

from console.tui.palettes import load_themes, themes_folder
from tests.screens.contrast import SIGHT, lowest, nearest, table

PALETTES = {name: one for name, one in load_themes([themes_folder()])[0].items() if not one.ansi}


@pytest.mark.parametrize("name", PALETTES)
def test_a_theme_reaches_the_contrast_of_the_standard(name: str) -> None:
    assert lowest(PALETTES[name]).ratio >= 4.5


@pytest.mark.parametrize("name", PALETTES)
def test_states_are_told_apart_by_an_eye_that_sees_all_colours(name: str) -> None:
    assert nearest(PALETTES[name], "all colours")[0] >= 0.05


@pytest.mark.parametrize("sight", SIGHT)
def test_the_theme_for_the_colour_blind_deserves_its_name(sight: str) -> None:
    assert nearest(PALETTES["colour-blind-safe"], sight)[0] >= 0.055


def test_every_theme_has_its_line() -> None:
    lines = table().splitlines()
    assert len(lines) == 2 + len(load_themes([themes_folder()])[0])
    assert any("the terminal's own colours" in line for line in lines)
