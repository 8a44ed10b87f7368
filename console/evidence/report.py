"""Framework views: each control beside what the record says about it. Owns the rule by which a control's state follows.

The rule, over the control's evidence metrics that have observations and a target:

- out of scope: the catalogue says that this console cannot evidence the control (`coverage` none);
- gap: at least one of them misses its target;
- supported: at least one of them meets its target, and none misses;
- no data: anything else. Figures without a target, and populations of zero, never support anything.

And the two digests of a row. Both leave out when it was looked at, so that the same evidence has the same digest.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from console.evidence.catalogue import Catalogue, Control, SeedRow, catalogues, resolve, seed_mapping
from console.evidence.measure import bounded
from console.evidence.metrics import measure_all
from console.evidence.projection import Projection
from console.model.canonical import digest
from console.model.frameworks import (
    ControlRow,
    ControlState,
    FrameworkReview,
    FrameworkSummary,
    FrameworkView,
    MeasureView,
    SeedReference,
    SeedRowView,
    Verdict,
)

Measures = Mapping[str, MeasureView]
Reviews = Mapping[tuple[str, str], FrameworkReview]
_TIMES = {"since", "as_of", "newest_at"}


def control_state(control: Control, measures: Measures) -> ControlState:
    """The state of a control, by the rule above. Raises KeyError where a metric of its evidence was not measured."""
    if control.coverage == "none":
        return ControlState.OUT_OF_SCOPE
    verdicts = {measures[metric].verdict for metric in control.evidence}
    if Verdict.MISSED in verdicts:
        return ControlState.GAP
    return ControlState.SUPPORTED if Verdict.MET in verdicts else ControlState.NO_DATA


def _sentence(state: ControlState, evidence: tuple[MeasureView, ...]) -> str:
    met = sum(view.verdict is Verdict.MET for view in evidence)
    missed = [view.metric for view in evidence if view.verdict is Verdict.MISSED]
    silent = sum(view.verdict is Verdict.NO_DATA for view in evidence)
    if state is ControlState.OUT_OF_SCOPE:
        return "Out of scope: the console's record says nothing about this."
    if state is ControlState.GAP:
        return f"Gap: {', '.join(missed)} {'miss their targets' if len(missed) > 1 else 'misses its target'}."
    rest = f"; {silent} of {len(evidence)} figures have no data" if silent else ""
    if state is ControlState.SUPPORTED:
        return f"The record supports this: {met} of {len(evidence)} figures meet their targets{rest}."
    return f"No data: no figure with a target has observations{rest}."


def control_row(control: Control, measures: Measures, *, ids_are_local: bool) -> ControlRow:
    """One control with its evidence. Raises KeyError where a metric of its evidence was not measured."""
    evidence = tuple(measures[metric] for metric in control.evidence)
    state = control_state(control, measures)
    seen = [view for view in evidence if view.verdict is not Verdict.NO_DATA]
    missed = [name for view in evidence if view.verdict is Verdict.MISSED for name in view.counter_examples]
    return ControlRow(
        control=control.id,
        title=control.title,
        group=control.group,
        summary=control.summary,
        relevance=control.coverage,
        id_is_local=ids_are_local,
        state=state,
        text=_sentence(state, evidence),
        measured=len(seen),
        of=len(evidence),
        n=sum(view.n for view in seen),
        newest_at=max((view.newest_at for view in seen if view.newest_at is not None), default=None),
        counter_examples=bounded(missed),
        evidence=evidence,
        not_evidenced=control.not_evidenced,
        source=control.source,
    )


def row_digest(row: ControlRow) -> str:
    """The SHA-256 digest over all that a row says but times: state, relevance, figures, populations, counter-examples."""
    figures = [view.model_dump(mode="json", exclude=_TIMES) for view in row.evidence]
    return digest({"control": row.control, "relevance": row.relevance, "state": row.state.value, "evidence": figures})


def standing_digest(row: ControlRow) -> str:
    """The SHA-256 digest over what a row comes to: its state, and verdict and target of each figure."""
    verdicts = [[view.metric, view.verdict.value, view.target] for view in row.evidence]
    return digest({"control": row.control, "relevance": row.relevance, "state": row.state.value, "verdicts": verdicts})


def sealed(view: FrameworkView, catalogue_digest: str, reviews: Reviews) -> FrameworkView:
    """A view whose rows carry their digests and their last reviews."""
    rows = tuple(
        row.model_copy(
            update={
                "digest": row_digest(row),
                "standing": standing_digest(row),
                "review": reviews.get((view.id, row.control)),
            }
        )
        for row in view.rows
    )
    return view.model_copy(update={"rows": rows, "catalogue_digest": catalogue_digest})


def view_of(catalogue: Catalogue, measures: Measures, now: datetime, window: timedelta) -> FrameworkView:
    """A framework over measures that were already taken: for showing several frameworks at one look."""
    framework = catalogue.framework
    rows = tuple(control_row(control, measures, ids_are_local=framework.ids_are_local) for control in catalogue.control)
    states = Counter(row.state for row in rows)
    return FrameworkView(
        id=framework.id,
        title=framework.title,
        publisher=framework.publisher,
        version=framework.version,
        url=framework.url,
        ids_are_local=framework.ids_are_local,
        controls=len(rows),
        supported=states[ControlState.SUPPORTED],
        gaps=states[ControlState.GAP],
        no_data=states[ControlState.NO_DATA],
        out_of_scope=states[ControlState.OUT_OF_SCOPE],
        as_of=now,
        window_seconds=round(window.total_seconds()),
        notes=framework.notes,
        licence=framework.licence,
        verified=framework.verified,
        retrieved=framework.retrieved,
        rows=rows,
    )


def framework_view(catalogue: Catalogue, projection: Projection, now: datetime, window: timedelta) -> FrameworkView:
    """A framework over a projection. Raises ValueError for a window out of bounds."""
    return view_of(catalogue, measure_all(projection, now, window), now, window)


def summaries(projection: Projection, now: datetime, window: timedelta) -> tuple[FrameworkSummary, ...]:
    """Every framework in a line, over one taking of the measures. Raises ValueError for a window out of bounds."""
    measures = measure_all(projection, now, window)
    return tuple(
        FrameworkSummary.model_validate(view_of(catalogue, measures, now, window).model_dump(exclude={"rows"}))
        for catalogue in catalogues().values()
    )


def seed_view(projection: Projection, now: datetime, window: timedelta) -> tuple[SeedRowView, ...]:
    """The product's three rows: the seed's own text, the corrected ids with the reason, and the headline figures."""
    measures = measure_all(projection, now, window)
    return tuple(_seed_row(row, measures) for row in seed_mapping().row)


def _seed_row(row: SeedRow, measures: Measures) -> SeedRowView:
    return SeedRowView(
        framework=row.seed_framework,
        reference=row.seed_reference,
        claim=row.seed_claim,
        verdict=row.verdict,
        why=row.why,
        primary=tuple(_reference(name, measures) for name in row.primary),
        also=tuple(_reference(name, measures) for name in row.also),
        not_this=tuple(_reference(name, measures) for name in row.not_this),
        how_to_show=row.how_to_show,
        headline=tuple(measures[metric] for metric in row.headline_evidence),
    )


def _reference(name: str, measures: Measures) -> SeedReference:
    catalogue, control = resolve(name)
    return SeedReference(
        framework=catalogue.id,
        framework_title=catalogue.framework.title,
        control=control.id,
        title=control.title,
        id_is_local=catalogue.framework.ids_are_local,
        state=control_state(control, measures),
    )
