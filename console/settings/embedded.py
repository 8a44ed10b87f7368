"""The file by which other commands find a running embedded plane: `plane.json`, mode 0600, in its data folder.

Owns its form and the answer to "is that plane still running?". A file whose process is gone, or whose process id now
belongs to another process, is stale. It holds no secret.
"""

import json
import os
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Annotated

from console.settings.errors import SettingsError
from console.settings.files import read_private, write_private
from console.settings.reading import matching, sized, taken

FILE_NAME = "plane.json"


def _process_id(number: int) -> int:
    if number < 1:
        raise ValueError("a process id is at least 1")
    return number


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant says its zone")
    return instant


Url = Annotated[str, sized(2048), matching(r"https?://.*")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPlane:
    """An embedded plane as it announces itself. `process_started` is the kernel's own start time of the process, where
    the system tells it: it tells a process from a later one with the same id.
    """

    pid: Annotated[int, _process_id]
    process_started: int | None = None
    authorization_url: Url
    broker_url: Url
    started_at: Annotated[datetime, _aware]
    environment: Annotated[str, sized(128)]
    trust_domain: Annotated[str, sized(255)]
    plane: Annotated[str, sized(128)] = ""
    version: Annotated[str, sized(64)] = ""

    def text(self) -> str:
        """What stands in the file: JSON, the instant in ISO 8601."""
        return json.dumps(asdict(self), default=datetime.isoformat)


def announce(
    data: Path,
    *,
    authorization_url: str,
    broker_url: str,
    started_at: datetime,
    environment: str,
    trust_domain: str,
    plane: str = "",
    version: str = "",
) -> EmbeddedPlane:
    """Write the file for this process. Raises SettingsError when it cannot be written."""
    announced = EmbeddedPlane(
        pid=os.getpid(),
        process_started=process_started(os.getpid()),
        authorization_url=authorization_url,
        broker_url=broker_url,
        started_at=started_at,
        environment=environment,
        trust_domain=trust_domain,
        plane=plane,
        version=version,
    )
    write_private(data / FILE_NAME, announced.text())
    return announced


def read(data: Path) -> EmbeddedPlane | None:
    """What the file of a data folder says, running or not; None when there is no file.

    Raises SettingsError when others may read it or it is damaged.
    """
    path = data / FILE_NAME
    text = read_private(path)
    if text is None:
        return None
    plane = _read(text)
    if plane is None:
        raise SettingsError(f"{path} is damaged.", "If no plane is running there, remove the file and start again.")
    return plane


def running(data: Path) -> EmbeddedPlane | None:
    """The plane that runs in a data folder; None when there is none, or the file is stale."""
    plane = read(data)
    return plane if plane is not None and is_alive(plane) else None


def is_alive(plane: EmbeddedPlane) -> bool:
    """Whether the very process that announced itself still runs."""
    try:
        os.kill(plane.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # the plane of a data folder is ours; a process of somebody else has taken its id
    now_running = _process(plane.pid)
    if now_running is None:
        return True
    state, started = now_running
    return state != "Z" and plane.process_started in (None, started)


def withdraw(data: Path) -> bool:
    """Remove the file if it is this process's own. Returns whether it was."""
    plane = read(data)
    if plane is None or plane.pid != os.getpid():
        return False
    (data / FILE_NAME).unlink(missing_ok=True)
    return True


def process_started(pid: int) -> int | None:
    """When a process started, in the kernel's ticks since boot; None where the system does not tell."""
    process = _process(pid)
    return process[1] if process is not None else None


def _read(text: str) -> EmbeddedPlane | None:
    try:
        found = json.loads(text)
        # What a later version may have added is left alone.
        known = {one.name: found[one.name] for one in fields(EmbeddedPlane) if one.name in found}
        known["started_at"] = datetime.fromisoformat(known["started_at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return taken(known, EmbeddedPlane)[0]


def _process(pid: int) -> tuple[str, int] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in brackets and may hold anything, so count from the last bracket on.
    fields = text.rpartition(")")[2].split()
    return (fields[0], int(fields[19])) if len(fields) > 19 else None
