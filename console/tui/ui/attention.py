"""Attention: the bell and the window's title, once for each new request that is risky enough. Can be muted.

Owns which requests have rung. Text for the title is inert before it gets here, and bounded.
"""

from collections.abc import Callable, Iterable

from console.tui.present.inert import inert
from console.tui.state.mirror import Tables
from console.tui.ui.options import ConsoleOptions

_RANK = {"low": 0, "medium": 1, "high": 2, "critical": 3}
_KINDS = frozenset({"approval.requested", "approval.revised"})


class Attention:
    """Rings through `write`, which takes bytes for the terminal as text."""

    def __init__(self, options: ConsoleOptions, write: Callable[[str], None]) -> None:
        self.muted = False
        self.rung = 0
        self._options, self._write = options, write
        self._known: set[str] = set()
        self._title = ""

    def hear(self, kinds: Iterable[tuple[str, str]], source: Tables) -> None:
        """Ring once where a new request is at least as risky as what rings. Unknown levels ring."""
        rings = False
        for kind, id in kinds:
            row = source.approvals.get(id)
            if kind not in _KINDS or row is None or row.state != "pending" or id in self._known:
                continue
            if _RANK.get(row.risk_level, 3) >= _RANK[self._options.from_risk]:
                self._known.add(id)
                rings = True
        if rings:
            self.ring("a request waits for a person")

    def ring(self, words: str = "what you watch has changed") -> None:
        """Ring once, unless muted. `words` are the console's own, for a desktop notification."""
        if self.muted:
            return
        self.rung += 1
        if self._options.bell:
            self._write("\x07")
        if self._options.desktop:
            self._write(f"\x1b]9;leasehold: {words}\x1b\\")

    def name_window(self, critical: int, waiting: int) -> None:
        """Write the window's title where it differs from what was written."""
        if not self._options.title:
            return
        what = f"({critical}!) " if critical else f"({waiting}) " if waiting else ""
        title = f"{what}leasehold {inert(self._options.environment, 24).text}"
        if title != self._title:
            self._title = title
            self._write(f"\x1b]2;{title}\x1b\\")
