"""What is fetched in words: frameworks, figures and trends, audit records, their changes and proofs, the bundle's tree."""

from typing import Any

import pytest

from console.model import merkle
from console.model.audit import AuditRecord, Checkpoint, Checkpoints, InclusionProof
from console.model.canonical import canonical
from console.model.filter_fields import fields_for
from console.model.filter_grammar import parse_filter
from console.model.filters import evaluate
from console.model.frameworks import ControlRow, FrameworkReview, MeasureView, MetricView
from console.tui.present.proof import Proven, covering, judge, leaf_of, proof_lines
from console.tui.present.spans import Line, Tone, plain
from console.tui.present.trend import plot_rows, trend_lines
from console.tui.present.views import audit, frameworks
from tests.tui.state.plane_in_memory import DIGEST, NOW, an_id


def words(lines: tuple[Line, ...] | list[Line]) -> str:
    return "\n".join(f"{line.label}|{plain(line.spans)}" for line in lines)


def measure(**changes: Any) -> MeasureView:
    facts = {
        "metric": "denial_share",
        "title": "Share of denials",
        "definition": "Denials over decisions.",
        "unit": "ratio",
        "direction": "max",
        "target": 0.05,
        "verdict": "missed",
        "value": 0.125,
        "numerator": 1,
        "n": 8,
        "since": NOW,
        "as_of": NOW,
        "newest_at": NOW,
        "counter_examples": (an_id("dc", 1), "audit:7"),
        "query": "Decisions in the window.",
    }
    return MeasureView.model_validate(facts | changes)


def control(**changes: Any) -> ControlRow:
    facts = {
        "control": "C-1",
        "title": "One",
        "summary": "One thing.",
        "relevance": "direct",
        "state": "gap",
        "text": "Gap: denial_share misses its target.",
        "measured": 1,
        "of": 1,
        "n": 8,
        "newest_at": NOW,
        "evidence": (measure(),),
        "counter_examples": (an_id("dc", 1),),
        "digest": DIGEST,
        "standing": DIGEST,
    }
    return ControlRow.model_validate(facts | changes)


def review(**changes: Any) -> FrameworkReview:
    facts = {
        "framework": "f",
        "control": "C-1",
        "state": "supported",
        "digest": DIGEST,
        "standing": DIGEST,
        "note": "looked at it\u202e",
        "reviewer": "aude",
        "at": NOW,
    }
    return FrameworkReview.model_validate(facts | changes)


OTHER = "sha256:" + "00" * 32


@pytest.mark.parametrize(
    ("made", "cell", "said"),
    [
        (None, "-", "never"),
        (review(), "✓ aude", "nothing has changed since"),
        (review(digest=OTHER), "✓ aude", "every verdict is the same"),
        (review(digest=OTHER, standing=OTHER), "▲ changed since", "it was ✓ supported"),
    ],
)
def test_a_row_says_who_reviewed_it_and_what_has_changed_since(made: FrameworkReview | None, cell: str, said: str) -> None:
    row = control(review=made)
    assert frameworks.control_cells(row)[4].text == cell
    told = words(frameworks.control_detail(row))
    assert said in told
    assert "\u202e" not in told


def test_a_control_shows_state_evidence_and_what_speaks_against_it() -> None:
    told = words(frameworks.control_detail(control(not_evidenced="the rest")))
    for part in ("✗ gap", "Share of denials  12.5 % (1 of 8)", "AGAINST IT", "NOT SHOWN|the rest", "DIGEST"):
        assert part in told


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("state:gap", True),
        ("state:no-data", False),
        ("reviewed:no", True),
        ("changed:yes", False),
        ("n:>=8 metric:denial_share", True),
        ("thing", True),
        ("newest:<1h", True),
    ],
)
def test_controls_are_filtered_by_what_they_show(text: str, kept: bool) -> None:
    fields = fields_for("controls")
    assert evaluate(parse_filter(text, fields), control(), fields, NOW) is kept


def test_a_figure_shows_definition_query_window_share_target_and_why() -> None:
    metric = MetricView(measure=measure(), step_seconds=60, points=[{"at": NOW, "value": 0.5, "n": 2}], used_by=("f:C-1",))
    told = words(frameworks.measure_detail(measure(), metric))
    for part in (
        "Denials over decisions.",
        "QUERY|Decisions in the window.",
        "12.5 %   1 of 8",
        "at most 5 %",
        "WINDOW|",
        "2 counter",
    ):
        assert part in told
    assert "USED BY|1 row" in told
    blind = words(frameworks.measure_detail(measure(verdict="no data", value=None, n=0, reason="nothing here"), None))
    assert "VALUE" not in blind
    assert "nothing here" in blind
    assert "TREND|reading…" in blind


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.125, "ratio", "12.5 %"),
        (1.0, "boolean", "yes"),
        (0.0, "boolean", "no"),
        (12.0, "seconds", "12 s"),
        (12345.0, "seconds", "12,345 s"),
        (3.0, "count", "3"),
        (None, "count", "-"),
    ],
)
def test_amounts_are_written_in_their_unit(value: float | None, unit: str, said: str) -> None:
    assert frameworks.amount(value, unit) == said


@pytest.mark.parametrize(
    ("id", "kind"),
    [(an_id("ls", 1), "lease"), (an_id("dc", 1), "decision"), ("audit:7", "record"), ("maya", "name"), ("odd_name", "name")],
)
def test_a_counter_example_says_what_it_is(id: str, kind: str) -> None:
    assert frameworks.example_kind(id) == kind


def test_a_trend_draws_gaps_as_gaps_and_nothings_as_nothings() -> None:
    rows = plot_rows([None, 0.0, 2.0, 4.0], 4.0)
    assert rows[-1] == "·▁██"
    assert rows[0] == "   █"
    assert plot_rows([0.0, None], 0.0)[-1] == "▁·"
    assert len(trend_lines([0.0, None], 60, "")) == 2, "a foot and no height where all is nothing"
    told = words(trend_lines([1.0, None], 60, "", "seconds"))
    assert "1s │" in told
    assert "2m to now, 1m a column" in told


@pytest.mark.parametrize(
    ("values", "reason", "said"), [([], "Not enough history.", "Not enough"), ([None], "", "nothing of this")]
)
def test_a_trend_that_is_none_says_why(values: list[float | None], reason: str, said: str) -> None:
    assert said in words(trend_lines(values, 60, reason))


# The audit log


def record(seq: int, **entity: Any) -> AuditRecord:
    return AuditRecord.model_validate(
        {
            "seq": seq,
            "at": NOW,
            "kind": "lease.active",
            "actor": {"kind": "plane", "id": "plane"},
            "object": "lease",
            "object_id": an_id("ls", 1),
            "task_id": an_id("tk", 1),
            "body": {"entity": entity} if entity else {},
        }
    )


def test_what_a_record_changed_is_told_field_by_field() -> None:
    before = record(3, state="pending", version=1, audience={"name": "crm", "check": "introspect"}, uses=[], gone="x")
    after = record(9, state="active", version=2, audience={"name": "crm", "check": "off\u202eline"}, uses=[], new={"a": 1})
    changes = audit.entity_changes(audit.entity_of(before), audit.entity_of(after))
    assert ("state", "pending", "active") in changes
    assert ("gone", "x", "-") in changes
    assert ("new", "-", '{"a": 1}') in changes
    assert {path for path, _, _ in changes} == {"state", "audience.check", "gone", "new"}
    assert "\u202e" not in words(audit.changed_lines(after, before))
    assert "since record 3" in words(audit.changed_lines(after, before))


@pytest.mark.parametrize(
    ("one", "before", "said"),
    [
        (record(1), None, "no entity"),
        (record(1, a=1), None, "the first record"),
        (record(1, a=1), "", "reading the version before"),
        (record(1, a=1), "further back", "further back"),
        (record(2, a=1), record(1, a=1), "nothing, since record 1"),
    ],
)
def test_what_is_not_known_of_a_change_is_said(one: AuditRecord, before: AuditRecord | str | None, said: str) -> None:
    assert said in words(audit.changed_lines(one, before))


def test_many_changes_are_bounded() -> None:
    after = record(2, **{f"f{number}": number for number in range(100)})
    assert len(audit.changed_lines(after, record(1, x=1))) <= audit.MOST_CHANGES + 2


RECORDS = [record(seq, state=f"s{seq}") for seq in range(5)]
LEAVES = [merkle.leaf_hash(canonical(one)) for one in RECORDS]


def checkpoint(size: int = 4, **changes: Any) -> Checkpoint:
    peaks = merkle.peaks_of(LEAVES[:size])
    facts = {
        "size": size,
        "root": merkle.root(peaks).hex(),
        "peaks": tuple(one.hex() for one in peaks),
        "at": NOW,
        "log": "l",
        "key_id": "k",
    }
    return Checkpoint.model_validate(facts | changes)


def proof(seq: int = 2, size: int = 4, **changes: Any) -> InclusionProof:
    path = merkle.inclusion_path(LEAVES[:size], seq)
    facts = {
        "seq": seq,
        "size": size,
        "leaf": LEAVES[seq].hex(),
        "path": tuple(one.hex() for one in path),
        "root": checkpoint(size).root,
    }
    return InclusionProof.model_validate(facts | changes)


def test_a_record_is_proven_up_to_a_checkpoint() -> None:
    made = judge(RECORDS[2], checkpoint(), proof())
    assert made.holds
    assert made.words == "Proven up to checkpoint 4."
    assert leaf_of(RECORDS[2]) == proof().leaf
    assert "✓ Proven" in words(proof_lines(made))


@pytest.mark.parametrize(
    ("one", "signed", "given", "said"),
    [
        (record(2, state="forged"), checkpoint(), proof(), "hashes to"),
        (RECORDS[2], checkpoint(), proof(leaf="00" * 32), "hashes to"),
        (RECORDS[2], checkpoint(root="00" * 32), proof(), "contradicts itself"),
        (RECORDS[2], checkpoint(peaks=()), proof(), "contradicts itself"),
        (RECORDS[2], checkpoint(), proof(path=()), "does not lead to the root"),
        (RECORDS[2], checkpoint(), proof(path=("00" * 32, "11" * 32)), "does not lead to the root"),
        (RECORDS[2], checkpoint(), proof(seq=1), "not of record 2 in 4"),
        (RECORDS[2], checkpoint(5), proof(), "not of record 2 in 5"),
        (RECORDS[2], checkpoint(), proof(path=("zz",)), "not made of hashes"),
    ],
)
def test_what_is_wrong_with_a_proof_is_named(one: AuditRecord, signed: Checkpoint, given: InclusionProof, said: str) -> None:
    made = judge(one, signed, given)
    assert not made.holds
    assert said in made.words
    assert made.words.startswith("WRONG")


def test_a_record_that_no_checkpoint_covers_is_not_proven_and_not_wrong() -> None:
    for held in (Checkpoints(items=(), size=5), Checkpoints(items=(checkpoint(2),), size=5)):
        made = covering(RECORDS[3], held)
        assert isinstance(made, Proven)
        assert made.tone is Tone.WARN
    assert covering(RECORDS[3], Checkpoints(items=(checkpoint(),), size=5)) == checkpoint()


def test_the_log_says_how_it_stands() -> None:
    assert "never yet" in words(audit.log_state(Checkpoints(items=(), size=5), 5, beginning=False))
    told = words(audit.log_state(Checkpoints(items=(checkpoint(),), size=5), 5, beginning=True))
    assert "✓ up to 4" in told
    assert "1 since" in told
    assert "back to its beginning" in told
    assert "3 held" in words(audit.log_state(None, 3, beginning=False))


# The bundle
