"""Choosing a theme: the one under the cursor is worn while one chooses; `esc` brings the former back.

Owns the list of themes: the house's, one's own, and the files that could not be used, each with the reason.
"""

from typing import TYPE_CHECKING

from console.tui.ui.screens.picker import Entry, Picker, among

if TYPE_CHECKING:
    from console.tui.palettes import Palette
    from console.tui.ui.app import Console

_BROKEN = "!"
"""Begins the value of a file that could not be used; no theme is called so."""


def theme(console: "Console", name: str = "") -> None:
    """Wear a theme, or choose one."""
    if name:
        console.wear(name)
        return
    former = console.theme

    def moved(one: Entry | None) -> None:
        wanted = one.value if one is not None and one.enabled else former
        if wanted != console.theme:
            console.wear(wanted)

    def done(value: str) -> None:
        if value.startswith(_BROKEN):
            moved(None)
            console.refuse(f"{value.removeprefix(_BROKEN)} cannot be worn.")
        else:
            console.wear(value)

    console.push_screen(Picker("theme", among(theme_entries(console)), done, moved=moved, begin=former))


def theme_entries(console: "Console") -> list[Entry]:
    """Every theme, then every file that could not be used."""
    palettes = console.palettes
    entries = [Entry(name, name, _words(console, palette)) for name, palette in palettes.items()]
    faults = (
        Entry(f"{_BROKEN}{one.file}: {one.reason}", one.file, "cannot be worn", enabled=False, more=one.reason)
        for one in palettes.faults
    )
    return [*entries, *faults]


def _words(console: "Console", palette: "Palette") -> str:
    words = ["the terminal's own" if palette.ansi else "dark" if palette.dark else "light"]
    if palette.name in console.palettes.own:
        words.append("yours")
    if palette.name == console.theme:
        words.append("worn now")
    return " · ".join(words)
