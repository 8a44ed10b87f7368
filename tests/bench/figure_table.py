"""A table in Markdown of what was measured, its budget, whether it is within it, and the same of a twin with the ratio."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PARTS = (0.5, 0.95, 0.99)
Budget = tuple[float | None, ...]


@dataclass(frozen=True)
class Row:
    """One line. `values` and `twin` stand place by place beside `budget`; `compared` is the place of the ratio."""

    name: str
    values: tuple[float, ...]
    budget: Budget
    twin: tuple[float, ...]
    unit: str
    compared: int = 0

    @classmethod
    def of_times(cls, name: str, times: Sequence[float], twin: Sequence[float], budget: Budget) -> "Row":
        """p50, p95 and p99 of times in seconds, as milliseconds. The ratio is of the last one that has a budget."""
        bounded = [at for at, one in enumerate(budget) if one is not None]
        return cls(name, percentiles(times), budget, percentiles(twin), "ms", bounded[-1] if bounded else 1)

    @classmethod
    def of_medians(cls, name: str, times: Sequence[float], twin: Sequence[float], budget: float | None) -> "Row":
        """The median of times in seconds, as milliseconds."""
        return cls(name, percentiles(times)[:1], (budget,), percentiles(twin)[:1], "ms")

    @classmethod
    def of_figure(cls, name: str, value: float, twin: float, budget: float | None, unit: str) -> "Row":
        """One figure as it is; 0 of the twin means that it was not taken."""
        return cls(name, (value,), (budget,), (twin,) if twin else (), unit)

    @property
    def within(self) -> str:
        """Whether every figure that has a budget is within it; empty where none has."""
        bounds = [(one, most) for one, most in zip(self.values, self.budget, strict=False) if most is not None]
        return "" if not bounds else "yes" if all(one <= most for one, most in bounds) else "**no**"

    @property
    def ratio(self) -> str:
        """How many times as much the twin needs."""
        if len(self.twin) <= self.compared or len(self.values) <= self.compared or not self.values[self.compared]:
            return ""
        return f"{self.twin[self.compared] / self.values[self.compared]:.1f}"

    def cells(self) -> tuple[str, ...]:
        """What stands in the line."""
        return (self.name, self._shown(self.values), self._shown(self.budget), self.within, self._shown(self.twin), self.ratio)

    def _shown(self, figures: Sequence[float | None]) -> str:
        if not figures or all(one is None for one in figures):
            return ""
        return " / ".join("-" if one is None else number(one) for one in figures) + f" {self.unit}"


def number(figure: float) -> str:
    """A figure with as many places as it deserves."""
    return f"{figure:,.0f}" if figure >= 20 or figure == int(figure) else f"{figure:.1f}"


def percentiles(times: Sequence[float]) -> tuple[float, ...]:
    """p50, p95 and p99 of times in seconds, as milliseconds; empty where nothing was taken."""
    ordered = sorted(times)
    return tuple(ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 for part in PARTS) if ordered else ()


def table(rows: Iterable[Row]) -> str:
    """Lines in Markdown."""
    head = ("", "measured", "budget", "within", "DataTable", "times as much")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row.cells()) + " |" for row in rows)])
