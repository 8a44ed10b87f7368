"""Writing out what is shown: a file of mode 0600 in the state folder, as CSV, JSON or Markdown, and never over another one.

A file is read in a terminal as well: what is hidden in a text is written as its mark, in JSON as its escape.
"""

import csv
import io
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from console.tui.present.cells import Cell
from console.tui.present.inert import PARAGRAPH_LIMIT, hides, inert, inert_prose

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARK = 10
"""The most characters of one mark."""
_MARKDOWN = frozenset("\\`*_{}[]<>#|~!")


def as_csv(titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """The cells as CSV. A cell that a spreadsheet would take for a formula is quoted with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(titles)
    for row in rows:
        writer.writerow([_harmless(_shown(cell)) for cell in row])
    return out.getvalue()


def as_markdown(titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """The cells as a table in Markdown; what Markdown would read as its own is escaped."""
    lines = [[_escaped(title) for title in titles], ["---"] * len(titles)]
    lines += [[_escaped(_shown(cell)) for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def as_json(records: Sequence[object]) -> str:
    """The rows as JSON."""
    return json.dumps(list(records), indent=2, ensure_ascii=True) + "\n"


def write_file(folder: Path, name: str, at: datetime, suffix: str, text: str) -> Path:
    """Write a new file and return its path. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = f"{name}-{at:%Y%m%dT%H%M%SZ}"
    for number in range(100):
        path = folder / f"{stem}{f'-{number}' if number else ''}.{suffix}"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_escapes(text) if suffix == "json" else inert_prose(text, max(1, len(text)) * _MARK).text)
        return path
    raise FileExistsError(f"{stem}.{suffix}")


def _escapes(text: str) -> str:
    """JSON with its escape in place of everything hidden; it means the same."""
    return "".join(one if one in " \n" or not hides(one) else json.dumps(one)[1:-1] for one in text)


def _shown(cell: Cell) -> str:
    return inert(cell.text.strip(), PARAGRAPH_LIMIT).text


def _escaped(text: str) -> str:
    return "".join(f"\\{one}" if one in _MARKDOWN else one for one in text)


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) and text != "-" else text
