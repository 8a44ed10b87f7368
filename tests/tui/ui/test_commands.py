"""The command line: what is read, where a fault is, and what could come next."""

import pytest

from console.tui.ui.commands import Command, CommandFault, offers, read_command
from console.tui.ui.flows.granting import seconds_of
from console.tui.ui.options import ConsoleOptions
from console.tui.ui.panes import Pane, mirror_panes
from console.tui.ui.world import World


def stage() -> tuple[dict[str, Pane], World]:
    world = World(ConsoleOptions(open_plane=NotImplemented), lambda changes: None, failed=lambda error: None)
    return mirror_panes(world), world


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("leases", Command(view="leases")),
        (" leases agent:planner ", Command(view="leases", argument="agent:planner")),
        ("approve", Command(action="approve")),
        ("sort risk", Command(action="sort", argument="risk")),
        ("write json", Command(action="write", argument="json")),
    ],
)
def test_a_command_is_read(text: str, expected: Command | None) -> None:
    assert read_command(text, *stage()) == expected


@pytest.mark.parametrize(
    ("text", "at"),
    [("frobnicate", 0), ("leases agnt:x", 7), ("contain nobody", 8), ("approve x", 8), ("write xml", 6), ("overview x", 9)],
)
def test_a_fault_points_at_its_character(text: str, at: int) -> None:
    with pytest.raises(CommandFault) as caught:
        read_command(text, *stage())
    assert caught.value.at == at


def test_what_could_come_next() -> None:
    panes, world = stage()
    assert "contain " in {one.text for one in offers("con", 3, panes, world)}
    assert {one.text for one in offers("leases st", 9, panes, world)} == {"state:"}
    assert "irrevocable" in {one.text for one in offers("leases state:i", 14, panes, world)}
    assert [one.text for one in offers("write ", 6, panes, world)] == ["csv", "json", "markdown"]


@pytest.mark.parametrize(("text", "seconds"), [("15m", 900), ("2h", 7200), ("1h30m", 5400), ("90", 90), ("45s", 45)])
def test_a_time_is_read(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "0", "1w", "1.5h", "-5m", "ten"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write the time as"):
        seconds_of(text)
