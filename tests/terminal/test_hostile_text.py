"""What an agent says reaches the card in the real console as text, and as nothing that a terminal would act upon.

Asserted on the bytes that the program sends to its terminal, as tmux writes them down when they come.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.terminal.desk import Operator
from tests.terminal.estate import Estate, Probe, leasehold, running
from tests.terminal.tmux import Tmux
from tests.terminal.waiting import until
from tests.tui.ui.hostile import CORPUS, hidden, offences

pytestmark = [pytest.mark.needs("tmux"), pytest.mark.slow, pytest.mark.xdist_group("terminal-80x24")]

WIRED = {name: text for name, text in CORPUS.items() if len(text) < 1_000 and name != "lone surrogates"}
"""What the API takes in: no lone surrogates, nothing longer than its bound."""
TEXT = " ".join([CORPUS["click"], *WIRED.values()])
REASON = f"{TEXT} {'long ' * 2000}"[:3900] + " THE-END"
SURROGATES = '{"intent": {"purpose": "refund-order", "text": "a\\ud800b"}}'
# What Textual itself sends: CSI sequences; the title; the questions that it asks the terminal.
_CSI = re.compile(rb"\x1b\[[0-9;:?<>=!$ ]*[@-~]")
_STYLE = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?(?:1|25|2004)[hl]|\x1b[=>]")
_DONE = "command-ended"


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """An estate of its own."""
    with running(tmp_path_factory.mktemp("hostile") / "data", seed=11, speed=1) as served:
        yield served


@pytest.fixture(scope="module")
def waiting(estate: Estate) -> str:
    """The request of an agent whose every text is hostile; its id."""
    probe = Probe(estate, "hostile-agent")
    probe.open(TEXT)
    asked = probe.ask("payments.read", "crm/payment-methods", 3, reason=REASON)
    assert asked["code"] == "needs_approval", asked
    probe.close()
    return str(asked["facts"]["approval_id"])


@pytest.fixture(scope="module")
def painted(estate: Estate, waiting: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a session in which the card, the whole card, the sheet and the task of the hostile agent are opened."""
    bytes_file = tmp_path_factory.mktemp("bytes") / "painted"
    with TemporaryDirectory(prefix="lh-tmux-", ignore_cleanup_errors=True) as folder, Tmux(Path(folder)) as tmux:
        maya = Operator(tmux, estate, "maya", (200, 50), record=bytes_file)
        maya.find("approvals", "agent:hostile-agent", "payments")
        maya.see("THE AGENT SAYS")
        maya.press("Enter")
        maya.see(r"@click=app\.quit")
        maya.press("NPage", "NPage", "NPage", "NPage")
        maya.press("Escape")
        maya.on_row("payments")
        maya.arm()
        maya.press("a")
        maya.see("approve ap_")
        maya.go_up("approve ap_")
        maya.find("tasks", "agent:hostile-agent", "hostile-agent")
        maya.find("audit", "actor:hostile-agent", "hostile-agent")
        maya.leave()
    return bytes_file.read_bytes()


@pytest.fixture(scope="module")
def printed(estate: Estate, waiting: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of the plain commands that show the same, in a terminal: tables, facts, JSON, the stream."""
    bytes_file = tmp_path_factory.mktemp("bytes") / "printed"
    commands = [
        ("approvals", "list"), ("approvals", "show", waiting), ("approvals", "show", waiting, "--json"), ("tasks", "list"),
        ("tasks", "list", "--json"), ("audit", "list"), ("audit", "list", "--json"),
        ("watch", "--after", "0", "--count", "60"), ("watch", "--after", "0", "--count", "60", "--json"),
    ]  # fmt: skip
    with TemporaryDirectory(prefix="lh-tmux-", ignore_cleanup_errors=True) as folder, Tmux(Path(folder)) as tmux:
        pane = tmux.open(200, 50)
        script = Path(folder) / "all"
        lines = [shlex.join([*leasehold(*one), "--data", str(estate.data), "--as", "vera"]) for one in commands]
        script.write_text("\n".join([*lines, f"echo {_DONE}"]) + "\n")
        pane.record(bytes_file)
        pane.start(["sh", str(script)])
        pane.wait(rf"^{_DONE}", 120)
        until(lambda: _DONE.encode() in bytes_file.read_bytes(), "the recording to be whole")
    return bytes_file.read_bytes()


def test_the_words_are_shown_as_words(painted: bytes, printed: bytes) -> None:
    text = _CSI.sub(b"", painted).decode()
    assert "[@click=app.quit]" in text
    assert "␛" in text
    assert "hidden character" in text
    assert "[@click=app.quit]" in printed.decode()
    assert "\\u001b" in printed.decode(), "JSON escapes it"


@pytest.mark.parametrize("name", WIRED)
def test_no_piece_of_the_corpus_goes_out_raw(painted: bytes, printed: bytes, name: str) -> None:
    raw = WIRED[name]
    for out in (painted, printed):
        if not raw.isprintable():
            assert raw.encode() not in out
        assert b"\x1b]8;" not in out


def test_nothing_goes_out_that_a_terminal_acts_upon_but_what_the_program_itself_sends(painted: bytes) -> None:
    # What the shell echoes before and after is not the program's; the terminal itself puts a return before a feed.
    own = painted[painted.index(b"\x1b[?1049h") : painted.rindex(b"\x1b[?1049l")]
    assert len(own) > 20_000
    assert offences(own.decode().replace("\r\n", "\n")) == set()
    assert b"owned" not in b"".join(re.findall(rb"\x1b\][02];([^\x07\x1b]*)", painted))


def test_commands_print_no_more_than_words_and_styles(printed: bytes) -> None:
    assert hidden(_STYLE.sub("", printed.decode()), "\r\n") == set()


def test_a_text_that_is_none_is_refused(estate: Estate) -> None:
    with estate.person("maya") as http:
        response = http.post("/authorization/v1/tasks", content=SURROGATES, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 403, 422), response.text
