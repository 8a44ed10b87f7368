"""Private files: read and written so that nobody but their owner can see or swap what is in them.

Owns the check of mode and owner (0600 or stricter) and the atomic write. For files that the program writes itself.
"""

import os
import stat
import tempfile
from pathlib import Path

from console.settings.errors import SettingsError

MAX_BYTES = 262_144


def read_private(path: Path) -> str | None:
    """The text of a private file, or None when there is no such file.

    Raises SettingsError when others may read or write it, when it belongs to somebody other than us or root, when it is no
    regular file, or when it is larger than 256 KiB. The message never quotes what is in it.
    """
    try:
        # Without O_NONBLOCK, opening a pipe that stands in the file's place would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.", "Check its owner and mode.") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SettingsError(f"{path} is not a file.", "Name a regular file.")
        if status.st_uid not in (os.geteuid(), 0):
            raise SettingsError(f"{path} belongs to somebody else.", "Name a file of your own.")
        if status.st_mode & 0o077:
            raise SettingsError(f"Others may read {path}.", f"Run: chmod 600 {path}, and replace the secret: it may be known.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > MAX_BYTES:
        raise SettingsError(f"{path} is larger than 256 KiB.", "Check that it is the right file.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not text.", "Check that it is the right file.") from None


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 in one step: whoever reads sees either what was before or all of this.

    Raises SettingsError when it cannot be written; then what was before is untouched.
    """
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise SettingsError(f"{path} cannot be written: {error.strerror}.", "Make room, or check the folder's mode.") from None
