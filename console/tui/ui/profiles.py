"""Going from one plane to another: the console ends and begins anew with the other profile's options.

So nothing that was believed, chosen, marked, watched, armed or typed about one plane can be taken along to another, and its
connection is closed. Only the look is kept.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from console.model.problems import ProblemError
from console.tui.present.inert import inert
from console.tui.ui.options import ProfileChoice
from console.tui.ui.screens.picker import Entry, Picker, among

if TYPE_CHECKING:
    from console.tui.ui.app import Console


def choose_profile(console: "Console", name: str = "") -> None:
    """Go to the named profile, or choose one."""
    options = console.world.options
    known = {one.name: one for one in options.profiles}
    if name:
        choice = known.get(name)
        if choice is None:
            console.refuse("There is no such profile.")
        elif name == options.profile:
            console.refuse(f"This is {name} already.")
        else:
            go_to_profile(console, choice)
    elif len(known) < 2:
        console.refuse("There is no other profile: console.toml names one for each plane.")
    else:
        entries = [
            Entry(one.name, one.name, one.words, "here" if one.name == options.profile else "") for one in options.profiles
        ]
        title = "profile: nothing is carried over"
        console.push_screen(Picker(title, among(entries), lambda key: choose_profile(console, key)))


def go_to_profile(console: "Console", choice: ProfileChoice) -> None:
    """Leave for another profile; where it cannot be used, say why and stay."""
    try:
        options = choice.make()
    except ProblemError as problem:
        console.refuse(f"{choice.name} cannot be used: {inert(problem.detail).text} {inert(problem.next_step).text}".strip())
        return
    # Whoever comes from another plane looks around first, also where a console that is started there begins armed.
    console.exit(replace(options, theme=console.theme, start="safe"))
