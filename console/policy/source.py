"""Cedar text cut into single policies, so that each has a line. Cedar's own errors carry no position.

Every policy and template ends with a semicolon, and a semicolon occurs nowhere else but in strings and comments. It also
owns the bounds on a policy's size: the engine's parser recurses without one of its own, and would end the process.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_POLICY_CHARACTERS = 8_192
MAX_NESTING = 64

_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*+"?|;|[^\s";/]+|\s+|/', re.DOTALL)


@dataclass(frozen=True, slots=True)
class PolicySource:
    """The text of one policy, where it begins, and whether its semicolon was found."""

    file: str
    line: int
    text: str
    complete: bool = True


def split_policies(file: str, text: str) -> Iterator[PolicySource]:
    """The policies of a file in their order, comments before each left out. `line` counts from 1."""
    start: int | None = None
    end = counted = 0
    line = 1
    for token in _TOKEN.finditer(text):
        piece = token[0]
        if piece.isspace() or piece.startswith("//"):
            continue
        if start is None:
            start = token.start()
            line += text.count("\n", counted, start)
            counted = start
        end = token.end()
        if piece == ";":
            yield PolicySource(file, line, text[start:end])
            start = None
    if start is not None:
        yield PolicySource(file, line, text[start:end], complete=False)


def nesting(text: str, opening: str = "([{", closing: str = ")]}") -> int:
    """How deep the brackets of a text go, those in strings and comments not counted."""
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        if token[0].startswith(('"', "//")):
            continue
        for character in token[0]:
            depth += (character in opening) - (character in closing)
            deepest = max(deepest, depth)
    return deepest


def line_of(text: str, pattern: str) -> int | None:
    """The first line that a pattern is found on, from 1."""
    found = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None
