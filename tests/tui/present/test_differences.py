"""Differences in lines: nothing that was changed is left out or may pass for something else."""

import pytest

from console.tui.present.differences import changes_in_words, difference_lines
from console.tui.present.spans import Tone, plain
from console.tui.present.views.drafting import DraftFacts, Stage, draft_words, refusal
from console.tui.state.drafts import Change, changes_of


def told(changes: tuple[Change, ...], most: int = 100) -> list[str]:
    return [plain(line.spans) for line in difference_lines(changes, most)]


def test_a_line_that_looks_like_the_head_of_a_difference_is_shown() -> None:
    lines = told(changes_of({"a.cedar": "-- gone\n"}, {"a.cedar": "++ come\n"}))
    assert lines == ["◆ changed  a.cedar   +1 -1", "@@ -1 +1 @@", "- -- gone", "+ ++ come"]


def test_what_comes_and_goes_has_its_sign_and_hides_nothing() -> None:
    lines = difference_lines(changes_of({"a": "x\n"}, {"a": "x\u202ey\n", "b": "z\n"}))
    tones = {plain(line.spans)[:2]: line.spans[0].tone for line in lines if line.spans}
    assert (tones["+ "], tones["- "]) == (Tone.OK, Tone.DANGER)
    assert "\u202e" not in "".join(plain(line.spans) for line in lines)


def test_what_is_too_long_says_that_there_is_more() -> None:
    changes = changes_of({}, {"a": "x\n" * 50, "b": "y\n"})
    lines = told(changes, most=10)
    assert len(lines) == 11
    assert lines[-1] == "The rest of a and 1 more file is not shown here."
    assert changes_in_words(changes) == "2 added"
    assert changes_in_words(changes_of({"a": "1", "b": "1"}, {"a": "2"})) == "1 file changed, 1 removed"


@pytest.mark.parametrize(
    ("facts", "words", "why"),
    [
        ({}, "1 added, 0 findings, 3 of 3 tests", ""),
        ({"passed": 2}, "1 added, 0 findings, 2 of 3 tests", "1 of 3 tests fail"),
        ({"changes": ()}, "nothing changed, 0 findings, 3 of 3 tests", "the draft changes nothing"),
        ({"stage": Stage.CHECKING}, "1 added, being checked", "the plane is checking the draft"),
        (
            {"stage": Stage.FAILED, "problem": "no answer"},
            "1 added, not checked",
            "the plane has not checked the draft: no answer",
        ),
        ({"stage": Stage.UNREADABLE, "problem": "a.toml is a link"}, "cannot be read", "a.toml is a link"),
        ({"moved": True}, "1 added, 0 findings, 3 of 3 tests", "another bundle than r2 is published"),
    ],
)
def test_a_draft_says_what_it_is_and_why_it_cannot_be_asked_for(facts: dict[str, object], words: str, why: str) -> None:
    base = {"folder": "/f", "digest": "d", "revision": 2, "stage": Stage.CHECKED, "passed": 3, "total": 3}
    made = DraftFacts(**{**base, "changes": changes_of({}, {"a": "x\n"}), **facts})  # type: ignore[arg-type]  # told by the table
    assert draft_words(made) == words
    assert refusal(made).startswith(why)
    assert bool(refusal(made)) == bool(why)
