"""`leasehold audit`: the record of everything, and the proof that nobody changed it."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import click
from pydantic import ValidationError

from console.cli.asking import confirm, reason_option, the_reason, yes_option
from console.cli.failures import Failure, Status, usage
from console.cli.lists import gather, listing, tell
from console.cli.proving import prove
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import moment
from console.cli.verifying import verify_offline, verify_online
from console.model.audit import AuditRecord, AuditVerification, Checkpoint
from console.server.audit.export import jsonl, ocsf
from console.settings.files import write_private

MAX_CHECKPOINT = 65_536
PAGE = 500

_COLUMNS = (
    Column[AuditRecord]("SEQ", lambda row: str(row.seq), right=True),
    Column[AuditRecord]("AT", lambda row: moment(row.at), priority=2),
    Column[AuditRecord]("KIND", lambda row: row.kind),
    Column[AuditRecord]("WHO", lambda row: row.actor.name or row.actor.id, priority=1),
    Column[AuditRecord]("OBJECT", lambda row: row.object_id, priority=3),
    Column[AuditRecord]("TASK", lambda row: row.task_id or "", priority=4),
)


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command("list")
@listing
@click.option("--kind", metavar="KIND", help="Only this kind, such as lease.revoked.")
@click.option("--task", "task_id", metavar="ID", help="Only what belongs to this task.")
@click.option("--agent", metavar="AGENT", help="Only what belongs to this agent.")
@connected
async def list_(
    session: Session, filter: str, limit: int, kind: str | None, task_id: str | None, agent: str | None, *, oldest: bool
) -> None:
    """Audit records."""
    async with session.client() as client:
        agent_id = (await client.show_agent(agent)).id if agent else None
        found = await gather(
            client.list_audit, limit=limit, filter=filter, oldest=oldest, kind=kind, task_id=task_id, agent_id=agent_id
        )
    tell(session, found, _COLUMNS, nothing="There is no record, or none matches.")


@audit.command()
@click.option("--checkpoint", type=click.Path(path_type=Path), metavar="FILE", help="An earlier checkpoint, kept elsewhere.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="With --data: server.toml of the plane.")
@connected
async def verify(session: Session, checkpoint: Path | None, config: Path | None) -> None:
    """Verify the whole log. With --data: the files of that folder, whether or not a plane runs there; else over the API.

    Exit status 1, naming the record, when the log was altered, cut, reordered or rebuilt.
    """
    earlier = _read_checkpoint(checkpoint) if checkpoint is not None else None
    if session.options.data is not None:
        result = verify_offline(session.options.data.expanduser().absolute(), config, earlier)
    else:
        async with session.client() as client:
            result = await verify_online(client, earlier)
    if session.out.as_json:
        session.out.document(result)
    else:
        _tell(session, result)
    if not result.ok:
        raise click.exceptions.Exit(Status.FAILED)


audit.add_command(prove)


@audit.command()
@click.option("--format", "form", type=click.Choice(["jsonl", "ocsf"]), default="jsonl", show_default=True)
@click.option("--after", type=click.IntRange(-1), default=-1, metavar="SEQ", help="Only records behind this one.")
@connected
async def export(session: Session, form: str, after: int) -> None:
    """Write the records out, a line each, in order."""
    mark: str | None = str(after) if after >= 0 else None
    product = version("leasehold")
    async with session.client() as client:
        while True:
            page = await client.list_audit(limit=PAGE, next=mark)
            for line in jsonl(page.items) if form == "jsonl" else ocsf(page.items, product_version=product):
                sys.stdout.write(_ascii(line))
            mark = page.next
            if mark is None:
                return


@audit.command()
@click.argument("digest")
@reason_option
@yes_option
@connected
async def erase(session: Session, digest: str, reason: str, *, yes: bool) -> None:
    """Erase a free text for good. Its digest stays in the log, so the log still verifies.

    The reason stays on the record too: do not repeat in it what you erase.
    """
    why = the_reason(reason)
    confirm(f"Erase the free text {digest}? It cannot be brought back.", yes=yes)
    async with session.client() as client:
        erased = await client.erase_text(digest, why)
    if session.out.as_json:
        session.out.document(erased)
    else:
        session.out.say(f"The text of {erased.digest} is erased.")


@audit.command()
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write it to this file, to be kept elsewhere.")
@connected
async def checkpoint(session: Session, out: Path | None) -> None:
    """Sign the log as it stands now. Keep it elsewhere: with it, a log that was rebuilt as a whole is found out."""
    async with session.client() as client:
        made = await client.make_checkpoint()
    if out is not None:
        write_private(out, made.model_dump_json(indent=2) + "\n")
    if session.out.as_json:
        session.out.document(made)
        return
    session.out.pairs([("records", str(made.size)), ("root", made.root), ("at", moment(made.at)), ("key", made.key_id)])
    if out is not None:
        session.out.note(f"It is in {out}.")


def _ascii(line: str) -> str:
    """The same JSON in ASCII, so that nothing hidden rides through a terminal."""
    return line if line.isascii() and "\x7f" not in line else json.dumps(json.loads(line), separators=(",", ":")) + "\n"


def _read_checkpoint(path: Path) -> Checkpoint:
    try:
        with path.open(encoding="utf-8") as file:
            return Checkpoint.model_validate_json(file.read(MAX_CHECKPOINT))
    except OSError as error:
        raise usage(f"{path} cannot be read: {error.strerror}.") from None
    except (ValidationError, UnicodeDecodeError):
        raise Failure(
            Status.USAGE, f"{path} holds no checkpoint; nothing was verified.", "Give one that audit checkpoint wrote."
        ) from None


def _tell(session: Session, result: AuditVerification) -> None:
    if result.ok:
        session.out.say(f"The log is whole: {result.size} records, {result.checkpoints} checkpoints, root {result.root}.")
        return
    session.out.say(f"THE LOG IS NOT WHOLE ({result.size} records, {result.checkpoints} checkpoints):")
    for fault in result.faults:
        session.out.say(f"  {fault.code}: {fault.text}")
    session.out.note("Keep the data folder as it is, and compare it with a copy from before.")
