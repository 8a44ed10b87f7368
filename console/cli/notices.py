"""`leasehold notices`: the webhooks that the plane tells when nobody is looking. They are configured in server.toml."""

import base64
import secrets
import sys
from pathlib import Path

import click

from console.cli.failures import Failure, Status, usage
from console.cli.session import Session, connected
from console.cli.tables import Column
from console.cli.text import joined, moment
from console.model.notices import WebhookStatus

MOST_SECRET = 4096
KEY_BYTES = 32


def _state(row: WebhookStatus) -> str:
    if row.failing_since is not None:
        return f"failing, tried {row.attempts} times"
    return "last one given up" if row.last_error else "well"


_COLUMNS = (
    Column[WebhookStatus]("NAME", lambda row: row.name),
    Column[WebhookStatus]("STATE", _state),
    Column[WebhookStatus]("DELIVERED", lambda row: str(row.delivered), right=True),
    Column[WebhookStatus]("GIVEN UP", lambda row: str(row.given_up), right=True),
    Column[WebhookStatus]("BEHIND", lambda row: str(row.behind), priority=3, right=True),
    Column[WebhookStatus]("SHAPE", lambda row: row.shape, priority=2),
    Column[WebhookStatus]("HOST", lambda row: row.host, priority=1),
    Column[WebhookStatus]("LAST DELIVERED", lambda row: moment(row.delivered_at) or "never", priority=5),
    Column[WebhookStatus]("WHY", lambda row: row.last_error, priority=4),
    Column[WebhookStatus]("TOLD", lambda row: joined(row.events), priority=6),
)


@click.group()
def notices() -> None:
    """Notices to webhooks: new critical requests, deadlines that are near, containments, stuck revocations."""


@notices.command("list")
@connected
async def list_(session: Session) -> None:
    """The webhooks, how far each has been told, and what was given up."""
    async with session.client() as client:
        found = await client.list_webhooks()
    if session.out.as_json:
        session.out.document(found)
    else:
        session.out.table(_COLUMNS, found.items, nothing="No webhook is configured: add [[webhook]] to server.toml.")


@notices.command()
@click.argument("name")
@connected
async def test(session: Session, name: str) -> Status | None:
    """Send a test notice to a webhook, once. Exit status 1 when it was not delivered."""
    async with session.client() as client:
        tested = await client.test_webhook(name)
    if session.out.as_json:
        session.out.document(tested)
    elif tested.delivered:
        session.out.say(f"{tested.name} took the test notice (status {tested.status}).")
    else:
        session.out.say(f"{tested.name} did not take the test notice: {tested.error}.")
    return None if tested.delivered else Status.FAILED


@notices.command()
@click.argument("name")
@click.argument("what", type=click.Choice(["secret", "url"]))
@click.option("--new", is_flag=True, help="Make a fresh signing key, and show it once.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="server.toml of the plane.")
@connected
def keep(session: Session, name: str, what: str, config: Path | None, *, new: bool) -> None:
    """Keep a webhook's secret where the plane keeps its keys, on the plane's own machine (with --data). Read from stdin.

    The plane takes it up at its next start.
    """
    if session.options.data is None:
        raise usage("Say which plane's keys, with --data DIR; nothing was kept.")
    if new and what != "secret":
        raise usage("Only a signing key can be made; nothing was kept.")
    text = f"whsec_{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}" if new else _read()
    # The roof wires the whole plane; no other command pays for that.
    from console.bootstrap import secret_store  # noqa: PLC0415
    from console.cli.planes import server_settings  # noqa: PLC0415

    data = session.options.data.expanduser().absolute()
    settings, _ = server_settings(config, data)
    secret_store(settings, data).set(f"webhook.{name}.{what}", text)
    session.out.note(
        f"The {what} of {name} is kept. Say secret = {{}} or url_from = {{}} in server.toml, and start the plane anew."
    )
    if new:
        session.out.note("The signing key follows; the receiver needs it. It is shown once.")
        print(text)


def _read() -> str:
    text = str(click.prompt("Secret", hide_input=True, err=True)) if sys.stdin.isatty() else sys.stdin.read(MOST_SECRET + 1)
    if not text.strip() or len(text) > MOST_SECRET:
        raise Failure(Status.USAGE, "No secret came in, or one longer than 4096 characters; nothing was kept.", code="usage")
    return text.strip()
