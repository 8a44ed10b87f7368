"""The type of a metric's function."""

from collections.abc import Callable

from console.evidence.ledger import Ledger
from console.evidence.measure import Measure, Span

Compute = Callable[[Ledger, Span, float | None], Measure]
"""From a ledger, a span and the metric's target to its measure. Pure; the target only chooses counter-examples."""
