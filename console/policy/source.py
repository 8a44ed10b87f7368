"""Cedar text cut into single policies, so that each has a line. Cedar's own errors carry no position.

Every policy and template ends with a semicolon, and a semicolon occurs nowhere else but in strings and comments.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|[^\s";/]+|\s+|["/]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class PolicySource:
    """The text of one policy, where it begins, and whether its semicolon was found."""

    file: str
    line: int
    text: str
    complete: bool = True


def split_policies(file: str, text: str) -> tuple[PolicySource, ...]:
    """The policies of a file in their order, comments before each left out. `line` counts from 1."""
    found: list[PolicySource] = []
    start: int | None = None
    end = 0
    for token in _TOKEN.finditer(text):
        piece = token[0]
        if piece == ";":
            begin = token.start() if start is None else start
            found.append(PolicySource(file, text.count("\n", 0, begin) + 1, text[begin : token.end()]))
            start = None
        elif not piece.isspace() and not piece.startswith("//"):
            start = token.start() if start is None else start
            end = token.end()
    if start is not None:
        found.append(PolicySource(file, text.count("\n", 0, start) + 1, text[start:end], complete=False))
    return tuple(found)


def line_of(text: str, pattern: str) -> int | None:
    """The first line that a pattern is found on, from 1."""
    found = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None
