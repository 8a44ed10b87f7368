"""Reasons and confirmations: what a person must say before power changes hands.

A question is only asked on a terminal; without one, an option must stand in for the answer, and nothing is assumed.
"""

import secrets
import sys
from collections.abc import Callable
from typing import Any

import click

from console.cli.failures import Failure, Status, usage

_LETTERS = "abcdefghjkmnpqrstvwxyz23456789"


def reason_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --reason."""
    return click.option("--reason", default="", metavar="TEXT", help="Why; it goes on the record.")(function)


def yes_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --yes."""
    return click.option("--yes", is_flag=True, help="Do not ask; stands in for a typed confirmation.")(function)


def the_reason(given: str) -> str:
    """The reason, asked for on a terminal. Raises Failure without one."""
    if given.strip():
        return given.strip()
    if sys.stdin.isatty():
        asked = str(click.prompt("Reason", err=True)).strip()
        if asked:
            return asked
    raise usage("This needs a reason; nothing was done.", "Say why with --reason.")


def confirm(question: str, *, yes: bool, typed: str = "") -> None:
    """Ask, on a terminal, for a yes, or for `typed` to be typed. Raises Failure when it is not given."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise usage(f"{question} This needs a confirmation; nothing was done.", "Confirm it with --yes.")
    if typed:
        answer = str(click.prompt(f"{question} Type {typed} to go on", err=True, default="", show_default=False))
        agreed = answer.strip() == typed
    else:
        agreed = click.confirm(question, err=True)
    if not agreed:
        raise Failure(Status.FAILED, "It was not confirmed; nothing was done.", code="not_confirmed")


def four_letters() -> str:
    """Four characters to type, fresh each time, so that they cannot become a habit."""
    return "".join(secrets.choice(_LETTERS) for _ in range(4))
