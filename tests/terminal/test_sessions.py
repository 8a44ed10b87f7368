"""The console as a program among others: read-only, without its plane, left by its operator, and what it leaves behind."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.terminal.desk import Operator
from tests.terminal.estate import Estate, Probe, children_of, end, is_alive, leasehold, running
from tests.terminal.tmux import PROMPT, Tmux
from tests.terminal.waiting import until

pytestmark = [pytest.mark.needs("tmux"), pytest.mark.slow, pytest.mark.xdist_group("terminal-80x24")]
SIZE = (80, 24)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """An estate of its own; the last test ends its plane."""
    with running(tmp_path_factory.mktemp("sessions") / "data", seed=5, speed=2) as served:
        yield served


def records(estate: Estate, by: str) -> int:
    """How many acts of somebody are on the record."""
    found = estate.answer("audit", f"/authorization/v1/audit?limit=500&newest=true&filter=actor:{by}", "anton")
    return len(found["items"])


def test_a_read_only_console_sends_nothing(tmux: Tmux, estate: Estate) -> None:
    probe = Probe(estate, "read-only-probe")
    probe.open()
    lease = probe.ask()
    waiting = probe.ask_payments()
    maya = Operator(tmux, estate, "maya", SIZE, "--read-only")
    maya.see("READ-ONLY")
    maya.find("agents", "agent:read-only-probe", "read-only-probe")
    acts = {"K": "contain", "X": "revoke leases", "e": "grant", "U": "release"}
    for key, act in acts.items():
        maya.press(key)
        maya.see(f"READ-ONLY: {act} is not sent")
    maya.press("!")
    maya.see("cannot be armed")
    maya.find("approvals", "agent:read-only-probe", "payments")
    for key, act in {"a": "approve", "r": "reject", "n": "approve narrowed"}.items():
        maya.press(key)
        maya.see(f"READ-ONLY: {act} is not sent")
    assert records(estate, "maya") == 0
    assert probe.use(lease)["count"] == 1
    card = estate.answer("approval", f"/authorization/v1/approvals/{waiting['facts']['approval_id']}")
    assert (card["approval"]["state"], card["approval"]["reviews"]) == ("pending", [])
    probe.close()


def test_leaving_gives_the_terminal_back_and_leaves_no_process(tmux: Tmux, estate: Estate) -> None:
    maya = Operator(tmux, estate, "maya", SIZE)
    shell = int(maya.pane.fact("pane_pid"))
    started = children_of(shell)
    assert started, "the console runs below the shell"
    assert maya.pane.fact("alternate_on") == "1"
    maya.leave()
    facts = [maya.pane.fact(name) for name in ("alternate_on", "cursor_flag", "mouse_any_flag", "keypad_cursor_flag")]
    assert facts == ["0", "1", "0", "0"]
    until(lambda: not any(map(is_alive, started)), "the console's processes to end")
    maya.pane.type("echo still-$((40 + 2))")
    maya.pane.keys("Enter")
    maya.see("^still-42")


def test_a_terminal_that_cannot_be_painted_is_told_about_the_commands(tmux: Tmux, estate: Estate) -> None:
    pane = tmux.open(*SIZE)
    pane.start(["env", "TERM=dumb", *leasehold("console", "--data", str(estate.data), "--as", "maya")])
    pane.wait("leasehold --help", 20)
    pane.wait(rf"^{PROMPT.strip()}\s*\Z", 20)


def console_of(operator: Operator) -> int:
    """The console's own process, below the shell of its terminal."""
    started = children_of(int(operator.pane.fact("pane_pid")))
    assert len(started) == 1, started
    return started[0]


def test_a_signal_ends_it_in_order_and_the_shell_is_told(tmux: Tmux, estate: Estate) -> None:
    maya = Operator(tmux, estate, "maya", SIZE)
    os.kill(console_of(maya), signal.SIGTERM)
    maya.see(rf"^{PROMPT.strip()}\s*\Z")
    facts = [maya.pane.fact(name) for name in ("alternate_on", "cursor_flag", "mouse_any_flag")]
    assert facts == ["0", "1", "0"]
    maya.pane.type("echo status-$?")
    maya.pane.keys("Enter")
    maya.see(f"^status-{128 + signal.SIGTERM}")


def test_in_the_background_it_is_disarmed_and_comes_back_whole(tmux: Tmux, estate: Estate) -> None:
    maya = Operator(tmux, estate, "maya", SIZE)
    maya.arm()
    maya.press("C-z")
    maya.see(r"(Stopped|Suspended)")
    assert maya.pane.fact("alternate_on") == "0"
    maya.pane.type("fg")
    maya.pane.keys("Enter")
    maya.see(r"\bSAFE\b.*\bLIVE\b")
    maya.press("4")
    maya.see("OWNER")
    maya.leave()


def test_many_sizes_in_a_row_leave_the_last_one_whole(tmux: Tmux, estate: Estate) -> None:
    maya = Operator(tmux, estate, "maya", SIZE)
    for number in range(40):
        maya.pane.resize(40 + number * 4 % 170, 10 + number % 40)
    maya.pane.resize(120, 40)
    maya.see(r"0 Overview")
    maya.see(r"[?] help")
    maya.press("3")
    maya.see("SCOPE")
    lines = maya.screen.splitlines()
    assert max(map(len, lines)) <= 120
    assert sum("Approvals" in line for line in lines) == 1, maya.screen
    maya.leave()


@pytest.mark.needs("setsid")
@pytest.mark.parametrize("told", [True, False], ids=["hangup-told", "hangup-not-told"])
def test_it_ends_with_its_terminal(estate: Estate, told: bool) -> None:
    master, slave = os.openpty()
    # Without a terminal of its own the kernel sends no SIGHUP: only the closed other side tells.
    process = subprocess.Popen(
        ["setsid", "--ctty"] * told + leasehold("console", "--data", str(estate.data), "--as", "maya"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=not told,
        env=os.environ | {"TERM": "xterm-256color"},
    )
    os.close(slave)
    painted = b""
    while b"LIVE" not in painted:
        painted += os.read(master, 65_536)
    os.close(master)
    assert process.wait(20) in (-signal.SIGHUP, 128 + signal.SIGHUP)


def test_without_its_plane_it_says_so_and_refuses_to_give(tmux: Tmux, estate: Estate) -> None:
    maya = Operator(tmux, estate, "maya", SIZE)
    maya.see("^>", 30)
    maya.arm()
    end(estate.plane_pid)
    maya.see(r"OFFLINE|STALE", 60)
    before = maya.screen
    maya.press("a")
    maya.see(r"Not live: approve gives power")
    maya.press("2")
    maya.see("TASK")
    assert "OFFLINE" in maya.screen or "STALE" in maya.screen, before
    maya.leave()
