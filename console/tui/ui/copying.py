"""Copying: which way what is copied goes, and honest words about it.

The terminal is asked by OSC 52, and does not say whether it has taken it. A command that is configured (wl-copy, xclip, pbcopy,
tmux load-buffer) says by its status.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from console.tui.present.inert import inert, inert_prose
from console.tui.present.spans import Span, Tone
from console.tui.present.words import muted, text

if TYPE_CHECKING:
    from console.tui.ui.app import Console

_CLIPBOARD = 100_000
_WAIT = 3.0
_OWN = "LEASEHOLD_"


def copy_id(console: "Console", _: str = "") -> None:
    """Copy the whole id of the row."""
    key = console.pane.cursor
    subject = console.pane.subject(key)
    _copy(console, subject.id if subject is not None else key or "", "the id")


def copy_record(console: "Console", _: str = "") -> None:
    """Copy the row as JSON."""
    key = console.pane.cursor
    _copy(console, json.dumps(console.pane.record(key), indent=2, ensure_ascii=True) if key else "", "the row as JSON")


def _copy(console: "Console", words: str, what: str) -> None:
    # What is pasted into a shell acts there; an id from the plane is foreign text as well.
    words = inert_prose(words, _CLIPBOARD + 1).text
    if not words:
        console.refuse("No row is under the cursor.")
    elif len(words) > _CLIPBOARD:
        console.refuse("This is too large for the clipboard; o writes it out.")
    elif console.world.options.clipboard:
        console.work(_hand_over(console, words, what, console.world.options.clipboard))
    else:
        console.copy_to_clipboard(words)
        _say(console, words, what, "asked the terminal to take it (OSC 52); one that forbids it has not")


async def _hand_over(console: "Console", words: str, what: str, command: Sequence[str]) -> None:
    name = inert(command[0], 40).text
    fault = await hand_over(words, command)
    if fault:
        console.refuse(f"{name} did not take it: {fault}.")
    else:
        _say(console, words, what, f"{name} has taken it")


async def hand_over(words: str, command: Sequence[str]) -> str:
    """Give a text to a command on its standard input. Returns what went wrong, or nothing.

    The command is told the environment without what is the console's own: a token may be in it.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith(_OWN)},
        )
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or "it could not be started"
    try:
        async with asyncio.timeout(_WAIT):
            await process.communicate(words.encode())
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return "it did not end in time"
    return "" if process.returncode == 0 else f"it ended with {process.returncode}"


def _say(console: "Console", words: str, what: str, way: str) -> None:
    console.say(Span("Copied ", Tone.OK), text(f"{what}: "), muted(" ".join(words.split())[:60]), muted(f"   {way}"))
