"""The first frame: it says what the console itself paints first, at the same places and in the same colours, and is whole."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from rich.color import ColorSystem

from console.tui.palettes import HOUSE_DARK, Palettes, themes_folder
from console.tui.present.inert import painted_width
from console.tui.present.spans import Tone, clip_spans, plain
from console.tui.state.plane import Plane
from console.tui.ui.app import Console
from console.tui.ui.firstframe import Placed, colours_of, first_frame, painted
from console.tui.ui.options import ConsoleOptions
from console.tui.ui.theme import Brush
from tests.tui.state.plane_in_memory import OwnTimes

SIZES = [
    (200, 50),
    (180, 36),
    (130, 34),
    (120, 15),
    (119, 40),
    (100, 30),
    (80, 24),
    (60, 15),
    (60, 14),
    (59, 30),
    (40, 10),
    (200, 12),
]
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@asynccontextmanager
async def silent() -> AsyncIterator[Plane]:
    """A plane that never opens."""
    await asyncio.Event().wait()
    raise AssertionError
    yield


def options(**changes: object) -> ConsoleOptions:
    fields: dict[str, object] = {"environment": "production", "colour": "red", "operator": "maya"}
    return ConsoleOptions(open_plane=silent, **(fields | changes))  # type: ignore[arg-type]


def line_of(placed: Placed, width: int) -> str:
    return " " * placed.pad + plain(clip_spans(placed.spans, width - placed.pad))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    "changes",
    [{}, {"read_only": True, "environment": "staging", "colour": "amber"}, {"keymap": {"approve": "A"}, "operator": ""}],
    ids=["safe", "read-only", "keymap"],
)
async def test_the_console_paints_first_what_stands_there_already(size: tuple[int, int], changes: dict[str, object]) -> None:
    given, times = options(**changes), OwnTimes()
    app = Console(given, times=times)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        painted_first = [strip.text for strip in app.screen._compositor.render_strips()]
    for placed in first_frame(given, *size, times.wall()):
        shown, wanted = painted_first[placed.y], line_of(placed, size[0])
        if placed.surface == "ground" and "│" in shown:
            # The frames around the tables come with the widgets.
            shown = shown.replace("│", " ")
        assert shown.rstrip() == wanted.rstrip(), (placed.y, size)


@pytest.mark.parametrize("colours", ["none", "named", "256", "true"])
@pytest.mark.parametrize("theme", ["house-dark", "house-light", "ansi-16"])
def test_every_line_is_written_whole(theme: str, colours: str) -> None:
    width, height = 90, 20
    text = painted(first_frame(options(), width, height, 0.0), width, height, Palettes(themes_folder())[theme], colours)  # type: ignore[arg-type]
    lines = re.split(r"\x1b\[\d+;1H", text)[1:]
    assert [painted_width(_CODES.sub("", line)) for line in lines] == [width] * height
    assert "Approvals" in text


@pytest.mark.parametrize(("colours", "system"), [("true", ColorSystem.TRUECOLOR), ("256", ColorSystem.EIGHT_BIT)])
@pytest.mark.parametrize("theme", sorted(Palettes(themes_folder())))
def test_the_colours_are_those_of_the_widgets(theme: str, colours: str, system: ColorSystem) -> None:
    palette = Palettes(themes_folder())[theme]
    brush, given = Brush(palette), options()
    frame = first_frame(given, 120, 30, 0.0)
    text = painted(frame, 120, 30, palette, colours)  # type: ignore[arg-type]
    for placed in frame:
        for span in placed.spans:
            style = brush.of(span, placed.surface)
            assert style.color is not None
            codes = ["0", *(["1"] if style.bold else []), *(["2"] if style.dim else []), *(["7"] if style.reverse else [])]
            codes += style.color.downgrade(system).get_ansi_codes()
            if style.bgcolor is not None:
                codes += style.bgcolor.downgrade(system).get_ansi_codes(False)
            assert f"\x1b[{';'.join(codes)}m{span.text}" in text


def test_without_colour_there_is_no_colour_code() -> None:
    text = painted(first_frame(options(), 120, 30, 0.0), 120, 30, HOUSE_DARK, "none")
    assert {parameter for codes in re.findall(r"\x1b\[([0-9;]*)m", text) for parameter in codes.split(";")} <= {"0", "1", "7"}


def test_ascii_is_ascii() -> None:
    assert painted(first_frame(options(), 120, 30, 0.0), 120, 30, HOUSE_DARK, "true", ascii_only=True).isascii()


def test_hostile_names_are_inert() -> None:
    text = painted(first_frame(options(operator="ma\x1b]52;c;x\x07ya\u202e"), 120, 30, 0.0), 120, 30, HOUSE_DARK, "true")
    assert "\x1b]" not in text
    assert "\x07" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, "none"),
        ({"COLORTERM": "truecolor", "TERM": "xterm-256color"}, "true"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "screen-256color"}, "256"),
        ({"TERM": "linux"}, "named"),
        ({}, "named"),
    ],
)
def test_the_terminal_is_asked_by_its_environment(environment: dict[str, str], colours: str) -> None:
    assert colours_of(environment) == colours


def test_every_tone_has_a_colour() -> None:
    assert all(hasattr(HOUSE_DARK, tone.value) for tone in Tone)
