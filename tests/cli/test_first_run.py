"""The first run: with nothing configured one more key leads on, and nothing that a person wrote is touched."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from console.cli.first_run import DEMO, EMBEDDED, LEAVE, PROFILE, choose, explanation, is_first, lay_down
from console.cli.planes import sample_folder
from console.cli.session import Options
from console.settings.console import ConsoleSettings
from console.settings.errors import SettingsError
from console.settings.folders import Folders
from console.settings.reading import read_file

from .program import environment, run


def folders(home: Path) -> Folders:
    return Folders(home / "config", home / "data", home / "state")


def test_it_is_the_first_run_only_while_nothing_is_configured_or_named(tmp_path: Path) -> None:
    here = folders(tmp_path)
    assert is_first(Options(), here)
    assert not is_first(Options(profile="staging"), here)
    assert not is_first(Options(data=tmp_path), here)
    here.data.mkdir()
    assert is_first(Options(), here), "an empty folder is nothing yet"
    (here.data / "plane.db").touch()
    assert not is_first(Options(), here)
    (here.data / "plane.db").unlink()
    here.config.mkdir()
    here.console_file.touch()
    assert not is_first(Options(), here)


@pytest.mark.parametrize(
    ("typed", "choice"),
    [
        ("\r", EMBEDDED),
        ("\n", EMBEDDED),
        ("e", EMBEDDED),
        ("d", DEMO),
        ("p", PROFILE),
        ("q", LEAVE),
        ("\x1b", LEAVE),
        ("xd", DEMO),
    ],
)
def test_one_key_chooses_and_others_are_answered(typed: str, choice: str) -> None:
    keys, said = iter(typed), list[str]()
    assert choose(lambda: next(keys), said.append) == choice
    assert len(said) == len(typed) - 1


def test_the_end_of_the_input_leaves() -> None:
    assert choose(lambda: "", lambda words: None) == LEAVE


def test_the_explanation_fits_a_small_terminal(tmp_path: Path) -> None:
    lines = explanation(Folders.of_this_machine()).splitlines()
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80 + len(str(Path.home()))


def test_the_sample_is_laid_down_as_it_is_and_never_over_anything(tmp_path: Path) -> None:
    sample, path = sample_folder() / "console.toml", tmp_path / "config" / "console.toml"
    lay_down(sample, path)
    assert path.read_bytes() == sample.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_file(path, ConsoleSettings).find("production") is not None
    path.write_text("mine")
    with pytest.raises(SettingsError, match="was not touched"):
        lay_down(sample, path)
    assert path.read_text() == "mine"


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "console.toml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError):
        lay_down(sample_folder() / "console.toml", tmp_path / "console.toml")
    assert not (tmp_path / "elsewhere").exists()


def test_without_a_terminal_the_same_is_printed_with_status_two(tmp_path: Path) -> None:
    result = run(env=environment(tmp_path))
    assert result.returncode == 2
    assert "the demo" in result.stdout
    assert "needs a terminal" in result.stderr
    assert list(tmp_path.rglob("console.toml")) == []


def answered(home: Path, key: bytes) -> tuple[int, str]:
    """The real program on a terminal of its own, answered with one key."""
    ours, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "console"], env=environment(home, TERM="xterm"), stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        shown = b""
        while b"leasehold --help" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, key)
        try:
            while more := os.read(ours, 4096):
                shown += more
        except OSError:
            pass  # the terminal is closed when the program has ended
        os.close(ours)
        return process.wait(30), shown.decode()


def test_p_lays_a_profile_down_and_says_what_is_next(tmp_path: Path) -> None:
    status, shown = answered(tmp_path, b"p")
    assert status == 0
    assert (tmp_path / "config" / "leasehold" / "console.toml").exists()
    assert "leasehold login --profile production" in shown


def test_q_leaves_and_nothing_was_done(tmp_path: Path) -> None:
    status, _ = answered(tmp_path, b"q")
    assert status == 0
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".pyc"]
