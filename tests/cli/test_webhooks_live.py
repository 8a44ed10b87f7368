"""The real plane and a real receiver: a containment is told, signed; a plane that is killed while it tells tells again."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from .program import awaited, configure, environment, run, serving

pytestmark = pytest.mark.xdist_group("cli")
LONGEST = 40.0


@dataclass
class Hook:
    """What arrived, and whether it is answered."""

    answers: threading.Event = field(default_factory=threading.Event)
    arrived: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.arrived]


@pytest.fixture
def hook() -> Iterator[Hook]:
    held = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            held.arrived.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if held.answers.wait(LONGEST):
                self.send_response(204)
                self.end_headers()

        def log_message(self, *_what: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_what: object) -> None:
            """Whoever called was killed: that is the test."""

    server = Quiet(("127.0.0.1", 0), Handler)
    held.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield held
    held.answers.set()
    server.shutdown()
    server.server_close()
    thread.join()


def waited(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + LONGEST
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_plane_that_is_killed_while_it_tells_tells_again_and_then_no_more(tmp_path: Path, hook: Hook) -> None:
    data, home = tmp_path / "plane", tmp_path / "home"
    for folder in (data, home):
        folder.mkdir(mode=0o700)
    configure(data)
    env = environment(home)
    key = run("notices", "keep", "on-call", "secret", "--new", "--data", data, env=env).stdout.strip()
    with (data / "server.toml").open("a") as file:
        file.write(f'[[webhook]]\nname = "on-call"\nurl = "http://127.0.0.1:{hook.port}/hook/secret-part"\n')
        file.write("timeout_seconds = 60\nsecret = {}\n")
    admin = ("--data", data, "--token-file", data / "keys" / "first-operator")

    log = data / "serve.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "console", "serve", "--data", str(data)], env=env, stdout=out, stderr=out
        )
    try:
        awaited(process, data, log)
        rita = home / "rita.token"
        who = (
            "--spiffe-id",
            "spiffe://leasehold.local/agent/executor-2",
            "--owner",
            "rita",
            "--team",
            "a",
            "--role",
            "executor",
        )
        for command in (
            ("operators", "add", "rita", "--role", "responder", "--out", rita),
            ("agents", "register", "executor-2", *who, "--role", "executor", "--right", "customers.read@crm/*@confidential"),
        ):
            done = run(*command, *admin, env=env)
            assert done.returncode == 0, done.stderr
        contain = ("agents", "contain", "executor-2", "--reason", "WORDS OF A PERSON", "--yes")
        done = run(*contain, "--data", data, "--token-file", rita, env=env)
        assert done.returncode == 0, done.stderr
        waited(lambda: len(hook.arrived) == 1)
    finally:
        process.kill()
        process.wait()
    (data / "plane.json").unlink()
    hook.answers.set()

    listing = ("notices", "list", *admin, "--json")
    with serving(data, home):
        waited(lambda: len(hook.arrived) == 2)
        waited(lambda: json.loads(run(*listing, env=env).stdout)["items"][0]["delivered"] == 1)
    assert len(set(hook.ids())) == 1
    with serving(data, home):
        (webhook,) = json.loads(run(*listing, env=env).stdout)["items"]
    assert (webhook["delivered"], webhook["behind"], len(hook.arrived)) == (1, 0, 2)

    headers, body = hook.arrived[-1]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(key.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    told = json.loads(body)
    assert (told["type"], told["data"]["facts"]["agent"]) == ("agent.contained", "executor-2")
    assert b"WORDS" not in body
    said = log.read_text()
    assert key not in said
    assert "secret-part" not in said
