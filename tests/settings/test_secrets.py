"""Secrets: kept where they may be, refused where not, and never told in an error."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring

from console.settings.errors import SettingsError
from console.settings.secrets import (
    CommandSecret,
    CredentialFile,
    EnvironmentSecret,
    KeyringSecrets,
    SecretFolder,
    systemd_credential,
    usable_keyring,
)

SECRET = "lho_" + "s" * 43


class Memory:
    """A keyring that keeps, forgets or fails, as told."""

    def __init__(self, *, forgets: bool = False, error: Exception | None = None) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.forgets, self.error = forgets, error

    def get_password(self, service: str, name: str) -> str | None:
        if self.error is not None:
            raise self.error
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, secret: str) -> None:
        if not self.forgets:
            self.kept[service, name] = secret

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


def keyring(backend: Any) -> KeyringSecrets:
    return KeyringSecrets(backend)


def plaintext() -> Any:
    """A backend whose class stands where keyrings.alt has its plaintext one."""
    return type("PlaintextKeyring", (Memory,), {"__module__": "keyrings.alt.file"})()


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_keyring_keeps_and_forgets() -> None:
    store = keyring(Memory())
    assert store.get("token:local") is None
    store.set("token:local", SECRET)
    assert store.get("token:local") == SECRET
    store.delete("token:local")
    store.delete("token:local")
    assert store.get("token:local") is None


@pytest.mark.parametrize("backend", [NullKeyring(), FailKeyring(), plaintext()], ids=["null", "fail", "plaintext"])
def test_keyrings_that_cannot_be_trusted_are_refused_by_name(backend: Any) -> None:
    for chain in (backend, SimpleNamespace(backends=[backend])):
        with pytest.raises(SettingsError) as caught:
            keyring(chain).set("token:local", SECRET)
        assert type(backend).__module__ in caught.value.detail
        assert "LEASEHOLD_TOKEN" in caught.value.next_step
        assert SECRET not in str(caught.value)


def test_a_chain_never_falls_through_to_a_refused_keyring() -> None:
    good, bad = Memory(), plaintext()
    chain: Any = SimpleNamespace(backends=[bad, good])
    assert usable_keyring(chain) is good
    keyring(chain).set("token:local", SECRET)
    assert not bad.kept


def test_an_empty_chain_is_refused() -> None:
    empty: Any = SimpleNamespace(backends=[])
    with pytest.raises(SettingsError, match="nothing"):
        usable_keyring(empty)


def test_a_keyring_that_loses_or_fails_is_found_out() -> None:
    with pytest.raises(SettingsError, match="did not keep"):
        keyring(Memory(forgets=True)).set("token:local", SECRET)
    broken = keyring(Memory(error=RuntimeError(SECRET)))
    for act in (lambda: broken.get("a"), lambda: broken.set("a", SECRET), lambda: broken.delete("a")):
        with pytest.raises(SettingsError, match="RuntimeError") as caught:
            act()
        assert SECRET not in str(caught.value)


def test_a_variable_holds_a_token_for_one_session() -> None:
    assert EnvironmentSecret({"LEASEHOLD_TOKEN": f" {SECRET}\n"}).get("any") == SECRET
    assert EnvironmentSecret({"LEASEHOLD_TOKEN": "  "}).get("any") is None
    assert EnvironmentSecret({}).get("any") is None
    assert SECRET not in repr(EnvironmentSecret({"LEASEHOLD_TOKEN": SECRET}))


def test_a_command_prints_the_token() -> None:
    assert CommandSecret([sys.executable, "-c", f"print('{SECRET}')"]).get("any") == SECRET


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (f"import sys; print('{SECRET}'); sys.exit(3)", "status 3"),
        ("pass", "printed nothing"),
        ("print('x' * 70000)", "64 KiB"),
        ("input()\nprint(1)", "status 1"),
    ],
)
def test_a_command_that_fails_is_told_without_its_output(code: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        CommandSecret([sys.executable, "-c", code]).get("any")
    assert SECRET not in str(caught.value)


def test_a_command_that_hangs_or_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="longer than"):
        CommandSecret([sys.executable, "-c", "import threading; threading.Event().wait()"], timeout_seconds=0.2).get("any")
    with pytest.raises(SettingsError, match="cannot be started"):
        CommandSecret([str(tmp_path / "absent")]).get("any")


def test_a_command_gets_no_shell(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    CommandSecret(["echo", f"x; touch {mark}"]).get("any")
    assert not mark.exists()


def test_a_credential_file_is_read_when_nobody_else_can(tmp_path: Path) -> None:
    assert CredentialFile(private(tmp_path / "token", f"{SECRET}\n")).get("any") == SECRET
    assert CredentialFile(private(tmp_path / "token", SECRET, 0o400)).get("any") == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_credential_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SettingsError, match="chmod 600") as caught:
        CredentialFile(private(tmp_path / "token", SECRET, mode)).get("any")
    assert SECRET not in str(caught.value)


def test_what_is_no_credential_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "bytes").chmod(0o600)
    for path, says in (
        (tmp_path / "absent", "does not exist"),
        (tmp_path, "not a file"),
        (tmp_path / "pipe", "not a file"),
        (private(tmp_path / "empty", " \n"), "empty"),
        (private(tmp_path / "large", "x" * 300_000), "larger"),
        (tmp_path / "bytes", "not text"),
    ):
        with pytest.raises(SettingsError, match=says):
            CredentialFile(path).get("any")


def test_a_systemd_credential_is_found_in_its_folder(tmp_path: Path) -> None:
    private(tmp_path / "leasehold-token", SECRET, 0o400)
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert systemd_credential("leasehold-token", environment).get("any") == SECRET
    for name in ("../leasehold-token", "", ".hidden"):
        with pytest.raises(SettingsError, match="cannot name"):
            systemd_credential(name, environment)
    with pytest.raises(SettingsError, match="CREDENTIALS_DIRECTORY"):
        systemd_credential("leasehold-token", {})


def test_a_secret_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    store = SecretFolder(folder)
    assert store.get("leases.json") is None
    store.set("leases.json", SECRET)
    store.set("leases.json", SECRET + "2")
    assert store.get("leases.json") == SECRET + "2"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [(file.name, file.stat().st_mode & 0o777) for file in folder.iterdir()] == [("leases.json", 0o600)]
    (folder / "leases.json").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        store.get("leases.json")
    store.delete("leases.json")
    store.delete("leases.json")
    for name in ("../x", "", ".x", "a/b"):
        with pytest.raises(SettingsError, match="cannot name"):
            store.set(name, SECRET)


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(SettingsError, match="go-w"):
        SecretFolder(folder).set("leases.json", SECRET)
