"""Secrets: where an operator's token and the plane's signing keys are kept, and where they are read from.

The keyring is the place. Without one: an environment variable for one session, a command that prints the token, or a
credential file that the configuration names (mode 0600, or a systemd credential). Nothing here ever falls back to a
plaintext file on its own. Owns the list of keyrings that are refused. No message ever holds a secret.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from console.settings.errors import SettingsError
from console.settings.files import read_private, write_private
from console.settings.folders import APPLICATION, private_folder

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

TOKEN_VARIABLE = "LEASEHOLD_TOKEN"  # noqa: S105 - the name of a variable
MAX_SECRET = 65_536
COMMAND_SECONDS = 30
OTHER_WAYS = (
    f"Unlock or install a keyring (Secret Service, KWallet, macOS Keychain), set {TOKEN_VARIABLE} for this session, "
    "or name a command or a credential file in the configuration. To look around without one: leasehold demo. For a plane of "
    "your own without one: leasehold serve --key-files --data DIR, then leasehold console --data DIR --token-file "
    "DIR/keys/first-operator."
)
REFUSED_KEYRINGS = ("keyrings.alt.", "keyring.backends.null.", "keyring.backends.fail.")
"""By full name: keyrings.alt writes plaintext, null forgets what it was given, fail is the sign that there is none."""


class SecretReader(Protocol):
    """Where secrets are read. None means that there is none."""

    def get(self, name: str) -> str | None: ...


class SecretStore(SecretReader, Protocol):
    """Where secrets are kept. All verbs raise SettingsError, saying what to do next, when the place cannot be used."""

    def set(self, name: str, secret: str) -> None: ...
    def delete(self, name: str) -> None: ...


def is_refused(backend: "KeyringBackend") -> bool:
    """Whether a keyring may not hold secrets of ours."""
    kind = type(backend)
    return f"{kind.__module__}.{kind.__qualname__}".startswith(REFUSED_KEYRINGS)


def usable_keyring(found: "KeyringBackend") -> "KeyringBackend":
    """The keyring to use, out of what the library found.

    A chain of keyrings is taken apart, so that it cannot fall through to a refused one.

    Raises SettingsError, naming what was found, when none of it may be used.
    """
    members = getattr(found, "backends", None)
    candidates = list(members) if isinstance(members, list | tuple) else [found]
    for candidate in candidates:
        if not is_refused(candidate):
            return candidate
    names = ", ".join(sorted({f"{type(c).__module__}.{type(c).__qualname__}" for c in candidates})) or "nothing"
    raise SettingsError(f"There is no keyring that can be trusted here (found: {names}).", OTHER_WAYS)


class KeyringSecrets:
    """Secrets in the keyring of the desktop or the system. `backend` None means the one that the library finds."""

    def __init__(self, backend: "KeyringBackend | None" = None, service: str = APPLICATION) -> None:
        self._given = backend
        self._service = service

    def _backend(self) -> "KeyringBackend":
        # The keyring is imported at its first use: finding one takes longer than many a command that needs none.
        import keyring  # noqa: PLC0415

        try:
            return usable_keyring(self._given if self._given is not None else keyring.get_keyring())
        except (ImportError, RuntimeError) as error:
            raise SettingsError(f"No keyring could be opened ({type(error).__name__}).", OTHER_WAYS) from None

    def check(self) -> None:
        """Find the keyring, without asking it for anything. Raises SettingsError where there is none that may be used."""
        self._backend()

    def get(self, name: str) -> str | None:
        """The secret of a name."""
        backend = self._backend()
        try:
            return backend.get_password(self._service, name)
        except Exception as error:
            raise _unusable(error) from None

    def set(self, name: str, secret: str) -> None:
        """Keep a secret, and read it back: a keyring that loses it is found out here and not at the next start."""
        backend = self._backend()
        try:
            backend.set_password(self._service, name, secret)
            kept = backend.get_password(self._service, name)
        except Exception as error:
            raise _unusable(error) from None
        if kept != secret:
            raise SettingsError("The keyring did not keep what it was given.", OTHER_WAYS)

    def delete(self, name: str) -> None:
        """Forget a secret; forgetting what is not there changes nothing."""
        if self.get(name) is None:
            return
        try:
            self._backend().delete_password(self._service, name)
        except Exception as error:
            raise _unusable(error) from None


def _unusable(error: Exception) -> SettingsError:
    # Only the kind of the error is told: a backend's own words may quote what it was given.
    return SettingsError(f"The keyring does not work ({type(error).__name__}).", OTHER_WAYS)


class SecretFolder:
    """Secrets as files of mode 0600 in a folder of mode 0700, written by the program: only where the configuration says so."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, name: str) -> Path:
        if not name or name.startswith(".") or "/" in name or "\0" in name:
            raise SettingsError(f"{name!r} cannot name a secret.", "Use letters, digits, hyphen and dot.")
        return self._folder / name

    def get(self, name: str) -> str | None:
        """The secret of a name. Raises SettingsError when others may read it."""
        return read_private(self._path(name))

    def set(self, name: str, secret: str) -> None:
        """Keep a secret, in one step."""
        private_folder(self._folder)
        write_private(self._path(name), secret)

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._path(name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class EnvironmentSecret:
    """A secret for one session, in an environment variable."""

    environment: Mapping[str, str] = field(repr=False)
    variable: str = TOKEN_VARIABLE

    def get(self, name: str) -> str | None:
        """The variable's value; None when it is not set, or empty."""
        return _trimmed(self.environment.get(self.variable))


@dataclass(frozen=True, slots=True)
class CommandSecret:
    """A secret that a command prints. It is started without a shell and has 30 seconds."""

    command: Sequence[str]
    timeout_seconds: float = COMMAND_SECONDS

    def get(self, name: str) -> str | None:
        """What the command prints, without the line's end.

        Raises SettingsError when it cannot be started, fails, takes too long, or prints nothing. What it printed is never told.
        """
        program = self.command[0]
        try:
            done = subprocess.run(  # noqa: S603 - the person who runs the program named it in their own configuration
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self.timeout_seconds,
                check=False,
            )
        except OSError as error:
            raise SettingsError(
                f"The command {program} cannot be started: {error.strerror}.", "Correct it in the profile."
            ) from None
        except subprocess.TimeoutExpired:
            raise SettingsError(
                f"The command {program} took longer than {self.timeout_seconds:g} s.", "Run it by hand."
            ) from None
        if done.returncode != 0:
            raise SettingsError(f"The command {program} failed with status {done.returncode}.", "Run it by hand and see why.")
        if len(done.stdout) > MAX_SECRET:
            raise SettingsError(f"The command {program} printed more than 64 KiB.", "It must print the token and nothing else.")
        secret = _trimmed(done.stdout.decode(errors="replace"))
        if secret is None:
            raise SettingsError(f"The command {program} printed nothing.", "It must print the token.")
        return secret


@dataclass(frozen=True, slots=True)
class CredentialFile:
    """A secret in a file that the configuration names. Never written."""

    path: Path

    def get(self, name: str) -> str | None:
        """The file's text. Raises SettingsError when it is missing, empty, or others may read it."""
        text = read_private(self.path)
        if text is None:
            raise SettingsError(f"The credential file {self.path} does not exist.", "Create it with mode 0600.")
        secret = _trimmed(text)
        if secret is None:
            raise SettingsError(f"The credential file {self.path} is empty.", "Put the token into it.")
        return secret


def systemd_credential(credential: str, environment: Mapping[str, str] | None = None) -> CredentialFile:
    """The file of a systemd credential (`LoadCredential=` or `SetCredential=` of the unit).

    Raises SettingsError outside such a unit, or for a name that is a path.
    """
    folder = (os.environ if environment is None else environment).get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise SettingsError(
            f"The credential {credential} is systemd's, but no CREDENTIALS_DIRECTORY is set.", "Start it as the unit."
        )
    if not credential or "/" in credential or credential.startswith("."):
        raise SettingsError(f"{credential!r} cannot name a systemd credential.", "Use the name of its LoadCredential= line.")
    return CredentialFile(Path(folder) / credential)


def _trimmed(text: str | None) -> str | None:
    stripped = text.strip() if text is not None else ""
    return stripped or None
