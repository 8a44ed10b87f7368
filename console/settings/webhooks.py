"""The settings of webhooks: who is told when nobody is looking, and where the secrets of each are read.

Part of server.toml. Owns where a webhook may lie: https, or http on loopback. Addresses and secrets are never quoted: with
Slack and Teams the address itself is the secret.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator, model_validator

from console.settings.console import is_loopback
from console.settings.errors import SettingsError
from console.settings.load import Settings
from console.settings.secrets import CommandSecret, CredentialFile, EnvironmentSecret, SecretReader, systemd_credential

Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$")]
EventName = Literal[
    "approval.critical",
    "approval.deadline",
    "approval.ended",
    "agent.contained",
    "agent.released",
    "lease.stuck",
    "lease.settled",
]
ALL_EVENTS: tuple[EventName, ...] = (
    "approval.critical",
    "approval.deadline",
    "approval.ended",
    "agent.contained",
    "agent.released",
    "lease.stuck",
    "lease.settled",
)


class SecretFrom(Settings):
    """Where a secret is read when the plane starts. What it needs depends on `source`."""

    source: Literal["keyring", "environment", "command", "file", "credential"] = "keyring"
    variable: Variable | None = None
    command: tuple[str, ...] = Field(default=(), max_length=64)
    file: Path | None = None
    credential: Word | None = None

    @model_validator(mode="after")
    def what_the_source_needs(self) -> "SecretFrom":
        given = {
            "environment": self.variable is not None,
            "command": bool(self.command),
            "file": self.file is not None,
            "credential": self.credential is not None,
        }
        names = {"environment": "variable"}
        for source, is_given in given.items():
            if is_given != (self.source == source):
                raise ValueError(f'{names.get(source, source)} belongs to source = "{source}", and only to it')
        return self


class WebhookSettings(Settings):
    """One webhook: a name, an address, a shape, what it is told, and how patient the plane is with it. Spans are seconds."""

    name: Word
    url: str | None = Field(default=None, max_length=2048)
    url_from: SecretFrom | None = None
    shape: Literal["plain", "slack", "teams", "pagerduty"] = "plain"
    secret: SecretFrom | None = None
    events: tuple[EventName, ...] = Field(default=ALL_EVENTS, min_length=1, max_length=len(ALL_EVENTS))
    deadline_seconds: int = Field(default=300, ge=10, le=86_400)
    timeout_seconds: int = Field(default=10, ge=1, le=60)
    tries: int = Field(default=8, ge=1, le=20)

    @field_validator("url")
    @classmethod
    def safe(cls, url: str | None) -> str | None:
        return None if url is None else safe_target(url)

    @model_validator(mode="after")
    def what_the_shape_needs(self) -> "WebhookSettings":
        if self.url is not None and self.url_from is not None:
            raise ValueError("name the url or url_from, not both")
        if self.url is None and self.url_from is None and self.shape != "pagerduty":
            raise ValueError("a webhook needs a url, or url_from where the address is itself a secret")
        if self.secret is None and self.shape in ("plain", "pagerduty"):
            what = "key that its messages are signed with" if self.shape == "plain" else "routing key of the service"
            raise ValueError(f"this shape needs a secret: the {what}")
        return self


def safe_target(url: str) -> str:
    """An address that notices may be sent to: https, or http on loopback. Raises ValueError, without it, for any other."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("write it as https://host/path") from None
    printable = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or parts.fragment or not printable:
        raise ValueError("write it as https://host/path, without a user and without a fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("http would send it in the clear; use https (http is for loopback only)")
    return url


def secret_of(where: SecretFrom, name: str, kept: SecretReader, environment: Mapping[str, str]) -> str:
    """A secret from where it is kept; `kept` is the place of the plane's own keys. Raises SettingsError where there is none."""
    reader: SecretReader = kept
    if where.source == "environment" and where.variable is not None:
        reader = EnvironmentSecret(environment, where.variable)
    elif where.source == "command":
        reader = CommandSecret(where.command)
    elif where.source == "file" and where.file is not None:
        reader = CredentialFile(where.file.expanduser())
    elif where.source == "credential" and where.credential is not None:
        reader = systemd_credential(where.credential, environment)
    found = reader.get(name)
    if found is None or not found.strip():
        raise SettingsError(
            f"There is no secret {name} at its source, {where.source}.",
            "Put it there (leasehold notices keep, for the keyring), or take the webhook out of server.toml.",
        )
    return found.strip()
