"""The status strip, the words for empty tables, the containment sheets, and the fetched views."""

from datetime import timedelta

import pytest

from console.model.actors import PLANE
from console.model.audit import AuditRecord
from console.model.bundles import Bundle, BundleState, BundleView, Finding
from console.model.locks import ContainmentPreview, ContainmentTally, Lock, Receipt
from console.tui.present.sheets import contain_lines, tally_lines
from console.tui.present.spans import Line, fit_pieces, plain
from console.tui.present.status import StatusFacts, mirror_facts, standing, status_pieces
from console.tui.present.views.audit import audit_detail, audit_rows
from console.tui.present.views.policies import bundle_detail
from tests.tui.present.test_views import one_of_each
from tests.tui.state.plane_in_memory import NOW, agent, an_id, lease

AT = NOW.timestamp()


def words(lines: tuple[Line, ...]) -> str:
    return "\n".join(f"{line.label}|{plain(line.spans)}" for line in lines)


def strip(width: int = 500, **changes: object) -> str:
    facts = StatusFacts(
        "PROD eu1",
        "maya",
        "SAFE",
        "live",
        sign_in_left=2460.0,
        revision=42,
        approvals=7,
        critical=2,
        leases=143,
        next_expiry=38.0,
    )
    pieces = status_pieces(StatusFacts(**{name: changes.get(name, getattr(facts, name)) for name in StatusFacts.__slots__}))  # type: ignore[arg-type]
    return "  ".join(plain(piece.spans) for piece in fit_pieces(pieces, width, 2))


def test_the_strip_says_everything_at_eighty_columns() -> None:
    assert strip(82) == " PROD eu1   maya 41m  SAFE  ● LIVE  appr 7 (2!)  leases 143 (00:38)  stuck 0  r42"
    assert strip() == (
        " PROD eu1   maya 41m  SAFE ! to arm  ● LIVE  approvals 7 (2 critical)  leases 143 next 00:38  stuck 0  policy r42"
    )


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_mode_and_connection_never_leave_the_strip(width: int) -> None:
    assert "SAFE" in strip(width)
    assert "LIVE" in strip(width)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mode": "ARMED", "armed_left": 272.0}, "ARMED 04:32"),
        ({"mode": "READ-ONLY"}, "READ-ONLY"),
        ({"connection": "stale", "silent": 12.4}, "▲ STALE 12s"),
        ({"connection": "offline"}, "✗ OFFLINE"),
        ({"stuck": 3}, "stuck 3"),
        ({"revision": None}, "no policy"),
        ({"sign_in_left": 30.0}, "maya ends"),
        ({"loaded": False}, "approvals \u2013  leases \u2013  stuck \u2013  policy r\u2013"),
    ],
)
def test_the_strip_says_what_is_different(changes: dict[str, object], expected: str) -> None:
    assert expected in strip(**changes)


def test_the_figures_come_from_the_mirror() -> None:
    assert mirror_facts(one_of_each(), AT) == {
        "approvals": 1,
        "critical": 1,
        "leases": 1,
        "next_expiry": 60.0,
        "stuck": 0,
        "revision": None,
    }


@pytest.mark.parametrize(
    ("connection", "loaded", "shown", "filtered", "condition"),
    [
        ("connecting", False, 0, False, "loading"),
        ("offline", False, 0, False, "failed"),
        ("stale", True, 5, False, "stale"),
        ("offline", True, 0, True, "stale"),
        ("live", True, 0, True, "nothing-matches"),
        ("live", True, 0, False, "empty"),
        ("live", True, 3, True, "ready"),
    ],
)
def test_no_look_is_taken_for_another(connection: str, loaded: bool, shown: int, filtered: bool, condition: str) -> None:
    got = standing(connection, loaded=loaded, shown=shown, filtered=filtered, empty="Nothing waits.", hint="")
    assert got.condition == condition
    assert bool(got.words) == (condition != "ready")


LOCK = Lock(
    id=an_id("lk", 1),
    target="agent",
    target_id=agent().id,
    target_name="executor-1",
    cause=an_id("lk", 1),
    agent_id=agent().id,
    reason="odd reads",
    placed_at=NOW,
    placed_by="rosa",
    receipts=(Receipt(step="lock", at=NOW, count=4, text="agent and tasks"),),
)


def test_the_contain_sheet_says_what_goes_and_what_stays_usable() -> None:
    preview = ContainmentPreview(
        agent_id=agent().id,
        agent_name="executor-1",
        critical=True,
        tasks=2,
        delegated_tasks=3,
        delegates=("summariser",),
        leases=5,
        leases_by_issuer={"tokens": 5},
        leases_by_revocability={"instant": 4, "at-expiry-only": 1},
        approvals=1,
        grants=0,
        people_waiting=("maya",),
        residual_exposure_at=NOW + timedelta(seconds=90),
    )
    said = words(contain_lines(preview, AT))
    for expected in (
        "a critical agent",
        "TASKS|2",
        "3 delegated tasks",
        "LEASES|5",
        "1 at expiry only",
        "WAITING|maya",
        "until 03:01:30Z, 01:30",
    ):
        assert expected in said
    certain = preview.model_copy(update={"residual_exposure_at": None, "leases_by_revocability": {"instant": 5}})
    assert "none is expected" in words(contain_lines(certain, AT))
    unknown = preview.model_copy(update={"residual_exposure_at": None, "leases_by_revocability": {"unknown": 5}})
    assert "nobody can say" in words(contain_lines(unknown, AT))


@pytest.mark.parametrize(
    ("figures", "head"),
    [
        ({"confirmed": 4, "expired": 1, "revoking": 0, "irrevocable": 0}, "✓ done"),
        ({"confirmed": 3, "expired": 1, "revoking": 1, "irrevocable": 0}, "◆ revoking…"),
        ({"confirmed": 3, "expired": 1, "revoking": 0, "irrevocable": 1}, "▲▲ not done"),
    ],
)
def test_a_tally_says_done_only_when_every_lease_is_dead(figures: dict[str, int], head: str) -> None:
    said = words(tally_lines(ContainmentTally(lock=LOCK, leases=5, **figures), AT))
    assert said.startswith(f"|{head}")
    assert ("done" in said.split("\n")[0].split("not done")[0]) == (head == "✓ done")
    assert "LOCK|4" in said


RECORDS = [
    AuditRecord(
        seq=number,
        at=NOW + timedelta(seconds=number),
        kind=kind,
        actor=PLANE,
        object="lease",
        object_id=lease(1).id,
        body={"entity": {"action": "customers.read", "resource": "crm/\u202ecustomers"}},
    )
    for number, kind in enumerate(["decision.made", "lease.active", "lease.revoked"])
]


def test_audit_records_stand_newest_first_and_are_inert() -> None:
    rows = audit_rows(RECORDS)
    assert list(rows.keys) == ["2", "1", "0"]
    assert rows.cells("2")[2].text == "lease.revoked"
    assert "\u202e" not in rows.cells("2")[4].text + words(audit_detail(RECORDS[0]))


def test_a_bundle_shows_its_tests_and_findings() -> None:
    finding = Finding(severity="warning", code="wide", file="policies/a.cedar", line=7, text="it is wide", fix="Narrow it.")
    bundle = Bundle(
        id=an_id("pb", 1),
        name="estate",
        digest="sha256:" + "ab" * 32,
        revision=42,
        state=BundleState.PUBLISHED,
        author="pat",
        created_at=NOW,
        findings=(finding,),
    )
    said = words(bundle_detail(BundleView(bundle=bundle, tests_passed=3, tests_total=4)))
    assert "3 of 4 pass" in said
    assert "it is wide  policies/a.cedar:7" in said
