"""What stands on a terminal's screen, from the bytes that a program paints: text, and the style of each cell.

Knows what Textual writes and no more: the cursor is put somewhere, a style is set, text follows. Owns no time.
"""

import codecs
import re

from console.tui.present.inert import painted_width

_PIECES = re.compile(
    r"\x1b\[(?P<line>\d*);?(?P<column>\d*)H"
    r"|\x1b\[(?P<style>[0-9;:]*)m"
    r"|(?P<other>\x1b\[[0-9;:?<>=!$ ]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[78=>()][0B]?)"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;:?<>=!$ ]*|\][^\x07\x1b]*\x1b?|[()])?\Z")


class ScreenModel:
    """A screen of so many columns and lines, blank at first. Lines and columns count from 0."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self._cells = [[" "] * columns for _ in range(lines)]
        self._styles = [[""] * columns for _ in range(lines)]
        self._line = self._column = 0
        self._style = ""
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, painted: bytes) -> None:
        """Take bytes in as they came; a sequence may be cut anywhere."""
        text = self._rest + self._decoder.decode(painted)
        unfinished = _UNFINISHED.search(text)
        self._rest = text[unfinished.start() :] if unfinished is not None else ""
        for piece in _PIECES.finditer(text, 0, len(text) - len(self._rest)):
            match piece.lastgroup:
                case "line" | "column":
                    self._line = min(self.lines, int(piece["line"] or 1)) - 1
                    self._column = min(self.columns, int(piece["column"] or 1)) - 1
                case "style":
                    self._style = piece["style"]
                case "text":
                    self._put(piece["text"])
                case "control":
                    self._obey(piece["control"])

    def text(self, line: int) -> str:
        """What stands in a line, its wide characters followed by nothing."""
        return "".join(self._cells[line])

    @property
    def words(self) -> str:
        """The whole screen, line by line."""
        return "\n".join(map(self.text, range(self.lines)))

    def style(self, line: int, column: int) -> str:
        """The parameters of the style in which a cell was painted."""
        return self._styles[line][column]

    def line_with(self, *words: str) -> int:
        """The first line that holds all these words; -1 where none does."""
        return next((at for at in range(self.lines) if all(word in self.text(at) for word in words)), -1)

    def _obey(self, control: str) -> None:
        if control == "\r":
            self._column = 0
        elif control == "\n":
            self._line = min(self.lines - 1, self._line + 1)

    def _put(self, text: str) -> None:
        cells, styles = self._cells[self._line], self._styles[self._line]
        for character in text:
            width = 1 if character.isascii() else painted_width(character)
            if width == 0 or self._column >= self.columns:
                continue
            cells[self._column], styles[self._column] = character, self._style
            if width == 2 and self._column + 1 < self.columns:
                cells[self._column + 1], styles[self._column + 1] = "", self._style
            self._column += width
