"""The embedded plane: its settings, and its start as a child process of its own.

Owns where server.toml is looked for, and what a plane is when there is none: the sample bundle and its resource servers.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli.failures import Failure, Status
from console.settings import embedded
from console.settings.folders import Folders, private_folder

if TYPE_CHECKING:
    from console.settings.server import ServerSettings

SETTINGS_FILE = "server.toml"
KEY_FOLDER = Path("keys")
LOG_FILE = "plane.log"
START_SECONDS = 30.0
SAMPLE_AUDIENCES = ("crm", "docs", "outbox")


def sample_folder() -> Path:
    """The sample configuration: of the wheel, or of the checkout. Raises Failure when there is neither."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_data" / "sample_config", package.parent / "sample_config"):
        if folder.is_dir():
            return folder
    raise Failure(Status.FAILED, "The sample configuration is missing from this installation.", "Install leasehold again.")


def settings_file(config: Path | None, data: Path) -> Path | None:
    """The server.toml to use: the one named, else the data folder's, else this person's; None when there is none."""
    if config is not None:
        return config.expanduser().absolute()
    return next((path for path in (data / SETTINGS_FILE, Folders.of_this_machine().server_file) if path.exists()), None)


def server_settings(config: Path | None, data: Path, *, key_files: bool = False) -> "tuple[ServerSettings, Path]":
    """The settings of the plane of a data folder, and the folder that their relative paths lie in.

    `key_files` keeps the plane's keys as files of mode 0600 in the data folder, where there is no keyring; a plane that was
    started so before is found to be so. Raises SettingsError.
    """
    # A console on a plane elsewhere needs none of it.
    from console.settings.load import load  # noqa: PLC0415
    from console.settings.server import KeySettings, ResourceServerSettings, ServerSettings  # noqa: PLC0415

    path = settings_file(config, data)
    if path is not None:
        settings, beside = load(path, ServerSettings), path.parent
    else:
        servers = tuple(
            ResourceServerSettings(name=name, spiffe_id=f"spiffe://leasehold.local/server/{name}") for name in SAMPLE_AUDIENCES
        )
        settings, beside = ServerSettings(bundle=Path("bundle"), resource_server=servers), sample_folder()
    if settings.keys.source == "keyring" and (key_files or (data / KEY_FOLDER).is_dir()):
        keys = KeySettings(source="file", folder=KEY_FOLDER, rotate_seconds=settings.keys.rotate_seconds)
        settings = settings.model_copy(update={"keys": keys})
    return settings, beside


async def ensure_running(data: Path) -> embedded.EmbeddedPlane:
    """The plane that runs in a data folder; started in a process of its own when none does.

    It lives as long as consoles are open on it. Raises Failure with the end of its log when it does not come up.
    """
    found = embedded.running(data)
    if found is not None:
        return found
    private_folder(data)
    log = data / LOG_FILE
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        start = log.stat().st_size
        child = subprocess.Popen(  # noqa: S603, ASYNC220 - this very program, and nothing waits for it here
            [sys.executable, "-m", "console", "serve", "--data", str(data), "--listen", "127.0.0.1:0", "--while-used"],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            while child.poll() is None:
                found = embedded.running(data)
                if found is not None:
                    return found
                await asyncio.sleep(0.05)
    # Another command may have started one in the meantime; then ours found the folder locked and ended.
    found = embedded.running(data)
    if found is not None:
        return found
    if child.poll() is None:
        child.terminate()
    said = log.read_bytes()[start:][-2000:].decode(errors="replace").strip()
    raise Failure(Status.UNREACHABLE, f"The plane in {data} did not start. It said: {said}", f"See {log}.", code="unreachable")
