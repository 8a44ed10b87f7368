"""The profiles that a running console may go to: those of console.toml, and the plane that was named by options.

Owns how each becomes the options of a console. An operator or a token that was named for one plane is not taken along.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from console.cli.failures import Failure, failure_of
from console.cli.session import Options, Place
from console.model.codes import CATALOGUE, ProblemError
from console.settings.console import ConsoleSettings, Profile
from console.settings.errors import SettingsError
from console.tui.ui.options import ConsoleOptions, ProfileChoice

if TYPE_CHECKING:
    from pathlib import Path


def choices(
    settings: ConsoleSettings, here: Options, place: Place, make: Callable[[Options, str], ConsoleOptions]
) -> tuple[ProfileChoice, ...]:
    """Every plane that can be gone to. `make` gives a plane's options under its name; what it raises is told on screen."""
    # Whoever is here by a name of their own is still so when they come back; elsewhere the profile says who.
    named = [(place.profile, here)]
    named += [(one, Options(profile=one.name, elsewhere=True)) for one in settings.profile if one.name != place.profile.name]
    return tuple(
        ProfileChoice(one.name, words(one, place.data if options is here else None), _told(make, options, one.name))
        for one, options in named
    )


def words(profile: Profile, data: "Path | None" = None) -> str:
    """A profile's environment, how it starts, and where its plane is."""
    where = profile.authorization_url or f"embedded{f' in {data}' if data else ''}"
    start = "READ-ONLY" if profile.read_only else "SAFE" if profile.start == "safe" else "ARMED"
    return f"{profile.environment}  {start}  {where}"


def _told(make: Callable[[Options, str], ConsoleOptions], options: Options, name: str) -> Callable[[], ConsoleOptions]:
    def made() -> ConsoleOptions:
        try:
            return make(options, name)
        except (Failure, SettingsError) as error:
            raise problem_of(error) from None

    return made


def problem_of(error: Failure | SettingsError) -> ProblemError:
    """What is wrong before there is a plane, as the console tells it."""
    failure = failure_of(error)
    if failure is None:
        return ProblemError("unreachable", str(error))
    code = failure.code if failure.code in CATALOGUE else "unreachable"
    return ProblemError(code, failure.detail, next_step=failure.next_step)
