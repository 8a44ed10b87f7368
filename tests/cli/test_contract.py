"""The contract of the commands: JSON and nothing else, exit statuses, plain text in pipes, errors that say what to do."""

import json
from pathlib import Path

import click
import pytest

from console.cli.main import ENTRIES, leasehold

from .program import ROOT, Estate, environment, run

pytestmark = pytest.mark.xdist_group("cli")
BUNDLE = ROOT / "sample_config" / "bundle"
READING = [
    ("whoami",),
    ("doctor",),
    ("operators", "list"),
    ("agents", "list"),
    ("agents", "show", "support-executor"),
    ("tasks", "list"),
    ("leases", "list"),
    ("issuers", "list"),
    ("approvals", "list"),
    ("grants", "list"),
    ("decisions", "list"),
    ("policy", "show"),
    ("policy", "diff", str(BUNDLE)),
    ("frameworks", "list"),
    ("frameworks", "show", "owasp_nhi_2025"),
    ("frameworks", "report", "owasp_nhi_2025"),
    ("audit", "list"),
    ("audit", "verify"),
]


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_with_json_there_is_one_document_and_nothing_else(estate: Estate, command: tuple[str, ...]) -> None:
    done = estate.command("admin", *command, "--json")
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)
    assert done.stdout.isascii()


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_without_json_a_pipe_gets_plain_text(estate: Estate, command: tuple[str, ...]) -> None:
    done = estate.command("admin", *command)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("validate", str(BUNDLE)), ("test", str(BUNDLE)), ("diff", str(BUNDLE), str(BUNDLE))])
def test_a_bundle_in_a_folder_is_checked_without_a_plane(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run("policy", *command, "--json", env=environment(tmp_path))
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)


def test_a_list_can_be_filtered_and_a_typo_is_pointed_at(estate: Estate) -> None:
    found = estate.ask("vera", "agents", "list", "--filter", "role:summariser")
    assert [agent["name"] for agent in found["items"]] == ["support-summariser"]
    wrong = estate.command("vera", "agents", "list", "--filter", "rol:summariser", "--json")
    assert wrong.returncode == 2
    problem = json.loads(wrong.stderr)
    assert problem["code"] == "bad_filter"
    assert problem["errors"][0]["position"] == 0


def test_the_export_and_the_stream_are_json_lines(estate: Estate) -> None:
    size = estate.ask("vera", "audit", "list", "--limit", "1")["items"][0]["seq"] + 1
    for form in ("jsonl", "ocsf"):
        done = estate.command("vera", "audit", "export", "--format", form)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(lines) >= size
    watched = estate.command("vera", "watch", "--after", "0", "--count", "3", "--json")
    events = [json.loads(line) for line in watched.stdout.splitlines()]
    assert [event["cursor"] for event in events] == [1, 2, 3]
    told = estate.command("vera", "watch", "role:executor", "--collection", "agents", "--after", "0", "--count", "1")
    assert "support-executor" in told.stdout


@pytest.mark.parametrize("form", ["md", "csv", "json"])
def test_a_framework_is_written_out(estate: Estate, form: str) -> None:
    done = estate.command("vera", "frameworks", "report", "owasp_agentic_2026", "--format", form)
    assert done.returncode == 0, done.stderr
    assert "sha256:" in done.stdout


def test_every_status_of_the_contract(estate: Estate, tmp_path: Path) -> None:
    assert estate.command("vera", "agents", "show", "support-executor").returncode == 0
    assert estate.command("vera", "agents", "show", "nobody").returncode == 1
    assert estate.command("vera", "agents", "show").returncode == 2
    assert estate.command("vera", "agents", "contain", "support-executor", "--yes").returncode == 2, "a reason is missing"
    assert estate.command("vera", "agents", "contain", "support-executor", "--reason", "x").returncode == 2, "no --yes"
    assert estate.command("vera", "agents", "contain", "support-executor", "--reason", "x", "--yes").returncode == 3
    forged = tmp_path / "forged"
    forged.write_text("lho_" + "A" * 43)
    forged.chmod(0o600)
    env = environment(estate.home)
    assert run("whoami", "--data", estate.data, "--token-file", forged, env=env).returncode == 3
    twice = ("operators", "add", "vera", "--role", "viewer")
    assert estate.command("admin", *twice).returncode == 4
    nowhere = run("whoami", "--authorization-url", "http://127.0.0.1:9", "--token-file", estate.tokens["vera"], env=env)
    assert nowhere.returncode == 5
    stopped = run("whoami", "--data", tmp_path / "nothing", "--token-file", estate.tokens["vera"], env=env)
    assert stopped.returncode == 5
    assert "leasehold serve" in stopped.stderr


@pytest.mark.parametrize(
    "command",
    [("whoami",), ("nonsense",), ("agents", "show"), ("leases", "revoke"), ("agents", "list", "--profile", "none")],
    ids=" ".join,
)
def test_an_error_is_one_problem_on_stderr_and_says_what_to_do(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run(*command, "--json", env=environment(tmp_path))
    assert done.returncode in (2, 3, 5)
    assert done.stdout == ""
    problem = json.loads(done.stderr)
    assert problem["exit_status"] == done.returncode
    assert problem["detail"]
    told = run(*command, env=environment(tmp_path))
    assert told.returncode == done.returncode
    assert told.stderr.startswith("leasehold: ")


def test_a_token_file_that_others_may_read_is_refused(estate: Estate, tmp_path: Path) -> None:
    loose = tmp_path / "token"
    loose.write_text(estate.tokens["vera"].read_text())
    loose.chmod(0o644)
    done = run("whoami", "--data", estate.data, "--token-file", loose, env=environment(estate.home))
    assert done.returncode == 1
    assert "chmod 600" in done.stderr
    assert estate.tokens["vera"].read_text() not in done.stderr


def test_a_token_goes_into_the_keyring_and_out_of_it(estate: Estate, tmp_path: Path) -> None:
    backend = {
        "PYTHON_KEYRING_BACKEND": "tests.cli.keyring_in_a_file.FileKeyring",
        "LEASEHOLD_TEST_KEYRING": str(tmp_path / "keyring"),
    }
    env = environment(tmp_path, **backend)
    token = estate.tokens["maya"].read_text()
    where = ("--data", estate.data)
    assert run("whoami", *where, env=env).returncode == 3
    signed_in = run("login", *where, "--token-stdin", env=env, stdin=token + "\n")
    assert signed_in.returncode == 0, signed_in.stderr
    assert token not in signed_in.stdout + signed_in.stderr
    assert json.loads(run("whoami", *where, "--json", env=env).stdout)["name"] == "maya"
    assert run("logout", *where, env=env).returncode == 0
    assert run("whoami", *where, env=env).returncode == 3
    first = run("login", *where, "--json", env=env)
    assert json.loads(first.stdout)["roles"] == ["admin"], first.stderr


def test_without_a_keyring_a_token_is_kept_nowhere(estate: Estate, tmp_path: Path) -> None:
    env = environment(tmp_path, PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    done = run("login", "--data", estate.data, "--token-stdin", env=env, stdin=estate.tokens["maya"].read_text())
    assert done.returncode == 1
    assert "LEASEHOLD_TOKEN" in done.stderr
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"lho_" in path.read_bytes()]
    session = environment(tmp_path, LEASEHOLD_TOKEN=estate.tokens["maya"].read_text())
    assert run("whoami", "--data", estate.data, env=session).returncode == 0


def test_every_command_of_the_table_exists() -> None:
    context = click.Context(leasehold)
    for name in ENTRIES:
        assert leasehold.get_command(context, name) is not None, name
