"""The settings of a console: console.toml in shapes. Without the file, the embedded plane of this machine is the profile.

Read by the roof, which hands the values down. `token_reader` turns a profile's sign-in into where its token is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from console.settings.reading import matching, sized
from console.settings.secrets import (
    TOKEN_VARIABLE,
    CommandSecret,
    CredentialFile,
    EnvironmentSecret,
    KeyringSecrets,
    SecretReader,
    systemd_credential,
)


def protected_url(url: str) -> str:
    """An address that a token may be sent to: https, or http on loopback. Raises ValueError for any other."""
    wrong = ValueError("write it as https://host, with a port and a path where needed and nothing else")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong from None
    printable = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not host or not printable:
        raise wrong
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise wrong
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("http would send the token in the clear; use https (http is for loopback only)")
    return url.rstrip("/")


Word = Annotated[str, matching(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")]
Label = Annotated[str, matching(r"[A-Za-z0-9 ._-]{1,24}")]
Key = Annotated[str, matching(r"[\x21-\x7e]{1,32}")]
Url = Annotated[str, sized(2048), protected_url]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Where a profile's token comes from. What it needs depends on `source`: a command, a file, or a credential's name."""

    source: Literal["keyring", "environment", "command", "file", "credential"] = "keyring"
    command: Annotated[tuple[str, ...], sized(64)] = ()
    file: Path | None = None
    credential: Word | None = None

    def __post_init__(self) -> None:
        given = {"command": bool(self.command), "file": self.file is not None, "credential": self.credential is not None}
        for name, is_given in given.items():
            if is_given != (self.source == name):
                raise ValueError(f'{name} belongs to source = "{name}", and only to it')


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One plane as the console knows it: its addresses, how it looks, and how carefully the console starts on it."""

    name: Word
    embedded: bool = False
    data: Path | None = None
    authorization_url: Url | None = None
    broker_url: Url | None = None
    environment: Label = "development"
    colour: Literal["red", "amber", "green", "blue", "grey"] = "grey"
    start: Literal["safe", "armed"] = "safe"
    read_only: bool = False
    sign_in: SignIn = SignIn()

    def __post_init__(self) -> None:
        if self.embedded and (self.authorization_url or self.broker_url):
            raise ValueError("an embedded plane has no addresses here; take them away, or embedded = true")
        if not self.embedded and not (self.authorization_url and self.broker_url):
            raise ValueError("name both authorization_url and broker_url, or say embedded = true")
        if self.data is not None and not self.embedded:
            raise ValueError("data belongs to an embedded plane")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    """How the console asks for attention. `from_risk` is the lowest risk of a request that it speaks up for."""

    bell: bool = True
    title: bool = True
    desktop: bool = False
    from_risk: Literal["low", "medium", "high", "critical"] = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """console.toml."""

    default_profile: Word = "local"
    theme: Word = "house-dark"
    glyphs: Literal["unicode", "ascii"] = "unicode"
    reduced_motion: bool = False
    clipboard: Annotated[tuple[str, ...], sized(16)] = ()
    keymap: Annotated[dict[Word, Key], sized(256)] = field(default_factory=dict)
    notifications: Notifications = Notifications()
    profile: Annotated[tuple[Profile, ...], sized(64, least=1)] = (Profile(name="local", embedded=True),)

    def __post_init__(self) -> None:
        names = [profile.name for profile in self.profile]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the profile {twice[0]} stands here twice")
        if self.default_profile not in names:
            raise ValueError(f"default_profile {self.default_profile} is none of the profiles: {', '.join(sorted(names))}")

    def find(self, name: str | None = None) -> Profile | None:
        """The profile of a name, or the default one."""
        wanted = self.default_profile if name is None else name
        return next((profile for profile in self.profile if profile.name == wanted), None)


def token_name(profile: str, operator: str = "") -> str:
    """Under which name the keyring keeps a profile's token; `operator` tells apart several who use one profile."""
    return f"token:{profile}:{operator}" if operator else f"token:{profile}"


def token_reader(sign_in: SignIn, environment: Mapping[str, str], keyring: SecretReader | None = None) -> SecretReader:
    """Where a profile's token is read. A token in LEASEHOLD_TOKEN goes before everything else, for this session only.

    Raises SettingsError when systemd credentials are asked for outside a unit that has them.
    """
    if sign_in.source == "environment" or environment.get(TOKEN_VARIABLE, "").strip():
        return EnvironmentSecret(environment)
    if sign_in.source == "command":
        return CommandSecret(sign_in.command)
    if sign_in.source == "file" and sign_in.file is not None:
        return CredentialFile(sign_in.file.expanduser())
    if sign_in.source == "credential" and sign_in.credential is not None:
        return systemd_credential(sign_in.credential, environment)
    return keyring if keyring is not None else KeyringSecrets()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
