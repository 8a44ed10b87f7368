"""The marks of a table: which ids are marked. Pure."""

from collections.abc import Sequence

from console.tui.ui.widgets.rows import place_of


class Marks:
    """Marked ids, and the one that was marked last, from which a range begins."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self._last: str | None = None

    def toggle(self, key: str) -> None:
        """Mark an id, or unmark it."""
        self.held.symmetric_difference_update({key})
        self._last = key

    def mark_up_to(self, key: str, index: int, keys: Sequence[str]) -> None:
        """Mark every id from the one marked last to this one, which stands at `index`."""
        start = place_of(keys, self._last) if self._last is not None else index
        low, high = sorted((start if start >= 0 else index, index))
        self.held.update(keys[low : high + 1])
        self._last = key

    def mark_all(self, keys: Sequence[str]) -> None:
        """Mark every id, or unmark them when all are marked."""
        if len(self.held) == len(keys):
            self.held.clear()
        else:
            self.held.update(keys)

    def keep(self, keys: Sequence[str]) -> None:
        """Forget ids that have left."""
        if not self.held:
            return
        if hasattr(keys, "find"):
            self.held = {key for key in self.held if place_of(keys, key) >= 0}
        else:
            self.held.intersection_update(keys)
