"""What an agent says reaches the card in the real console as text, and as nothing that a terminal would act upon.

Asserted on the bytes that the program sends to its terminal, as tmux writes them down when they come.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.terminal.desk import Operator
from tests.terminal.estate import Estate, Probe, running
from tests.terminal.tmux import Tmux

pytestmark = [pytest.mark.needs("tmux"), pytest.mark.slow, pytest.mark.xdist_group("terminal-80x24")]

CORPUS = {
    "a link (OSC 8)": "\x1b]8;;https://evil.example\x1b\\press here\x1b]8;;\x1b\\",
    "the clipboard (OSC 52)": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "a notification (OSC 777)": "\x1b]777;notify;All is well;Approve\x07",
    "the title (OSC 0)": "\x1b]0;owned\x07",
    "colours (CSI)": "\x1b[31;42mRED\x1b[0m",
    "the cursor (CSI)": "\x1b[2J\x1b[1;1Hoverwritten",
    "a device's answer (CSI)": "\x1b[6n\x1b[c",
    "a program for the terminal (DCS)": "\x1bP+q544e\x1b\\",
    "C1 controls": "\x9b31mC1RED\x9d52;c;AAAA\x9c\x84\x85",
    "direction of writing": "pay \u202egnp.exe\u202c \u2066isolate\u2069",
    "no width": "ad\u200bmin\u200d\ufeff\u2060",
    "tags": "\U000e0041\U000e0042",
    "a separator of lines": "one\u2028two\u2029three",
    "backspaces": "approve\x08\x08\x08\x08\x08\x08\x08reject\x7f",
    "a carriage return": "harmless\rHARMFUL",
    "markup that clicks": "[@click=app.quit]free money[/] [bold red]loud[/bold red] [/nothing]",
}
TEXT = " ".join(CORPUS.values())
REASON = f"{TEXT} {'long ' * 2000}"[:1900] + " THE-END"
# What Textual itself sends: CSI sequences; the title; the questions that it asks the terminal.
_CSI = re.compile(rb"\x1b\[[0-9;:?<>=!$ ]*[@-~]")
_TITLE = re.compile(rb"\x1b\][02];[^\x07\x1b]*(?:\x07|\x1b\\)")
_HARMFUL = re.compile("[\x00-\x06\x08\x0b\x0c\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]")


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """An estate of its own."""
    with running(tmp_path_factory.mktemp("hostile") / "data", seed=11, speed=1) as served:
        yield served


@pytest.fixture(scope="module")
def painted(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a session in which the card, the whole card, the sheet and the task of the hostile agent are opened."""
    probe = Probe(estate, "hostile-agent")
    probe.open(TEXT)
    waiting = probe.ask("payments.read", "crm/payment-methods", 3, reason=REASON)
    assert waiting["code"] == "needs_approval", waiting
    probe.close()
    bytes_file = tmp_path_factory.mktemp("bytes") / "painted"
    with TemporaryDirectory(prefix="lh-tmux-", ignore_cleanup_errors=True) as folder, Tmux(Path(folder)) as tmux:
        maya = Operator(tmux, estate, "maya", (200, 50), record=bytes_file)
        maya.find("approvals", "agent:hostile-agent", "payments")
        maya.see("THE AGENT SAYS")
        maya.press("Enter")
        maya.see(r"@click=app\.quit")
        maya.press("Escape")
        maya.on_row("payments")
        maya.arm()
        maya.press("a")
        maya.see("approve ap_")
        maya.go_up("approve ap_")
        maya.find("tasks", "agent:hostile-agent", "hostile-agent")
        maya.find("audit", "agent:hostile-agent", ".")
        maya.leave()
    return bytes_file.read_bytes()


def test_the_words_are_shown_as_words(painted: bytes) -> None:
    text = _CSI.sub(b"", painted).decode()
    assert "[@click=app.quit]" in text
    assert "␛" in text
    assert "hidden character" in text


@pytest.mark.parametrize("name", CORPUS)
def test_no_piece_of_the_corpus_goes_out_raw(painted: bytes, name: str) -> None:
    raw = CORPUS[name]
    if raw.isprintable():
        assert b"\x1b]8;" not in painted
    else:
        assert raw.encode() not in painted


def test_nothing_goes_out_that_a_terminal_acts_upon_but_what_the_program_itself_sends(painted: bytes) -> None:
    for introducer in (b"\x1b]8;", b"\x1b]52;", b"\x1b]777;", b"\x1b]9;", b"\x1bP+q544e", b"\x1b[31;42m", b"\x1b[6n"):
        assert introducer not in painted, introducer
    left = _TITLE.sub(b"", _CSI.sub(b"", painted)).decode()
    assert "owned" not in "".join(match.decode() for match in _TITLE.findall(painted))
    found = _HARMFUL.findall(left)
    assert not found, {hex(ord(one)) for one in found}
