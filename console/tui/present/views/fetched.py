"""What a table is fed with from a list that was fetched and is not mirrored. The views over such lists stand beside this."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from console.tui.present.cells import Cell

T = TypeVar("T")


@dataclass(slots=True)
class FetchedRows(Generic[T]):
    """Items by key. `chosen` are those that are shown, in their order: all of them where none are named."""

    items: Mapping[str, T]
    make: Callable[[T], tuple[Cell, ...]]
    chosen: Sequence[str] | None = None
    stamp: Callable[[T], Hashable] = id
    """Differs when the cells of an item would, although it is the same item."""

    def __post_init__(self) -> None:
        if self.chosen is None:
            self.chosen = tuple(self.items)

    @property
    def keys(self) -> Sequence[str]:
        """The keys that are shown."""
        return self.chosen or ()

    def version(self, key: str) -> Hashable:
        """Raises KeyError for one that is not there."""
        item = self.items[key]
        return (id(item), self.stamp(item))

    def cells(self, key: str) -> Sequence[Cell]:
        """The cells of an item. Raises KeyError for one that is not there."""
        return self.make(self.items[key])
