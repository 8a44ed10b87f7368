"""What the roof hands to the console: how to reach a plane, and how the console looks and behaves. Loads no Textual."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from console.tui.state.plane import Plane

Level = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True, slots=True)
class ProfileChoice:
    """Another plane that the running console may go to."""

    name: str
    words: str
    """Its environment, and where it is."""
    make: "Callable[[], ConsoleOptions]" = field(repr=False)
    """Raises ProblemError where the profile cannot be used, with the next step in it."""


@dataclass(frozen=True, kw_only=True)
class ConsoleOptions:
    """Everything that the console is started with.

    `open_plane` is called after the first paint, again after a failure, and may take its time (start a plane, read a token);
    it raises ProblemError where there is no way, with the next step in it. `request_id` reads the id of the last request.
    """

    open_plane: Callable[[], AbstractAsyncContextManager[Plane]] = field(repr=False)
    request_id: Callable[[], str] = field(default=lambda: "", repr=False)
    environment: str = "development"
    colour: Literal["red", "amber", "green", "blue", "grey"] = "grey"
    operator: str = ""
    """Shown until the plane has said who is signed in."""
    start: Literal["safe", "armed"] = "safe"
    read_only: bool = False
    theme: str = "house-dark"
    theme_folders: tuple[Path, ...] = ()
    """Folders of further themes, beside those of the house."""
    glyphs: Literal["unicode", "ascii"] = "unicode"
    keymap: Mapping[str, str] = field(default_factory=dict)
    bell: bool = True
    title: bool = True
    desktop: bool = False
    from_risk: Level = "critical"
    """The lowest risk of a request that rings."""
    reduced_motion: bool = False
    profile: str = ""
    """Under which name this plane is found among `profiles`."""
    profiles: tuple[ProfileChoice, ...] = ()
    clipboard: tuple[str, ...] = ()
    """The command that is handed what is copied; the terminal is asked (OSC 52) where there is none."""
    editor: str = ""
    """The operator's own editor, a command as a shell reads it; a draft cannot be edited here where there is none."""
    state_folder: Path | None = None
    """Where `o` writes what is shown, and where drafts are kept; None where nothing may be written."""

    @property
    def production(self) -> bool:
        """Whether this is production: what the profile colours red, or calls so."""
        return self.colour == "red" or self.environment.lower().startswith("prod")
