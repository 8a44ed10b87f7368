"""The real program in processes of its own: a plane that serves, and commands against it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START_SECONDS = 40.0
RUN_SECONDS = 60
SERVER = """
listen = "127.0.0.1:0"
bundle = "{bundle}"
[keys]
source = "file"
folder = "keys"
[[trust_domain]]
name = "leasehold.local"
development = true
"""
RESOURCE_SERVERS = "".join(
    f'[[resource_server]]\nname = "{name}"\nspiffe_id = "spiffe://leasehold.local/server/{name}"\n'
    for name in ("crm", "docs", "outbox")
)


def environment(home: Path, **more: str) -> dict[str, str]:
    """The variables of a person with nothing configured and no keyring, whose folders are all below `home`."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
    xdg = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    return kept | xdg | {"HOME": str(home), "PYTHONPATH": str(ROOT), "COLUMNS": "80"} | more


def run(*args: str | Path, env: Mapping[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "console", *map(str, args)],
        env=dict(env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


@dataclass
class Estate:
    """A running plane, its operators' token files by name, and its agents' SVID files by name."""

    data: Path
    home: Path
    url: str
    tokens: dict[str, Path]
    svids: dict[str, Path]

    def command(self, who: str, *args: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A command as an operator."""
        return run(*args, "--data", self.data, "--token-file", self.tokens[who], env=environment(self.home), stdin=stdin)

    def agent(self, who: str, *args: str | Path) -> subprocess.CompletedProcess[str]:
        """A command as an agent."""
        return run(*args, "--data", self.data, "--svid-file", self.svids[who], env=environment(self.home))

    def ask(self, who: str, *args: str | Path, status: int = 0) -> Any:
        """A command with --json, as an operator or an agent; its document."""
        call = self.agent if who in self.svids else self.command
        done = call(who, *args, "--json")
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout)


@contextlib.contextmanager
def serving(data: Path, home: Path, *extra: str, **variables: str) -> Iterator[str]:
    """A plane in a process of its own; gives its URL, and ends it by SIGTERM."""
    log = data / "serve.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "console", "serve", "--data", str(data), *extra],
            env=environment(home, **variables),
            stdout=out,
            stderr=out,
        )
    try:
        yield awaited(process, data, log)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=START_SECONDS) == 0, log.read_text()
        assert not (data / "plane.json").exists()


def awaited(process: subprocess.Popen[bytes], data: Path, log: Path) -> str:
    """The URL of a plane once it has announced itself."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(FileNotFoundError, ValueError):
            return str(json.loads((data / "plane.json").read_text())["authorization_url"])
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def configure(data: Path) -> None:
    """Write the server.toml of a plane with the sample bundle into its data folder."""
    text = SERVER.format(bundle=ROOT / "sample_config" / "bundle") + RESOURCE_SERVERS
    (data / "server.toml").write_text(text)


PEOPLE = {
    "lena": ("approver", "data-owners"),
    "omar": ("approver", "data-owners"),
    "maya": ("approver", "security"),
    "rita": ("responder", "security"),
    "vera": ("viewer", "audit"),
}
AGENTS = {
    "support-executor": ("support", "executor", "customers.read,orders.read,mail.send@crm/*,outbox/*@confidential"),
    "support-summariser": ("support", "summariser", "orders.read,notes.read@crm/*@internal"),
}


def populate(data: Path, home: Path, url: str) -> Estate:
    """Enrol people and register agents, all by commands."""
    estate = Estate(data, home, url, {"admin": data / "keys" / "first-operator"}, {})
    for name, (role, group) in PEOPLE.items():
        estate.tokens[name] = home / f"{name}.token"
        estate.ask("admin", "operators", "add", name, "--role", role, "--group", group, "--out", estate.tokens[name])
    for name, (team, role, right) in AGENTS.items():
        spiffe_id = f"spiffe://leasehold.local/agent/{name}"
        who = ("--spiffe-id", spiffe_id, "--owner", "vera", "--team", team, "--role", role)
        estate.ask("admin", "agents", "register", name, *who, "--right", right)
        svid = home / f"{name}.svid"
        minted = run("svid", "mint", spiffe_id, "--data", data, "--out", svid, env=environment(home))
        assert minted.returncode == 0, minted.stderr
        estate.svids[name] = svid
    return estate
