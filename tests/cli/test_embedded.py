"""The embedded plane as a child process: started when it is needed, shared, and gone with the last console."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from console.cli.serve import left_alone
from console.settings import embedded

from .program import awaited, environment

pytestmark = pytest.mark.xdist_group("cli")
STARTING = """
import asyncio, sys
from pathlib import Path
from console.cli.planes import ensure_running
plane = asyncio.run(ensure_running(Path(sys.argv[1])))
print(plane.pid, plane.authorization_url)
"""


def start(data: Path, home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", STARTING, str(data)]
    return subprocess.run(command, env=environment(home), capture_output=True, text=True, timeout=90, check=False)


def ended(pid: int) -> None:
    """Wait until a process is gone."""
    end = time.monotonic() + 30
    status = Path(f"/proc/{pid}/stat")
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_plane_is_started_once_and_outlives_who_started_it(tmp_path: Path) -> None:
    data = tmp_path / "plane"
    (data / "keys").mkdir(mode=0o700, parents=True)
    data.chmod(0o700)
    first = start(data, tmp_path)
    assert first.returncode == 0, first.stderr
    pid = int(first.stdout.split()[0])
    try:
        again = start(data, tmp_path)
        assert again.stdout == first.stdout
        assert os.getsid(pid) == pid, "it has a session of its own"
        assert (data / "plane.log").stat().st_mode & 0o077 == 0
    finally:
        os.kill(pid, signal.SIGTERM)
    ended(pid)
    assert embedded.read(data) is None


def test_a_plane_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    data = tmp_path / "plane"
    data.mkdir(mode=0o700)
    (data / "server.toml").write_text("nonsense = true\n")
    failed = start(data, tmp_path)
    assert failed.returncode != 0
    assert "unknown key nonsense" in failed.stderr


def test_a_killed_plane_leaves_nothing_that_is_believed(tmp_path: Path) -> None:
    data = tmp_path / "plane"
    data.mkdir(mode=0o700)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "console", "serve", "--data", str(data), "--listen", "127.0.0.1:0", "--key-files"]
    with log.open("w") as out:
        process = subprocess.Popen(command, env=environment(tmp_path), stdout=out, stderr=out)
    awaited(process, data, log)
    process.kill()
    process.wait(30)
    assert embedded.read(data) is not None
    assert embedded.running(data) is None


async def test_it_stops_once_the_last_subscriber_has_gone() -> None:
    counts = [0, 0, 1, 2, 1, 0, 0, 0, 0, 0]
    asked: list[int] = []

    def subscribers() -> int:
        asked.append(counts[min(len(asked), len(counts) - 1)])
        return asked[-1]

    await asyncio.wait_for(left_alone(subscribers, idle=0.03, first=30, look=0.01), 20)
    assert asked[:6] == counts[:6], "it waits for the first one, and then for the last"


async def test_it_stops_when_nobody_comes_at_all() -> None:
    await asyncio.wait_for(left_alone(lambda: 0, idle=0.01, first=0.03, look=0.01), 20)
