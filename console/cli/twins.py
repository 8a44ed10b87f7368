"""The linear twin: for every view and every act of the console, the same by command. Also `leasehold keys`, which tells it.

Owns the table. A console action that sends something, and every view, has its command here; the tests hold the table against
the console's own registry and against the commands that there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import click

from console.cli.session import Session, connected

TWINS: Final[Mapping[str, tuple[str, ...]]] = {
    "view.overview": ("overview",),
    "view.approvals": ("approvals list", "approvals show ID"),
    "view.tasks": ("tasks list", "tasks show ID"),
    "view.leases": ("leases list", "leases show ID", "leases list --stuck", "issuers list"),
    "view.agents": ("agents list", "agents show AGENT"),
    "view.policies": ("policy show", "policy validate FOLDER", "policy test FOLDER", "policy history"),
    "diff": ("policy diff FOLDER",),
    "publish": ("policy publish FOLDER --reason WHY",),
    "rollback": ("policy rollback ID --reason WHY", "policy rollback --to REVISION --reason WHY"),
    "view.frameworks": ("frameworks list", "frameworks show FRAMEWORK", "frameworks report FRAMEWORK"),
    "view.audit": ("audit list", "audit verify", "audit export"),
    "turn": ("grants list",),
    "approve": ("approvals approve ID",),
    "reject": ("approvals reject ID",),
    "narrow": ("approvals approve ID --seconds N --uses N --rows N --resource RESOURCE", "approvals preview ID --seconds N"),
    "grant": ("grants create --agent AGENT", "grants preview --agent AGENT"),
    "review-glass": ("grants review ID",),
    "revoke": ("leases revoke ID", "leases revoke --task ID", "leases revoke --agent AGENT", "grants revoke ID"),
    "contain": ("agents contain AGENT --wait", "agents contain AGENT --preview"),
    "release": ("agents release AGENT",),
    "stop": ("tasks stop ID",),
    "retry": ("leases retry ID", "leases retry --stuck"),
    "review": ("frameworks review FRAMEWORK CONTROL",),
    "undo": ("grants revoke ID", "approvals withdraw ID"),
    "open": ("tasks show ID", "leases show ID", "decisions explain ID"),
    "filter": ("leases list --filter FILTER", "watch FILTER"),
    "watch": ("watch id:ID --bell",),
    "prove": ("audit prove SEQ",),
    "story": ("tasks story ID",),
    "source": ("policy show",),
    "copy-record": ("leases show ID --json",),
    "write": ("leases list --json", "frameworks report FRAMEWORK --format csv", "audit export --format jsonl"),
    "help": ("keys",),
}
"""By the id of a console action: commands, without the program's name. Words in capitals stand for what is named."""


@dataclass(frozen=True, slots=True)
class Twin:
    """An action of the console, with its key and the same by command."""

    key: str
    text: str
    commands: tuple[str, ...]


def twins() -> list[Twin]:
    """Every action that has its twin, in the order of the console's help."""
    from console.tui.ui.actions import ACTIONS  # noqa: PLC0415 (of the console nothing is loaded but its registry)

    return [
        Twin(action.key, action.help, tuple(f"leasehold {one}" for one in TWINS[action.id]))
        for action in ACTIONS
        if action.id in TWINS
    ]


@click.command()
@connected
def keys(session: Session) -> None:
    """What the console's keys do, and the same by command: every view and every act, for scripts and screen readers."""
    found = twins()
    if session.out.as_json:
        session.out.document({"items": [{"key": one.key, "text": one.text, "commands": one.commands} for one in found]})
        return
    for one in found:
        session.out.say(f"{one.text} (key {one.key or 'enter'})")
        for command in one.commands:
            session.out.say(f"  {command}")
