"""What the audit log tells beyond its records, while the plane runs: signed heads, proofs, and live evidence.

Evidence is folded as records arrive, in small pages off the event loop's back, never by a scan at each look.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

from console.evidence.catalogue import Catalogue, catalogues
from console.evidence.metrics import measure_all
from console.evidence.projection import Projection
from console.evidence.report import sealed, seed_view, view_of
from console.evidence.trend import points_of, spans_of, why_none
from console.model.actors import Actor
from console.model.audit import Checkpoint, InclusionProof
from console.model.frameworks import (
    FrameworkReview,
    FrameworkReviewInput,
    FrameworkSummary,
    FrameworkView,
    MeasureView,
    MetricView,
    SeedRowView,
    TrendPoint,
)
from console.model.problems import ProblemError
from console.server.audit.checkpoint import Signer, take
from console.server.audit.log import inclusion_proof
from console.server.ports import Clock, Store, StoredEvent, Transaction

WINDOW = timedelta(days=1)
PAGE = 500
REST = timedelta(seconds=1)
"""How old figures may be before a look takes them anew."""


class AuditService:
    """Signed heads of the log, proofs against them, and the erasing of the free texts that it knows by digest."""

    def __init__(self, store: Store, signer: Signer) -> None:
        self._store = store
        self._signer = signer

    async def checkpoint(self) -> Checkpoint:
        """Sign the log as it stands now."""
        return await take(self._store, self._signer)

    def prove(self, seq: int, size: int | None = None) -> InclusionProof:
        """That a record is in the log of a checkpoint: of the newest, or of the one of this size.

        Raises ProblemError `not_found`.
        """
        for checkpoint in self._store.checkpoints(1000 if size is not None else 1):
            if size is None or checkpoint.size == size:
                return inclusion_proof(self._store, seq, checkpoint)
        raise ProblemError("not_found", "There is no such checkpoint.", next_step="Take one: leasehold audit checkpoint.")

    async def erase(self, digest: str, reason: str, actor: Actor) -> None:
        """Erase a free text and its salt for good. The digest stays in the log, which stays whole.

        Raises ProblemError `not_found` where there is no such text, or none any more.
        """

        def verb(tx: Transaction) -> None:
            if not tx.erase_text(digest):
                raise ProblemError("not_found", "There is no free text of this digest, or it was erased already.")
            tx.record("text.erased", actor, object="text", object_id=digest, body={"digest": digest, "reason": reason})

        await self._store.write(verb)


class LiveEvidence:
    """The read side of the record: a projection that follows it, and the framework tables over that."""

    def __init__(self, store: Store, clock: Clock, window: timedelta = WINDOW) -> None:
        self._store = store
        self._clock = clock
        self._window = window
        self._projection = Projection()
        self._grown = asyncio.Event()
        self._measures: Mapping[str, MeasureView] | None = None
        self._taken_at = clock.now()

    async def run(self) -> None:
        """Follow the log for as long as the plane runs."""
        stop: Callable[[], None] = self._store.subscribe(self._hear)
        try:
            while True:
                await self._catch_up()
                await self._grown.wait()
                self._grown.clear()
        finally:
            stop()

    async def frameworks(self) -> tuple[FrameworkSummary, ...]:
        """Every framework in a line."""
        measures = await self._measured()
        return tuple(
            FrameworkSummary.model_validate(self._view(catalogue, measures).model_dump(exclude={"rows"}))
            for catalogue in catalogues().values()
        )

    async def framework(self, framework_id: str) -> FrameworkView | None:
        """One framework, row by row; None when there is no such catalogue."""
        catalogue = catalogues().get(framework_id)
        if catalogue is None:
            return None
        view = self._view(catalogue, await self._measured())
        return sealed(view, catalogue.digest, self._projection.ledger.framework_reviews)

    async def metric(self, metric_id: str) -> MetricView | None:
        """One metric with its trend; None when there is no such metric."""
        measure = (await self._measured()).get(metric_id)
        if measure is None:
            return None
        step, spans = spans_of(self._projection, self._clock.now())
        reason = why_none(metric_id, spans)
        points: list[TrendPoint] = []
        if not reason:
            for point in points_of(metric_id, self._projection, spans):
                points.append(point)
                await asyncio.sleep(0)
        used_by = [
            f"{catalogue.id}:{control.id}"
            for catalogue in catalogues().values()
            for control in catalogue.control
            if metric_id in control.evidence
        ]
        return MetricView(measure=measure, step_seconds=step, points=tuple(points), reason=reason, used_by=tuple(used_by))

    async def review(self, framework_id: str, asked: FrameworkReviewInput, actor: Actor) -> FrameworkReview:
        """Mark a row reviewed, on the record, with the digests of what it says at this moment.

        Raises ProblemError `not_found`, or `conflict` where the row no longer stands as the reviewer saw it.
        """
        view = await self.framework(framework_id)
        row = next((row for row in view.rows if row.control == asked.control), None) if view is not None else None
        if row is None:
            raise ProblemError("not_found", "There is no such framework, or no such row in it.")
        if row.standing != asked.standing:
            raise ProblemError(
                "conflict",
                f"The row no longer stands as you saw it; it is now: {row.state.value}.",
                standing=row.standing,
                state=row.state.value,
            )

        def verb(tx: Transaction) -> FrameworkReview:
            review = FrameworkReview(
                framework=framework_id,
                control=row.control,
                state=row.state,
                digest=row.digest,
                standing=row.standing,
                note=asked.note,
                reviewer=actor.name or actor.id,
                at=tx.now,
            )
            tx.record(
                "framework.reviewed",
                actor,
                object="framework",
                object_id=f"{framework_id}:{row.control}",
                body={"entity": review.model_dump(mode="json")},
            )
            return review

        return await self._store.write(verb)

    async def seed(self) -> tuple[SeedRowView, ...]:
        """The three rows that the product was asked for, with their headline figures."""
        await self._measured()
        return seed_view(self._projection, self._taken_at, self._window)

    def _view(self, catalogue: Catalogue, measures: Mapping[str, MeasureView]) -> FrameworkView:
        return view_of(catalogue, measures, self._taken_at, self._window)

    async def _measured(self) -> Mapping[str, MeasureView]:
        """Every figure, taken anew at most once a second."""
        await self._catch_up()
        now = self._clock.now()
        if self._measures is None or now - self._taken_at >= REST:
            self._measures = measure_all(self._projection, now, self._window)
            self._taken_at = now
        return self._measures

    async def _catch_up(self) -> None:
        while self._fold():  # noqa: ASYNC110 (gives way between pages; nothing is waited for)
            await asyncio.sleep(0)

    def _fold(self) -> bool:
        """Fold one page. Returns whether there may be more."""
        page = self._store.audit(self._projection.last_seq, PAGE)
        for record in page:
            self._projection.apply(record)
        return len(page) == PAGE

    def _hear(self, _events: list[StoredEvent]) -> None:
        self._grown.set()
