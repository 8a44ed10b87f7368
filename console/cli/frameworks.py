"""`leasehold frameworks`: control frameworks with what the live record supports of them."""

import json
import sys

import click

from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import moment
from console.evidence.export import to_csv, to_json, to_markdown
from console.model.frameworks import ControlRow, FrameworkSummary
from console.tui.present.inert import inert_prose

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
    Column[ControlRow]("NEWEST", lambda row: moment(row.newest_at), priority=5),
)
_FORMATS = {"md": to_markdown, "csv": to_csv, "json": to_json}
_MAX_REPORT = 50_000_000


@click.group()
def frameworks() -> None:
    """Frameworks. A row says what the record supports; it is no statement of conformity."""


@frameworks.command("list")
@connected
async def list_(session: Session) -> None:
    """The frameworks."""
    async with session.client() as client:
        found = await client.list_frameworks()
    if session.out.as_json:
        session.out.document(found)
    else:
        session.out.table(_SUMMARIES, found.items, nothing="There is no framework.")


@frameworks.command()
@click.argument("framework")
@connected
async def show(session: Session, framework: str) -> None:
    """One framework, row by row."""
    async with session.client() as client:
        view = await client.show_framework(framework)
    if session.out.as_json:
        session.out.document(view)
        return
    session.out.say(f"{view.title} ({view.publisher}, {view.version}), as of {moment(view.as_of)}.")
    session.out.table(_ROWS, view.rows, nothing="It has no rows.")
    if view.ids_are_local:
        session.out.note("The ids marked * are local; the publisher gives none.")


@frameworks.command()
@click.argument("framework")
@click.option("--format", "form", type=click.Choice(sorted(_FORMATS)), default="md", show_default=True)
@connected
async def report(session: Session, framework: str, form: str) -> None:
    """One framework with all its figures, written out with the digest of the view. With --json: as --format json."""
    async with session.client() as client:
        view = await client.show_framework(framework)
    text = _FORMATS["json" if session.out.as_json else form](view)
    if form == "json" or session.out.as_json:
        session.out.document(json.loads(text))
    elif form == "csv":
        # RFC 4180 ends its lines with CR LF, so what is inert is judged line by line.
        sys.stdout.write("\r\n".join(inert_prose(line, _MAX_REPORT).text for line in text.split("\r\n")))
    else:
        sys.stdout.write(inert_prose(text, _MAX_REPORT).text)
