"""`leasehold frameworks`: control frameworks with what the live record supports of them."""

import json
import sys

import click

from console.cli.failures import Failure, Status, usage
from console.cli.filtering import chosen, filter_option
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import moment, one_line
from console.evidence.export import to_csv, to_json, to_markdown
from console.model.frameworks import ControlRow, FrameworkReviewInput, FrameworkSummary
from console.tui.present.inert import inert_prose


def reviewed_words(row: ControlRow) -> str:
    """Who reviewed a row last, and whether it has changed since."""
    if row.review is None:
        return "never"
    changed = {"standing": ", changed since", "figures": ", figures moved"}.get(row.moved, "")
    return f"{row.review.reviewer} {moment(row.review.at)}{changed}"


_SUMMARIES = (
    Column[FrameworkSummary]("ID", lambda row: row.id),
    Column[FrameworkSummary]("TITLE", lambda row: row.title, priority=2),
    Column[FrameworkSummary]("SUPPORTED", lambda row: str(row.supported), right=True),
    Column[FrameworkSummary]("GAP", lambda row: str(row.gaps), right=True),
    Column[FrameworkSummary]("NO DATA", lambda row: str(row.no_data), right=True),
    Column[FrameworkSummary]("OUT OF SCOPE", lambda row: str(row.out_of_scope), right=True, priority=1),
)
_ROWS = (
    Column[ControlRow]("CONTROL", lambda row: f"{row.control}{'*' if row.id_is_local else ''}"),
    Column[ControlRow]("STATE", lambda row: row.state.value),
    Column[ControlRow]("TITLE", lambda row: row.title, priority=3),
    Column[ControlRow]("RELEVANCE", lambda row: row.relevance, priority=4),
    Column[ControlRow]("FIGURES", lambda row: f"{row.measured} of {row.of}", priority=1, right=True),
    Column[ControlRow]("N", lambda row: str(row.n), priority=2, right=True),
    Column[ControlRow]("NEWEST", lambda row: moment(row.newest_at), priority=6),
    Column[ControlRow]("REVIEWED", reviewed_words, priority=5),
)
_FORMATS = {"md": to_markdown, "csv": to_csv, "json": to_json}
_MAX_REPORT = 50_000_000


@click.group()
def frameworks() -> None:
    """Frameworks. A row says what the record supports; it is no statement of conformity."""


@frameworks.command("list")
@filter_option
@connected
async def list_(session: Session, filter: str) -> None:
    """The frameworks."""
    async with session.client() as client:
        found = await client.list_frameworks()
    items = tuple(chosen(found.items, filter, "frameworks"))
    if session.out.as_json:
        session.out.document(found.model_copy(update={"items": items}))
    else:
        session.out.table(_SUMMARIES, items, nothing="There is no framework, or none matches.")


@frameworks.command()
@click.argument("framework")
@filter_option
@connected
async def show(session: Session, framework: str, filter: str) -> None:
    """One framework, row by row."""
    async with session.client() as client:
        view = await client.show_framework(framework)
    rows = tuple(chosen(view.rows, filter, "controls"))
    if session.out.as_json:
        session.out.document(view.model_copy(update={"rows": rows}))
        return
    session.out.say(f"{view.title} ({view.publisher}, {view.version}), as of {moment(view.as_of)}.")
    session.out.table(_ROWS, rows, nothing="It has no rows, or none matches.")
    if view.ids_are_local:
        session.out.note("The ids marked * are local; the publisher gives none.")


@frameworks.command()
@click.argument("framework")
@click.option("--format", "form", type=click.Choice(sorted(_FORMATS)), default="md", show_default=True)
@connected
async def report(session: Session, framework: str, form: str) -> None:
    """One framework with all its figures, written out with its digests.

    They are of the view, of the catalogue, of each row, and of the signed head of the log. With --json: as --format json.
    """
    async with session.client() as client:
        view = await client.show_framework(framework)
        signed = (await client.list_checkpoints(1)).items
    text = _FORMATS["json" if session.out.as_json else form](view, signed[0] if signed else None)
    if form == "json" or session.out.as_json:
        session.out.document(json.loads(text))
    elif form == "csv":
        # RFC 4180 ends its lines with CR LF, so what is inert is judged line by line.
        sys.stdout.write("\r\n".join(inert_prose(line, _MAX_REPORT).text for line in text.split("\r\n")))
    else:
        sys.stdout.write(inert_prose(text, _MAX_REPORT).text)


@frameworks.command()
@click.argument("framework")
@click.argument("control")
@click.option("--note", default="", metavar="TEXT", help="What you looked at and found; it stays on the record.")
@connected
async def review(session: Session, framework: str, control: str, note: str) -> None:
    """Mark one row reviewed. The record keeps your name, your note, and the digest of what the row says now."""
    if not note.strip():
        raise usage("A review needs a note; nothing was done.", "Say what you looked at with --note.")
    async with session.client() as client:
        view = await client.show_framework(framework)
        row = next((one for one in view.rows if one.control == control), None)
        if row is None:
            raise Failure(
                Status.FAILED, f"{view.title} has no row {one_line(control)}.", f"leasehold frameworks show {framework}"
            )
        asked = FrameworkReviewInput(control=control, standing=row.standing, note=note)
        made = await client.review_framework(framework, asked)
    if session.out.as_json:
        session.out.document(made)
        return
    session.out.say(f"{made.control} is marked reviewed by {made.reviewer} as {made.state.value}, at {moment(made.at)}.")
    session.out.note(f"What it said then has the digest {made.digest}.")
