"""The house as it is drawn: what may import what, types, lint, sizes, and what a fresh interpreter loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MOST_LINES = 400


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_imports_point_down() -> None:
    done = run("-c", "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.xdist_group("mypy")
def test_types_are_strict() -> None:
    done = run("-m", "mypy", "--no-error-summary")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [("check", "--quiet"), ("format", "--check", "--quiet")], ids=["lint", "format"])
def test_the_linter_finds_nothing(command: tuple[str, ...]) -> None:
    done = run("-m", "ruff", *command, "console", "tests")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("code", "never"),
    [
        ("from console.__main__ import main", ("textual", "rich", "uvicorn", "fastapi", "cedarpy", "console.tui")),
        ("import console.client", ("textual", "keyring", "console.server", "cedarpy")),
        ("import console.tui.state.mirror", ("textual", "rich", "console.server")),
        ("import console.server.api.app", ("textual", "rich", "console.tui", "keyring")),
        (
            "import console.cli.console",
            ("textual", "rich", "httpx", "pydantic", "tomllib", "keyring", "cedarpy", "console.settings.server"),
        ),
        (
            "import console.tui.ui.launch, console.tui.ui.world, console.tui.state.client_plane, console.cli.main\n"
            "import console.cli.profiles",
            ("textual", "rich", "httpx", "pydantic", "tomllib", "console.server"),
        ),
        (
            "import console.tui.ui.app, console.tui.ui.gathered",
            ("httpx", "pydantic", "console.tui.ui.hands", "console.tui.ui.screens.picker"),
        ),
    ],
    ids=["commands", "client", "mirror", "server", "console", "first frame and following", "screens"],
)
def test_a_fresh_interpreter_loads_no_more_than_it_needs(code: str, never: tuple[str, ...]) -> None:
    done = run("-c", f"{code}\nimport sys\nprint(*sorted(sys.modules))")
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert not loaded & set(never)


def test_help_loads_no_textual() -> None:
    code = "import atexit, sys; atexit.register(lambda: print('textual' in sys.modules)); "
    done = run("-c", f"{code}from console.__main__ import main; main(['--help'])")
    assert done.stdout.splitlines()[-1] == "False", done.stdout + done.stderr


@pytest.mark.parametrize("folder", ["console", "tests"])
def test_no_file_is_longer_than_one_can_hold_in_mind(folder: str) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > MOST_LINES
    }
    assert not long


def test_every_module_says_its_job() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "console").rglob("*.py")
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent
