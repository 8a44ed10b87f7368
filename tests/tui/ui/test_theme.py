"""Themes: the files are readable, reach their contrast, and a broken one is reported and left out."""

from dataclasses import asdict
from pathlib import Path

import pytest

from console.tui.palettes import HOUSE_DARK, Palettes, contrast, contrast_faults, load_themes, read_theme, themes_folder
from console.tui.present.spans import Tone
from console.tui.ui.theme import Brush, to_textual

SHIPPED = sorted(themes_folder().glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_theme_is_whole_and_readable(path: Path) -> None:
    palette = read_theme(path)
    assert palette.name == path.stem
    assert contrast_faults(palette) == ()
    assert to_textual(palette).variables["brass"] == palette.brass


def test_the_themes_of_the_house_are_there() -> None:
    assert {path.stem for path in SHIPPED} >= {"house-dark", "house-light", "high-contrast", "colour-blind-safe", "ansi-16"}
    assert read_theme(themes_folder() / "house-dark.toml") == HOUSE_DARK


@pytest.mark.parametrize("tone", [tone for tone in Tone if tone is not Tone.DIM])
def test_high_contrast_deserves_its_name(tone: Tone) -> None:
    palette = read_theme(themes_folder() / "high-contrast.toml")
    assert contrast(getattr(palette, tone.value), palette.ground) >= 10


def test_contrast_is_the_one_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"text": "#20262c"}, "contrast"),
        ({"brass": "gold"}, "brass"),
        ({"glow": "#ffffff"}, "glow"),
        ({"dark": "yes"}, "dark"),
        ({"name": "../mine"}, "name"),
    ],
)
def test_a_broken_theme_is_reported_and_left_out(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    fields = asdict(HOUSE_DARK) | {"name": "mine"} | change
    lines = [f"{key} = {'true' if value is True else repr(value)}" for key, value in fields.items()]
    (tmp_path / "mine.toml").write_text("\n".join(lines))
    (tmp_path / "torn.toml").write_text("name = ")
    (tmp_path / "binary\x1b.toml").write_bytes(b"\xff\xfe")
    palettes, faults = load_themes([tmp_path, tmp_path / "nowhere"])
    assert set(palettes) == {"house-dark"}
    assert [fault.file for fault in faults] == ["binary␛.toml", "mine.toml", "torn.toml"]
    assert reason in faults[1].reason


def test_a_theme_larger_than_its_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.toml"
    path.write_text("#" * 70_000)
    with pytest.raises(ValueError, match="64 KiB"):
        read_theme(path)


def test_only_the_theme_that_is_asked_for_is_read_until_all_are(tmp_path: Path) -> None:
    for path in SHIPPED[:3]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    palettes = Palettes(tmp_path, [tmp_path / "nowhere"])
    wanted, later, never = (path.stem for path in SHIPPED[:3])
    assert palettes[wanted] == read_theme(SHIPPED[0])
    (tmp_path / f"{later}.toml").write_text("name = ")
    assert palettes.faults == ()
    assert set(palettes) == {"house-dark", wanted, never}
    assert [fault.file for fault in palettes.faults] == [f"{later}.toml"]


def test_a_theme_that_is_not_there_or_broken_is_not_worn(tmp_path: Path) -> None:
    (tmp_path / "torn.toml").write_text("name = ")
    palettes = Palettes(tmp_path)
    assert palettes.get("nowhere") is None
    assert palettes.get("../torn") is None
    assert palettes.get("torn") is None
    assert [fault.file for fault in palettes.faults] == ["torn.toml"]


def test_ones_own_theme_wins_over_the_houses_and_is_told_at_once_when_it_is_broken(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.toml").write_text((themes_folder() / "house-light.toml").read_text().replace('"house-light"', '"house-dark"'))
    (own / "torn.toml").write_text("name = ")
    palettes = Palettes(themes_folder(), [own])
    assert [fault.file for fault in palettes.faults] == ["torn.toml"]
    assert not palettes["house-dark"].dark
    assert set(palettes) == {path.stem for path in SHIPPED}
    assert not palettes["house-dark"].dark


def test_dim_is_not_used_on_raised() -> None:
    brush = Brush()
    assert brush.style(Tone.DIM, surface="raised") == brush.style(Tone.MUTED, surface="raised")


def test_a_colourless_brush_has_weight_and_reversal_only() -> None:
    brush = Brush(colourless=True)
    for tone in Tone:
        for fill in (False, True):
            style = brush.style(tone, strong=True, fill=fill)
            assert style.color is None
            assert style.bgcolor is None
            assert bool(style.reverse) is fill
            assert style.bold


def test_a_theme_of_the_terminals_own_colours_is_told_apart() -> None:
    palette = read_theme(themes_folder() / "ansi-16.toml")
    assert palette.ansi
    assert to_textual(palette).ansi
    assert Brush(palette).style(Tone.DANGER).color is not None
    assert Brush(palette).style(Tone.DIM).dim
    assert not Brush(palette).style(Tone.MUTED).dim
    assert not HOUSE_DARK.ansi
