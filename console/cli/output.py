"""What a command prints: one JSON document (or JSON lines for a stream) with --json, tables and sentences without.

Owns stdout and the choice between the two forms. JSON is written in ASCII, so that nothing hidden rides through it.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from console.cli.tables import Column, lay_out
from console.cli.text import one_line, prose

R = TypeVar("R")
Document = BaseModel | Mapping[str, Any] | Sequence[Any]


def plain(value: Any) -> Any:
    """A value out of models as one out of plain JSON types."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


class Output:
    """Stdout. `sizes` and `styled` are what the terminal can take; without one, tables are whole and plain."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._terminal = sys.stdout.isatty()
        self._styled = self._terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    def document(self, value: Document) -> None:
        """The answer as one JSON document."""
        print(json.dumps(plain(value), indent=2), flush=True)

    def line(self, value: Document) -> None:
        """One line of a stream of JSON."""
        print(json.dumps(plain(value), separators=(",", ":")), flush=True)

    def say(self, text: str) -> None:
        """A sentence; made inert, may hold several lines."""
        print(prose(text), flush=True)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Facts about one thing, a line each. Those that are empty are left out."""
        known = [(name, one_line(text)) for name, text in pairs if text]
        width = max((len(name) for name, _ in known), default=0)
        for name, text in known:
            print(f"{name.ljust(width)}  {text}")

    def table(self, columns: Sequence[Column[R]], rows: Sequence[R], *, nothing: str) -> None:
        """A table, or the sentence that there is nothing."""
        if not rows:
            self.note(nothing)
            return
        width = shutil.get_terminal_size().columns if self._terminal else None
        head, *lines = lay_out(columns, rows, width)
        print(f"\x1b[1m{head}\x1b[0m" if self._styled else head)
        for line in lines:
            print(line)

    def note(self, text: str) -> None:
        """Something beside the answer; on stderr, so that a pipe gets the answer alone."""
        print(prose(text), file=sys.stderr, flush=True)
