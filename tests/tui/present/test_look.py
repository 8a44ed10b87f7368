"""Signs: every state has one, none by colour alone, and every glyph has an ASCII stand-in of one cell."""

from enum import StrEnum

import pytest

from console.model.agents import AgentState
from console.model.approvals import ApprovalState
from console.model.bundles import BundleState
from console.model.decisions import Outcome
from console.model.grants import GrantState
from console.model.leases import LeaseState
from console.model.scales import DataClass, RiskLevel
from console.model.tasks import TaskState
from console.tui.present import look
from console.tui.present.inert import is_inert, painted_width

TABLES = [
    (look.RISK, RiskLevel),
    (look.CLASS, DataClass),
    (look.OUTCOME, Outcome),
    (look.LEASE, LeaseState),
    (look.TASK, TaskState),
    (look.APPROVAL, ApprovalState),
    (look.GRANT, GrantState),
    (look.BUNDLE, BundleState),
    (look.AGENT, AgentState),
]


@pytest.mark.parametrize(("signs", "states"), TABLES)
def test_every_state_has_a_word_and_a_glyph(signs: dict[StrEnum, look.Sign], states: type[StrEnum]) -> None:
    assert set(signs) == set(states)
    assert all(sign.glyph and sign.word for sign in signs.values())
    assert len({sign.word for sign in signs.values()}) == len(signs)


@pytest.mark.parametrize(("signs", "states"), TABLES)
def test_every_glyph_has_an_ascii_stand_in_of_its_width(signs: dict[StrEnum, look.Sign], states: type[StrEnum]) -> None:
    for sign in signs.values():
        plain = sign.glyph.translate(look.ASCII)
        assert plain.isascii()
        assert len(plain) == painted_width(sign.glyph), states


def test_the_stand_ins_are_one_cell_for_one_cell() -> None:
    for point, plain in look.ASCII.items():
        assert len(plain) == 1 == painted_width(chr(point))
        assert is_inert(chr(point))
