"""What differs between two bundles, file by file, for people to read. Pure; bounded in time and in size.

A diff is for reading and proves nothing: what is published is what the digest says.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Literal

from console.model.bundles import FileChange

MAX_DIFF_BYTES = 65_536
MAX_LINES = 2_000
"""Up to so many changed lines are told apart one by one; more are shown as taken out and put in whole."""
MAX_TOTAL_BYTES = 524_288
"""For all files together. What comes after it is named, and not shown."""
NO_END = "\\ No newline at end of file"
CUT = "... cut here: the rest of this file's changes is not shown"
NOT_SHOWN = "... not shown: the changes of all files together are too long"


def file_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FileChange, ...]:
    """The files that are not the same in both, by path, each with its unified diff."""
    found, left = [], MAX_TOTAL_BYTES
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        diff = _diff(path, old, new) if left > 0 else NOT_SHOWN
        left -= len(diff.encode())
        change: Literal["added", "removed", "changed"] = "added" if old is None else "removed" if new is None else "changed"
        found.append(FileChange(path=path, change=change, diff=diff))
    return tuple(found)


def _diff(path: str, old: str | None, new: str | None) -> str:
    before, after = _lines(old or ""), _lines(new or "")
    names = ("/dev/null" if old is None else path, "/dev/null" if new is None else path)
    if old is None or new is None or max(len(before), len(after)) > MAX_LINES:
        lines = _whole(names, before, after)
    else:
        lines = list(difflib.unified_diff(before, after, *names, lineterm=""))
    return _cut(lines)


def _lines(text: str) -> list[str]:
    """The lines as a diff tells them: that the last one does not end is said below it."""
    if text.endswith("\n"):
        return text[:-1].split("\n")
    *lines, last = text.split("\n")
    return [*lines, f"{last}\n{NO_END}"] if text else []


def _whole(names: tuple[str, str], before: Sequence[str], after: Sequence[str]) -> list[str]:
    """What both begin and end with is left out; the rest is taken out and put in whole."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    head = f"@@ -{start + bool(old)},{len(old)} +{start + bool(new)},{len(new)} @@"
    return [f"--- {names[0]}", f"+++ {names[1]}", head, *(f"-{line}" for line in old), *(f"+{line}" for line in new)]


def _cut(lines: Sequence[str]) -> str:
    kept: list[str] = []
    left = MAX_DIFF_BYTES - len(CUT) - 1
    for line in lines:
        left -= len(line.encode(errors="replace")) + 1
        if left < 0:
            return "\n".join([*kept, CUT])
        kept.append(line)
    return "\n".join(kept)
