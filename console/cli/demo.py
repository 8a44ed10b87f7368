"""`leasehold demo`: the embedded plane, the living sample estate, and the console on it.

Owns how the roof's parts reach the estate: identities are minted and settings are read here, and handed down.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from console.bootstrap import FIRST_OPERATOR, development_domain, secret_store
from console.cli.failures import Failure, Status, usage
from console.cli.planes import SETTINGS_FILE, sample_folder
from console.demo import leash
from console.demo.estate import AUTHORIZATION, BROKER, MAX_AGENTS, MIN_AGENTS, PEOPLE, TRUST_DOMAIN
from console.demo.running import Estate, EstateFailed, Roof, Settings
from console.settings import embedded
from console.settings.folders import private_folder
from console.settings.load import load
from console.settings.server import ServerSettings

DEFAULT_SEED = 7
_NAMES = [person.name for person in PEOPLE]


@click.command()
@click.option("--seed", default=DEFAULT_SEED, show_default=True, type=click.IntRange(0, 2**31), help="Repeats a run.")
@click.option("--agents", default=MIN_AGENTS, show_default=True, type=click.IntRange(MIN_AGENTS, MAX_AGENTS), help="How many.")
@click.option("--speed", default=1.0, show_default=True, type=click.FloatRange(0.1, 100.0), help="How fast they think.")
@click.option("--headless", is_flag=True, help="No console: print one JSON line once everything serves, run until interrupted.")
@click.option("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="Where the plane listens; a loopback address.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The data folder; without it a temporary one.",
)
@click.option("--theme", metavar="NAME", help="The console's theme.")
@click.option("--as", "operator", default="maya", show_default=True, type=click.Choice(_NAMES), help="Who you are.")
@click.pass_context
def demo(
    ctx: click.Context,
    seed: int,
    agents: int,
    speed: float,
    listen: str,
    data: Path | None,
    theme: str | None,
    operator: str,
    *,
    headless: bool,
) -> None:
    """Start a living sample estate, with a plane of its own, and open the console on it.

    Agents of three teams do real work on a customer database, a folder of documents and an outbox. Some of it needs a
    person; now and then one of them is hijacked. Join from another terminal: leasehold console --data DIR --as omar
    """
    if not headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise usage("The console needs a terminal that can be painted.", "Without one: leasehold demo --headless.")
    root = ctx.find_root().params
    data, theme = data or root.get("data"), theme or root.get("theme")
    listen = _loopback(listen)
    folder = private_folder(data.expanduser().absolute() if data else Path(tempfile.mkdtemp(prefix="leasehold-demo-")))
    if embedded.running(folder) is not None:
        raise Failure(Status.CONFLICT, f"A plane runs in {folder} already.", f"Join it: leasehold console --data {folder}")
    try:
        settings = Settings(
            data=folder, seed=seed, agents=agents, speed=speed, listen=listen, bundle=sample_folder() / "bundle"
        )
        estate = Estate(settings, _roof(folder))
    except ValueError as error:
        raise usage(f"{error}.") from None
    foreground = _until_interrupted() if headless else _console(folder, operator, theme)
    try:
        asyncio.run(_run(estate, foreground, headless=headless))
    except EstateFailed as failed:
        raise Failure(Status.FAILED, str(failed), f"See {folder / 'logs'}.") from None
    if data is None:
        shutil.rmtree(folder, ignore_errors=True)


async def _run(estate: Estate, foreground: Coroutine[Any, Any, None], *, headless: bool) -> None:
    """The estate, for as long as what stands in the foreground goes on. A signal while it starts ends it, too."""
    front = asyncio.ensure_future(_after_start(estate, foreground, headless=headless))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, front.cancel)
    try:
        await asyncio.wait([front])
        if not front.cancelled():
            front.result()
    finally:
        await estate.stop()
        foreground.close()


async def _after_start(estate: Estate, foreground: Coroutine[Any, Any, None], *, headless: bool) -> None:
    if not headless:
        print(f"Starting the estate in {estate.settings.data} …", file=sys.stderr, flush=True)
    await estate.start()
    if headless:
        print(json.dumps(_announcement(estate)), flush=True)
    front, life = asyncio.ensure_future(foreground), asyncio.ensure_future(estate.live())
    try:
        await asyncio.wait([front, life], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in (front, life):
            one.cancel()
        await asyncio.wait([front, life])
    for one in (front, life):
        if not one.cancelled():
            one.result()


async def _until_interrupted() -> None:
    await asyncio.Event().wait()


async def _console(data: Path, operator: str, theme: str | None) -> None:
    """The console in a process of its own, on this terminal."""
    command = [sys.executable, leash.__file__, str(os.getpid()), sys.executable, "-m", "console", "console"]
    command += ["--data", str(data), "--as", operator]
    child = await asyncio.create_subprocess_exec(*command, *(["--theme", theme] if theme else []))
    try:
        if await child.wait() != 0:
            raise EstateFailed(f"The console ended with status {child.returncode}.")
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            await child.wait()


def _announcement(estate: Estate) -> dict[str, str | int]:
    return {
        "authorization_url": estate.authorization_url,
        "broker_url": estate.broker_url,
        "trust_domain": TRUST_DOMAIN,
        "data_dir": str(estate.settings.data),
        "operators_file": str(estate.operators_file),
        "seed": estate.settings.seed,
    }


def _roof(data: Path) -> Roof:
    """What the estate needs of the roof. The settings are read anew: the estate writes them before the plane starts."""

    def settings() -> ServerSettings:
        return load(data / SETTINGS_FILE, ServerSettings)

    def address() -> tuple[str, str] | None:
        plane = embedded.running(data)
        return (plane.authorization_url, plane.broker_url) if plane is not None else None

    def mint(spiffe_id: str, seconds: int) -> str:
        now = datetime.now(UTC)
        domain = development_domain(settings(), data, now)
        if domain is None:
            raise EstateFailed("server.toml names no development trust domain.")
        return domain.mint(spiffe_id, (AUTHORIZATION, BROKER), seconds, now)

    return Roof(
        serve=[sys.executable, "-m", "console", "serve", "--data", str(data)],
        address=address,
        first_token=lambda: secret_store(settings(), data).get(FIRST_OPERATOR),
        mint=mint,
    )


def _loopback(listen: str) -> str:
    """Raises Failure for an address that the plane would refuse."""
    try:
        return ServerSettings(listen=listen).listen
    except ValidationError as error:
        raise usage(f"--listen {listen}: {error.errors()[0]['msg'].removeprefix('Value error, ')}.") from None
