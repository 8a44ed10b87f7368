"""The first run: a person who types `leasehold` with nothing configured is led by one more key to where they want to be.

Owns what counts as nothing configured, and the one file that the program ever lays down for people: the sample console.toml,
where none is, and only when asked. Loads no Textual.
"""

import os
import sys
import termios
import tty
from collections.abc import Callable
from pathlib import Path

import click

from console.cli.failures import usage
from console.cli.planes import sample_folder
from console.cli.session import Options
from console.settings.errors import SettingsError
from console.settings.folders import Folders

EMBEDDED, DEMO, PROFILE, LEAVE = "embedded", "demo", "profile", "leave"
KEYS = {
    "\r": EMBEDDED,
    "\n": EMBEDDED,
    "e": EMBEDDED,
    "d": DEMO,
    "p": PROFILE,
    "q": LEAVE,
    "\x1b": LEAVE,
    "\x04": LEAVE,
    "": LEAVE,
}


def is_first(options: Options, folders: Folders) -> bool:
    """Whether nothing was configured and nothing named: no console.toml, no embedded plane that was ever started, no option."""
    if options != Options() or folders.console_file.exists():
        return False
    return not (folders.data.is_dir() and any(folders.data.iterdir()))


def explanation(folders: Folders) -> str:
    """The one screen: what can be chosen, and what each does."""
    return "\n".join(
        (
            "leasehold: nothing is set up here yet. Where to?",
            "",
            "  enter  the embedded plane: empty, on this machine only",
            f"         in {_short(folders.data)}; e is the same",
            "  d      the demo: sample agents at work; nothing of it stays",
            "  p      a plane that runs elsewhere: lays down a commented console.toml",
            f"         as {_short(folders.console_file)}, for you to fill in",
            "  q      leave; nothing was done",
            "",
            "Later: leasehold demo, leasehold --profile NAME, and in the console :profile.",
            "Every act of the console has a command too: leasehold --help.",
        )
    )


def choose(read_key: Callable[[], str], say: Callable[[str], None]) -> str:
    """Ask until a key is pressed that means something; the end of the input means to leave."""
    while True:
        choice = KEYS.get(read_key())
        if choice is not None:
            return choice
        say("Press enter, d, p or q.")


def lay_down(sample: Path, path: Path) -> None:
    """Lay the sample down where no file is. Raises SettingsError where there is one, or where it cannot be written."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sample.read_bytes())
    except FileExistsError:
        raise SettingsError(
            f"{path} is there already; it was not touched.", "Edit it; sample_config shows every key."
        ) from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.", "Check the folder's mode.") from None


def lead(ctx: click.Context, folders: Folders) -> bool:
    """Ask where to, and go there; whether the embedded plane is meant, which the caller opens.

    Raises Failure with status 2 where there is no terminal to ask on; then the explanation was printed.
    """
    asked = sys.stdin.isatty() and sys.stdout.isatty()
    if asked:
        # What was typed before the question is no answer to it; what is typed from here on is.
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    print(explanation(folders), flush=True)
    if not asked:
        raise usage(
            "The console needs a terminal that can be painted.", "Without one: leasehold demo --headless, or a command."
        )
    match choose(lambda: one_key(sys.stdin.fileno()), print):
        case "embedded":
            return True
        case "demo":
            from console.cli.demo import demo  # noqa: PLC0415 (the demo loads only when it is asked for)

            ctx.invoke(demo)
        case "profile":
            lay_down(sample_folder() / "console.toml", folders.console_file)
            print(f"\nWritten: {folders.console_file}\nFill in its profile `production`, sign in, and go:")
            print("  leasehold login --profile production\n  leasehold --profile production")
    return False


def one_key(descriptor: int) -> str:
    """One key from a terminal, without waiting for the end of the line; nothing at the end of the input."""
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        return os.read(descriptor, 1).decode("ascii", "replace")
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _short(path: Path) -> str:
    """A path as a person writes it."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
