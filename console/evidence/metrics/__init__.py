"""Evidence metrics: what each means (`definitions.toml`, the contract) and how the ledger answers the ones measured here."""

import tomllib
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field

from console.evidence.measure import Measure, Span, nothing
from console.evidence.metrics import approvals, containment, decisions, estate, leases
from console.evidence.metrics.types import Compute
from console.evidence.projection import MAX_WINDOW_SECONDS, Projection
from console.evidence.rows import SECOND, instant, micros
from console.model.base import Input
from console.model.frameworks import MeasureView, Verdict

COMPUTED: dict[str, Compute] = {
    **leases.METRICS,
    **approvals.METRICS,
    **containment.METRICS,
    **decisions.METRICS,
    **estate.METRICS,
}
"""The metrics that are measured here, by id."""

NOT_MEASURED = "not measured here yet"
_WHY_NOT = {
    "static_agent_secrets": "not measured here yet: no inventory of secrets is recorded",
    "broker_root_age_max_days": "not measured here yet: no inventory of secrets is recorded",
    "unregistered_principals": "not measured here yet: accepted identity documents are not recorded",
    "shared_identities": "not measured here yet: accepted identity documents are not recorded",
    "weak_auth_share": "not measured here yet: accepted identity documents are not recorded",
    "audit_unlogged_decisions": "not measured here yet: the audit record alone cannot show what it lacks",
}


class Definition(Input):
    """What a metric means: its unit, which direction is good, and its target, which is this project's unless sourced."""

    id: str
    title: str
    definition: str
    unit: Literal["seconds", "milliseconds", "days", "count", "ratio", "boolean"]
    direction: Literal["max", "min", "exact", "info"]
    target: float | None = None
    target_source: str = ""
    caution: str = ""


class _Definitions(Input):
    metric: tuple[Definition, ...] = Field(min_length=1)


@cache
def definitions() -> dict[str, Definition]:
    """Every metric's definition, by id, in the order of the file. Raises ValueError where the file is not sound."""
    text = files("console.evidence.metrics").joinpath("definitions.toml").read_text(encoding="utf-8")
    loaded = _Definitions.model_validate(tomllib.loads(text)).metric
    found = {definition.id: definition for definition in loaded}
    if len(found) != len(loaded):
        raise ValueError("a metric is defined twice")
    return found


def span(projection: Projection, now: datetime, window: timedelta) -> Span:
    """The span that figures over a window look at: it begins later where older rows were dropped for want of room.

    Raises ValueError for a window that is not above zero or is longer than `MAX_WINDOW_SECONDS`.
    """
    if not 0 < window.total_seconds() <= MAX_WINDOW_SECONDS:
        raise ValueError(f"a window is longer than nothing and at most {MAX_WINDOW_SECONDS} seconds")
    until = micros(now)
    since = until - round(window.total_seconds() * SECOND)
    return Span(max(since, projection.ledger.complete_since or since), until)


def compute(metric_id: str, projection: Projection, now: datetime, window: timedelta) -> Measure:
    """The bare measure of one metric; no data, with the reason, for one that is not measured here.

    Raises KeyError for an id that is not defined, ValueError for a window out of bounds.
    """
    definition = definitions()[metric_id]
    looked_at = span(projection, now, window)
    function = COMPUTED.get(metric_id)
    if function is None:
        return nothing("", _WHY_NOT.get(metric_id, NOT_MEASURED))
    return function(projection.ledger, looked_at, definition.target)


def verdict(definition: Definition, measure: Measure) -> Verdict:
    """What a measure says beside its target. An empty population is no data, whatever the value."""
    if measure.n == 0 or measure.value is None:
        return Verdict.NO_DATA
    if definition.direction == "info" or definition.target is None:
        return Verdict.INFO
    met = {
        "max": measure.value <= definition.target,
        "min": measure.value >= definition.target,
        "exact": measure.value == definition.target,
    }[definition.direction]
    return Verdict.MET if met else Verdict.MISSED


def measure(metric_id: str, projection: Projection, now: datetime, window: timedelta) -> MeasureView:
    """One metric as it is shown. Raises as `compute` does."""
    definition = definitions()[metric_id]
    found = compute(metric_id, projection, now, window)
    return MeasureView(
        metric=metric_id,
        **definition.model_dump(exclude={"id"}),
        verdict=verdict(definition, found),
        value=found.value,
        numerator=found.numerator,
        n=found.n,
        since=instant(span(projection, now, window).since),
        as_of=now,
        newest_at=None if found.newest_at is None else instant(found.newest_at),
        counter_examples=found.counter_examples,
        breakdown=found.breakdown,
        query=found.query,
        reason=found.reason,
    )


def measure_all(projection: Projection, now: datetime, window: timedelta) -> dict[str, MeasureView]:
    """Every defined metric, by id: measured once, to be shared by all frameworks shown at one look."""
    return {metric_id: measure(metric_id, projection, now, window) for metric_id in definitions()}
