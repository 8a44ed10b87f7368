"""Every view in every theme at two sizes, and every look of failure, shows what its snapshot keeps.

`python -m tests.screens.snapshots` writes them anew after a change that was meant; look at the difference before it is kept.
"""

import pytest

from console.tui.palettes import load_themes, themes_folder
from tests.screens.snapshots import FAILURES, HOUSE, SIZES, VIEWS, digest, failing, failures, kept, read, screen, views

THEMES = set(load_themes([themes_folder()])[0])
BOTH = pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])


@pytest.mark.slow
@BOTH
async def test_every_view_in_every_theme(size: tuple[int, int]) -> None:
    seen, other = set(), []
    async for view, theme, driver in views(size):
        seen.add((view, theme))
        house, others = read(kept(size, view))
        now = screen(driver)
        if theme == HOUSE:
            assert now.splitlines() == house.splitlines(), view
        elif digest(now) != others.get(theme):
            other.append(f"{view} in {theme}")
    assert not other
    assert seen == {(view, theme) for view in VIEWS for theme in THEMES}


@BOTH
async def test_every_look_of_failure(size: tuple[int, int]) -> None:
    seen = []
    async for name, driver in failures(size):
        seen.append(name)
        assert failing(driver).splitlines() == kept(size, name).read_text(encoding="utf-8").splitlines(), name
    assert seen == list(FAILURES)


def test_no_two_looks_of_failure_are_the_same() -> None:
    for size in SIZES:
        assert len({kept(size, name).read_text(encoding="utf-8") for name in FAILURES}) == len(FAILURES)
