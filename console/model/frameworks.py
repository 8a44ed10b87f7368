"""Frameworks as they travel: measures, control rows and the product's own three rows, always with their population.

A row says that the record *supports* a control; nothing here ever says that somebody complies with a framework.
"""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from console.model.base import Digest, Input, Instant, Reason, Shape


class Verdict(StrEnum):
    """What a measure says beside its target. `info` has no target; `no data` is never a pass."""

    MET = "met"
    MISSED = "missed"
    INFO = "info"
    NO_DATA = "no data"


class ControlState(StrEnum):
    """What the measures of a control say together."""

    SUPPORTED = "supported"
    GAP = "gap"
    NO_DATA = "no data"
    OUT_OF_SCOPE = "out of scope"


class MeasureView(Shape):
    """One evidence metric over one window. `numerator` over `n` is the share; `n` is the population looked at.

    `since` is where the looking began: later than asked for where older records are no longer held. `newest_at` is when
    the newest record behind the figure was written. `counter_examples` are ids of objects, or `audit:<seq>` of records; at
    most 50. `reason` says why there is no data.
    """

    metric: str
    title: str
    definition: str
    unit: str
    direction: Literal["max", "min", "exact", "info"]
    target: float | None = None
    target_source: str = ""
    caution: str = ""
    verdict: Verdict
    value: float | None = None
    numerator: float | None = None
    n: int = 0
    since: Instant
    as_of: Instant
    newest_at: Instant | None = None
    counter_examples: tuple[str, ...] = ()
    breakdown: dict[str, int] = Field(default_factory=dict)
    query: str = ""
    reason: str = ""


class FrameworkReview(Shape):
    """Somebody looked at a row and said so. `digest` and `standing` are those of the row as it stood then."""

    framework: str
    control: str
    state: ControlState
    digest: Digest
    standing: Digest
    note: str
    reviewer: str
    at: Instant


class FrameworkReviewInput(Input):
    """A row is marked reviewed: with a note, and bound to the `standing` that the reviewer had before them."""

    control: str = Field(min_length=1, max_length=128)
    standing: Digest
    note: Reason


class ControlRow(Shape):
    """One control of a framework with its evidence. `measured` of `of` metrics had observations.

    `id_is_local` marks ids that are this project's slugs and not the publisher's. `digest` is over all that the row says but
    times: it differs when any figure does. `standing` is over its state and its verdicts alone: a review is bound to it,
    because figures move all the time. Both are empty where they were not taken.
    """

    control: str
    title: str
    group: str = ""
    summary: str = ""
    relevance: Literal["direct", "partial", "none"]
    id_is_local: bool = False
    state: ControlState
    text: str
    measured: int = 0
    of: int = 0
    n: int = 0
    newest_at: Instant | None = None
    counter_examples: tuple[str, ...] = ()
    evidence: tuple[MeasureView, ...] = ()
    not_evidenced: str = ""
    source: str = ""
    digest: str = ""
    standing: str = ""
    review: FrameworkReview | None = None

    @property
    def moved(self) -> Literal["", "figures", "standing"]:
        """What has changed since the last review: nothing, only figures, or what they say together."""
        if self.review is None or self.review.digest == self.digest:
            return ""
        return "figures" if self.review.standing == self.standing else "standing"


class FrameworkSummary(Shape):
    """One framework in a list: how many of its controls stand where."""

    id: str
    title: str
    publisher: str
    version: str
    url: str
    ids_are_local: bool
    controls: int
    supported: int
    gaps: int
    no_data: int
    out_of_scope: int
    as_of: Instant
    window_seconds: int


class FrameworkView(FrameworkSummary):
    """One framework with its rows. `catalogue_digest` is over the catalogue that the rows were made from."""

    catalogue_digest: str = ""
    notes: str = ""
    licence: str = ""
    verified: str = ""
    retrieved: str = ""
    rows: tuple[ControlRow, ...]


class TrendPoint(Shape):
    """A metric over one short span that begins at an instant. Without a value nothing of its kind happened in it."""

    at: Instant
    value: float | None = None
    n: int = 0


class MetricView(Shape):
    """One metric: as it is now, and over the spans of `step_seconds` before. `reason` says why there are no points.

    `used_by` names the rows that it is evidence for, as `framework:control`.
    """

    measure: MeasureView
    step_seconds: int = 0
    points: tuple[TrendPoint, ...] = ()
    reason: str = ""
    used_by: tuple[str, ...] = ()


class SeedReference(Shape):
    """A control that a seed row points at: where it stands, what it is called, and whether its id is a local slug."""

    framework: str
    framework_title: str
    control: str
    title: str
    id_is_local: bool
    state: ControlState


class SeedRowView(Shape):
    """One of the three rows that the product was asked for, as it was asked, beside the corrected ids and why."""

    framework: str
    reference: str
    claim: str
    verdict: str
    why: tuple[str, ...]
    primary: tuple[SeedReference, ...]
    also: tuple[SeedReference, ...]
    not_this: tuple[SeedReference, ...]
    how_to_show: str
    headline: tuple[MeasureView, ...]


class Frameworks(Shape):
    """The frameworks, each with how its controls stand."""

    items: tuple[FrameworkSummary, ...]


class SeedRows(Shape):
    """The three rows that the product was asked for."""

    items: tuple[SeedRowView, ...]
