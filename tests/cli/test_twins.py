"""The linear twin: every view and every act of the console has its command, and each command that the table names exists."""

import click
import pytest

from console.cli.main import leasehold
from console.cli.twins import TWINS, twins
from console.tui.ui.actions import ACTIONS, VIEWS

COMMANDS = sorted({command for commands in TWINS.values() for command in commands})


def test_every_act_and_every_view_has_its_command() -> None:
    acts = {action.id for action in ACTIONS if action.act}
    views = {f"view.{name}" for name, _, _ in VIEWS}
    assert acts
    assert not (acts | views) - set(TWINS)


def test_the_table_names_no_action_that_there_is_not() -> None:
    assert not set(TWINS) - {action.id for action in ACTIONS}
    assert {twin.text for twin in twins()} == {action.help for action in ACTIONS if action.id in TWINS}


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_exists_and_takes_what_is_named(line: str) -> None:
    command: click.Command = leasehold
    words = line.split()
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None
        command = found
    options = {name: parameter for parameter in command.params for name in parameter.opts if name.startswith("--")}
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    named = 0
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            named += 1
        elif not getattr(options[word], "is_flag", False):
            words.pop(0)
    assert named <= sum(1 if argument.nargs == 1 else 100 for argument in arguments)
    assert named >= sum(argument.required for argument in arguments)
