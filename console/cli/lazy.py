"""A group whose commands are imported only when they are called, so that each pays for what it uses and no more."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives (`module:attribute`), and what it does in one line."""

    place: str
    text: str


class LazyGroup(click.Group):
    """A click group over a table of entries. Help is written from the table; nothing is imported for it."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **options: Any) -> None:
        super().__init__(*args, **options)
        self._entries = dict(entries)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the table."""
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of a name."""
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        found = getattr(import_module(module), attribute)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with what each does."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.text) for name, entry in self._entries.items()])
