"""Framework views: the rule of a control's state, the wording, and what is written out."""

import csv
import io
import json

import pytest

from console.evidence.catalogue import Control, catalogues
from console.evidence.export import to_csv, to_json, to_markdown, view_digest
from console.evidence.metrics import measure_all
from console.evidence.projection import Projection
from console.evidence.report import control_state, framework_view, seed_view, summaries
from console.model.frameworks import ControlState, FrameworkView, Verdict
from tests.evidence.evidence_log import HOUR, LEASE, Log, at


def _control(coverage: str, count: int) -> Control:
    evidence = tuple(f"m{number}" for number in range(count))
    return Control(id="C-1", title="One", summary="One.", coverage=coverage, evidence=evidence, source="https://example.test")


@pytest.mark.parametrize(
    ("coverage", "verdicts", "state"),
    [
        ("none", [], ControlState.OUT_OF_SCOPE),
        ("direct", [], ControlState.NO_DATA),
        ("direct", [Verdict.NO_DATA], ControlState.NO_DATA),
        ("direct", [Verdict.INFO], ControlState.NO_DATA),
        ("direct", [Verdict.INFO, Verdict.NO_DATA], ControlState.NO_DATA),
        ("partial", [Verdict.MET], ControlState.SUPPORTED),
        ("partial", [Verdict.MET, Verdict.NO_DATA, Verdict.INFO], ControlState.SUPPORTED),
        ("direct", [Verdict.MET, Verdict.MISSED], ControlState.GAP),
        ("direct", [Verdict.MISSED, Verdict.NO_DATA], ControlState.GAP),
    ],
)
def test_the_state_of_a_control_follows_from_its_figures(coverage, verdicts, state):
    view = measure_all(Projection(), at(0), HOUR)["lease_ttl_p95"]
    measures = {f"m{number}": view.model_copy(update={"verdict": verdict}) for number, verdict in enumerate(verdicts)}
    assert control_state(_control(coverage, len(verdicts)), measures) is state


def _view(log: Log, name: str = "owasp_nhi_2025") -> FrameworkView:
    return framework_view(catalogues()[name], log.projection(), at(1000), HOUR)


@pytest.mark.parametrize("name", list(catalogues()))
def test_an_empty_log_supports_nothing(name):
    view = _view(Log(), name)
    assert (view.supported, view.gaps) == (0, 0)
    assert view.no_data + view.out_of_scope == view.controls
    assert all(row.newest_at is None and row.n == 0 for row in view.rows)


def test_a_row_carries_its_population_freshness_and_counter_examples():
    row = next(row for row in _view(Log().lease(ttl=901)).rows if row.control == "NHI7:2025")
    assert row.state is ControlState.GAP
    assert row.text == "Gap: lease_ttl_p95, leases_over_policy_ttl, lease_effective_life_p95 miss their targets."
    assert row.counter_examples == (LEASE,)
    assert row.newest_at == at(0)
    assert (row.measured, row.of) == (5, 8)


def test_deleting_the_records_turns_support_into_no_data():
    log = Log().agent().lease(ttl=60)
    row = next(row for row in _view(log).rows if row.control == "NHI8:2025")
    assert (row.state, row.n) == (ControlState.SUPPORTED, 1)
    assert row.text == "The record supports this: 1 of 1 figures meet their targets."
    del log.records[1]
    row = next(row for row in _view(log).rows if row.control == "NHI8:2025")
    assert (row.state, row.n) == (ControlState.NO_DATA, 0)


def test_the_list_counts_what_the_views_hold():
    log = Log().agent().lease(ttl=60)
    found = {summary.id: summary for summary in summaries(log.projection(), at(1000), HOUR)}
    assert list(found) == list(catalogues())
    assert found["owasp_nhi_2025"].supported == _view(log).supported > 0


def test_the_seed_rows_stand_beside_their_correction():
    first, second, third = seed_view(Log().agent().lease(ttl=60).projection(), at(1000), HOUR)
    assert (first.framework, first.reference, first.verdict) == ("OWASP Agentic AI Top 10", "NHI-03", "wrong reference")
    assert [reference.control for reference in first.primary] == ["ASI03", "NHI7:2025"]
    assert all(reference.id_is_local for reference in second.primary)
    assert {view.metric for view in third.headline} >= {"high_risk_approval_share", "agents_without_owner"}


@pytest.mark.parametrize("name", list(catalogues()))
def test_nothing_written_out_claims_compliance(name):
    view = _view(Log().agent().task().decision().lease(), name)
    told = " ".join([*(row.text for row in view.rows), to_markdown(view.model_copy(update={"rows": ()}))])
    assert "compl" not in told.lower().replace("incomplete", "")


def test_the_markdown_marks_local_ids():
    assert "/agent-identity-attack\\*" in to_markdown(_view(Log(), "csa_maestro"))
    assert "\\*" not in to_markdown(_view(Log()))


def test_the_csv_has_a_line_for_each_figure_and_the_digest():
    view = _view(Log().agent().lease())
    rows = list(csv.reader(io.StringIO(to_csv(view))))
    assert len(rows) == 2 + sum(max(1, len(row.evidence)) for row in view.rows)
    assert all(len(row) == len(rows[0]) for row in rows[:-1])
    assert rows[-1] == ["digest", view_digest(view)]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_no_cell_of_the_csv_is_a_formula(sign):
    view = _view(Log())
    row = view.rows[0].model_copy(update={"title": f"{sign}1+1"})
    rows = list(csv.reader(io.StringIO(to_csv(view.model_copy(update={"rows": (row,)})))))
    assert rows[1][3] == f"'{sign}1+1"


def test_the_json_comes_back_with_the_digest_it_names():
    view = _view(Log().agent().lease())
    loaded = json.loads(to_json(view))
    again = FrameworkView.model_validate(loaded["view"])
    assert again == view
    assert view_digest(again) == loaded["digest"]


def test_the_same_look_twice_is_the_same_view():
    log = Log().agent().task().decision().lease()
    assert view_digest(_view(log)) == view_digest(_view(log))
    assert view_digest(_view(log)) != view_digest(_view(log.lease(id=LEASE[:-1] + "z")))
