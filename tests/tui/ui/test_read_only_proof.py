"""READ-ONLY sends no mutation and SAFE gives nothing, out of every way that there is; and the proof sees it when one does.

Here keys are tried on the first kinds of rows of each view; `python -m tests.tui.ui.read_only_proof` tries all kinds.
"""

from collections.abc import Callable
from typing import ClassVar

import pytest
from textual.binding import Binding, BindingType

from console.tui.ui.widgets.keyline import KeyLine
from tests.tui.state.plane_in_memory import an_id
from tests.tui.ui.all_ways import Way, clicking, every_class, key_ways, pressing
from tests.tui.ui.read_only_proof import READS, TAKES, VIEWS, Proof, Staying, Tried, prove, proving
from tests.tui.ui.varied import varied

GROUPED = [pytest.param(view, marks=pytest.mark.xdist_group(f"proof-{number % 4}")) for number, view in enumerate(VIEWS)]

KINDS = 2


class Careless(Staying):
    """A console to which somebody has added a key and a click that go past the dispatcher."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+y", "hurry", "hurry")]

    async def action_hurry(self) -> None:
        """Release the agent under the cursor, asking nobody."""
        subject = self.subjects()[0]
        assert self.world.plane is not None
        await self.world.plane.release(subject.agent_id, "in a hurry")

    async def on_key_line_pressed(self, message: KeyLine.Pressed) -> None:
        """Contain it for a click on the line of keys."""
        assert self.world.plane is not None
        await self.world.plane.contain(self.subjects()[0].agent_id, "in a hurry")


@pytest.mark.slow
@pytest.mark.parametrize("view", GROUPED)
async def test_read_only_sends_no_mutation_whatever_is_tried(view: str, record_property: Callable[[str, object], None]) -> None:
    result = await prove(view, kinds=KINDS, read_only=True)
    record_property("READ-ONLY", str(result))
    assert result.mutating == []
    assert not result.armed
    assert set(result.tried) == {"key", "palette", "command", "click"}
    assert result.total > 200


@pytest.mark.slow
@pytest.mark.parametrize("view", GROUPED)
async def test_safe_gives_nothing_whatever_is_tried(view: str, record_property: Callable[[str, object], None]) -> None:
    result = await prove(view, kinds=KINDS, start="safe")
    record_property("SAFE", str(result))
    assert result.giving == []
    told = [one for one in result.armed if not one.endswith(("exclamation_mark", "arm")) and "StatusStrip" not in one]
    assert not told, "only what says that it arms may arm"
    if view == "agents":
        assert result.mutating, "what takes power works, so that the proof is no proof of a console that does nothing"


async def test_a_key_and_a_click_past_the_dispatcher_are_found() -> None:
    async with proving(varied(), Careless, read_only=True) as (driver, counted):
        proof = Proof(driver, counted, "agents")
        row = (await proof.rows())[0]
        wanted = [one for one in key_ways(driver.app) if one.words in ("ctrl+y", "K", "a")]
        assert len(wanted) == 3, "the new key is among the ways by itself"
        await proof.go(wanted, row)
        assert [one.split(" in ")[0] for one in proof.result.mutating] == ["key ctrl+y"]
        assert len(proof.result.giving) == 1
        await proof.go([Way("click", "KeyLine", clicking(3, driver.app.size.height - 1))], row)
        assert proof.result.mutating[-1].startswith("click KeyLine")
        assert proof.result.total == 4


async def test_an_armed_console_gives_when_it_is_told_to() -> None:
    async with proving(varied(), start="armed") as (driver, counted):
        proof = Proof(driver, counted, "approvals")
        await proof.go([Way("key", "a", pressing("a"))], an_id("ap", 1))
        assert [verb for verb, _ in counted.mutations] == ["review"]
        assert len(proof.result.giving) == 1


def test_what_is_added_to_the_plane_counts_until_it_is_known() -> None:
    assert not READS & TAKES
    assert {"create_grant", "review", "release", "anything_new"}.isdisjoint(READS | TAKES)


def test_ways_come_from_every_class_that_has_keys() -> None:
    names = {one.__name__ for one in every_class()}
    assert {"Console", "LiveTable", "Sheet", "Form", "Picker", "FilterLine", "Detail"} <= names


def test_parts_are_counted_together() -> None:
    whole = Tried({"key": 2}, ["a"], [], {"!"})
    whole.add(Tried({"key": 1, "click": 4}, [], ["b"]))
    assert str(whole).startswith("1 mutating and 1 giving requests out of 7 tried")
