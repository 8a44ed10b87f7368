"""Folders: where configuration, data and state live (the XDG directories, through platformdirs).

Owns their names and their mode. Data and state are for their owner only.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from console.settings.errors import SettingsError

APPLICATION = "leasehold"


@dataclass(frozen=True, slots=True)
class Folders:
    """The three folders of one installation."""

    config: Path
    data: Path
    state: Path

    @classmethod
    def of_this_machine(cls, data: Path | None = None) -> "Folders":
        """The folders of the person who runs the program; `data` (the option --data) stands in for data and state."""
        directories = platformdirs.PlatformDirs(APPLICATION, appauthor=False)
        if data is not None:
            data = data.expanduser().absolute()
            return cls(directories.user_config_path, data, data / "state")
        return cls(directories.user_config_path, directories.user_data_path, directories.user_state_path)

    @property
    def console_file(self) -> Path:
        """Where console.toml is looked for."""
        return self.config / "console.toml"

    @property
    def server_file(self) -> Path:
        """Where server.toml is looked for."""
        return self.config / "server.toml"


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter (mode 0700), parents included.

    Raises SettingsError when it cannot be made, is no folder, belongs to somebody else, or others may write to it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
    except OSError as error:
        raise SettingsError(f"The folder {path} cannot be used: {error.strerror}.", "Name another with --data.") from None
    if status.st_uid != os.geteuid():
        raise SettingsError(f"The folder {path} belongs to somebody else.", "Name another with --data.")
    if status.st_mode & 0o022:
        raise SettingsError(f"Others may write to the folder {path}.", f"Run: chmod go-w {path}")
    return path
