"""`leasehold console`: everything that the console is started with, out of profile and options.

Owns how a profile becomes a plane that can be reached: an embedded one is started when none runs. The console itself is
imported last, and nowhere else.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli import first_run
from console.cli.failures import Failure, usage
from console.cli.planes import ensure_running, server_settings
from console.cli.session import Options, Place, console_settings, place_of, resolve, token_source
from console.settings import embedded
from console.settings.console import ConsoleSettings
from console.settings.errors import SettingsError
from console.settings.folders import Folders
from console.settings.secrets import KeyringSecrets

if TYPE_CHECKING:
    from console.client import Sent
    from console.tui.state.plane import Plane
    from console.tui.ui.options import ConsoleOptions

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--profile", metavar="NAME", help="A profile of console.toml.")
@click.option("--data", type=_PATH, metavar="DIR", help="The embedded plane of this data folder.")
@click.option("--authorization-url", metavar="URL", help="The authorization API, in place of a profile.")
@click.option("--broker-url", metavar="URL", help="The broker API, in place of a profile.")
@click.option("--token-file", type=_PATH, metavar="FILE", help="A file of mode 0600 that holds the token.")
@click.option("--as", "operator", metavar="NAME", help="As which operator, where several are signed in.")
@click.option("--theme", metavar="NAME", help="The theme.")
@click.option("--read-only", is_flag=True, help="Send nothing that changes anything.")
@click.pass_context
def console(
    ctx: click.Context,
    theme: str | None,
    profile: str | None = None,
    data: Path | None = None,
    authorization_url: str | None = None,
    broker_url: str | None = None,
    token_file: Path | None = None,
    operator: str | None = None,
    *,
    read_only: bool = False,
) -> None:
    """Open the console. Without a configuration: on the embedded plane of this machine, which is started when none runs."""
    root = ctx.find_root().params
    options = Options(
        profile=profile or root.get("profile"),
        data=data or root.get("data"),
        authorization_url=authorization_url,
        broker_url=broker_url,
        token_file=token_file,
        operator=operator or root.get("operator"),
    )
    folders = Folders.of_this_machine()
    if first_run.is_first(options, folders) and not first_run.lead(ctx, folders):
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
        raise usage("The console needs a terminal that can be painted.", "Every act has a command: leasehold --help.")
    open_console(options, theme=theme or root.get("theme"), read_only=read_only or bool(root.get("read_only")))


@dataclass
class _Last:
    """The id of the last request, for the console's messages."""

    request_id: str = ""

    def hear(self, sent: "Sent") -> None:
        self.request_id = sent.request_id


def open_console(options: Options, *, theme: str | None = None, read_only: bool = False) -> None:
    """Open the console on a plane. Raises Failure, SettingsError for what is wrong before there is a screen."""
    settings = console_settings()
    place = place_of(options)

    # The screens load here, after everything that can be wrong without them.
    from console.cli.profiles import choices  # noqa: PLC0415
    from console.tui.ui.run import run  # noqa: PLC0415

    def made(options: Options, name: str) -> "ConsoleOptions":
        return replace(options_of(options, settings, theme=theme, read_only=read_only), profile=name, profiles=profiles)

    profiles = choices(settings, options, place, made)
    run(made(options, place.profile.name))


def options_of(
    options: Options, settings: ConsoleSettings, *, theme: str | None = None, read_only: bool = False
) -> "ConsoleOptions":
    """What a console on a plane is started with. Raises Failure, SettingsError for what is wrong before there is a screen."""
    from console.tui.ui.options import ConsoleOptions  # noqa: PLC0415 (only what opens the console needs it)

    place = place_of(options)
    if place.data is not None and embedded.running(place.data) is None and _keys_in_keyring(place.data):
        # The plane that is about to be started needs a place for its keys; said here, there is room for all of it.
        KeyringSecrets().check()
    last, profile = _Last(), place.profile
    return ConsoleOptions(
        open_plane=plane_opener(options, place, last.hear),
        request_id=lambda: last.request_id,
        environment=profile.environment,
        colour=profile.colour,
        operator=options.operator or "",
        start=profile.start,
        read_only=read_only or profile.read_only,
        theme=theme or settings.theme,
        theme_folders=(Folders.of_this_machine().config / "themes",),
        glyphs=settings.glyphs,
        reduced_motion=settings.reduced_motion,
        keymap=settings.keymap,
        bell=settings.notifications.bell,
        title=settings.notifications.title,
        desktop=settings.notifications.desktop,
        from_risk=settings.notifications.from_risk,
        clipboard=settings.clipboard,
        editor=os.environ.get("VISUAL") or os.environ.get("EDITOR") or "",
        state_folder=Folders.of_this_machine(place.data).state,
    )


def _keys_in_keyring(data: Path) -> bool:
    return server_settings(None, data)[0].keys.source == "keyring"


def plane_opener(
    options: Options, place: Place, heard: "Callable[[Sent], None]"
) -> "Callable[[], AbstractAsyncContextManager[Plane]]":
    """What opens the plane for the console: starts an embedded one, finds the token, connects."""
    token = token_source(options, place)

    @asynccontextmanager
    async def opened() -> "AsyncIterator[Plane]":
        from console.tui.state.client_plane import client_plane  # noqa: PLC0415 (loads after the first paint)

        try:
            if place.data is not None:
                await ensure_running(place.data)
            target = resolve(options)
            # A keyring may ask its person for a password: that must not hold up the screen.
            await asyncio.to_thread(token)
        except (Failure, SettingsError) as error:
            from console.cli.profiles import problem_of  # noqa: PLC0415

            raise problem_of(error) from None
        async with client_plane(target.authorization_url, target.broker_url, token, on_sent=heard) as plane:
            yield plane

    return opened
