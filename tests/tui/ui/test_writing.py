"""What is written out is read in a terminal as well: nothing hidden goes into a file."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.tui.present.cells import Cell
from console.tui.ui.writing import as_csv, as_json, as_markdown, write_file
from tests.tui.ui.hostile import CORPUS, hidden


@pytest.mark.parametrize("name", CORPUS)
def test_a_file_holds_nothing_hidden(name: str) -> None:
    text = CORPUS[name]
    rows = [[Cell(text), Cell("-")]]
    for written in (as_csv(["A", "B"], rows), as_markdown(["A", "B"], rows), as_json([{"a": text[:10_000]}])):
        assert not hidden(written, "\n")
    assert as_csv(["A", "B"], rows).count("\n") == 2
    assert json.loads(as_json([{"a": text[:10_000]}])) == [{"a": text[:10_000]}]


@pytest.mark.parametrize("name", sorted(set(CORPUS) - {"ten megabytes", "lone surrogates"}))
def test_no_way_to_a_file_leads_past_that(name: str, tmp_path: Path) -> None:
    at, text = datetime(2026, 3, 1, tzinfo=UTC), CORPUS[name]
    plain = write_file(tmp_path, "report", at, "csv", f"title\n{text}\n")
    told = write_file(tmp_path, "report", at, "json", json.dumps({"a": text}, ensure_ascii=False))
    assert not hidden(plain.read_text() + told.read_text(), "\n")
    assert json.loads(told.read_text()) == {"a": text}
