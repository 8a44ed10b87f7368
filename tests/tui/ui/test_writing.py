"""What is written out is read in a terminal as well: nothing hidden goes into a file."""

import json

import pytest

from console.tui.present.cells import Cell
from console.tui.ui.writing import as_csv, as_json, as_markdown
from tests.tui.ui.hostile import CORPUS, hidden


@pytest.mark.parametrize("name", CORPUS)
def test_a_file_holds_nothing_hidden(name: str) -> None:
    text = CORPUS[name]
    rows = [[Cell(text), Cell("-")]]
    for written in (as_csv(["A", "B"], rows), as_markdown(["A", "B"], rows), as_json([{"a": text[:10_000]}])):
        assert not hidden(written, "\n")
    assert as_csv(["A", "B"], rows).count("\n") == 2
    assert json.loads(as_json([{"a": text[:10_000]}])) == [{"a": text[:10_000]}]
