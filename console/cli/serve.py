"""`leasehold serve`: one plane in this process, until it is told to stop.

Owns its life: bind, wire, announce, serve, withdraw, close. Whatever fails behind it ends it: a plane never limps.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click
import uvloop

from console.bootstrap import Plane, build_plane
from console.cli.failures import Failure, Status, usage
from console.cli.planes import server_settings, settings_file
from console.model.problems import ProblemError
from console.policy.bundle import BundleRefused
from console.server.api import serve as carrier
from console.settings import embedded
from console.settings.folders import Folders, private_folder
from console.settings.server import ServerSettings, split_listen

IDLE_SECONDS = 15.0
FIRST_SECONDS = 60.0
LOOK_SECONDS = 0.5


@click.command()
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="server.toml.")
@click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="The data folder.")
@click.option("--listen", metavar="HOST:PORT", help="Where to listen; a loopback address. Port 0 takes a free one.")
@click.option("--while-used", is_flag=True, help="Stop once the last console has gone.")
@click.option("--key-files", is_flag=True, help="Keep the plane's keys as files of mode 0600 in the data folder.")
def serve(config: Path | None, data: Path | None, listen: str | None, *, while_used: bool, key_files: bool) -> None:
    """Serve the authorization API and the broker API until interrupted.

    Without a configuration the plane uses the sample bundle and the development trust domain leasehold.local. Its keys are
    kept in the keyring, or where there is none, with --key-files, in the data folder.
    """
    folder = private_folder(Folders.of_this_machine(data).data)
    settings, beside = server_settings(config, folder, key_files=key_files)
    if listen is not None:
        try:
            settings = ServerSettings.model_validate(settings.model_dump(exclude_unset=True) | {"listen": listen})
        except ValueError as error:
            raise usage(f"--listen {listen}: {error}") from None
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, folder, beside, while_used=while_used))
    except BundleRefused as refused:
        where = settings_file(config, folder) or beside
        raise Failure(
            Status.FAILED,
            f"The policy bundle does not parse, so nothing is served. {_first_error(refused)}",
            f"Correct it (named in {where}) and start again; leasehold policy validate lists everything.",
            code="bundle_refused",
            facts={"findings": [finding.model_dump(mode="json") for finding in refused.findings]},
        ) from None
    except ProblemError as problem:
        raise Failure(Status.FAILED, f"{problem.detail} Nothing is served.", problem.next_step, code=problem.code) from None
    except BaseExceptionGroup as group:
        raise Failure(
            Status.FAILED,
            f"The plane stopped, because a part of it failed ({_names(group)}). It does not serve without that part.",
            "See the log above; start it again, and report it if it stays.",
            code="part_failed",
        ) from group


async def _serve(settings: ServerSettings, data: Path, beside: Path, *, while_used: bool) -> None:
    host, port = split_listen(settings.listen)
    try:
        listening = carrier.bind(host, port)
    except OSError as error:
        raise Failure(
            Status.FAILED, f"{settings.listen} cannot be listened on: {error.strerror}.", "Name another with --listen."
        ) from None
    port = listening.getsockname()[1]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        plane = await build_plane(settings, data=data, beside=beside, url=url)
    except BaseException:
        listening.close()
        raise
    try:

        def ready(_host: str, _port: int) -> None:
            _announce(settings, data, url)

        server = carrier.build(plane.api, listening, ready)
        for number in (signal.SIGINT, signal.SIGTERM):
            # The server raises again what stopped it, once it has stopped; these take it, so that the store is closed after.
            signal.signal(number, lambda *_: server.stop())
        async with plane.working():
            watch = asyncio.create_task(_stop_when_left(plane, server)) if while_used else None
            try:
                await server.serve(sockets=[listening])
            finally:
                if watch is not None:
                    watch.cancel()
    finally:
        embedded.withdraw(data)
        await plane.store.close()


def _announce(settings: ServerSettings, data: Path, url: str) -> None:
    authorization, broker = settings.authorization_url or url, settings.broker_url or url
    embedded.announce(
        data,
        authorization_url=authorization,
        broker_url=broker,
        started_at=datetime.now(UTC),
        environment=settings.environment,
        trust_domain=settings.home_domain,
        plane=settings.plane,
        version=version("leasehold"),
    )
    print(f"Leasehold serves the authorization API at {authorization}", flush=True)
    print(f"                     and the broker API at {broker}", flush=True)
    print(f"Data in {data}; trust domain {settings.home_domain}. Stop it with ctrl+c.", flush=True)


async def _stop_when_left(plane: Plane, server: carrier.Server) -> None:
    await left_alone(plane.subscribers, idle=IDLE_SECONDS, first=FIRST_SECONDS, look=LOOK_SECONDS)
    server.stop()


async def left_alone(subscribers: Callable[[], int], *, idle: float, first: float, look: float) -> None:
    """Return once the last subscriber has been gone for `idle` seconds, or none has come for `first`."""
    loop = asyncio.get_running_loop()
    last, patience = loop.time(), first
    while loop.time() - last < patience:
        if subscribers() > 0:
            last, patience = loop.time(), idle
        await asyncio.sleep(look)


def _first_error(refused: BundleRefused) -> str:
    errors = [finding for finding in refused.findings if finding.severity == "error"]
    if not errors:
        return "It names no error."
    first = errors[0]
    line = f", line {first.line}" if first.line is not None else ""
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{first.file}{line}: {first.text}{more}"


def _names(group: BaseExceptionGroup[BaseException]) -> str:
    return ", ".join(sorted({type(error).__name__ for error in group.exceptions}))
