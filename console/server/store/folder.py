"""The data folder of an embedded plane: its modes, its lock, and the space reserved in it for acts that take power away."""

import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

from console.model.problems import ProblemError

DATABASE: Final = "plane.db"
LOCK: Final = "plane.lock"
RESERVE: Final = "reserve"
RESERVE_BYTES: Final = 4 * 1024 * 1024


def prepare(folder: Path) -> None:
    """Make the folder and an empty database for their owner alone: modes 0700 and 0600.

    Raises ProblemError `store_unavailable` when that cannot be done.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        os.close(os.open(folder / DATABASE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
            if (folder / name).exists():
                (folder / name).chmod(0o600)
    except OSError as error:
        raise ProblemError("store_unavailable", f"The data folder {folder} cannot be used: {error.strerror}.") from error


class FolderLock:
    """The lock that one plane holds on its data folder for as long as it runs; it ends with the process."""

    def __init__(self, folder: Path) -> None:
        """Take the lock. Raises ProblemError `store_unavailable`, naming the process that holds it."""
        try:
            self._descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ProblemError("store_unavailable", f"The data folder {folder} cannot be locked: {error.strerror}.") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._descriptor, 32).decode(errors="replace").strip()
            os.close(self._descriptor)
            who = f"process {holder}" if holder.isdecimal() else "another process"
            raise ProblemError(
                "store_unavailable",
                f"The data folder {folder} is locked by {who}.",
                next_step="Stop that plane, or name another data folder.",
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the folder up."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


class Reserve:
    """A file that holds space until acts that take power away need it on a full disk.

    While it does not stand, nothing that gives power is committed, so that the space given up goes to those acts alone.
    """

    def __init__(self, folder: Path, size: int = RESERVE_BYTES) -> None:
        self._path = folder / RESERVE
        self._size = size

    def stands(self) -> bool:
        """Whether the space is held."""
        try:
            return self._path.stat().st_size == self._size
        except OSError:
            return False

    def give_up(self) -> bool:
        """Free the space. False when there was none to free."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def build(self) -> bool:
        """Hold the space. False, with nothing held, while there is no room for it."""
        if self.stands():
            return True
        descriptor = -1
        try:
            if shutil.disk_usage(self._path.parent).free < self._size:
                return False
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            left = self._size
            while left > 0:
                left -= os.write(descriptor, os.urandom(min(left, 1 << 20)))
            os.fsync(descriptor)
        except OSError:
            self.give_up()
            return False
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return True
