"""Choosing a theme: worn while one chooses, the former one back on `esc`, broken files with their reason."""

from pathlib import Path

from console.tui.palettes import themes_folder
from console.tui.ui.screens.picker import Picker
from tests.tui.ui.driver import Driver, console, populated


def own_themes(folder: Path) -> Path:
    """A theme of one's own, and a file that is none."""
    house = (themes_folder() / "house-light.toml").read_text()
    (folder / "mine.toml").write_text(house.replace('"house-light"', '"mine"'))
    (folder / "torn.toml").write_text(house.replace("muted", "mutet"))
    return folder


async def picker(driver: Driver) -> Picker:
    """The picker of themes, when it has opened."""
    await driver.press("T")
    await driver.until(lambda: isinstance(driver.app.screen, Picker) and driver.app.screen.chosen is not None)
    assert isinstance(driver.app.screen, Picker)
    return driver.app.screen


async def test_the_theme_under_the_cursor_is_worn_and_esc_brings_the_former_back() -> None:
    async with console(populated()) as driver:
        chooser = await picker(driver)
        assert chooser.chosen is not None
        assert chooser.chosen.value == driver.app.theme == "house-dark"
        assert "worn now" in chooser.chosen.words
        await driver.press("n", "o", "r", "d")
        assert driver.app.theme == driver.app.brush.palette.name == "nord"
        await driver.press("escape")
        assert driver.app.theme == driver.app.brush.palette.name == "house-dark"


async def test_what_is_chosen_stays_worn() -> None:
    async with console(populated()) as driver:
        await picker(driver)
        await driver.press("down")
        worn = driver.app.theme
        assert worn != "house-dark"
        await driver.press("enter")
        assert driver.app.theme == driver.app.brush.palette.name == worn


async def test_ones_own_are_listed_and_a_broken_file_tells_its_reason_and_is_not_worn(tmp_path: Path) -> None:
    async with console(populated(), theme_folders=(own_themes(tmp_path),)) as driver:
        chooser = await picker(driver)
        assert {one.value: one.words for one in chooser.entries}["mine"] == "light · yours"
        await driver.press("t", "o", "r", "n")
        assert [one.text for one in chooser.entries] == ["torn.toml"]
        await driver.shown("mutet: there is no such token")
        assert driver.app.theme == "house-dark"
        await driver.press("enter")
        assert "torn.toml" in driver.said
        assert "cannot be worn" in driver.said
        assert driver.app.theme == "house-dark"


async def test_the_terminals_own_colours_are_sent_as_such_while_they_are_worn() -> None:
    async with console(populated()) as driver:
        await picker(driver)
        await driver.press("a", "n", "s", "i")
        assert driver.app.theme == "ansi-16"
        assert driver.app.native_ansi_color
        await driver.press("escape")
        assert not driver.app.native_ansi_color
