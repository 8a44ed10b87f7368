"""What every command has in common: which plane it speaks to, as whom, and in which form it answers.

Owns the common options, and the order in which a plane and a token are found.
"""

import asyncio
import functools
import inspect
import json
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from console.cli.failures import Failure, Status, not_signed_in, usage
from console.settings import embedded
from console.settings.console import ConsoleSettings, Profile, protected_url, token_name, token_reader
from console.settings.errors import SettingsError
from console.settings.files import read_private
from console.settings.folders import Folders
from console.settings.reading import read_file
from console.settings.secrets import TOKEN_VARIABLE, CredentialFile

if TYPE_CHECKING:
    from console.client import LeaseholdClient

OPERATORS_FILE = "operators.json"
"""Of a demo's data folder: its operators with their tokens, by name."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Options:
    """The common options as they were given."""

    profile: str | None = None
    data: Path | None = None
    authorization_url: str | None = None
    broker_url: str | None = None
    token_file: Path | None = None
    operator: str | None = None
    as_json: bool = False
    svid_file: Path | None = None
    elsewhere: bool = False
    """Whether a running console goes from the plane that it was started on to this one."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A plane as it was named: the profile, or what stands in for one. `secret` is its name in the keyring."""

    profile: Profile
    secret: str
    data: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Target:
    """A plane to speak to, and as whom."""

    profile: Profile
    authorization_url: str
    broker_url: str
    token: Callable[[], str] = field(repr=False)


def console_settings() -> ConsoleSettings:
    """console.toml of this person, or its defaults. Raises SettingsError."""
    path = Folders.of_this_machine().console_file
    return read_file(path, ConsoleSettings) if path.exists() else ConsoleSettings()


def place_of(options: Options) -> Place:
    """Which plane is meant. Raises Failure for options that contradict each other, SettingsError."""
    urls = options.authorization_url or options.broker_url
    ways = [name for name, given in (("--profile", options.profile), ("--data", options.data), ("the URLs", urls)) if given]
    if len(ways) > 1:
        raise usage(f"{' and '.join(ways)} name two planes.", "Give one of them.")
    if urls:
        authorization, broker = (_protected(options.authorization_url or urls), _protected(options.broker_url or urls))
        profile = Profile(name="named-by-url", authorization_url=authorization, broker_url=broker)
        return Place(profile=profile, secret=token_name(authorization, options.operator or ""))
    if options.data is not None:
        data = options.data.expanduser().absolute()
        return _embedded(Profile(name="embedded", embedded=True, data=data), data, options)
    settings = console_settings()
    found = settings.find(options.profile)
    if found is None:
        names = ", ".join(profile.name for profile in settings.profile)
        raise usage(f"There is no profile {options.profile}.", f"Known here: {names}.")
    if found.embedded:
        return _embedded(found, Folders.of_this_machine(found.data).data, options)
    return Place(profile=found, secret=token_name(found.name, options.operator or ""))


def resolve(options: Options) -> Target:
    """The plane to speak to, and as whom. Raises Failure when an embedded plane is meant and none runs, SettingsError."""
    place = place_of(options)
    token = token_source(options, place)
    if place.data is None:
        profile = place.profile
        authorization, broker = profile.authorization_url or "", profile.broker_url or ""
        return Target(profile=profile, authorization_url=authorization, broker_url=broker, token=token)
    plane = embedded.running(place.data)
    if plane is None:
        raise Failure(
            Status.UNREACHABLE,
            f"No plane is running in {place.data}; nothing was changed.",
            f"Start it: leasehold serve --data {place.data}, or name another plane with --profile.",
            code="unreachable",
        )
    return Target(profile=place.profile, authorization_url=plane.authorization_url, broker_url=plane.broker_url, token=token)


def token_source(options: Options, place: Place) -> Callable[[], str]:
    """Where the token is read when it is needed: the file named, a demo's operator, or the profile's sign-in."""
    if options.svid_file is not None:
        return _read_once(lambda: CredentialFile(options.svid_file or Path()).get(""), "The file holds no SVID.")
    if options.token_file is not None:
        return _read_once(lambda: CredentialFile(options.token_file or Path()).get(""), "The file holds no token.")
    if place.data is not None and options.operator:
        token = _demo_token(place.data, options.operator)
        if token is not None:
            return lambda: token
    who = f" as {options.operator}" if options.operator else ""
    sign_in, environment = place.profile.sign_in, dict(os.environ)
    if options.elsewhere and sign_in.source != "environment":
        # It was given for the plane that the console was started on, and is told to no other.
        environment.pop(TOKEN_VARIABLE, None)
    return _read_once(lambda: token_reader(sign_in, environment).get(place.secret), f"You are not signed in{who} here.")


def _read_once(read: Callable[[], str | None], sentence: str) -> Callable[[], str]:
    @functools.cache
    def token() -> str:
        found = read()
        if found is None:
            raise not_signed_in(sentence, "Sign in: leasehold login. For one session, set LEASEHOLD_TOKEN.")
        return found

    return token


def _demo_token(data: Path, operator: str) -> str | None:
    text = read_private(data / OPERATORS_FILE)
    if text is None:
        return None
    try:
        found = json.loads(text)
        entry = found.get(operator)
        if entry is None:
            raise usage(f"The demo has no operator {operator}.", f"It has: {', '.join(sorted(found))}.")
        return str(entry["token"])
    except (ValueError, KeyError, AttributeError, TypeError):
        raise SettingsError(f"{data / OPERATORS_FILE} is damaged.", "Start the demo again.") from None


def _embedded(profile: Profile, data: Path, options: Options) -> Place:
    return Place(profile=profile, secret=token_name(str(data), options.operator or ""), data=data)


def _protected(url: str) -> str:
    try:
        return protected_url(url)
    except ValueError as error:
        raise usage(f"The address cannot be used: {error}.") from None


class Session:
    """One run of a command."""

    def __init__(self, options: Options) -> None:
        self.options = options
        from console.cli.output import Output  # noqa: PLC0415 (it knows the models, and a console prints nothing)

        self.out = Output(as_json=options.as_json)

    @functools.cached_property
    def target(self) -> Target:
        """The plane that is spoken to."""
        return resolve(self.options)

    def client(self) -> "LeaseholdClient":
        """A client of that plane; close it, or use it as a context."""
        from console.client import LeaseholdClient  # noqa: PLC0415 (httpx loads when something is called, not before)

        return LeaseholdClient(self.target.authorization_url, self.target.broker_url, self.target.token)


_PATH = click.Path(path_type=Path)
_COMMON = (
    click.option("--profile", metavar="NAME", help="A profile of console.toml."),
    click.option("--data", type=_PATH, metavar="DIR", help="The embedded plane of this data folder."),
    click.option("--authorization-url", metavar="URL", help="The authorization API, in place of a profile."),
    click.option("--broker-url", metavar="URL", help="The broker API, in place of a profile."),
    click.option("--token-file", type=_PATH, metavar="FILE", help="A file of mode 0600 that holds the token."),
    click.option("--as", "operator", metavar="NAME", help="As which operator, where several are signed in."),
    click.option("--json", "as_json", is_flag=True, help="One JSON document (JSON lines for a stream)."),
)
_SVID = click.option(
    "--svid-file", type=_PATH, metavar="FILE", required=True, help="A file of mode 0600 with the agent's JWT-SVID."
)


def connected(function: Callable[..., Coroutine[Any, Any, Status | None] | Status | None]) -> Callable[..., None]:
    """A command that gets a `Session` first; it takes the common options beside its own. What it returns is its status."""
    return _with_options(function, _COMMON)


def as_agent(function: Callable[..., Coroutine[Any, Any, Status | None] | Status | None]) -> Callable[..., None]:
    """As `connected`, for the agent's side: its credential is the JWT-SVID in a file."""
    return _with_options(function, (*_COMMON, _SVID))


def _with_options(function: Callable[..., Any], options: tuple[Callable[[Any], Any], ...]) -> Callable[..., None]:
    @functools.wraps(function)
    def run(**given: Any) -> None:
        inherited = click.get_current_context().find_root().params
        names = Options.__dataclass_fields__
        common = {name: given.pop(name) for name in names if name in given}
        for name in ("profile", "data", "operator"):
            common[name] = common[name] if common[name] is not None else inherited.get(name)
        answer = function(Session(Options(**common)), **given)
        status = asyncio.run(answer) if inspect.iscoroutine(answer) else answer
        if status:
            raise click.exceptions.Exit(int(status))

    for option in reversed(options):
        option(run)
    return run
