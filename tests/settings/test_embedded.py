"""The embedded plane's announcement: found while its process runs, stale afterwards."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.settings.embedded import FILE_NAME, EmbeddedPlane, announce, is_alive, process_started, read, running, withdraw
from console.settings.errors import SettingsError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def announced(folder: Path) -> EmbeddedPlane:
    return announce(
        folder,
        authorization_url="http://127.0.0.1:7420",
        broker_url="http://127.0.0.1:7420",
        started_at=NOW,
        environment="development",
        trust_domain="leasehold.local",
        plane="local",
    )


def test_a_running_plane_is_found(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    plane = announced(tmp_path)
    assert plane.pid == os.getpid()
    assert running(tmp_path) == read(tmp_path) == plane
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_it_is_withdrawn_by_its_own_process_only(tmp_path: Path) -> None:
    plane = announced(tmp_path)
    (tmp_path / FILE_NAME).write_text(replace(plane, pid=os.getppid()).text())
    assert not withdraw(tmp_path)
    announced(tmp_path)
    assert withdraw(tmp_path)
    assert read(tmp_path) is None
    assert not withdraw(tmp_path)


def test_a_process_that_ended_leaves_a_stale_file(tmp_path: Path) -> None:
    plane = announced(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        theirs = replace(plane, pid=child.pid, process_started=process_started(child.pid))
        assert is_alive(theirs)
        assert child.stdin is not None
        child.stdin.close()
    assert not is_alive(theirs)
    (tmp_path / FILE_NAME).write_text(theirs.text())
    assert running(tmp_path) is None
    assert read(tmp_path) == theirs


@pytest.mark.skipif(process_started(os.getpid()) is None, reason="this system does not tell when a process started")
def test_a_process_id_that_was_given_again_is_told_apart(tmp_path: Path) -> None:
    plane = announced(tmp_path)
    assert plane.process_started is not None
    assert is_alive(plane)
    assert not is_alive(replace(plane, process_started=plane.process_started - 1))


@pytest.mark.parametrize("text", ["", "{}", "[]", "\x00", '{"pid": -1}', "[" * 100_000])
def test_a_damaged_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    (tmp_path / FILE_NAME).chmod(0o600)
    with pytest.raises(SettingsError, match="damaged"):
        read(tmp_path)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    announced(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        running(tmp_path)
