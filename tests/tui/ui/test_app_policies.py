"""Policies through the whole console: a file at its line, searched and walked by findings; the tree; what rows tell."""

from console.tui.ui.screens.source import Source
from tests.tui.present.test_bundle_views import bundle
from tests.tui.ui.driver import console
from tests.tui.ui.test_app_fetched import SIZES, estate, told


@SIZES
async def test_a_file_is_read_at_its_line_searched_and_walked_by_findings(size: tuple[int, int]) -> None:
    made = estate()
    made.bundle = bundle()
    async with console(made, size) as driver:
        await driver.view("5", "policies")
        await driver.until(lambda: len(driver.app.pane.keys) == 7)
        await driver.press("f")
        await driver.until(lambda: driver.app.pane.cursor == "finding policies/a.cedar 0")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Source))
        source = driver.app.screen
        assert isinstance(source, Source)
        await driver.until(lambda: source.here == 3)
        await driver.shown("error: wrong")
        await driver.press("g")
        await driver.until(lambda: source.here == 1)
        await driver.press("f")
        await driver.until(lambda: source.here == 3)
        await driver.press("slash")
        await driver.type("when")
        await driver.press("enter")
        await driver.until(lambda: source.here == 4)
        await driver.press("n", "N", "G", "k", "pageup", "pagedown", "F")
        await driver.until(lambda: source.here == 3)
        await driver.press("escape")
        assert isinstance(driver.app.screen, Source), "first the search goes"
        await driver.press("escape")
        await driver.until(lambda: not isinstance(driver.app.screen, Source))


async def test_the_tree_is_filtered_by_kind_and_by_what_the_files_say() -> None:
    made = estate()
    made.bundle = bundle()
    async with console(made) as driver:
        await driver.view("5", "policies")
        await driver.until(lambda: len(driver.app.pane.keys) == 7)
        for text, keys in (
            ("kind:policy", ["policy no-export"]),
            ("kind:test state:failed", ["test tests/a.toml 0"]),
            ("kind:file export", ["file policies/a.cedar"]),
        ):
            driver.app.put_filter(driver.app.pane, text)
            assert list(driver.app.pane.keys) == keys


async def test_a_revision_and_a_policy_tell_about_themselves() -> None:
    made = estate()
    made.bundle = bundle()
    async with console(made, (120, 40)) as driver:
        await driver.view("5", "policies")
        await driver.until(lambda: len(driver.app.pane.keys) == 7)
        await driver.press("G")
        await driver.until(lambda: "AUTHOR petra" in told(driver))
        await driver.press("enter")
        await driver.until(lambda: driver.app.screen_stack[0].has_class("reading"), "a revision opens its detail")
