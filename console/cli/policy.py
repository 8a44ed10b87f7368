"""`leasehold policy`: the bundle in force and those before it, the checks of one in a folder, publishing it, rolling back.

What it runs on a folder is what the plane itself runs before it takes a bundle.
"""

import difflib
from pathlib import Path

import click

from console.cli.asking import confirm, reason_option, the_reason, yes_option
from console.cli.cards import quorum
from console.cli.failures import Failure, Status, usage
from console.cli.inputs import build
from console.cli.lists import gather, tell
from console.cli.output import Output
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import moment, one_line
from console.client import LeaseholdClient
from console.model.bundles import Bundle, BundleView, Finding, PolicyView, PublicationInput, TestResult
from console.policy.bundle import BundleRefused, bundle_digest
from console.policy.testing import run_tests
from console.policy.validate import validate as findings_of

MAX_FILES = 256
MAX_FILE_BYTES = 1_048_576

_FOLDER = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
_POLICIES = (
    Column[PolicyView]("ID", lambda row: row.policy_id),
    Column[PolicyView]("EFFECT", lambda row: row.effect),
    Column[PolicyView]("LIFTED BY", lambda row: row.approval, priority=2),
    Column[PolicyView]("REASON", lambda row: row.reason, priority=3),
    Column[PolicyView]("FILE", lambda row: row.file, priority=4),
)
_TESTS = (
    Column[TestResult]("RESULT", lambda row: "passed" if row.passed else "FAILED"),
    Column[TestResult]("NAME", lambda row: row.name),
    Column[TestResult]("EXPECTED", lambda row: "" if row.passed else row.expected, priority=2),
    Column[TestResult]("GOT", lambda row: "" if row.passed else row.got, priority=1),
    Column[TestResult]("FILE", lambda row: row.file, priority=3),
)
_HISTORY = (
    Column[Bundle]("REV", lambda row: str(row.revision or ""), right=True),
    Column[Bundle]("STATE", lambda row: row.state.value),
    Column[Bundle]("BY", lambda row: row.author, priority=1),
    Column[Bundle]("PUBLISHED", lambda row: moment(row.published_at) if row.published_at is not None else "", priority=2),
    Column[Bundle]("ID", lambda row: row.id, priority=3),
    Column[Bundle]("WHY", lambda row: _back(row) + one_line(row.reason), priority=4),
    Column[Bundle]("DIGEST", lambda row: row.digest, priority=5),
)


@click.group()
def policy() -> None:
    """Policy bundles."""


@policy.command()
@connected
async def show(session: Session) -> None:
    """The bundle in force: its policies, its findings, and how many of its tests pass."""
    async with session.client() as client:
        view = await client.show_current_bundle()
    if session.out.as_json:
        session.out.document(view)
        return
    _tell_view(session, view)


@policy.command()
@_FOLDER
@_JSON
def validate(folder: Path, *, as_json: bool) -> None:
    """Validate the bundle in a folder: everything that is wrong, at once. Exit status 1 when there is an error."""
    files = read_folder(folder)
    found = findings_of(files)
    errors = sum(finding.severity == "error" for finding in found)
    out = Output(as_json=as_json)
    if as_json:
        out.document({"ok": not errors, "digest": bundle_digest(files), "findings": found})
    else:
        for finding in found:
            out.say(_finding_text(finding))
        out.say(f"{len(files)} files, {errors} errors, {len(found) - errors} other findings.")
    if errors:
        raise click.exceptions.Exit(Status.FAILED)


@policy.command()
@_FOLDER
@_JSON
def test(folder: Path, *, as_json: bool) -> None:
    """Run the tests of the bundle in a folder. Exit status 1 when one fails."""
    files = read_folder(folder)
    try:
        results = run_tests(files)
    except BundleRefused as refused:
        raise Failure(
            Status.FAILED,
            f"{refused}; no test was run.",
            f"See everything that is wrong: leasehold policy validate {folder}",
            code="bundle_refused",
            facts={"findings": [finding.model_dump(mode="json") for finding in refused.findings]},
        ) from None
    failed = sum(not result.passed for result in results)
    out = Output(as_json=as_json)
    if as_json:
        out.document({"passed": len(results) - failed, "total": len(results), "results": results})
    else:
        out.table(_TESTS, results, nothing="The bundle has no test.")
        out.say(f"{len(results) - failed} of {len(results)} passed.")
    if failed:
        raise click.exceptions.Exit(Status.FAILED)


@policy.command()
@_FOLDER
@click.argument("other", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@connected
async def diff(session: Session, folder: Path, other: Path | None) -> None:
    """What differs, line by line: from the bundle in force to the one in a folder, or from one folder to another."""
    if other is not None:
        before, after = read_folder(folder), read_folder(other)
    else:
        async with session.client() as client:
            view = await client.show_current_bundle()
        before, after = {file.path: file.text for file in view.bundle.files}, read_folder(folder)
    changes = {path: _changes(path, before.get(path), after.get(path)) for path in sorted({*before, *after})}
    changes = {path: lines for path, lines in changes.items() if lines}
    if session.out.as_json:
        document = {"before": bundle_digest(before), "after": bundle_digest(after), "files": changes}
        session.out.document(document)
        return
    for lines in changes.values():
        for line in lines:
            session.out.say(line)
    session.out.note(f"{len(changes)} files differ." if changes else "Nothing differs.")


@policy.command()
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="The most rows.")
@connected
async def history(session: Session, limit: int) -> None:
    """The revisions that were in force and the drafts that were asked for, the newest first: by whom, when and why."""
    async with session.client() as client:
        found = await gather(client.list_bundles, limit=limit, filter="", oldest=False)
    tell(session, found, _HISTORY, nothing="No bundle was ever published.")


@policy.command()
@_FOLDER
@click.option("--base", metavar="DIGEST", help="The digest of the bundle that the draft was made from; else the one in force.")
@reason_option
@yes_option
@connected
async def publish(session: Session, folder: Path, base: str | None, reason: str, *, yes: bool) -> None:
    """Ask that the bundle in a folder be published. Another policy author reviews it; until then nothing changes."""
    files = read_folder(folder)
    errors = [finding for finding in findings_of(files) if finding.severity == "error"]
    if errors:
        raise Failure(
            Status.FAILED,
            f"The bundle has {len(errors)} errors, first {_finding_text(errors[0])}; nothing was asked for.",
            f"See all of them: leasehold policy validate {folder}",
            code="bundle_refused",
            facts={"findings": [finding.model_dump(mode="json") for finding in errors]},
        )
    async with session.client() as client:
        now = (await client.show_current_bundle()).bundle
        before = {file.path: file.text for file in now.files}
        changed = [path for path in sorted({*before, *files}) if before.get(path) != files.get(path)]
        why = the_reason(reason)
        if not yes:
            session.out.note(f"Against revision {now.revision} these differ: {', '.join(changed) or 'none'}.")
            confirm("Ask for its publication?", yes=False, typed=await _typed(client))
        sent = [{"path": path, "text": text} for path, text in files.items()]
        asked = build(PublicationInput, files=sent, base_digest=base or now.digest, reason=why)
        publication = await client.request_publication(asked)
    if session.out.as_json:
        session.out.document(publication)
        return
    approval = publication.approval
    session.out.say(f"{approval.id} asks for the publication of {publication.bundle.id}, {publication.bundle.digest}.")
    session.out.say(f"It takes {quorum(approval.quorum)}, until {moment(approval.deadline_at)}.")
    session.out.say(f"They look at it with: leasehold approvals show {approval.id}")


@policy.command()
@click.argument("bundle", required=False)
@click.option("--to", "revision", type=click.IntRange(1), help="The revision, instead of the bundle's id.")
@reason_option
@yes_option
@connected
async def rollback(session: Session, bundle: str | None, revision: int | None, reason: str, *, yes: bool) -> None:
    """Put an earlier revision in force again, at once. It becomes a revision of its own."""
    if (bundle is None) is (revision is None):
        raise usage("Name a bundle, or a revision with --to.", "See them: leasehold policy history")
    async with session.client() as client:
        earlier = await (client.show_bundle(bundle) if bundle is not None else _revision(client, revision or 0))
        why = the_reason(reason)
        question = f"Put revision {earlier.revision} in force again, by {earlier.author} ({earlier.digest})?"
        confirm(question, yes=yes, typed="" if yes else await _typed(client))
        published = await client.roll_back(earlier.id, why)
    if session.out.as_json:
        session.out.document(published)
        return
    session.out.say(f"Revision {published.revision} is in force: the files of revision {published.restores}.")


async def _typed(client: LeaseholdClient) -> str:
    """What is typed to confirm what changes every decision: in production the plane's name, elsewhere nothing."""
    who = await client.show_whoami()
    return who.plane if who.environment == "production" else ""


async def _revision(client: LeaseholdClient, revision: int) -> Bundle:
    found = await gather(client.list_bundles, limit=10_000, filter="", oldest=False)
    for one in found.items:
        if one.revision == revision:
            return one
    raise Failure(Status.FAILED, f"There is no revision {revision}.", "See them: leasehold policy history", code="not_found")


def read_folder(folder: Path) -> dict[str, str]:
    """The files of a bundle's folder by path. Raises Failure for what is no bundle: too many files, too large, no text."""
    files: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") for part in name.parts):
            continue
        if len(files) == MAX_FILES or path.stat().st_size > MAX_FILE_BYTES:
            raise usage(f"{folder} is no bundle: it holds more than {MAX_FILES} files, or one of more than 1 MiB.")
        try:
            files[name.as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise usage(f"{path} is not text.", "A bundle holds text files only.") from None
        except OSError as error:
            raise Failure(Status.FAILED, f"{path} cannot be read: {error.strerror}.", "Check its mode.") from None
    return files


def _back(bundle: Bundle) -> str:
    return f"back to revision {bundle.restores}: " if bundle.restores is not None else ""


def _changes(path: str, before: str | None, after: str | None) -> list[str]:
    return list(
        difflib.unified_diff(
            (before or "").splitlines(),
            (after or "").splitlines(),
            "/dev/null" if before is None else path,
            "/dev/null" if after is None else path,
            lineterm="",
        )
    )


def _finding_text(finding: Finding) -> str:
    where = finding.file
    where += f":{finding.line}" if finding.line is not None else ""
    where += f":{finding.column}" if finding.column is not None else ""
    fix = f" {finding.fix}" if finding.fix else ""
    return f"{where}: {finding.severity}: {finding.text}{fix} ({finding.code})"


def _tell_view(session: Session, view: BundleView) -> None:
    bundle = view.bundle
    session.out.say(f"{bundle.name}, revision {bundle.revision}, {bundle.digest}, by {bundle.author}.")
    session.out.table(_POLICIES, view.policies, nothing="It has no policy.")
    for finding in bundle.findings:
        session.out.say(_finding_text(finding))
    session.out.say(f"{view.tests_passed} of {view.tests_total} tests pass; {len(bundle.findings)} findings.")
