"""The linear twin against a real plane: watching, stories, the tally, what is stuck, the pulse, proofs, notices by command."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .program import ROOT, Estate, configure, environment, run, serving

pytestmark = pytest.mark.xdist_group("cli")
AGENT = "support-executor"
RIGHT = "customers.read,mail.send@crm/*,outbox/*@confidential"
BOX = re.compile(r"[\u2500-\u257f\x1b]")
LONGEST = 30.0


def opened(estate: Estate) -> str:
    asked = ("tasks", "open", "--purpose", "answer-customer", "--on-behalf-of", "customer-17", "--right", RIGHT)
    return str(estate.ask(AGENT, *asked, "--heartbeat", "600")["task"]["id"])


def leased(estate: Estate, task: str) -> str:
    asked = ("leases", "issue", "--task", task, "--action", "customers.read", "--resource", "crm/customers", "--rows", "5")
    return str(estate.ask(AGENT, *asked)["lease"]["id"])


def test_the_story_of_a_task_is_told_in_order_and_in_words(estate: Estate) -> None:
    task = opened(estate)
    lease = leased(estate, task)
    revoked = estate.command("rita", "leases", "revoke", lease, "--reason", "no longer needed", "--wait")
    assert revoked.returncode == 0, revoked.stdout + revoked.stderr
    assert "Asked for 1: 1 over, 0 not confirmed yet." in revoked.stdout
    told = estate.command("vera", "tasks", "story", task)
    assert told.returncode == 0, told.stderr
    assert not BOX.search(told.stdout)
    places = [
        told.stdout.index(part)
        for part in (
            f"Task {task} of {AGENT}",
            "was opened",
            "Allowed:",
            "is active until",
            "being revoked",
            "is revoked; confirmed",
        )
    ]
    assert places == sorted(places)
    whole = estate.ask("vera", "tasks", "story", task)
    assert [record["seq"] for record in whole["records"]] == sorted(record["seq"] for record in whole["records"])


def test_a_containment_is_previewed_followed_and_released(estate: Estate) -> None:
    task = opened(estate)
    leased(estate, task)
    preview = estate.command("vera", "agents", "contain", AGENT, "--preview")
    assert preview.returncode == 0, preview.stderr
    assert "Leases by issuer: tokens" in preview.stdout
    assert estate.ask("vera", "agents", "show", AGENT)["state"] == "active", "a preview does nothing"
    done = estate.command("rita", "agents", "contain", AGENT, "--reason", "it reads too much", "--yes", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Done." in done.stdout
    released = estate.command("rita", "agents", "release", AGENT, "--reason", "it was a drill", "--yes")
    assert released.returncode == 0, released.stderr


def test_nothing_is_stuck_and_that_is_said(estate: Estate) -> None:
    told = estate.command("vera", "leases", "list", "--stuck")
    assert (told.returncode, told.stdout) == (0, "")
    assert "There is no lease, or none matches." in told.stderr
    retried = estate.command("rita", "leases", "retry", "--stuck")
    assert retried.returncode == 0, retried.stderr
    assert "Asked for 0" in retried.stdout
    neither = estate.command("rita", "leases", "retry")
    assert neither.returncode == 2
    task = opened(estate)
    lease = leased(estate, task)
    wrong = estate.command("rita", "leases", "retry", lease)
    assert wrong.returncode == 4, "what is active is not stuck"


def test_the_overview_is_words_with_the_commands_behind_them(estate: Estate) -> None:
    told = estate.command("vera", "overview", "--commands")
    assert told.returncode == 0, told.stderr
    assert not BOX.search(told.stdout)
    assert "approvals waiting: " in told.stdout
    assert "  see: leasehold leases list --stuck" in told.stdout
    figures = estate.ask("vera", "overview")["figures"]
    assert figures["policy"]["text"].startswith("revision 1")
    for figure in figures.values():
        assert figure["command"].startswith("leasehold ")


def test_the_keys_are_told_with_the_same_by_command(estate: Estate) -> None:
    told = estate.command("vera", "keys")
    assert told.returncode == 0, told.stderr
    assert "Contain the row's agent (key K)\n  leasehold agents contain AGENT --wait" in told.stdout


def test_a_record_is_proven_here(estate: Estate) -> None:
    estate.ask("admin", "audit", "checkpoint")
    proven = estate.command("vera", "audit", "prove", "0")
    assert proven.returncode == 0, proven.stdout + proven.stderr
    assert "Proven: it is in the checkpoint of" in proven.stdout
    assert estate.ask("vera", "audit", "prove", "1")["ok"] is True
    assert estate.command("vera", "audit", "prove", "99999999").returncode == 1


def test_watch_takes_the_filter_language_and_points_at_its_errors(estate: Estate) -> None:
    told = estate.command("vera", "watch", f"kind:agent.registered agent:{AGENT}", "--after", "0", "--count", "1")
    assert told.returncode == 0, told.stderr
    assert re.fullmatch(rf"\d\d:\d\d:\d\d Agent {AGENT} was registered, by admin\n", told.stdout)
    wrong = estate.command("vera", "watch", "agent:x agnt:y")
    assert wrong.returncode == 2
    assert "agent:x  >>> agnt:y" in wrong.stderr
    assert "did you mean" in wrong.stderr or "Expected here" in wrong.stderr


def test_every_list_points_at_the_character_of_a_filter_that_is_wrong(estate: Estate) -> None:
    for words in (
        ("tasks", "list"),
        ("leases", "list"),
        ("leases", "list", "--stuck"),
        ("approvals", "list"),
        ("frameworks", "list"),
        ("frameworks", "show", "owasp_nhi_2025"),
    ):
        wrong = estate.command("vera", *words, "--filter", "x or nope:y")
        assert wrong.returncode == 2, words
        assert "filter: x or  >>> nope:y" in wrong.stderr, words
    gaps = estate.ask("vera", "frameworks", "show", "owasp_nhi_2025", "--filter", "state:no-data")
    assert {row["state"] for row in gaps["rows"]} <= {"no data", "no_data", "no-data"}


def test_what_people_and_agents_write_reaches_the_terminal_inert(estate: Estate) -> None:
    lease = leased(estate, opened(estate))
    hostile = "gone \x1b]0;owned\x07 \u202ereversed [@click=x]"
    revoked = estate.command("rita", "leases", "revoke", lease, "--reason", hostile, "--wait")
    assert revoked.returncode == 0, revoked.stderr
    told = estate.command("vera", "watch", f"kind:lease.revoking id:{lease}", "--after", "0", "--count", "1")
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("\n") == 1
    assert "gone" in told.stdout
    assert "\x1b" not in told.stdout
    assert "\x07" not in told.stdout
    assert "\u202e" not in told.stdout


def test_watch_on_a_terminal_rings_and_paints_nothing_and_ends_cleanly_at_ctrl_c(estate: Estate) -> None:
    command = [sys.executable, "-m", "console", "watch", "--after", "0", "--bell", "--data", str(estate.data)]
    command += ["--token-file", str(estate.tokens["vera"])]
    near, far = pty.openpty()
    process = subprocess.Popen(command, env=environment(estate.home), stdin=far, stdout=far, stderr=far, start_new_session=True)
    os.close(far)
    try:
        seen = b""
        end = time.monotonic() + LONGEST
        while seen.count(b"\n") < 5:
            assert time.monotonic() < end, seen
            if select.select([near], [], [], 0.2)[0]:
                seen += os.read(near, 65_536)
        process.send_signal(signal.SIGINT)
        assert process.wait(LONGEST) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(near)
    assert seen.count(b"\x07") >= 5
    assert b"\x1b" not in seen


def test_watch_goes_on_when_the_plane_comes_back(tmp_path: Path) -> None:
    data, home = tmp_path / "plane", tmp_path / "home"
    for folder in (data, home):
        folder.mkdir(mode=0o700)
    configure(data)
    token = data / "keys" / "first-operator"
    with serving(data, home) as url:
        port = url.rpartition(":")[2]
        command = [
            sys.executable,
            "-m",
            "console",
            "watch",
            "of:operators",
            "--count",
            "2",
            "--after",
            "0",
            "--data",
            str(data),
        ]
        told, said = tmp_path / "out", tmp_path / "err"
        with told.open("wb") as out, said.open("wb") as err:
            watching = subprocess.Popen([*command, "--token-file", str(token)], env=environment(home), stdout=out, stderr=err)
        waited(lambda: "was enrolled" in told.read_text())
    waited(lambda: "Trying again in" in said.read_text())
    with serving(data, home, "--listen", f"127.0.0.1:{port}"):
        add = ("operators", "add", "nora", "--role", "viewer", "--out", home / "nora.token")
        added = run(*add, "--data", data, "--token-file", token, env=environment(home))
        assert added.returncode == 0, added.stderr
        assert watching.wait(LONGEST) == 0, said.read_text()
    assert "The plane answers again." in said.read_text()
    assert "Operator nora was enrolled, by admin" in told.read_text()


def waited(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + LONGEST
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_notices_are_listed_kept_and_tested(estate: Estate, tmp_path: Path) -> None:
    nothing = estate.command("vera", "notices", "list")
    assert nothing.returncode == 0
    assert "No webhook is configured" in nothing.stderr
    assert estate.command("admin", "notices", "test", "on-call").returncode == 1

    data, home = tmp_path / "plane", tmp_path / "home"
    for folder in (data, home):
        folder.mkdir(mode=0o700)
    configure(data)
    kept = run("notices", "keep", "on-call", "secret", "--new", "--data", data, env=environment(home))
    assert kept.returncode == 0, kept.stderr
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/=]{44}\n", kept.stdout)
    with (data / "server.toml").open("a") as file:
        # Port 9 of loopback: nobody is there.
        file.write('[[webhook]]\nname = "on-call"\nurl = "http://127.0.0.1:9/hook"\nsecret = {}\ntries = 1\n')
    token = ("--data", data, "--token-file", data / "keys" / "first-operator")
    with serving(data, home):
        listed = run("notices", "list", *token, "--json", env=environment(home))
        (webhook,) = json.loads(listed.stdout)["items"]
        assert (webhook["name"], webhook["host"], webhook["delivered"]) == ("on-call", "127.0.0.1", 0)
        assert kept.stdout.strip() not in listed.stdout
        tested = run("notices", "test", "on-call", *token, env=environment(home))
        assert tested.returncode == 1
        assert "did not take the test notice: not reached" in tested.stdout
    assert kept.stdout.strip() not in (data / "serve.log").read_text()


def test_a_plane_does_not_start_without_the_secret_of_a_webhook(tmp_path: Path) -> None:
    data = tmp_path / "plane"
    data.mkdir(mode=0o700)
    configure(data)
    with (data / "server.toml").open("a") as file:
        file.write('[[webhook]]\nname = "on-call"\nurl = "http://127.0.0.1:9/hook"\nsecret = {}\n')
    done = run("serve", "--data", data, env=environment(tmp_path))
    assert done.returncode != 0
    assert "There is no secret webhook.on-call.secret" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dumb_terminal_is_told_about_the_commands(tmp_path: Path) -> None:
    near, far = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "console", "--data", str(tmp_path / "plane")],
            env=environment(tmp_path, TERM="dumb"),
            stdin=far,
            stdout=far,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LONGEST,
            check=False,
            cwd=ROOT,
        )
    finally:
        os.close(far)
        os.close(near)
    assert done.returncode == 2
    assert "Every act has a command: leasehold" in done.stderr
