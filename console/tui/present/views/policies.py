"""The published bundle in words: its files as a tree, its policies with what they decided lately, its tests, its history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from console.tui.present.cells import Align, Cell, Column, day_and_instant, figure, short_digest
from console.tui.present.differences import CHANGE
from console.tui.present.look import BUNDLE
from console.tui.present.source import SEVERITY, begins_at, by_line, source_lines
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views.drafting import draft_cells, draft_lines
from console.tui.present.words import BLANK, clock, muted, plural, said, sign_of, strong, text, under
from console.tui.rows import DecisionRow

if TYPE_CHECKING:
    from console.model.bundles import Bundle, BundleView, Finding, PolicyView, TestResult

POLICY_COLUMNS = (
    Column("name", "BUNDLE", 30, flexible=True, most=56),
    Column("state", "STATE", 16),
    Column("decided", "DECIDED", 8, priority=1, align=Align.RIGHT),
    Column("approval", "LIFTED BY", 16, flexible=True, most=34, priority=2),
    Column("words", "IN WORDS", 20, flexible=True, most=80, priority=3),
)
PASSED, FAILED = Span("✓ passed", Tone.OK), Span("✗ failed", Tone.DANGER, strong=True)


@dataclass(frozen=True, slots=True)
class PolicyItem:
    """One row: a file, or what stands under one, or a revision. `line` is where it begins in its file."""

    key: str
    kind: str
    """draft, file, finding, policy, test or revision."""
    name: str
    branch: str = ""
    file: str = ""
    line: int = 1
    state: str = ""
    thing: Any = None


@dataclass(slots=True)
class Fact:
    """What a policy did in the decisions that are held: how often it determined one, with which outcome, and when last."""

    count: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    last: float | None = None


def facts_of(decisions: Iterable[DecisionRow]) -> dict[str, Fact]:
    """What each policy did. A linked template counts under its own name."""
    found: dict[str, Fact] = {}
    for row in decisions:
        for policy in {id.partition("@")[0] for id in row.determining}:
            fact = found.setdefault(policy, Fact())
            fact.count += 1
            fact.outcomes[row.outcome] = fact.outcomes.get(row.outcome, 0) + 1
            fact.last = max(fact.last or row.at, row.at)
    return found


def policy_items(
    view: "BundleView", revisions: "Sequence[Bundle]" = (), changed: Mapping[str, str] | None = None
) -> dict[str, PolicyItem]:
    """The rows by key: each file with its findings, policies and tests under it, then the revisions, newest first.

    Of a draft, `changed` says by path what it does to a file.
    """
    changed = changed or {}
    bundle = view.bundle
    texts = {file.path: file.text for file in bundle.files}
    paths = [*texts, *sorted(({policy.file for policy in view.policies} | set(changed)) - set(texts))]
    found: list[PolicyItem] = []
    for path in sorted(paths, key=_place):
        findings = [one for several in by_line(bundle.findings, path).values() for one in several]
        under_it = [
            *(PolicyItem(f"finding {path} {at}", "finding", one.text, "", path, one.line or 1, one.severity, one)
              for at, one in enumerate(findings)),
            *(PolicyItem(f"policy {one.policy_id}", "policy", one.policy_id, "", path,
                         begins_at(texts.get(path, ""), one.policy_id), one.effect, one)
              for one in view.policies if one.file == path),
            *(PolicyItem(f"test {path} {at}", "test", one.name, "", path, _test_line(texts.get(path, ""), one.name),
                         "passed" if one.passed else "failed", one)
              for at, one in enumerate(one for one in view.tests if one.file == path)),
        ]  # fmt: skip
        worst = findings[0].severity if findings else changed.get(path, "")
        found.append(PolicyItem(f"file {path}", "file", path, "", path, 1, worst, texts.get(path)))
        found += _branched(under_it)
    found += [
        PolicyItem(f"revision {one.id}", "revision", _revision_name(one), "", "", 1, str(one.state), one) for one in revisions
    ]
    return {item.key: item for item in found}


def _revision_name(bundle: "Bundle") -> str:
    """A revision's number and whose it is; what was not published yet has no number."""
    again = f", r{bundle.restores} again" if bundle.restores else ""
    return f"r{bundle.revision} by {bundle.author}{again}" if bundle.revision else f"no revision yet, by {bundle.author}"


def _branched(items: Sequence[PolicyItem]) -> list[PolicyItem]:
    last = len(items) - 1
    return [
        PolicyItem(one.key, one.kind, one.name, "└ " if at == last else "├ ", one.file, one.line, one.state, one.thing)
        for at, one in enumerate(items)
    ]


def _place(path: str) -> tuple[int, str]:
    """Policies first, then what they speak of, then the tests."""
    order = ("policies/", "data/", "schema", "manifest", "tests/")
    return next((at for at, begin in enumerate(order) if path.startswith(begin)), len(order)), path


def _test_line(text: str, name: str) -> int:
    quoted = f'"{name}"'
    return next((number for number, words in enumerate(text.split("\n"), 1) if quoted in words and "name" in words), 1)


def policy_cells(item: PolicyItem, facts: Mapping[str, Fact]) -> tuple[Cell, ...]:
    """One row of the tree."""
    name = Cell(f"{item.branch}{item.name}", Tone.TEXT if item.kind in ("file", "policy") else Tone.MUTED, item.kind == "file")
    thing = item.thing
    match item.kind:
        case "file":
            sign = SEVERITY.get(item.state) or CHANGE.get(item.state)
            lines = plural(len(str(thing).splitlines()), "line") if thing is not None else "-"
            state = sign.cell(1) if sign is not None else Cell("· file", Tone.DIM)
            return (name, state, Cell(), Cell(), Cell(lines, Tone.DIM))
        case "policy":
            fact = facts.get(item.name)
            forbid = item.state == "forbid"
            lifted = thing.approval or ("a grant" if thing.grantable else "nobody" if forbid else "-")
            return (
                name,
                Cell("✗ forbid" if forbid else "✓ permit", Tone.TEXT if forbid else Tone.OK),
                Cell(figure(fact.count) if fact else "-", Tone.TEXT if fact else Tone.DIM),
                Cell(lifted, Tone.WARN if thing.approval else Tone.MUTED),
                Cell(thing.reason, Tone.MUTED),
            )
        case "test":
            made = PASSED if item.state == "passed" else FAILED
            return (name, Cell(made.text, made.tone, made.strong), Cell(), Cell(), Cell(f"expects {thing.expected}", Tone.DIM))
        case "finding":
            return (name, SEVERITY[item.state].cell(1), Cell(), Cell(), Cell(thing.fix, Tone.MUTED))
        case "draft":
            return draft_cells(thing)
    at = day_and_instant(thing.published_at) if thing.published_at else "never published"
    return (name, sign_of(BUNDLE, item.state).cell(1), Cell(), Cell(short_digest(thing.digest), Tone.DIM), Cell(at, Tone.MUTED))


def policy_detail(item: PolicyItem, view: "BundleView", facts: Mapping[str, Fact], held: int) -> tuple[Line, ...]:
    """A row of the tree in words, then as it is written. `held` is how many decisions the facts are of."""
    match item.kind:
        case "file":
            return file_lines(item, view)
        case "policy":
            return one_policy(item, facts.get(item.name), held)
        case "test":
            return outcome_lines(item.thing, item)
        case "finding":
            return (*finding_lines(item.thing), BLANK, Line((muted("enter opens the file there"),)))
    return draft_lines(item.thing) if item.kind == "draft" else revision_lines(item.thing)


def file_lines(item: PolicyItem, view: "BundleView") -> tuple[Line, ...]:
    """A file, highlighted, with its findings in the gutter."""
    if item.thing is None and item.state == "removed":
        return (Line((muted(f"The draft removes {item.file}."),)),)
    if item.thing is None:
        return (Line((muted(f"The text of {item.file} is not part of what the plane tells."),)),)
    head = Line((strong(item.file), muted("   enter reads it whole; / searches in it, f goes to its next finding")))
    return (head, BLANK, *source_lines(item.thing, item.file, by_line(view.bundle.findings, item.file)))


def one_policy(item: PolicyItem, fact: Fact | None, held: int) -> tuple[Line, ...]:
    """A policy: what it says, what it did lately, and its text."""
    policy: PolicyView = item.thing
    lines = [
        Line((strong(policy.policy_id), muted(f"   {policy.effect} in {policy.file}:{item.line}"))),
        Line((text(policy.reason),)),
        BLANK,
    ]
    if policy.approval:
        lines.append(said("LIFTED BY", text(policy.approval)))
    if policy.grantable:
        lines.append(said("GRANTABLE", text("a grant may link this template")))
    lines.append(said("DECIDED", *_fact_spans(fact, held)))
    if policy.controls:
        lines.append(said("CONTROLS", text(", ".join(policy.controls))))
    return (*lines, BLANK, *source_lines(policy.text, policy.file, {}, first=item.line))


def _fact_spans(fact: Fact | None, held: int) -> tuple[Span, ...]:
    of = plural(held, "decision")
    if fact is None:
        return (text("none"), muted(f" of the {of} that this console holds"))
    tones = {"allow": Tone.OK, "deny": Tone.DANGER, "escalate": Tone.WARN}
    parts = [Span(f"  {name} {count}", tones.get(name, Tone.TEXT)) for name, count in sorted(fact.outcomes.items())]
    return (strong(figure(fact.count)), muted(f" of the {of} held here"), *parts, muted(f"   last at {clock(fact.last)}"))


def outcome_lines(test: "TestResult", item: PolicyItem) -> tuple[Line, ...]:
    """A test: what was expected, what came out when the plane ran it for this answer."""
    made = PASSED if test.passed else FAILED
    lines = [
        Line((strong(test.name), muted(f"   {test.file}:{item.line}"))),
        BLANK,
        said("OUTCOME", made, muted("   run by the plane for this answer; it changes nothing")),
        said("EXPECTED", text(test.expected)),
        said("GOT", Span(test.got, Tone.TEXT if test.passed else Tone.DANGER)),
    ]
    if test.detail:
        lines.append(said("BECAUSE", muted(test.detail)))
    return tuple(lines)


def revision_lines(bundle: "Bundle") -> tuple[Line, ...]:
    """A revision: who published what, and when."""
    lines = [
        Line((strong(f"{bundle.name} r{bundle.revision}"),)),
        BLANK,
        said("STATE", sign_of(BUNDLE, str(bundle.state)).span()),
        said("AUTHOR", text(bundle.author)),
        said("DIGEST", text(bundle.digest)),
        said("MADE", text(day_and_instant(bundle.created_at))),
        said("PUBLISHED", text(day_and_instant(bundle.published_at) if bundle.published_at else "never")),
    ]
    if bundle.restores:
        lines.append(said("RESTORES", text(f"r{bundle.restores}"), muted("   by rolling back")))
    if bundle.reason:
        lines.append(said("REASON", text(bundle.reason)))
    if bundle.superseded_at:
        lines.append(said("SUPERSEDED", text(day_and_instant(bundle.superseded_at))))
    lines.append(said("POLICIES", text(figure(bundle.policies))))
    return tuple(lines)


def bundle_detail(view: "BundleView") -> tuple[Line, ...]:
    """The published bundle: revision, digest, tests, findings and files."""
    bundle = view.bundle
    tests = Span(
        f"{view.tests_passed} of {view.tests_total} pass", Tone.OK if view.tests_passed == view.tests_total else Tone.DANGER
    )
    published = day_and_instant(bundle.published_at) if bundle.published_at else "never"
    lines = [
        Line((strong(bundle.name), muted(f"   r{bundle.revision}  digest {short_digest(bundle.digest)}"))),
        BLANK,
        said("STATE", sign_of(BUNDLE, str(bundle.state)).span(), muted(f"   published {published} by {bundle.author}")),
        said("POLICIES", strong(figure(len(view.policies))), muted(f" in {plural(len(bundle.files), 'file')}")),
        said("TESTS", tests if view.tests_total else Span("none", Tone.WARN)),
        said("FINDINGS", strong(figure(len(bundle.findings)))),
    ]
    return (*lines, *(line for finding in bundle.findings for line in finding_lines(finding)))


def finding_lines(finding: "Finding") -> tuple[Line, ...]:
    """A finding: how bad, where, what, and what to do."""
    where = finding.file + (f":{finding.line}" if finding.line else "")
    said_there = under(SEVERITY[finding.severity].span(), text(f"  {finding.text}"), muted(f"  {where}"))
    return (said_there, under(muted(finding.fix))) if finding.fix else (said_there,)
