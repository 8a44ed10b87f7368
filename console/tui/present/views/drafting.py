"""A draft of the bundle in words: what it changes, what the plane says of it, and what to do next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from console.tui.present.cells import Cell, day_and_instant, short_digest, short_id
from console.tui.present.differences import FileChanged, changes_in_words, difference_lines
from console.tui.present.look import Sign
from console.tui.present.source import SEVERITY
from console.tui.present.spans import Line, Span, Spans, Tone
from console.tui.present.words import BLANK, muted, plural, said, strong, text, under

if TYPE_CHECKING:
    from console.model.bundles import Bundle, Finding, PublicationDetail, TestResult

_MOST_FINDINGS = 20


class Stage(StrEnum):
    """How far the plane has come with a draft."""

    CHECKING = "checking"
    CHECKED = "checked"
    REFUSED = "refused"
    FAILED = "failed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """What is known of one draft. `moved` is whether another bundle than its base is published; `problem` is a sentence."""

    folder: str
    digest: str
    revision: int
    stage: Stage = Stage.CHECKING
    problem: str = ""
    changes: tuple[FileChanged, ...] = ()
    findings: "tuple[Finding, ...]" = ()
    failed: "tuple[TestResult, ...]" = ()
    passed: int = 0
    total: int = 0
    moved: bool = False
    asked: str = ""
    """The id of the request for its publication, while it waits."""

    @property
    def errors(self) -> int:
        """Findings that keep it from being published."""
        return sum(one.severity == "error" for one in self.findings)


def draft_words(facts: DraftFacts) -> str:
    """A draft in a few words: `2 files changed, 1 finding, 48 of 49 tests`."""
    changed = _changed(facts)
    match facts.stage:
        case Stage.CHECKED:
            tests = f"{facts.passed} of {facts.total} tests" if not facts.errors else "no test runs"
            return f"{changed}, {plural(len(facts.findings), 'finding')}, {tests}"
        case Stage.CHECKING:
            return f"{changed}, being checked"
        case Stage.UNREADABLE:
            return "cannot be read"
    return f"{changed}, not checked"


def _changed(facts: DraftFacts) -> str:
    return changes_in_words(facts.changes) if facts.changes else "nothing changed"


def refusal(facts: DraftFacts) -> str:
    """Why its publication cannot be asked for; nothing where it can."""
    if facts.stage is Stage.UNREADABLE:
        return facts.problem
    if facts.moved:
        return f"another bundle than r{facts.revision} is published; take what you need into a new draft"
    if not facts.changes:
        return "the draft changes nothing"
    if facts.asked:
        return f"its publication is asked for already ({short_id(facts.asked)}): it waits in Approvals"
    if facts.stage is Stage.CHECKING:
        return "the plane is checking the draft"
    if facts.stage is not Stage.CHECKED:
        return f"the plane has not checked the draft: {facts.problem}"
    if facts.errors:
        return f"{plural(facts.errors, 'error')} to correct first"
    if facts.passed < facts.total:
        return f"{facts.total - facts.passed} of {plural(facts.total, 'test')} fail"
    return ""


def _standing(facts: DraftFacts) -> Sign:
    """Where the draft stands, as a sign."""
    if facts.moved:
        return Sign("▲", "base moved", Tone.WARN)
    if facts.stage is Stage.CHECKED and facts.errors:
        return Sign("✗", plural(facts.errors, "error"), Tone.DANGER, strong=True)
    tests = f"{facts.passed} of {facts.total} tests" if facts.total else "no tests"
    if facts.stage is Stage.CHECKED and facts.passed < facts.total:
        return Sign("✗", tests, Tone.DANGER, strong=True)
    if facts.asked:
        return Sign("◆", "asked for", Tone.WARN)
    words = {Stage.CHECKING: "checking…", Stage.REFUSED: "refused", Stage.FAILED: "not checked", Stage.UNREADABLE: "unreadable"}
    if facts.stage is not Stage.CHECKED:
        return Sign("◇" if facts.stage is Stage.CHECKING else "▲", words[facts.stage], Tone.WARN)
    return Sign("✓", tests, Tone.OK) if facts.changes else Sign("○", "draft", Tone.MUTED)


def draft_cells(facts: DraftFacts) -> tuple[Cell, ...]:
    """The row of a draft in the tree."""
    name = Cell(f"draft of r{facts.revision}: {_changed(facts)}", Tone.BRASS, strong=True)
    found = plural(len(facts.findings), "finding") if facts.stage is Stage.CHECKED else ""
    return (name, _standing(facts).cell(1), Cell(), Cell(found, Tone.MUTED), Cell(_next(facts), Tone.MUTED))


def draft_lines(facts: DraftFacts) -> tuple[Line, ...]:
    """A draft: where it stands, what to do next, what was found, which tests fail, what differs."""
    lines = [
        Line((strong(f"draft of r{facts.revision}"), muted(f"   {draft_words(facts)}"))),
        BLANK,
        said("STATE", _standing(facts).span()),
        said("NEXT", text(_next(facts))),
        *([said("PROBLEM", Span(facts.problem, Tone.WARN))] if facts.problem else []),
        said("BASE", text(f"r{facts.revision}"), muted(f"   digest {short_digest(facts.digest)}")),
        said("KEPT IN", muted(facts.folder)),
        *checked_lines(facts),
    ]
    return (*lines, BLANK, *difference_lines(facts.changes)) if facts.changes else tuple(lines)


def checked_lines(facts: DraftFacts) -> tuple[Line, ...]:
    """What the plane says of a draft: tests and findings."""
    if facts.stage is not Stage.CHECKED:
        return ()
    return (*_tests(facts.passed, facts.total, ran=not facts.errors), *_failed(facts.failed), *_findings(facts.findings))


def _tests(passed: int, total: int, *, ran: bool = True) -> list[Line]:
    if not ran:
        return [said("TESTS", Span("none runs while there are errors", Tone.WARN))]
    if not total:
        return [said("TESTS", Span("it has none", Tone.WARN))]
    tone = Tone.OK if passed == total else Tone.DANGER
    return [said("TESTS", Span(f"{'✓' if passed == total else '✗'} {passed} of {total} pass", tone, strong=True, whole=True))]


def _failed(tests: "Sequence[TestResult]") -> list[Line]:
    lines = [
        under(Span("✗ ", Tone.DANGER), text(one.name), muted(f"   expected {one.expected}, got "), Span(one.got, Tone.DANGER))
        for one in tests[:_MOST_FINDINGS]
    ]
    return lines + ([under(muted(f"and {len(tests) - _MOST_FINDINGS} more"))] if len(tests) > _MOST_FINDINGS else [])


def _findings(findings: "Sequence[Finding]") -> list[Line]:
    if not findings:
        return [said("FINDINGS", Span("✓ none", Tone.OK))]
    lines = [said("FINDINGS", strong(str(len(findings))))]
    for one in findings[:_MOST_FINDINGS]:
        where = one.file + (f":{one.line}" if one.line else "")
        lines.append(under(SEVERITY[one.severity].span(), text(f"  {one.text}"), muted(f"  {where}")))
    return lines + ([under(muted(f"and {len(findings) - _MOST_FINDINGS} more"))] if len(findings) > _MOST_FINDINGS else [])


def _next(facts: DraftFacts) -> str:
    """What to do next."""
    if facts.stage is Stage.UNREADABLE:
        return "correct the file, then u; or D discards the draft"
    if facts.moved:
        return "enter shows what it changes; D discards it"
    if not facts.changes:
        return "E edits a file; D discards the draft"
    if facts.asked:
        return "another policy author approves it in Approvals"
    if facts.stage is Stage.CHECKING:
        return "wait for the plane"
    if facts.stage is not Stage.CHECKED:
        return "u asks the plane again"
    if facts.errors:
        return "f goes to the finding, E edits there"
    if facts.passed < facts.total:
        return "go to the failed test and E edits there"
    return "B asks for its publication; E edits on"


def request_lines(facts: DraftFacts) -> tuple[Line, ...]:
    """What the sheet shows before publication is asked for."""
    return (
        said("BASE", text(f"r{facts.revision}"), muted(f"   digest {short_digest(facts.digest)}")),
        said("CHANGES", strong(changes_in_words(facts.changes))),
        *checked_lines(facts),
        said(
            "SECOND", text("another policy author must approve it"), muted("; until then r"), muted(f"{facts.revision} decides")
        ),
        BLANK,
        *difference_lines(facts.changes),
    )


def rollback_lines(old: "Bundle", now: "Bundle", changes: "Sequence[FileChanged] | None", problem: str) -> tuple[Line, ...]:
    """What the sheet shows before an earlier revision is put in force again; without `changes` they are being read."""
    since = f"   {day_and_instant(old.published_at)} by {old.author}" if old.published_at else f"   by {old.author}"
    lines = [
        Line((text("Publish again what "), strong(f"r{old.revision}"), text(" was, in place of "), strong(f"r{now.revision}"))),
        BLANK,
        said("RESTORES", strong(f"r{old.revision}"), muted(since)),
        said("REPLACES", strong(f"r{now.revision}"), muted(f"   by {now.author}")),
    ]
    if changes is None:
        return (*lines, said("CHANGES", Span(problem, Tone.DANGER) if problem else muted("reading what differs…")))
    if not changes:
        return (*lines, said("CHANGES", muted("none: the files are the same")))
    return (*lines, said("CHANGES", strong(changes_in_words(changes))), BLANK, *difference_lines(changes))


def publication_lines(detail: "PublicationDetail") -> tuple[Line, ...]:
    """Of a request for publication: whose, over which base, why, and what the plane said of it."""
    base = said("BASE", text(f"r{detail.base_revision}"), muted(f"   digest {short_digest(detail.base_digest)}"))
    moved = Span("▲ another bundle was published since: it cannot be published any more", Tone.WARN, strong=True)
    return (
        said("AUTHOR", strong(detail.author), muted(f"   {detail.reason}")),
        base,
        *([under(moved)] if detail.moved else []),
        said("CHANGES", strong(changes_in_words(detail.files))),
        *_tests(detail.tests_passed, detail.tests_total),
        *_findings(detail.findings),
    )


def publication_in_brief(detail: "PublicationDetail") -> tuple[str, Spans, Spans]:
    """The same in three short parts: what over which base, why, and what the plane said of it."""
    errors = len(detail.findings)
    tone = Tone.OK if detail.tests_passed == detail.tests_total else Tone.DANGER
    tested = [Span(f"{detail.tests_passed} of {detail.tests_total} tests", tone)]
    tested += [Span(f"  {plural(errors, 'finding')}", Tone.WARN)] if errors else []
    why = (Span("▲ base moved  ", Tone.WARN, strong=True),) if detail.moved else ()
    return f" over r{detail.base_revision}: {changes_in_words(detail.files)}", (*why, text(detail.reason)), tuple(tested)
