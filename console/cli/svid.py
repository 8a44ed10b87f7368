"""`leasehold svid`: identities of the development trust domain, for scripts and for trying things out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from console.bootstrap import development_domain
from console.cli.failures import Failure, Status, usage
from console.cli.output import Output
from console.cli.planes import server_settings
from console.cli.text import moment
from console.server.identity.svid import DevelopmentRefused
from console.settings.files import write_private
from console.settings.folders import Folders


@click.group()
def svid() -> None:
    """Identities (SPIFFE JWT-SVIDs) of the development trust domain."""


@svid.command()
@click.argument("spiffe_id")
@click.option("--ttl", default=3600, show_default=True, metavar="SECONDS", help="How long it lives; an hour at most.")
@click.option("--audience", multiple=True, metavar="ID", help="For whom; without it, both APIs of the plane.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="server.toml of the plane.")
@click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="The plane's data folder.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write it to this file, mode 0600.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def mint(
    spiffe_id: str,
    ttl: int,
    audience: tuple[str, ...],
    config: Path | None,
    data: Path | None,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Mint a JWT-SVID for a workload of the development trust domain.

    Refused where server.toml names a production trust bundle: then a workload gets its identity from its own trust domain.
    """
    data = data if data is not None else click.get_current_context().find_root().params.get("data")
    folder = Folders.of_this_machine(data).data
    settings, _ = server_settings(config, folder)
    production = [domain.name for domain in settings.trust_domain if domain.bundle_file is not None]
    if production:
        raise Failure(
            Status.NOT_ALLOWED,
            f"A production trust bundle is configured ({', '.join(production)}); nothing was minted.",
            "Fetch an SVID from the Workload API of that trust domain.",
            code="not_allowed",
        )
    now = datetime.now(UTC)
    try:
        domain = development_domain(settings, folder, now)
    except DevelopmentRefused as refused:
        raise Failure(Status.NOT_ALLOWED, f"{refused}; nothing was minted.", code="not_allowed") from None
    if domain is None:
        raise Failure(Status.NOT_ALLOWED, "There is no development trust domain; nothing was minted.", code="not_allowed")
    audiences = audience or (settings.authorization_audience, settings.broker_audience)
    try:
        token = domain.mint(spiffe_id, audiences, ttl, now)
    except ValueError as error:
        raise usage(f"{error}. Nothing was minted.") from None
    expires_at = now + timedelta(seconds=ttl)
    if out is not None:
        write_private(out, token)
    output = Output(as_json=as_json)
    if as_json:
        document = {"spiffe_id": spiffe_id, "audiences": list(audiences), "expires_at": expires_at.isoformat()}
        output.document(document | ({"file": str(out)} if out is not None else {"svid": token}))
    elif out is not None:
        output.say(f"{spiffe_id} until {moment(expires_at)} in {out}")
    else:
        print(token)
