"""What the README says that a command can check."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from console.cli.main import leasehold

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def block(name: str) -> str:
    """The one line of shell under a marked comment."""
    found = re.search(rf"<!-- command: {name} -->\n```sh\n(.+)\n```", README)
    assert found is not None
    return found[1]


def test_the_two_commands_are_single_lines_that_set_everything_up() -> None:
    for name, last in (("demo", "leasehold demo"), ("tests", "pytest")):
        line = block(name)
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install")
        assert line.endswith(f".venv/bin/{last}")


def test_ci_runs_the_command_of_the_readme() -> None:
    assert "<!-- command: tests -->" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_what_is_linked_is_there(link: str) -> None:
    assert (ROOT / link).exists()


def wanted() -> list[str]:
    listed = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
    return sorted({re.split(r"[<>=!;\[ ]", one, maxsplit=1)[0] for one in listed})


@pytest.mark.parametrize("package", wanted())
def test_each_dependency_has_its_reason(package: str) -> None:
    assert re.search(rf"^\| `{re.escape(package)}` \| .{{10,}} \|$", README, re.MULTILINE), f"{package} has no reason"


def test_no_reason_is_left_over() -> None:
    reasons = set(re.findall(r"^\| `([a-z0-9-]+)` \| ", README, re.MULTILINE))
    assert reasons == set(wanted())


@pytest.mark.parametrize("words", sorted(set(re.findall(r"`leasehold ((?:[a-z]+ ?)+)", README))))
def test_each_command_that_is_named_exists(words: str) -> None:
    command: click.Command = leasehold
    for word in words.split():
        if not isinstance(command, click.Group):
            break
        found = command.get_command(click.Context(command), word)
        assert found is not None, f"leasehold {words}: there is no {word}"
        command = found
