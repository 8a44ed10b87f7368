"""The bundle in words: Cedar and TOML for the eye, searches, findings in the gutter, what a policy decided lately."""

from typing import Any

import pytest

from console.model.bundles import Bundle, BundleView
from console.tui.present.source import begins_at, by_line, highlight, lines_with, marked, source_lines
from console.tui.present.spans import Span, Tone, plain
from console.tui.present.views import policies
from console.tui.rows import DecisionRow
from tests.tui.present.test_fetched_views import words
from tests.tui.state.plane_in_memory import DIGEST, NOW, an_id

CEDAR = """@id("no-export")
@reason("No // export.")
forbid (principal, action == Action::"export", resource)
when { 1 > 0 };  // why
"""


def tones(line: str, path: str = "a.cedar") -> dict[str, Tone]:
    return {span.text: span.tone for span in highlight(line, path)}


def test_cedar_is_lexed_for_the_eye() -> None:
    found = tones('forbid (principal, action == Action::"export") // because "this"')
    assert found["forbid"] is Tone.DANGER
    assert found["principal"] is Tone.DELEGATION
    assert found["Action::"] is Tone.DELEGATION
    assert found['"export"'] is Tone.INFO
    assert found['// because "this"'] is Tone.DIM
    assert tones('@reason("a // b")')['"a // b"'] is Tone.INFO
    assert tones("permit")["permit"] is Tone.OK


@pytest.mark.parametrize(
    "line", ["", "   ", '"never closed \\', "\u202e\x1b[31m", "@", "::", "a" * 500, '"a\\"b" // c', "\tx", "é ∀ 漢"]
)
@pytest.mark.parametrize("path", ["a.cedar", "a.cedarschema", "a.toml", "a.txt"])
def test_no_line_loses_a_character_and_all_are_inert(line: str, path: str) -> None:
    shown = plain(highlight(line, path))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    if line.isprintable() and "\t" not in line:
        assert shown == line


def test_toml_is_lexed_lightly() -> None:
    found = tones('name = "x"  # why', "a.toml")
    assert found['"x"'] is Tone.INFO
    assert found["# why"] is Tone.DIM
    assert highlight("[[test]]", "a.toml")[0].strong


def test_a_search_is_marked_also_over_the_edge_of_a_span() -> None:
    spans = marked((Span("for"), Span("bid (x)", Tone.INFO)), "RBID")
    assert [(span.text, span.fill) for span in spans] == [("fo", False), ("r", True), ("bid", True), (" (x)", False)]
    assert plain(spans) == "forbid (x)"
    assert lines_with(CEDAR, "export") == (1, 2, 3)
    assert lines_with(CEDAR, "") == ()


def bundle(**changes: Any) -> BundleView:
    held = Bundle.model_validate(
        {
            "id": an_id("pb", 1),
            "name": "sample",
            "digest": DIGEST,
            "revision": 7,
            "state": "published",
            "author": "petra",
            "created_at": NOW,
            "published_at": NOW,
            "files": (
                {"path": "tests/a.toml", "text": '[[test]]\nname = "it holds"\n'},
                {"path": "policies/a.cedar", "text": CEDAR},
            ),
            "findings": (
                {"severity": "warning", "code": "w", "file": "policies/a.cedar", "line": 3, "text": "wide"},
                {"severity": "error", "code": "e", "file": "policies/a.cedar", "line": 3, "text": "wrong"},
            ),
        }
    )
    facts = {
        "bundle": held,
        "policies": ({"policy_id": "no-export", "effect": "forbid", "file": "policies/a.cedar", "text": CEDAR},),
        "tests": ({"name": "it holds", "file": "tests/a.toml", "passed": False, "expected": "deny", "got": "allow"},),
        "tests_total": 1,
    }
    return BundleView.model_validate(facts | changes)


def test_the_tree_holds_files_with_what_is_in_them_then_the_history() -> None:
    view = bundle()
    items = policies.policy_items(view, [view.bundle])
    assert [(one.kind, one.branch, one.line) for one in items.values()] == [
        ("file", "", 1),
        ("finding", "├ ", 3),
        ("finding", "├ ", 3),
        ("policy", "└ ", 1),
        ("file", "", 1),
        ("test", "└ ", 2),
        ("revision", "", 1),
    ]
    assert next(iter(items.values())).state == "error", "a file is as bad as its worst finding"


def decision(number: int, outcome: str, *determining: str) -> DecisionRow:
    return DecisionRow(
        an_id("dc", number), 1, "lease", float(number), outcome, "ag", "executor", None, None, "", "", "", "", "", "", "",
        determining, "", "", 7, 0, "low", None, 0.0,
    )  # fmt: skip


def test_a_policy_says_what_it_decided_lately() -> None:
    facts = policies.facts_of([decision(1, "deny", "no-export"), decision(2, "escalate", "no-export@x", "no-export")])
    assert facts["no-export"] == policies.Fact(2, {"deny": 1, "escalate": 1}, 2.0)
    items = policies.policy_items(bundle())
    told = words(policies.policy_detail(items["policy no-export"], bundle(), facts, 2))
    assert "2 of the 2 decisions held here" in told
    assert "deny 1" in told
    assert "none of the 2 decisions" in words(policies.policy_detail(items["policy no-export"], bundle(), {}, 2))


@pytest.mark.parametrize(
    ("key", "cell", "said"),
    [
        ("file policies/a.cedar", "✗ error", "forbid"),
        ("finding policies/a.cedar 0", "✗ error", "wrong"),
        ("policy no-export", "✗ forbid", "no-export"),
        ("test tests/a.toml 0", "✗ failed", "GOT|allow"),
        (f"revision {an_id('pb', 1)}", "published", "AUTHOR|petra"),
    ],
)
def test_every_kind_of_row_has_cells_and_a_detail(key: str, cell: str, said: str) -> None:
    view = bundle()
    item = policies.policy_items(view, [view.bundle])[key]
    cells = policies.policy_cells(item, {})
    assert len(cells) == len(policies.POLICY_COLUMNS)
    assert cell in cells[1].text
    assert said in words(policies.policy_detail(item, view, {}, 0))


def test_a_forbid_that_nobody_can_lift_says_so() -> None:
    item = policies.policy_items(bundle())["policy no-export"]
    assert policies.policy_cells(item, {})[3].text == "nobody"


def test_a_file_stands_with_numbers_and_its_findings_in_the_gutter() -> None:
    lines = source_lines(CEDAR, "a.cedar", by_line(bundle().bundle.findings, "policies/a.cedar"))
    shown = [plain(line.spans) for line in lines]
    assert shown[0] == '     1  @id("no-export")'
    assert shown[2].startswith("✗    3  forbid")
    assert shown[3].strip() == "✗ error: wrong"
    assert shown[4].strip() == "▲ warning: wide"
    assert begins_at(CEDAR, "no-export") == 1
    assert begins_at(CEDAR, "no-such") == 1
