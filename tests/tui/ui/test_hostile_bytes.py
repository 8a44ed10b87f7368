"""No raw byte of the hostile corpus comes out on any surface: judged on what the whole console writes to its terminal."""

import pytest

from console.tui.present.inert import inert, inert_prose
from console.tui.state.ingest import Ingest
from tests.tui.state.plane_in_memory import agent
from tests.tui.ui.hostile import CORPUS, hidden, offences, plain, poison
from tests.tui.ui.hostile_walk import walk

LEAST_SURFACES = 130
PARTS = [pytest.param(name, marks=pytest.mark.xdist_group(f"hostile-{number % 4}")) for number, name in enumerate(CORPUS)]


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
async def test_nothing_raw_comes_out_on_any_surface(name: str) -> None:
    result = await walk(CORPUS[name])
    print(f"{name}: {len(result.found)} of {len(result.surfaces)} surfaces with raw bytes")
    assert len(result.surfaces) >= LEAST_SURFACES
    assert result.found == {}


@pytest.mark.parametrize("name", CORPUS)
def test_every_text_is_inert_at_ingest(name: str) -> None:
    body = poison(plain(agent().model_dump()), CORPUS[name])
    row = Ingest(lambda text: inert(text).text).row("agents", body)
    told = [row.name, row.owner, row.team, row.role, row.spiffe_id, row.purpose]  # type: ignore[union-attr]
    assert not set().union(*map(hidden, told))
    assert max(map(len, told)) <= 400
    assert not hidden(inert_prose(CORPUS[name]).text, "\n")


@pytest.mark.parametrize(
    "raw",
    [
        "\x1b]8;;https://evil.example\x1b\\x",
        "\x1b]0;\u202eowned\x07",
        "\x1b]52;c;GzBj\x07",
        "\x1b[6n",
        "\x1b[?1047h",
        "a\rb",
        "a\nb",
        "\u202e",
        "\U000e0041",
        "\ue000",
    ],
)
def test_the_judge_finds_what_is_raw(raw: str) -> None:
    assert offences(f"\x1b[1;1H\x1b[1mplain\x1b[0m{raw}")


def test_the_judge_lets_the_programs_own_sequences_through() -> None:
    own = (
        "\x1b[?1049h\x1b[2;4H\x1b[1;38;2;1;2;3mnäme 宽\x1b[0m\n\x1b[3;1H\x1b]2;(1!) leasehold test\x1b\\\x07\x1b]52;c;aWQ=\x07"
    )
    assert offences(own) == set()
