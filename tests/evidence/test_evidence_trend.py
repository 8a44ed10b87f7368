"""Trends: how spans are cut, what a figure was in each of them, and what has no past here. Digests of rows and reviews."""

import csv
import io
import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from console.evidence.catalogue import catalogues
from console.evidence.export import to_csv, to_json, to_markdown
from console.evidence.metrics import COMPUTED
from console.evidence.projection import Projection
from console.evidence.report import framework_view, sealed
from console.evidence.trend import AS_IT_STANDS, MOST_POINTS, points_of, spans_of, why_none
from console.model.audit import Checkpoint
from console.model.frameworks import ControlRow, ControlState, FrameworkReview
from tests.evidence.evidence_log import HOUR, Log, at

NHI = catalogues()["owasp_nhi_2025"]


@pytest.mark.parametrize(
    ("seconds", "step", "count"),
    [(30, 60, 1), (90, 60, 2), (30 * 60, 60, 31), (2 * 3600, 300, 25), (7 * 86_400, 21_600, 29), (60 * 86_400, 21_600, 29)],
)
def test_spans_reach_over_the_whole_past_and_are_bounded(seconds: int, step: int, count: int) -> None:
    found, spans = spans_of(Log().agent().projection(), at(seconds))
    assert (found, len(spans)) == (step, count)
    assert len(spans) <= MOST_POINTS
    assert all(after.since == before.until + 1 for before, after in pairwise(spans))


def test_no_record_has_no_span() -> None:
    assert spans_of(Projection(), at(100))[1] == ()


def test_a_figure_is_that_of_its_span_alone() -> None:
    log = Log().agent().lease(10, id="ls_1", ttl=901, issued=10).lease(130, id="ls_2", ttl=60, issued=130)
    projection = log.projection()
    _, spans = spans_of(projection, at(170))
    points = list(points_of("lease_ttl_p95", projection, spans))
    assert [(one.value, one.n) for one in points] == [(901.0, 1), (None, 0), (60.0, 1)]


def test_what_stands_now_has_no_past() -> None:
    assert set(COMPUTED) >= AS_IT_STANDS
    _, spans = spans_of(Log().agent().projection(), at(600))
    assert "stands now" in why_none("concurrent_leases_max", spans)
    assert "not measured" in why_none("shared_identities", spans)
    assert "Not enough history" in why_none("denial_share", spans[:1])
    assert why_none("denial_share", spans) == ""


def _row(log: Log, seconds: float, control: str = "NHI7:2025") -> ControlRow:
    view = framework_view(NHI, log.projection(), at(seconds), HOUR)
    made = sealed(view, NHI.digest, log.projection().ledger.framework_reviews)
    assert made.catalogue_digest == NHI.digest
    return next(row for row in made.rows if row.control == control)


def test_the_digests_do_not_change_with_the_clock_and_do_with_the_evidence() -> None:
    before, later = _row(Log().lease(ttl=60), 1000), _row(Log().lease(ttl=60), 1001)
    assert (before.digest, before.standing) == (later.digest, later.standing)
    other = _row(Log().lease(ttl=61), 1000)
    assert other.digest != before.digest
    assert other.standing == before.standing
    assert _row(Log().lease(ttl=901), 1000).standing != before.standing


def _record(log: Log, entity: dict[str, Any]) -> None:
    log.write("framework.reviewed", 1001, None)
    log.records[-1] = log.records[-1].model_copy(update={"body": {"entity": entity}})


def test_a_review_is_folded_and_says_what_has_moved_since() -> None:
    log = Log().lease(ttl=60)
    row = _row(log, 1000)
    review = FrameworkReview(
        framework=NHI.id,
        control=row.control,
        state=ControlState.SUPPORTED,
        digest=row.digest,
        standing=row.standing,
        note="seen",
        reviewer="aude",
        at=at(1000) + timedelta(seconds=1),
    )
    _record(log, review.model_dump(mode="json"))
    again = _row(log, 1002)
    assert again.review == review
    assert again.moved == ""
    assert again.model_copy(update={"digest": "sha256:" + "1" * 64}).moved == "figures"
    assert again.model_copy(update={"digest": "x", "standing": "y"}).moved == "standing"
    assert row.moved == ""


def test_a_review_that_cannot_be_read_is_counted_and_changes_nothing() -> None:
    log = Log().lease(ttl=60)
    _record(log, {"framework": NHI.id})
    assert log.projection().ledger.unreadable == 1
    assert _row(log, 1002).review is None


def test_what_is_written_out_carries_the_signed_head_the_choice_and_each_row() -> None:
    log = Log().lease(ttl=60)
    view = sealed(framework_view(NHI, log.projection(), at(1000), HOUR), NHI.digest, {})
    row = next(one for one in view.rows if one.control == "NHI7:2025")
    reviewed = FrameworkReview(
        framework=NHI.id,
        control=row.control,
        state=ControlState.GAP,
        digest="sha256:" + "1" * 64,
        standing="sha256:" + "2" * 64,
        note="=seen",
        reviewer="aude",
        at=at(900),
    )
    view = view.model_copy(update={"rows": (row.model_copy(update={"review": reviewed}),)})
    signed = Checkpoint(size=7, root="ab" * 32, peaks=(), at=at(950), log="l", key_id="k")
    held = json.loads(to_json(view, signed, "state:gap"))
    assert (held["checkpoint"]["size"], held["catalogue_digest"], held["filter"]) == (7, NHI.digest, "state:gap")
    lines = list(csv.reader(io.StringIO(to_csv(view, signed, "=state:gap"))))
    first = dict(zip(lines[0], lines[1], strict=True))
    assert (first["row digest"], first["reviewed by"], first["changed since"]) == (row.digest, "aude", "yes, it was gap")
    assert [line[0] for line in lines[-4:]] == ["filter", "audit checkpoint", "catalogue digest", "digest"]
    assert lines[-4][1] == "'=state:gap"
    page = to_markdown(view, signed, "state:gap")
    for part in (
        "Audit checkpoint: 7 records",
        NHI.digest,
        "aude, ",
        "changed since: yes, it was gap",
        "Rows chosen by: state:gap",
    ):
        assert part in page
