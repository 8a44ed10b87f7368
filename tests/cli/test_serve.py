"""A plane as a program: what it refuses, what it keeps, and the proof of its log on a tampered copy."""

import json
import os
import pty
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from .program import ROOT, RUN_SECONDS, Estate, configure, environment, run, serving

NEXT_STEPS = (
    "LEASEHOLD_TOKEN",
    "leasehold demo",
    "leasehold serve --key-files --data DIR",
    "--token-file DIR/keys/first-operator",
)
pytestmark = pytest.mark.xdist_group("cli")


def test_a_bundle_that_does_not_parse_is_not_served(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(ROOT / "sample_config" / "bundle", bundle)
    with (bundle / "policies" / "guards.cedar").open("a") as file:
        file.write("\nforbid (principal action resource);\n")
    configure(tmp_path)
    settings = (tmp_path / "server.toml").read_text().replace(str(ROOT / "sample_config" / "bundle"), str(bundle))
    (tmp_path / "server.toml").write_text(settings)
    done = run("serve", "--data", tmp_path, env=environment(tmp_path))
    assert done.returncode == 1
    assert "policies/guards.cedar" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "plane.json").exists()


def test_a_folder_or_a_port_that_is_taken_is_refused(estate: Estate, tmp_path: Path) -> None:
    locked = run("serve", "--data", estate.data, "--listen", "127.0.0.1:0", env=environment(estate.home))
    assert locked.returncode == 1
    assert "locked by process" in locked.stderr
    port = estate.url.rpartition(":")[2]
    taken = run("serve", "--data", tmp_path, "--listen", f"127.0.0.1:{port}", "--key-files", env=environment(tmp_path))
    assert taken.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on" in taken.stderr
    outside = run("serve", "--data", tmp_path, "--listen", "0.0.0.0:0", env=environment(tmp_path))
    assert outside.returncode == 2
    assert "loopback" in outside.stderr


def test_without_a_keyring_the_plane_says_what_to_do(tmp_path: Path) -> None:
    env = environment(tmp_path, PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    done = run("serve", "--data", tmp_path / "plane", "--listen", "127.0.0.1:0", env=env)
    assert done.returncode == 1
    for told in NEXT_STEPS:
        assert told in done.stderr
    assert not list((tmp_path / "plane").rglob("signing-keys"))


def test_without_a_keyring_the_console_says_what_to_do_before_there_is_a_screen(tmp_path: Path) -> None:
    env = environment(tmp_path, PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring", TERM="xterm-256color")
    ours, terminal = pty.openpty()
    asked = subprocess.Popen(
        [sys.executable, "-m", "console"], env=env, stdin=terminal, stdout=terminal, stderr=subprocess.PIPE, text=True
    )
    try:
        os.close(terminal)
        shown = b""
        while b"leasehold --help" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, b"\r")
        _, stderr = asked.communicate(timeout=RUN_SECONDS)
    finally:
        asked.kill()
        os.close(ours)
    assert asked.returncode == 1
    assert stderr.startswith("leasehold: There is no keyring that can be trusted here")
    for told in NEXT_STEPS:
        assert told in stderr
    assert not list(tmp_path.rglob("plane.log")), "a plane was started although it could not keep its keys"


def test_without_a_configuration_it_serves_the_sample_bundle_and_resumes(tmp_path: Path) -> None:
    data = tmp_path / "plane"
    data.mkdir(mode=0o700)
    who = ("--data", data, "--token-file", data / "keys" / "first-operator", "--json")
    env = environment(tmp_path)
    listen = ("--listen", "127.0.0.1:0")
    with serving(data, tmp_path, *listen, "--key-files"):
        shown = json.loads(run("policy", "show", *who, env=env).stdout)
        assert shown["bundle"]["name"] == "sample-estate"
        assert json.loads(run("doctor", *who, env=env).stdout)["ok"] is True
    with serving(data, tmp_path, *listen):
        again = json.loads(run("policy", "show", *who, env=env).stdout)
        assert again["bundle"]["id"] == shown["bundle"]["id"]
    assert (data / "keys" / "first-operator").stat().st_mode & 0o077 == 0
    assert run("whoami", *who, env=env).returncode == 5


def test_an_identity_is_not_minted_where_a_production_bundle_stands(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(
        '[keys]\nsource = "file"\nfolder = "keys"\n'
        '[[trust_domain]]\nname = "prod.example"\nbundle_file = "bundle.json"\n'
        '[[trust_domain]]\nname = "leasehold.local"\ndevelopment = true\n'
    )
    done = run("svid", "mint", "spiffe://leasehold.local/agent/a", "--data", tmp_path, env=environment(tmp_path))
    assert done.returncode == 3
    assert "nothing was minted" in done.stderr
    assert done.stdout == ""
    foreign = run("svid", "mint", "spiffe://elsewhere/agent/a", "--data", tmp_path / "other", env=environment(tmp_path))
    assert foreign.returncode in (1, 2)
    assert foreign.stdout == ""


def test_a_tampered_log_is_found_out_and_the_record_is_named(estate: Estate, tmp_path: Path) -> None:
    earlier = tmp_path / "checkpoint.json"
    made = estate.ask("admin", "audit", "checkpoint", "--out", earlier)
    env = environment(estate.home)
    whole = run("audit", "verify", "--data", estate.data, "--checkpoint", earlier, env=env)
    assert whole.returncode == 0, whole.stdout + whole.stderr

    copy = tmp_path / "copy"
    copy.mkdir(mode=0o700)
    shutil.copytree(estate.data / "keys", copy / "keys")
    shutil.copy(estate.data / "server.toml", copy)
    (copy / "store").mkdir(mode=0o700)
    source = sqlite3.connect(f"file:{estate.data / 'store' / 'plane.db'}?mode=ro", uri=True)
    target = sqlite3.connect(copy / "store" / "plane.db")
    source.backup(target)
    source.close()
    target.execute("UPDATE audit SET body = replace(body, 'operator.enrolled', 'operator.enroled') WHERE seq = 3")
    assert target.total_changes == 1
    target.commit()
    altered = run("audit", "verify", "--data", copy, env=env)
    assert altered.returncode == 1
    assert "record 3" in altered.stdout

    for seq in range(made["size"] - 2, made["size"] + 100):
        target.execute("DELETE FROM audit WHERE seq = ?", (seq,))
    target.execute("DELETE FROM checkpoints WHERE size > ?", (made["size"] - 2,))
    target.commit()
    target.close()
    cut = run("audit", "verify", "--data", copy, "--checkpoint", earlier, "--json", env=env)
    assert cut.returncode == 1
    faults = {fault["code"]: fault for fault in json.loads(cut.stdout)["faults"]}
    assert faults["truncated"]["seq"] == made["size"] - 2


def test_with_a_keyring_the_keys_are_there_and_nowhere_else(tmp_path: Path) -> None:
    data = tmp_path / "plane"
    data.mkdir(mode=0o700)
    backend = {
        "PYTHON_KEYRING_BACKEND": "tests.cli.keyring_in_a_file.FileKeyring",
        "LEASEHOLD_TEST_KEYRING": str(tmp_path / "keyring"),
    }
    env = environment(tmp_path, **backend)
    with serving(data, tmp_path, "--listen", "127.0.0.1:0", **backend):
        assert json.loads(run("login", "--data", data, "--json", env=env).stdout)["name"] == "admin"
        assert json.loads(run("doctor", "--data", data, "--json", env=env).stdout)["ok"] is True
    kept = json.loads((tmp_path / "keyring").read_text())
    assert {name.rpartition("/")[2] for name in kept} >= {"signing-keys", "development-trust-domain", "first-operator"}
    for path in data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [name for name, secret in kept.items() if secret.encode() in content], path
