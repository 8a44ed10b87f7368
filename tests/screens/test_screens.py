"""The screens that the README shows: they are there, they are small, and nothing in them is fetched from elsewhere."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.screens.render import FOLDER, MOST_BYTES, cleaned

README = Path(__file__).parents[2] / "README.md"
NAMES = sorted(set(re.findall(r"tests/screens/([a-z0-9-]+\.svg)", README.read_text(encoding="utf-8"))))


def test_the_readme_shows_screens() -> None:
    assert len(NAMES) >= 9


@pytest.mark.parametrize("name", NAMES)
def test_a_screen_is_small_and_whole_and_refers_to_nothing_elsewhere(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert len(text.encode()) <= MOST_BYTES
    assert ElementTree.fromstring(text).tag.endswith("svg")  # noqa: S314 (a file of this repository)
    assert "Approvals" in text
    assert "@font-face" not in text
    assert cleaned(text) == text


def test_an_address_that_is_left_is_refused() -> None:
    with pytest.raises(ValueError, match="evil"):
        cleaned('<svg><image href="https://evil.example/x.png"/></svg>')
