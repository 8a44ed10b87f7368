"""What was done to the files of a bundle, file by file: what came with `+`, what went with `-`, what stands around it muted.

Pure. The sign says it where there is no colour.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from console.tui.present.cells import figure
from console.tui.present.inert import PARAGRAPH_LIMIT, inert
from console.tui.present.look import Sign
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.words import BLANK, muted, plural, strong

CHANGE: Final = {
    "added": Sign("+", "added", Tone.OK),
    "changed": Sign("◆", "changed", Tone.WARN),
    "removed": Sign("-", "removed", Tone.DANGER),
}
MOST_LINES: Final = 1_500
"""So many lines of differences are painted together."""


class FileChanged(Protocol):
    """One file that differs; `diff` is unified."""

    @property
    def path(self) -> str: ...
    @property
    def change(self) -> str: ...
    @property
    def diff(self) -> str: ...


def difference_lines(changes: Sequence[FileChanged], most: int = MOST_LINES) -> tuple[Line, ...]:
    """The files that differ, each with its difference; at most `most` lines, and what is left out is said."""
    found: list[Line] = []
    for number, one in enumerate(changes):
        lines = one.diff.split("\n") if one.diff else []
        # Only the two lines that name the file are left out: a line of the file may begin as they do.
        body = lines[2:] if len(lines) > 1 and lines[0].startswith("--- ") and lines[1].startswith("+++ ") else lines
        found += [BLANK] if number else []
        sign = CHANGE.get(one.change, CHANGE["changed"])
        come, gone = (sum(line.startswith(begin) for line in body) for begin in ("+", "-"))
        counts = (Span(f"   +{figure(come)}", Tone.OK), Span(f" -{figure(gone)}", Tone.DANGER))
        found.append(Line((sign.span(), strong(f"  {_shown(one.path)}"), *counts)))
        found += [_line(line) for line in body]
        if len(found) > most:
            more = len(changes) - number - 1
            left = f" and {plural(more, 'more file')}" if more else ""
            return (*found[:most], Line((Span(f"The rest of {_shown(one.path)}{left} is not shown here.", Tone.WARN),)))
    return tuple(found)


def changes_in_words(changes: Sequence[FileChanged]) -> str:
    """How much differs: `2 files changed`, `1 file changed, 1 added`."""
    counts = {name: sum(one.change == name for one in changes) for name in CHANGE}
    first = f"{plural(counts['changed'], 'file')} changed"
    more = [f"{counts[name]} {name}" for name in ("added", "removed") if counts[name]]
    return ", ".join([first, *more] if counts["changed"] or not more else more)


def _line(line: str) -> Line:
    begin, words = line[:1], _shown(line[1:])
    match begin:
        case "+" | "-":
            return Line((Span(f"{begin} ", Tone.OK if begin == "+" else Tone.DANGER, strong=True, whole=True),
                         Span(words, Tone.OK if begin == "+" else Tone.DANGER)), indent=2)  # fmt: skip
        case "@":
            return Line((Span(_shown(line), Tone.DIM),))
    return Line((muted(f"  {words}"),), indent=2)


def _shown(words: str) -> str:
    return inert(words.expandtabs(2), PARAGRAPH_LIMIT).text
