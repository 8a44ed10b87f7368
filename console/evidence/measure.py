"""A measured figure and the few ways to compute one. It owns nearest-rank percentiles and the bound on counter-examples."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MAX_COUNTER_EXAMPLES = 50


@dataclass(frozen=True, slots=True)
class Span:
    """The window that a figure looks at, both ends included, in microseconds since 1970."""

    since: int
    until: int

    def holds(self, at: int | None) -> bool:
        """Whether an instant lies within; None does not."""
        return at is not None and self.since <= at <= self.until


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure over a population of `n`. Without a population there is no value, and `reason` says why.

    `newest_at` is in microseconds since 1970; `query` is one sentence on how the figure was computed.
    """

    value: float | None
    n: int
    query: str
    numerator: float | None = None
    newest_at: int | None = None
    counter_examples: tuple[str, ...] = ()
    breakdown: dict[str, int] = field(default_factory=dict)
    reason: str = ""


def nothing(query: str, reason: str) -> Measure:
    """No data, and why."""
    return Measure(value=None, n=0, query=query, reason=reason)


def count(
    value: float,
    n: int,
    query: str,
    *,
    newest_at: int | None,
    counter_examples: Iterable[str] = (),
    breakdown: dict[str, int] | None = None,
) -> Measure:
    """A count over a population; no data where the population is empty."""
    if n == 0:
        return nothing(query, "nothing of this kind in the window")
    return Measure(value, n, query, value, newest_at, bounded(counter_examples), breakdown or {})


def share(
    numerator: int,
    n: int,
    query: str,
    *,
    newest_at: int | None,
    counter_examples: Iterable[str] = (),
    breakdown: dict[str, int] | None = None,
) -> Measure:
    """A part of a population; no data where the population is empty."""
    if n == 0:
        return nothing(query, "nothing of this kind in the window")
    return Measure(numerator / n, n, query, numerator, newest_at, bounded(counter_examples), breakdown or {})


def percentile(
    values: Sequence[tuple[float, str]],
    percent: int,
    query: str,
    *,
    newest_at: int | None,
    target: float | None = None,
) -> Measure:
    """The nearest-rank percentile of (value, object) pairs: the smallest value that `percent` of all do not exceed.

    Counter-examples are the objects above the target, largest first.
    """
    if not values:
        return nothing(query, "nothing of this kind in the window")
    ordered = sorted(values)
    value = ordered[math.ceil(percent * len(ordered) / 100) - 1][0]
    beyond = () if target is None else (name for size, name in reversed(ordered) if size > target)
    return Measure(value, len(ordered), query, None, newest_at, bounded(beyond))


def largest(values: Sequence[tuple[float, str]], query: str, *, newest_at: int | None, target: float | None = None) -> Measure:
    """The largest of (value, object) pairs."""
    return percentile(values, 100, query, newest_at=newest_at, target=target)


def bounded(names: Iterable[str]) -> tuple[str, ...]:
    """The first counter-examples, each once."""
    found: dict[str, None] = {}
    for name in names:
        if len(found) == MAX_COUNTER_EXAMPLES:
            break
        found[name] = None
    return tuple(found)


def newest(instants: Iterable[int]) -> int | None:
    """The latest of some instants, or None."""
    return max(instants, default=None)
